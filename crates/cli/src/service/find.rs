//! Looks at what is installed and what runs.

use std::path::{Path, PathBuf};

use openclaw_config::env::{OPENCLAW_IN_CONTAINER, is_truthy};
use openclaw_config::{Env, Paths};

use super::account::Account;
use super::act::{Verb, steps};
use super::installed::Installed;
use super::kind::{Kind, Manager, Scope};
use super::manager::{Ran, run_words, shown};

/// Properties that are asked of systemd.
const PROPERTIES: &str = "LoadState,ActiveState,SubState,UnitFileState,MainPID,ExecMainStatus,ExecMainCode,NeedDaemonReload,NRestarts";

/// A service whose file is there.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) manager: Manager,
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) installed: Installed,
    /// State directory that it serves.
    pub(crate) state_dir: PathBuf,
}

/// How a service does, as its manager says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// It starts by itself.
    pub(crate) enabled: bool,
    /// It runs, or is about to.
    pub(crate) active: bool,
    /// `active`, `failed`, …
    pub(crate) activity: Option<String>,
    /// `running`, `auto-restart`, …
    pub(crate) step: Option<String>,
    /// Its process.
    pub(crate) pid: Option<u32>,
    /// How the last process ended.
    pub(crate) last_exit: Option<String>,
    /// The manager has an older copy of its file.
    pub(crate) stale: bool,
    /// Why nothing is known.
    pub(crate) unavailable: Option<String>,
}

/// The service of this name, if its file is there; whoever owns it.
pub(crate) fn at(manager: Manager, kind: Kind, env: &Env, paths: &Paths) -> Option<Found> {
    let name = manager.name(kind, &paths.profile, env);
    let file = manager.file(kind, &name, env, paths);
    let text = std::fs::read_to_string(&file).ok()?;
    Some(Found::parse(kind, manager, name, file, &text, env, paths))
}

/// Every service of this profile's name on this machine.
pub(crate) fn all(kind: Kind, env: &Env, paths: &Paths) -> Vec<Found> {
    Manager::of_system(std::env::consts::OS)
        .iter()
        .filter_map(|manager| at(*manager, kind, env, paths))
        .collect()
}

impl Found {
    /// Reads the text of a service file.
    pub(super) fn parse(
        kind: Kind,
        manager: Manager,
        name: String,
        file: PathBuf,
        text: &str,
        env: &Env,
        paths: &Paths,
    ) -> Self {
        let installed = Installed::parse(manager, text);
        let home = match installed.user() {
            Some(user) if Account::own(env).is_none_or(|own| own.name != user) => {
                // Users of a directory service are not in the file.
                Account::named(&user)
                    .map_or_else(|| Path::new("/home").join(&user), |account| account.home)
            }
            _ => paths.home.clone(),
        };
        Self {
            kind,
            manager,
            state_dir: installed.state_dir(&home),
            name,
            file,
            installed,
        }
    }

    /// Whether it has another name than this program gives, so that somebody wrote its file by hand.
    pub(crate) fn is_by_hand(&self, env: &Env, paths: &Paths) -> bool {
        self.name != self.manager.name(self.kind, &paths.profile, env)
    }

    /// What a person types for one thing to do.
    pub(crate) fn typed(&self, verb: Verb, uid: u32) -> String {
        let lines: Vec<String> = steps(self.manager, verb, &self.name, &self.file, uid)
            .iter()
            .map(|step| format!("{}{}", self.sudo(uid), shown(&step.words)))
            .collect();
        lines.join(" && ")
    }

