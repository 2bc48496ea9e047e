//! The root as a machine: boots its systemd as process 1 of namespaces of its own, and runs commands in there.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::TaskResult;

/// How long booting and powering off may take.
const BOOT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(50);
/// What systemd-nspawn ends with when the machine in it wants to start again.
const REBOOT: i32 = 133;

/// Whose command it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    /// root, without a login.
    Root,
    /// root, logged in.
    RootLogin,
    /// A user who logs in for this command.
    Login(&'static str),
    /// A user without a login: no session, no address of a user manager, as with `sudo -u` and cron.
    Bare(&'static str),
}

pub(super) struct Machine {
    root: PathBuf,
    running: Option<Running>,
}

struct Running {
    nspawn: Child,
    /// The number out here of the machine's process 1.
    leader: u32,
    cgroups: Vec<PathBuf>,
}

impl Machine {
    pub(super) const fn new(root: PathBuf) -> Self {
        Self {
            root,
            running: None,
        }
    }

    /// A place of the machine, as seen from outside.
    pub(super) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }

    /// Returns when its systemd has started what it starts.
    pub(super) fn boot(&mut self) -> TaskResult {
        let cgroups = cgroups()?;
        // From a control group of its own: what it does to its groups is done to no other.
        let mut enter = String::new();
        for cgroup in &cgroups {
            let _ = write!(enter, "echo $$ > '{}/cgroup.procs' && ", cgroup.display());
        }
        let log = self.root.with_extension("boot.log");
        let log_file = fs::File::create(&log).map_err(|error| error.to_string())?;
        let errors = log_file.try_clone().map_err(|error| error.to_string())?;
        let nspawn = Command::new("setsid")
            .args(["sh", "-c", &format!("{enter}exec systemd-nspawn \"$@\"")])
            .args(["sh", "--boot", "--quiet", "--private-network"])
            .args(["--register=no", "--keep-unit", "--console=pipe"])
            .args(["--resolv-conf=off", "--timezone=off", "--link-journal=no"])
            .args(["--machine", "openclaw"])
            .arg(format!("--directory={}", self.root.display()))
            .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
            .stdin(Stdio::null())
            .stdout(log_file)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("systemd-nspawn: {error}"))?;
        let mut running = Running {
            nspawn,
            leader: 0,
            cgroups,
        };
        let end = Instant::now() + BOOT;
        while running.leader == 0 {
            if let Ok(Some(status)) = running.nspawn.try_wait() {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("systemd-nspawn ended: {status}\n{said}"));
            }
            running.leader = leader(running.nspawn.id()).unwrap_or_default();
            late(end, "systemd does not start")?;
        }
        self.running = Some(running);
        loop {
            let output = self.output(Who::Root, "systemctl is-system-running --wait")?;
            let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            match state.as_str() {
                "running" => return Ok(()),
                "degraded" => {
                    let failed = self.say(Who::Root, "systemctl --failed --plain")?;
                    return Err(format!("something failed while booting:\n{failed}"));
                }
                _ => late(end, "the machine does not come up")?,
            }
        }
    }

    /// Has the machine start again, from the same root.
    pub(super) fn reboot(&mut self) -> TaskResult {
        self.ask_to_end("systemctl reboot", Some(REBOOT))?;
        self.boot()
    }

    pub(super) fn power_off(&mut self) -> TaskResult {
        self.ask_to_end("systemctl poweroff", Some(0))
    }

    fn ask_to_end(&mut self, how: &str, code: Option<i32>) -> TaskResult {
        // The connection may end before the answer.
        drop(self.output(Who::Root, how));
        let Some(mut running) = self.running.take() else {
            return Ok(());
        };
        let end = Instant::now() + BOOT;
        let status = loop {
            if let Some(status) = running
                .nspawn
                .try_wait()
                .map_err(|error| error.to_string())?
            {
                break status;
            }
            if let Err(error) = late(end, "the machine does not end") {
                self.running = Some(running);
                return Err(error);
            }
        };
        running.remove_cgroups();
        if status.code() == code {
            Ok(())
        } else {
            Err(format!("{how}: the machine ended with {status}"))
        }
    }

    /// What a script says, on both outputs; it has to end well.
    pub(super) fn say(&self, who: Who, script: &str) -> Result<String, String> {
        self.ends(who, script, 0)
    }

    /// What a script says that ends with this code.
    pub(super) fn ends(&self, who: Who, script: &str, code: i32) -> Result<String, String> {
        let output = self.output(who, &format!("exec 2>&1\n{script}"))?;
        let said = String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned();
        if output.status.code() == Some(code) {
            Ok(said)
        } else {
            Err(format!(
                "{who:?}: {script}\nended with {}, not {code}:\n{said}",
                output.status
            ))
        }
    }

    fn output(&self, who: Who, script: &str) -> Result<Output, String> {
        let running = self.running.as_ref().ok_or("the machine is off")?;
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &running.leader.to_string()])
            .args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"])
            .args(["timeout", "180", "env", "--ignore-environment"])
            .arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        match who {
            Who::Root => command.args(["HOME=/root", "USER=root", "bash", "-c", script]),
            Who::RootLogin => command.args(["su", "--login", "root", "-c", script]),
            Who::Login(user) => command.args(["su", "--login", user, "-c", script]),
            Who::Bare(user) => command
                .arg(format!("HOME=/home/{user}"))
                .arg(format!("USER={user}"))
                .args(["setpriv", "--reuid", user, "--regid", user, "--init-groups"])
                .args(["bash", "-c", &format!("cd && {{\n{script}\n}}")]),
        };
        command
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("nsenter: {error}"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            // With its process 1 everything in there ends.
            drop(
                Command::new("kill")
                    .args(["-KILL", &running.leader.to_string()])
                    .status(),
            );
            drop(running.nspawn.wait());
            running.remove_cgroups();
        }
    }
}

