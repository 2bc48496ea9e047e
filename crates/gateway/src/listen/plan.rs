//! Which addresses to listen on: from the bind mode and the interfaces to a plan, without touching a socket.
//!
//! 127.0.0.1 (and `::1` where present) is part of every plan. A plan is never wider than what was asked for: what is not
//! there is waited for, not replaced.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use openclaw_config::schema::{BindHost, BindMode};

use super::custom::{CustomBind, is_here};
use super::interfaces::{InterfaceAddress, is_public, tailnet_addresses_as_told};
use super::password::{MIN_PASSWORD_CHARS, WeakPassword, WeakToken, token_weakness, weakness};

/// What guards the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard<'a> {
    /// Nothing: no credential, or mode `none`.
    Nothing,
    /// A shared token, whose length counts.
    Token(&'a str),
    /// A shared password, whose strength counts.
    Password(&'a str),
    /// A reverse proxy that names the user.
    Proxy,
}

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct BindRequest<'a> {
    /// Bind mode.
    pub mode: BindMode,
    /// For `custom`: an address, an interface or a range.
    pub custom: Option<&'a BindHost>,
    /// TCP port; 0 lets the system choose (tests).
    pub port: u16,
    /// Addresses of this machine, loopback included.
    pub interfaces: &'a [InterfaceAddress],
    /// Addresses of this machine on its tailnet as Tailscale says; empty if it says nothing.
    pub tailnet: &'a [IpAddr],
    /// What guards the gateway.
    pub guard: Guard<'a>,
    /// `--i-know`: a weak password or token is accepted.
    pub allow_weak_password: bool,
    /// Whether the listeners speak TLS.
    pub tls: bool,
}

/// Addresses to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindPlan {
    /// The mode in effect; for `auto` the step that was taken.
    pub mode: BindMode,
    /// These must be bound, or the start fails.
    pub required: Vec<SocketAddr>,
    /// These are bound if possible; a failure leaves the gateway degraded.
    pub optional: Vec<SocketAddr>,
    /// What was asked for but is not there yet. The gateway serves the rest and reports itself degraded.
    pub waiting: Option<Waiting>,
    /// Steps of `auto` that were not taken because nothing guards the gateway.
    pub refused: Vec<BindRefused>,
    /// What the operator should hear at every start.
    pub warnings: Vec<String>,
}

impl BindPlan {
    /// Every address, the required ones first.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.required.iter().chain(&self.optional).copied()
    }
}

/// What was asked for and is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What, and what is open meanwhile.
    pub reason: String,
    /// A command that may help.
    pub fix: String,
}

/// Why nothing is listened on. Two lines: what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindRefused {
    /// A listener that others can reach, and no credential.
    #[error(
        "refusing to bind to {mode} without auth\nSet gateway.auth.token/password (or \
         OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD), pass --token/--password, or use --bind loopback."
    )]
    WithoutAuth {
        /// The mode asked for.
        mode: BindMode,
    },
    /// A listener that others can reach, and a password that is guessed quickly.
    #[error(
        "refusing to bind to {mode} with a weak password ({why})\nSet gateway.auth.password to {MIN_PASSWORD_CHARS} or more \
         characters that nobody guesses, use a token (openssl rand -hex 32), or pass --i-know to accept the risk."
    )]
    WeakPassword {
        /// The mode asked for.
        mode: BindMode,
        /// What is weak about it; never the password.
        why: WeakPassword,
    },
    /// A listener that others can reach, and a token that is tried out quickly.
    #[error(
        "refusing to bind to {mode} with a weak token ({why})\nSet gateway.auth.token (or OPENCLAW_GATEWAY_TOKEN, --token) to a \
         long random one (openssl rand -hex 32), use --bind loopback, or pass --i-know to accept the risk."
    )]
    WeakToken {
        /// The mode asked for.
        mode: BindMode,
        /// What is weak about it; never the token.
        why: WeakToken,
    },
    /// `custom` without an address.
    #[error(
        "bind mode custom needs an address\nSet gateway.customBindHost to an address of this machine, or give the address as \
         the mode: --bind 192.0.2.10"
    )]
    CustomMissing,
}

