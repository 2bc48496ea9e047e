//! Who is at the other end: computed once per request from the socket and the headers; nothing later reads headers again.
//!
//! [`classify`] says how far a connection may be trusted by where it comes from, [`origin_verdict`] whether the web page
//! behind it may talk to us, and [`host_verdict`] whether it asked for us by one of our names. All are pure.

mod cidr;
mod claim;
mod forwarded;
mod host;
mod origin;
mod proxy_identity;
mod warning;

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HOST, ORIGIN, USER_AGENT};
use openclaw_config::schema::ProxyProtocol;
use openclaw_protocol::scope::ScopeSet;

pub use cidr::{Cidr, InvalidCidr};
pub use claim::{Claim, TailscaleClaim};
pub use forwarded::is_forwarding_header;
pub use host::{HostRefused, KnownNames, Names, RequestKind, host_verdict};
pub use openclaw_config::authority::{Authority, HostName};
pub use openclaw_config::origin::{InvalidOrigin, Origin, OriginEntry};
pub use openclaw_protocol::methods::remote::Via;
pub use origin::{OriginPolicy, OriginRefused, origin_verdict};
pub use proxy_identity::{ProxyIdentityRules, same_user};
pub use warning::ProxyWarning;

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
    /// A listener of the bind plan.
    Main,
    /// The owner-only control socket.
    Control,
    /// The loopback listener that Tailscale Serve and Funnel forward to, and nobody else: what its headers say about the user
    /// may be looked into, and nothing that comes by it is local.
    Ingress,
    /// The listener for reverse proxies: whoever connects there is the proxy.
    Proxy,
    /// The listener for figures and probes: it serves nothing else.
    Metrics,
}

impl ListenerKind {
    /// The word of status and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Control => "control",
            Self::Ingress => "ingress",
            Self::Proxy => "proxy",
            Self::Metrics => "metrics",
        }
    }
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
    /// Whether something forwarded the request: a header or a PROXY header says so, or it came by the listener for proxies.
    pub forwarded: bool,
    /// Whether the client spoke TLS at the door: to us, or to a proxy that is believed. `None`: nobody says.
    pub secure: Option<bool>,
    /// `User-Agent` as sent.
    pub user_agent: Option<String>,
    /// Who is behind the request, as something in front of us says. Not verified yet.
    pub claim: Option<Claim>,
    /// What `x-openclaw-scopes` leaves of the scopes; it never grants.
    pub scope_cap: Option<ScopeSet>,
    /// Which way it came.
    pub via: Via,
    /// Why the web page behind it may not connect. It is refused in the first answer, which is all that a page can read.
    pub refused_origin: Option<OriginRefused>,
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

    /// `https` or `http`: how the client reached the door, if that is known.
    pub fn scheme(&self) -> Option<&'static str> {
        self.secure
            .map(|secure| if secure { "https" } else { "http" })
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
    /// Whether this connection is TLS.
    pub secure: bool,
    /// What a PROXY protocol header of a proxy that may send one said. `None`: there was none.
    pub proxied: Option<Proxied>,
    /// Request headers.
    pub headers: &'a HeaderMap,
}

/// What a PROXY protocol header said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxied {
    /// The client; absent when the proxy speaks for itself or cannot say.
    pub client: Option<IpAddr>,
    /// Whether the client spoke TLS to the proxy, if it says so.
    pub secure: Option<bool>,
}

/// Whom to believe about client addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerPolicy {
    /// `gateway.trustedProxies`: addresses or ranges. Default: none.
    pub trusted_proxies: Vec<Cidr>,
    /// `gateway.allowRealIpFallback`: believe `X-Real-IP` of a trusted proxy that sends no `X-Forwarded-For`. Default false.
    pub allow_real_ip_fallback: bool,
    /// `gateway.proxy.protocol`. Default off.
    pub proxy_protocol: ProxyProtocol,
    /// Whose word about users counts; `None`: nobody's.
    pub identity: Option<ProxyIdentityRules>,
    /// Addresses of this machine: what comes from one of them comes from a program here.
    pub own_addresses: Vec<IpAddr>,
}

impl Default for PeerPolicy {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            allow_real_ip_fallback: false,
            proxy_protocol: ProxyProtocol::Off,
            identity: None,
            own_addresses: Vec::new(),
        }
    }
}

impl PeerPolicy {
    /// Whether `address` is a trusted proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|range| range.contains(address))
    }

    /// The command that adds a proxy to the list as it stands.
    pub fn command_to_trust(&self, proxy: IpAddr) -> String {
        let mut entries: Vec<String> = self
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect();
        entries.push(proxy.to_string());
        let list = serde_json::Value::from(entries);
        format!("openclaw config set gateway.trustedProxies '{list}'")
    }
}

impl Facts<'_> {
    /// Whose word about the client's address counts beyond the socket and the PROXY header: the nearest hop, if it is a proxy
    /// that is believed. A PROXY header passes on bytes, so that the headers inside are the word of the client it names.
    fn believes_headers(&self, policy: &PeerPolicy) -> bool {
        match (
            self.proxied.and_then(|proxied| proxied.client),
            self.listener,
        ) {
            (Some(client), _) => policy.trusts(client),
            (None, ListenerKind::Proxy) => true,
            (None, ListenerKind::Control | ListenerKind::Ingress | ListenerKind::Metrics) => false,
            (None, ListenerKind::Main) => {
                self.socket_peer.is_some_and(|socket| policy.trusts(socket))
            }
        }
    }

    /// The client as far as somebody believed says, else the nearest address that is sure.
    fn client(&self, policy: &PeerPolicy) -> Client {
        let nearest = self
            .proxied
            .and_then(|proxied| proxied.client)
            .or(self.socket_peer)
            .map(|address| address.to_canonical());
        if !self.believes_headers(policy) {
            let named = self.proxied.and_then(|proxied| proxied.client).is_some();
            return Client {
                nearest,
                named: nearest.filter(|_| named),
            };
        }
        let named = forwarded::client(
            self.headers,
            &policy.trusted_proxies,
            policy.allow_real_ip_fallback,
        );
        Client { nearest, named }
    }
}

