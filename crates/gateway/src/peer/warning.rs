//! What an operator should know about a proxy whose word does not count, and the command that helps.

use std::net::IpAddr;

use super::PeerPolicy;
use crate::proxy_protocol::Invalid;

/// What to tell the operator about something that came through a proxy. Each is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxyWarning {
    /// Forwarding headers, and the proxy is not in `gateway.trustedProxies`.
    Untrusted(IpAddr),
    /// The proxy is believed, but its headers name no usable client address. Without an address: it came by Unix socket.
    Unattributed(Option<IpAddr>),
    /// A PROXY header of somebody who is not in `gateway.trustedProxies`.
    HeaderUntrusted(IpAddr),
    /// A PROXY header of a proxy, and `gateway.proxy.protocol` is off.
    HeaderUnwanted(Option<IpAddr>),
    /// No PROXY header of a proxy, and `gateway.proxy.protocol` requires one.
    HeaderMissing(Option<IpAddr>),
    /// A PROXY header that cannot be read.
    HeaderInvalid(Option<IpAddr>, Invalid),
}

impl ProxyWarning {
    /// The warning as text, with the command that helps.
    pub fn text(self, policy: &PeerPolicy) -> String {
        let message = self.message();
        match self {
            Self::Untrusted(proxy) => format!(
                "forwarding headers from {proxy}, which is not a trusted proxy: its clients count as remote and share its \
                 limits; if it is your proxy, run: {}",
                policy.command_to_trust(proxy)
            ),
            Self::Unattributed(proxy) => format!(
                "{} names no usable client address: its clients share its limits; make it overwrite X-Forwarded-For with the \
                 address it sees (openclaw gateway proxy-check --print shows how)",
                shown(proxy)
            ),
            Self::HeaderUntrusted(proxy) => format!(
                "{message} from {proxy}, which is not a trusted proxy; if it is your proxy, run: {}",
                policy.command_to_trust(proxy)
            ),
            Self::HeaderUnwanted(proxy) => format!(
                "{message} from {}; to accept it run: openclaw config set gateway.proxy.protocol accept",
                shown(proxy)
            ),
            Self::HeaderMissing(proxy) => format!(
                "{message} from {}; make the proxy send one, or run: openclaw config set gateway.proxy.protocol accept",
                shown(proxy)
            ),
            Self::HeaderInvalid(proxy, invalid) => {
                format!("{message} from {}: {invalid}", shown(proxy))
            }
        }
    }

    /// What whoever connected is told.
    pub fn message(self) -> &'static str {
        match self {
            Self::Untrusted(_) => "forwarding headers of an unknown proxy",
            Self::Unattributed(_) => "no usable client address",
            Self::HeaderUntrusted(_) | Self::HeaderUnwanted(_) => {
                "unexpected PROXY protocol header"
            }
            Self::HeaderMissing(_) => "missing PROXY protocol header",
            Self::HeaderInvalid(..) => "invalid PROXY protocol header",
        }
    }
}

fn shown(proxy: Option<IpAddr>) -> String {
    match proxy {
        Some(proxy) => format!("the proxy {proxy}"),
        None => "the proxy".to_owned(),
    }
}
