//! Runs a gateway in this process: first-start settings, log, start, signals, shutdown.

pub(crate) mod force;
mod log_settings;
mod program;
pub(crate) mod recovery;
mod settings;
mod signals;
mod successor;

use std::sync::Arc;

use openclaw_config::load::Snapshot;
use openclaw_config::resolve::{
    GatewayFlags, GatewayPlan, Source, misplaced_credential_hints, resolve_gateway,
};
use openclaw_config::schema::{AuthMode, BindMode, ConsoleStyle, LogLevel, RedactMode};
use openclaw_config::{ConfigWatcher, Issue, Paths, env};
use openclaw_edge::acme::Acme;
use openclaw_gateway::canvas::CanvasFolder;
use openclaw_gateway::clock::Clock;
use openclaw_gateway::core::{LogFile, Reload};
use openclaw_gateway::gateway::{Gateway, GatewayOptions, ShutdownReport, StartError};
use openclaw_gateway::listen::{BindError, Inherited};
use openclaw_gateway::lock::{LockError, LockHeld, peek};
use openclaw_gateway::restart::Restart;
use openclaw_gateway::tasks::spawn_owned;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::app::VERSION;
use crate::commands::config::edit::sweep;
use crate::context::{Context, problem};
use crate::error::{CommandError, Exit, Outcome};
use crate::host;
use crate::logging::{self, LogHandle, LogOptions, Redactor, WsLog};
use crate::platform::handover::Successor;
use crate::platform::{Asked, Terminating, supervisor};
use crate::ui::Ui;
use crate::ui::format::now_ms;
pub(crate) use program::Program;
pub(crate) use settings::{FirstStart, Lacking, makes_token, new_token, prepare};
use signals::{Received, Signals};

/// What the command line says about running a gateway.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerOptions {
    /// Flags that settings have.
    pub(crate) flags: GatewayFlags,
    /// `--verbose`.
    pub(crate) verbose: bool,
    /// `--ws-log`.
    pub(crate) ws_log: WsLog,
    /// `--i-know`.
    pub(crate) allow_weak_password: bool,
    /// What may be missing from the config.
    pub(crate) lacking: Lacking,
    /// Level of the console in place of the configured one.
    pub(crate) console_level: Option<LogLevel>,
    /// Sockets that were open before.
    pub(crate) inherited: Inherited,
}

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Server {
    gateway: Gateway,
    watcher: ConfigWatcher,
    changes: watch::Receiver<Arc<Snapshot>>,
    logs: LogHandle,
    log_settings: AbortOnDropHandle<()>,
    signals: Signals,
    program: Program,
    watchdog: Option<AbortOnDropHandle<()>>,
}

/// Resolves what the gateway will do, or says what is wrong with flags, environment and config.
pub(crate) fn plan(context: &Context, flags: &GatewayFlags) -> Result<GatewayPlan, CommandError> {
    let snapshot = context.snapshot();
    let damaged = !snapshot.fatal_issues().is_empty();
    if damaged && openclaw_gateway::confirm::is_waiting(context.paths(), now_ms()) {
        // The problems were printed when the config was read.
        return Err(CommandError::config(
            "Gateway not started: an unconfirmed config change leaves its settings without a usable value.",
        ));
    }
    let profile = &context.paths().profile;
    let plan =
        resolve_gateway(flags, context.env(), &snapshot.settings, profile).map_err(|issues| {
            let mut issues = issues.iter();
            let first = issues.next();
            // A wrong flag is a typing mistake; wrong settings stay wrong however often one tries.
            let make = match first {
                Some(issue) if issue.path.starts_with("--") => CommandError::plain,
                _ => CommandError::config,
            };
            let mut error = make(first.map_or_else(String::new, problem_alone));
            for issue in issues {
                error = error.hint(problem(issue));
            }
            error
        })?;
    if damaged {
        let what = if plan.bind.value == BindMode::Loopback {
            "serves this machine only".to_owned()
        } else {
            format!(
                "listens as {} says, with defaults for the rest,",
                plan.bind.source
            )
        };
        context.ui().note(format!(
            "The gateway {what} until {} is corrected; check it with: {}",
            context.paths().display_home(&snapshot.path),
            context.command("openclaw config validate")
        ));
    }
    has_its_secrets(context, flags, &plan)?;
    Ok(plan)
}

/// Which credential is asked for depends on which there are, unless the mode is settled.
fn has_its_secrets(
    context: &Context,
    flags: &GatewayFlags,
    plan: &GatewayPlan,
) -> Result<(), CommandError> {
    let open = plan.auth.mode.source == Source::Default;
    for (name, flag, mode) in [
        (env::OPENCLAW_GATEWAY_TOKEN, &flags.token, AuthMode::Token),
        (
            env::OPENCLAW_GATEWAY_PASSWORD,
            &flags.password,
            AuthMode::Password,
        ),
    ] {
        let typed = flag.as_ref().is_some_and(|text| !text.trim().is_empty());
        if !typed && (open || plan.auth.mode.value == mode) {
            context.needs_secret(name)?;
        }
    }
    Ok(())
}

