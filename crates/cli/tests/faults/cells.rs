//! The table: a way in, what is wrong with it, and how that is brought about.

use std::any::Any;
use std::net::{TcpListener, UdpSocket};

use openclaw_testkit::StandIn;
use serde_json::{Value, json};

use crate::TOKEN;
use crate::place::Place;
use crate::tailnet::Tailnet;

/// One way in with one fault.
pub(crate) struct Cell {
    pub(crate) exposure: &'static str,
    pub(crate) fault: &'static str,
    /// Prepares the fault.
    pub(crate) stage: fn(&mut Place) -> Stage,
    /// Part of the line in which the gateway says what is wrong.
    pub(crate) told: &'static str,
}

/// A prepared fault.
pub(crate) struct Stage {
    /// `gateway` of the config.
    pub(crate) gateway: Value,
    /// `discovery` of the config.
    pub(crate) discovery: Option<Value>,
    /// What keeps the fault up.
    _holds: Vec<Box<dyn Any>>,
}

fn stage(mut gateway: Value, holds: Vec<Box<dyn Any>>) -> Stage {
    gateway["auth"] = json!({ "token": TOKEN });
    Stage {
        gateway,
        discovery: None,
        _holds: holds,
    }
}

fn tailscale(place: &mut Place, flapping: bool, prepare: fn(&mut StandIn)) -> Stage {
    let tailnet = Tailnet::start(flapping, prepare);
    place.set_env(
        "OPENCLAW_TAILSCALE_SOCKET",
        tailnet.socket.to_str().unwrap(),
    );
    place.set_env("PATH", tailnet.bin.to_str().unwrap());
    stage(
        json!({ "tailscale": { "mode": "serve" } }),
        vec![Box::new(tailnet)],
    )
}

fn tls_files(place: &mut Place, text: Option<&str>) -> Stage {
    let (cert, key) = (place.path("cert.pem"), place.path("key.pem"));
    if let Some(text) = text {
        place.write("cert.pem", text);
        place.write("key.pem", text);
    }
    stage(
        json!({ "tls": { "mode": "files", "certPath": cert, "keyPath": key } }),
        Vec::new(),
    )
}

fn acme(server: &str, holds: Vec<Box<dyn Any>>) -> Stage {
    let acme = json!({ "agreeToTerms": true, "directoryUrl": server });
    stage(
        json!({ "tls": { "mode": "acme", "domains": ["gw.example.com"], "acme": acme } }),
        holds,
    )
}

pub(crate) const CELLS: &[Cell] = &[
    // What the others are compared with.
    Cell {
        exposure: "none",
        fault: "none",
        stage: |_| stage(json!({}), Vec::new()),
        told: "log file: ",
    },
    Cell {
        exposure: "tailscale",
        fault: "missing tool",
        stage: |place| {
            tailscale(place, false, |stand_in| {
                stand_in.stop_daemon();
                std::fs::remove_file(stand_in.bin().join("tailscale")).unwrap();
            })
        },
        told: "tailscale degraded: ",
    },
    Cell {
        exposure: "tailscale",
        fault: "denied",
        stage: |place| {
            tailscale(place, false, |stand_in| {
                stand_in.change(|machine| machine.operator = false);
            })
        },
        told: "tailscale degraded: ",
    },
    Cell {
        exposure: "tailscale",
        fault: "slow",
        stage: |place| {
            tailscale(place, false, |stand_in| {
                stand_in.change(|machine| machine.delay = std::time::Duration::from_secs(3_600));
            })
        },
        told: "tailscale degraded: ",
    },
    Cell {
        exposure: "tailscale",
        fault: "flapping",
        stage: |place| {
            tailscale(place, true, |stand_in| {
                stand_in.change(|machine| "Stopped".clone_into(&mut machine.state));
            })
        },
        told: "tailscale degraded: ",
    },
    Cell {
        exposure: "tailscale",
        fault: "wrong state",
        stage: |place| {
            tailscale(place, false, |stand_in| {
                stand_in.change(|machine| "NeedsLogin".clone_into(&mut machine.state));
            })
        },
        told: "tailscale degraded: ",
    },
    Cell {
        exposure: "tailscale",
        fault: "port taken",
        stage: |place| {
            tailscale(place, false, |stand_in| {
                stand_in.change(|machine| {
                    machine.routes = json!({ "TCP": { "443": { "TCPForward": "127.0.0.1:22" } } });
                });
            })
        },
        told: "tailscale degraded: ",
    },
    Cell {
        exposure: "tailscale",
        fault: "disk full",
        stage: |place| {
            // A folder in place of the record: writing it fails as it does on a full disk, whoever runs this.
            place.write(".openclaw/tailscale.json/in-the-way", "");
            tailscale(place, false, |_| {})
        },
        told: "tailscale degraded: ",
    },
    Cell {
        exposure: "tls files",
        fault: "missing tool",
        stage: |place| tls_files(place, None),
        told: "tls degraded: ",
    },
    Cell {
        exposure: "tls files",
        fault: "wrong state",
        stage: |place| tls_files(place, Some("no certificate")),
        told: "tls degraded: ",
    },
    Cell {
        exposure: "acme",
        fault: "missing tool",
        stage: |_| acme("https://127.0.0.1:1/directory", Vec::new()),
        told: "acme degraded: ",
    },
    Cell {
        exposure: "acme",
        fault: "flapping",
        stage: |_| {
            // Takes connections and drops them again, until the test ends.
            let server = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("https://{}/directory", server.local_addr().unwrap());
            std::thread::spawn(move || server.incoming().for_each(drop));
            acme(&url, Vec::new())
        },
        told: "acme degraded: ",
    },
    Cell {
        exposure: "proxy listener",
        fault: "port taken",
        stage: |_| {
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = taken.local_addr().unwrap().to_string();
            stage(
                json!({ "proxy": { "listen": address } }),
                vec![Box::new(taken)],
            )
        },
        told: "proxy degraded: ",
    },
    Cell {
        exposure: "proxy listener",
        fault: "wrong state",
        stage: |place| {
            let path = place.path("no/such/folder/proxy.sock");
            stage(json!({ "proxy": { "listen": path } }), Vec::new())
        },
        told: "proxy degraded: ",
    },
    Cell {
        exposure: "wide-area dns",
        fault: "port taken",
        stage: |_| {
            let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
            let port = taken.local_addr().unwrap().port();
            let area = json!({ "enabled": true, "domain": "openclaw.internal", "port": port, "listen": ["127.0.0.1"] });
            Stage {
                discovery: Some(json!({ "mdns": { "mode": "off" }, "wideArea": area })),
                ..stage(json!({}), vec![Box::new(taken)])
            }
        },
        told: " degraded: ",
    },
];
