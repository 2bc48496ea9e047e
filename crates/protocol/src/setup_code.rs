//! Setup codes: where a gateway is and a single-use token that lets one device in, as one line of text.
//!
//! A code is unpadded base64url of compact JSON. It never holds the shared secret. Decoding is strict about what is used
//! and indifferent to members it does not know, because newer gateways may say more.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

/// Scheme of the URL form.
pub const SCHEME: &str = "oc-pair://";
/// Most addresses in one code.
pub const MAX_URLS: usize = 8;
/// Longest code that is looked at, in characters: eight long addresses and a token fit several times.
pub const MAX_CODE_CHARS: usize = 8 * 1024;
/// Longest address, in characters.
pub const MAX_URL_CHARS: usize = 512;
/// Characters of a join code: 128 random bits.
pub const JOIN_CODE_CHARS: usize = 22;

/// What a setup code says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetupCode {
    /// The address to try first: `ws(s)://host[:port][/path]`.
    pub url: String,
    /// The single-use token.
    pub bootstrap_token: String,
    /// When it stops working, milliseconds since the epoch; gateways of 2026.1.30 said nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
    /// Every address in the order in which to try them, the first one included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// SHA-256 of the certificate that `wss` addresses show, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_fingerprint: Option<String>,
}

impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetupCode")
            .field("url", &self.url)
            .field("urls", &self.urls)
            .field("expires_at_ms", &self.expires_at_ms)
            .field("tls_fingerprint", &self.tls_fingerprint)
            .finish_non_exhaustive()
    }
}

/// Why a text is no usable setup code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupCodeError {
    /// Nothing there.
    #[error("the setup code is empty")]
    Empty,
    /// Longer than any code.
    #[error("the setup code is longer than {MAX_CODE_CHARS} characters")]
    TooLong,
    /// Not base64url.
    #[error("not a setup code: it holds characters that no setup code has, or its end is missing")]
    NotBase64,
    /// Not the JSON of a code.
    #[error("not a setup code: {0}")]
    NotJson(String),
    /// An address that no client could use.
    #[error("the setup code names an address that cannot be used ({url}): {problem}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// More addresses than a code may name.
    #[error("the setup code names more than {MAX_URLS} addresses")]
    TooManyUrls,
    /// The token does not look like one.
    #[error("the setup code holds no usable token")]
    Token,
    /// The fingerprint does not look like one.
    #[error("the setup code holds a certificate fingerprint that is not 64 hexadecimal digits")]
    Fingerprint,
}

impl SetupCode {
    /// Writes the code.
    ///
    /// # Panics
    /// Never: a struct of texts and numbers always encodes.
    pub fn encode(&self) -> String {
        let json = serde_json::to_string(self).expect("texts and numbers always encode");
        BASE64URL_NOPAD.encode(json.as_bytes())
    }

    /// Writes the URL form.
    pub fn encode_url(&self) -> String {
        format!("{SCHEME}{}", self.encode())
    }

    /// Reads a code in either form. White space inside is ignored: codes are typed and wrapped by mail programs.
    pub fn parse(text: &str) -> Result<Self, SetupCodeError> {
        if text.len() > 2 * MAX_CODE_CHARS {
            return Err(SetupCodeError::TooLong);
        }
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let bare = match compact.get(..SCHEME.len()) {
            Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => &compact[SCHEME.len()..],
            _ => &compact,
        };
        let bare = bare.trim_end_matches(['/', '=']);
        if bare.is_empty() {
            return Err(SetupCodeError::Empty);
        }
        if bare.len() > MAX_CODE_CHARS {
            return Err(SetupCodeError::TooLong);
        }
        let bytes = BASE64URL_NOPAD
            .decode(bare.as_bytes())
            .map_err(|_| SetupCodeError::NotBase64)?;
        let json = std::str::from_utf8(&bytes)
            .map_err(|_| SetupCodeError::NotJson("it does not hold text".to_owned()))?;
        Self::parse_json(json)
    }

