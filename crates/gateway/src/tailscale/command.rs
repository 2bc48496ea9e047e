//! The daemon by the `tailscale` program: where the `LocalAPI` is not there or not permitted.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use openclaw_config::Env;
use openclaw_config::env::keep_secrets_from;
use openclaw_config::platform::{PATH_SEPARATOR, is_administrator, is_executable};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::timeout;

use super::daemon::{Applied, Asked, Daemon, Routes, Status, json_in, user};
use super::serve_config::{Change, Step, target};
use super::trouble::{Trouble, classify, first_line, link};
use crate::auth::identity::TailnetUser;
use crate::platform::{end_all, set_apart};

/// Time for questions.
const QUESTION: Duration = Duration::from_secs(5);
/// Time for changes.
const CHANGE: Duration = Duration::from_secs(15);
/// Longest output that is read, in bytes.
const MAX_OUTPUT: u64 = 4 * 1024 * 1024;
/// Where programs are that a service's PATH often lacks.
const USUAL_FOLDERS: [&str; 7] = [
    "/usr/bin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
    "/snap/bin",
    "/run/current-system/sw/bin",
];
/// The program inside the application of macOS.
const APPLICATION: &str = "/Applications/Tailscale.app/Contents/MacOS/Tailscale";

/// The `tailscale` program.
#[derive(Debug, Clone)]
pub(super) struct Program {
    path: PathBuf,
    sudo: Option<PathBuf>,
    socket: Option<PathBuf>,
    search_path: String,
}

/// What a program said.
struct Output {
    success: bool,
    out: String,
    err: String,
}

impl Output {
    /// Both streams, for finding out what went wrong.
    fn all(&self) -> String {
        format!("{}\n{}", self.err, self.out)
    }
}

impl Program {
    /// Looks for it in `PATH` and where it usually is. `socket` is handed to it when it is not the usual one.
    pub(super) fn find(env: &Env, socket: Option<&Path>) -> Option<Self> {
        let search_path = env.get_process("PATH").unwrap_or_default().to_owned();
        let find = |name: &str, usual: &[&str]| {
            let listed = search_path
                .split(PATH_SEPARATOR)
                .filter(|folder| !folder.is_empty());
            let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            listed
                .chain(usual.iter().copied())
                .map(|folder| Path::new(folder).join(&file))
                .find(|path| is_executable(path))
        };
        // A PATH that was given on purpose (in a test, in a sandbox) counts alone.
        let usual: &[&str] = if search_path.is_empty()
            || std::env::consts::OS == "macos"
            || is_plain(&search_path)
        {
            &USUAL_FOLDERS
        } else {
            &[]
        };
        let path = find("tailscale", usual).or_else(|| {
            let application = PathBuf::from(APPLICATION);
            is_executable(&application).then_some(application)
        })?;
        Some(Self {
            path,
            sudo: find("sudo", usual),
            socket: socket.map(Path::to_owned),
            search_path,
        })
    }