/// A flag's problem in its known form, with the reason behind it.
fn problem_alone(issue: &Issue) -> String {
    match &issue.hint {
        Some(hint) => format!("{}\n{hint}", issue.message),
        None => issue.message.clone(),
    }
}

impl Server {
    /// Starts the gateway; returns when it listens.
    pub(crate) async fn start(
        context: &Context,
        options: &ServerOptions,
    ) -> Result<Self, CommandError> {
        let signals = Signals::listen()?;
        let watchdog = supervisor::watchdog();
        let program = Program::of_this_process();
        let restarted = options.inherited.has_lock();
        let snapshot = context.reload();
        let logs = start_logs(context, options, &snapshot)?;
        for issue in &snapshot.issues {
            tracing::warn!(target: "gateway", %issue, "the config file is not used as it is");
        }
        sweep(&context.paths().state_dir);
        let watcher = ConfigWatcher::start_with(context.paths(), context.process_env(), snapshot);
        let changes = watcher.subscribe();
        let current = logs.control().current();
        let reloading = watcher.clone();
        let started = Gateway::start(GatewayOptions {
            paths: context.paths().clone(),
            env: context.process_env().clone(),
            flags: options.flags.clone(),
            config: watcher.subscribe(),
            version: VERSION.to_owned(),
            port: None,
            clock: Clock::system(),
            log_file: LogFile(Arc::new(move || current.path())),
            reload: Reload::new(move || drop(reloading.reload_now())),
            allow_weak_password: options.allow_weak_password,
            adapters: vec![Box::new(Acme), Box::new(openclaw_edge::dns::WideArea)],
            inherited: options.inherited.clone(),
            restart: successor::check(context, options, &program),
        });
        let gateway = started.await.map_err(|error| refused(context, error))?;
        if let Some(line) = settings::container_line(gateway.plan(), context.env()) {
            tracing::info!(target: "gateway", "{line}");
        }
        let follower = log_settings::Follower {
            control: logs.control().clone(),
            ui: context.ui(),
            paths: context.paths().clone(),
            options: options.clone(),
            part: log_settings::part(gateway.core()),
            subsystems: Arc::clone(&gateway.core().subsystems),
        };
        follower.report();
        let server = Self {
            gateway,
            watcher,
            log_settings: spawn_owned("log settings", follower.run(changes.clone())),
            changes,
            logs,
            signals,
            program,
            watchdog,
        };
        server.announce(restarted);
        Ok(server)
    }

    /// The gateway.
    pub(crate) const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    fn announce(&self, restarted: bool) {
        let scheme = match self.gateway.core().tls.facts() {
            Some(_) => "wss",
            None => "ws",
        };
        for (index, address) in self.gateway.addresses().iter().enumerate() {
            if index == 0 {
                let pid = std::process::id();
                tracing::info!(target: "gateway", "listening on {scheme}://{address} (PID {pid})");
            } else {
                tracing::info!(target: "gateway", "listening on {scheme}://{address}");
            }
        }
        if restarted {
            tracing::info!(target: "gateway", "restarted; the sockets stayed open");
        }
        let addresses: Vec<_> = self
            .gateway
            .addresses()
            .iter()
            .map(ToString::to_string)
            .collect();
        supervisor::ready(&format!("listening on {}", addresses.join(", ")));
        self.announce_canvas();
        let control = self.logs.control();
        if control.trouble().is_none_or(|one| !one.console_only) {
            tracing::info!(target: "gateway", "log file: {}", control.current().path().display());
        }
        if let Some(reason) = self.watcher.failure() {
            tracing::warn!(target: "gateway", %reason, "config changes are not noticed by themselves; send SIGHUP after a change");
        }
    }

    /// Where the canvas host is; why it is not has been said where the settings were read.
    fn announce_canvas(&self) {
        let core = self.gateway.core();
        let folder = CanvasFolder::from_snapshot(&core.snapshot(), &core.server.state_dir);
        if let (Ok(Some(folder)), Some(address)) =
            (folder, self.gateway.addresses().first().copied())
        {
            let scheme = core.tls.facts().map_or("http", |_| "https");
            let address = host::dialable(address, &host::own_addresses().unwrap_or_default());
            let root = folder.root.display();
            tracing::info!(target: "canvas", "host mounted at {scheme}://{address}/__openclaw__/canvas/ (root {root})");
        }
    }

