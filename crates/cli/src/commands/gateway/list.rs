//! `openclaw gateway list`: every gateway of this user on this machine.

use std::fs;
use std::path::Path;

use openclaw_config::load::load;
use openclaw_config::paths::{Profile, ProfileChoice};
use openclaw_config::resolve::resolve_port;
use openclaw_config::{Env, Paths, env};
use openclaw_gateway::lock::LockHeld;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::service::find::{self, Found, State, same_place};
use crate::service::kind::{Kind, Manager, Scope};
use crate::service::{nearby, running};
use crate::ui::Table;

/// Arguments of `gateway list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// One gateway.
#[derive(Debug)]
struct Entry {
    paths: Paths,
    port: Option<u16>,
    holder: Option<LockHeld>,
    service: Option<(Found, State)>,
    is_current: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let Self {} = self;
        let services = nearby::gateways(context.process_env(), context.paths());
        let entries: Vec<Entry> = places(context, &services)
            .into_iter()
            .map(|(env, paths)| Entry::look(context, &services, &env, paths))
            .collect();
        let ui = context.ui();
        let clashes = clashes(&entries);
        if ui.is_json() {
            let gateways: Vec<Value> = entries.iter().map(Entry::to_json).collect();
            ui.json(&json!({ "gateways": gateways, "conflicts": clashes }))?;
            return Ok(Exit::OK);
        }
        if entries.is_empty() {
            ui.line("No gateway of this user on this machine yet.")?;
            ui.line(format!("Start one: {}", context.command("openclaw up")))?;
            return Ok(Exit::OK);
        }
        let mut table = Table::new(["Profile", "State directory", "Port", "Running", "Service"]);
        for entry in &entries {
            table.row(entry.cells(context.paths()));
        }
        ui.table(&table)?;
        for clash in clashes {
            ui.line(clash)?;
        }
        Ok(Exit::OK)
    }
}

/// The profile of another gateway of this user that has the port of this URL.
pub(crate) fn neighbour(context: &Context, url: &str) -> Option<String> {
    let port = url.trim_end_matches('/').rsplit(':').next()?.parse().ok()?;
    let own = &context.paths().state_dir;
    let services = nearby::gateways(context.process_env(), context.paths());
    places(context, &services)
        .into_iter()
        .filter(|(_, paths)| !same_place(&paths.state_dir, own))
        .find(|(_, paths)| {
            let holder = running::holder(&paths.lock_file).ok().flatten();
            holder.is_some_and(|holder| running::ports(&holder).contains(&port))
        })
        .map(|(_, paths)| paths.profile.name().to_owned())
}

/// Every state directory of a gateway: those of profiles, those that services name, the one in use.
fn places(context: &Context, services: &[Found]) -> Vec<(Env, Paths)> {
    let (process, current) = (context.process_env(), context.paths());
    let home = current.home.display().to_string();
    let plain = Env::from_pairs([("HOME", home.as_str())]);
    let mut found: Vec<(Env, Paths)> = vec![(process.clone(), current.clone())];
    let mut add = |env: Env, choice: &ProfileChoice| {
        if let Ok(paths) = Paths::resolve(&env, choice)
            && !found
                .iter()
                .any(|(_, known)| same_place(&known.state_dir, &paths.state_dir))
        {
            found.push((env, paths));
        }
    };
    add(plain.clone(), &ProfileChoice::unset());
    for name in profiles(&current.home) {
        add(plain.clone(), &ProfileChoice::named(name));
    }
    for service in services {
        let (installed, state_dir) = (&service.installed, &service.state_dir);
        if !installed.is_of_openclaw() || fs::read_dir(state_dir).is_err() {
            continue;
        }
        let mut pairs = vec![
            ("HOME", home.clone()),
            (env::OPENCLAW_STATE_DIR, state_dir.display().to_string()),
        ];
        if let Some(config) = installed.variable(env::OPENCLAW_CONFIG_PATH) {
            pairs.push((env::OPENCLAW_CONFIG_PATH, config.to_owned()));
        }
        let choice = installed
            .variable(env::OPENCLAW_PROFILE)
            .map_or_else(ProfileChoice::unset, ProfileChoice::named);
        add(Env::from_pairs(pairs), &choice);
    }
    found.retain(|(_, paths)| is_gateway(paths));
    found.sort_by(|(_, one), (_, other)| one.state_dir.cmp(&other.state_dir));
    found
}

