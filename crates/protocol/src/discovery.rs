//! How a gateway is found: the service type and the keys of its TXT record.
//!
//! Whatever is found was said by somebody on the network. It is a hint of where to knock, never a proof: hosts and ports come
//! from SRV and address records, a fingerprint never replaces a pin, and values that do not have their form are dropped.

use std::net::IpAddr;

/// Service type of gateways.
pub const SERVICE: &str = "_openclaw-gw._tcp";
/// Domain of multicast DNS.
pub const LOCAL_DOMAIN: &str = "local.";
/// Value of `role` and `transport`.
pub const GATEWAY: &str = "gateway";

/// Keys of the TXT record.
pub mod key {
    /// Name for people.
    pub const DISPLAY_NAME: &str = "displayName";
    /// `gateway`.
    pub const ROLE: &str = "role";
    /// `gateway`.
    pub const TRANSPORT: &str = "transport";
    /// Port, as in SRV.
    pub const GATEWAY_PORT: &str = "gatewayPort";
    /// `<label>.local`; only in multicast DNS.
    pub const LAN_HOST: &str = "lanHost";
    /// `1` when the port speaks TLS.
    pub const GATEWAY_TLS: &str = "gatewayTls";
    /// SHA-256 of the certificate, 64 hex digits.
    pub const GATEWAY_TLS_SHA256: &str = "gatewayTlsSha256";
    /// `1` when the port can be reached without a tunnel.
    pub const DIRECT_REACHABLE: &str = "gatewayDirectReachable";
    /// Name in the tailnet.
    pub const TAILNET_DNS: &str = "tailnetDns";
    /// Port of the SSH server.
    pub const SSH_PORT: &str = "sshPort";
    /// Where the command line is, for SSH.
    pub const CLI_PATH: &str = "cliPath";
}

/// Longest `key=value`, bytes.
const MAX_TEXT: usize = 255;
/// Most texts that are read; ours has eleven.
const MAX_TEXTS: usize = 64;
/// Hex digits of a fingerprint.
const FINGERPRINT_DIGITS: usize = 64;

/// What a TXT record says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Txt {
    /// Name for people.
    pub display_name: Option<String>,
    /// What it is.
    pub role: Option<String>,
    /// How it is spoken to.
    pub transport: Option<String>,
    /// Port, a hint.
    pub gateway_port: Option<u16>,
    /// `<label>.local`, a hint.
    pub lan_host: Option<String>,
    /// Whether the port speaks TLS.
    pub tls: bool,
    /// SHA-256 of the certificate, 64 lower-case hex digits, a hint.
    pub tls_sha256: Option<String>,
    /// Whether the port can be reached without a tunnel.
    pub direct: bool,
    /// Name in the tailnet, a hint.
    pub tailnet_dns: Option<String>,
    /// Port of the SSH server.
    pub ssh_port: Option<u16>,
    /// Where the command line is, for SSH.
    pub cli_path: Option<String>,
}

impl Txt {
    /// The pairs to announce, in the order of the zone file. A value that does not fit is left out; the display name is cut.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let flag = |set: bool| set.then(|| "1".to_owned());
        let number = |port: Option<u16>| port.map(|port| port.to_string());
        let name = self.display_name.as_deref().map(|name| {
            let room = MAX_TEXT - key::DISPLAY_NAME.len() - 1;
            cut(name, room).to_owned()
        });
        let all = [
            (key::DISPLAY_NAME, name),
            (key::ROLE, self.role.clone()),
            (key::TRANSPORT, self.transport.clone()),
            (key::GATEWAY_PORT, number(self.gateway_port)),
            (key::LAN_HOST, self.lan_host.clone()),
            (key::GATEWAY_TLS, flag(self.tls)),
            (key::GATEWAY_TLS_SHA256, self.tls_sha256.clone()),
            (key::DIRECT_REACHABLE, flag(self.direct)),
            (key::TAILNET_DNS, self.tailnet_dns.clone()),
            (key::SSH_PORT, number(self.ssh_port)),
            (key::CLI_PATH, self.cli_path.clone()),
        ];
        all.into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .filter(|(key, value)| key.len() + 1 + value.len() <= MAX_TEXT)
            .collect()
    }

    /// The texts of a TXT record.
    pub fn texts(&self) -> Vec<Vec<u8>> {
        let text = |(key, value): (&str, String)| format!("{key}={value}").into_bytes();
        self.pairs().into_iter().map(text).collect()
    }

    /// Reads pairs; values that do not have their form are dropped.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut txt = Self::default();
        for (key, value) in pairs {
            let text = || Some(value.trim().to_owned()).filter(|text| !text.is_empty());
            let port = || value.trim().parse().ok().filter(|port| *port > 0);
            let host = || Some(value.trim().to_owned()).filter(|host| is_host(host));
            let is = |known: &str| key.eq_ignore_ascii_case(known);
            if is(key::DISPLAY_NAME) {
                txt.display_name = txt.display_name.or_else(text);
            } else if is(key::ROLE) {
                txt.role = txt.role.or_else(text);
            } else if is(key::TRANSPORT) {
                txt.transport = txt.transport.or_else(text);
            } else if is(key::GATEWAY_PORT) {
                txt.gateway_port = txt.gateway_port.or_else(port);
            } else if is(key::LAN_HOST) {
                txt.lan_host = txt.lan_host.or_else(host);
            } else if is(key::GATEWAY_TLS) {
                txt.tls |= matches!(value.trim(), "1" | "true" | "yes");
            } else if is(key::GATEWAY_TLS_SHA256) {
                txt.tls_sha256 = txt.tls_sha256.or_else(|| fingerprint(value));
            } else if is(key::DIRECT_REACHABLE) {
                txt.direct |= matches!(value.trim(), "1" | "true" | "yes");
            } else if is(key::TAILNET_DNS) {
                txt.tailnet_dns = txt.tailnet_dns.or_else(host);
            } else if is(key::SSH_PORT) {
                txt.ssh_port = txt.ssh_port.or_else(port);
            } else if is(key::CLI_PATH) {
                txt.cli_path = txt.cli_path.or_else(text);
            }
        }
        txt
    }
}

