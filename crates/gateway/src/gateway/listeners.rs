//! Keeps the main listeners in step with the settings and with the addresses of this machine.
//!
//! New listeners are open before old ones stop, what cannot be had leaves the old ones in place, and connections live on
//! whatever becomes of the listener that accepted them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use openclaw_config::load::Snapshot;
use openclaw_config::resolve::{GatewayFlags, GatewayPlan, resolve_gateway};
use openclaw_config::schema::{AuthMode, BindMode};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::core::Core;
use crate::gateway::{GatewayOptions, StartError};
use crate::listen::bind::{BindError, check_rest};
use crate::listen::steps::{Fate, fate, missing};
use crate::listen::{
    BindPlan, BindRefused, BindRequest, Guard, InterfaceAddress, ListenerHandle, MissingListener,
    Place, Waiting, bind_plan, interface_addresses,
};
use crate::lock::StateLock;
use crate::peer::ListenerKind;
use crate::subsystems::{Backoff, Part};

/// Name of the main listeners among the subsystems.
pub const NAME: &str = "listeners";
/// How long the old port is served after `gateway.port` has changed.
const LINGER: Duration = Duration::from_secs(5);

/// What belongs to the running gateway and ends with it.
#[derive(Debug)]
pub(super) struct Held {
    lock: StateLock,
    open: BTreeMap<SocketAddr, Open>,
}

#[derive(Debug)]
struct Open {
    _handle: ListenerHandle,
    /// When it is closed, if it is on its way out.
    until: Option<Instant>,
}

impl Held {
    pub(super) fn new(lock: StateLock, listeners: Vec<ListenerHandle>) -> Arc<Mutex<Self>> {
        let open = listeners
            .into_iter()
            .filter_map(|handle| Some((handle.address()?, Open::new(handle))))
            .collect();
        Arc::new(Mutex::new(Self { lock, open }))
    }
}

impl Held {
    /// The lock once more, for a successor.
    pub(super) fn hand_over_lock(&self) -> std::io::Result<std::fs::File> {
        self.lock.hand_over()
    }
}

impl Open {
    fn new(handle: ListenerHandle) -> Self {
        Self {
            _handle: handle,
            until: None,
        }
    }
}

/// What decides about the plan besides the config: what this start was given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    flags: GatewayFlags,
    port: Option<u16>,
    allow_weak_password: bool,
}

/// Whether a successor of the gateway that listens at `open` would listen as this plan says, on the addresses that this
/// machine has now.
///
/// # Errors
/// Why it would not: an address that it cannot have, or a credential too weak for who would reach it.
pub fn check_listening(
    flags: &GatewayFlags,
    plan: &GatewayPlan,
    allow_weak_password: bool,
    open: &[SocketAddr],
) -> Result<(), StartError> {
    let given = Given {
        flags: flags.clone(),
        port: None,
        allow_weak_password,
    };
    let interfaces = interface_addresses().unwrap_or_default();
    let machine = Machine::at_start(&interfaces);
    check_rest(&given.plan(plan, &machine)?, open)?;
    Ok(())
}

impl Given {
    pub(super) fn of(options: &GatewayOptions) -> Self {
        Self {
            flags: options.flags.clone(),
            port: options.port,
            allow_weak_password: options.allow_weak_password,
        }
    }

    /// The plan for these settings on a machine with these addresses.
    pub(super) fn plan(
        &self,
        plan: &GatewayPlan,
        machine: &Machine<'_>,
    ) -> Result<BindPlan, BindRefused> {
        let guard = match plan.auth.mode.value {
            AuthMode::None => Guard::Nothing,
            AuthMode::TrustedProxy => Guard::Proxy,
            AuthMode::Token => plan
                .auth
                .token
                .as_ref()
                .map_or(Guard::Nothing, |token| Guard::Token(token.value.expose())),
            AuthMode::Password => plan
                .auth
                .password
                .as_ref()
                .map_or(Guard::Nothing, |password| {
                    Guard::Password(password.value.expose())
                }),
        };
        let port = match self.port {
            // The system chose one at the start; that one stays.
            Some(0) if machine.port != 0 => machine.port,
            Some(port) => port,
            None => plan.port.value,
        };
        bind_plan(&BindRequest {
            mode: plan.bind.value,
            custom: plan.custom_host.as_ref().map(|host| &host.value),
            port,
            interfaces: machine.interfaces,
            tailnet: machine.tailnet,
            guard,
            allow_weak_password: self.allow_weak_password,
            tls: plan.tls.is_on(),
        })
    }
}

/// What is there to listen on.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    pub(super) interfaces: &'a [InterfaceAddress],
    pub(super) tailnet: &'a [std::net::IpAddr],
    /// Port in use, 0 before the first listener.
    pub(super) port: u16,
}

