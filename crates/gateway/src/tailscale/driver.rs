//! Keeps the route as the settings want it, whatever happens to the daemon.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::resolve::{GatewayFlags, GatewayPlan, resolve_gateway};
use openclaw_config::schema::BindMode;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::TAILSCALE;
use super::client::Client;
use super::daemon::{Applied, Daemon, Status};
use super::facts::TailnetFacts;
use super::local_api::Watch;
use super::record::{Record, RecordFile, Recorded};
use super::serve_config::{self, Finding, Route};
use super::trouble::Trouble;
use super::wanted::{FUNNEL_PORTS, Reach, Wanted, Wish, reach, wanted};
use crate::auth::identity::Whois;
use crate::auth::secret;
use crate::core::Core;
use crate::drain::Ending;
use crate::listen::{BindError, ListenerHandle, Place};
use crate::peer::ListenerKind;
use crate::platform::FileStamp;
use crate::subsystems::{Backoff, Part};
use crate::tasks;

/// How often a route that works is looked at: somebody may have taken it away.
const CHECK: Duration = Duration::from_secs(30);
/// How long news of the daemon may settle.
const SETTLE: Duration = Duration::from_millis(200);
/// How long opening the watch may take; without it the route is looked at now and then.
const WATCH_LIMIT: Duration = Duration::from_secs(1);
/// How often a daemon that is not there is looked for; a look is one `stat`.
const LOOK: Duration = Duration::from_secs(1);
/// How often a change is tried while others change the routes too.
const TRIES: usize = 5;
/// How long taking the route down may hold up the end.
const FAREWELL: Duration = Duration::from_secs(5);
/// Ports tried for the ingress listener: below those that the system gives to outgoing connections and that profiles use, so
/// that the same one is there again at the next start.
const PORTS: std::ops::Range<u16> = 12_000..18_000;
/// How many of them are tried before the system chooses.
const PORT_TRIES: usize = 20;

/// The running part.
#[derive(Debug)]
pub(crate) struct Exposure(AbortOnDropHandle<()>);

impl Exposure {
    /// Waits until the route is taken down, if it is to be. It ends by itself once the gateway accepts nobody any more.
    pub(crate) async fn ended(self) {
        if timeout(FAREWELL + SETTLE, self.0).await.is_err() {
            tracing::warn!(target: "gateway", "tailscale did not end in time");
        }
    }
}

/// Starts the part. `stopping` is cancelled when the gateway accepts nobody any more.
pub(crate) fn spawn(
    core: &Arc<Core>,
    flags: &GatewayFlags,
    stopping: &CancellationToken,
) -> Exposure {
    let (file, record) = RecordFile::open(&core.server.state_dir);
    let driver = Driver {
        part: core.part(TAILSCALE),
        core: Arc::clone(core),
        flags: flags.clone(),
        way: None,
        file,
        record,
        ingress: None,
        backoff: Backoff::default(),
        watch: None,
        reset_on_exit: false,
        unreachable: false,
    };
    Exposure(tasks::spawn_owned(TAILSCALE, driver.run(stopping.clone())))
}

struct Driver {
    core: Arc<Core>,
    part: Part,
    flags: GatewayFlags,
    /// How the daemon is reached, and the client made for it.
    way: Option<(Reach, Arc<Client>)>,
    file: RecordFile,
    record: Record,
    ingress: Option<ListenerHandle>,
    backoff: Backoff,
    watch: Option<Watch>,
    reset_on_exit: bool,
    /// The last round found no daemon.
    unreachable: bool,
}

impl Driver {
    async fn run(mut self, stopping: CancellationToken) {
        let mut changes = self.core.config.clone();
        loop {
            changes.mark_unchanged();
            let round = tokio::select! {
                pause = self.round() => Some(pause),
                () = stopping.cancelled() => None,
            };
            let Some(pause) = round else { break };
            tokio::select! {
                () = stopping.cancelled() => break,
                changed = changes.changed() => {
                    if changed.is_err() {
                        stopping.cancelled().await;
                        break;
                    }
                    self.backoff.reset();
                }
                () = self.news(pause) => {}
            }
        }
        // A successor goes on with the same listener behind the same route.
        if self.core.drain.ending() != Some(Ending::Restart) {
            self.farewell().await;
        }
    }