/// Names of profiles that have a directory.
fn profiles(home: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(home) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| name.strip_prefix(".openclaw-").map(str::to_owned))
        .filter(|name| Profile::parse(name).is_some_and(|profile| !profile.is_default()))
        .collect()
}

/// A directory that is only a node's, or of something else, is no gateway.
fn is_gateway(paths: &Paths) -> bool {
    [&paths.config_path, &paths.database_file, &paths.lock_file]
        .iter()
        .any(|file| file.exists())
}

impl Entry {
    fn look(context: &Context, services: &[Found], env: &Env, paths: Paths) -> Self {
        let holder = running::holder(&paths.lock_file).ok().flatten();
        let running = holder
            .as_ref()
            .and_then(|holder| running::ports(holder).first().copied());
        let snapshot = load(&paths, env);
        let config = resolve_port(None, &snapshot.env, &snapshot.settings, &paths.profile).ok();
        let service = find::all(Kind::Gateway, env, &paths)
            .into_iter()
            .chain(services.iter().cloned())
            .find(|found| found.is_of(&paths.state_dir))
            .map(|found| {
                let state = found.state(context.env());
                (found, state)
            });
        Self {
            is_current: paths.state_dir == context.paths().state_dir,
            port: running.or_else(|| config.map(|port| port.value)),
            holder,
            service,
            paths,
        }
    }

    fn cells(&self, current: &Paths) -> [String; 5] {
        let mark = if self.is_current { " (in use)" } else { "" };
        [
            format!("{}{mark}", self.paths.profile.name()),
            current.display_home(&self.paths.state_dir),
            self.port.map_or_else(String::new, |port| port.to_string()),
            match &self.holder {
                Some(holder) => holder
                    .pid
                    .map_or_else(|| "yes".to_owned(), |pid| format!("pid {pid}")),
                None => "no".to_owned(),
            },
            match &self.service {
                None => "none".to_owned(),
                Some((found, state)) => {
                    let (on, off) = found.manager.loaded_texts();
                    let of_machine = match found.manager {
                        Manager::Systemd(Scope::System) => ", of the machine",
                        _ => "",
                    };
                    let does = if state.enabled { on } else { off };
                    format!("{} ({does}{of_machine})", found.name)
                }
            },
        ]
    }

    fn to_json(&self) -> Value {
        json!({
            "profile": self.paths.profile.name(),
            "current": self.is_current,
            "stateDir": self.paths.state_dir,
            "configPath": self.paths.config_path,
            "port": self.port,
            "running": self.holder.is_some(),
            "pid": self.holder.as_ref().and_then(|holder| holder.pid),
            "uptimeMs": self.holder.as_ref().and_then(|holder| holder.uptime_ms),
            "addresses": self.holder.as_ref().map(|holder| &holder.addresses),
            "service": self.service.as_ref().map(|(found, state)| json!({
                "label": found.manager.label(),
                "name": found.name,
                "file": found.file,
                "enabled": state.enabled,
                "active": state.active,
                "state": state.activity,
                "detail": state.unavailable,
            })),
        })
    }
}

/// Gateways that are to listen on the same port.
fn clashes(entries: &[Entry]) -> Vec<String> {
    let mut clashes = Vec::new();
    for (index, one) in entries.iter().enumerate() {
        for other in &entries[index + 1..] {
            if let (Some(port), true) = (one.port, one.port == other.port) {
                clashes.push(format!(
                    "Port {port} is that of {} and of {}: only one of them can run. Fix: {}",
                    one.paths.profile.name(),
                    other.paths.profile.name(),
                    other
                        .paths
                        .profile
                        .command("openclaw config set gateway.port <port>")
                ));
            }
        }
    }
    clashes
}
