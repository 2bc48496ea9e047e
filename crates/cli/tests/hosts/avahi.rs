//! Avahi on a host: its daemon with a bus of its own, and its browser.

use std::path::PathBuf;
use std::process::Command;

use openclaw_testkit::hosts::{Host, Process};

/// In mount and process namespaces of its own: the daemon keeps its files under /run, and everything ends with it.
const START: &str = r#"
mount -t tmpfs tmpfs /run && mkdir -p /run/avahi-daemon && chown avahi /run/avahi-daemon || exit 1
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$1"
dbus-daemon --system --nofork --nopidfile --address="$DBUS_SYSTEM_BUS_ADDRESS" &
until [ -S "$1" ]; do sleep 0.02; done
exec avahi-daemon --no-drop-root --no-chroot --no-rlimits
"#;

/// Whether these programs are there; says so when not, and fails when `CI` is set.
#[expect(clippy::print_stdout, reason = "whoever runs the tests reads it")]
pub(crate) fn has(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|program| {
        let found = Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .output();
        !found.is_ok_and(|output| output.status.success())
    });
    let Some(missing) = missing else {
        return true;
    };
    assert!(std::env::var_os("CI").is_none(), "not run: needs {missing}");
    println!("not run: needs {missing}");
    false
}

/// Avahi as it runs on one host.
pub(crate) struct Avahi<'a> {
    host: &'a Host,
    bus: PathBuf,
    pub(crate) daemon: Process,
}

/// A service as the browser resolved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) interface: String,
    pub(crate) family: String,
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) address: String,
    pub(crate) port: String,
    pub(crate) txt: String,
}

impl<'a> Avahi<'a> {
    pub(crate) fn start(host: &'a Host) -> Self {
        let bus = host.path("tmp/bus");
        let words = [
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
        ];
        let script = ["bash", "-c", START, "avahi", bus.to_str().unwrap()];
        let mut daemon = host.spawn("unshare", &[&words[..], &script].concat());
        daemon.until("Server startup complete");
        Self { host, bus, daemon }
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = self.host.command(program, words);
        let bus = format!("unix:path={}", self.bus.display());
        command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        command
    }

    /// Publishes a service until the value is dropped.
    pub(crate) fn publish(&self, words: &[&str]) -> Process {
        let words = [&["--service"], words].concat();
        let mut process = self
            .host
            .start_command(self.command("avahi-publish", &words));
        process.until("Established under name");
        process
    }

    /// `avahi-browse -rt _openclaw-gw._tcp`, in its form for programs.
    pub(crate) fn browse(&self) -> Vec<Row> {
        let words = [
            "--resolve",
            "--terminate",
            "--parsable",
            "_openclaw-gw._tcp",
        ];
        let mut process = self
            .host
            .start_command(self.command("avahi-browse", &words));
        process.wait();
        let row = |line: &str| {
            let mut cells = line.strip_prefix("=;")?.splitn(9, ';').map(unescaped);
            let mut cell = || cells.next().unwrap_or_default();
            let (interface, family, name, _kind, _domain) =
                (cell(), cell(), cell(), cell(), cell());
            Some(Row {
                interface,
                family,
                name,
                host: cell(),
                address: cell(),
                port: cell(),
                txt: cell(),
            })
        };
        process.text().lines().filter_map(row).collect()
    }

    /// Names that are announced, each once, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.browse().into_iter().map(|row| row.name).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// Text with `\DDD` and `\.` read.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let number = tail
            .get(..3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, number.and_then(|digits| digits.parse::<u8>().ok())) {
            (b'\\', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            (b'\\', None) => {}
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