    /// Waits for the time to pass or for something to happen.
    async fn news(&mut self, pause: Duration) {
        if let Some(watch) = &mut self.watch {
            let alive = tokio::select! {
                () = sleep(pause) => return,
                alive = watch.changed() => alive,
            };
            if alive {
                // Somebody else may have logged in.
                self.core.identities.forget();
            } else {
                self.watch = None;
            }
            return sleep(SETTLE).await;
        }
        if !self.unreachable {
            return sleep(pause).await;
        }
        let before = self.socket_stamp();
        let appeared = async {
            while self.socket_stamp() == before {
                sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = appeared => {}
        }
    }

    fn socket_stamp(&self) -> Option<FileStamp> {
        let (_, client) = self.way.as_ref()?;
        let metadata = client.api().socket().metadata().ok()?;
        Some(FileStamp::of(&metadata))
    }

    /// Brings everything into the wanted state once; returns when to look again.
    async fn round(&mut self) -> Duration {
        let Some(plan) = self.plan() else {
            return CHECK;
        };
        let client = self.client(&plan);
        let wanted = wanted(&plan);
        self.unreachable = false;
        let outcome = match &wanted {
            Wanted::Route(wish) => {
                self.reset_on_exit = wish.reset_on_exit;
                self.part.starting();
                self.open_watch(&client).await;
                self.expose(&client, wish).await
            }
            Wanted::Off | Wanted::Refused { .. } => {
                self.reset_on_exit = false;
                self.withdraw(&client).await.map(|()| None)
            }
        };
        let outcome = match (outcome, wanted) {
            (Ok(Some(detail)), _) => {
                self.part.up(detail);
                Ok(())
            }
            (Ok(None), Wanted::Refused { reason, fix }) => {
                let fix = self.command(&fix);
                self.part.degraded(reason, fix, None);
                Ok(())
            }
            (Ok(None), _) => {
                self.part.off();
                self.observe(&client, &plan).await;
                Ok(())
            }
            (Err(trouble), _) => Err(trouble),
        };
        let Err(trouble) = outcome else {
            self.backoff.reset();
            return CHECK;
        };
        let pause = self.backoff.next_delay();
        self.unreachable = matches!(trouble, Trouble::DaemonDown | Trouble::NotInstalled { .. });
        self.announce_url(None);
        let fix = self.command(&trouble.fix());
        self.part.degraded(trouble.to_string(), fix, Some(pause));
        pause
    }

    /// A fix with the profile in it.
    fn command(&self, fix: &str) -> String {
        if fix.starts_with("openclaw ") {
            self.core.server.paths.profile.command(fix)
        } else {
            fix.to_owned()
        }
    }

    /// Before anything is asked: what changes after the answer is news.
    async fn open_watch(&mut self, client: &Client) {
        if self.watch.is_none()
            && let Ok(watch) = timeout(WATCH_LIMIT, client.watch()).await
        {
            self.watch = watch;
        }
    }

    fn plan(&self) -> Option<GatewayPlan> {
        let snapshot = self.core.snapshot();
        let profile = &self.core.server.paths.profile;
        // The reason is told by whoever applies the config.
        resolve_gateway(&self.flags, &snapshot.env, &snapshot.settings, profile).ok()
    }

    fn client(&mut self, plan: &GatewayPlan) -> Arc<Client> {
        let reach = reach(plan);
        if let Some((_, client)) = self
            .way
            .as_ref()
            .filter(|(known, _)| known.socket == reach.socket)
        {
            return Arc::clone(client);
        }
        let env = self.core.snapshot().env.clone();
        let client = Arc::new(Client::new(reach.socket.clone(), env));
        self.watch = None;
        self.core.identities.set_whois(None);
        self.way = Some((reach, Arc::clone(&client)));
        client
    }

    /// Makes or confirms the route; the text says where it leads.
    async fn expose(
        &mut self,
        client: &Arc<Client>,
        wish: &Wish,
    ) -> Result<Option<String>, Trouble> {
        let status = client.status().await?;
        self.publish(&status);
        let host = ready(client, &status, wish).await?;
        let ingress = self.open_ingress().await?;
        self.core.vouchers.set_socket(client.api().socket());
        let route = Route {
            host,
            port: wish.port,
            ingress,
            funnel: wish.funnel,
        };
        let foreign_funnel = self.establish(client, &route).await?;
        if wish.funnel {
            self.core.identities.set_whois(None);
        } else {
            let whois: Arc<dyn Whois> = Arc::<Client>::clone(client);
            self.core.identities.offer_whois(whois);
        }
        Ok(Some(self.enabled(&route, foreign_funnel)))
    }

    /// Changes the daemon's routes until ours is there.
    async fn establish(&mut self, client: &Client, route: &Route) -> Result<bool, Trouble> {
        let mut done: Option<Applied> = None;
        for _ in 0..TRIES {
            let routes = client.routes().await?;
            let ours = self.record.our_ports();
            let funnel_is_ours = self.record.route.as_ref().is_some_and(|route| route.funnel);
            let change = match serve_config::place(&routes.config, route, &ours, funnel_is_ours) {
                Finding::InPlace { foreign_funnel } => {
                    self.record.earlier_ports.clear();
                    self.note(route, route.funnel);
                    // It works; that it could not be written down is told when it matters.
                    if let Err(trouble) = self.file.keep(&self.record) {
                        tracing::warn!(target: "gateway", "{trouble}");
                    }
                    return Ok(foreign_funnel);
                }
                Finding::Conflict { what } => {
                    return Err(Trouble::Conflict {
                        port: route.port,
                        what,
                        free: serve_config::free_port(&routes.config, &FUNNEL_PORTS),
                    });
                }
                Finding::Change(change) => change,
            };
            if let Some(Applied { link }) = done {
                // The program ends well when a feature has to be enabled first, and shows where.
                let link = link.filter(|link| !link.contains(&route.host));
                return Err(Trouble::NotApplied { link });
            }
            // Written down first: a route that nobody knows to be ours would be a stranger's at the next start.
            self.note(route, route.funnel || funnel_is_ours);
            self.file.keep(&self.record)?;
            match client.apply(&routes, &change).await {
                Ok(applied) => done = Some(applied),
                Err(Trouble::Contended) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        Err(Trouble::Contended)
    }

    fn note(&mut self, route: &Route, funnel: bool) {
        self.record.route = Some(Recorded {
            host: route.host.clone(),
            port: route.port,
            funnel,
        });
    }

    fn enabled(&mut self, route: &Route, foreign_funnel: bool) -> String {
        let authority = match route.port {
            443 => route.host.clone(),
            port => format!("{}:{port}", route.host),
        };
        self.announce_url(Some(format!("https://{authority}")));
        let settings = &self.core.snapshot().settings;
        let base = settings
            .gateway
            .control_ui
            .base_path
            .trim_matches('/')
            .to_owned();
        let page = if base.is_empty() {
            format!("https://{authority}/")
        } else {
            format!("https://{authority}/{base}/")
        };
        let mode = if route.funnel { "funnel" } else { "serve" };
        let note = if foreign_funnel {
            "; somebody has switched Funnel on for it: it is open to the internet"
        } else {
            ""
        };
        format!("{mode} enabled: {page} (WS via wss://{authority}){note}")
    }

    /// The listener that the route leads to, at the port of the last start if that is free.
    async fn open_ingress(&mut self) -> Result<u16, Trouble> {
        let open = self.ingress.as_ref().and_then(ListenerHandle::address);
        if let Some(address) = open {
            return Ok(address.port());
        }
        let random = || {
            PORTS.start
                + u16::try_from(secret::random_below(u32::from(PORTS.end - PORTS.start)))
                    .unwrap_or(0)
        };
        let candidates = self
            .record
            .ingress_port
            .into_iter()
            .chain((0..PORT_TRIES).map(|_| random()))
            .chain([0]);
        let mut failed = None;
        for port in candidates {
            let place = Place::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
            match self.core.listeners.open(ListenerKind::Ingress, place).await {
                Ok(handle) => {
                    let port = handle.address().map_or(port, |address| address.port());
                    self.record.move_to(port);
                    self.ingress = Some(handle);
                    return Ok(port);
                }
                Err(error) => failed = Some(error),
            }
        }
        let reason = failed.as_ref().map(BindError::to_string);
        Err(Trouble::Ingress(reason.unwrap_or_default()))
    }

    /// Takes our route down, and everything that belongs to it.
    async fn withdraw(&mut self, client: &Client) -> Result<(), Trouble> {
        self.core.identities.set_whois(None);
        self.announce_url(None);
        if let Some(route) = self.record.route.clone() {
            self.part.stopping();
            match self.take_down(client, &route).await {
                // Without Tailscale there is no route.
                Ok(()) | Err(Trouble::NotInstalled { .. }) => {}
                Err(trouble) => return Err(trouble),
            }
            self.record.route = None;
            self.file.keep(&self.record)?;
        }
        self.ingress = None;
        Ok(())
    }

    async fn take_down(&self, client: &Client, route: &Recorded) -> Result<(), Trouble> {
        let ours = self.record.our_ports();
        for _ in 0..TRIES {
            let routes = client.routes().await?;
            let Some(change) = serve_config::remove(&routes.config, &ours, route.funnel) else {
                return Ok(());
            };
            match client.apply(&routes, &change).await {
                Ok(_) | Err(Trouble::Contended) => {}
                Err(trouble) => return Err(trouble),
            }
        }
        Err(Trouble::Contended)
    }

    /// Without a route of ours, others still want to know our name and addresses in the tailnet.
    async fn observe(&mut self, client: &Client, plan: &GatewayPlan) {
        if plan.bind.value == BindMode::Loopback {
            return self.publish(&Status::default());
        }
        self.open_watch(client).await;
        let addresses = self.way.as_ref().is_some_and(|(reach, _)| reach.addresses);
        let status = if addresses {
            client.status().await
        } else {
            client.api().status().await
        };
        if let Ok(status) = status {
            self.publish(&status);
        }
    }

    fn publish(&self, status: &Status) {
        let running = status.state == "Running";
        let addresses = if running {
            status.addresses.clone()
        } else {
            Vec::new()
        };
        let name = status.name.clone().filter(|_| running);
        self.core.names.set_magic_dns(name.as_deref());
        self.core.tailnet.send_if_modified(|known| {
            let changed = *known != addresses;
            if changed {
                known.clone_from(&addresses);
            }
            changed
        });
        self.update_facts(|facts| {
            facts.name = name;
            facts.addresses = addresses;
        });
    }

    fn announce_url(&self, url: Option<String>) {
        self.update_facts(|facts| facts.url = url);
    }

    fn update_facts(&self, update: impl FnOnce(&mut TailnetFacts)) {
        self.core.tailnet_facts.send_if_modified(|known| {
            let mut fresh = TailnetFacts::clone(known);
            update(&mut fresh);
            let changed = **known != fresh;
            if changed {
                *known = Arc::new(fresh);
            }
            changed
        });
    }

    /// At the end the route goes if that is wanted; else it stays and leads to us again after the next start.
    async fn farewell(mut self) {
        let Some((_, client)) = self.way.clone().filter(|_| self.reset_on_exit) else {
            return;
        };
        let withdrawn = timeout(FAREWELL, self.withdraw(&client)).await;
        let failure = match withdrawn {
            Ok(Ok(())) => return self.part.off(),
            Ok(Err(trouble)) => trouble.to_string(),
            Err(_) => format!("no answer from Tailscale within {} s", FAREWELL.as_secs()),
        };
        tracing::warn!(target: "gateway", "tailscale: serve cleanup failed: {failure}");
    }
}

/// Whether the daemon can make the route; its name for us.
async fn ready(client: &Client, status: &Status, wish: &Wish) -> Result<String, Trouble> {
    match status.state.as_str() {
        "Running" => {}
        "Stopped" => return Err(Trouble::Stopped),
        "NeedsLogin" => {
            return Err(Trouble::NeedsLogin {
                link: status.login_link.clone(),
            });
        }
        "NeedsMachineAuth" => return Err(Trouble::NeedsApproval),
        "Starting" | "NoState" | "" => return Err(Trouble::Starting),
        other => return Err(Trouble::OtherState(other.to_owned())),
    }
    let host = status.name.clone().ok_or(Trouble::NoName)?;
    if status.https == Some(false) {
        let link = client.enable_link("serve").await.unwrap_or_default();
        return Err(Trouble::ServeOff { link });
    }
    if wish.funnel {
        if status.funnel == Some(false) {
            let link = client.enable_link("funnel").await.unwrap_or_default();
            return Err(Trouble::FunnelOff { link });
        }
        status
            .funnel_port(wish.port)
            .map_err(|allowed| Trouble::FunnelPort {
                port: wish.port,
                allowed,
            })?;
    }
    Ok(host)
}
