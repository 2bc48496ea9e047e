//! Calls of the service managers: which (pure), and making them.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use openclaw_config::Env;

use super::kind::{Manager, Scope};
use super::manager::{Ran, run, run_words, shown};
use crate::error::CommandError;
use crate::ui::format::now_ms;

/// How many of its last lines a service that does not start is quoted with.
const LAST_LINES: usize = 6;
/// How often the journal is asked for them, and the pause between.
const JOURNAL_LOOKS: usize = 10;
const JOURNAL_PAUSE: Duration = Duration::from_millis(50);

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
    /// Forget that it failed: what failed stays in lists, even when its file is gone.
    Forget,
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
                Verb::Forget => Step {
                    required: false,
                    ..words(&["reset-failed", name])
                },
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
                Verb::Reload | Verb::Forget => Vec::new(),
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
                Verb::Reload | Verb::Forget => Vec::new(),
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
            Verb::Reload | Verb::Forget => return Vec::new(),
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
        let begun = now_ms() / 1000;
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
            Ran::Failed(said) => return Err(failed(env, manager, step, &said, begun)),
        }
    }
    Ok(())
}

/// Why a call failed. Where the manager did what it was asked for and the service did not come up, that is for the service to say.
fn failed(env: &Env, manager: Manager, step: &Step, said: &str, begun: i64) -> CommandError {
    let command = shown(&step.words);
    let by_service = step
        .words
        .last()
        .filter(|_| said.starts_with("Job for "))
        .and_then(|name| Some((name, last_words(env, manager, name, begun)?)));
    match by_service {
        Some((name, words)) => {
            CommandError::plain(format!("{name} failed to start:")).with_details(words)
        }
        None => CommandError::plain(format!("{command} failed: {said}")).hint(format!(
            "Fix: run it yourself: {}{command}",
            typed_before(env, manager)
        )),
    }
}

/// What a person has to type before a call in the same shell.
fn typed_before(env: &Env, manager: Manager) -> &'static str {
    if manager.is_of_machine() {
        return if env.uid() == 0 { "" } else { "sudo " };
    }
    // In a session of `su`, `sudo -u` or cron systemctl does not find the manager of the user by itself.
    let is_lost =
        matches!(manager, Manager::Systemd(_)) && env.get_process("XDG_RUNTIME_DIR").is_none();
    if is_lost {
        "XDG_RUNTIME_DIR=/run/user/$(id -u) "
    } else {
        ""
    }
}

/// What the service itself said since a moment (seconds since the epoch): why it does not start. Nothing where its manager keeps
/// no such record.
fn last_words(env: &Env, manager: Manager, name: &str, since_seconds: i64) -> Option<String> {
    let Manager::Systemd(scope) = manager else {
        return None;
    };
    let since = format!("--since=@{since_seconds}");
    let mut words = vec!["journalctl"];
    if scope == Scope::User {
        words.push("--user");
    }
    words.extend(["-u", name, "-t", "openclaw", &since]);
    // No `-n`: together with `--since` it means the first lines, not the last.
    words.extend(["-o", "cat", "--no-pager", "-q"]);
    let mut said = String::new();
    for _ in 0..JOURNAL_LOOKS {
        let Ran::Done(now) = run_words(env, &words) else {
            break;
        };
        said = now;
        if said.lines().any(|line| !is_log(line)) {
            break;
        }
        // The journal may be a moment behind.
        sleep(JOURNAL_PAUSE);
    }
    Some(without_log(&said)).filter(|said| !said.is_empty())
}

/// Lines of the log begin with a time.
fn is_log(line: &str) -> bool {
    line.starts_with(|first: char| first.is_ascii_digit())
}

/// What is meant for people, without the lines of the log. Where there is nothing else, they have to do.
fn without_log(said: &str) -> String {
    let mut lines: Vec<&str> = said.lines().filter(|line| !is_log(line)).collect();
    if lines.is_empty() {
        lines = said.lines().collect();
    }
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
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
    fn the_last_words_are_the_last_ones_and_no_log() {
        let log = "2026-11-27T17:19:28.532Z [gateway] listeners: 127.0.0.1:18789\n";
        assert_eq!(
            without_log(&format!(
                "{}Gateway failed to start\nFix: this",
                log.repeat(20)
            )),
            "Gateway failed to start\nFix: this"
        );
        let numbered: Vec<String> = (0..9).map(|number| format!("line {number}")).collect();
        assert_eq!(without_log(&numbered.join("\n")), numbered[3..].join("\n"));
        assert_eq!(without_log(&log.repeat(7)).lines().count(), LAST_LINES);
        assert_eq!(without_log(""), "");
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
                user,
                Verb::Forget,
                vec!["systemctl --user reset-failed name"],
            ),
            (Manager::Launchd, Verb::Forget, vec![]),
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
