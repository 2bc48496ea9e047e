//! What forwarding headers say about the client: hops of `X-Forwarded-For` and `Forwarded` (RFC 7239), and `X-Real-IP`.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::HeaderName;

use super::cidr::Cidr;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const FORWARDED: HeaderName = http::header::FORWARDED;

/// More hops than any real chain has; the rest is not looked at.
const MAX_HOPS: usize = 32;

/// Headers that only something between the client and us would set, beside `X-Forwarded-*` and `Tailscale-*`.
const PROXY_HEADERS: [&str; 8] = [
    "forwarded",
    "x-real-ip",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fly-client-ip",
];

/// Whether the request came through something that forwards, trusted or not.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| is_forwarding_header(name.as_str()))
}

/// Whether only something between the client and us would set a header of this name (in lower case).
pub fn is_forwarding_header(name: &str) -> bool {
    name.starts_with("x-forwarded-")
        || name.starts_with("tailscale-")
        || PROXY_HEADERS.contains(&name)
}

/// The client behind a trusted proxy, or `None` if the headers do not name one usably.
///
/// The chain is walked from our end: each trusted hop vouches for the one before it, so the first address that is not
/// trusted is the client. If every hop is trusted the client is the farthest one. A hop that is not an address ends the walk
/// without a result, and so do two headers that disagree: one of them was not written by the proxy.
pub(super) fn client(headers: &HeaderMap, trusted: &[Cidr], real_ip: bool) -> Option<IpAddr> {
    let by_list = chain(headers, &X_FORWARDED_FOR, parse_list);
    let by_standard = chain(headers, &FORWARDED, |text| {
        split_outside_quotes(text, ',')
            .map(parse_forwarded_element)
            .collect()
    });
    match (by_list, by_standard) {
        (Some(list), Some(standard)) => {
            let client = walk(&list, trusted)?;
            (walk(&standard, trusted) == Some(client)).then_some(client)
        }
        (Some(hops), None) | (None, Some(hops)) => walk(&hops, trusted),
        (None, None) if real_ip => {
            let mut values = headers.get_all(X_REAL_IP).iter();
            let value = values.next()?;
            if values.next().is_some() {
                return None;
            }
            parse_node(value.to_str().ok()?)
        }
        (None, None) => None,
    }
}

/// The one address that a proxy which overwrites `X-Forwarded-For` has written; `None` for a list, or none.
pub(super) fn only_hop(headers: &HeaderMap) -> Option<IpAddr> {
    match chain(headers, &X_FORWARDED_FOR, parse_list)?.as_slice() {
        [hop] => *hop,
        _ => None,
    }
}

/// The nodes of `X-Forwarded-For`. Quotes mean nothing there.
fn parse_list(text: &str) -> Vec<Option<IpAddr>> {
    text.split(',').map(parse_node).collect()
}

/// Hops from the farthest to the nearest; `None` without the header. An unusable hop is kept as `None` in its place.
fn chain(
    headers: &HeaderMap,
    name: &HeaderName,
    parse: fn(&str) -> Vec<Option<IpAddr>>,
) -> Option<Vec<Option<IpAddr>>> {
    let mut hops = Vec::new();
    let mut present = false;
    for value in headers.get_all(name) {
        present = true;
        match value.to_str() {
            Ok(text) => hops.extend(parse(text)),
            Err(_) => hops.push(None),
        }
    }
    present.then_some(hops)
}

fn walk(hops: &[Option<IpAddr>], trusted: &[Cidr]) -> Option<IpAddr> {
    let mut farthest = None;
    for hop in hops.iter().rev().take(MAX_HOPS) {
        let address = (*hop)?;
        farthest = Some(address);
        if !trusted.iter().any(|range| range.contains(address)) {
            break;
        }
    }
    farthest
}

/// `for=` of one element of `Forwarded`. An element without it, or with an obfuscated or unknown node, is unusable.
fn parse_forwarded_element(element: &str) -> Option<IpAddr> {
    let mut node = None;
    for pair in split_outside_quotes(element, ';') {
        let (key, value) = pair.split_once('=')?;
        if key.trim().eq_ignore_ascii_case("for") && node.replace(value.trim()).is_some() {
            return None;
        }
    }
    let node = node?;
    let Some(quoted) = node.strip_prefix('"') else {
        return parse_node(node);
    };
    parse_node(&unescape(quoted.strip_suffix('"')?)?)
}

