//! Start: lock, records, plan, sockets, background work, in this order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use openclaw_config::resolve::{AuthPlan, GatewayPlan, resolve_gateway};
use openclaw_config::schema::{AuthMode as ConfiguredMode, Settings, TailscaleMode};
use parking_lot::{Mutex, RwLock};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::adapters;
use crate::approvals::Approvals;
use crate::audit::RefuseLog;
use crate::auth::admission::AuthMode;
use crate::auth::identity::Identities;
use crate::auth::limiter::Limiter;
use crate::canvas::Capabilities;
use crate::confirm::{self, Confirms, Recovered};
use crate::conn::hub::Hub;
use crate::core::{Books, Core, ServerFacts};
use crate::drain::Drain;
use crate::gate::{Gate, GateLimits};
use crate::gateway::listeners::{Follower, Given, Held, Machine};
use crate::gateway::{Gateway, GatewayOptions, StartError, background, own_line, sockets};
use crate::http::proxy_check::ProxyChecks;
use crate::listen::{
    Inherited, InterfaceAddress, ListenerSet, Listeners, WeakToken, interface_addresses,
    token_weakness,
};
use crate::live::{Credentials, Live};
use crate::lock::{LockInfo, StateLock};
use crate::machine;
use crate::metrics::Metrics;
use crate::nodes::invoke::Invokes;
use crate::nodes::registry::NodeRegistry;
use crate::pairing::devices::Devices;
use crate::pairing::setups::Setups;
use crate::pairing::surfaces::Surfaces;
use crate::peer::KnownNames;
use crate::presence::{Entry, Presence};
use crate::reach::Witness;
use crate::rpc::router::Methods;
use crate::store::{SqliteStore, Store, StoreError};
use crate::subsystems::Subsystems;
use crate::system::SystemState;
use crate::tailscale::Vouchers;
use crate::tasks::Tasks;
use crate::tls::TlsSlot;

/// How long a busy port is tried again: a gateway that just stopped may not have let go yet.
const BIND_RETRY: Duration = Duration::from_secs(5);

/// How long inherited sockets wait for the part that listens there: some begin when another program has answered.
const UNASKED: Duration = Duration::from_secs(20);

pub(super) async fn start(options: GatewayOptions) -> Result<Gateway, StartError> {
    let (paths, clock) = (options.paths.clone(), options.clock.clone());
    let env = options.config.borrow().env.clone();
    let started = try_start(options).await;
    if let Err(StartError::Settings(_) | StartError::Refused(_) | StartError::Bind(_)) = &started {
        confirm::start_failed(&paths, &env, clock.now_ms());
    }
    started
}

async fn try_start(mut options: GatewayOptions) -> Result<Gateway, StartError> {
    let now_ms = options.clock.now_ms();
    let env = options.config.borrow().env.clone();
    let recovered = confirm::recover(&options.paths, &env, now_ms);
    if recovered.has_reverted() {
        options.reload.now();
    }
    let snapshot = Arc::clone(&options.config.borrow());
    let settings = Arc::clone(&snapshot.settings);
    let plan = resolve_gateway(
        &options.flags,
        &snapshot.env,
        &settings,
        &options.paths.profile,
    )
    .map_err(StartError::Settings)?;
    let interfaces = interface_addresses().unwrap_or_else(|error| {
        tracing::warn!(%error, "network interfaces could not be listed");
        Vec::new()
    });
    let given = Given::of(&options);
    let bind_plan = given.plan(&plan, &Machine::at_start(&interfaces))?;
    let mut lock = StateLock::acquire_or_adopt(
        &options.paths.lock_file,
        LockInfo::of_this_process(now_ms).with_tls(&plan.tls.mode),
        now_ms,
        options.inherited.take_lock(),
    )?;
    let listeners = Listeners::bind_with(&bind_plan, BIND_RETRY, &options.inherited).await?;
    let addresses = listeners.addresses();
    if let Err(error) = lock.set_addresses(&addresses) {
        tracing::warn!(%error, "the lock file could not name the addresses");
    }
    let store: Arc<dyn Store> = Arc::new(open_store(&options).await?);
    let degraded = salvaged(store.as_ref());
    let reverted = recovered.line();
    let core = Arc::new(build_core(
        &options, &plan, &settings, store, degraded, interfaces, recovered,
    )?);
    if let Some(line) = reverted {
        core.audit_lazily(line);
    }
    core.port.store(listeners.port(), Ordering::Relaxed);
    core.listening.send_replace(addresses.clone());
    crate::platform::raise_fd_limit();
    let gate = Gate::new(GateLimits::default());
    let tls = background::Tls::first_round(&core).await;
    let accepting = CancellationToken::new();
    let serving = sockets::serve(&core, &gate, listeners, &options, &accepting)?;
    let held = Held::new(lock, serving.main);
    let mut follower = Follower::new(&core, given, &held);
    follower.round().await;
    background::spawn(&core, &options, follower, tls);
    crate::discovery::mdns::spawn(&core, accepting.clone());
    let exposure = crate::tailscale::spawn(&core, &options.flags, &accepting);
    for adapter in std::mem::take(&mut options.adapters) {
        adapters::spawn(&core, adapter);
    }
    let details = json!({ "version": core.server.version, "pid": std::process::id(), "addresses": addresses });
    core.store
        .commit_lazily(vec![own_line(&core, "start", details)]);
    core.tasks
        .spawn_until_cancelled("inherited", close_unasked(options.inherited.clone()));
    Ok(Gateway {
        core,
        gate,
        plan,
        _stopping: accepting.clone().drop_guard(),
        accepting,
        control: serving.control,
        control_socket: serving.control_socket,
        held,
        exposure,
    })
}

