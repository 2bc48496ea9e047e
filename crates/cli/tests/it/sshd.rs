//! A real OpenSSH server on loopback, with keys of its own, and an `ssh` that knows nothing of this machine's.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::place::{Place, free_port};

/// Nothing here takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// The server.
pub(crate) struct Sshd {
    dir: PathBuf,
    pub(crate) port: u16,
    program: PathBuf,
    child: Option<Child>,
}

/// The place of a person who has an account on the server, and the server. `None`, with a word, where OpenSSH is missing.
#[expect(
    clippy::print_stderr,
    reason = "a test has nowhere else to say that it did not run"
)]
pub(crate) fn set() -> Option<(Place, Sshd)> {
    let Some(program) = find("sshd").filter(|_| find("ssh").is_some()) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "openssh-server is not installed"
        );
        eprintln!("not run: openssh-server is not installed; run: cargo xtask packages");
        return None;
    };
    let place = Place::new();
    let dir = place.path("sshd");
    fs::create_dir(&dir).unwrap();
    if user() == "root" {
        // Where it puts its children before they are anybody.
        fs::create_dir_all("/run/sshd").unwrap();
    }
    for key in ["host", "other-host", "id"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(dir.join(key))
            .status()
            .unwrap();
        assert!(made.success());
    }
    fs::copy(dir.join("id.pub"), dir.join("authorized_keys")).unwrap();
    let mut sshd = Sshd {
        port: free_port(),
        dir,
        program,
        child: None,
    };
    sshd.know("host");
    let text = |name: &str| sshd.dir.join(name).display().to_string();
    let config = format!(
        "UserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\nIdentityFile {}\nIdentitiesOnly yes\n",
        text("known_hosts"),
        text("id")
    );
    fs::write(sshd.dir.join("ssh_config"), config).unwrap();
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    script(
        &bin.join("ssh"),
        &format!("exec /usr/bin/ssh -F {} \"$@\"", text("ssh_config")),
    );
    sshd.start();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    Some((place.with_env("PATH", &path), sshd))
}

/// Writes a program for `sh`.
pub(crate) fn script(path: &Path, line: &str) {
    fs::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Waits for a state.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "still waiting: {what}");
        sleep(Duration::from_millis(20));
    }
}

/// Whether a process runs; one that ended and was not waited for does not.
pub(crate) fn runs(pid: u64) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| !rest.trim_start().starts_with('Z'))
    })
}

/// Sends a signal by name.
pub(crate) fn signal(pid: u64, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

impl Sshd {
    pub(crate) fn start(&mut self) {
        let file = |name: &str| self.dir.join(name).display().to_string();
        let config = format!(
            "Port {}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n\
             MaxStartups 100\n",
            self.port,
            file("host"),
            file("authorized_keys")
        );
        fs::write(self.dir.join("sshd_config"), config).unwrap();
        let log = fs::File::create(self.dir.join("log")).unwrap();
        let child = Command::new(&self.program)
            .args(["-D", "-e", "-f"])
            .arg(self.dir.join("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        until("sshd listens", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
    }

    /// Ends the server with everybody on it.
    pub(crate) fn stop(&mut self) {
        let sessions = self.sessions();
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        for session in sessions.into_iter().filter(|pid| runs(*pid)) {
            signal(session, "KILL");
        }
    }

    /// Processes of connections.
    pub(crate) fn sessions(&self) -> Vec<u64> {
        let Some(child) = &self.child else {
            return Vec::new();
        };
        let mut found = vec![u64::from(child.id())];
        let mut next = 0;
        while next < found.len() {
            let pid = found[next];
            next += 1;
            let children =
                fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            found.extend(
                children
                    .split_whitespace()
                    .filter_map(|pid| pid.parse::<u64>().ok()),
            );
        }
        found.split_off(1)
    }

    pub(crate) fn target(&self) -> String {
        format!("{}@127.0.0.1:{}", user(), self.port)
    }

    /// Makes the person know the server by one of the keys, or by none.
    pub(crate) fn know(&self, key: &str) {
        let line = fs::read_to_string(self.dir.join(format!("{key}.pub"))).map(|text| {
            let words: Vec<&str> = text.split_whitespace().take(2).collect();
            format!("[127.0.0.1]:{} {}\n", self.port, words.join(" "))
        });
        fs::write(self.dir.join("known_hosts"), line.unwrap_or_default()).unwrap();
    }

    /// Nobody may log in any more.
    pub(crate) fn authorize_nobody(&self) {
        fs::write(self.dir.join("authorized_keys"), "").unwrap();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn find(program: &str) -> Option<PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .map(|dir| Path::new(dir).join(program))
        .find(|path| path.exists())
}
