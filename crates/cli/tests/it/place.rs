//! A home directory with nothing in it, and programs that run there.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// Nothing here takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A home.
pub(crate) struct Place {
    dir: TempDir,
    extra: Vec<(String, String)>,
}

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Its output, which must be JSON and nothing else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Must have ended well.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Must have ended with this code.
    pub(crate) fn fails(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self {
            dir: tempfile::Builder::new().prefix("oc").tempdir().unwrap(),
            extra: Vec::new(),
        };
        fs::create_dir(place.path("tmp")).unwrap();
        place
    }

    /// A home whose config keeps the log at home too; `gateway` is the section of that name.
    pub(crate) fn with_gateway(gateway: &Value) -> Self {
        let place = Self::new();
        place.configure(gateway);
        place
    }

    /// Writes the config.
    pub(crate) fn configure(&self, gateway: &Value) {
        let config = serde_json::json!({
            "gateway": gateway,
            "logging": { "file": self.log() },
        });
        self.write(".openclaw/openclaw.json", &config.to_string());
    }

    pub(crate) fn with_env(mut self, name: &str, value: &str) -> Self {
        self.set_env(name, value);
        self
    }

    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        self.extra.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path("gateway.log")
    }

    pub(crate) fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap_or_default()
    }

    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openclaw"));
        command
            .args(line)
            .env_clear()
            // The same on a machine and in a container.
            .env("OPENCLAW_IN_CONTAINER", "0")
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir.path())
            .env("TMPDIR", self.path("tmp"))
            .env("OPENCLAW_LOG_DIR", self.path("tmp/openclaw"))
            .envs(self.extra.iter().cloned())
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a line to its end.
    pub(crate) fn run(&self, line: &[&str]) -> Ran {
        let output = self.command(line).output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts a line that goes on.
    pub(crate) fn start(&self, line: &[&str]) -> Running {
        Running::new(self.command(line))
    }

    /// Starts another program that goes on.
    pub(crate) fn start_program(&self, program: &str, line: &[&str]) -> Running {
        let mut command = Command::new(program);
        command
            .args(line)
            .env_clear()
            // The same on a machine and in a container.
            .env("OPENCLAW_IN_CONTAINER", "0")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.dir.path())
            .env("TMPDIR", self.path("tmp"))
            .env("OPENCLAW_LOG_DIR", self.path("tmp/openclaw"))
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        Running::new(command)
    }

    /// Programs run on this machine as a node without a question.
    pub(crate) fn allow_all_programs(&self) {
        let rules = r#"{"version":1,"defaults":{"security":"full","ask":"off"}}"#;
        self.write("rules.json", rules);
        self.run(&["approvals", "set", "--file", "rules.json"]).ok();
    }

    /// Starts this machine as the node `box` of a gateway and waits until it is connected.
    pub(crate) fn node(&self, gateway: &Gateway) -> Running {
        let port = gateway.port.to_string();
        let target = ["--host", "127.0.0.1", "--port", &port];
        let line = [&["node", "run", "--display-name", "box"], &target[..]].concat();
        let mut node = self.start(&line);
        node.wait_for("node host connected to ");
        node
    }

    /// Starts a gateway on a free port and waits until it listens.
    pub(crate) fn gateway(&self, flags: &[&str]) -> Gateway {
        let port = free_port();
        let text = port.to_string();
        let line = [&["gateway", "run", "--port", &text], flags].concat();
        let mut running = self.start(&line);
        running.wait_for("://127.0.0.1:");
        Gateway { running, port }
    }
}

/// A gateway that listens.
pub(crate) struct Gateway {
    pub(crate) running: Running,
    pub(crate) port: u16,
}

impl Gateway {
    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Stops it as a supervisor does.
    pub(crate) fn stop(self) -> ExitStatus {
        self.running.terminate().0
    }
}

/// A program that goes on; ended when dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    pub(crate) fn new(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for stream in streams {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).lines() {
                    if line.map(|line| sender.send(line)).is_err() {
                        break;
                    }
                }
            });
        }
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line on either stream that holds `text`.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => panic!("{error} while waiting for {text:?}; seen: {:#?}", self.seen),
            }
        }
    }

    /// A line that holds `text`, from those that came already or from those to come.
    pub(crate) fn find(&mut self, text: &str) -> String {
        let seen = self.seen.iter().find(|line| line.contains(text)).cloned();
        seen.unwrap_or_else(|| self.wait_for(text))
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Ends it politely; gives its exit status and everything it wrote.
    pub(crate) fn terminate(self) -> (ExitStatus, Vec<String>) {
        self.signal("TERM");
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> (ExitStatus, Vec<String>) {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line);
        }
        let status = self.child.wait().unwrap();
        (status, std::mem::take(&mut self.seen))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port that nobody uses now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).unwrap().mode() & 0o777
}