impl<'a> Machine<'a> {
    /// Before anything listens. What a tailnet gives comes later.
    pub(super) const fn at_start(interfaces: &'a [InterfaceAddress]) -> Self {
        Self {
            interfaces,
            tailnet: &[],
            port: 0,
        }
    }
}

/// Follows what decides about the listeners.
#[derive(Debug)]
pub(super) struct Follower {
    core: Arc<Core>,
    given: Given,
    held: Weak<Mutex<Held>>,
    part: Part,
    backoff: Backoff,
    warnings: Vec<String>,
}

/// Why the state is not as wanted.
struct Trouble {
    reason: String,
    fix: String,
    /// Whether time alone may help.
    retry: bool,
}

impl Follower {
    pub(super) fn new(core: &Arc<Core>, given: Given, held: &Arc<Mutex<Held>>) -> Self {
        Self {
            part: core.part(NAME),
            core: Arc::clone(core),
            given,
            held: Arc::downgrade(held),
            backoff: Backoff::default(),
            warnings: Vec::new(),
        }
    }

    /// Follows until it is dropped. `applied` tells that the config in `core.config` is in force: credentials are, before
    /// anything is opened that they guard.
    pub(super) async fn run(mut self, mut applied: tokio::sync::watch::Receiver<()>) {
        let mut interfaces = self.core.interfaces.subscribe();
        let mut tailnet = self.core.tailnet.subscribe();
        loop {
            let again = self.round().await;
            let sleep = async {
                match again {
                    Some(delay) => tokio::time::sleep(delay).await,
                    None => std::future::pending().await,
                }
            };
            let gone = tokio::select! {
                changed = applied.changed() => changed.is_err(),
                changed = interfaces.changed() => changed.is_err(),
                changed = tailnet.changed() => changed.is_err(),
                () = sleep => false,
            };
            if gone {
                return;
            }
        }
    }

    /// Brings the listeners to what is wanted now and tells how it went; returns when to look again without a change.
    pub(super) async fn round(&mut self) -> Option<Duration> {
        let snapshot = self.core.snapshot();
        let trouble = match self.plan(&snapshot) {
            // The settings as a whole cannot be used: the part "config" says so.
            None => return self.close_lingering(),
            Some(Err(refused)) => Some(Trouble::refused(&refused)),
            Some(Ok(plan)) => {
                self.warn(&plan);
                self.apply(&plan).await
            }
        };
        let retry = match trouble {
            None => {
                self.backoff.reset();
                let listening = self.core.listening.borrow();
                let shown: Vec<_> = listening.iter().map(ToString::to_string).collect();
                self.part.up(shown.join(", "));
                None
            }
            Some(trouble) => {
                let delay = trouble.retry.then(|| self.backoff.next_delay());
                self.part.degraded(trouble.reason, trouble.fix, delay);
                delay
            }
        };
        let closing = self.close_lingering();
        [retry, closing].into_iter().flatten().min()
    }

    fn plan(&self, snapshot: &Snapshot) -> Option<Result<BindPlan, BindRefused>> {
        let profile = &self.core.server.paths.profile;
        let settings = &snapshot.settings;
        let plan = resolve_gateway(&self.given.flags, &snapshot.env, settings, profile).ok()?;
        let interfaces = self.core.interfaces.borrow();
        let tailnet = self.core.tailnet.borrow();
        let machine = Machine {
            interfaces: &interfaces,
            tailnet: &tailnet,
            port: self.core.port(),
        };
        Some(self.given.plan(&plan, &machine))
    }

    /// Says what the operator should hear, once.
    fn warn(&mut self, plan: &BindPlan) {
        for warning in &plan.warnings {
            if !self.warnings.contains(warning) {
                tracing::warn!("{warning}");
            }
        }
        self.warnings.clone_from(&plan.warnings);
    }

    /// Opens what is missing, then closes what is not wanted. When the plan cannot be had, all stays as it was.
    async fn apply(&self, plan: &BindPlan) -> Option<Trouble> {
        let held = self.held.upgrade()?;
        let open: Vec<SocketAddr> = held.lock().open.keys().copied().collect();
        let mut opened = Vec::new();
        let mut lacking = Vec::new();
        for (address, required) in missing(&open, plan) {
            let listeners = &self.core.listeners;
            match listeners
                .open(ListenerKind::Main, Place::Tcp(address))
                .await
            {
                Ok(handle) => opened.push(handle),
                // The gateway is on its way out.
                Err(BindError::Stopping) => return None,
                // A busy port is never passed over: half a gateway, with a stranger on the other half, helps nobody.
                Err(error @ BindError::InUse { .. }) => return Some(Trouble::bind(&error)),
                Err(error) if required => return Some(Trouble::bind(&error)),
                Err(error) => lacking.extend(lack(address, &error)),
            }
        }
        self.switch(&held, plan, opened);
        Trouble::incomplete(plan, &lacking)
    }

