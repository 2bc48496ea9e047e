//! Starting, stopping, restarting and removing services, and how that is told.

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use openclaw_gateway::lock::LockHeld;
use serde_json::{Value, json};

use super::act::{Verb, logs_hint, make, steps};
use super::ask::{NotAsked, ask_to_restart};
use super::find::{self, Found, State};
use super::kind::{Kind, Manager};
use super::{install, nearby, running};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::platform::PORTS_OVER_A_RESTART;

/// How long a new process may take to be there after a restart that lost nothing.
const RESTART_WAIT: Duration = Duration::from_secs(60);

/// Result of an installation where nobody runs services.
pub(crate) const NO_SUPERVISOR: &str = "no-supervisor";

/// What a service command did.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) action: &'static str,
    pub(crate) result: &'static str,
    pub(crate) lines: Vec<String>,
    pub(crate) message: Option<String>,
    pub(crate) hints: Vec<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) service: Value,
    pub(crate) file: Option<PathBuf>,
    /// Who listens on the port although the gateway has stopped.
    pub(crate) port: Option<Value>,
    /// Whether this is a container.
    pub(crate) in_container: bool,
}

impl Report {
    pub(crate) fn new(action: &'static str, manager: Option<Manager>) -> Self {
        Self {
            action,
            service: service_json(manager, &State::default()),
            ..Self::default()
        }
    }

    /// Whether what was asked for cannot be had. In a container the foreground command is what was asked for.
    fn is_refused(&self) -> bool {
        self.result == NO_SUPERVISOR && !self.in_container
    }

    /// Whether a service manager runs the service now.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.result, "installed" | "already-installed")
    }

    fn to_json(&self) -> Value {
        let mut value = json!({
            "action": self.action, "ok": !self.is_refused(), "result": self.result, "service": self.service,
        });
        let mut put = |name: &str, found: Value| {
            value[name] = found;
        };
        if let Some(message) = &self.message {
            put("message", json!(message));
        }
        if !self.hints.is_empty() {
            put("hints", json!(self.hints));
        }
        if !self.warnings.is_empty() {
            put("warnings", json!(self.warnings));
        }
        if let Some(file) = &self.file {
            put("file", json!(file));
        }
        if let Some(port) = &self.port {
            put("port", port.clone());
        }
        value
    }
}

/// The service part of JSON outputs.
pub(crate) fn service_json(manager: Option<Manager>, state: &State) -> Value {
    let (loaded, not_loaded) = manager.map_or(("enabled", "disabled"), Manager::loaded_texts);
    json!({
        "label": manager.map_or("none", Manager::label),
        "loaded": state.enabled,
        "loadedText": loaded,
        "notLoadedText": not_loaded,
    })
}

/// Prints what a command did, or why it did not, as text or JSON.
pub(crate) fn tell(
    context: &Context,
    kind: Kind,
    action: &'static str,
    done: Result<Report, CommandError>,
) -> Outcome {
    let ui = context.ui();
    match done {
        Ok(report) => {
            let exit = if report.is_refused() {
                Exit::FAILED
            } else {
                Exit::OK
            };
            if ui.is_json() {
                ui.json(&report.to_json())?;
                return Ok(exit);
            }
            for line in &report.lines {
                ui.line(line)?;
            }
            for warning in &report.warnings {
                ui.note(format!("Warning: {warning}"));
            }
            Ok(exit)
        }
        Err(error) => {
            let error = error.prefixed(&format!("{} {action} failed: ", kind.title()));
            if !ui.is_json() {
                return Err(error);
            }
            ui.json(&json!({
                "action": action, "ok": false,
                "error": error.to_string(), "hints": error.hint_lines(),
            }))?;
            Ok(Exit::remote(error.exit_code()))
        }
    }
}

/// Arguments of the commands that act on an installed service.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Args {
    /// Act on the system service, whoever installed it
    #[arg(long)]
    pub(crate) system: bool,
}

