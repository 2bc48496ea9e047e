//! A machine of its own for lines as people paste them: network, files that programs look for at fixed places, processes, a name.
//! What a line says about ports, `/tmp` and other machines holds as it stands, and nothing outside is touched.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::place::{Ran, Running};
use crate::sshd::{script, until};

/// Where the home of a machine is on it.
pub(super) const HOME: &str = "/mnt";
const PATH: &str = "/mnt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NAMESPACES: [&str; 6] = [
    "--net",
    "--mount",
    "--uts",
    "--pid",
    "--fork",
    "--mount-proc",
];
/// Programs without which there is no such machine, or too little to see on it.
const NEEDED: [&str; 10] = [
    "unshare",
    "nsenter",
    "setsid",
    "bash",
    "ip",
    "ss",
    "curl",
    "ssh",
    "sshd",
    "ssh-keygen",
];

/// Why there can be no such machines here, if so.
pub(super) fn missing() -> Option<String> {
    for program in NEEDED {
        if !exists(program) {
            return Some(format!("needs the program {program}"));
        }
    }
    let tried = Command::new("unshare")
        .args(NAMESPACES)
        .args(["mount", "--make-rprivate", "/"])
        .output();
    match tried {
        Ok(output) if output.status.success() => None,
        _ => Some("needs Linux and root".to_owned()),
    }
}

/// Whether a program is installed.
pub(super) fn exists(program: &str) -> bool {
    std::env::split_paths(PATH).any(|folder| folder.join(program).is_file())
}

/// One machine; everything on it ends with it.
pub(super) struct Machine {
    dir: TempDir,
    holder: Child,
    /// Its first process, seen from outside.
    first: u32,
    started: u32,
}

/// A line that goes on.
pub(super) struct Going {
    pub(super) running: Running,
    number: u32,
}

impl Machine {
    /// A machine with this name, whose names for others are these lines of `/etc/hosts`, with the folder of a Tailscale daemon.
    pub(super) fn new(name: &str, hosts: &str, tailscale: Option<&Path>) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("oc-machine-")
            .tempdir()
            .unwrap();
        for folder in ["bin", "etc", "tmp", "tailscale"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let etc = dir.path().join("etc");
        fs::write(etc.join("hosts"), format!("127.0.0.1 localhost\n{hosts}")).unwrap();
        let others = fs::read_to_string("/etc/passwd").unwrap();
        let others: Vec<&str> = others
            .lines()
            .filter(|line| !line.starts_with("root:"))
            .collect();
        // The person of the document has an account, which is that of the machine's only user.
        let people: String = ["root", "user"]
            .map(|user| format!("{user}:x:0:0:{user}:{HOME}:/bin/bash\n"))
            .concat();
        fs::write(
            etc.join("passwd"),
            format!("{people}{}\n", others.join("\n")),
        )
        .unwrap();
        fs::write(
            dir.path().join(".bash_profile"),
            format!("export PATH={PATH}\n"),
        )
        .unwrap();
        let bin = dir.path().join("bin");
        fs::copy(folder().join("systemctl.sh"), bin.join("systemctl")).unwrap();
        fs::set_permissions(
            bin.join("systemctl"),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        script(
            &bin.join("loginctl"),
            "case $1 in show-user) echo Linger=yes;; esac",
        );
        // What a person at a terminal has by itself: lines as they come.
        script(
            &bin.join("grep"),
            "exec /usr/bin/env PATH=/usr/bin:/bin grep --line-buffered \"$@\"",
        );
        if tailscale.is_some() {
            script(
                &bin.join("tailscale"),
                &format!("exec {HOME}/tailscale/bin/tailscale \"$@\""),
            );
        }
        let mut holder = Command::new("unshare")
            .args(NAMESPACES)
            .args(["--kill-child", "bash"])
            .arg(folder().join("machine.sh"))
            .arg(name)
            .arg(dir.path())
            .arg(env!("CARGO_BIN_EXE_openclaw"))
            .args(tailscale)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(holder.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        assert_eq!(ready, "ready\n", "{name}");
        let id = holder.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        Self {
            dir,
            holder,
            first: children.trim().parse().unwrap(),
            started: 0,
        }
    }

    /// A file of its home, seen from outside.
    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// Forgets everything that the program wrote there.
    pub(super) fn clear(&self) {
        for entry in fs::read_dir(self.dir.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with(".openclaw") || name == ".config" || name == ".systemd" {
                fs::remove_dir_all(path).unwrap();
            }
        }
        fs::remove_dir_all(self.path("tmp/openclaw")).ok();
    }

    /// A line for `bash` as the machine's user pastes it.
    pub(super) fn shell(&self, line: &str) -> Command {
        let mut command = self.enter();
        command.args(["bash", "-c", &format!("cd\n{line}")]);
        command
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--net", "--mount", "--uts", "--pid", "--target"])
            .arg(self.first.to_string())
            .env_clear()
            // The same on a machine and in a container.
            .env("OPENCLAW_IN_CONTAINER", "0")
            .env("HOME", HOME)
            .env("USER", "user")
            .env("PATH", PATH)
            .stdin(Stdio::null());
        command
    }

    /// Runs a line to its end.
    pub(super) fn run(&self, line: &str) -> Ran {
        let output = self.shell(line).output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts a line that goes on.
    pub(super) fn start(&mut self, line: &str) -> Going {
        self.started += 1;
        let number = self.started;
        let mut command = self.enter();
        let line = format!("cd\necho $$ > going-{number}\n{line}");
        command.args(["setsid", "--wait", "bash", "-c", &line]);
        Going {
            running: Running::new(command),
            number,
        }
    }

    /// Ctrl-C for a line that goes on; gives everything that it wrote.
    pub(super) fn interrupt(&self, going: Going) -> Vec<String> {
        let group = self.path(&format!("going-{}", going.number));
        until("a line has begun", || {
            fs::read_to_string(&group).is_ok_and(|text| text.ends_with('\n'))
        });
        let group = fs::read_to_string(&group).unwrap();
        // It may have ended by itself.
        self.run(&format!("kill -INT -- -{}", group.trim()));
        going.running.wait().1
    }

    /// Waits until something listens there.
    pub(super) fn listens(&self, address: &str) {
        until(&format!("something listens at {address}"), || {
            self.run("ss -Hltn").out.contains(&format!(" {address} "))
        });
    }

    /// Runs `ip` with these words in its network.
    pub(super) fn ip(&self, words: &str) {
        let ran = Command::new("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", self.first))
            .arg("ip")
            .args(words.split_whitespace())
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "ip {words}: {complaint}");
    }

    /// Joins it to another machine by a cable.
    pub(super) fn cable(&self, interface: &str, address: &str, other: &Self, there: &str) {
        self.ip(&format!(
            "link add {interface} type veth peer name {interface} netns {}",
            other.first
        ));
        for (machine, address) in [(self, address), (other, there)] {
            machine.ip(&format!("addr add {address} dev {interface}"));
            machine.ip(&format!("link set {interface} up"));
        }
    }

    /// Its network, to open sockets in.
    pub(super) fn network(&self) -> fs::File {
        fs::File::open(format!("/proc/{}/ns/net", self.first)).unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // The end of its input is the end of its first process, and of all others with it.
        drop(self.holder.stdin.take());
        drop(self.holder.wait());
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/requirements")
}
