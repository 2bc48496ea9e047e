//! Who is at the other end: computed once per request from the socket and the headers; nothing later reads headers again.
//!
//! [`classify`] says how far a connection may be trusted by where it comes from, [`origin_verdict`] whether the web page
//! behind it may talk to us, and [`host_verdict`] whether it asked for us by one of our names. All are pure.

mod authority;
mod cidr;
mod claim;
mod forwarded;
mod host;
mod origin;

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HOST, ORIGIN, USER_AGENT};

pub use authority::Authority;
pub use cidr::{Cidr, InvalidCidr};
pub use claim::{Claim, TailscaleClaim};
pub use host::{HostRefused, Names, RequestKind, host_verdict};
pub use origin::{InvalidOrigin, Origin, OriginPolicy, OriginRefused, origin_verdict};

/// How a connection reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerClass {
    /// Over the owner-only control socket: the operating system vouches for the user.
    Control,
    /// From this machine, straight over loopback and by a loopback name.
    DirectLocal,
    /// From anywhere else, or through anything that forwards.
    Remote,
}

/// What accepted the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListenerKind {
    /// A TCP listener.
    Tcp,
    /// The owner-only control socket.
    Control,
    /// The loopback listener that Tailscale Serve and Funnel forward to, and nobody else: what its headers say about the user
    /// may be looked into, and nothing that comes by it is local.
    Ingress,
}

/// The other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// How it reached us.
    pub class: PeerClass,
    /// Client address for limits: the socket peer, or the right-most untrusted hop behind a trusted proxy. Absent on the
    /// control socket.
    pub address: Option<IpAddr>,
    /// Address shown to people (`remoteIp` on the wire); absent for loopback and for clients nobody vouches for.
    pub reported_ip: Option<String>,
    /// `Host` as sent.
    pub host: Option<String>,
    /// `Origin` as sent: present if a web page is behind the request.
    pub origin: Option<String>,
    /// Whether forwarding headers were present.
    pub forwarded: bool,
    /// `User-Agent` as sent.
    pub user_agent: Option<String>,
    /// Who is behind the request, as something in front of us says. Not verified yet.
    pub claim: Option<Claim>,
}

impl Peer {
    /// Whether the peer is on this machine and nothing stands between.
    pub fn is_local(&self) -> bool {
        self.class != PeerClass::Remote
    }

    /// Whether the web page behind the request was served by the authority it talks to. False without an `Origin`.
    pub fn is_same_origin(&self) -> bool {
        let (Some(origin), Some(host)) = (&self.origin, &self.host) else {
            return false;
        };
        let (Ok(origin), Some(host)) = (origin.parse::<Origin>(), Authority::parse(host)) else {
            return false;
        };
        origin.is_host(&host)
    }

    /// Whether a new device may be approved without asking: a local peer that is no foreign web page.
    pub fn may_pair_silently(&self) -> bool {
        self.is_local() && (self.origin.is_none() || self.is_same_origin())
    }
}

/// What is known about a request before it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Address of the socket peer; `None` on the control socket.
    pub socket_peer: Option<IpAddr>,
    /// What accepted the connection.
    pub listener: ListenerKind,
    /// Request headers.
    pub headers: &'a HeaderMap,
}

/// Whom to believe about client addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerPolicy {
    /// `gateway.trustedProxies`: addresses or ranges. Default: none.
    pub trusted_proxies: Vec<Cidr>,
    /// `gateway.allowRealIpFallback`: believe `X-Real-IP` of a trusted proxy that sends no `X-Forwarded-For`. Default false.
    pub allow_real_ip_fallback: bool,
}

impl PeerPolicy {
    /// Whether `address` is a trusted proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|range| range.contains(address))
    }
}

/// Computes the peer of a request.
///
/// A request with forwarding headers is never local, whoever sent it: from a trusted proxy the headers name the client, from
/// anybody else they only prove that the request was forwarded.
pub fn classify(facts: &Facts<'_>, policy: &PeerPolicy) -> Peer {
    let text = |name| header_text(facts.headers, &name);
    let peer = |class, address, reported_ip, forwarded| Peer {
        class,
        address,
        reported_ip,
        host: text(HOST),
        origin: text(ORIGIN),
        forwarded,
        user_agent: text(USER_AGENT),
        claim: None,
    };
    if facts.listener == ListenerKind::Control {
        return peer(PeerClass::Control, None, None, false);
    }
    let forwarded = forwarded::is_forwarded(facts.headers);
    let Some(socket) = facts.socket_peer.map(|address| address.to_canonical()) else {
        return peer(PeerClass::Remote, None, None, forwarded);
    };
    if facts.listener == ListenerKind::Ingress {
        let client = forwarded::only_hop(facts.headers);
        let reported = client
            .filter(|address| !address.is_loopback())
            .map(|address| address.to_string());
        let claim = claim::tailscale(facts.headers, client);
        let address = Some(client.unwrap_or(socket));
        return Peer {
            claim,
            ..peer(PeerClass::Remote, address, reported, true)
        };
    }
    if forwarded {
        let client = if policy.trusts(socket) {
            forwarded::client(
                facts.headers,
                &policy.trusted_proxies,
                policy.allow_real_ip_fallback,
            )
        } else {
            None
        };
        let reported = client
            .filter(|address| !address.is_loopback())
            .map(|address| address.to_string());
        return peer(
            PeerClass::Remote,
            Some(client.unwrap_or(socket)),
            reported,
            true,
        );
    }
    let asked_by_local_name = header_text(facts.headers, &HOST)
        .as_deref()
        .and_then(Authority::parse)
        .is_some_and(|host| host.is_direct_loopback());
    let class = if socket.is_loopback() && asked_by_local_name {
        PeerClass::DirectLocal
    } else {
        PeerClass::Remote
    };
    let reported = (!socket.is_loopback()).then(|| socket.to_string());
    peer(class, Some(socket), reported, false)
}

/// What to tell the operator about a request that came through a proxy whose word does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxyWarning {
    /// The proxy is not in `gateway.trustedProxies`.
    Untrusted(IpAddr),
    /// The proxy is trusted, but its headers name no usable client address.
    Unattributed(IpAddr),
}

/// The warning a forwarded request deserves, if any. Log it once per proxy.
pub fn proxy_warning(facts: &Facts<'_>, policy: &PeerPolicy) -> Option<ProxyWarning> {
    let socket = facts.socket_peer?.to_canonical();
    if facts.listener != ListenerKind::Tcp || !forwarded::is_forwarded(facts.headers) {
        return None;
    }
    if !policy.trusts(socket) {
        return Some(ProxyWarning::Untrusted(socket));
    }
    forwarded::client(
        facts.headers,
        &policy.trusted_proxies,
        policy.allow_real_ip_fallback,
    )
    .is_none()
    .then_some(ProxyWarning::Unattributed(socket))
}

impl std::fmt::Display for ProxyWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Untrusted(proxy) => write!(
                f,
                "forwarded headers from {proxy}, which is not a trusted proxy: its clients count as remote and share its \
                 limits; if it is your proxy, add {proxy} to the list gateway.trustedProxies"
            ),
            Self::Unattributed(proxy) => write!(
                f,
                "trusted proxy {proxy} names no usable client address: its clients share its limits; make it overwrite \
                 X-Forwarded-For with the address it sees"
            ),
        }
    }
}

/// A header that must occur once; two different values are no value.
fn header_text(headers: &HeaderMap, name: &http::HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.any(|other| other != first) {
        return None;
    }
    first.to_str().ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests;
