//! What the tests of this program share: a gateway's host, another one, and questions to the gateway.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use openclaw_testkit::hosts::{Host, Network, Process, Switch, until};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const LOOPBACK: &str = "127.0.0.1:18789";
pub(crate) const LAN: &str = "10.77.0.1:18789";
pub(crate) const LAN_V6: &str = "[fd77::1]:18789";
pub(crate) const TAILNET: &str = "100.64.0.1:18789";

/// A network, or `None` and a line that the test was not run.
pub(crate) fn network() -> Option<Network> {
    Network::new(env!("CARGO_BIN_EXE_openclaw"))
}

/// The gateway's host, another one, and what joins them.
pub(crate) struct Two {
    pub(crate) gateway: Host,
    pub(crate) laptop: Host,
    _lan: Switch,
    pub(crate) tailnet: Switch,
}

/// Both are on a LAN; the laptop is on a tailnet too.
pub(crate) fn two(network: &Network) -> Two {
    let (lan, tailnet) = (network.switch(), network.switch());
    let (gateway, laptop) = (network.host("gateway"), network.host("laptop"));
    gateway.plug(&lan, "eth0", &["10.77.0.1/24", "fd77::1/64"]);
    laptop.plug(&lan, "eth0", &["10.77.0.2/24", "fd77::2/64"]);
    laptop.plug(&tailnet, "tailscale0", &["100.64.0.2/10"]);
    Two {
        gateway,
        laptop,
        _lan: lan,
        tailnet,
    }
}

impl Two {
    /// The gateway's host joins the tailnet.
    pub(crate) fn join_tailnet(&self) {
        self.gateway
            .plug(&self.tailnet, "tailscale0", &["100.64.0.1/10"]);
    }

    /// Changes a setting of the gateway.
    pub(crate) fn set(&self, path: &str, value: &str) {
        drop(self.gateway.run(&["config", "set", path, value]).ok());
    }

    /// Waits until the laptop is let in at `address`, or is not.
    pub(crate) fn until_reached(&self, address: &str, reached: bool) {
        until(&format!("{address} reached: {reached}"), || {
            (self.laptop.connects(address) == reached).then_some(())
        });
    }

    /// Waits until the gateway reports a failing part with this text; `None` waits until neither listeners nor config fail.
    pub(crate) fn until_failing(&self, text: Option<&str>) -> String {
        until(&format!("failing: {text:?}"), || {
            let failing = ready(&self.gateway)?["failing"].to_string();
            let seen = match text {
                Some(text) => failing.contains(text),
                None => !failing.contains("\"listeners:") && !failing.contains("\"config:"),
            };
            seen.then_some(failing)
        })
    }
}

pub(crate) fn settings(bind: &str) -> Value {
    json!({ "mode": "local", "bind": bind, "auth": { "mode": "token", "token": TOKEN } })
}

pub(crate) fn started(host: &Host) -> Process {
    let mut gateway = host.start(&["gateway", "run"]);
    gateway.until("log file:");
    gateway
}

/// `/readyz` as this machine sees it.
fn ready(host: &Host) -> Option<Value> {
    let answer = host.inside(|| get(LOOPBACK, "/readyz"))?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// One HTTP answer, or `None` when there was none.
pub(crate) fn get(address: &str, path: &str) -> Option<String> {
    let socket: SocketAddr = address.parse().unwrap();
    let mut stream = TcpStream::connect_timeout(&socket, Duration::from_secs(5)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 ").then_some(answer)
}
