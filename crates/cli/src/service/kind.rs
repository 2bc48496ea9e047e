//! What runs as a service, who runs it, and what it is called there.

use std::path::{Path, PathBuf};

use openclaw_config::paths::Profile;
use openclaw_config::{Env, Paths, env};

/// What runs as a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The gateway.
    Gateway,
    /// The node host.
    Node,
}

impl Kind {
    /// The command group, `gateway` or `node`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Node => "node",
        }
    }

    /// The same at the start of a sentence.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Gateway => "Gateway",
            Self::Node => "Node",
        }
    }

    /// The lock that its process holds.
    pub(crate) fn lock_file(self, paths: &Paths) -> PathBuf {
        match self {
            Self::Gateway => paths.lock_file.clone(),
            Self::Node => paths.state_dir.join("node.lock"),
        }
    }

    /// Variables for its process, where they must not stand in a service file.
    pub(crate) fn environment_file(self, state_dir: &Path) -> PathBuf {
        state_dir.join(format!("{}.env", self.word()))
    }
}

/// Whose services a manager runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of one user.
    User,
    /// Those of the machine.
    System,
}

/// Who runs services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manager {
    /// systemd.
    Systemd(Scope),
    /// launchd, as an agent of one user.
    Launchd,
    /// The task scheduler of Windows.
    TaskScheduler,
    /// `OpenRC`.
    OpenRc,
}

/// Profiles whose names the services of the default profile have already.
const TAKEN: [&str; 3] = ["gateway", "node", "tunnel"];

impl Manager {
    /// Those of an operating system, in the order in which they are looked at.
    pub(crate) fn of_system(os: &str) -> &'static [Self] {
        match os {
            "macos" => &[Self::Launchd],
            "windows" => &[Self::TaskScheduler],
            _ => &[
                Self::Systemd(Scope::User),
                Self::Systemd(Scope::System),
                Self::OpenRc,
            ],
        }
    }

    /// As JSON outputs and `status` call it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Systemd(_) => "systemd",
            Self::Launchd => "LaunchAgent",
            Self::TaskScheduler => "Scheduled Task",
            Self::OpenRc => "OpenRC",
        }
    }

    /// In a sentence, such as `systemd service`.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Systemd(Scope::User) => "systemd service",
            Self::Systemd(Scope::System) => "systemd system service",
            Self::Launchd => "LaunchAgent",
            Self::TaskScheduler => "Scheduled Task",
            Self::OpenRc => "OpenRC service",
        }
    }

    /// Words for a service that starts by itself, and for one that does not.
    pub(crate) const fn loaded_texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Systemd(_) | Self::OpenRc => ("enabled", "disabled"),
            Self::Launchd => ("loaded", "not loaded"),
            Self::TaskScheduler => ("registered", "missing"),
        }
    }

    /// Whether its services belong to the machine.
    pub(crate) const fn is_of_machine(self) -> bool {
        matches!(self, Self::Systemd(Scope::System) | Self::OpenRc)
    }

    /// Name of a service.
    pub(crate) fn name(self, kind: Kind, profile: &Profile, env: &Env) -> String {
        let word = kind.word();
        let dashed = match profile.named() {
            None => format!("openclaw-{word}"),
            Some(name) => format!("openclaw-{word}-{name}"),
        };
        match self {
            Self::Systemd(_) => match overridden(env, kind, env::OPENCLAW_SYSTEMD_UNIT) {
                Some(name) => format!("{}.service", name.trim_end_matches(".service")),
                None => format!("{dashed}.service"),
            },
            Self::OpenRc => dashed,
            Self::Launchd => overridden(env, kind, env::OPENCLAW_LAUNCHD_LABEL).map_or_else(
                || match (profile.named(), kind) {
                    (None, _) => format!("bot.molt.{word}"),
                    (Some(name), Kind::Gateway) if !TAKEN.contains(&name) => {
                        format!("bot.molt.{name}")
                    }
                    (Some(name), _) => format!("bot.molt.{name}.{word}"),
                },
                str::to_owned,
            ),
            Self::TaskScheduler => overridden(env, kind, env::OPENCLAW_WINDOWS_TASK_NAME)
                .map_or_else(
                    || match profile.named() {
                        None => format!("OpenClaw {}", kind.title()),
                        Some(name) => format!("OpenClaw {} ({name})", kind.title()),
                    },
                    str::to_owned,
                ),
        }
    }

    /// Labels that older programs gave the same agent.
    pub(crate) fn old_labels(self, kind: Kind, profile: &Profile) -> Vec<String> {
        if self != Self::Launchd {
            return Vec::new();
        }
        match (profile.named(), kind) {
            (None, _) => vec![
                format!("ai.openclaw.{}", kind.word()),
                format!("com.clawdbot.{}", kind.word()),
            ],
            (Some(name), Kind::Gateway) => vec![format!("ai.openclaw.{name}")],
            (Some(_), Kind::Node) => Vec::new(),
        }
    }

    /// Where the file of a service is.
    pub(crate) fn file(self, kind: Kind, name: &str, env: &Env, paths: &Paths) -> PathBuf {
        match self {
            Self::Systemd(Scope::User) => env
                .get_process("XDG_CONFIG_HOME")
                .map_or_else(|| home(env, paths).join(".config"), PathBuf::from)
                .join("systemd/user")
                .join(name),
            Self::Systemd(Scope::System) => Path::new("/etc/systemd/system").join(name),
            Self::OpenRc => Path::new("/etc/init.d").join(name),
            Self::Launchd => home(env, paths)
                .join("Library/LaunchAgents")
                .join(format!("{name}.plist")),
            Self::TaskScheduler => paths.state_dir.join(format!("{}.cmd", kind.word())),
        }
    }
}