impl Args {
    /// The service that these commands act on: the one of this state directory, or with `--system` the one of the machine.
    fn service(self, context: &Context, kind: Kind) -> Result<Option<Found>, CommandError> {
        let (env, paths) = (context.env(), context.paths());
        let found = find::all(kind, env, paths);
        if self.system {
            return Ok(found
                .into_iter()
                .find(|found| found.manager.is_of_machine() && found.installed.is_of_openclaw()));
        }
        let (ours, others): (Vec<Found>, Vec<Found>) = found
            .into_iter()
            .partition(|found| found.is_of(&paths.state_dir));
        let by_hand = || nearby::of_state(kind, env, paths).into_iter().next();
        if let Some(first) = ours.into_iter().next().or_else(by_hand) {
            return Ok(Some(first));
        }
        match others
            .into_iter()
            .find(|found| found.installed.is_of_openclaw())
        {
            None => Ok(None),
            Some(other) => {
                let mut error = CommandError::plain(format!(
                    "{} runs the {} of {}, and this is {}",
                    other.name,
                    kind.word(),
                    other.state_dir.display(),
                    paths.state_dir.display()
                ));
                if other.manager.is_of_machine() {
                    error = error.hint("To act on it all the same: add --system");
                }
                Err(error)
            }
        }
    }
}

/// The node that `openclaw up` runs ends with its gateway alone.
pub(super) fn refuse_part_of_gateway(
    context: &Context,
    kind: Kind,
    holder: Option<&LockHeld>,
) -> Result<(), CommandError> {
    let Some(pid) = holder.and_then(|holder| holder.pid) else {
        return Ok(());
    };
    let gateway = running::holder(&context.paths().lock_file)?;
    if kind != Kind::Node || gateway.and_then(|gateway| gateway.pid) != Some(pid) {
        return Ok(());
    }
    let stop = context.command("openclaw gateway stop");
    Err(CommandError::plain(format!(
        "this node is part of the gateway that `openclaw up` runs (pid {pid}); nothing was changed"
    ))
    .hint(format!("To stop both: {stop}"))
    .hint(format!(
        "To go on with the gateway alone: {stop}, then: {}",
        context.command("openclaw up --no-node")
    )))
}

fn has_no_manager(context: &Context) -> bool {
    matches!(
        find::supervisor(context.env()),
        find::Supervisor::Nobody { .. }
    )
}

/// How what runs without a service is started again.
fn again_by_hand(context: &Context, kind: Kind) -> String {
    let by_hand = "end it in its terminal and start it there again";
    if has_no_manager(context) {
        return by_hand.to_owned();
    }
    let install = context.command(&format!("openclaw {} install --force", kind.word()));
    format!("{by_hand}, or: {install}")
}

fn nothing_to_stop(context: &Context, kind: Kind) -> CommandError {
    if !has_no_manager(context) {
        return not_installed(context, kind);
    }
    let word = kind.word();
    CommandError::plain(format!(
        "no {word} of this profile runs, and there is no service manager here (systemd, OpenRC)"
    ))
    .hint(format!(
        "One that runs in a terminal ends with Ctrl-C, and with: {}",
        context.command(&format!("openclaw {word} stop"))
    ))
}

fn not_installed(context: &Context, kind: Kind) -> CommandError {
    let word = kind.word();
    if has_no_manager(context) {
        return CommandError::plain(format!(
            "{} service not installed: there is no service manager here (systemd, OpenRC).",
            kind.title()
        ))
        .hint(format!(
            "Run it in the foreground: {}",
            context.command(&format!("openclaw {word} run"))
        ));
    }
    CommandError::plain(format!("{} service not installed.", kind.title()))
        .hint(format!(
            "Install it: {}",
            context.command(&format!("openclaw {word} install"))
        ))
        .hint(format!(
            "Or run it in the foreground: {}",
            context.command(&format!("openclaw {word} run"))
        ))
}

