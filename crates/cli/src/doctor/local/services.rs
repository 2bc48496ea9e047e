//! What else runs or is set up here: the port, the service of this profile, services of other programs' gateways.

use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
use openclaw_config::{Env, Paths, Profile};
use openclaw_gateway::listen::holder::PortHolders;
use openclaw_gateway::lock::{LockHeld, peek};

use super::{Level, Note};
use crate::context::Context;
use crate::error::CommandError;
use crate::service::act::Verb;
use crate::service::compare::Look;
use crate::service::find::Found;
use crate::service::kind::{Kind, Manager, Scope};
use crate::service::nearby::{Whose, gateways, whose};
use crate::ui::format::now_ms;

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
    let services = gateways(context.env(), paths);
    notes.extend(others(&services, context.env(), paths));
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

/// Services of programs that this one follows: two gateways may want the same port.
fn others(services: &[Found], env: &Env, paths: &Paths) -> Option<Note> {
    let others: Vec<&Found> = services
        .iter()
        .filter(|found| whose(found, env, paths) == Whose::Stranger)
        .collect();
    let first = others.first()?;
    let names: Vec<String> = others
        .iter()
        .map(|found| format!("{} ({})", found.name, found.file.display()))
        .collect();
    let uid = env.uid();
    let end = match first.manager {
        Manager::Systemd(Scope::User) => format!("systemctl --user disable --now {}", first.name),
        Manager::Systemd(Scope::System) => {
            format!("{}systemctl disable --now {}", first.sudo(uid), first.name)
        }
        _ => format!(
            "{} && {}",
            first.typed(Verb::Stop, uid),
            first.typed(Verb::Disable, uid)
        ),
    };
    Some(
        Note::new(
            "other_gateway_services",
            "Other gateway-like services detected",
            Level::Info,
            format!(
                "{}. They start a gateway of another program; only one can have a port.",
                names.join(", ")
            ),
        )
        .fix(format!(
            "if it is not wanted: {end} && {}rm {}",
            first.sudo(uid),
            first.file.display()
        )),
    )
}

/// What does not fit between the service of this profile, its config and the running process.
fn own_service(context: &Context, running: Option<&LockHeld>) -> Vec<Note> {
    let look = Look::take(context, Kind::Gateway, running);
    look.issues
        .into_iter()
        .map(|issue| {
            let level = match issue.code {
                "program_missing" | "secret_in_service_file" => Level::Critical,
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
    use openclaw_config::paths::ProfileChoice;

    use super::*;
    use crate::service::nearby;

    /// A home with these user units, and what is told about them to a profile.
    fn told(units: &[(&str, &str)], profile: Option<&str>) -> Option<Note> {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("xdg");
        let folder = config.join("systemd/user");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, line) in units {
            std::fs::write(folder.join(name), format!("[Service]\n{line}\n")).unwrap();
        }
        let (home, config) = (home.path().display(), config.display());
        let env = Env::from_pairs([
            ("HOME", home.to_string()),
            ("XDG_CONFIG_HOME", config.to_string()),
            ("OPENCLAW_SYSTEMD_UNIT", "mine".to_owned()),
        ]);
        let choice = profile.map_or_else(ProfileChoice::unset, ProfileChoice::named);
        let paths = Paths::resolve(&env, &choice).unwrap();
        let services: Vec<Found> = nearby::gateways(&env, &paths)
            .into_iter()
            .filter(|found| found.manager == Manager::Systemd(Scope::User))
            .collect();
        others(&services, &env, &paths)
    }

    #[test]
    fn u37_only_services_of_other_programs_are_said_to_be_in_the_way() {
        let ours = [
            (
                "openclaw.service",
                "ExecStart=/usr/bin/openclaw gateway run",
            ),
            ("mine.service", "ExecStart=/usr/bin/openclaw gateway"),
            (
                "openclaw-gateway-work.service",
                "ExecStart=/usr/bin/openclaw gateway run\nEnvironment=OPENCLAW_PROFILE=work",
            ),
            (
                "openclaw-node.service",
                "ExecStart=/usr/bin/openclaw node run",
            ),
        ];
        for profile in [None, Some("work"), Some("rescue")] {
            assert_eq!(told(&ours, profile), None, "{profile:?}");
        }
        let earlier = (
            "clawdbot-gateway.service",
            "ExecStart=/usr/bin/node /opt/clawdbot/index.js gateway",
        );
        let note = told(&[&ours[..], &[earlier]].concat(), None).unwrap();
        assert!(
            note.text.starts_with("clawdbot-gateway.service ("),
            "{note:?}"
        );
        let fix = &note.fixes[0];
        assert!(
            fix.starts_with("if it is not wanted: systemctl --user disable --now clawdbot-gateway.service && rm "),
            "{fix}"
        );
    }
}
