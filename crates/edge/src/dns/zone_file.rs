//! The zone as a file in the form of the other implementation, for a DNS server of the operator's own.

use std::net::IpAddr;

use openclaw_protocol::discovery::SERVICE;

use super::zone::{GatewayFacts, TTL, ZoneFacts};

/// What every zone file of ours begins with, before the digits of its hash.
pub const CONTENT_HASH: &str = "; openclaw-content-hash: ";
/// Stands for the serial while the content is hashed.
const NO_SERIAL: &str = "SERIAL";

/// A zone file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneFile {
    /// The text.
    pub text: String,
    /// Serial of the zone.
    pub serial: u32,
    /// Whether it says something else than the file before.
    pub changed: bool,
}

impl ZoneFile {
    /// Writes the zone as it follows `before`. `today` is `YYYYMMDD` in UTC. `None` without a gateway that has an IPv4 address.
    pub fn write(facts: &ZoneFacts, before: Option<&str>, today: u32) -> Option<Self> {
        let gateway = facts.gateway.as_ref()?;
        let without = body(facts, gateway, NO_SERIAL)?;
        let hash = hash(&without);
        let known = before.and_then(|text| text.lines().next()?.strip_prefix(CONTENT_HASH));
        let serial_before = before.and_then(serial);
        if let (Some(before), Some(serial)) = (before, serial_before)
            && known == Some(hash.as_str())
        {
            return Some(Self {
                text: before.to_owned(),
                serial,
                changed: false,
            });
        }
        let serial = next_serial(serial_before, today);
        let body = body(facts, gateway, &serial.to_string())?;
        Some(Self {
            text: format!("{CONTENT_HASH}{hash}\n{body}"),
            serial,
            changed: true,
        })
    }
}

/// The serial that follows another: of today, and higher.
pub fn next_serial(before: Option<u32>, today: u32) -> u32 {
    let first = today.saturating_mul(100).saturating_add(1);
    before.map_or(first, |before| first.max(before.saturating_add(1)))
}

/// The serial in a zone file.
fn serial(text: &str) -> Option<u32> {
    let line = text.lines().find(|line| line.contains(" SOA "))?;
    line.split_whitespace().nth(5)?.parse().ok()
}

fn body(facts: &ZoneFacts, gateway: &GatewayFacts, serial: &str) -> Option<String> {
    let v4 = |addresses: &[IpAddr]| addresses.iter().copied().find(IpAddr::is_ipv4);
    let server = v4(&facts.server)?;
    let address = v4(&gateway.addresses)?;
    let host = &gateway.host;
    let instance = format!("{}.{SERVICE}", gateway.instance);
    let mut lines = vec![
        format!("$ORIGIN {}", facts.domain),
        format!("$TTL {TTL}"),
        format!("@ IN SOA ns1 hostmaster {serial} 7200 3600 1209600 {TTL}"),
        "@ IN NS ns1".to_owned(),
        format!("ns1 IN A {server}"),
        format!("{host} IN A {address}"),
    ];
    let v6 = gateway.addresses.iter().find(|address| address.is_ipv6());
    lines.extend(v6.map(|address| format!("{host} IN AAAA {address}")));
    lines.push(format!("{SERVICE} IN PTR {instance}"));
    lines.push(format!("{instance} IN SRV 0 0 {} {host}", gateway.port));
    let texts: Vec<String> = gateway
        .txt
        .iter()
        .map(|(key, value)| quoted(&format!("{key}={value}")))
        .collect();
    lines.push(format!("{instance} IN TXT {}", texts.join(" ")));
    Some(lines.join("\n") + "\n")
}

fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// FNV-1a, 32 bits, over UTF-16 code units.
fn hash(text: &str) -> String {
    let hash = text.encode_utf16().fold(0x811c_9dc5_u32, |hash, unit| {
        (hash ^ u32::from(unit)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::dns::Name;

    use super::*;

    fn facts() -> ZoneFacts {
        ZoneFacts {
            domain: Name::parse("openclaw.internal").unwrap(),
            server: vec!["100.64.0.5".parse().unwrap()],
            gateway: Some(GatewayFacts {
                host: "studio".into(),
                addresses: vec![
                    "100.64.0.5".parse().unwrap(),
                    "fd7a:115c:a1e0::5".parse().unwrap(),
                ],
                instance: "studio-gateway".into(),
                port: 18789,
                txt: vec![
                    ("displayName", "Ada's \"studio\" \\".into()),
                    ("role", "gateway".into()),
                ],
            }),
        }
    }

    #[test]
    fn the_file_has_the_known_form() {
        let file = ZoneFile::write(&facts(), None, 20_261_126).unwrap();
        let (first, body) = file.text.split_once('\n').unwrap();
        let digits = first.strip_prefix("; openclaw-content-hash: ").unwrap();
        assert!(digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(
            body,
            r#"$ORIGIN openclaw.internal.
$TTL 60
@ IN SOA ns1 hostmaster 2026112601 7200 3600 1209600 60
@ IN NS ns1
ns1 IN A 100.64.0.5
studio IN A 100.64.0.5
studio IN AAAA fd7a:115c:a1e0::5
_openclaw-gw._tcp IN PTR studio-gateway._openclaw-gw._tcp
studio-gateway._openclaw-gw._tcp IN SRV 0 0 18789 studio
studio-gateway._openclaw-gw._tcp IN TXT "displayName=Ada's \"studio\" \\" "role=gateway"
"#
        );
    }

    #[test]
    fn the_serial_grows_only_with_the_content() {
        let first = ZoneFile::write(&facts(), None, 20_261_126).unwrap();
        assert!(first.changed);
        let again = ZoneFile::write(&facts(), Some(&first.text), 20_261_127).unwrap();
        assert_eq!((again.changed, again.serial), (false, 2_026_112_601));
        assert_eq!(again.text, first.text);
        let mut moved = facts();
        moved.gateway.as_mut().unwrap().port = 1;
        let same_day = ZoneFile::write(&moved, Some(&first.text), 20_261_126).unwrap();
        assert_eq!((same_day.changed, same_day.serial), (true, 2_026_112_602));
        let next_day = ZoneFile::write(&moved, Some(&first.text), 20_261_127).unwrap();
        assert_eq!(next_day.serial, 2_026_112_701);
        // A clock that was wrong does not send the serial back.
        let earlier = ZoneFile::write(&moved, Some(&first.text), 20_200_101).unwrap();
        assert_eq!(earlier.serial, 2_026_112_602);
        let foreign = ZoneFile::write(&facts(), Some("something else"), 20_261_126).unwrap();
        assert!(foreign.changed);
    }

    #[test]
    fn nothing_is_written_without_an_ipv4_address() {
        let mut facts = facts();
        facts.server = vec!["fd7a:115c:a1e0::5".parse().unwrap()];
        assert_eq!(ZoneFile::write(&facts, None, 20_261_126), None);
        facts.gateway = None;
        assert_eq!(ZoneFile::write(&facts, None, 20_261_126), None);
    }
}
