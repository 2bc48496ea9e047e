//! Services of any name on this machine that start a gateway, and whose they are.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::{Env, Paths, env};

use super::act::Verb;
use super::find::{self, Found, same_place};
use super::installed::Installed;
use super::kind::{Kind, Manager};

/// Words in the services of this program and of those that it follows.
const WORDS: [&str; 3] = ["openclaw", "clawdbot", "moltbot"];
/// Ends of the names of files that lie beside services and start nothing.
const ASIDE: [&str; 2] = [".bak", ".replaced"];

/// Whose a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// That of this state directory.
    Ours,
    /// This program's, for another profile or another user.
    Another,
    /// That of a program that this one follows.
    Stranger,
}

/// The services of this state directory: those of its name, and gateways that somebody described under another name.
pub(crate) fn of_state(kind: Kind, env: &Env, paths: &Paths) -> Vec<Found> {
    let mut found = find::all(kind, env, paths);
    if kind == Kind::Gateway {
        for other in gateways(env, paths) {
            if found.iter().all(|known| known.file != other.file)
                && whose(&other, env, paths) == Whose::Ours
            {
                found.push(other);
            }
        }
    }
    found.retain(|found| found.is_of(&paths.state_dir));
    found
}

/// The command that starts the gateway of this profile: through its service, where there is one.
pub(crate) fn start_command(env: &Env, paths: &Paths) -> String {
    match of_state(Kind::Gateway, env, paths).first() {
        Some(found) if found.is_by_hand(env, paths) => found.typed(Verb::Start, env.uid()),
        Some(_) => paths.profile.command("openclaw gateway start"),
        None => paths.profile.command("openclaw up"),
    }
}

/// Every service that starts a gateway, in the order of their files.
pub(crate) fn gateways(env: &Env, paths: &Paths) -> Vec<Found> {
    let mut found: Vec<Found> = folders(env, paths)
        .iter()
        .flat_map(|(manager, folder)| {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries.filter_map(move |entry| read(*manager, &entry.path(), env, paths))
        })
        .collect();
    found.sort_by(|one, other| one.file.cmp(&other.file));
    found
}

/// Where service managers keep files that are not only ours.
fn folders(env: &Env, paths: &Paths) -> Vec<(Manager, PathBuf)> {
    Manager::of_system(std::env::consts::OS)
        .iter()
        .filter(|manager| **manager != Manager::TaskScheduler)
        .filter_map(|manager| {
            let file = manager.file(Kind::Gateway, "any", env, paths);
            Some((*manager, file.parent()?.to_owned()))
        })
        .collect()
}

fn read(manager: Manager, file: &Path, env: &Env, paths: &Paths) -> Option<Found> {
    let name = file.file_name()?.to_str()?;
    let name = match manager {
        Manager::Systemd(_) => name.ends_with(".service").then_some(name)?,
        Manager::Launchd => name.strip_suffix(".plist")?,
        Manager::OpenRc | Manager::TaskScheduler => name,
    };
    if ASIDE.iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let text = fs::read_to_string(file).ok()?;
    let (name, file) = (name.to_owned(), file.to_owned());
    let found = Found::parse(Kind::Gateway, manager, name, file, &text, env, paths);
    starts_a_gateway(&found).then_some(found)
}

fn starts_a_gateway(found: &Found) -> bool {
    let names = format!("{} {}", found.name, found.installed.text).to_lowercase();
    let words = words(&found.installed);
    WORDS.iter().any(|word| names.contains(word))
        && match program(&words) {
            Some(at) => words[at + 1..]
                .iter()
                .any(|word| ["gateway", "up"].contains(word)),
            None => found.name.contains("gateway") || words.contains(&"gateway"),
        }
}

/// The words of the command line; a line for a shell is taken apart, too.
fn words(installed: &Installed) -> Vec<&str> {
    let words = installed.words.iter();
    words.flat_map(|word| word.split_whitespace()).collect()
}

/// Where in a command line this program is called. systemd puts signs before a path.
fn program(words: &[&str]) -> Option<usize> {
    words.iter().position(|word| {
        let path = Path::new(word.trim_start_matches(['-', '@', ':', '+', '!']));
        path.file_name()
            .is_some_and(|name| name == "openclaw" || name == "openclaw.exe")
    })
}