/// The text of a quoted string; `None` when a quote or a lone backslash stands inside.
fn unescape(quoted: &str) -> Option<String> {
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next()?),
            '"' => return None,
            other => text.push(other),
        }
    }
    Some(text)
}

/// An address, with or without port and brackets.
fn parse_node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = if let Ok(address) = text.parse::<IpAddr>() {
        address
    } else if let Ok(socket) = text.parse::<SocketAddr>() {
        socket.ip()
    } else {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        IpAddr::V6(inner.parse().ok()?)
    };
    let address = address.to_canonical();
    // "Unspecified" names nobody; as a client address it would be a budget key shared by liars.
    (!address.is_unspecified()).then_some(address)
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        character == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    type Pairs = &'static [(&'static str, &'static str)];

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn u16_the_right_most_untrusted_hop_is_the_client() {
        let trusted: Vec<Cidr> = ["127.0.0.1", "10.0.0.0/8"]
            .map(|text| text.parse().unwrap())
            .into();
        let cases: &[(Pairs, Option<&str>)] = &[
            (&[("x-forwarded-for", "203.0.113.9")], Some("203.0.113.9")),
            (
                &[("x-forwarded-for", "127.0.0.1, 203.0.113.9")],
                Some("203.0.113.9"),
            ),
            (
                &[("x-forwarded-for", "1.2.3.4, 203.0.113.9, 10.0.0.1")],
                Some("203.0.113.9"),
            ),
            (
                &[("x-forwarded-for", "203.0.113.9:4711")],
                Some("203.0.113.9"),
            ),
            (
                &[("x-forwarded-for", "[2001:db8::7]:4711")],
                Some("2001:db8::7"),
            ),
            (&[("x-forwarded-for", "[2001:db8::7]")], Some("2001:db8::7")),
            (&[("x-forwarded-for", "2001:db8::7")], Some("2001:db8::7")),
            (
                &[("x-forwarded-for", "::ffff:203.0.113.9")],
                Some("203.0.113.9"),
            ),
            // Two header lines are one list.
            (
                &[
                    ("x-forwarded-for", "203.0.113.9"),
                    ("x-forwarded-for", "10.0.0.1"),
                ],
                Some("203.0.113.9"),
            ),
            (
                &[
                    ("x-forwarded-for", "203.0.113.9"),
                    ("x-forwarded-for", "198.51.100.4"),
                ],
                Some("198.51.100.4"),
            ),
            // All hops trusted: the farthest.
            (
                &[("x-forwarded-for", "10.1.1.1, 10.0.0.1")],
                Some("10.1.1.1"),
            ),
            (&[("x-forwarded-for", "127.0.0.1")], Some("127.0.0.1")),
            // What cannot be read names nobody, unless a nearer hop already did.
            (
                &[("x-forwarded-for", "junk, 203.0.113.9")],
                Some("203.0.113.9"),
            ),
            (&[("x-forwarded-for", "203.0.113.9, junk")], None),
            (&[("x-forwarded-for", "203.0.113.9, junk, 10.0.0.1")], None),
            (&[("x-forwarded-for", "203.0.113.9, , 10.0.0.1")], None),
            (&[("x-forwarded-for", "")], None),
            (&[("x-forwarded-for", "unknown")], None),
            (&[("x-forwarded-for", "0.0.0.0")], None),
            (&[("forwarded", "for=203.0.113.9")], Some("203.0.113.9")),
            (
                &[(
                    "forwarded",
                    "For=\"[2001:db8::7]:4711\";proto=https, for=10.0.0.1",
                )],
                Some("2001:db8::7"),
            ),
            (
                &[("forwarded", "proto=https;for=203.0.113.9;by=10.0.0.2")],
                Some("203.0.113.9"),
            ),
            (
                &[("forwarded", "for=127.0.0.1, for=203.0.113.9")],
                Some("203.0.113.9"),
            ),
            (&[("forwarded", "for=_hidden")], None),
            (&[("forwarded", "for=unknown")], None),
            (&[("forwarded", "proto=https")], None),
            (&[("forwarded", "for=203.0.113.9;for=1.2.3.4")], None),
            (&[("forwarded", "for=\"203.0.113.9, for=1.2.3.4")], None),
            // A quoted comma or escaped quote inside another parameter splits nothing.
            (
                &[("forwarded", r#"by="a,\"b;c";for="203.0.113.9""#)],
                Some("203.0.113.9"),
            ),
            (
                &[("forwarded", r#"for="203.0.113\.9""#)],
                Some("203.0.113.9"),
            ),
            (&[("forwarded", "for=\"_SEVKISEK\"")], None),
            (
                &[("forwarded", "for=_hidden, for=203.0.113.9")],
                Some("203.0.113.9"),
            ),
            // A quote means nothing in X-Forwarded-For: a client cannot hide what its proxy adds.
            (
                &[("x-forwarded-for", "\", 203.0.113.9")],
                Some("203.0.113.9"),
            ),
            // Repeated lines are one list.
            (
                &[
                    ("forwarded", "for=127.0.0.1"),
                    ("forwarded", "for=203.0.113.9, for=10.0.0.1"),
                ],
                Some("203.0.113.9"),
            ),
            (
                &[
                    ("x-forwarded-for", "198.51.100.1"),
                    ("x-forwarded-for", "203.0.113.9"),
                    ("x-forwarded-for", "10.0.0.1"),
                ],
                Some("203.0.113.9"),
            ),
            // Two headers that disagree: one is the client's invention.
            (
                &[
                    ("forwarded", "for=203.0.113.9"),
                    ("x-forwarded-for", "203.0.113.9"),
                ],
                Some("203.0.113.9"),
            ),
            (
                &[
                    ("forwarded", "for=127.0.0.1"),
                    ("x-forwarded-for", "203.0.113.9"),
                ],
                None,
            ),
            // X-Real-IP is not believed unless allowed.
            (&[("x-real-ip", "203.0.113.9")], None),
            (&[], None),
        ];
        for (pairs, expected) in cases {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(
                client(&headers(pairs), &trusted, false),
                expected,
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn u16_real_ip_is_a_fallback_only() {
        let trusted: Vec<Cidr> = vec!["127.0.0.1".parse().unwrap()];
        let cases: &[(Pairs, Option<&str>)] = &[
            (&[("x-real-ip", "198.51.100.7:4000")], Some("198.51.100.7")),
            (
                &[
                    ("x-real-ip", "198.51.100.7"),
                    ("x-forwarded-for", "203.0.113.9"),
                ],
                Some("203.0.113.9"),
            ),
            (
                &[("x-real-ip", "198.51.100.7"), ("x-forwarded-for", "junk")],
                None,
            ),
            (
                &[("x-real-ip", "198.51.100.7"), ("x-real-ip", "203.0.113.9")],
                None,
            ),
            (&[("x-real-ip", "junk")], None),
        ];
        for (pairs, expected) in cases {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(
                client(&headers(pairs), &trusted, true),
                expected,
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn u16_every_forwarding_header_is_evidence() {
        for name in [
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-prefix",
            "x-real-ip",
            "forwarded",
            "via",
            "tailscale-user-login",
            "cf-connecting-ip",
            "true-client-ip",
        ] {
            assert!(is_forwarded(&headers(&[(name, "x")])), "{name}");
        }
        assert!(!is_forwarded(&headers(&[
            ("host", "localhost"),
            ("origin", "http://localhost")
        ])));
    }

    proptest::proptest! {
        #[test]
        fn any_header_text_is_survived(list in "[ -~]{0,80}", standard in "[ -~]{0,80}") {
            let pairs = [("x-forwarded-for", list.as_str()), ("forwarded", standard.as_str())];
            let _client = client(&headers(&pairs), &["10.0.0.0/8".parse().unwrap()], true);
        }

        #[test]
        fn a_client_cannot_choose_its_address(prefix in "[0-9a-fA-F.:, ]{0,60}") {
            let spoofed = format!("{prefix}, 203.0.113.9, 10.0.0.1");
            let trusted = ["10.0.0.0/8".parse().unwrap()];
            let seen = client(&headers(&[("x-forwarded-for", spoofed.as_str())]), &trusted, false);
            assert_eq!(seen, Some("203.0.113.9".parse().unwrap()));
        }
    }
}
