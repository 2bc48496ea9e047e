//! The announcer of the local network: follows settings, listeners, certificate and network, renames on conflict, and tells how
//! it is doing. When nothing is to be announced there is no responder, so not one packet.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mdns_sd::{DaemonEvent, DnsNameChange};
use openclaw_config::load::Snapshot;
use openclaw_config::schema::MdnsMode;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, sleep_until};
use tokio_util::sync::CancellationToken;

use super::check::{self, Checked, Rivals};
use super::daemon::Daemon;
use super::facts;
use super::records::Service;
use crate::core::Core;
use crate::listen::InterfaceAddress;
use crate::listen::interfaces::up_interfaces;
use crate::subsystems::{Backoff, Part};
use crate::tailscale::TailnetFacts;

/// Name among the subsystems.
const NAME: &str = "mdns";
/// How often certificate, host name and interfaces are looked at while something is announced.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long probing and the first announcement may take.
const ANNOUNCED_WITHIN: Duration = Duration::from_secs(5);
/// Quiet time after an announcement before it is checked.
const SETTLE: Duration = Duration::from_millis(300);
/// How often it is checked that announcements get out.
const CHECK_EVERY: Duration = Duration::from_secs(60);
/// After what time an announcement is repeated: one packet may get lost, and RFC 6762 section 8.3 asks for two.
const REPEAT_AFTER: Duration = Duration::from_millis(1_100);
/// When it is looked again whether somebody with our names has given way.
const GIVE_WAY: Duration = Duration::from_secs(5);
/// Names tried before giving up for a while.
const MAX_RENAMES: u32 = 50;

const SWITCH_OFF: &str = "openclaw config set discovery.mdns.mode off";

/// What is to be done now.
enum Plan {
    Off,
    /// Nothing to announce, and why.
    Nothing(&'static str),
    Announce(Box<Service>),
}

/// Why an announcement ended.
enum End {
    /// Something else is to be announced, or nothing.
    Changed,
    /// A name is taken.
    Taken { instance: bool, host: bool },
    /// It does not work.
    Failed { reason: String, fix: String },
}

/// Starts it; ends with a goodbye once `stop` is cancelled.
pub(crate) fn spawn(core: &Arc<Core>, stop: CancellationToken) {
    core.tasks.spawn(NAME, run(Arc::clone(core), stop));
}

async fn run(core: Arc<Core>, stop: CancellationToken) {
    let part = core.part(NAME);
    let mut announcer = Announcer::new(Arc::clone(&core), part.clone(), stop.clone());
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        let service = match plan(&core) {
            Plan::Off => {
                part.off();
                announcer.change().await;
                continue;
            }
            Plan::Nothing(why) => {
                let how =
                    "to announce it on the local network: openclaw config set gateway.bind lan";
                part.up(format!("{why}; {how}"));
                announcer.change().await;
                continue;
            }
            Plan::Announce(service) => service,
        };
        match announcer.announce(*service, &mut backoff).await {
            End::Changed | End::Taken { .. } => {}
            End::Failed { reason, fix } => {
                let delay = backoff.next_delay();
                part.degraded(reason, fix, Some(delay));
                announcer.pause(delay, &mut backoff).await;
            }
        }
    }
    part.off();
}

fn plan(core: &Core) -> Plan {
    let mode = facts::mode(core);
    if mode == MdnsMode::Off {
        return Plan::Off;
    }
    match facts::read(core).service(mode) {
        Ok(service) => Plan::Announce(Box::new(service)),
        Err(why) => Plan::Nothing(why),
    }
}

/// The addresses of this machine and whether announcements can be sent from each.
fn network(core: &Core) -> Vec<(InterfaceAddress, bool)> {
    let up = up_interfaces();
    let state = |known: &InterfaceAddress| {
        let carries = up.contains(&known.index) && carries_multicast(known);
        (known.clone(), carries)
    };
    core.interfaces.borrow().iter().map(state).collect()
}