    /// What stands before a command that only the owner of the machine may give.
    pub(crate) fn sudo(&self, uid: u32) -> &'static str {
        if self.manager.is_of_machine() && uid != 0 {
            "sudo "
        } else {
            ""
        }
    }

    /// Whether it serves this state directory.
    pub(crate) fn is_of(&self, state_dir: &Path) -> bool {
        self.installed.is_of_openclaw() && same_place(&self.state_dir, state_dir)
    }

    /// How it does.
    pub(crate) fn state(&self, env: &Env) -> State {
        match self.manager {
            Manager::Systemd(scope) => {
                let mut words = vec!["systemctl"];
                if scope == Scope::User {
                    words.push("--user");
                }
                words.extend(["show", &self.name, "--no-page", "--property", PROPERTIES]);
                match run_words(env, &words) {
                    Ran::Done(said) => systemd_state(&said),
                    Ran::Missing => State::unavailable("systemctl not available".to_owned()),
                    Ran::Failed(said) => State::unavailable(said),
                }
            }
            Manager::Launchd => {
                let target = format!("gui/{}/{}", env.uid(), self.name);
                match run_words(env, &["launchctl", "print", &target]) {
                    Ran::Done(said) => launchd_state(&said),
                    Ran::Missing => State::unavailable("launchctl not available".to_owned()),
                    Ran::Failed(_) => State::default(),
                }
            }
            Manager::TaskScheduler => {
                let ran = run_words(env, &["schtasks", "/Query", "/TN", &self.name]);
                State {
                    enabled: ran.is_done(),
                    ..State::default()
                }
            }
            Manager::OpenRc => {
                let ran = run_words(env, &["rc-service", &self.name, "status"]);
                State {
                    enabled: Path::new("/etc/runlevels/default")
                        .join(&self.name)
                        .symlink_metadata()
                        .is_ok(),
                    active: ran.is_done(),
                    activity: match ran {
                        Ran::Done(_) => Some("started".to_owned()),
                        Ran::Failed(_) => Some("stopped".to_owned()),
                        Ran::Missing => None,
                    },
                    ..State::default()
                }
            }
        }
    }
}

impl State {
    fn unavailable(reason: String) -> Self {
        Self {
            unavailable: Some(reason),
            ..Self::default()
        }
    }
}

/// Two names of one directory.
pub(crate) fn same_place(one: &Path, other: &Path) -> bool {
    one == other
        || match (one.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
}

fn systemd_state(said: &str) -> State {
    let value = |name: &str| {
        said.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    };
    let activity = value("ActiveState").map(str::to_owned);
    // What a code of 1 (exited) or 2 (killed) ended with.
    let last_exit = match (value("ExecMainCode"), value("ExecMainStatus")) {
        (Some("1" | "exited"), Some(status)) => Some(format!("exit {status}")),
        (Some("2" | "3" | "killed" | "dumped"), Some(status)) => Some(format!("signal {status}")),
        _ => None,
    };
    State {
        enabled: matches!(
            value("UnitFileState"),
            Some("enabled" | "enabled-runtime" | "linked" | "alias" | "static")
        ),
        active: matches!(
            activity.as_deref(),
            Some("active" | "activating" | "reloading" | "refreshing")
        ),
        activity,
        step: value("SubState").map(str::to_owned),
        pid: value("MainPID")
            .and_then(|pid| pid.parse().ok())
            .filter(|pid| *pid != 0),
        last_exit,
        stale: value("NeedDaemonReload") == Some("yes"),
        unavailable: None,
    }
}

fn launchd_state(said: &str) -> State {
    let value = |name: &str| {
        said.lines()
            .filter_map(|line| line.trim().split_once(" = "))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.trim())
    };
    let activity = value("state").map(str::to_owned);
    State {
        enabled: true,
        active: activity.as_deref() == Some("running"),
        activity,
        pid: value("pid").and_then(|pid| pid.parse().ok()),
        last_exit: value("last exit code")
            .filter(|code| code.parse::<i32>().is_ok())
            .map(|code| format!("exit {code}")),
        ..State::default()
    }
}

/// Who can run services on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Supervisor {
    /// systemd; holds why the manager of this user does not answer, where it does not.
    Systemd { user_manager: Result<(), String> },
    /// One that is always there.
    Other(Manager),
    /// Nobody.
    Nobody { in_container: bool },
}

