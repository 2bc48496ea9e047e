//! `system.notify`: a message on the desktop, where there is one.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{Machine, Shared, name, not_supported, read_params};
use crate::deadline::run_limit;
use crate::exec::{self, Run, child_env};
use crate::invoke::{CommandError, CommandResult};
use crate::policy::{Files, find_program};

/// Title of messages that have none.
const DEFAULT_TITLE: &str = "OpenClaw";
/// A message is handed over at once or not at all, in milliseconds.
const DEFAULT_TIMEOUT_MS: u64 = 10_000;

/// The program that shows messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notifier {
    /// `notify-send` of a Linux desktop, at this path.
    NotifySend(PathBuf),
    /// `osascript` of macOS, at this path.
    Osascript(PathBuf),
}

impl Notifier {
    /// Looks for one on `platform` (`linux`, `macos`). On Linux it also takes a running desktop:
    /// `lookup` finds variables of the environment.
    pub fn find<'a>(
        platform: &str,
        lookup: impl Fn(&str) -> Option<&'a OsStr>,
        files: &dyn Files,
    ) -> Option<Self> {
        let find = |program| find_program(program, lookup("PATH")?, Path::new("/"), files);
        let is_set = |name| lookup(name).is_some_and(|value| !value.is_empty());
        match platform {
            "macos" => find("osascript").map(Self::Osascript),
            "linux" if is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") => {
                find("notify-send").map(Self::NotifySend)
            }
            _ => None,
        }
    }

    fn command(&self, message: &Message) -> (PathBuf, Vec<String>) {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        match self {
            Self::NotifySend(program) => {
                let urgency = match message.priority {
                    Priority::Passive => "low",
                    Priority::Active => "normal",
                    Priority::TimeSensitive => "critical",
                };
                let arguments = words(&[
                    "notify-send",
                    "--app-name",
                    DEFAULT_TITLE,
                    "--urgency",
                    urgency,
                    "--",
                    &message.title,
                    &message.body,
                ]);
                (program.clone(), arguments)
            }
            Self::Osascript(program) => {
                // The texts are arguments of the script, never part of it.
                let show = if message.sound.is_some() {
                    "display notification (item 2 of argv) with title (item 1 of argv) sound name (item 3 of argv)"
                } else {
                    "display notification (item 2 of argv) with title (item 1 of argv)"
                };
                let mut arguments: Vec<String> = words(&[
                    "osascript",
                    "-e",
                    "on run argv",
                    "-e",
                    show,
                    "-e",
                    "end run",
                    "--",
                    &message.title,
                    &message.body,
                ]);
                arguments.extend(message.sound.clone());
                (program.clone(), arguments)
            }
        }
    }
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Priority {
    Passive,
    #[default]
    Active,
    TimeSensitive,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Delivery {
    System,
    Overlay,
    Auto,
}

#[derive(Deserialize)]
struct Params {
    title: Option<String>,
    body: Option<String>,
    sound: Option<String>,
    priority: Option<Priority>,
    delivery: Option<Delivery>,
}

struct Message {
    title: String,
    body: String,
    sound: Option<String>,
    priority: Priority,
}

/// Shows a message.
pub(super) async fn notify(
    shared: &Shared,
    params: Option<&str>,
    timeout_ms: Option<u64>,
    cancel: &CancellationToken,
) -> CommandResult {
    let machine: &Machine = &shared.machine;
    let Some(notifier) = &machine.notifier else {
        return not_supported();
    };
    let message = message(read_params(name::NOTIFY, params)?)?;
    let (program, argv) = notifier.command(&message);
    let run = Run {
        argv,
        program: Some(program),
        cwd: None,
        env: child_env(&machine.env, &BTreeMap::new()).variables,
        limit: run_limit(timeout_ms, None).or(run_limit(Some(DEFAULT_TIMEOUT_MS), None)),
        live: None,
    };
    let finished = exec::run(run, cancel).await;
    if finished.cancelled {
        return Err(CommandError::cancelled());
    }
    let result = finished.result;
    if result.success {
        return Ok(r#"{"ok":true}"#.to_owned());
    }
    let reason = if result.timed_out {
        "the desktop does not answer".to_owned()
    } else {
        result
            .error
            .unwrap_or_else(|| result.stderr.trim().to_owned())
    };
    Err(CommandError::unavailable(format!(
        "notification failed: {reason}"
    )))
}

fn message(params: Params) -> Result<Message, CommandError> {
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    if params.delivery == Some(Delivery::Overlay) {
        return Err(CommandError::unavailable(
            "overlay notifications are not available on this node; use delivery system or auto",
        ));
    }
    let (title, body) = (filled(params.title), filled(params.body));
    if title.is_none() && body.is_none() {
        return Err(CommandError::invalid(
            "INVALID_REQUEST: title or body required",
        ));
    }
    Ok(Message {
        title: title.unwrap_or_else(|| DEFAULT_TITLE.to_owned()),
        body: body.unwrap_or_default(),
        sound: filled(params.sound),
        priority: params.priority.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Everywhere;

    impl Files for Everywhere {
        fn is_executable(&self, path: &Path) -> bool {
            path.starts_with("/usr/bin")
        }

        fn exists(&self, path: &Path) -> bool {
            self.is_executable(path)
        }
    }

    fn find(platform: &str, env: &[(&str, &'static str)]) -> Option<Notifier> {
        Notifier::find(
            platform,
            |wanted| {
                env.iter()
                    .find(|(name, _)| *name == wanted)
                    .map(|(_, value)| OsStr::new(*value))
            },
            &Everywhere,
        )
    }

    #[test]
    fn a_notifier_needs_a_desktop_and_its_program() {
        let send = Some(Notifier::NotifySend("/usr/bin/notify-send".into()));
        let script = Some(Notifier::Osascript("/usr/bin/osascript".into()));
        let path = ("PATH", "/usr/bin");
        assert_eq!(find("linux", &[path, ("DISPLAY", ":0")]), send);
        assert_eq!(find("linux", &[path, ("WAYLAND_DISPLAY", "w")]), send);
        assert_eq!(find("linux", &[path, ("DISPLAY", "")]), None);
        assert_eq!(find("linux", &[path]), None);
        assert_eq!(find("linux", &[("PATH", "/opt"), ("DISPLAY", ":0")]), None);
        assert_eq!(find("macos", &[path]), script);
        assert_eq!(find("windows", &[path, ("DISPLAY", ":0")]), None);
    }

    #[test]
    fn texts_never_become_options_or_code() {
        let message = || Message {
            title: "--help".to_owned(),
            body: "\" & quit".to_owned(),
            sound: Some("Glass".to_owned()),
            priority: Priority::TimeSensitive,
        };
        let (_, send) = Notifier::NotifySend("/n".into()).command(&message());
        assert_eq!(
            send[3..],
            ["--urgency", "critical", "--", "--help", "\" & quit"]
        );
        let (_, script) = Notifier::Osascript("/o".into()).command(&message());
        assert_eq!(script[7..], ["--", "--help", "\" & quit", "Glass"]);
    }

    #[test]
    fn messages_need_a_text_and_a_way_that_exists() {
        let read = |text| read_params::<Params>(name::NOTIFY, Some(text)).and_then(message);
        assert_eq!(read(r#"{"body":"b"}"#).expect("message").title, "OpenClaw");
        let message = read(r#"{"title":"t","priority":"passive","delivery":"auto"}"#);
        assert!(message.expect("message").priority == Priority::Passive);
        for (text, error) in [
            ("{}", "INVALID_REQUEST: title or body required"),
            (
                r#"{"title":" "}"#,
                "INVALID_REQUEST: title or body required",
            ),
            (
                r#"{"title":"t","delivery":"overlay"}"#,
                "overlay notifications are not available on this node; use delivery system or auto",
            ),
        ] {
            assert_eq!(read(text).err().expect("error").message, error);
        }
        assert!(read(r#"{"title":"t","priority":"loud"}"#).is_err());
    }
}
