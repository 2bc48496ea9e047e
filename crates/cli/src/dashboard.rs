//! Links to the Control UI.

use std::fmt::Write;

use openclaw_client::target::{GatewayUrl, Scheme};

/// The address of the Control UI behind a gateway URL, with a final slash.
pub(crate) fn http_base(gateway_url: &str, base_path: &str) -> String {
    let Ok(url) = gateway_url.parse::<GatewayUrl>() else {
        return gateway_url.to_owned();
    };
    let (scheme, usual_port) = match url.scheme {
        Scheme::Ws => ("http", 80),
        Scheme::Wss => ("https", 443),
    };
    let port = if url.port == usual_port {
        String::new()
    } else {
        format!(":{}", url.port)
    };
    let path = base_path.trim().trim_matches('/');
    let path = if path.is_empty() {
        url.path.trim_matches('/')
    } else {
        path
    };
    let path = if path.is_empty() {
        "/".to_owned()
    } else {
        format!("/{path}/")
    };
    format!("{scheme}://{}{port}{path}", url.host)
}

/// Percent-encodes what a fragment parameter may not hold as it is.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases() {
        for (url, path, expected) in [
            ("ws://127.0.0.1:18789", "", "http://127.0.0.1:18789/"),
            ("wss://gw.example", "", "https://gw.example/"),
            ("wss://gw.example/panel", "", "https://gw.example/panel/"),
            (
                "ws://[::1]:18789",
                "/openclaw/",
                "http://[::1]:18789/openclaw/",
            ),
            ("ws://gw:80", "x", "http://gw/x/"),
        ] {
            assert_eq!(http_base(url, path), expected, "{url}");
        }
    }

    #[test]
    fn encoding() {
        assert_eq!(encode("abc-._~09"), "abc-._~09");
        assert_eq!(encode("a b&#+/ä"), "a%20b%26%23%2B%2F%C3%A4");
    }
}