fn call(context: &Context, found: &Found, verb: Verb) -> Result<(), CommandError> {
    let env = context.env();
    let steps = steps(found.manager, verb, &found.name, &found.file, env.uid());
    make(env, found.manager, &steps, &mut Vec::new()).map_err(|error| match verb {
        Verb::Start | Verb::Restart => error.hint(logs_hint(
            found.manager,
            &found.name,
            &context.paths().state_dir,
        )),
        _ => error,
    })
}

fn done(found: &Found, action: &'static str, result: &'static str, line: String) -> Report {
    let state = State {
        enabled: true,
        ..State::default()
    };
    Report {
        result,
        lines: vec![line],
        service: service_json(Some(found.manager), &state),
        file: Some(found.file.clone()),
        ..Report::new(action, Some(found.manager))
    }
}

/// The process that holds the state directory, unless it is the service's own.
fn outside(context: &Context, kind: Kind, state: &State) -> Result<Option<LockHeld>, CommandError> {
    let holder = running::holder(&kind.lock_file(context.paths()))?;
    Ok(holder.filter(|holder| !(state.active && (state.pid.is_none() || state.pid == holder.pid))))
}

/// Starts an installed service.
pub(crate) fn start(context: &Context, kind: Kind, args: Args) -> Result<Report, CommandError> {
    let Some(found) = args.service(context, kind)? else {
        return Err(not_installed(context, kind));
    };
    let state = found.state(context.env());
    if let Some(holder) = outside(context, kind, &state)?.filter(|_| !args.system) {
        refuse_part_of_gateway(context, kind, Some(&holder))?;
        return Err(CommandError::plain(format!(
            "a {} runs outside its service ({holder})",
            kind.word()
        ))
        .hint(format!(
            "Fix: {}, then start again",
            context.command(&format!("openclaw {} stop", kind.word()))
        )));
    }
    if !state.active && state.stale {
        call(context, &found, Verb::Reload)?;
    }
    call(context, &found, Verb::Start)?;
    let line = format!("Started {}: {}", found.manager.noun(), found.name);
    Ok(done(&found, "start", "started", line))
}

/// Stops the service, or whatever process holds the state directory; returns when the port is free, or says who holds it.
pub(crate) fn stop(context: &Context, kind: Kind, args: Args) -> Result<Report, CommandError> {
    let found = args.service(context, kind)?;
    let lock = kind.lock_file(context.paths());
    let before = running::holder(&lock)?;
    if !args.system {
        refuse_part_of_gateway(context, kind, before.as_ref())?;
    }
    let mut report = match &found {
        Some(found) => {
            call(context, found, Verb::Stop)?;
            let line = format!("Stopped {}: {}", found.manager.noun(), found.name);
            done(found, "stop", "stopped", line)
        }
        None if before.is_none() => return Err(nothing_to_stop(context, kind)),
        None => Report {
            result: "stopped",
            ..Report::new("stop", None)
        },
    };
    if args.system {
        return Ok(report);
    }
    if found
        .as_ref()
        .is_some_and(|found| found.manager == Manager::Launchd)
    {
        // It lets the process go on while that stops.
        running::wait_until_free(&lock)?;
    }
    // Whoever still holds the lock was started by hand.
    if let Some(pid) = running::end(&lock)? {
        report.lines.push(format!(
            "Stopped the {} that ran without a service (pid {pid})",
            kind.word()
        ));
    }
    let ports = before.as_ref().map(running::ports).unwrap_or_default();
    let busy = running::busy(&ports);
    for found in &busy {
        report
            .lines
            .push(format!("Port {} is not free:", found.port));
        for holder in &found.holders {
            report.lines.push(format!("- {holder}"));
        }
    }
    if busy.is_empty() && !ports.is_empty() {
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        report
            .lines
            .push(format!("Port {} is free.", ports.join(", ")));
    }
    report.port = busy.first().map(running::port_json);
    Ok(report)
}

