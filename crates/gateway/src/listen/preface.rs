//! What a proxy says about a connection before its client's first byte, and whether it may.

use std::net::IpAddr;

use openclaw_config::schema::ProxyProtocol;

use super::incoming::Incoming;
use crate::peer::{ListenerKind, PeerPolicy, Proxied, ProxyWarning};
use crate::proxy_protocol::{self, Step};

/// What comes of the first bytes.
#[derive(Debug)]
pub(super) enum Preface {
    /// The connection may go on; what a PROXY header said, if there was one. Its first byte after that is read.
    Passed(Option<Proxied>),
    /// It may not, and why.
    Refused(ProxyWarning),
    /// It ended.
    Gone,
}

/// Reads the first bytes. Takes as long as the client does: the caller limits the time.
pub(super) async fn read(
    incoming: &mut Incoming,
    listener: ListenerKind,
    peer: Option<IpAddr>,
    policy: &PeerPolicy,
) -> Preface {
    let rule = rule(listener, peer, policy);
    let header = loop {
        if incoming.front().is_empty() || proxy_protocol::parse(incoming.front()) == Ok(Step::More)
        {
            // A header is bounded, so that this is too.
            match incoming.read_ahead().await {
                Ok(true) => continue,
                Ok(false) | Err(_) => return Preface::Gone,
            }
        }
        match proxy_protocol::parse(incoming.front()) {
            Ok(Step::Whole(header)) => break header,
            Ok(Step::Absent | Step::More) if rule == Rule::Require => {
                return Preface::Refused(ProxyWarning::HeaderMissing(peer));
            }
            Ok(Step::Absent | Step::More) => return Preface::Passed(None),
            Err(invalid) => return Preface::Refused(ProxyWarning::HeaderInvalid(peer, invalid)),
        }
    };
    match (rule, peer) {
        (Rule::Stranger, Some(peer)) => {
            return Preface::Refused(ProxyWarning::HeaderUntrusted(peer));
        }
        (Rule::Stranger | Rule::Off, _) => {
            return Preface::Refused(ProxyWarning::HeaderUnwanted(peer));
        }
        (Rule::Accept | Rule::Require, _) => incoming.skip(header.length),
    }
    while incoming.front().is_empty() {
        match incoming.read_ahead().await {
            Ok(true) => {}
            Ok(false) | Err(_) => return Preface::Gone,
        }
    }
    let client = header
        .addresses
        .map(|addresses| addresses.source.ip().to_canonical())
        // Names nobody; as an address it would be shared by everybody whom the proxy cannot name.
        .filter(|client| !client.is_unspecified());
    Preface::Passed(Some(Proxied {
        client,
        secure: header.tls,
    }))
}

/// Whether a PROXY header may, must or must not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Nobody who may speak the protocol.
    Stranger,
    Off,
    Accept,
    Require,
}

fn rule(listener: ListenerKind, peer: Option<IpAddr>, policy: &PeerPolicy) -> Rule {
    let configured = match policy.proxy_protocol {
        ProxyProtocol::Off => Rule::Off,
        ProxyProtocol::Accept => Rule::Accept,
        ProxyProtocol::Require => Rule::Require,
    };
    match (listener, peer) {
        (ListenerKind::Proxy, _) => configured,
        // On the ordinary port the command line of this machine has the address of a proxy of this machine.
        (ListenerKind::Main, Some(peer)) if policy.trusts(peer) => {
            if configured == Rule::Require && peer.is_loopback() {
                Rule::Accept
            } else {
                configured
            }
        }
        _ => Rule::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use super::Rule::{Accept, Off, Require, Stranger};
    use super::*;

    #[test]
    fn u16_who_may_and_who_must_send_a_header() {
        use ListenerKind::{Ingress, Main, Proxy};
        let cases = [
            (Main, Some("10.0.0.2"), [Off, Accept, Require]),
            (Main, Some("127.0.0.1"), [Off, Accept, Accept]),
            (Main, Some("10.0.0.3"), [Stranger; 3]),
            (Proxy, Some("10.0.0.3"), [Off, Accept, Require]),
            (Proxy, None, [Off, Accept, Require]),
            (Ingress, Some("127.0.0.1"), [Stranger; 3]),
        ];
        for (listener, peer, rules) in cases {
            let configured = [
                ProxyProtocol::Off,
                ProxyProtocol::Accept,
                ProxyProtocol::Require,
            ];
            for (proxy_protocol, expected) in configured.into_iter().zip(rules) {
                let policy = PeerPolicy {
                    trusted_proxies: vec![
                        "10.0.0.2".parse().unwrap(),
                        "127.0.0.1".parse().unwrap(),
                    ],
                    proxy_protocol,
                    ..PeerPolicy::default()
                };
                let peer = peer.map(|text| text.parse().unwrap());
                assert_eq!(
                    rule(listener, peer, &policy),
                    expected,
                    "{listener:?} {peer:?} {proxy_protocol}"
                );
            }
        }
    }
}
