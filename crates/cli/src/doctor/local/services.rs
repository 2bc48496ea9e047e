//! What else runs or is set up here: the port, the service of this profile, units that start other gateways.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::Profile;
use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
use openclaw_gateway::listen::holder::PortHolders;
use openclaw_gateway::lock::{LockHeld, peek};

use super::{Level, Note};
use crate::context::Context;
use crate::error::CommandError;
use crate::service::compare::Look;
use crate::service::kind::Kind;
use crate::ui::format::now_ms;

/// Words in the units of this program and of those that it follows.
const WORDS: [&str; 3] = ["openclaw", "clawdbot", "moltbot"];

pub(super) fn look(context: &Context) -> Result<Vec<Note>, CommandError> {
    let paths = context.paths();
    let mut notes = Vec::new();
    let running = peek(&paths.lock_file, now_ms()).ok().flatten();
    let flags = GatewayFlags::default();
    if running.is_none()
        && let Ok(plan) =
            resolve_gateway(&flags, context.env(), context.settings()?, &paths.profile)
    {
        notes.extend(port(&PortHolders::find(plan.port.value), &paths.profile));
    }
    let units = units(&paths.home);
    notes.extend(other_units(&units, &paths.profile));
    notes.extend(own_service(context, running.as_ref()));
    Ok(notes)
}

/// Somebody else has the port of the gateway that does not run.
fn port(holders: &PortHolders, profile: &Profile) -> Option<Note> {
    if holders.holders.is_empty() {
        return None;
    }
    let port = holders.port;
    let mut lines = vec![format!(
        "Port {port} is already in use, and not by the gateway of this profile:"
    )];
    lines.extend(holders.holders.iter().map(ToString::to_string));
    lines.extend(holders.hints().into_iter().map(str::to_owned));
    let next = port.checked_add(1).unwrap_or(port - 1);
    Some(
        Note::new(
            "port_in_use",
            "Gateway port",
            Level::Critical,
            lines.join("\n"),
        )
        .fix(format!(
            "choose another port: {}",
            profile.command(&format!("openclaw config set gateway.port {next}"))
        )),
    )
}

/// A unit file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unit {
    path: PathBuf,
    text: String,
}

impl Unit {
    fn name(&self) -> &str {
        self.path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }
}

/// Units of this user and of this machine that name one of the words.
fn units(home: &Path) -> Vec<Unit> {
    let folders = [
        home.join(".config/systemd/user"),
        PathBuf::from("/etc/systemd/system"),
    ];
    let entries = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten();
    let mut units: Vec<Unit> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "service"))
        .filter_map(|path| {
            let text = fs::read_to_string(&path).ok()?;
            let names = format!("{} {text}", path.display()).to_lowercase();
            WORDS
                .iter()
                .any(|word| names.contains(word))
                .then_some(Unit { path, text })
        })
        .collect();
    units.sort_by(|a, b| a.path.cmp(&b.path));
    units
}

/// Units that start a gateway and are not this profile's: two of them may want the same port.
fn other_units(units: &[Unit], profile: &Profile) -> Option<Note> {
    let own = unit_name(profile);
    let others: Vec<&Unit> = units
        .iter()
        .filter(|unit| unit.name() != own && starts_a_gateway(unit))
        .collect();
    let first = others.first()?;
    let names: Vec<String> = others
        .iter()
        .map(|unit| format!("{} ({})", unit.name(), unit.path.display()))
        .collect();
    let manager = if first.path.starts_with("/etc") {
        "sudo systemctl"
    } else {
        "systemctl --user"
    };
    Some(
        Note::new(
            "other_gateway_services",
            "Other gateway-like services detected",
            Level::Info,
            format!(
                "{}. One gateway per machine is enough for most; more need profiles and ports of their own.",
                names.join(", ")
            ),
        )
        .fix(format!(
            "if it is not wanted: {manager} disable --now {} && rm {}",
            first.name(),
            first.path.display()
        )),
    )
}

fn starts_a_gateway(unit: &Unit) -> bool {
    unit.name().contains("gateway")
        || unit
            .text
            .lines()
            .any(|line| line.trim().starts_with("ExecStart=") && line.contains("gateway"))
}

/// `openclaw-gateway.service`, `openclaw-gateway-rescue.service`
fn unit_name(profile: &Profile) -> String {
    match profile.named() {
        Some(name) => format!("openclaw-gateway-{name}.service"),
        None => "openclaw-gateway.service".to_owned(),
    }
}

/// What does not fit between the service of this profile, its config and the running process.
fn own_service(context: &Context, running: Option<&LockHeld>) -> Vec<Note> {
    let look = Look::take(context, Kind::Gateway, running);
    look.issues
        .into_iter()
        .map(|issue| {
            let level = match issue.code {
                "program-missing" | "secret-in-service-file" => Level::Critical,
                _ => Level::Warning,
            };
            let text = match &issue.detail {
                Some(detail) => format!("{}.\n{detail}", issue.message),
                None => format!("{}.", issue.message),
            };
            Note::new(issue.code, "Gateway service config", level, text).fix(issue.fix)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(path: &str, text: &str) -> Unit {
        Unit {
            path: PathBuf::from(path),
            text: text.to_owned(),
        }
    }

    #[test]
    fn other_gateways_are_told_and_nodes_and_this_one_are_not() {
        let rescue = Profile::parse("rescue").unwrap();
        let units = [
            unit(
                "/h/.config/systemd/user/clawdbot-gateway.service",
                "ExecStart=/usr/bin/node x gateway",
            ),
            unit(
                "/h/.config/systemd/user/openclaw-gateway-rescue.service",
                "ExecStart=/usr/bin/openclaw gateway",
            ),
            unit(
                "/h/.config/systemd/user/openclaw-node.service",
                "ExecStart=/usr/bin/openclaw node run",
            ),
        ];
        let note = other_units(&units, &rescue).unwrap();
        assert!(
            note.text.starts_with("clawdbot-gateway.service (/h/"),
            "{}",
            note.text
        );
        assert!(
            !note.text.contains("rescue") && !note.text.contains("node.service"),
            "{}",
            note.text
        );
        assert_eq!(
            note.fixes,
            [
                "if it is not wanted: systemctl --user disable --now clawdbot-gateway.service && rm /h/.config/systemd/user/clawdbot-gateway.service"
            ]
        );
        assert_eq!(other_units(&units[1..], &rescue), None);
    }
}