/// Makes the plan.
pub fn bind_plan(request: &BindRequest<'_>) -> Result<BindPlan, BindRefused> {
    let mut plan = match request.mode {
        BindMode::Loopback => loopback(request),
        BindMode::Lan => lan(request)?,
        BindMode::Tailnet => tailnet(request)?,
        BindMode::Custom => custom(request)?,
        BindMode::Auto => auto(request)?,
    };
    plan.warnings = warnings(request, &plan);
    Ok(plan)
}

fn loopback(request: &BindRequest<'_>) -> BindPlan {
    let has = |address| {
        request
            .interfaces
            .iter()
            .any(|known| known.address == address)
    };
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, request.port));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, request.port));
    let (has_v4, has_v6) = (has(v4.ip()), has(v6.ip()));
    let (required, optional) = match (has_v4, has_v6) {
        (_, false) => (vec![v4], vec![]),
        (true, true) => (vec![v4], vec![v6]),
        (false, true) => (vec![v6], vec![v4]),
    };
    BindPlan {
        mode: BindMode::Loopback,
        required,
        optional,
        waiting: None,
        refused: Vec::new(),
        warnings: Vec::new(),
    }
}

fn lan(request: &BindRequest<'_>) -> Result<BindPlan, BindRefused> {
    require_guard(request, request.mode)?;
    let mut plan = BindPlan {
        mode: BindMode::Lan,
        ..loopback(request)
    };
    set_wildcards(request, &mut plan);
    Ok(plan)
}

/// Both wildcards take the place of the loopback addresses, which they include. One family may be missing.
fn set_wildcards(request: &BindRequest<'_>, plan: &mut BindPlan) {
    let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, request.port));
    let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, request.port));
    let v6_only = !request.interfaces.is_empty()
        && request
            .interfaces
            .iter()
            .all(|known| known.address.is_ipv6());
    let (required, optional) = if v6_only { (v6, v4) } else { (v4, v6) };
    plan.required = vec![required];
    plan.optional = vec![optional];
}

fn tailnet(request: &BindRequest<'_>) -> Result<BindPlan, BindRefused> {
    require_guard(request, request.mode)?;
    let mut plan = BindPlan {
        mode: BindMode::Tailnet,
        ..loopback(request)
    };
    let addresses = tailnet_addresses_as_told(request.interfaces, request.tailnet);
    if addresses.is_empty() {
        plan.waiting = Some(if request.tailnet.is_empty() {
            Waiting {
                reason: "no tailnet address on this machine; only loopback is open until Tailscale is up"
                    .to_owned(),
                fix: "tailscale up".to_owned(),
            }
        } else {
            Waiting {
                reason: "Tailscale runs in userspace and gives this machine no interface to listen on; only loopback is open"
                    .to_owned(),
                fix: "openclaw config set gateway.tailscale.mode serve".to_owned(),
            }
        });
    }
    let sockets = addresses
        .into_iter()
        .map(|address| SocketAddr::new(address, request.port));
    plan.optional.extend(sockets);
    Ok(plan)
}

fn auto(request: &BindRequest<'_>) -> Result<BindPlan, BindRefused> {
    let no_interfaces_known = request.interfaces.is_empty();
    let has_loopback = request
        .interfaces
        .iter()
        .any(|known| known.address.is_loopback());
    if no_interfaces_known || has_loopback {
        return Ok(loopback(request));
    }
    let step = if tailnet_addresses_as_told(request.interfaces, request.tailnet).is_empty() {
        BindMode::Lan
    } else {
        BindMode::Tailnet
    };
    let narrower = |mode| BindRequest { mode, ..*request };
    match step {
        BindMode::Tailnet => tailnet(&narrower(step)),
        _ => lan(&narrower(step)),
    }
    // Without a loopback interface a refused step must not end the start: the control socket still serves the owner.
    .or_else(|refused| {
        Ok(BindPlan {
            required: Vec::new(),
            optional: Vec::new(),
            refused: vec![refused],
            ..loopback(request)
        })
    })
}