/// Waits until an interface or an address comes, goes or changes its state.
async fn network_change(core: &Core) {
    let before = network(core);
    while network(core) == before {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

type Check = Pin<Box<dyn Future<Output = Vec<Checked>> + Send>>;

struct Announcer {
    core: Arc<Core>,
    part: Part,
    stop: CancellationToken,
    config: watch::Receiver<Arc<Snapshot>>,
    listening: watch::Receiver<Vec<SocketAddr>>,
    interfaces: watch::Receiver<Vec<InterfaceAddress>>,
    tailnet: watch::Receiver<Arc<TailnetFacts>>,
    /// The numbers behind the names, and the names they belong to.
    numbers: (u32, u32),
    numbered: (String, String),
}

impl Announcer {
    fn new(core: Arc<Core>, part: Part, stop: CancellationToken) -> Self {
        let config = core.config.clone();
        let listening = core.listening.subscribe();
        let interfaces = core.interfaces.subscribe();
        let tailnet = core.tailnet_facts.subscribe();
        Self {
            core,
            part,
            stop,
            config,
            listening,
            interfaces,
            tailnet,
            numbers: (1, 1),
            numbered: (String::new(), String::new()),
        }
    }

    /// Waits until settings, listeners or addresses change, or the end.
    async fn change(&mut self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            // All senders live as long as the gateway.
            _ = self.config.changed() => {}
            _ = self.listening.changed() => {}
            _ = self.interfaces.changed() => {}
            _ = self.tailnet.changed() => {}
        }
    }

    /// Waits before the next try; a change of anything ends the waiting.
    async fn pause(&mut self, delay: Duration, backoff: &mut Backoff) {
        let core = Arc::clone(&self.core);
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = network_change(&core) => backoff.reset(),
            () = self.change() => backoff.reset(),
        }
    }

    /// Announces until something changes; renames as often as it must.
    async fn announce(&mut self, wanted: Service, backoff: &mut Backoff) -> End {
        let names = (wanted.instance.clone(), wanted.host_label.clone());
        if self.numbered != names {
            self.numbered = names;
            self.numbers = (1, 1);
        }
        for _ in 0..MAX_RENAMES {
            let service = wanted.renamed(self.numbers.0, self.numbers.1);
            match self.announce_as(&wanted, service, backoff).await {
                End::Taken { instance, host } => {
                    self.numbers.0 += u32::from(instance);
                    self.numbers.1 += u32::from(host);
                    self.log_rename(&wanted, instance, host);
                }
                end => return end,
            }
        }
        End::Failed {
            reason: format!("{MAX_RENAMES} names in a row are taken on this network"),
            fix: "openclaw config set discovery.displayName <another name>".to_owned(),
        }
    }

    fn log_rename(&self, wanted: &Service, instance: bool, host: bool) {
        let renamed = wanted.renamed(self.numbers.0, self.numbers.1);
        if instance {
            let name = &renamed.instance;
            tracing::warn!(target: "gateway", "bonjour: gateway name conflict resolved; newName={name:?}");
        }
        if host {
            let name = &renamed.host_label;
            tracing::warn!(target: "gateway", "bonjour: hostname conflict resolved; newHostname={name:?}");
        }
    }

    /// Announces under these names.
    async fn announce_as(
        &mut self,
        wanted: &Service,
        service: Service,
        backoff: &mut Backoff,
    ) -> End {
        self.part.starting();
        if let Err(error) = check::port_is_free(&neighbours_of(&self.core, &service)) {
            return End::Failed {
                reason: format!("UDP port 5353 cannot be shared: {error}"),
                fix: format!(
                    "stop the program that keeps it (ss -ulpn 'sport = 5353'), or: {SWITCH_OFF}"
                ),
            };
        }
        // People may open what they are told: the name is ours from now on.
        let host = format!("{}.local", service.host_label);
        self.core.names.set_announced(vec![host]);
        let mut daemon = match Daemon::start(&service) {
            Ok(daemon) => daemon,
            Err(error) => return responder_failed(&error),
        };
        let end = self.follow(wanted.clone(), &mut daemon, backoff).await;
        daemon.stop().await;
        self.core.names.set_announced(Vec::new());
        end
    }

    async fn follow(
        &mut self,
        mut wanted: Service,
        daemon: &mut Daemon,
        backoff: &mut Backoff,
    ) -> End {
        let mut neighbours = neighbours_of(&self.core, daemon.service());
        let mut check: Option<Check> = None;
        let mut check_at = Instant::now() + ANNOUNCED_WITHIN;
        let mut taken: Option<(bool, bool)> = None;
        let mut rivals_before = Rivals::default();
        let mut repeat_at = None;
        let mut repeated = false;
        if neighbours.is_empty() {
            return no_network(daemon.service());
        }
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Only these two look at the machine: what neighbours send must not cost more than its reading.
            let look = tokio::select! {
                _ = looks.tick() => true,
                () = self.change() => true,
                event = daemon.events.recv_async() => match event {
                    Ok(DaemonEvent::Announce(..) | DaemonEvent::IpAdd(_)) => {
                        if !repeated {
                            repeat_at = Some(Instant::now() + REPEAT_AFTER);
                        }
                        check_at = check_at.min(Instant::now() + SETTLE);
                        false
                    }
                    Ok(DaemonEvent::NameChange(change)) => {
                        let (instance, host) = taken.unwrap_or_default();
                        let is_instance = is_instance(&change);
                        taken = Some((instance || is_instance, host || !is_instance));
                        check_at = Instant::now() + SETTLE;
                        false
                    }
                    Ok(DaemonEvent::Error(error)) => return responder_failed(&error),
                    Ok(_) => continue,
                    Err(_) => return End::Failed {
                        reason: "the mdns responder ended".to_owned(),
                        fix: format!("it is started again; without announcements: {SWITCH_OFF}"),
                    },
                },
                () = at(repeat_at) => {
                    (repeat_at, repeated) = (None, true);
                    let service = daemon.service().clone();
                    if let Err(error) = daemon.update(&service) {
                        return responder_failed(&error);
                    }
                    false
                }
                () = sleep_until(check_at), if check.is_none() => {
                    if let Some((instance, host)) = taken {
                        return End::Taken { instance, host };
                    }
                    let (service, from) = (daemon.service().clone(), neighbours.clone());
                    let known = self.core.interfaces.borrow();
                    let own: Vec<IpAddr> = known.iter().map(|known| known.address).collect();
                    check = Some(Box::pin(async move { check::check(&service, &from, &own).await }));
                    false
                }
                checked = finished(&mut check) => {
                    check = None;
                    check_at = Instant::now() + CHECK_EVERY;
                    let rivals = checked.iter().fold(Rivals::default(), |all, one| all.or(one.rivals));
                    if let Some(end) = give_way(rivals, rivals_before) {
                        return end;
                    }
                    if rivals != Rivals::default() {
                        check_at = Instant::now() + GIVE_WAY;
                    }
                    rivals_before = rivals;
                    if let Some(end) = self.judge(daemon.service(), &checked, backoff) {
                        return end;
                    }
                    false
                }
            };
            if self.stop.is_cancelled() {
                return End::Changed;
            }
            if !look {
                continue;
            }
            let Plan::Announce(fresh) = plan(&self.core) else {
                return End::Changed;
            };
            if *fresh != wanted {
                if !fresh.differs_in_text_only(&wanted) {
                    return End::Changed;
                }
                wanted = *fresh;
                let renamed = wanted.renamed(self.numbers.0, self.numbers.1);
                if let Err(error) = daemon.update(&renamed) {
                    return responder_failed(&error);
                }
                check_at = Instant::now() + ANNOUNCED_WITHIN;
                repeated = false;
            }
            let now = neighbours_of(&self.core, daemon.service());
            if now.is_empty() {
                return no_network(daemon.service());
            }
            if now != neighbours {
                neighbours = now;
                check_at = Instant::now() + ANNOUNCED_WITHIN;
                repeated = false;
            }
        }
    }

    /// Tells the state after a check; an end when nothing gets out at all.
    fn judge(&self, service: &Service, checked: &[Checked], backoff: &mut Backoff) -> Option<End> {
        let describe = |checked: &Checked| format!("{} ({})", checked.interface, checked.address);
        let (well, ill): (Vec<_>, Vec<_>) = checked.iter().partition(|one| one.problem.is_none());
        let Some(first) = ill.first() else {
            backoff.reset();
            let places: Vec<String> = well.into_iter().map(describe).collect();
            self.part.up(detail(service, &places.join(", ")));
            return None;
        };
        let problem = first.problem.as_deref().unwrap_or_default();
        if well.is_empty() {
            return Some(End::Failed {
                reason: format!("no announcement gets out on {}: {problem}", describe(first)),
                fix: format!(
                    "let UDP port 5353 pass to 224.0.0.251 and ff02::fb in the firewall of this machine, or: {SWITCH_OFF}"
                ),
            });
        }
        backoff.reset();
        let places: Vec<String> = well.into_iter().map(describe).collect();
        let text = detail(service, &places.join(", "));
        self.part
            .up(format!("{text}; not on {}: {problem}", describe(first)));
        None
    }
}