/// The pairs of a TXT record as they came. A key counts once, its first value; what has no key is skipped.
pub fn pairs(texts: &[Vec<u8>]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for text in texts.iter().take(MAX_TEXTS) {
        let text = String::from_utf8_lossy(text);
        let (key, value) = text.split_once('=').unwrap_or((&text, ""));
        let known = |(known, _): &(String, String)| known.eq_ignore_ascii_case(key);
        if !key.is_empty() && !pairs.iter().any(known) {
            pairs.push((key.to_owned(), value.to_owned()));
        }
    }
    pairs
}

/// Whether this is a host name or an address and nothing else: it may be put into a URL or a command line.
pub fn is_host(text: &str) -> bool {
    if text.parse::<IpAddr>().is_ok() {
        return true;
    }
    let bare = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    bare.len() <= 253 && bare.split('.').all(is_label)
}

/// A SHA-256 fingerprint in lower case without colons.
pub fn fingerprint(text: &str) -> Option<String> {
    let digits: String = text
        .trim()
        .chars()
        .filter(|letter| *letter != ':')
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    let is_one =
        digits.len() == FINGERPRINT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then_some(digits)
}

/// The longest beginning of `text` that has at most `bytes` bytes.
pub fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Txt {
        Txt {
            display_name: Some("Studio ä=1".into()),
            role: Some(GATEWAY.into()),
            transport: Some(GATEWAY.into()),
            gateway_port: Some(18789),
            lan_host: Some("openclaw-studio.local".into()),
            tls: true,
            tls_sha256: Some("ab".repeat(32)),
            direct: true,
            tailnet_dns: Some("studio.tail1234.ts.net".into()),
            ssh_port: Some(2222),
            cli_path: Some("/usr/local/bin/openclaw".into()),
        }
    }

    #[test]
    fn what_is_announced_is_read() {
        let came = pairs(&full().texts());
        assert_eq!(came.len(), 11);
        let pairs = came
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        assert_eq!(Txt::from_pairs(pairs), full());
        assert_eq!(Txt::default().pairs(), []);
    }

    #[test]
    fn values_that_do_not_fit_are_cut_or_left_out() {
        let txt = Txt {
            display_name: Some("ä".repeat(200)),
            cli_path: Some("/".repeat(300)),
            ..Txt::default()
        };
        let texts = txt.texts();
        assert_eq!(texts.len(), 1);
        assert!(texts[0].len() <= 255 && texts[0].len() > 250);
    }

    #[test]
    fn hostile_values_are_dropped() {
        for (key, value) in [
            ("gatewayPort", "0"),
            ("gatewayPort", "70000"),
            ("sshPort", "22; rm -rf /"),
            ("gatewayTlsSha256", "abc"),
            ("gatewayTlsSha256", &"zz".repeat(32)),
            ("lanHost", "$(reboot).local"),
            ("lanHost", "-oProxyCommand=x"),
            ("lanHost", "a\u{1b}[2J.local"),
            ("tailnetDns", "a b"),
            ("tailnetDns", "user@host"),
            ("displayName", "  "),
        ] {
            assert_eq!(
                Txt::from_pairs([(key, value)]),
                Txt::default(),
                "{key}={value}"
            );
        }
    }

    #[test]
    fn the_first_value_of_a_key_counts() {
        let texts = [
            &b"Role=gateway"[..],
            b"role=other",
            b"=x",
            b"flag",
            b"\xff=\xfe",
        ];
        let came = pairs(&texts.map(<[u8]>::to_vec));
        assert_eq!(came.len(), 3);
        assert_eq!(came[0], ("Role".into(), "gateway".into()));
        assert_eq!(came[1], ("flag".into(), String::new()));
        let many: Vec<_> = (0..1_000).map(|n| format!("k{n}=v").into_bytes()).collect();
        assert_eq!(pairs(&many).len(), MAX_TEXTS);
    }

    #[test]
    fn fingerprints_are_normalised() {
        let colons = ["AB"; 32].join(":");
        assert_eq!(fingerprint(&colons), Some("ab".repeat(32)));
        assert_eq!(fingerprint(""), None);
    }
}