fn custom(request: &BindRequest<'_>) -> Result<BindPlan, BindRefused> {
    let host = request.custom.ok_or(BindRefused::CustomMissing)?;
    let wanted = CustomBind::find(host, request.interfaces);
    let mut plan = BindPlan {
        mode: BindMode::Custom,
        ..loopback(request)
    };
    let zoned = |(address, zone)| socket_address(address, zone, request.port);
    match wanted {
        CustomBind::Address(address, zone) => {
            let socket = zoned((address, zone));
            if address.is_unspecified() {
                require_guard(request, request.mode)?;
                // Only the family that was named is open to others; the other one keeps its loopback address.
                plan.optional.append(&mut plan.required);
                plan.optional
                    .retain(|known| known.is_ipv4() != address.is_ipv4());
                plan.required = vec![socket];
            } else {
                if !address.is_loopback() {
                    require_guard(request, request.mode)?;
                }
                plan.optional.retain(|known| *known != socket);
                // One that is not there is tried all the same: systems can accept connections for the addresses of a route.
                let is_certain = is_here(host, request.interfaces) || request.interfaces.is_empty();
                if is_certain && !plan.required.contains(&socket) {
                    plan.required.push(socket);
                } else if !is_certain {
                    plan.optional.push(socket);
                }
            }
        }
        CustomBind::Matching(addresses) => {
            let only_loopback =
                !addresses.is_empty() && addresses.iter().all(|(address, _)| address.is_loopback());
            if !only_loopback {
                require_guard(request, request.mode)?;
            }
            if addresses.is_empty() {
                plan.waiting = Some(Waiting {
                    reason: format!(
                        "no address on this machine matches {host}; only loopback is open until there is one"
                    ),
                    fix: "openclaw config set gateway.customBindHost <what `ip address` shows>"
                        .to_owned(),
                });
            }
            let others = addresses.into_iter().map(zoned);
            let known = [plan.required.clone(), plan.optional.clone()].concat();
            plan.optional
                .extend(others.filter(|socket| !known.contains(socket)));
        }
    }
    Ok(plan)
}

fn socket_address(address: IpAddr, zone: u32, port: u16) -> SocketAddr {
    match address {
        IpAddr::V4(address) => SocketAddr::from((address, port)),
        IpAddr::V6(address) => SocketAddr::V6(SocketAddrV6::new(address, port, 0, zone)),
    }
}

fn require_guard(request: &BindRequest<'_>, mode: BindMode) -> Result<(), BindRefused> {
    match request.guard {
        Guard::Proxy => Ok(()),
        Guard::Token(token) => match token_weakness(token) {
            Some(why @ WeakToken::Tiny) if !request.allow_weak_password => {
                Err(BindRefused::WeakToken { mode, why })
            }
            _ => Ok(()),
        },
        Guard::Nothing => Err(BindRefused::WithoutAuth { mode }),
        Guard::Password(password) => match weakness(password) {
            Some(why) if !request.allow_weak_password => {
                Err(BindRefused::WeakPassword { mode, why })
            }
            _ => Ok(()),
        },
    }
}

fn warnings(request: &BindRequest<'_>, plan: &BindPlan) -> Vec<String> {
    let waiting = plan.waiting.iter();
    let mut warnings: Vec<_> = waiting.map(|waiting| waiting.reason.clone()).collect();
    warnings.extend(plan.refused.iter().map(ToString::to_string));
    let is_open = plan.addresses().any(|socket| !socket.ip().is_loopback());
    if let Guard::Token(token) = request.guard
        && is_open
        && let Some(why) = token_weakness(token)
    {
        warnings.push(format!(
            "others can reach this gateway, and its token can be guessed ({why}): whoever has it runs commands here; set a long \
             random one: openclaw config set gateway.auth.token \"$(openssl rand -hex 32)\""
        ));
    }
    if request.tls {
        return warnings;
    }
    let wildcard = |family: fn(&IpAddr) -> bool| {
        plan.required
            .iter()
            .chain(&plan.optional)
            .any(|socket| socket.ip().is_unspecified() && family(&socket.ip()))
    };
    let open = |address: &IpAddr| {
        let named = plan
            .required
            .iter()
            .chain(&plan.optional)
            .any(|socket| socket.ip() == *address);
        named
            || (address.is_ipv4() && wildcard(IpAddr::is_ipv4))
            || (address.is_ipv6() && wildcard(IpAddr::is_ipv6))
    };
    let public: Vec<_> = request
        .interfaces
        .iter()
        .map(|known| known.address)
        .filter(|address| is_public(*address) && open(address))
        .map(|address| address.to_string())
        .collect();
    if !public.is_empty() {
        warnings.push(format!(
            "listening without TLS on the public address {}: credentials and traffic can be read on the way; set \
             gateway.tls.enabled or use --bind loopback with an SSH tunnel or Tailscale",
            public.join(", ")
        ));
    }
    warnings
}
#[cfg(test)]
mod tests;