/// Closes inherited sockets that no part has asked for in time: nobody would ever answer there.
async fn close_unasked(inherited: Inherited) {
    tokio::time::sleep(UNASKED).await;
    let closed = inherited.close_rest();
    if !closed.is_empty() {
        tracing::warn!(
            target: "gateway",
            "sockets that were handed to this gateway and that its settings do not name are closed: {}",
            closed.join(", ")
        );
    }
}

/// What was damaged and is not there any more; the rest serves all the same.
fn salvaged(store: &dyn Store) -> Vec<String> {
    let report = store.report();
    let salvaged = report.recovery.iter().map(|recovery| {
        format!(
            "records were damaged ({}) and salvaged; see openclaw logs",
            recovery.damage
        )
    });
    salvaged
        .inspect(|one| tracing::warn!("degraded: {one}"))
        .collect()
}

/// Opens the records and takes over what an earlier release left, once.
async fn open_store(options: &GatewayOptions) -> Result<SqliteStore, StoreError> {
    let path = options.paths.database_file.clone();
    let state_dir = options.paths.state_dir.clone();
    let now_ms = options.clock.now_ms();
    let opened = crate::tasks::blocking("store open", move || {
        let store = SqliteStore::open(&path)?;
        let stored = store.load()?;
        crate::store::import::run(&store, &stored, &state_dir, now_ms)?;
        Ok(store)
    });
    opened.await.unwrap_or(Err(StoreError::Closed))
}

/// Why a running gateway does not take over such settings: they would let everybody in, or nobody.
pub(super) fn unsafe_auth(auth: &AuthPlan, exposed: bool) -> Option<&'static str> {
    match auth.mode.value {
        ConfiguredMode::None if exposed => Some(
            "gateway.auth.mode none is for loopback only, and this gateway listens on other addresses too",
        ),
        ConfiguredMode::Token if auth.token.is_none() => {
            Some("gateway.auth.mode is token, and there is no token")
        }
        ConfiguredMode::Password if auth.password.is_none() => {
            Some("gateway.auth.mode is password, and there is no password")
        }
        _ => None,
    }
}

/// Whether the token is tried out in no time by those who reach this gateway.
pub(super) fn has_tiny_token(auth: &AuthPlan, exposed: bool) -> bool {
    let token = auth.token.as_ref().map(|token| token.value.expose());
    exposed
        && auth.mode.value == ConfiguredMode::Token
        && token.and_then(token_weakness) == Some(WeakToken::Tiny)
}

/// Credentials as admission wants them.
pub(super) fn credentials(plan: &GatewayPlan) -> Credentials {
    let auth = &plan.auth;
    Credentials {
        mode: match auth.mode.value {
            ConfiguredMode::None => AuthMode::None,
            ConfiguredMode::Password => AuthMode::Password,
            // A token, if there is one, is for this machine only.
            ConfiguredMode::Token | ConfiguredMode::TrustedProxy => AuthMode::Token,
        },
        token: auth.token.as_ref().map(|token| token.value.clone()),
        password: auth
            .password
            .as_ref()
            .map(|password| password.value.clone()),
        // Whoever comes through Funnel is nobody's user.
        allow_tailscale: auth.allow_tailscale.value
            && plan.tailscale.mode.value != TailscaleMode::Funnel,
        allow_trusted_proxy: auth.mode.value == ConfiguredMode::TrustedProxy,
    }
}

