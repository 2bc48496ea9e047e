//! Calls of the service managers: which (pure), and making them.

use std::path::Path;

use openclaw_config::Env;

use super::kind::{Manager, Scope};
use super::manager::{Ran, run, shown};
use crate::error::CommandError;

/// One call of a service manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// Program and arguments.
    pub(crate) words: Vec<String>,
    /// Whether a failure ends the command.
    pub(crate) required: bool,
}

impl Step {
    pub(crate) fn must(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(ToString::to_string).collect(),
            required: true,
        }
    }

    pub(crate) fn may(words: &[&str]) -> Self {
        Self {
            required: false,
            ..Self::must(words)
        }
    }
}

/// What a manager is asked to do with a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Read its files again.
    Reload,
    /// Start it by itself from now on.
    Enable,
    /// Do not start it by itself.
    Disable,
    /// Start it now.
    Start,
    /// Stop it now.
    Stop,
    /// Stop and start it.
    Restart,
}

/// The calls for one thing to do. `file` is that of the service, `uid` the user of an agent.
pub(crate) fn steps(manager: Manager, verb: Verb, name: &str, file: &Path, uid: u32) -> Vec<Step> {
    let file = file.display().to_string();
    match manager {
        Manager::Systemd(scope) => {
            let words = |words: &[&str]| -> Step {
                let mut line = vec!["systemctl"];
                if scope == Scope::User {
                    line.push("--user");
                }
                line.extend(words);
                Step::must(&line)
            };
            vec![match verb {
                Verb::Reload => words(&["daemon-reload"]),
                Verb::Enable => words(&["enable", name]),
                Verb::Disable => words(&["disable", name]),
                Verb::Start => words(&["start", name]),
                Verb::Stop => words(&["stop", name]),
                Verb::Restart => words(&["restart", name]),
            }]
        }
        Manager::Launchd => {
            let (domain, target) = (format!("gui/{uid}"), format!("gui/{uid}/{name}"));
            let load = || Step::must(&["launchctl", "bootstrap", &domain, &file]);
            let unload = || Step::may(&["launchctl", "bootout", &target]);
            match verb {
                Verb::Reload => Vec::new(),
                // An agent that somebody disabled once cannot be loaded.
                Verb::Enable => vec![Step::may(&["launchctl", "enable", &target])],
                Verb::Disable | Verb::Stop => vec![unload()],
                // A loaded agent starts by itself; loading it twice fails.
                Verb::Start | Verb::Restart => vec![unload(), load()],
            }
        }
        Manager::TaskScheduler => {
            let run = || Step::must(&["schtasks", "/Run", "/TN", name]);
            let end = || Step::may(&["schtasks", "/End", "/TN", name]);
            match verb {
                Verb::Reload => Vec::new(),
                Verb::Enable => vec![Step::must(&[
                    "schtasks",
                    "/Create",
                    "/F",
                    "/SC",
                    "ONLOGON",
                    "/RL",
                    "LIMITED",
                    "/TN",
                    name,
                    "/TR",
                    &format!("\"{file}\""),
                ])],
                Verb::Disable => vec![Step::must(&["schtasks", "/Delete", "/F", "/TN", name])],
                Verb::Start => vec![run()],
                Verb::Stop => vec![end()],
                Verb::Restart => vec![end(), run()],
            }
        }
        Manager::OpenRc => vec![match verb {
            Verb::Reload => return Vec::new(),
            Verb::Enable => Step::must(&["rc-update", "add", name, "default"]),
            Verb::Disable => Step::may(&["rc-update", "delete", name, "default"]),
            Verb::Start => Step::must(&["rc-service", name, "start"]),
            Verb::Stop => Step::must(&["rc-service", name, "stop"]),
            Verb::Restart => Step::must(&["rc-service", name, "restart"]),
        }],
    }
}

/// Makes calls in order and notes those that worked in `done`. A service of the machine is not everybody's to
/// command: where that is the trouble, `sudo` is tried, without ever asking for a password.
pub(crate) fn make(
    env: &Env,
    manager: Manager,
    steps: &[Step],
    done: &mut Vec<String>,
) -> Result<(), CommandError> {
    for step in steps {
        let mut words = step.words.clone();
        let mut ran = run(env, &words);
        if manager.is_of_machine() && env.uid() != 0 && matches!(ran, Ran::Failed(_)) {
            let by_sudo: Vec<String> = ["sudo", "-n"]
                .into_iter()
                .map(str::to_owned)
                .chain(words.iter().cloned())
                .collect();
            let again = run(env, &by_sudo);
            if again.is_done() {
                (ran, words) = (again, by_sudo);
            }
        }
        match ran {
            Ran::Done(_) => done.push(format!("Ran {}", shown(&words))),
            Ran::Missing | Ran::Failed(_) if !step.required => {}
            Ran::Missing => {
                return Err(CommandError::plain(format!(
                    "{} not available",
                    step.words[0]
                )));
            }
            Ran::Failed(said) => {
                let command = shown(&step.words);
                let prefix = if manager.is_of_machine() && env.uid() != 0 {
                    "sudo "
                } else {
                    ""
                };
                return Err(CommandError::plain(format!("{command} failed: {said}"))
                    .hint(format!("Fix: run it yourself: {prefix}{command}")));
            }
        }
    }
    Ok(())
}

/// Where the service says what is wrong with it.
pub(crate) fn logs_hint(manager: Manager, name: &str, state_dir: &Path) -> String {
    match manager {
        Manager::Systemd(Scope::User) => {
            format!("Logs: journalctl --user -u {name} -n 200 --no-pager")
        }
        Manager::Systemd(Scope::System) => format!("Logs: journalctl -u {name} -n 200 --no-pager"),
        Manager::Launchd | Manager::OpenRc => {
            format!("Logs: {}", state_dir.join("logs").display())
        }
        Manager::TaskScheduler => "Logs: openclaw logs".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(manager: Manager, verb: Verb) -> Vec<String> {
        steps(manager, verb, "name", Path::new("/f"), 501)
            .iter()
            .map(|step| step.words.join(" "))
            .collect()
    }

    #[test]
    fn the_calls_of_every_manager() {
        let user = Manager::Systemd(Scope::User);
        let system = Manager::Systemd(Scope::System);
        for (manager, verb, expected) in [
            (user, Verb::Reload, vec!["systemctl --user daemon-reload"]),
            (user, Verb::Enable, vec!["systemctl --user enable name"]),
            (user, Verb::Restart, vec!["systemctl --user restart name"]),
            (system, Verb::Start, vec!["systemctl start name"]),
            (system, Verb::Disable, vec!["systemctl disable name"]),
            (
                Manager::Launchd,
                Verb::Restart,
                vec![
                    "launchctl bootout gui/501/name",
                    "launchctl bootstrap gui/501 /f",
                ],
            ),
            (
                Manager::Launchd,
                Verb::Stop,
                vec!["launchctl bootout gui/501/name"],
            ),
            (
                Manager::TaskScheduler,
                Verb::Enable,
                vec!["schtasks /Create /F /SC ONLOGON /RL LIMITED /TN name /TR \"/f\""],
            ),
            (
                Manager::OpenRc,
                Verb::Enable,
                vec!["rc-update add name default"],
            ),
            (Manager::OpenRc, Verb::Stop, vec!["rc-service name stop"]),
            (Manager::OpenRc, Verb::Reload, vec![]),
        ] {
            assert_eq!(lines(manager, verb), expected, "{manager:?} {verb:?}");
        }
    }
}
