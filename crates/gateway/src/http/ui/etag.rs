//! Entity tags: whether a browser already has what it asks for.

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderValue};

/// What tells versions of one file apart in an address.
pub(super) fn short(digest: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&digest[..digest.len().min(8)])
}

/// A strong tag for these bytes in this coding.
pub(in crate::http) fn tag(digest: &[u8], coding: Option<&str>) -> HeaderValue {
    // Half of a SHA-256 tells versions of one file apart.
    let digest = data_encoding::HEXLOWER.encode(&digest[..digest.len().min(16)]);
    let text = match coding {
        Some(coding) => format!("\"{digest}-{coding}\""),
        None => format!("\"{digest}\""),
    };
    HeaderValue::from_str(&text).expect("hexadecimal digits are a header value")
}

/// Whether one of the tags of `If-None-Match` is this one. Compared weakly, as RFC 9110 wants it: proxies that compress
/// mark tags as weak.
pub(in crate::http) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|value| {
        value.as_bytes().split(|byte| *byte == b',').any(|entry| {
            let entry = entry.trim_ascii();
            let opaque = entry.strip_prefix(b"W/").unwrap_or(entry);
            entry == b"*" || opaque == tag.as_bytes()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_lists() {
        let tag = tag(&[0xab; 32], Some("br"));
        assert_eq!(tag, "\"abababababababababababababababab-br\"");
        let this = tag.to_str().unwrap();
        for (sent, known) in [
            (this.to_owned(), true),
            (format!("W/{this}"), true),
            (format!("\"other\" , W/\"x\",{this}"), true),
            ("*".to_owned(), true),
            ("\"abababababababababababababababab\"".to_owned(), false),
            ("\"abababababababababababababababab-gz\"".to_owned(), false),
            (this.trim_matches('"').to_owned(), false),
            (String::new(), false),
            (",,,".to_owned(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, sent.parse().unwrap());
            assert_eq!(is_known(&headers, &tag), known, "{sent}");
        }
        let mut headers = HeaderMap::new();
        headers.append(IF_NONE_MATCH, "\"old\"".parse().unwrap());
        headers.append(IF_NONE_MATCH, tag.clone());
        assert!(is_known(&headers, &tag), "a second header line counts");
        assert!(!is_known(&HeaderMap::new(), &tag));
    }
}