    /// Reads what a code holds, which is also what a join link answers.
    pub fn parse_json(json: &str) -> Result<Self, SetupCodeError> {
        let mut code: Self = serde_json::from_str(json)
            .map_err(|error| SetupCodeError::NotJson(error.to_string()))?;
        code.check()?;
        code.urls.retain(|url| !url.is_empty());
        if code.urls.is_empty() {
            code.urls.push(code.url.clone());
        } else if !code.urls.contains(&code.url) {
            code.urls.insert(0, code.url.clone());
        }
        Ok(code)
    }

    fn check(&self) -> Result<(), SetupCodeError> {
        if self.urls.len() > MAX_URLS {
            return Err(SetupCodeError::TooManyUrls);
        }
        for url in self.urls.iter().chain([&self.url]) {
            check_url(url).map_err(|problem| SetupCodeError::Url {
                url: shown(url),
                problem,
            })?;
        }
        let token = &self.bootstrap_token;
        let plausible = (16..=256).contains(&token.len())
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !plausible {
            return Err(SetupCodeError::Token);
        }
        if let Some(fingerprint) = &self.tls_fingerprint {
            let lower = fingerprint.to_ascii_lowercase();
            let digits = lower.strip_prefix("sha256:").unwrap_or(&lower);
            let digits = digits.bytes().filter(|byte| *byte != b':');
            let (count, hex) = digits.fold((0, true), |(count, hex), byte| {
                (count + 1, hex && byte.is_ascii_hexdigit())
            });
            if count != 64 || !hex {
                return Err(SetupCodeError::Fingerprint);
            }
        }
        Ok(())
    }

    /// Whether it no longer works at a moment, milliseconds since the epoch.
    pub fn is_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|at| at <= now_ms)
    }
}

/// An address as it is quoted in an error: short, one line.
fn shown(url: &str) -> String {
    url.chars()
        .filter(|c| !c.is_control())
        .take(80)
        .collect::<String>()
}

/// What keeps an address out of a code; `Ok` for `ws(s)://host[:port][/path]` and nothing more.
pub fn check_url(url: &str) -> Result<(), &'static str> {
    let rest = url
        .strip_prefix("wss://")
        .or_else(|| url.strip_prefix("ws://"))
        .ok_or("it does not begin with ws:// or wss://")?;
    if url.len() > MAX_URL_CHARS {
        return Err("it is too long");
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("it holds characters that no address has");
    }
    if rest.contains(['?', '#']) {
        return Err("it has a query or a fragment");
    }
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _)| authority);
    if authority.contains('@') {
        return Err("it has a user name");
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(inner) => {
            let (host, after) = inner.split_once(']').ok_or("its host has no end")?;
            let port = match after {
                "" => None,
                after => Some(after.strip_prefix(':').ok_or("its host has no end")?),
            };
            let plausible = host.bytes().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'%' | b'-' | b'_')
            });
            (if plausible { host } else { "" }, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let bracketed = authority.starts_with('[');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || (!bracketed && !host.bytes().all(plain)) {
        return Err("it has no host");
    }
    match port.map(str::parse::<u16>) {
        None => Ok(()),
        Some(Ok(port)) if port > 0 => Ok(()),
        Some(_) => Err("its port is not a number from 1 to 65535"),
    }
}