/// How a restart is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The running process takes up its new self and keeps its sockets; the manager keeps its process.
    InPlace,
    /// The manager stops and starts it.
    ByManager,
}

/// A process that the manager runs, from the file that the manager knows, can be replaced in place.
fn way(kind: Kind, state: &State, holder: Option<&LockHeld>) -> Way {
    let is_its_own = state.active
        && !state.stale
        && state.pid.is_some()
        && holder.is_some_and(|holder| holder.pid == state.pid);
    if kind == Kind::Gateway && is_its_own {
        Way::InPlace
    } else {
        Way::ByManager
    }
}

/// Restarts. A service is restarted by its manager, or in place where that loses nothing; a gateway without one takes its own place.
pub(crate) fn restart(context: &Context, kind: Kind, args: Args) -> Result<Report, CommandError> {
    let found = args.service(context, kind)?;
    let holder = if args.system {
        None
    } else {
        running::holder(&kind.lock_file(context.paths()))?
    };
    refuse_part_of_gateway(context, kind, holder.as_ref())?;
    let Some(found) = found else {
        return match (kind, &holder) {
            (Kind::Gateway, Some(holder)) => in_place(context, holder)
                .map(|line| Report {
                    result: "restarted",
                    lines: vec![line],
                    ..Report::new("restart", None)
                })
                .map_err(|not| match not {
                    NotAsked::Refused(error) => error,
                    NotAsked::Failed(error) => error.hint(format!(
                        "It runs without a service ({holder}): {}",
                        again_by_hand(context, kind)
                    )),
                }),
            (Kind::Node, Some(holder)) => Err(CommandError::plain(format!(
                "the node runs without a service ({holder}), and nobody would start it again"
            ))
            .hint(format!("Fix: {}", again_by_hand(context, kind)))),
            (_, None) => Err(not_installed(context, kind)),
        };
    };
    let state = found.state(context.env());
    if let Some(holder) = holder
        .as_ref()
        .filter(|holder| way(kind, &state, Some(holder)) == Way::InPlace)
    {
        match in_place(context, holder) {
            Ok(line) => {
                await_ready(context, &found);
                return Ok(done(&found, "restart", "restarted", line));
            }
            // A stop would only take down what still works.
            Err(NotAsked::Refused(error)) => return Err(error),
            // What it cannot do by itself, its manager can.
            Err(NotAsked::Failed(error)) => context
                .ui()
                .note(format!("Not restarted in place: {error}")),
        }
    } else if let Some(holder) = outside(context, kind, &state)?.filter(|_| !args.system) {
        return Err(CommandError::plain(format!(
            "a {} runs outside its service ({holder})",
            kind.word()
        ))
        .hint(format!(
            "Fix: {}, then: {}",
            context.command(&format!("openclaw {} stop", kind.word())),
            context.command(&format!("openclaw {} start", kind.word()))
        )));
    }
    if state.stale {
        call(context, &found, Verb::Reload)?;
    }
    call(context, &found, Verb::Restart)?;
    let line = format!("Restarted {}: {}", found.manager.noun(), found.name);
    Ok(done(&found, "restart", "restarted", line))
}

/// Returns when the manager knows that the new gateway is ready: the lock is taken a moment earlier.
fn await_ready(context: &Context, found: &Found) {
    let end = Instant::now() + RESTART_WAIT;
    while found.state(context.env()).activity.as_deref() == Some("reloading")
        && Instant::now() < end
    {
        sleep(Duration::from_millis(20));
    }
}