    async fn run(
        &self,
        arguments: &[String],
        limit: Duration,
        sudo: bool,
    ) -> Result<Output, Trouble> {
        let what = format!("tailscale {}", arguments.join(" "));
        let mut command = match (&self.sudo, sudo) {
            (Some(sudo), true) => {
                let mut command = Command::new(sudo);
                // Never asks for a password: there is nobody to type one.
                command.arg("-n").arg(&self.path);
                command
            }
            _ => Command::new(&self.path),
        };
        keep_secrets_from(command.as_std_mut());
        if let Some(socket) = &self.socket {
            command.arg(format!("--socket={}", socket.display()));
        }
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        set_apart(&mut command);
        if !self.search_path.is_empty() {
            command.env("PATH", &self.search_path);
        }
        let failed = |text: String| Trouble::Failed {
            what: what.clone(),
            text,
        };
        let mut child = command.spawn().map_err(|error| {
            classify(&error.to_string()).unwrap_or_else(|| failed(error.to_string()))
        })?;
        let group = Group(child.id());
        let (out, err) = (child.stdout.take(), child.stderr.take());
        // What was said before the time was up may hold the reason: a link that somebody has to open.
        let mut said = (Vec::new(), Vec::new());
        let finished = {
            let work = async {
                let (read_out, read_err) =
                    tokio::join!(read(out, &mut said.0), read(err, &mut said.1));
                read_out.and(read_err)?;
                child.wait().await
            };
            timeout(limit, work).await
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut output = Output {
            success: false,
            out: text(&said.0),
            err: text(&said.1),
        };
        match finished {
            Ok(Ok(status)) => {
                group.forget();
                output.success = status.success();
                Ok(output)
            }
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(classify(&output.all()).unwrap_or(Trouble::Slow {
                what,
                seconds: limit.as_secs(),
            })),
        }
    }

    async fn ask(&self, arguments: &[&str]) -> Result<String, Trouble> {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let output = self.run(&arguments, QUESTION, false).await?;
        if output.success {
            return Ok(output.out);
        }
        // A daemon that is stopped answers with its state and a failure.
        if json_in(&output.out).is_some() {
            return Ok(output.out);
        }
        Err(failure(&arguments, &output))
    }

    /// Runs a command that changes something; with the rights of root if that is what it lacks and sudo asks nothing.
    pub(super) async fn change(&self, arguments: &[String]) -> Result<Applied, Trouble> {
        let first = self.run(arguments, CHANGE, false).await?;
        let denied = || matches!(classify(&first.all()), Some(Trouble::Denied(_)));
        let output = if !first.success && denied() && self.sudo.is_some() && !is_administrator() {
            match self.run(arguments, CHANGE, true).await {
                Ok(second) if second.success => second,
                // What sudo says helps nobody; what was refused does.
                Ok(_) | Err(_) => first,
            }
        } else {
            first
        };
        if output.success {
            return Ok(Applied {
                link: link(&output.out),
            });
        }
        Err(failure(arguments, &output))
    }

    /// As [`Self::change`], with the rights of root at once: without them it was refused already.
    pub(super) async fn change_as_root(&self, arguments: &[String]) -> Option<Applied> {
        self.sudo.as_ref().filter(|_| !is_administrator())?;
        let output = self.run(arguments, CHANGE, true).await.ok()?;
        output.success.then(|| Applied {
            link: link(&output.out),
        })
    }
}

/// Whether a `PATH` names system folders only: the one of a service, which is often too short.
fn is_plain(search_path: &str) -> bool {
    search_path
        .split(PATH_SEPARATOR)
        .any(|folder| matches!(folder, "/usr/bin" | "/bin" | "/usr/local/bin"))
}

fn failure(arguments: &[String], output: &Output) -> Trouble {
    let all = output.all();
    classify(&all).unwrap_or_else(|| Trouble::Failed {
        what: format!("tailscale {}", arguments.join(" ")),
        text: first_line(&all),
    })
}

async fn read(stream: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> std::io::Result<()> {
    let Some(stream) = stream else {
        return Ok(());
    };
    stream.take(MAX_OUTPUT).read_to_end(into).await?;
    Ok(())
}

/// Ends a program with everything that it started, unless it has ended by itself.
struct Group(Option<u32>);

impl Group {
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            end_all(leader);
        }
    }
}

/// The arguments of a step.
pub(super) fn arguments(step: &Step) -> Vec<String> {
    let words: Vec<String> = match step {
        Step::Enable(route) => vec![
            if route.funnel { "funnel" } else { "serve" }.to_owned(),
            "--bg".to_owned(),
            "--yes".to_owned(),
            format!("--https={}", route.port),
            target(route.ingress),
        ],
        // With the path: without it, handlers of others at the same port would go too.
        Step::Remove { port, funnel } => vec![
            if *funnel { "funnel" } else { "serve" }.to_owned(),
            format!("--https={port}"),
            "--set-path=/".to_owned(),
            "off".to_owned(),
        ],
    };
    words
}

impl Daemon for Program {
    fn status(&self) -> Asked<'_, Status> {
        Box::pin(async {
            let text = self.ask(&["status", "--json", "--peers=false"]).await?;
            let status = json_in(&text).and_then(|json| Status::read(&json));
            status.ok_or_else(|| Trouble::Garbled {
                what: "tailscale status --json".to_owned(),
            })
        })
    }

    fn routes(&self) -> Asked<'_, Routes> {
        Box::pin(async {
            let text = self.ask(&["serve", "status", "--json"]).await?;
            let config = json_in(&text)
                .or_else(|| text.trim().is_empty().then_some(serde_json::Value::Null));
            let config = config.ok_or_else(|| Trouble::Garbled {
                what: "tailscale serve status --json".to_owned(),
            })?;
            Ok(Routes { config, etag: None })
        })
    }

    fn apply<'a>(&'a self, _before: &'a Routes, change: &'a Change) -> Asked<'a, Applied> {
        Box::pin(async {
            let mut applied = Applied::default();
            for step in &change.steps {
                applied = self.change(&arguments(step)).await?;
            }
            Ok(applied)
        })
    }

    fn whois(&self, address: IpAddr) -> Asked<'_, Option<TailnetUser>> {
        Box::pin(async move {
            let text = match self.ask(&["whois", "--json", &address.to_string()]).await {
                Err(Trouble::Failed { text, .. })
                    if text.contains("peer not found") || text.contains("no match") =>
                {
                    return Ok(None);
                }
                answer => answer?,
            };
            let json = json_in(&text).ok_or_else(|| Trouble::Garbled {
                what: "tailscale whois".to_owned(),
            })?;
            Ok(user(&json))
        })
    }

    fn enable_link(&self, _feature: &'static str) -> Asked<'_, Option<String>> {
        Box::pin(async { Ok(None) })
    }
}