    /// Serves until it is told to stop or to restart, then ends in order. `stopping` is cancelled before.
    pub(crate) async fn run(
        mut self,
        stopping: &CancellationToken,
    ) -> Result<Finished, CommandError> {
        let order = self.until_told().await;
        stopping.cancel();
        match order {
            Order::Stop(signal) => self.stop(signal).await,
            Order::Restart => self.restart().await,
        }
    }

    async fn stop(self, signal: Terminating) -> Result<Finished, CommandError> {
        tracing::info!(target: "gateway", "signal {signal} received");
        tracing::info!(target: "gateway", "received {signal}; shutting down");
        supervisor::stopping();
        let Self {
            gateway,
            mut signals,
            logs,
            log_settings,
            watchdog,
            ..
        } = self;
        drop(log_settings);
        let stopping = gateway.shutdown();
        tokio::pin!(stopping);
        let report = tokio::select! {
            report = &mut stopping => report,
            again = signals.terminating() => return Err(at_once(again)),
        };
        tell(report);
        drop((watchdog, logs));
        Ok(Finished::Stopped)
    }

    async fn restart(self) -> Result<Finished, CommandError> {
        let program = self.program.path().display();
        tracing::info!(target: "gateway", "draining; then {program} goes on");
        supervisor::restarting();
        let Self {
            gateway,
            mut signals,
            program,
            logs,
            log_settings,
            watchdog,
            ..
        } = self;
        drop(log_settings);
        let ending = gateway.hand_over();
        tokio::pin!(ending);
        let mut stops = None;
        let (report, handed_over) = loop {
            tokio::select! {
                ended = &mut ending => break ended,
                signal = signals.terminating() => match stops {
                    None => {
                        tracing::info!(target: "gateway", "received {signal} while restarting; shutting down instead");
                        supervisor::stopping();
                        stops = Some(signal);
                    }
                    Some(_) => return Err(at_once(signal)),
                },
            }
        };
        tell(report);
        if stops.is_some() {
            return Ok(Finished::Stopped);
        }
        tracing::info!(target: "gateway", "handing {} sockets over", handed_over.sockets.len());
        // The last lines are written before nobody is there to write them.
        drop((watchdog, logs));
        let successor = Successor::new(program, handed_over, signals.into_told_to_end());
        Ok(Finished::Restarts(Box::new(successor)))
    }

    /// Waits until it is to end; acts on the other signals and on config changes.
    async fn until_told(&mut self) -> Order {
        let restart = self.gateway.core().restart.clone();
        let mut checking = None;
        loop {
            tokio::select! {
                received = self.signals.any() => match received {
                    Received::Stop(signal) => return Order::Stop(signal),
                    Received::Asked(Asked::Reload) => {
                        tracing::info!(target: "gateway", "SIGHUP received; reading the config again");
                        // Blocks on the disk for a moment, as every config change does.
                        drop(self.watcher.reload_now());
                    }
                    Received::Asked(Asked::Restart) if !self.changes.borrow().settings.commands.restart => {
                        tracing::warn!(target: "gateway", "SIGUSR1 restart ignored (not authorized; enable commands.restart or use gateway tool).");
                    }
                    // One look is enough: beginning anew with every signal might never come to an end.
                    Received::Asked(Asked::Restart) if checking.as_ref().is_some_and(is_running) => {}
                    // Looking takes a moment, in which it serves and may be stopped.
                    Received::Asked(Asked::Restart) => checking = Some(spawn_owned("restart check", checked(restart.clone()))),
                },
                () = restart.wanted() => {
                    drop(checking);
                    return Order::Restart;
                }
            }
        }
    }
}

fn is_running(check: &AbortOnDropHandle<()>) -> bool {
    !check.is_finished()
}

/// Asks for a restart if one would work.
async fn checked(restart: Restart) {
    match restart.check().await {
        Ok(()) => {
            tracing::info!(target: "gateway", "received SIGUSR1; restarting");
            restart.request();
        }
        Err(refused) => {
            tracing::error!(target: "gateway", "received SIGUSR1; not restarted: {refused}; {}", refused.fix);
        }
    }
}

/// What a gateway is told.
enum Order {
    Stop(Terminating),
    Restart,
}

/// How a gateway ended.
#[derive(Debug)]
#[must_use = "a restart is not done yet"]
pub(crate) enum Finished {
    /// For good.
    Stopped,
    /// This program goes on, or the one that replaced it.
    Restarts(Box<Successor>),
}

impl Finished {
    /// Ends the command; a restart becomes its successor here.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Stopped => Ok(Exit::OK),
            Self::Restarts(successor) => successor.take_over(),
        }
    }
}

/// Somebody does not want to wait for the drain.
fn at_once(signal: Terminating) -> CommandError {
    tracing::warn!(target: "gateway", "received {signal} again; ending at once");
    CommandError::signal(signal.number())
}