fn build_core(
    options: &GatewayOptions,
    plan: &GatewayPlan,
    settings: &Settings,
    store: Arc<dyn Store>,
    degraded: Vec<String>,
    interfaces: Vec<InterfaceAddress>,
    recovered: Recovered,
) -> Result<Core, StoreError> {
    let now_ms = options.clock.now_ms();
    let stored = store.load()?;
    let live = Live::new(credentials(plan), settings);
    let boot_id = Uuid::new_v4();
    let host = machine::host_name();
    let wake_words = stored
        .values
        .get("voicewake.triggers")
        .and_then(|text| serde_json::from_str(text).ok());
    let server = ServerFacts {
        version: options.version.clone(),
        host: host.clone(),
        boot_id: boot_id.to_string(),
        config_path: options.paths.config_path.clone(),
        state_dir: options.paths.state_dir.clone(),
        started: Instant::now(),
        started_at_ms: now_ms,
        tls_flags: options.flags.tls.clone(),
        paths: Arc::new(options.paths.clone()),
        log_file: options.log_file.clone(),
        reload: options.reload.clone(),
        flags: options.flags.clone(),
    };
    let names = KnownNames::new(Some(&host));
    names.set_addresses(
        interfaces
            .iter()
            .map(|interface| interface.address.to_canonical())
            .collect(),
    );
    Ok(Core {
        presence: Presence::new(own_entry(&server)),
        system: SystemState::new(wake_words, &server.state_dir, now_ms),
        server,
        clock: options.clock.clone(),
        config: options.config.clone(),
        limiter: Mutex::new(Limiter::new(live.limits)),
        setup_limiter: Mutex::new(Limiter::new(live.limits)),
        witness: Witness::default(),
        capabilities: Capabilities::default(),
        live: RwLock::new(Arc::new(live)),
        store,
        books: Books {
            devices: Mutex::new(Devices::new(stored.devices, stored.pending_devices)),
            surfaces: Mutex::new(Surfaces::new(stored.nodes, stored.pending_nodes)),
            setups: Mutex::new(Setups::new(stored.setups)),
        },
        hub: Hub::default(),
        nodes: NodeRegistry::default(),
        invokes: Invokes::new(&boot_id.simple().to_string()),
        confirms: Confirms::new(recovered),
        written_config: Mutex::default(),
        approvals: Approvals::new(stored.approvals),
        refusals: Mutex::new(RefuseLog::default()),
        metrics: Metrics::default(),
        methods: Methods::new(),
        tasks: Tasks::new(),
        drain: Drain::default(),
        restart: options.restart.clone(),
        port: AtomicU16::new(0),
        listening: watch::Sender::default(),
        listeners: ListenerSet::with_inherited(options.inherited.clone()),
        interfaces: watch::Sender::new(interfaces),
        tailnet: watch::Sender::default(),
        tailnet_facts: watch::Sender::default(),
        vouchers: Vouchers::default(),
        tls: TlsSlot::default(),
        identities: Identities::default(),
        proxy_checks: ProxyChecks::default(),
        names,
        subsystems: Arc::new(Subsystems::default()),
        degraded,
    })
}

fn own_entry(server: &ServerFacts) -> Entry {
    let fixed = machine::Fixed::read();
    let ip = machine::primary_ip().map_or_else(|| server.host.clone(), |ip| ip.to_string());
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let family = match os {
        "linux" => "Linux",
        "macos" => "Mac",
        "windows" => "Windows",
        other => other,
    };
    Entry {
        text: Some(format!(
            "Gateway: {} ({ip}) · app {} · mode gateway · reason self",
            server.host, server.version
        )),
        host: Some(server.host.clone()),
        ip: Some(ip),
        version: Some(server.version.clone()),
        platform: Some(format!("{os} {}", fixed.release)),
        device_family: Some(family.to_owned()),
        model_identifier: Some(arch.to_owned()),
        mode: Some("gateway".to_owned()),
        reason: Some("self".to_owned()),
        ..Entry::default()
    }
}

#[cfg(test)]
mod tests {
    use openclaw_config::Env;
    use openclaw_config::paths::Profile;
    use openclaw_config::resolve::GatewayFlags;
    use serde_json::json;

    use super::*;

    #[test]
    fn u11_a_running_gateway_takes_no_settings_that_let_everybody_or_nobody_in() {
        for (auth, exposed, refused) in [
            (json!({ "mode": "none" }), true, true),
            (json!({ "mode": "none" }), false, false),
            (json!({ "mode": "token" }), false, true),
            (json!({ "mode": "token", "token": "t" }), true, false),
            (json!({ "mode": "token", "token": "t" }), false, false),
            (json!({ "mode": "token", "token": "abc123" }), true, false),
            (json!({ "mode": "password" }), false, true),
            (json!({ "mode": "password", "password": "p" }), true, false),
        ] {
            let config = json!({ "gateway": { "auth": auth } });
            let (settings, _) = Settings::from_value(&config);
            let env = Env::from_pairs(std::iter::empty::<(&str, &str)>());
            let plan = resolve_gateway(
                &GatewayFlags::default(),
                &env,
                &settings,
                &Profile::default(),
            );
            let plan = plan.map_err(|issues| format!("{issues:?}")).unwrap();
            let reason = unsafe_auth(&plan.auth, exposed);
            assert_eq!(reason.is_some(), refused, "{auth} {exposed}: {reason:?}");
            let tiny = auth["token"] == "t" && exposed;
            assert_eq!(
                has_tiny_token(&plan.auth, exposed),
                tiny,
                "{auth} {exposed}"
            );
        }
    }
}