/// Whether a text may be the code of a join link.
pub fn is_join_code(text: &str) -> bool {
    text.len() == JOIN_CODE_CHARS
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE";

    fn code(url: &str) -> SetupCode {
        SetupCode {
            url: url.to_owned(),
            bootstrap_token: TOKEN.to_owned(),
            expires_at_ms: Some(1_795_366_139_590),
            urls: Vec::new(),
            tls_fingerprint: None,
        }
    }

    #[test]
    fn u24_a_code_reads_the_same_however_it_arrives() {
        let sent = code("wss://gw.example:18789");
        let text = sent.encode();
        assert!(!text.contains('='), "no padding");
        let wrapped = format!("{}\n  {}", &text[..40], &text[40..]);
        for typed in [
            text.clone(),
            sent.encode_url(),
            format!("OC-PAIR://{text}"),
            format!("  {text}\n"),
            wrapped,
            format!("{text}=="),
        ] {
            let read = SetupCode::parse(&typed).unwrap();
            assert_eq!(read.url, sent.url, "{typed}");
            assert_eq!(read.urls, std::slice::from_ref(&sent.url), "{typed}");
            assert_eq!(read.bootstrap_token, TOKEN);
        }
        let json = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            format!(
                r#"{{"url":"wss://gw.example:18789","bootstrapToken":"{TOKEN}","expiresAtMs":1795366139590}}"#
            )
        );
    }

    #[test]
    fn members_of_later_releases_do_not_matter() {
        let json = format!(
            r#"{{"url":"ws://10.0.0.1:1","bootstrapToken":"{TOKEN}","urls":["wss://a","ws://10.0.0.1:1"],"later":[1]}}"#
        );
        let read = SetupCode::parse_json(&json).unwrap();
        assert_eq!(read.urls, ["wss://a", "ws://10.0.0.1:1"]);
        assert!(!read.is_expired(i64::MAX), "no time means no end");
        let timed = code("ws://a");
        assert!(timed.is_expired(1_795_366_139_590) && !timed.is_expired(1_795_366_139_589));
    }

    #[test]
    fn addresses_in_a_code_have_one_form() {
        for good in [
            "ws://127.0.0.1:18789",
            "wss://gw.example",
            "wss://gw.example/panel/ws",
            "ws://[fd00::1]:18789",
            "wss://[fe80::1%25eth0]",
        ] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "http://gw",
            "wss://",
            "ws://:1",
            "ws://host:0",
            "ws://host:65536",
            "ws://host:x",
            "ws://user@host",
            "ws://host?x=1",
            "ws://host/#f",
            "ws://ho st",
            "ws://[::1",
            "ws://[::1]x",
            "ws://hoßt",
            "ws://a b/",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_no_code_is_named() {
        let with = |change: &dyn Fn(&mut SetupCode)| {
            let mut code = code("ws://a:1");
            change(&mut code);
            SetupCode::parse(&code.encode())
        };
        assert_eq!(SetupCode::parse(" \n"), Err(SetupCodeError::Empty));
        assert_eq!(SetupCode::parse("oc-pair://"), Err(SetupCodeError::Empty));
        assert_eq!(SetupCode::parse("a.b"), Err(SetupCodeError::NotBase64));
        assert!(matches!(
            SetupCode::parse("e30"),
            Err(SetupCodeError::NotJson(_))
        ));
        assert_eq!(
            SetupCode::parse(&"A".repeat(MAX_CODE_CHARS + 1)),
            Err(SetupCodeError::TooLong)
        );
        assert_eq!(
            with(&|code| code.bootstrap_token = "short".into()),
            Err(SetupCodeError::Token)
        );
        assert_eq!(
            with(&|code| code.urls = vec!["ws://a".into(); 9]),
            Err(SetupCodeError::TooManyUrls)
        );
        assert_eq!(
            with(&|code| code.tls_fingerprint = Some("ab:cd".into())),
            Err(SetupCodeError::Fingerprint)
        );
        assert!(with(&|code| code.tls_fingerprint = Some("AB:".repeat(31) + "AB")).is_ok());
        assert!(matches!(
            with(&|code| code.url = "file:///etc".into()),
            Err(SetupCodeError::Url { .. })
        ));
    }

    #[test]
    fn s17_a_code_that_is_logged_shows_no_token() {
        assert!(!format!("{:?}", code("ws://a")).contains(TOKEN));
    }

    #[test]
    fn join_codes_have_one_shape() {
        assert!(is_join_code("AbCdEfGhIjKlMnOpQr-_09"));
        for bad in [
            "",
            "AbCdEfGhIjKlMnOpQr-_0",
            "AbCdEfGhIjKlMnOpQr-_0.",
            "../../../../etc/passwd",
        ] {
            assert!(!is_join_code(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_or_is_refused(text in ".{0,300}") {
            if let Ok(code) = SetupCode::parse(&text) {
                prop_assert_eq!(SetupCode::parse(&code.encode()), Ok(code));
            }
        }

        #[test]
        fn codes_survive_the_journey(host in "[a-z]{1,20}", port in 1_u16.., tls in any::<bool>()) {
            let scheme = if tls { "wss" } else { "ws" };
            let mut sent = code(&format!("{scheme}://{host}:{port}"));
            sent.urls = vec![sent.url.clone()];
            prop_assert_eq!(SetupCode::parse(&sent.encode_url()), Ok(sent));
        }
    }
}