fn tell(report: ShutdownReport) {
    if report.is_clean() {
        tracing::info!(target: "gateway", "all calls answered, all connections closed, records written");
        return;
    }
    tracing::warn!(
        target: "gateway",
        unanswered = report.unanswered,
        unclosed = report.unclosed,
        stored = report.stored,
        "shutdown timed out; exiting without full cleanup"
    );
}

fn start_logs(
    context: &Context,
    options: &ServerOptions,
    snapshot: &Snapshot,
) -> Result<LogHandle, CommandError> {
    let ui = context.ui();
    let mode = snapshot.settings.logging.redact_sensitive;
    let redactor = Redactor::default().known_only(mode == RedactMode::Off);
    add_secrets(&redactor, snapshot);
    let flags = &options.flags;
    redactor.add(
        [&flags.token, &flags.password]
            .into_iter()
            .flatten()
            .map(String::as_str),
    );
    redactor.add(
        flags
            .generated_token
            .iter()
            .map(openclaw_config::Secret::expose),
    );
    let environment = [env::OPENCLAW_GATEWAY_TOKEN, env::OPENCLAW_GATEWAY_PASSWORD];
    redactor.add(
        environment
            .into_iter()
            .filter_map(|name| snapshot.env.get(name)),
    );
    logging::start(
        &log_options(ui, context.paths(), options, snapshot),
        redactor,
    )
}

fn log_options<'a>(
    ui: Ui,
    paths: &'a Paths,
    options: &ServerOptions,
    snapshot: &'a Snapshot,
) -> LogOptions<'a> {
    let style = match (ui.is_json(), ui.is_terminal()) {
        (true, _) => ConsoleStyle::Json,
        (false, true) => ConsoleStyle::Pretty,
        (false, false) => ConsoleStyle::Compact,
    };
    LogOptions {
        paths,
        env: &snapshot.env,
        settings: &snapshot.settings.logging,
        verbose: options.verbose,
        ws_log: options.ws_log,
        style,
        console_level: options.console_level,
        colour: ui.is_colourful(),
    }
}

fn add_secrets(redactor: &Redactor, snapshot: &Snapshot) {
    let gateway = &snapshot.settings.gateway;
    let secrets = [
        &gateway.auth.token,
        &gateway.auth.password,
        &gateway.remote.token,
        &gateway.remote.password,
        &gateway.metrics.token,
    ];
    // The redactor has to know them to keep them out of the log.
    redactor.add(
        secrets
            .into_iter()
            .flatten()
            .map(openclaw_config::Secret::expose),
    );
}

/// Why the gateway does not start, and what to do. A supervisor must not try again what cannot
/// succeed.
fn refused(context: &Context, error: StartError) -> CommandError {
    match error {
        StartError::Refused(refused) => {
            let hints = misplaced_credential_hints(&context.snapshot().parsed);
            CommandError::config(refused.to_string()).hints(hints)
        }
        StartError::Lock(LockError::Held { holder, .. }) => held(context, &holder),
        StartError::Settings(issues) => {
            let lines: Vec<String> = issues.iter().map(problem).collect();
            CommandError::config(lines.join("\n"))
        }
        StartError::Bind(error) => {
            let is_taken = matches!(error, BindError::InUse { .. });
            let failed = CommandError::plain(format!("Gateway failed to start: {error}"));
            // A service has no command line to add a flag to.
            failed.hints(is_taken.then(|| {
                format!(
                    "Another port for good: {}",
                    context.command("openclaw config set gateway.port <port>")
                )
            }))
        }
        other @ (StartError::Lock(_) | StartError::Store(_)) => {
            CommandError::plain(format!("Gateway failed to start: Error: {other}")).hint(format!(
                "The state directory is {}; this user must be able to write it. Another one: OPENCLAW_STATE_DIR=<path>",
                context.paths().display_home(&context.paths().state_dir)
            ))
        }
        other => CommandError::plain(format!("Gateway failed to start: Error: {other}")),
    }
}

/// Says at once when a gateway of this state directory runs, before anything is written.
pub(crate) fn refuse_second(context: &Context, inherited: &Inherited) -> Result<(), CommandError> {
    if inherited.has_lock() {
        // The one before has ended, and its lock is ours.
        return Ok(());
    }
    match peek(&context.paths().lock_file, now_ms()) {
        Ok(Some(holder)) => Err(held(context, &holder)),
        // Whatever is wrong with the lock shows when it is taken.
        Ok(None) | Err(_) => Ok(()),
    }
}

fn held(context: &Context, holder: &LockHeld) -> CommandError {
    CommandError::config(format!(
        "Gateway failed to start: gateway already running ({holder})"
    ))
    .hint("Fix: stop that one first, or use another profile: openclaw --profile <name> gateway")
    .hint(format!(
        "See: {}",
        context.command("openclaw gateway status")
    ))
}
