//! Which names the gateway answers to.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::RwLock;

use super::origin::OriginPolicy;
use super::{Authority, HostName};

/// Names and addresses of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    own: Vec<String>,
    magic_dns: Option<String>,
    addresses: Vec<IpAddr>,
}

impl Names {
    /// Names of a machine with this host name; `name.local` is included. Domains of the host name are kept as they are.
    pub fn new(hostname: Option<&str>) -> Self {
        let mut names = vec!["localhost".to_owned()];
        if let Some(HostName::Name(name)) = hostname.and_then(HostName::parse) {
            let first = name.split('.').next().unwrap_or(&name).to_owned();
            names.push(format!("{first}.local"));
            names.push(first);
            names.push(name);
        }
        names.sort_unstable();
        names.dedup();
        Self {
            own: names,
            magic_dns: None,
            addresses: Vec::new(),
        }
    }

    /// Adds our name in a tailnet.
    #[must_use]
    pub fn with_magic_dns(mut self, name: &str) -> Self {
        if let Some(HostName::Name(name)) = HostName::parse(name) {
            self.magic_dns = Some(name);
        }
        self
    }

    /// Adds another name, such as one we advertise.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        if let Some(HostName::Name(name)) = HostName::parse(name) {
            self.own.push(name);
        }
        self
    }

    /// Addresses of this machine.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Whether `name` (lowercase) is ours.
    pub fn has(&self, name: &str) -> bool {
        self.own.iter().any(|ours| ours == name) || self.magic_dns.as_deref() == Some(name)
    }

    /// Whether `name` may be ours: a tailnet name, while we do not know our own.
    fn may_be_ours(&self, name: &str) -> bool {
        self.magic_dns.is_none() && name.ends_with(".ts.net")
    }
}

/// The names of this machine as they become known: our name in a tailnet, names that are announced. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct KnownNames(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    hostname: Option<String>,
    magic_dns: Option<String>,
    announced: Vec<String>,
    domains: Vec<String>,
    addresses: Vec<IpAddr>,
    names: Arc<Names>,
}

impl KnownNames {
    /// The names of a machine with this host name.
    pub fn new(hostname: Option<&str>) -> Self {
        let known = Known {
            hostname: hostname.map(str::to_owned),
            names: Arc::new(Names::new(hostname)),
            ..Known::default()
        };
        Self(Arc::new(RwLock::new(known)))
    }

    /// All of them now. The same `Arc` until one changes.
    pub fn current(&self) -> Arc<Names> {
        Arc::clone(&self.0.read().names)
    }

    /// Our name in the tailnet, or that we have none.
    pub fn set_magic_dns(&self, name: Option<&str>) {
        self.change(|known| {
            let name = name.map(str::to_owned);
            std::mem::replace(&mut known.magic_dns, name.clone()) != name
        });
    }

    /// The names under which others are told to find us, such as the one that mDNS settled on.
    pub fn set_announced(&self, names: Vec<String>) {
        self.change(|known| {
            let changed = known.announced != names;
            known.announced = names;
            changed
        });
    }

    /// The domains of the gateway: a certificate for a name is the wish to be called by it.
    pub fn set_domains(&self, domains: &[String]) {
        self.change(|known| {
            let changed = known.domains != domains;
            domains.clone_into(&mut known.domains);
            changed
        });
    }

    /// The addresses of this machine.
    pub fn set_addresses(&self, addresses: Vec<IpAddr>) {
        self.change(|known| {
            let changed = known.addresses != addresses;
            known.addresses = addresses;
            changed
        });
    }

    fn change(&self, change: impl FnOnce(&mut Known) -> bool) {
        let mut known = self.0.write();
        if !change(&mut known) {
            return;
        }
        let mut names = Names::new(known.hostname.as_deref());
        if let Some(name) = &known.magic_dns {
            names = names.with_magic_dns(name);
        }
        for name in known.announced.iter().chain(&known.domains) {
            names = names.with_name(name);
        }
        names.addresses.clone_from(&known.addresses);
        known.names = Arc::new(names);
    }
}

/// What a request wants, as far as the host check is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// A plain HTTP request.
    Http,
    /// A WebSocket upgrade.
    Upgrade,
}

/// Why a request for this host is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostRefused {
    /// `Host` is missing, repeated with different values or unreadable. HTTP 400.
    #[error("missing or invalid Host header")]
    Invalid,
    /// The name is not ours. HTTP 421.
    #[error("this gateway does not know the name {name}; to allow it run: {fix_command}")]
    Unknown {
        /// Name asked for.
        name: String,
        /// The command that would allow it.
        fix_command: String,
    },
}

/// Decides whether the gateway answers to the `Host` of a request.
///
/// Only names matter: an address literal cannot be rebound to another server. An upgrade without `Origin` passes with any
/// name: no web page is behind it, and command lines and nodes may know us by names we do not. `scheme` is how the client
/// reached the door, if that is known: it goes into the command that would allow the name.
pub fn host_verdict(
    host: Option<&str>,
    has_origin: bool,
    kind: RequestKind,
    scheme: Option<&str>,
    policy: &OriginPolicy,
    names: &Names,
) -> Result<(), HostRefused> {
    if kind == RequestKind::Upgrade && !has_origin {
        return Ok(());
    }
    let host = host
        .and_then(Authority::parse)
        .ok_or(HostRefused::Invalid)?;
    let HostName::Name(name) = &host.host else {
        return Ok(());
    };
    let known = policy.any
        || policy.any_host
        || names.has(name)
        || policy.names().any(|configured| configured == name)
        || (!has_origin && names.may_be_ours(name));
    if known {
        return Ok(());
    }
    Err(HostRefused::Unknown {
        fix_command: policy.command_to_allow(&match scheme {
            Some(scheme) => format!("{scheme}://{host}"),
            // An entry without a scheme stands for both.
            None => host.to_string(),
        }),
        name: name.clone(),
    })
}
