//! The flow of the manual: `openclaw gateway --bind loopback --tailscale serve`, reached from the tailnet.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

use openclaw_testkit::tailscale::{HOST, StandIn, Visit};
use serde_json::json;

use crate::place::Place;

/// A stand-in daemon on a thread of its own.
struct Tailnet {
    socket: PathBuf,
    bin: PathBuf,
    /// The HTTPS port as a device of the tailnet meets it, and the certificate's SHA-256.
    front: SocketAddr,
    fingerprint: String,
    /// Asks for the routes.
    ask: tokio::sync::mpsc::UnboundedSender<Sender<String>>,
}

impl Tailnet {
    fn start() -> Self {
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let stand_in = StandIn::start();
                let visit = Visit {
                    tls: true,
                    ..Visit::from("100.64.0.7")
                };
                let (front, fingerprint) = stand_in.front(visit).await;
                let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel::<Sender<String>>();
                let tailnet = Self {
                    socket: stand_in.socket(),
                    bin: stand_in.bin(),
                    front,
                    fingerprint,
                    ask,
                };
                tell.send(tailnet).unwrap();
                while let Some(answer) = asked.recv().await {
                    answer.send(stand_in.routes()).unwrap();
                }
            });
        });
        told.recv().unwrap()
    }

    fn routes(&self) -> String {
        let (answer, routes) = channel();
        self.ask.send(answer).unwrap();
        routes.recv().unwrap()
    }

    fn place(&self, gateway: &serde_json::Value) -> Place {
        Place::with_gateway(gateway)
            .with_env("OPENCLAW_TAILSCALE_SOCKET", self.socket.to_str().unwrap())
            .with_env("PATH", &format!("{}:/usr/bin:/bin", self.bin.display()))
    }
}

#[test]
fn u06_serve_from_the_command_line_is_reached_over_https_from_the_tailnet() {
    let tailnet = Tailnet::start();
    let place = tailnet.place(&json!({}));
    let mut gateway = place.gateway(&[
        "--bind",
        "loopback",
        "--tailscale",
        "serve",
        "--tailscale-reset-on-exit",
    ]);
    gateway.running.wait_for(&format!(
        "tailscale: serve enabled: https://{HOST}/ (WS via wss://{HOST})"
    ));
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    let url = format!("wss://{}", tailnet.front);
    let line = [
        "gateway",
        "probe",
        "--url",
        &url,
        "--token",
        token.trim_end(),
        "--tls-fingerprint",
        &tailnet.fingerprint,
    ];
    let elsewhere = Place::new();
    // Somebody new is asked for by the owner, whatever it knows.
    let ran = elsewhere.run(&line).fails(1);
    let (_, rest) = ran.out.split_once("openclaw pairing approve ").unwrap();
    let code = rest.split_whitespace().next().unwrap();
    place.run(&["pairing", "approve", code]).ok();
    let ran = elsewhere.run(&line).ok();
    assert!(ran.out.contains(&url), "{ran:?}");
    let log = place.run(&["logs", "--tail", "50"]).ok();
    assert!(log.out.contains("tailscale: serve enabled: "), "{log:?}");
    assert!(gateway.stop().success());
    assert_eq!(tailnet.routes(), "{}");
}

#[test]
fn u06_d_another_port_from_the_command_line() {
    let tailnet = Tailnet::start();
    let place = tailnet.place(&json!({}));
    let mut gateway = place.gateway(&["--tailscale", "serve", "--tailscale-port", "8443"]);
    gateway
        .running
        .find("tailscale: serve enabled: https://gw.tail1.ts.net:8443/ ");
    assert!(gateway.stop().success());
    // Without --tailscale-reset-on-exit the route stays for the next start.
    assert!(tailnet.routes().contains("gw.tail1.ts.net:8443"));
    let ran = place
        .run(&["gateway", "run", "--tailscale-port", "many"])
        .fails(1);
    assert!(
        ran.err
            .starts_with("Invalid --tailscale-port (use 443, 8443, or 10000)\n"),
        "{ran:?}"
    );
    let ran = place.run(&["gateway", "run", "--tailscale", "on"]).fails(1);
    assert!(
        ran.err
            .starts_with("Invalid --tailscale (use \"off\", \"serve\", or \"funnel\")\n"),
        "{ran:?}"
    );
}

#[test]
fn u06_b_what_cannot_work_together_is_refused_when_it_is_written() {
    let place =
        Place::with_gateway(&json!({ "bind": "loopback", "tailscale": { "mode": "serve" } }));
    let ran = place
        .run(&["config", "set", "gateway.bind", "lan"])
        .fails(1);
    assert!(
        ran.err
            .contains("tailscale serve requires gateway.bind=loopback (now: lan)"),
        "{ran:?}"
    );
    assert!(
        ran.err
            .contains("openclaw config set gateway.tailscale.mode off"),
        "{ran:?}"
    );
    assert_eq!(
        place.run(&["config", "get", "gateway.bind"]).ok().out,
        "loopback\n"
    );
    place
        .run(&["config", "set", "gateway.tailscale.mode", "off"])
        .ok();
    place.run(&["config", "set", "gateway.bind", "lan"]).ok();
    place
        .run(&["config", "set", "gateway.tailscale.mode", "funnel"])
        .fails(1);
}