/// Whether we are the one to take another name: at once if it is our turn, else when the other has not done it.
fn give_way(now: Rivals, before: Rivals) -> Option<End> {
    let gives = |now: Option<bool>, before: Option<bool>| {
        now.is_some_and(|at_once| at_once || before.is_some())
    };
    let (instance, host) = (
        gives(now.instance, before.instance),
        gives(now.host, before.host),
    );
    (instance || host).then_some(End::Taken { instance, host })
}

/// A moment, if there is one.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// The result of a check, if one runs.
async fn finished(check: &mut Option<Check>) -> Vec<Checked> {
    match check {
        Some(check) => check.await,
        None => std::future::pending().await,
    }
}

fn neighbours_of(core: &Core, service: &Service) -> Vec<InterfaceAddress> {
    let up = up_interfaces();
    let mut reached = service.reach.neighbours(&core.interfaces.borrow());
    reached.retain(|known| up.contains(&known.index) && carries_multicast(known));
    reached
}

/// Whether an interface carries multicast; what the system does not tell counts as yes.
fn carries_multicast(known: &InterfaceAddress) -> bool {
    /// Flag of an interface.
    const MULTICAST: u32 = 0x1000;
    let read = |file: &str| {
        let path = format!("/sys/class/net/{}/{file}", known.name);
        std::fs::read_to_string(path).ok()
    };
    // The folder may show the interfaces of another network namespace.
    let is_it = read("ifindex").is_some_and(|index| index.trim().parse() == Ok(known.index));
    let flags = read("flags").filter(|_| is_it);
    let flags = flags.and_then(|text| {
        let digits = text.trim().trim_start_matches("0x");
        u32::from_str_radix(digits, 16).ok()
    });
    flags.is_none_or(|flags| flags & MULTICAST != 0)
}

/// Whether the name of the gateway is taken, not that of the host.
fn is_instance(change: &DnsNameChange) -> bool {
    change.original.ends_with(&Service::service_type())
}

fn detail(service: &Service, places: &str) -> String {
    let port = service.port;
    let how = if service.txt.direct {
        ""
    } else {
        ", through SSH"
    };
    format!(
        "announced as {:?}, port {port}{how}, on {places}",
        service.instance
    )
}

fn no_network(service: &Service) -> End {
    let host = &service.host_label;
    End::Failed {
        reason: format!(
            "no network to announce {host}.local on: no interface that the gateway serves is up and carries multicast"
        ),
        fix: format!("connect this machine to a network (ip -brief address), or: {SWITCH_OFF}"),
    }
}

fn responder_failed(error: &mdns_sd::Error) -> End {
    End::Failed {
        reason: format!("the mdns responder failed: {error}"),
        fix: format!("see openclaw logs; without announcements: {SWITCH_OFF}"),
    }
}