impl Running {
    fn remove_cgroups(&mut self) {
        for cgroup in self.cgroups.drain(..) {
            remove_tree(&cgroup);
        }
    }
}

/// Groups are removed from their leaves; what is in use stays.
fn remove_tree(cgroup: &Path) {
    for entry in fs::read_dir(cgroup).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    drop(fs::remove_dir(cgroup));
}

/// New control groups, in every hierarchy that systemd uses.
fn cgroups() -> Result<Vec<PathBuf>, String> {
    let mounts = fs::read_to_string("/proc/mounts").map_err(|error| error.to_string())?;
    let groups: Vec<PathBuf> = mounts
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            let [_, place, kind, options, ..] = fields.as_slice() else {
                return None;
            };
            (*kind == "cgroup2" || (*kind == "cgroup" && options.contains("name=systemd")))
                .then(|| Path::new(place).join(format!("openclaw-{}", std::process::id())))
        })
        .collect();
    if !mounts.contains(" cgroup2 ") {
        return Err("systemd: there is no cgroup2 hierarchy here, and a systemd of today needs one. Fix: mount -t cgroup2 cgroup2 /sys/fs/cgroup".to_owned());
    }
    for group in &groups {
        fs::create_dir_all(group).map_err(|error| format!("{}: {error}", group.display()))?;
    }
    Ok(groups)
}

/// The child of this process that is process 1 of a namespace.
fn leader(parent: u32) -> Option<u32> {
    let mut numbers = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers.find(|number| {
        let status = fs::read_to_string(format!("/proc/{number}/status")).unwrap_or_default();
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or_default()
        };
        let inside: Vec<&str> = field("NSpid:").split_whitespace().collect();
        field("PPid:").trim() == parent.to_string()
            && inside.len() > 1
            && inside.last() == Some(&"1")
    })
}

/// A pause; an error once the time is over.
fn late(end: Instant, what: &str) -> TaskResult {
    if Instant::now() >= end {
        return Err(format!("{what} within {} s", BOOT.as_secs()));
    }
    sleep(PAUSE);
    Ok(())
}