/// Asks who runs services here.
pub(crate) fn supervisor(env: &Env) -> Supervisor {
    let marked = || {
        env.get_process("container").is_some()
            || env.get_process("KUBERNETES_SERVICE_HOST").is_some()
            || ["/.dockerenv", "/run/.containerenv"]
                .iter()
                .any(|file| Path::new(file).exists())
    };
    let in_container = env
        .get_process(OPENCLAW_IN_CONTAINER)
        .map_or_else(marked, is_truthy);
    choose_supervisor(std::env::consts::OS, in_container, &|words| {
        run_words(env, words)
    })
}

fn choose_supervisor(os: &str, in_container: bool, ask: &dyn Fn(&[&str]) -> Ran) -> Supervisor {
    match os {
        "macos" => return Supervisor::Other(Manager::Launchd),
        "windows" => return Supervisor::Other(Manager::TaskScheduler),
        _ => {}
    }
    // The program may be there without being what started the machine: only its answer counts.
    match ask(&["systemctl", "--user", "show", "--property=Version"]) {
        Ran::Done(_) => {
            return Supervisor::Systemd {
                user_manager: Ok(()),
            };
        }
        Ran::Failed(said) => {
            if ask(&["systemctl", "show", "--property=Version"]).is_done() {
                return Supervisor::Systemd {
                    user_manager: Err(said),
                };
            }
        }
        Ran::Missing => {}
    }
    if ask(&["rc-service", "--list"]).is_done() {
        return Supervisor::Other(Manager::OpenRc);
    }
    Supervisor::Nobody { in_container }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = fn() -> Ran;

    #[test]
    fn u12_the_service_manager_is_the_one_that_answers() {
        let done = || Ran::Done(String::new());
        let failed = || Ran::Failed("not booted with systemd".to_owned());
        let missing = || Ran::Missing;
        let rows: [(&str, [Answer; 3], Supervisor); 6] = [
            (
                "linux",
                [done, done, missing],
                Supervisor::Systemd {
                    user_manager: Ok(()),
                },
            ),
            (
                "linux",
                [failed, done, missing],
                Supervisor::Systemd {
                    user_manager: Err("not booted with systemd".to_owned()),
                },
            ),
            (
                "linux",
                [failed, failed, done],
                Supervisor::Other(Manager::OpenRc),
            ),
            (
                "linux",
                [missing, missing, done],
                Supervisor::Other(Manager::OpenRc),
            ),
            (
                "linux",
                [failed, failed, missing],
                Supervisor::Nobody { in_container: true },
            ),
            (
                "macos",
                [missing, missing, missing],
                Supervisor::Other(Manager::Launchd),
            ),
        ];
        for (os, [user, system, openrc], expected) in rows {
            let ask = |words: &[&str]| match words {
                ["systemctl", "--user", ..] => user(),
                ["systemctl", ..] => system(),
                _ => openrc(),
            };
            assert_eq!(choose_supervisor(os, true, &ask), expected);
        }
    }

    #[test]
    fn the_answer_of_systemctl_show() {
        let state = systemd_state(
            "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nUnitFileState=enabled\nMainPID=0\n\
             ExecMainStatus=78\nExecMainCode=1\nNeedDaemonReload=yes\n",
        );
        assert_eq!(
            state,
            State {
                enabled: true,
                active: true,
                activity: Some("activating".to_owned()),
                step: Some("auto-restart".to_owned()),
                pid: None,
                last_exit: Some("exit 78".to_owned()),
                stale: true,
                unavailable: None,
            }
        );
        assert!(!systemd_state("ActiveState=failed\nUnitFileState=disabled\n").active);
        assert_eq!(systemd_state(""), State::default());
    }

    #[test]
    fn the_answer_of_launchctl_print() {
        let state = launchd_state(
            "gui/501/bot.molt.gateway = {\n\tstate = running\n\tpid = 4242\n\tlast exit code = (never exited)\n}",
        );
        assert_eq!((state.active, state.pid), (true, Some(4242)));
        assert_eq!(state.last_exit, None);
    }
}