/// Service managers know the home of the user, not ours.
fn home(env: &Env, paths: &Paths) -> PathBuf {
    env.get_process("HOME")
        .map_or_else(|| paths.home.clone(), PathBuf::from)
}

/// A name of the user's choice. What a service hands down to its own children names that service, and must not
/// lead commands in there to it.
fn overridden<'a>(env: &'a Env, kind: Kind, name: &str) -> Option<&'a str> {
    (kind == Kind::Gateway && env.get_process(env::OPENCLAW_SERVICE_MARKER).is_none())
        .then(|| env.get_process(name))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(manager: Manager, kind: Kind, profile: &str) -> String {
        let env = Env::from_pairs([("HOME", "/h")]);
        manager.name(kind, &Profile::parse(profile).unwrap(), &env)
    }

    #[test]
    fn u37_every_profile_and_kind_has_a_name_of_its_own() {
        for (manager, kind, profile, expected) in [
            (
                Manager::Systemd(Scope::User),
                Kind::Gateway,
                "default",
                "openclaw-gateway.service",
            ),
            (
                Manager::Systemd(Scope::System),
                Kind::Gateway,
                "rescue",
                "openclaw-gateway-rescue.service",
            ),
            (
                Manager::Systemd(Scope::User),
                Kind::Node,
                "dev",
                "openclaw-node-dev.service",
            ),
            (Manager::OpenRc, Kind::Node, "default", "openclaw-node"),
            (
                Manager::Launchd,
                Kind::Gateway,
                "default",
                "bot.molt.gateway",
            ),
            (Manager::Launchd, Kind::Gateway, "rescue", "bot.molt.rescue"),
            (
                Manager::Launchd,
                Kind::Node,
                "rescue",
                "bot.molt.rescue.node",
            ),
            (
                Manager::TaskScheduler,
                Kind::Gateway,
                "rescue",
                "OpenClaw Gateway (rescue)",
            ),
            (
                Manager::TaskScheduler,
                Kind::Node,
                "default",
                "OpenClaw Node",
            ),
        ] {
            assert_eq!(name(manager, kind, profile), expected);
        }
        for manager in [
            Manager::Systemd(Scope::User),
            Manager::Launchd,
            Manager::TaskScheduler,
            Manager::OpenRc,
        ] {
            let mut names: Vec<String> = ["default", "gateway", "node", "tunnel", "dev", "a"]
                .iter()
                .flat_map(|profile| {
                    [
                        name(manager, Kind::Gateway, profile),
                        name(manager, Kind::Node, profile),
                    ]
                })
                .collect();
            names.sort();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{names:?}");
        }
    }

    #[test]
    fn u37_a_name_inherited_from_a_service_does_not_count() {
        let typed = Env::from_pairs([("HOME", "/h"), ("OPENCLAW_SYSTEMD_UNIT", "mine")]);
        let inherited = Env::from_pairs([
            ("HOME", "/h"),
            ("OPENCLAW_SYSTEMD_UNIT", "openclaw-node.service"),
            ("OPENCLAW_SERVICE_MARKER", "openclaw"),
        ]);
        let name =
            |env: &Env, kind| Manager::Systemd(Scope::User).name(kind, &Profile::default(), env);
        assert_eq!(name(&typed, Kind::Gateway), "mine.service");
        assert_eq!(name(&typed, Kind::Node), "openclaw-node.service");
        assert_eq!(name(&inherited, Kind::Gateway), "openclaw-gateway.service");
    }
}
