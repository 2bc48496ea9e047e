//! Programs under test, ours and upstream's, each in a home of its own and gone when its value is dropped.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The longest that one command of an upstream program may take: the first start of a release compiles it, on a busy machine.
pub(crate) const COMMAND_DEADLINE: Duration = Duration::from_secs(120);

/// A release of upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// 2026.1.30, protocol 3.
    January,
    /// 2026.9.6, protocol 4.
    September,
}

impl Release {
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::January => "2026.1.30",
            Self::September => "2026.9.6",
        }
    }
}

/// Whose program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Ours,
    Upstream(Release),
}

/// Returns the folder that `cargo xtask peers` fills, or `None` when the releases are not installed.
pub(crate) fn installed() -> Option<PathBuf> {
    let folder = std::env::var_os("OPENCLAW_PEERS_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers"),
        PathBuf::from,
    );
    [Release::January, Release::September]
        .iter()
        .all(|release| launcher(&folder, *release).exists())
        .then_some(folder)
}

fn launcher(folder: &Path, release: Release) -> PathBuf {
    folder.join(format!("bin/openclaw-{}", release.version()))
}

/// A machine with one `openclaw` on it: a home, a configuration, and nothing of the surrounding environment.
#[derive(Debug)]
pub(crate) struct Machine {
    maker: Maker,
    home: TempDir,
    program: PathBuf,
    compile_cache: Option<PathBuf>,
    variables: Vec<(&'static str, String)>,
}

impl Machine {
    pub(crate) fn new(maker: Maker, config: &Value) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        let (program, compile_cache) = match maker {
            Maker::Ours => (our_program(), None),
            Maker::Upstream(release) => {
                let folder = installed()
                    .expect("tests start upstream programs only where they are installed");
                // Compiled once per release instead of once per home.
                let cache = folder.join("cache").join(release.version());
                (launcher(&folder, release), Some(cache))
            }
        };
        let machine = Self {
            maker,
            home,
            program,
            compile_cache,
            variables: Vec::new(),
        };
        fs::create_dir_all(machine.state()).expect("the home is writable");
        fs::create_dir_all(machine.temporary()).expect("the home is writable");
        machine.write("openclaw.json", config);
        machine
    }

    /// Sets an environment variable for every command of this machine.
    pub(crate) fn with_variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    pub(crate) fn maker(&self) -> Maker {
        self.maker
    }

    /// Writes a file of the state folder.
    pub(crate) fn write(&self, name: &str, content: &Value) {
        self.write_text(name, &content.to_string());
    }

    pub(crate) fn write_text(&self, name: &str, content: &str) {
        fs::write(self.state().join(name), content).expect("the state folder is writable");
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join(".openclaw")
    }

    fn temporary(&self) -> PathBuf {
        self.home.path().join("tmp")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env_clear()
            // The same on a machine and in a container.
            .env("OPENCLAW_IN_CONTAINER", "0")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("TMPDIR", self.temporary())
            .env("NO_COLOR", "1")
            .envs(UPSTREAM_QUIET)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Upstream starts helpers of its own; the group is what gets ended.
            .process_group(0);
        if let Some(cache) = &self.compile_cache {
            command.env("NODE_COMPILE_CACHE", cache);
        }
        command
    }

    /// Starts a command that stays.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.command(arguments))
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        let started = Instant::now();
        let mut running = self.start(arguments);
        let status = running.wait(COMMAND_DEADLINE);
        let finished = Finished {
            command: arguments.join(" "),
            status,
            stdout: running.stdout.take(),
            stderr: running.stderr.take(),
        };
        if std::env::var_os("OPENCLAW_PEERS_TRACE").is_some() {
            let (maker, took) = (self.maker, started.elapsed().as_millis());
            eprintln!(
                "--- {maker:?} {} ({took} ms)\n{}",
                finished.command,
                finished.report()
            );
        }
        finished
    }

    /// Runs a command that prints JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Result<Value, String> {
        let finished = self.run(arguments);
        if !finished.succeeded() {
            return Err(finished.report());
        }
        serde_json::from_str(&finished.stdout)
            .map_err(|error| format!("stdout is not JSON ({error}): {}", finished.report()))
    }
}

