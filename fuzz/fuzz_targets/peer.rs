//! Who is at the other end, from socket and headers: nobody talks himself into being local or ours.
//!
//! Input: lines of a word and a value, see [`read`]; every other line is a header.
#![no_main]

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use openclaw_gateway::peer::{
    Authority, Cidr, Facts, ListenerKind, Names, Origin, OriginPolicy, PeerClass, PeerPolicy,
    Proxied, RequestKind, classify, host_verdict, origin_verdict, proxy_warning,
};

/// Headers that only something in between would send.
const FORWARDING: [&str; 10] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
    "cf-connecting-ip",
    "true-client-ip",
    "tailscale-user-login",
    "fly-client-ip",
];

#[derive(Default)]
struct Input<'a> {
    socket: Option<IpAddr>,
    listener: Option<ListenerKind>,
    proxied: Option<Proxied>,
    real_ip: bool,
    trusted: Vec<Cidr>,
    allowed: Vec<&'a str>,
    public: Option<Origin>,
    hostname: Option<&'a str>,
    tailnet: Option<&'a str>,
    headers: HeaderMap,
}

fuzz_target!(|bytes: &[u8]| {
    let input = read(bytes);
    let headers = &input.headers;
    let facts = Facts {
        socket_peer: input.socket,
        listener: input.listener.unwrap_or(ListenerKind::Main),
        secure: false,
        proxied: input.proxied,
        headers,
    };
    let policy = PeerPolicy {
        trusted_proxies: input.trusted.clone(),
        allow_real_ip_fallback: input.real_ip,
        ..PeerPolicy::default()
    };
    let peer = classify(&facts, &policy);
    if let Some(warning) = proxy_warning(&facts, &policy) {
        assert!(peer.forwarded);
        assert!(!warning.text(&policy).is_empty());
    }
    assert_eq!(
        peer.class == PeerClass::Control,
        input.listener == Some(ListenerKind::Control)
    );
    if peer.class == PeerClass::DirectLocal {
        assert!(facts.listener == ListenerKind::Main && facts.proxied.is_none());
        assert!(
            facts
                .socket_peer
                .is_some_and(|address| address.to_canonical().is_loopback())
        );
        assert!(
            headers
                .keys()
                .all(|name| !FORWARDING.contains(&name.as_str()))
        );
        let host = peer.host.as_deref().and_then(Authority::parse);
        assert!(host.is_some_and(|host| host.is_direct_loopback()));
    }
    if let Some(reported) = &peer.reported_ip {
        assert!(
            reported
                .parse::<IpAddr>()
                .is_ok_and(|address| !address.is_loopback())
        );
    }
    let (mut origins, _) = OriginPolicy::from_entries(input.allowed.iter().copied());
    origins.public = input.public;
    let mut names = Names::new(input.hostname);
    if let Some(name) = input.tailnet {
        names = names.with_magic_dns(name);
    }
    let (sent, host) = (peer.origin.as_deref(), peer.host.as_deref());
    let verdict = origin_verdict(sent, host, peer.class, &origins, &names);
    if let (Some(sent), Ok(()), false) = (sent, &verdict, origins.any) {
        assert!(
            sent.parse::<Origin>().is_ok(),
            "admitted an origin that is none"
        );
    }
    for kind in [RequestKind::Http, RequestKind::Upgrade] {
        let verdict = host_verdict(host, sent.is_some(), kind, peer.scheme(), &origins, &names);
        if verdict.is_ok() && (kind == RequestKind::Http || sent.is_some()) {
            assert!(
                host.and_then(Authority::parse).is_some(),
                "answered to a host that is none"
            );
        }
    }
});

fn read(bytes: &[u8]) -> Input<'_> {
    let mut input = Input::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        let text = std::str::from_utf8(line).unwrap_or_default();
        let (word, value) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "socket" => input.socket = value.parse().ok(),
            "control" => input.listener = Some(ListenerKind::Control),
            "listener" => input.listener = Some(ListenerKind::Proxy),
            "proxied" => {
                input.proxied = Some(Proxied {
                    client: value.parse().ok(),
                    secure: None,
                });
            }
            "real-ip" => input.real_ip = true,
            "trusted" => input.trusted.extend(range(value)),
            "allowed" => input.allowed.push(value),
            "public" => input.public = origin(value),
            "hostname" => input.hostname = Some(value),
            "tailnet" => input.tailnet = Some(value),
            _ => header(line, &mut input.headers),
        }
    }
    input
}

fn header(line: &[u8], headers: &mut HeaderMap) {
    let end = line.iter().position(|byte| *byte == b':').unwrap_or(0);
    let (name, value) = line.split_at(end);
    let value = value.get(1..).unwrap_or_default();
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
        headers.append(name, value);
    }
}

/// A range that was read prints as text that reads as the same range.
fn range(text: &str) -> Option<Cidr> {
    let range: Cidr = text.parse().ok()?;
    assert_eq!(range.to_string().parse(), Ok(range));
    Some(range)
}

fn origin(text: &str) -> Option<Origin> {
    let origin: Origin = text.parse().ok()?;
    assert_eq!(origin.to_string().parse(), Ok(origin.clone()));
    Some(origin)
}
