//! Gateway URLs as people write them.

/// The text is not a gateway URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid URL: {0}")]
pub struct InvalidUrl(pub String);

/// Checks a gateway URL and turns `http` into `ws`, `https` into `wss`. A fragment is dropped:
/// WebSocket URLs have none.
pub fn normalize_url(text: &str) -> Result<String, InvalidUrl> {
    let invalid = || InvalidUrl(text.to_owned());
    let trimmed = text.trim();
    let (scheme, rest) = trimmed.split_once("://").ok_or_else(invalid)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "ws" | "http" => "ws",
        "wss" | "https" => "wss",
        _ => return Err(invalid()),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let odd = |letter: char| {
        letter.is_whitespace() || letter.is_control() || "\\<>\"`{}|^".contains(letter)
    };
    if rest.contains(odd) || !is_host_and_port(host_and_port) {
        return Err(invalid());
    }
    Ok(format!("{scheme}://{rest}"))
}

fn is_host_and_port(text: &str) -> bool {
    let (host_is_valid, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (
            host.parse::<std::net::Ipv6Addr>().is_ok(),
            port.strip_prefix(':')
                .or(port.is_empty().then_some(""))
                .map(Some),
        ),
        None => match text.split_once(':') {
            Some((host, port)) => (is_name(host), Some(Some(port))),
            None => (is_name(text), Some(None)),
        },
    };
    host_is_valid
        && match port {
            None => false,
            Some(None | Some("")) => true,
            Some(Some(port)) => super::parse_port(port).is_some(),
        }
}

fn is_name(host: &str) -> bool {
    !host.is_empty() && !host.contains([':', '[', ']', '%'])
}
