//! What something in front of us says about the user behind a request.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::HeaderName;

use super::header_text;
use crate::auth::identity::{Identity, IdentityError, IdentitySource};

const LOGIN: HeaderName = HeaderName::from_static("tailscale-user-login");
const NAME: HeaderName = HeaderName::from_static("tailscale-user-name");
const PICTURE: HeaderName = HeaderName::from_static("tailscale-user-profile-pic");
const FUNNEL: HeaderName = HeaderName::from_static("tailscale-funnel-request");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Longest login, name or picture address that is looked at, in bytes.
const MAX_TEXT: usize = 512;

/// A claim about the user behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Headers of Tailscale Serve: the daemon is asked whether they are right.
    Tailscale(TailscaleClaim),
    /// The word of somebody who is believed without asking further, such as a trusted proxy.
    Vouched(Identity),
    /// There should be a user, and there is none.
    Rejected(IdentityError),
}

impl Claim {
    /// Who vouches, or should.
    pub fn source(&self) -> IdentitySource {
        match self {
            Self::Tailscale(_) => IdentitySource::Tailscale,
            Self::Vouched(identity) => identity.source,
            Self::Rejected(error) => error.source(),
        }
    }
}

/// The headers of Tailscale Serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailscaleClaim {
    /// Login name; no `@` with some control servers.
    pub login: String,
    /// Name for people.
    pub name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// Address of the device in the tailnet.
    pub address: IpAddr,
}

/// What a request at the ingress listener claims. Nothing for what comes from the internet by Funnel.
pub(super) fn tailscale(headers: &HeaderMap, client: Option<IpAddr>) -> Option<Claim> {
    if headers.contains_key(FUNNEL) {
        return None;
    }
    // Tagged devices have no user, and the daemon sends no login for them.
    let Some(login) = text(headers, &LOGIN) else {
        return Some(Claim::Rejected(IdentityError::TailscaleMissing));
    };
    let forwarded = [&FORWARDED_PROTO, &FORWARDED_HOST];
    let complete = forwarded.iter().all(|name| text(headers, name).is_some());
    let Some(address) = client.filter(|_| complete) else {
        return Some(Claim::Rejected(IdentityError::TailscaleProxyMissing));
    };
    Some(Claim::Tailscale(TailscaleClaim {
        login,
        name: text(headers, &NAME),
        picture: text(headers, &PICTURE),
        address,
    }))
}

/// A header that occurs once and says something readable.
pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let sent = header_text(headers, name)?;
    let text = decode(&sent)?;
    let readable =
        !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control);
    readable.then_some(text)
}

/// The daemon writes what is not ASCII as encoded words (RFC 2047, `=?utf-8?q?…?=`), one after the other.
fn decode(sent: &str) -> Option<String> {
    if !sent.starts_with("=?") {
        return Some(sent.to_owned());
    }
    let mut bytes = Vec::new();
    for word in sent.split_ascii_whitespace() {
        let inner = word.strip_prefix("=?")?.strip_suffix("?=")?;
        let mut parts = inner.splitn(3, '?');
        let (charset, encoding, data) = (parts.next()?, parts.next()?, parts.next()?);
        if !charset.eq_ignore_ascii_case("utf-8") || !encoding.eq_ignore_ascii_case("q") {
            return None;
        }
        let mut rest = data.as_bytes();
        while let [first, tail @ ..] = rest {
            match (first, tail) {
                (b'_', _) => bytes.push(b' '),
                (b'=', [high, low, tail @ ..]) => {
                    let digit = |byte: &u8| char::from(*byte).to_digit(16);
                    let value = digit(high)? * 16 + digit(low)?;
                    bytes.push(u8::try_from(value).ok()?);
                    rest = tail;
                    continue;
                }
                (b'=', _) => return None,
                (byte, _) => bytes.push(*byte),
            }
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    type Pairs = &'static [(&'static str, &'static str)];

    fn claimed(pairs: Pairs) -> Option<Claim> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let client = super::super::forwarded::only_hop(&headers);
        tailscale(&headers, client)
    }

    const FORWARDED: Pairs = &[
        ("x-forwarded-for", "100.64.0.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "gw.tail1.ts.net"),
        ("tailscale-user-login", "ada@example.com"),
        ("tailscale-user-name", "=?utf-8?q?Ada_L=C3=B6velace?="),
    ];

    #[test]
    fn u17_the_headers_of_serve_are_a_claim() {
        let Some(Claim::Tailscale(claim)) = claimed(FORWARDED) else {
            panic!("no claim");
        };
        assert_eq!(claim.login, "ada@example.com");
        assert_eq!(claim.name.as_deref(), Some("Ada L\u{f6}velace"));
        assert_eq!(claim.picture, None);
        assert_eq!(claim.address.to_string(), "100.64.0.7");
    }

    #[test]
    fn u17_nothing_that_comes_by_funnel_is_a_claim() {
        assert_eq!(claimed(&[("tailscale-funnel-request", "?1")]), None);
        assert_eq!(
            claimed(&[
                ("tailscale-funnel-request", "?0"),
                ("tailscale-user-login", "ada@example.com"),
                ("x-forwarded-for", "100.64.0.7"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "gw.tail1.ts.net"),
            ]),
            None
        );
    }

    #[test]
    fn u17_incomplete_or_repeated_headers_claim_nothing() {
        const LOGIN: (&str, &str) = ("tailscale-user-login", "ada@example.com");
        let missing: [Pairs; 6] = [
            &[],
            &[("tailscale-user-login", " ")],
            &[LOGIN, ("tailscale-user-login", "eve@example.com")],
            &[("tailscale-user-login", "=?utf-8?b?YWRh?=")],
            &[("tailscale-user-login", "=?utf-8?q?ada=0")],
            &[("tailscale-user-login", "=?utf-8?q?ada=0A?=")],
        ];
        for pairs in missing {
            let rejected = Some(Claim::Rejected(IdentityError::TailscaleMissing));
            assert_eq!(claimed(pairs), rejected, "{pairs:?}");
        }
        let incomplete: [Pairs; 3] = [
            &[LOGIN],
            &[
                LOGIN,
                ("x-forwarded-for", "100.64.0.7"),
                ("x-forwarded-proto", "https"),
            ],
            &[
                LOGIN,
                ("x-forwarded-for", "100.64.0.9, 100.64.0.7"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "gw"),
            ],
        ];
        for pairs in incomplete {
            let rejected = Some(Claim::Rejected(IdentityError::TailscaleProxyMissing));
            assert_eq!(claimed(pairs), rejected, "{pairs:?}");
        }
    }
}
