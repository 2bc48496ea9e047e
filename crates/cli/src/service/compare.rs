//! Holds the service file, the config and the running process against each other.

use std::path::{Path, PathBuf};

use openclaw_config::env;
use openclaw_config::paths::Profile;
use openclaw_config::resolve::resolve_port;
use openclaw_gateway::lock::LockHeld;
use serde_json::{Value, json};

use super::account::Account;
use super::act::Verb;
use super::find::{self, Found, State, Supervisor, same_place, supervisor};
use super::install::program;
use super::kind::{Kind, Manager, Scope};
use super::lifecycle::service_json;
use super::plan::Service;
use super::{linger, nearby, running};
use crate::context::Context;

/// Variables of a service file that outputs may show.
const SHOWN: [&str; 5] = [
    env::OPENCLAW_PROFILE,
    env::OPENCLAW_STATE_DIR,
    env::OPENCLAW_CONFIG_PATH,
    env::OPENCLAW_GATEWAY_PORT,
    env::OPENCLAW_NIX_MODE,
];

/// Something that does not fit, and the command that mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) detail: Option<String>,
    pub(crate) fix: String,
}

/// What is known about the service of a state directory.
#[derive(Debug)]
pub(crate) struct Look {
    kind: Kind,
    found: Option<Found>,
    state: State,
    pub(crate) issues: Vec<Issue>,
}

/// What is compared.
#[derive(Debug)]
struct Facts<'a> {
    kind: Kind,
    profile: &'a Profile,
    found: &'a Found,
    state: &'a State,
    /// What this program would write into the file.
    wanted: Option<String>,
    program_exists: bool,
    state_dir: &'a Path,
    config_path: &'a Path,
    /// Port of the config, without the environment of this shell.
    port: Option<u16>,
    holder: Option<&'a LockHeld>,
    /// Name of the user, and whether lingering is on.
    linger: Option<(String, bool)>,
    /// Somebody described it under a name of their own: its file is theirs to change.
    by_hand: bool,
    /// The user of this command.
    uid: u32,
    /// Another service of the same state directory.
    other: Option<PathBuf>,
    /// The other state directory, when the name belongs to that one.
    foreign: Option<PathBuf>,
}

impl Look {
    /// Looks at files, and at the service manager only where there is a file. `holder` is who holds the lock.
    pub(crate) fn take(context: &Context, kind: Kind, holder: Option<&LockHeld>) -> Self {
        let (env, paths) = (context.env(), context.paths());
        let mut ours = nearby::of_state(kind, env, paths).into_iter();
        let found = ours
            .next()
            .or_else(|| find::all(kind, env, paths).into_iter().next());
        let Some(found) = found else {
            return Self {
                kind,
                found: None,
                state: State::default(),
                issues: Vec::new(),
            };
        };
        let state = found.state(env);
        let facts = Facts {
            kind,
            profile: &paths.profile,
            wanted: wanted(context, &found),
            program_exists: found
                .installed
                .words
                .first()
                .is_some_and(|word| Path::new(word).exists()),
            state_dir: &paths.state_dir,
            config_path: &paths.config_path,
            port: context.settings().ok().and_then(|settings| {
                let plain = openclaw_config::Env::from_pairs([("HOME", "/")]);
                resolve_port(None, &plain, settings, &paths.profile)
                    .ok()
                    .map(|port| port.value)
            }),
            holder,
            linger: (found.manager == Manager::Systemd(Scope::User))
                .then(|| Account::own(env))
                .flatten()
                .and_then(|account| {
                    let on = linger::is_on(env, &account.name)?;
                    Some((account.name, on))
                }),
            other: ours.next().map(|other| other.file),
            foreign: (!found.is_of(&paths.state_dir)).then(|| found.state_dir.clone()),
            by_hand: found.is_by_hand(env, paths),
            uid: env.uid(),
            found: &found,
            state: &state,
        };
        let issues = issues(&facts);
        Self {
            kind,
            issues,
            found: Some(found),
            state,
        }
    }

