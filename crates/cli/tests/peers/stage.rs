//! The cast of one run: a gateway, its operator on the same machine, and a second machine with a node and a client of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::peer::{Machine, Maker, Running, free_port, until};
use crate::relay::Relay;

/// The shared secret of the gateway.
const TOKEN: &str = "peers-shared-secret";

/// The name under which the node shows itself.
pub(crate) const NODE_NAME: &str = "peer-node";

/// Who makes what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cast {
    pub(crate) gateway: Maker,
    /// Client and node host.
    pub(crate) clients: Maker,
}

#[derive(Debug)]
pub(crate) struct Stage {
    gateway: Gateway,
    /// A client that reaches the gateway directly, over loopback, with the shared secret.
    pub(crate) operator: Machine,
    /// The same client, configured as one that owns the gateway: commands about the local service.
    pub(crate) owner: Machine,
    node: Node,
    /// The id of the node, once a row has looked it up.
    pub(crate) node_id: Option<String>,
    // Cut after the programs that use it have ended.
    _relay: Relay,
}

impl Stage {
    pub(crate) fn set(cast: Cast) -> Self {
        let gateway = Gateway::start(cast.gateway);
        let relay = Relay::to(gateway.port);
        Self {
            operator: Machine::new(cast.clients, &remote_config("127.0.0.1", gateway.port)),
            owner: Machine::new(cast.clients, &local_config(gateway.port, None)),
            node: Node::new(cast.clients, &relay),
            node_id: None,
            gateway,
            _relay: relay,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.gateway.port
    }

    /// Returns a client on the second machine.
    pub(crate) fn guest(&self) -> &Machine {
        &self.node.machine
    }

    /// Starts the node, again if it runs.
    pub(crate) fn start_node(&mut self) {
        self.node.start();
    }

    /// Reports whether the node will not try again by itself.
    pub(crate) fn node_has_given_up(&mut self) -> bool {
        self.node.running.as_mut().is_none_or(|running| {
            running.has_ended() || running.said().contains("reconnect paused")
        })
    }

    /// Returns what the node has said since it was last started.
    pub(crate) fn node_said(&self) -> String {
        self.node
            .running
            .as_ref()
            .map(Running::said)
            .unwrap_or_default()
    }

    pub(crate) fn restart_gateway(&mut self) -> Result<(), String> {
        self.gateway.restart()
    }

    /// Returns what the gateway has said, for the report of a failure.
    pub(crate) fn gateway_said(&self) -> String {
        self.gateway
            .running
            .as_ref()
            .map(Running::said)
            .unwrap_or_default()
    }
}

/// The configuration of a client of a gateway elsewhere; it does not restrict what is run on nodes.
fn remote_config(host: &str, port: u16) -> Value {
    json!({
        "gateway": {
            "mode": "remote",
            "remote": { "url": format!("ws://{host}:{port}"), "token": TOKEN },
        },
        "plugins": { "enabled": false },
        "tools": { "exec": { "security": "full", "ask": "off" } },
    })
}

/// The configuration of the gateway's own machine.
fn local_config(port: u16, log: Option<String>) -> Value {
    let mut config = json!({
        "gateway": {
            "mode": "local",
            "bind": "loopback",
            "port": port,
            "auth": { "mode": "token", "token": TOKEN },
            // The relay; what it says about the client is believed.
            "trustedProxies": ["127.0.0.1"],
        },
        "plugins": { "enabled": false },
    });
    if let Some(log) = log {
        config["logging"] = json!({ "file": log });
    }
    config
}

#[derive(Debug)]
struct Gateway {
    machine: Machine,
    port: u16,
    running: Option<Running>,
}

impl Gateway {
    fn start(maker: Maker) -> Self {
        let port = free_port();
        let machine = Machine::new(maker, &json!({}));
        let log = machine.state().join("gateway.log").display().to_string();
        machine.write("openclaw.json", &local_config(port, Some(log)));
        let mut gateway = Self {
            machine,
            port,
            running: None,
        };
        gateway
            .run()
            .unwrap_or_else(|error| panic!("the gateway of {maker:?} does not start: {error}"));
        gateway
    }

    fn run(&mut self) -> Result<(), String> {
        let mut running = self.machine.start(&["gateway", "run"]);
        let port = self.port;
        let ready = until(Duration::from_secs(90), || {
            running.has_ended() || is_ready(port)
        });
        if !ready || running.has_ended() {
            return Err(running.said());
        }
        self.running = Some(running);
        Ok(())
    }

    fn restart(&mut self) -> Result<(), String> {
        if let Some(running) = self.running.take() {
            running.stop()?;
        }
        self.run()
    }
}

/// Asks the readiness probe; 2026.1.30 has none and answers with a page once it listens.
fn is_ready(port: u16) -> bool {
    let answer = || -> std::io::Result<String> {
        let mut socket = TcpStream::connect(("127.0.0.1", port))?;
        socket.set_read_timeout(Some(Duration::from_secs(5)))?;
        socket
            .write_all(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        socket.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    answer().is_ok_and(|status_line| {
        status_line.starts_with("HTTP/1.1 ") && !status_line.ends_with("503")
    })
}

/// The second machine; everything on it comes through the relay.
#[derive(Debug)]
struct Node {
    machine: Machine,
    relay_port: u16,
    running: Option<Running>,
}

impl Node {
    fn new(maker: Maker, relay: &Relay) -> Self {
        let relay_port = relay.port();
        // Upstream sends no device to an address of loopback, so its client gets a name, and a resolver that knows it.
        let host = match maker {
            Maker::Ours => "127.0.0.1",
            Maker::Upstream(_) => RELAY_NAME,
        };
        let machine = Machine::new(maker, &remote_config(host, relay_port));
        machine.write_text("hosts.cjs", RESOLVER);
        let resolver = format!("--require={}", machine.state().join("hosts.cjs").display());
        // The node keeps its own policy, which allows what its operator may ask.
        let policy = json!({
            "version": 1,
            "defaults": { "security": "full", "ask": "off", "askFallback": "full" },
            "agents": {},
        });
        machine.write("exec-approvals.json", &policy);
        let machine = machine
            .with_variable("OPENCLAW_GATEWAY_TOKEN", TOKEN)
            .with_variable("NODE_OPTIONS", resolver);
        Self {
            machine,
            relay_port,
            running: None,
        }
    }

    fn start(&mut self) {
        let port = self.relay_port.to_string();
        let arguments = [
            "node",
            "run",
            "--host",
            "127.0.0.1",
            "--port",
            &port,
            "--display-name",
            NODE_NAME,
        ];
        // Two at once would push each other out.
        self.running = None;
        self.running = Some(self.machine.start(&arguments));
    }
}

const RELAY_NAME: &str = "gateway.local";

const RESOLVER: &str = r#"const dns = require("node:dns");
const lookup = dns.lookup;
dns.lookup = (name, ...rest) => lookup(name === "gateway.local" ? "127.0.0.1" : name, ...rest);
"#;
