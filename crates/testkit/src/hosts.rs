//! Several hosts on one machine: network namespaces with their own interfaces, addresses, homes and programs.
//!
//! ```ignore
//! let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else { return };
//! let (lan, office, laptop) = (network.switch(), network.host("office"), network.host("laptop"));
//! office.plug(&lan, "eth0", &["10.77.0.1/24"]);
//! laptop.plug(&lan, "eth0", &["10.77.0.2/24"]);
//! office.configure(&json!({ "mode": "local", "bind": "lan", "auth": { "token": "t" } }));
//! let gateway = office.start(&["gateway", "run"]);           // our program, killed when dropped
//! gateway.until("listening on");
//! assert!(laptop.connects("10.77.0.1:18789"));
//! laptop.inside(|| std::net::TcpStream::connect("10.77.0.1:18789"));   // any code of the test, on that host
//! laptop.spawn("nginx", &["-c", "…"]);                        // any other program
//! office.ip("addr del 10.77.0.1/24 dev eth0");
//! ```
//!
//! A namespace exists as long as a process of it: everything ends with the values here, and also when the test is killed. A
//! tailnet is a switch whose plugs are called `tailscale0`. Needs Linux, root, and the programs `ip`, `unshare`, `nsenter` and
//! `setpriv`; without them [`Network::new`] says that the test was not run and returns `None`, or fails when `CI` is set.

mod process;

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;
use tempfile::TempDir;

pub use process::{Process, Ran, until};

/// Where programs of the system are; services live in the folders that only root searches by default.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long a connection to another host may take.
const CONNECT: Duration = Duration::from_secs(3);

/// Hosts and what joins them.
#[derive(Debug)]
pub struct Network {
    program: PathBuf,
    homes: TempDir,
    plugs: AtomicU32,
}

impl Network {
    /// A network without hosts, whose hosts run `program`; `None` (and a line that says so) where there can be none.
    ///
    /// # Panics
    /// When there can be none and `CI` is set.
    pub fn new(program: impl Into<PathBuf>) -> Option<Self> {
        let tried = Command::new("unshare")
            .args(["--net", "ip", "link", "set", "lo", "up"])
            .env("PATH", PATH)
            .output();
        let has_tools = ["nsenter", "setpriv"].iter().all(|tool| {
            let version = Command::new(tool)
                .arg("--version")
                .env("PATH", PATH)
                .output();
            version.is_ok_and(|output| output.status.success())
        });
        if has_tools && tried.is_ok_and(|output| output.status.success()) {
            return Some(Self {
                program: program.into(),
                homes: tempfile::Builder::new()
                    .prefix("oc-net-")
                    .tempdir()
                    .expect("a temporary folder"),
                plugs: AtomicU32::new(0),
            });
        }
        let why = "needs Linux, root, and the programs ip, unshare, nsenter and setpriv";
        assert!(std::env::var_os("CI").is_none(), "not run: {why}");
        #[expect(clippy::print_stdout, reason = "shown with the result of the test")]
        {
            println!("not run: {why}");
        }
        None
    }

    /// A host with a loopback interface and an empty home.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn host(&self, name: &str) -> Host {
        let home = self.homes.path().join(name);
        fs::create_dir_all(home.join("tmp")).expect("a home for the host");
        let host = Host {
            namespace: Namespace::new(),
            home,
            program: self.program.clone(),
            logs: AtomicU32::new(0),
        };
        host.ip("link set lo up");
        host
    }

    /// An Ethernet switch that hosts are plugged into.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn switch(&self) -> Switch {
        let namespace = Namespace::new();
        namespace.ip("link add name bridge type bridge");
        namespace.ip("link set bridge up");
        Switch {
            namespace,
            first_plug: self.plugs.fetch_add(100, Ordering::Relaxed),
            plugs: AtomicU32::new(0),
        }
    }
}

/// An Ethernet switch.
#[derive(Debug)]
pub struct Switch {
    namespace: Namespace,
    first_plug: u32,
    plugs: AtomicU32,
}

/// One host.
#[derive(Debug)]
pub struct Host {
    namespace: Namespace,
    home: PathBuf,
    program: PathBuf,
    logs: AtomicU32,
}

impl Host {
    /// Plugs an interface of this host into a switch and gives it addresses, such as `10.77.0.1/24` or `fd77::1/64`.
    ///
    /// # Panics
    /// When `ip` refuses.
    pub fn plug(&self, switch: &Switch, interface: &str, addresses: &[&str]) {
        let plug = switch.first_plug + switch.plugs.fetch_add(1, Ordering::Relaxed);
        let at = self.namespace.holder.id();
        switch.namespace.ip(&format!(
            "link add name plug{plug} type veth peer name {interface} netns {at}"
        ));
        switch
            .namespace
            .ip(&format!("link set plug{plug} master bridge up"));
        self.ip(&format!("link set {interface} up"));
        for address in addresses {
            self.add_address(interface, address);
        }
    }