    fn manager(&self) -> Manager {
        self.found
            .as_ref()
            .map_or(Manager::of_system(std::env::consts::OS)[0], |found| {
                found.manager
            })
    }

    /// The lines about the service.
    pub(crate) fn lines(&self, context: &Context) -> Vec<String> {
        let paths = context.paths();
        let manager = self.manager();
        let (on, off) = manager.loaded_texts();
        let Some(found) = &self.found else {
            let word = self.kind.word();
            if matches!(supervisor(context.env()), Supervisor::Nobody { .. }) {
                return vec![format!(
                    "Service: none (no service manager here; in the foreground: {})",
                    context.command(&format!("openclaw {word} run"))
                )];
            }
            return vec![format!(
                "Service: {} (not installed; to install it: {})",
                manager.label(),
                context.command(&format!("openclaw {word} install"))
            )];
        };
        let scope = match manager {
            Manager::Systemd(Scope::User) => ", of this user",
            Manager::Systemd(Scope::System) => ", of the machine",
            _ => "",
        };
        let mut lines = vec![
            format!(
                "Service: {} ({}{scope})",
                manager.label(),
                if self.state.enabled { on } else { off }
            ),
            format!("Command: {}", found.installed.words.join(" ")),
            format!("Service file: {}", paths.display_home(&found.file)),
        ];
        let variables: Vec<String> = SHOWN
            .iter()
            .filter_map(|name| Some(format!("{name}={}", found.installed.variable(name)?)))
            .collect();
        if !variables.is_empty() {
            lines.push(format!("Service env: {}", variables.join(" ")));
        }
        lines.push(format!("Service state: {}", self.state_text()));
        lines
    }

    /// One line for a table: `systemd installed · enabled · running (pid 7)`.
    pub(crate) fn cell(&self) -> String {
        let manager = self.manager();
        let (on, off) = manager.loaded_texts();
        if self.found.is_none() {
            return format!("{} not installed", manager.label());
        }
        let enabled = if self.state.enabled { on } else { off };
        format!(
            "{} installed · {enabled} · {}",
            manager.label(),
            self.state_text()
        )
    }

    /// The same for programs.
    pub(crate) fn cell_json(&self) -> Value {
        let (on, off) = self.manager().loaded_texts();
        json!({
            "label": self.manager().label(),
            "installed": self.found.is_some(),
            "loadedText": if self.state.enabled { on } else { off },
            "runtimeShort": self.found.as_ref().map(|_| self.state_text()),
            "name": self.found.as_ref().map(|found| &found.name),
        })
    }

    fn state_text(&self) -> String {
        let state = &self.state;
        if let Some(reason) = &state.unavailable {
            return format!("unknown ({reason})");
        }
        let mut parts = Vec::new();
        if let Some(name) = &state.activity {
            parts.push(name.clone());
        }
        if let Some(name) = &state.step {
            parts.push(name.clone());
        }
        if let Some(pid) = state.pid {
            parts.push(format!("pid {pid}"));
        }
        if let Some(exit) = &state.last_exit {
            parts.push(format!("last {exit}"));
        }
        if parts.is_empty() {
            parts.push("unknown".to_owned());
        }
        parts.join(", ")
    }