/// Turns off what upstream would start beside the gateway: chat channels, discovery, browser control, update checks.
const UPSTREAM_QUIET: [(&str, &str); 9] = [
    ("OPENCLAW_NO_RESPAWN", "1"),
    ("OPENCLAW_HIDE_BANNER", "1"),
    ("OPENCLAW_SKIP_CHANNELS", "1"),
    ("OPENCLAW_SKIP_PROVIDERS", "1"),
    ("OPENCLAW_SKIP_CRON", "1"),
    ("OPENCLAW_SKIP_GMAIL_WATCHER", "1"),
    ("OPENCLAW_SKIP_BROWSER_CONTROL_SERVER", "1"),
    ("OPENCLAW_SKIP_CANVAS_HOST", "1"),
    ("OPENCLAW_DISABLE_BONJOUR", "1"),
];

fn our_program() -> PathBuf {
    std::env::var_os("OPENCLAW_TEST_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_openclaw").into(), PathBuf::from)
}

/// How a command ended and what it said.
#[derive(Debug)]
pub(crate) struct Finished {
    command: String,
    /// `None` when it was ended at the deadline.
    status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    pub(crate) fn report(&self) -> String {
        let status = self
            .status
            .map_or_else(|| "no end in time".to_owned(), |status| status.to_string());
        format!(
            "`{}`: {status}\nstdout: {}\nstderr: {}",
            self.command, self.stdout, self.stderr
        )
    }
}

/// Text that a thread collects from a pipe.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript {
    text: Arc<Mutex<String>>,
    reader: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
}

impl Transcript {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let transcript = Self::default();
        let text = Arc::clone(&transcript.text);
        let reader = thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let mut text = text.lock().expect("no reader panics");
                text.push_str(&String::from_utf8_lossy(&line));
                text.push('\n');
            }
        });
        *transcript.reader.lock().expect("no reader panics") = Some(reader);
        transcript
    }

    pub(crate) fn text(&self) -> String {
        self.text.lock().expect("no reader panics").clone()
    }

    /// Waits for the end of the pipe and returns all of it.
    fn take(&self) -> String {
        if let Some(reader) = self.reader.lock().expect("no reader panics").take() {
            reader.join().expect("no reader panics");
        }
        self.text()
    }
}

/// A program that stays; dropping it ends it and everything that it started.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Transcript,
    stderr: Transcript,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "{} cannot be started: {error}",
                command.get_program().display()
            )
        });
        let stdout = Transcript::of(child.stdout.take().expect("stdout is piped"));
        let stderr = Transcript::of(child.stderr.take().expect("stderr is piped"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for the end; at the deadline ends it and returns `None`.
    fn wait(&mut self, deadline: Duration) -> Option<ExitStatus> {
        let mut status = None;
        let in_time = until(deadline, || {
            status = self.child.try_wait().expect("the child is ours");
            status.is_some()
        });
        if !in_time {
            self.kill();
        }
        status
    }

    /// Asks for a clean stop and waits for it.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        self.signal(rustix::process::Signal::TERM);
        match self.wait(Duration::from_secs(30)) {
            Some(_) => Ok(()),
            None => Err(format!("no end after SIGTERM:\n{}", self.said())),
        }
    }

    /// Returns all that the program has said so far.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stdout.text(), self.stderr.text())
    }

    fn kill(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        // It is our child and was just killed, so this cannot block; its status is of no interest.
        drop(self.child.wait());
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let group = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(group) = group {
            // The group may be gone already.
            let _gone = rustix::process::kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Polls a condition until it holds or the deadline passes; returns whether it held.
pub(crate) fn until(deadline: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + deadline;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Returns a loopback port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("loopback has a free port")
        .port()
}