    /// Gives an interface another address, usable at once.
    ///
    /// # Panics
    /// When `ip` refuses.
    pub fn add_address(&self, interface: &str, address: &str) {
        // IPv6 would first ask for two seconds whether somebody else has the address.
        let at_once = if address.contains(':') { " nodad" } else { "" };
        self.ip(&format!("addr add {address} dev {interface}{at_once}"));
    }

    /// Takes the IPv4 loopback address away: on a host without other IPv4 addresses nothing is left of IPv4.
    ///
    /// # Panics
    /// When `ip` refuses.
    pub fn without_ipv4(&self) {
        self.ip("addr del 127.0.0.1/8 dev lo");
    }

    /// Runs `ip` on this host with these words.
    ///
    /// # Panics
    /// When it fails.
    pub fn ip(&self, words: &str) {
        self.namespace.ip(words);
    }

    /// Runs a piece of the test on this host.
    ///
    /// # Panics
    /// When the host is gone, or the piece panics.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.namespace.inside(work)
    }

    /// Whether a TCP connection from this host to `address` (`10.77.0.1:18789`, `[fd77::1]:18789`) is taken.
    ///
    /// # Panics
    /// When the address is none.
    pub fn connects(&self, address: &str) -> bool {
        let address: SocketAddr = address.parse().expect("an address and a port");
        self.inside(|| TcpStream::connect_timeout(&address, CONNECT).is_ok())
    }

    /// The home of this host's user.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A path below the home.
    pub fn path(&self, below: &str) -> PathBuf {
        self.home.join(below)
    }

    /// Writes a file below the home.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folder");
        openclaw_config::store::write_private(&path, text.as_bytes()).expect("file");
    }

    /// Writes a config whose section `gateway` is this one.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, gateway: &Value) {
        let config = serde_json::json!({
            "gateway": gateway,
            "logging": { "file": self.path("gateway.log") },
        });
        self.write(".openclaw/openclaw.json", &config.to_string());
    }

    /// Our program with these words, to add to and to start.
    pub fn openclaw(&self, words: &[&str]) -> Command {
        self.command(&self.program.to_string_lossy(), words)
    }

    /// Runs our program to its end.
    ///
    /// # Panics
    /// When it does not start.
    pub fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.openclaw(words))
    }

    /// Starts our program; it is killed when the value is dropped.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(&self, words: &[&str]) -> Process {
        self.start_command(self.openclaw(words))
    }

    /// Starts another program; it is killed when the value is dropped.
    ///
    /// # Panics
    /// When it does not start.
    pub fn spawn(&self, program: &str, words: &[&str]) -> Process {
        self.start_command(self.command(program, words))
    }

    /// Starts a command that was made with [`Self::openclaw`] or [`Self::command`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_command(&self, command: Command) -> Process {
        let number = self.logs.fetch_add(1, Ordering::Relaxed);
        Process::start(command, self.path(&format!("process-{number}.log")))
    }

    /// Any program on this host, with nothing of the test's environment. It ends with the thread that starts it.
    pub fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = self.namespace.command();
        command
            .args(["setpriv", "--pdeathsig", "KILL", program])
            .args(words)
            .env("HOME", &self.home)
            .env("TMPDIR", self.home.join("tmp"))
            .current_dir(&self.home);
        command
    }
}

/// A network namespace, which exists as long as the process that holds it.
#[derive(Debug)]
struct Namespace {
    holder: Child,
}

impl Namespace {
    fn new() -> Self {
        // Reads until the test lets go of the other end, which the system does even for a test that was killed.
        let holder = Command::new("unshare")
            .args(["--net", "cat"])
            .env("PATH", PATH)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("unshare starts");
        let namespace = Self { holder };
        let own = fs::read_link("/proc/self/ns/net").expect("this process has a namespace");
        until("a network namespace of its own", || {
            let is_other = fs::read_link(namespace.path()).is_ok_and(|other| other != own);
            is_other.then_some(())
        });
        namespace
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/net", self.holder.id()))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net={}", self.path().display()))
            .env_clear()
            // The same on a machine and in a container.
            .env("OPENCLAW_IN_CONTAINER", "0")
            .env("PATH", PATH)
            .stdin(Stdio::null());
        command
    }

    fn ip(&self, words: &str) {
        let mut command = self.command();
        command.arg("ip").args(words.split_whitespace());
        let output = command.output().expect("nsenter starts");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {words}: {complaint}");
    }

    fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = fs::File::open(self.path()).expect("the namespace exists");
        let entered = move || {
            use std::os::fd::AsFd as _;
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(namespace.as_fd(), network).expect("root may enter it");
            work()
        };
        std::thread::scope(|scope| scope.spawn(entered).join())
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        // Nothing else keeps it; without it the namespace and its interfaces are gone.
        drop(self.holder.wait());
    }
}