    /// The lines about what does not fit.
    pub(crate) fn issue_lines(&self) -> Vec<String> {
        self.issues
            .iter()
            .flat_map(|issue| {
                let detail = issue
                    .detail
                    .iter()
                    .flat_map(|detail| detail.lines())
                    .map(|line| format!("    {line}"));
                std::iter::once(format!("Service issue: {}", issue.message))
                    .chain(detail)
                    .chain([format!("  Fix: {}", issue.fix)])
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// The same for programs.
    pub(crate) fn to_json(&self) -> Value {
        let mut value = service_json(Some(self.manager()), &self.state);
        let state = &self.state;
        let mut runtime = json!({});
        for (name, found) in [
            ("state", json!(state.activity)),
            ("subState", json!(state.step)),
            ("servicePid", json!(state.pid)),
            ("lastExit", json!(state.last_exit)),
            ("detail", json!(state.unavailable)),
        ] {
            if !found.is_null() {
                runtime[name] = found;
            }
        }
        if self.found.is_none() {
            runtime["missingUnit"] = json!(true);
        }
        value["runtime"] = runtime;
        value["command"] = self.found.as_ref().map_or(Value::Null, |found| {
            let environment: serde_json::Map<String, Value> = SHOWN
                .iter()
                .filter_map(|name| {
                    Some(((*name).to_owned(), json!(found.installed.variable(name)?)))
                })
                .collect();
            json!({
                "programArguments": found.installed.words,
                "environment": environment,
                "sourcePath": found.file,
            })
        });
        value["name"] = json!(self.found.as_ref().map(|found| &found.name));
        let issues: Vec<Value> = self
            .issues
            .iter()
            .map(|issue| {
                json!({
                    "code": issue.code, "message": issue.message, "detail": issue.detail,
                    "level": "recommended", "fix": issue.fix,
                })
            })
            .collect();
        value["configAudit"] = json!({ "ok": issues.is_empty(), "issues": issues });
        value
    }
}

/// What would be written into the file now, for the same user and with the same arguments.
fn wanted(context: &Context, found: &Found) -> Option<String> {
    let installed = &found.installed;
    let run = installed.words.iter().position(|word| word == "run")?;
    let paths = context.paths();
    let service = Service {
        kind: found.kind,
        profile: paths.profile.clone(),
        program: program(context.env()).ok()?,
        arguments: match found.kind {
            // Everything is in its config.
            Kind::Gateway => Vec::new(),
            Kind::Node => installed.words[run + 1..].to_vec(),
        },
        home: installed
            .variable("HOME")
            .map_or_else(|| paths.home.clone(), PathBuf::from),
        state_dir: paths.state_dir.clone(),
        config_path: paths.config_path.clone(),
        user: installed.user(),
    };
    service.render(found.manager, &found.name).ok()
}

fn issues(facts: &Facts<'_>) -> Vec<Issue> {
    let Facts { found, state, .. } = *facts;
    let word = facts.kind.word();
    let command = |text: &str| facts.profile.command(&format!("openclaw {word} {text}"));
    let typed = |verb| found.typed(verb, facts.uid);
    let install = || match found.manager {
        _ if facts.by_hand => {
            let edit = format!("edit {}", found.file.display());
            let lines = [edit, typed(Verb::Reload)].into_iter();
            lines
                .filter(|line| !line.is_empty())
                .collect::<Vec<_>>()
                .join(", then: ")
        }
        Manager::Systemd(Scope::System) => format!("sudo {}", command("install --system")),
        _ => command("install"),
    };
    let mut issues = Vec::new();
    let mut add = |code, message: String, detail: Option<String>, fix: String| {
        issues.push(Issue {
            code,
            message,
            detail,
            fix,
        });
    };
    if let Some(state_dir) = &facts.foreign {
        add(
            "service_of_other",
            format!(
                "{} runs the {word} of {}, not of {}",
                found.name,
                state_dir.display(),
                facts.state_dir.display()
            ),
            None,
            match found.installed.user() {
                Some(user) => format!(
                    "as {user}: openclaw {word} status; for one of your own: openclaw --profile <name> {word} install"
                ),
                None => {
                    format!("openclaw --profile <name> {word} install, for a service of its own")
                }
            },
        );
        return issues;
    }
    if let Some(file) = &facts.other {
        add(
            "two_services",
            format!(
                "two services run this {word}: {} and {}",
                found.file.display(),
                file.display()
            ),
            None,
            format!("remove one: {}", command("uninstall")),
        );
    }
    let secrets = found.installed.secrets();
    if !secrets.is_empty() {
        add(
            "secret_in_service_file",
            format!(
                "{} holds {} in clear text, and it wins over the config",
                found.file.display(),
                secrets.join(", ")
            ),
            None,
            install(),
        );
    }
    if !facts.program_exists {
        add(
            "program_missing",
            format!(
                "the program of the service does not exist: {}",
                found.installed.words.first().map_or("none", String::as_str)
            ),
            None,
            install(),
        );
    }
    if let Some(config) = found.installed.variable(env::OPENCLAW_CONFIG_PATH)
        && !same_place(Path::new(config), facts.config_path)
    {
        add(
            "config_path",
            format!(
                "service and command line use different config files: {config} and {}",
                facts.config_path.display()
            ),
            None,
            install(),
        );
    }
    if facts.by_hand {
        // It says what its owner wants it to say.
    } else if let Some(wanted) = &facts.wanted
        && !found.installed.says(wanted)
    {
        add(
            "service_file_differs",
            "the service file is not what this program writes".to_owned(),
            Some(found.installed.differences(wanted).join("\n")),
            install(),
        );
    } else if facts.wanted.is_none() {
        add(
            "service_file_differs",
            "the service file was written by another release".to_owned(),
            None,
            install(),
        );
    }
    if state.stale {
        let fix = match found.manager {
            Manager::Systemd(Scope::System) => "sudo systemctl daemon-reload".to_owned(),
            _ => "systemctl --user daemon-reload".to_owned(),
        };
        add(
            "manager_not_told",
            "the service file changed, but the service manager has not reloaded it".to_owned(),
            None,
            format!(
                "{fix}, then: {}",
                if facts.by_hand {
                    typed(Verb::Restart)
                } else {
                    command("restart")
                }
            ),
        );
    }
    if state.unavailable.is_none() && !state.enabled {
        add(
            "not_enabled",
            "the service does not start by itself after a restart of this machine".to_owned(),
            None,
            if facts.by_hand {
                typed(Verb::Enable)
            } else {
                install()
            },
        );
    }
    if let Some((user, false)) = &facts.linger {
        add(
            "linger_off",
            format!("lingering is off for {user}: the service stops when nobody is logged in"),
            None,
            format!("sudo loginctl enable-linger {user}"),
        );
    }
    let start = || {
        if facts.by_hand {
            typed(Verb::Start)
        } else {
            command("start")
        }
    };
    match (facts.holder, state.active) {
        (Some(holder), _) if state.pid.is_some() && state.pid != holder.pid => add(
            "runs_outside",
            format!("a {word} is running that the service did not start ({holder})"),
            None,
            format!("{}, then: {}", command("stop"), start()),
        ),
        (Some(holder), false) if state.unavailable.is_none() => add(
            "runs_outside",
            format!(
                "the {word} runs outside its service ({holder}); it is not restarted when it ends"
            ),
            None,
            format!("{}, then: {}", command("stop"), start()),
        ),
        (None, false) if state.unavailable.is_none() => add(
            "not_running",
            format!("the service is installed and does not run{}", last(state)),
            None,
            start(),
        ),
        _ => {}
    }
    if let (Some(holder), Some(port)) = (facts.holder, facts.port) {
        let ports = running::ports(holder);
        if facts.kind == Kind::Gateway && !ports.is_empty() && !ports.contains(&port) {
            let shown: Vec<String> = ports.iter().map(ToString::to_string).collect();
            add(
                "port_differs",
                format!(
                    "the running gateway listens on port {}, and the config says {port}",
                    shown.join(", ")
                ),
                None,
                command("restart"),
            );
        }
    }
    issues
}

fn last(state: &State) -> String {
    state
        .last_exit
        .as_ref()
        .map_or_else(String::new, |exit| format!(" (last {exit})"))
}

#[cfg(test)]
mod tests;