    fn switch(&self, held: &Mutex<Held>, plan: &BindPlan, opened: Vec<ListenerHandle>) {
        let scheme = match self.core.tls.facts() {
            Some(_) => "wss",
            None => "ws",
        };
        let mut held = held.lock();
        for handle in opened {
            if let Some(address) = handle.address() {
                tracing::info!(target: "gateway", "listening on {scheme}://{address}");
                held.open.insert(address, Open::new(handle));
            }
        }
        let now = Instant::now();
        held.open.retain(|address, open| match fate(*address, plan) {
            Fate::Stays | Fate::Covered => {
                open.until = None;
                true
            }
            Fate::Lingers => {
                open.until.get_or_insert(now + LINGER);
                true
            }
            Fate::Closes => {
                tracing::info!(target: "gateway", "no longer listening on {scheme}://{address}");
                false
            }
        });
        let mut addresses: Vec<SocketAddr> = plan
            .addresses()
            .filter(|address| held.open.contains_key(address))
            .collect();
        addresses.sort_by_key(|address| !address.ip().is_loopback());
        if let Some(first) = addresses.first() {
            self.core.port.store(first.port(), Ordering::Relaxed);
        }
        let changed = *self.core.listening.borrow() != addresses;
        if changed {
            if let Err(error) = held.lock.set_addresses(&addresses) {
                tracing::warn!(%error, "the lock file could not name the addresses");
            }
            self.core.listening.send_replace(addresses);
        }
    }

    /// Closes listeners whose time is over; returns when the next one's is.
    fn close_lingering(&self) -> Option<Duration> {
        let held = self.held.upgrade()?;
        let mut held = held.lock();
        let now = Instant::now();
        held.open.retain(|address, open| {
            let stays = open.until.is_none_or(|until| until > now);
            if !stays {
                tracing::info!(target: "gateway", "no longer listening on {address}");
            }
            stays
        });
        let next = held.open.values().filter_map(|open| open.until).min()?;
        Some(next - now)
    }
}

/// What is missing because an optional address cannot be bound.
fn lack(address: SocketAddr, error: &BindError) -> Option<MissingListener> {
    match error {
        BindError::NotOurs { .. } => {
            let not_there = std::io::ErrorKind::AddrNotAvailable.into();
            MissingListener::of(address, &not_there)
        }
        BindError::Other { source, .. } => MissingListener::of(address, source),
        other => Some(MissingListener {
            address,
            reason: other.to_string(),
        }),
    }
}

impl Trouble {
    /// The plan is refused: the text that a start would have ended with.
    fn refused(refused: &BindRefused) -> Self {
        let text = refused.to_string();
        let (what, fix) = text.split_once('\n').unwrap_or((&text, ""));
        Self {
            reason: format!("{what}; the listeners before stay"),
            fix: fix.to_owned(),
            retry: false,
        }
    }

    fn bind(error: &BindError) -> Self {
        let text = error.to_string();
        let mut lines: Vec<&str> = text.lines().collect();
        let fix = if lines.len() > 1 {
            lines.pop().unwrap_or_default().trim_start_matches("- ")
        } else {
            "openclaw gateway status --deep"
        };
        Self {
            reason: format!("{}; the listeners before stay", lines.join(" ")),
            fix: fix.to_owned(),
            retry: true,
        }
    }

    /// The plan is in force as far as it can be.
    fn incomplete(plan: &BindPlan, lacking: &[MissingListener]) -> Option<Self> {
        if let Some(Waiting { reason, fix }) = &plan.waiting {
            // Ends with a change of the machine's addresses, which is noticed.
            return Some(Self {
                reason: reason.clone(),
                fix: fix.clone(),
                retry: false,
            });
        }
        if let Some(refused) = plan.refused.first() {
            return Some(Self::refused(refused));
        }
        let reasons: Vec<String> = lacking
            .iter()
            .map(|missing| format!("not listening on {}: {}", missing.address, missing.reason))
            .collect();
        if reasons.is_empty() {
            return None;
        }
        let fix = match plan.mode {
            BindMode::Custom => {
                "ip address (shows what this machine has), then: openclaw config set gateway.customBindHost <address>"
            }
            _ => "openclaw gateway status --deep",
        };
        Some(Self {
            reason: reasons.join("; "),
            fix: fix.to_owned(),
            retry: true,
        })
    }
}