/// Asks the gateway to take its own place, and waits until the new one has the lock.
fn in_place(context: &Context, before: &LockHeld) -> Result<String, NotAsked> {
    ask_to_restart(context)?;
    let end = Instant::now() + RESTART_WAIT;
    loop {
        let now = running::holder(&context.paths().lock_file).map_err(NotAsked::Failed)?;
        let is_new =
            |held: &LockHeld| held.pid != before.pid || held.started_at_ms != before.started_at_ms;
        if let Some(held) = now.filter(|held| is_new(held) && !held.addresses.is_empty()) {
            let pid = held.pid.unwrap_or_default();
            return Ok(format!(
                "Restarted the gateway in place (pid {pid}): its ports {PORTS_OVER_A_RESTART}."
            ));
        }
        if Instant::now() >= end {
            return Err(NotAsked::Failed(
                CommandError::plain("the gateway accepted the request but did not restart")
                    .hint(format!("See: {}", context.command("openclaw logs"))),
            ));
        }
        sleep(Duration::from_millis(20));
    }
}

/// Stops a service, and removes its file.
pub(crate) fn uninstall(context: &Context, kind: Kind, args: Args) -> Result<Report, CommandError> {
    let Some(found) = args.service(context, kind)? else {
        let manager = Manager::of_system(std::env::consts::OS)[0];
        let (env, paths) = (context.env(), context.paths());
        let name = manager.name(kind, &paths.profile, env);
        let file = manager.file(kind, &name, env, paths);
        let line = format!(
            "{} not found at {}",
            capital(manager.noun()),
            file.display()
        );
        return Ok(Report {
            result: "uninstalled",
            lines: vec![line],
            ..Report::new("uninstall", Some(manager))
        });
    };
    let (env, paths) = (context.env(), context.paths());
    if found.is_by_hand(env, paths) {
        return Err(CommandError::plain(format!(
            "{} was written by hand; it stays as it is",
            found.file.display()
        ))
        .hint(format!(
            "To take it away: {}, then: {}rm {}",
            found.typed(Verb::Disable, env.uid()),
            found.sudo(env.uid()),
            found.file.display()
        )));
    }
    let state = found.state(context.env());
    let mut lines = Vec::new();
    // Without its manager there is nothing to stop, and the file can still go.
    if state.unavailable.is_none() {
        call(context, &found, Verb::Stop)?;
        lines.push(format!("Stopped {}: {}", found.manager.noun(), found.name));
        if found.state(context.env()).activity.as_deref() == Some("failed") {
            call(context, &found, Verb::Forget)?;
        }
        call(context, &found, Verb::Disable)?;
    }
    fs::remove_file(&found.file).map_err(|error| {
        CommandError::plain(format!("cannot remove {}: {error}", found.file.display()))
    })?;
    lines.push(format!(
        "Removed {}: {}",
        found.manager.noun(),
        found.file.display()
    ));
    if state.unavailable.is_none() {
        call(context, &found, Verb::Reload)?;
    }
    let secrets = kind.environment_file(&found.state_dir);
    // A file with anything else in it is not of our making alone.
    let is_ours = fs::read_to_string(&secrets).is_ok_and(|text| {
        !text.is_empty()
            && text
                .lines()
                .all(|line| line.starts_with("OPENCLAW_GATEWAY_"))
    });
    if is_ours && fs::remove_file(&secrets).is_ok() {
        lines.push(format!("Removed {}", secrets.display()));
    }
    Ok(Report {
        result: "uninstalled",
        lines,
        file: Some(found.file.clone()),
        ..Report::new("uninstall", Some(found.manager))
    })
}

/// Refuses where the system is described elsewhere.
pub(crate) fn refuse_nix(context: &Context, what: &str) -> Result<(), CommandError> {
    if context
        .env()
        .is_one(openclaw_config::env::OPENCLAW_NIX_MODE)
    {
        return Err(CommandError::plain(format!(
            "Nix mode detected; service {what} is disabled."
        )));
    }
    Ok(())
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Installs and tells.
pub(crate) fn install_and_tell(
    context: &Context,
    kind: Kind,
    request: Result<install::Request, CommandError>,
) -> Outcome {
    let done = request.and_then(|request| install::install(context, kind, &request));
    tell(context, kind, "install", done)
}