struct Client {
    /// The nearest hop whose address is sure.
    nearest: Option<IpAddr>,
    /// The client, named by a proxy that is believed.
    named: Option<IpAddr>,
}

/// Computes the peer of a request.
///
/// A request with forwarding headers is never local, whoever sent it: from a trusted proxy the headers name the client, from
/// anybody else they only prove that the request was forwarded. What comes by the listener for proxies, or behind a PROXY
/// header, is never local either.
pub fn classify(facts: &Facts<'_>, policy: &PeerPolicy) -> Peer {
    let text = |name| header_text(facts.headers, &name);
    let peer = |class, address, reported_ip, forwarded| Peer {
        class,
        address,
        reported_ip,
        host: text(HOST),
        origin: text(ORIGIN),
        forwarded,
        secure: secure(facts, policy, forwarded),
        user_agent: text(USER_AGENT),
        claim: None,
        scope_cap: proxy_identity::scope_cap(facts),
        via: via(facts.listener, forwarded, address),
        refused_origin: None,
    };
    if facts.listener == ListenerKind::Control {
        return peer(PeerClass::Control, None, None, false);
    }
    if facts.listener == ListenerKind::Ingress {
        let client = forwarded::only_hop(facts.headers);
        let reported = client
            .filter(|address| !address.is_loopback())
            .map(|address| address.to_string());
        let claim = claim::tailscale(facts.headers, client);
        let address = client.or(facts.socket_peer);
        return Peer {
            claim,
            ..peer(PeerClass::Remote, address, reported, true)
        };
    }
    let forwarded = facts.listener == ListenerKind::Proxy
        || facts.proxied.is_some()
        || forwarded::is_forwarded(facts.headers);
    if forwarded {
        let client = facts.client(policy);
        let reported = client
            .named
            .filter(|address| !address.is_loopback())
            .map(|address| address.to_string());
        let address = client.named.or(client.nearest);
        return Peer {
            claim: proxy_identity::claim(facts, policy),
            ..peer(PeerClass::Remote, address, reported, true)
        };
    }
    let Some(socket) = facts.socket_peer.map(|address| address.to_canonical()) else {
        return peer(PeerClass::Remote, None, None, false);
    };
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
    Peer {
        claim: (class == PeerClass::Remote)
            .then(|| proxy_identity::claim(facts, policy))
            .flatten(),
        ..peer(class, Some(socket), reported, false)
    }
}

/// Which way a connection came. `address` is the socket peer of what was not forwarded.
fn via(listener: ListenerKind, forwarded: bool, address: Option<IpAddr>) -> Via {
    match (listener, address) {
        (ListenerKind::Control, _) => Via::Control,
        (ListenerKind::Ingress, _) => Via::Tailscale,
        _ if forwarded => Via::Proxy,
        (_, Some(address)) if address.is_loopback() => Via::Loopback,
        (_, Some(address)) if crate::listen::in_tailscale_range(address) => Via::Tailnet,
        (_, Some(address)) if !crate::listen::is_public(address) => Via::Lan,
        _ => Via::Internet,
    }
}

/// Whether the client spoke TLS at the door, as far as anybody who is believed says.
fn secure(facts: &Facts<'_>, policy: &PeerPolicy, forwarded: bool) -> Option<bool> {
    if !forwarded {
        return Some(facts.secure);
    }
    let by_header = || {
        let scheme = header_text(facts.headers, &forwarded::X_FORWARDED_PROTO)?;
        match scheme.as_str() {
            "https" | "wss" => Some(true),
            "http" | "ws" => Some(false),
            _ => None,
        }
    };
    let by_proxy_header = facts.proxied.and_then(|proxied| proxied.secure);
    by_proxy_header
        // Tailscale ends TLS in front of its listener, and says so.
        .or_else(|| {
            by_header().filter(|_| {
                facts.believes_headers(policy) || facts.listener == ListenerKind::Ingress
            })
        })
        // Bytes that were passed on untouched carry the client's own TLS.
        .or_else(|| (facts.proxied.is_some() && facts.secure).then_some(true))
}

/// The warning a forwarded request deserves, if any. Log it once per proxy.
pub fn proxy_warning(facts: &Facts<'_>, policy: &PeerPolicy) -> Option<ProxyWarning> {
    if matches!(
        facts.listener,
        ListenerKind::Control | ListenerKind::Ingress
    ) {
        return None;
    }
    let has_headers = forwarded::is_forwarded(facts.headers);
    let client = facts.client(policy);
    if facts.listener == ListenerKind::Proxy || facts.proxied.is_some() {
        let unnamed = client.named.is_none();
        return unnamed.then_some(ProxyWarning::Unattributed(client.nearest));
    }
    let socket = client.nearest.filter(|_| has_headers)?;
    if !facts.believes_headers(policy) {
        return Some(ProxyWarning::Untrusted(socket));
    }
    client
        .named
        .is_none()
        .then_some(ProxyWarning::Unattributed(Some(socket)))
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
