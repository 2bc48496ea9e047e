//! The adapter: follows settings, addresses, listeners and certificate, keeps the sockets open and the zone right, and tells how
//! it is doing.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::store;
use openclaw_gateway::adapters::{Adapter, Running};
use openclaw_gateway::core::Core;
use openclaw_gateway::discovery::facts;
use openclaw_gateway::listen::interfaces::tailnet_addresses;
use openclaw_gateway::subsystems::{Backoff, Part};
use openclaw_gateway::tasks::blocking;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::limit::Limit;
use super::plan::{NoPlan, Plan};
use super::serve::{Listener, Served};
use super::zone::Zone;
use super::zone_file::{ZoneFile, next_serial};

/// Name among the subsystems.
const NAME: &str = "wide-area";
/// How often addresses, certificate and sockets are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The wide-area DNS responder as a part of the gateway.
#[derive(Debug, Default)]
pub struct WideArea;

impl Adapter for WideArea {
    fn name(&self) -> &'static str {
        NAME
    }

    fn run(self: Box<Self>, core: Arc<Core>, part: Part) -> Running {
        Box::pin(run(core, part))
    }
}

async fn run(core: Arc<Core>, part: Part) {
    let mut config = core.config.clone();
    let mut listening = core.listening.subscribe();
    let mut interfaces = core.interfaces.subscribe();
    let mut tailnet = core.tailnet.subscribe();
    let mut responder = Responder::new(Arc::clone(&core), part.clone());
    loop {
        let look = match plan(&core) {
            Ok(plan) => {
                responder.serve(plan).await;
                true
            }
            Err(NoPlan::Off) => {
                responder.close();
                part.off();
                false
            }
            Err(NoPlan::Missing { reason, fix }) => {
                responder.close();
                part.degraded(reason, fix, Some(LOOK_EVERY));
                true
            }
        };
        tokio::select! {
            // All senders live as long as the gateway.
            _ = config.changed() => {}
            _ = listening.changed() => {}
            _ = interfaces.changed() => {}
            _ = tailnet.changed() => {}
            () = tokio::time::sleep(LOOK_EVERY), if look => {}
        }
    }
}

fn plan(core: &Core) -> Result<Plan, NoPlan> {
    let snapshot = core.snapshot();
    let interfaces = core.interfaces.borrow().clone();
    // As Tailscale says; while it says nothing, by the interfaces.
    let said = core.tailnet.borrow().clone();
    let tailnet = if said.is_empty() {
        tailnet_addresses(&interfaces)
    } else {
        said
    };
    Plan::make(
        &snapshot.settings,
        &snapshot.env,
        &facts::read(core),
        &interfaces,
        &tailnet,
    )
}

/// A socket that could not be opened.
struct Failure {
    problem: String,
    fix: String,
    backoff: Backoff,
    next: Instant,
}

struct Responder {
    core: Arc<Core>,
    part: Part,
    limit: Arc<Mutex<Limit>>,
    served: Option<watch::Sender<Served>>,
    listeners: BTreeMap<SocketAddr, Listener>,
    failures: BTreeMap<SocketAddr, Failure>,
    serial: Option<u32>,
}

impl Responder {
    fn new(core: Arc<Core>, part: Part) -> Self {
        Self {
            core,
            part,
            limit: Arc::new(Mutex::new(Limit::new(Instant::now()))),
            served: None,
            listeners: BTreeMap::new(),
            failures: BTreeMap::new(),
            serial: None,
        }
    }

    fn close(&mut self) {
        self.listeners.clear();
        self.failures.clear();
        self.served = None;
    }

    /// Brings zone and sockets in line with the plan.
    async fn serve(&mut self, plan: Plan) {
        let before = self.served.as_ref().map(|served| served.borrow().clone());
        let new_zone = before
            .as_ref()
            .is_none_or(|before| before.plan.zone != plan.zone);
        let zone = match before.filter(|_| !new_zone) {
            Some(before) => before.zone,
            None => match self.build(&plan).await {
                Ok(zone) => Arc::new(zone),
                Err(reason) => {
                    self.close();
                    let fix = "choose a shorter domain: openclaw config set discovery.wideArea.domain <domain>";
                    self.part.degraded(reason, fix, None);
                    return;
                }
            },
        };
        let served = Served {
            plan: Arc::new(plan),
            zone,
        };
        let plan = Arc::clone(&served.plan);
        match &self.served {
            Some(sender) => {
                sender.send_replace(served);
            }
            None => self.served = Some(watch::Sender::new(served)),
        }
        self.open(&plan);
        self.tell(&plan);
    }