/// Whose a service is that starts a gateway.
pub(crate) fn whose(found: &Found, env: &Env, paths: &Paths) -> Whose {
    let runs_this = program(&words(&found.installed)).is_some();
    let is_marked = found.installed.variable(env::OPENCLAW_SERVICE_MARKER) == Some("openclaw");
    let is_here = same_place(&found.state_dir, &paths.state_dir);
    if is_here && (runs_this || !found.is_by_hand(env, paths)) {
        Whose::Ours
    } else if runs_this || is_marked && !is_here {
        Whose::Another
    } else {
        Whose::Stranger
    }
}

#[cfg(test)]
mod tests {
    use openclaw_config::paths::ProfileChoice;

    use super::*;
    use crate::service::act::Verb;
    use crate::service::kind::Scope;

    const SYSTEM: Manager = Manager::Systemd(Scope::System);

    fn place(profile: Option<&str>) -> (Env, Paths) {
        let env = Env::from_pairs([("HOME", "/home/m"), ("USER", "m")]);
        let choice = profile.map_or_else(ProfileChoice::unset, ProfileChoice::named);
        let paths = Paths::resolve(&env, &choice).unwrap();
        (env, paths)
    }

    fn service(manager: Manager, name: &str, text: &str, profile: Option<&str>) -> Found {
        let (env, paths) = place(profile);
        let file = Path::new("/services").join(name);
        Found::parse(
            Kind::Gateway,
            manager,
            name.to_owned(),
            file,
            text,
            &env,
            &paths,
        )
    }

    #[test]
    fn u37_services_are_known_by_what_they_run_and_for_whom() {
        use Whose::{Another, Ours, Stranger};
        let deployed = include_str!("../../../../deploy/systemd/openclaw.service");
        let mine = "[Service]\nUser=m\nExecStart=/opt/openclaw gateway run\n";
        let shell = "[Service]\nExecStart=-/bin/sh -c 'exec openclaw gateway run'\n";
        let marked = "[Service]\nExecStart=/usr/bin/node /x/index.js gateway\n\
            Environment=OPENCLAW_SERVICE_MARKER=openclaw OPENCLAW_PROFILE=rescue\n";
        let earlier = "[Service]\nExecStart=/usr/bin/node /opt/clawdbot/index.js gateway\n";
        let script =
            "#!/sbin/openrc-run\ncommand=\"/usr/bin/openclaw\"\ncommand_args=\"gateway run\"\n";
        let agent = "<key>ProgramArguments</key><array><string>/opt/openclaw</string>\
            <string>gateway</string></array>";
        for (manager, name, text, profile, expected) in [
            (SYSTEM, "openclaw.service", deployed, None, Another),
            (SYSTEM, "openclaw.service", mine, None, Ours),
            (SYSTEM, "openclaw.service", mine, Some("work"), Another),
            (SYSTEM, "claw.service", shell, None, Ours),
            (
                SYSTEM,
                "openclaw-gateway-rescue.service",
                marked,
                None,
                Another,
            ),
            (
                SYSTEM,
                "openclaw-gateway-rescue.service",
                marked,
                Some("rescue"),
                Ours,
            ),
            (SYSTEM, "claw.service", marked, Some("rescue"), Stranger),
            (SYSTEM, "clawdbot-gateway.service", earlier, None, Stranger),
            (
                SYSTEM,
                "clawdbot-gateway.service",
                earlier,
                Some("rescue"),
                Stranger,
            ),
            (Manager::OpenRc, "claw", script, None, Ours),
            (Manager::Launchd, "org.example.claw", agent, None, Ours),
        ] {
            let found = service(manager, name, text, profile);
            assert!(starts_a_gateway(&found), "{name}");
            let (env, paths) = place(profile);
            assert_eq!(whose(&found, &env, &paths), expected, "{name} {profile:?}");
        }
    }

    #[test]
    fn what_starts_no_gateway_does_not_count() {
        for (name, line) in [
            ("openclaw-node.service", "/usr/bin/openclaw node run"),
            ("openclaw-tunnel.service", "/usr/bin/openclaw tunnel guard"),
            ("api-gateway.service", "/usr/bin/api gateway"),
        ] {
            let text = format!("[Service]\nExecStart={line}\n");
            assert!(
                !starts_a_gateway(&service(SYSTEM, name, &text, None)),
                "{name}"
            );
        }
    }

    #[test]
    fn a_service_of_the_machine_is_started_by_its_owner() {
        let found = service(SYSTEM, "openclaw.service", "", None);
        assert_eq!(
            found.typed(Verb::Start, 7),
            "sudo systemctl start openclaw.service"
        );
        assert_eq!(
            found.typed(Verb::Start, 0),
            "systemctl start openclaw.service"
        );
    }
}