    /// The zone with its serial; the zone file follows it.
    async fn build(&mut self, plan: &Plan) -> Result<Zone, String> {
        let today = today(self.core.now_ms());
        let mut serial = next_serial(self.serial, today);
        let path = zone_file_path(&self.core, plan);
        let facts = plan.zone.clone();
        let shown = format!("{} → {}", plan.zone.domain, path.display());
        let written = blocking("zone file", move || {
            let before = std::fs::read_to_string(&path).ok();
            let file = ZoneFile::write(&facts, before.as_deref(), today)?;
            let result = if file.changed {
                store::write_private(&path, file.text.as_bytes())
            } else {
                Ok(())
            };
            Some((file, result))
        });
        if let Some(Some((file, result))) = written.await {
            serial = serial.max(file.serial);
            match result {
                Ok(()) => {
                    let what = if file.changed { "updated" } else { "unchanged" };
                    tracing::info!(target: "gateway", "wide-area DNS-SD {what} ({shown})");
                }
                // Our own responder does not need it.
                Err(error) => {
                    tracing::warn!(target: "gateway", %error, "the zone file could not be written ({shown})");
                }
            }
        }
        self.serial = Some(serial);
        Zone::build(&plan.zone, serial).map_err(|error| error.to_string())
    }

    fn open(&mut self, plan: &Plan) {
        let Some(served) = self.served.as_ref().map(watch::Sender::subscribe) else {
            return;
        };
        self.listeners
            .retain(|address, listener| plan.listen.contains(address) && listener.is_alive());
        self.failures
            .retain(|address, _| plan.listen.contains(address));
        for address in &plan.listen {
            let now = Instant::now();
            let waits = self
                .failures
                .get(address)
                .is_some_and(|failure| failure.next > now);
            if waits || self.listeners.contains_key(address) {
                continue;
            }
            match Listener::open(*address, &served, &self.limit) {
                Ok(listener) => {
                    self.failures.remove(address);
                    self.listeners.insert(*address, listener);
                }
                Err(error) => {
                    let mut backoff = self
                        .failures
                        .remove(address)
                        .map(|failure| failure.backoff)
                        .unwrap_or_default();
                    let next = now + backoff.next_delay();
                    let (problem, fix) = explain(*address, &error);
                    let failure = Failure {
                        problem,
                        fix,
                        backoff,
                        next,
                    };
                    self.failures.insert(*address, failure);
                }
            }
        }
    }

    fn tell(&self, plan: &Plan) {
        let domain = &plan.zone.domain;
        if let Some(failure) = self.failures.values().next() {
            let next = self.failures.values().map(|failure| failure.next).min();
            let retry = next.map(|next| next.saturating_duration_since(Instant::now()));
            let rest = match self.listeners.keys().next() {
                Some(address) => format!("; {address} answers"),
                None => String::new(),
            };
            let reason = format!("{}{rest}", failure.problem);
            self.part.degraded(reason, failure.fix.clone(), retry);
            return;
        }
        if plan.zone.gateway.is_none() {
            let listen = shown(&plan.listen);
            self.part.degraded(
                format!("{domain} is served on {listen}, but the gateway cannot be reached there, so it is not in it"),
                "openclaw config set gateway.bind tailnet",
                None,
            );
            return;
        }
        self.part.up(format!(
            "answers for {domain} on {} (UDP and TCP); to have devices ask it: openclaw dns setup",
            shown(&plan.listen)
        ));
    }
}

fn shown(addresses: &[SocketAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// What is wrong with a socket, and what to do.
fn explain(address: SocketAddr, error: &io::Error) -> (String, String) {
    let port = address.port();
    let other = "another port: openclaw config set discovery.wideArea.port 5300 (split DNS of a tailnet asks port 53 only)";
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            let program = std::env::current_exe()
                .map_or_else(|_| "openclaw".to_owned(), |path| path.display().to_string());
            (
                format!(
                    "DNS port {port} on {} needs a privilege: {error}",
                    address.ip()
                ),
                format!(
                    "sudo setcap cap_net_bind_service=+ep {program}, or AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit of the gateway, then restart it; or {other}"
                ),
            )
        }
        io::ErrorKind::AddrInUse => (
            format!("DNS port {port} on {} is taken", address.ip()),
            format!("stop the other DNS server (sudo ss -lunp 'sport = :{port}'), or {other}"),
        ),
        _ => (
            format!("DNS cannot be served on {address}: {error}"),
            "compare the address with: ip -brief address".to_owned(),
        ),
    }
}

/// Where the zone file of this plan's domain is.
fn zone_file_path(core: &Core, plan: &Plan) -> PathBuf {
    super::zone_file_path(&core.server.state_dir, &plan.zone.domain)
}

/// `YYYYMMDD` in UTC.
pub(super) fn today(now_ms: i64) -> u32 {
    let date = jiff::Timestamp::from_millisecond(now_ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let number =
        i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day());
    u32::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_number() {
        assert_eq!(today(0), 19_700_101);
        assert_eq!(today(1_795_651_200_000), 20_261_126);
    }

    #[test]
    fn every_failure_has_a_fix() {
        let address: SocketAddr = "100.64.0.5:53".parse().unwrap();
        for (kind, reason, fix) in [
            (
                io::ErrorKind::PermissionDenied,
                "needs a privilege",
                "setcap cap_net_bind_service=+ep",
            ),
            (io::ErrorKind::AddrInUse, "is taken", "ss -lunp"),
            (
                io::ErrorKind::AddrNotAvailable,
                "cannot be served",
                "ip -brief address",
            ),
        ] {
            let (said, todo) = explain(address, &kind.into());
            assert!(
                said.contains(reason) && todo.contains(fix),
                "{said} / {todo}"
            );
        }
    }
}
