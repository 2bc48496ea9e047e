//! Every symptom of the troubleshooting guide, produced for real: the command that people are told to run names the cause and the
//! command that mends it, and where that can be done here, it is run and helps.

use std::fs;
use std::net::{IpAddr, UdpSocket};

use openclaw_testkit::fault::{Closed, Full};
use serde_json::{Value, json};

use crate::place::{Gateway, Place, Ran};
use crate::sshd::{script, until};

const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// A gateway with a token on this machine.
fn gateway() -> (Place, Gateway) {
    let place = Place::with_gateway(
        &json!({ "mode": "local", "auth": { "mode": "token", "token": TOKEN } }),
    );
    let gateway = place.gateway(&[]);
    (place, gateway)
}

/// A machine whose gateway is elsewhere.
fn client(url: &str, remote: &Value) -> Place {
    let mut remote = remote.clone();
    remote["url"] = json!(url);
    Place::with_gateway(&json!({ "mode": "remote", "remote": remote }))
}

/// All of these are told.
fn tells(ran: &Ran, texts: &[&str]) {
    let told = format!("{}{}", ran.out, ran.err);
    for text in texts {
        assert!(told.contains(text), "{text:?} is not told by {ran:?}");
    }
}

/// An address of this machine that is not loopback, if it has one; no packet is sent to find it.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.77:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback())
}

#[test]
fn symptom_the_gateway_is_down() {
    let closed = Closed::start();
    let port = closed.address().port();
    let place = Place::with_gateway(
        &json!({ "mode": "local", "port": port, "auth": { "mode": "token", "token": TOKEN } }),
    );
    let target = format!("Probe target: ws://127.0.0.1:{port}");
    let status = place.run(&["gateway", "status"]).ok();
    assert!(
        status
            .out
            .starts_with("OpenClaw gateway: down · not reachable ("),
        "{status:?}"
    );
    tells(
        &status,
        &[
            "Runtime: stopped",
            "RPC probe: failed",
            &target,
            "Fix: start the gateway with: openclaw up",
        ],
    );
    let free = format!("Port {port} is free.");
    let deep = place.run(&["gateway", "status", "--deep"]).fails(1);
    tells(&deep, &["Runtime: stopped", "RPC probe: failed", &free]);
    let status = place.run(&["status"]).ok();
    assert!(
        status
            .out
            .starts_with("OpenClaw status: down · not reachable ("),
        "{status:?}"
    );
    tells(
        &status,
        &["RPC probe: failed", "Start the gateway: openclaw up"],
    );
    let deep = place.run(&["status", "--deep"]).fails(1);
    tells(
        &deep,
        &[
            "Health",
            "Gateway",
            "failed",
            "Start the gateway: openclaw up",
        ],
    );
    tells(
        &place.run(&["doctor"]).fails(1),
        &[
            "Problem (tcp_refused): Nothing listens on",
            "openclaw up",
            "openclaw gateway status --deep",
        ],
    );
    tells(&place.run(&["gateway", "probe"]).fails(1), &["openclaw up"]);
    for line in [
        &["health"][..],
        &["health", "--exit-code"],
        &["devices", "approve", "x"],
        &["nodes", "list"],
    ] {
        let ran = place.run(line).fails(1);
        assert!(
            ["openclaw up", "not running", "openclaw gateway status"]
                .iter()
                .any(|text| ran.err.contains(text)),
            "{line:?} {ran:?}"
        );
    }
    // The log still tells what happened before.
    place.write(
        "gateway.log",
        "{\"0\":\"the last words\",\"_meta\":{\"logLevelName\":\"ERROR\"}}\n",
    );
    let logs = place.run(&["logs", "--tail", "50"]).ok();
    tells(
        &logs,
        &[
            "error the last words",
            "Gateway is not running; its log file is read.",
        ],
    );
    let logs = place.run(&["logs", "--json", "--level", "fatal"]).ok();
    assert!(!logs.out.contains("the last words"), "{logs:?}");
}

#[test]
fn symptom_the_port_is_held_by_another_program() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let place = Place::with_gateway(
        &json!({ "mode": "local", "port": port, "auth": { "mode": "token", "token": TOKEN } }),
    );
    let busy = format!("Port {port} is already in use, and not by the gateway of this profile");
    let next = format!("openclaw config set gateway.port {}", port + 1);
    let pid = format!("pid {}", std::process::id());
    tells(
        &place.run(&["doctor", "--timeout", "600"]).fails(1),
        &[&busy, &pid, &next],
    );
    let status = place
        .run(&["gateway", "status", "--deep", "--timeout", "600"])
        .fails(1);
    tells(
        &status,
        &[
            "RPC probe: failed",
            &format!("Listening on port {port}:"),
            &pid,
        ],
    );
}

#[test]
fn symptom_the_gateway_is_bound_to_the_wrong_interface() {
    let Some(address) = own_address() else {
        eprintln!("not run: this machine has no address but loopback");
        return;
    };
    let (place, gateway) = gateway();
    let url = format!("ws://{address}:{}", gateway.port);
    let laptop = client(&url, &json!({ "token": TOKEN }))
        .with_env("OPENCLAW_ALLOW_INSECURE_PRIVATE_WS", "1");
    tells(
        &laptop.run(&["doctor"]).fails(1),
        &[
            "Problem (tcp_refused):",
            "listens on its own loopback only",
            "openclaw config set gateway.bind lan",
        ],
    );
    tells(
        &laptop.run(&["gateway", "status"]).ok(),
        &[
            "Runtime: remote",
            "RPC probe: failed",
            &format!("Probe target: {url}"),
        ],
    );
    // On the gateway's machine the same is seen from the other side.
    tells(
        &place.run(&["gateway", "status"]).ok(),
        &[
            "OpenClaw gateway: up · reachable from this machine only · ",
            "Runtime: running",
            "RPC probe: ok",
            "Gateway: bind=loopback",
            "Loopback-only gateway; only local clients can connect.",
        ],
    );
}

#[test]
fn symptom_a_firewall_drops_the_packets() {
    let full = Full::start();
    let url = format!("ws://{}", full.address());
    let laptop = client(&url, &json!({ "token": TOKEN }));
    tells(
        &laptop.run(&["doctor", "--timeout", "1500"]).fails(1),
        &[
            "Problem (tcp_timeout):",
            "a firewall drops the packets",
            &format!("sudo ufw allow {}/tcp", full.address().port()),
            "ssh -N -L 18789:127.0.0.1:18789",
        ],
    );
    tells(
        &laptop.run(&["gateway", "status", "--timeout", "600"]).ok(),
        &["RPC probe: failed"],
    );
}

#[test]
fn symptom_auth_mismatch() {
    let (place, gateway) = gateway();
    let url = gateway.url();
    let laptop = client(&url, &json!({ "token": "another-token-0123456789" }));
    tells(
        &laptop.run(&["gateway", "status"]).ok(),
        &[
            "RPC probe: failed (reachable, access refused)",
            "unauthorized: invalid token",
        ],
    );
    tells(
        &laptop.run(&["doctor"]).fails(1),
        &[
            "Problem (auth_token_mismatch): The shared token sent (from config gateway.remote.token) is not the gateway's.",
            "openclaw config get gateway.auth.token",
            "openclaw config set gateway.remote.token",
        ],
    );
    tells(
        &laptop.run(&["health"]).fails(1),
        &["unauthorized: invalid token"],
    );
    // What the guide and doctor say, done.
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    place.run(&["gateway", "auth", "unlock"]).ok();
    laptop
        .run(&["config", "set", "gateway.remote.token", token.trim()])
        .ok();
    tells(&laptop.run(&["gateway", "status"]).ok(), &["RPC probe: ok"]);
    tells(
        &laptop.run(&["doctor"]).ok(),
        &["The way to the gateway is fine"],
    );

    let guarded = Place::with_gateway(
        &json!({ "mode": "local", "auth": { "mode": "password", "password": "correct horse battery" } }),
    );
    let other = guarded.gateway(&[]);
    let phone = client(&other.url(), &json!({ "password": "wrong horse battery" }));
    tells(
        &phone.run(&["doctor"]).fails(1),
        &[
            "Problem (auth_password_mismatch)",
            "openclaw config set gateway.remote.password",
        ],
    );
    tells(
        &phone.run(&["status"]).ok(),
        &["unauthorized: invalid password"],
    );
    let neither = client(&other.url(), &json!({}));
    tells(
        &neither.run(&["doctor"]).fails(1),
        &["Problem (auth_password_missing)"],
    );
}

#[test]
fn symptom_unauthorized_without_any_credential() {
    let (_place, gateway) = gateway();
    let laptop = client(&gateway.url(), &json!({}));
    tells(
        &laptop.run(&["gateway", "status"]).ok(),
        &["unauthorized: ", "missing"],
    );
    tells(
        &laptop.run(&["doctor"]).fails(1),
        &[
            "Problem (auth_token_missing): The gateway wants its token, and this side has none for it.",
            "openclaw config get gateway.auth.token",
            "openclaw config set gateway.remote.token",
        ],
    );
    let ran = Place::new()
        .run(&["health", "--url", &gateway.url()])
        .fails(1);
    tells(
        &ran,
        &[
            "gateway url override requires explicit credentials",
            "Fix: pass --token or --password",
        ],
    );
}

#[test]
fn symptom_wrong_gateway_url() {
    let (_place, gateway) = gateway();
    let laptop = client("gateway-host:18789", &json!({ "token": TOKEN }));
    tells(
        &laptop.run(&["doctor"]).fails(1),
        &[
            "gateway.remote.url: Invalid input (a URL that starts with ws://",
            "openclaw config set gateway.remote.url",
        ],
    );
    let closed = Closed::start();
    let wrong = format!("ws://{}", closed.address());
    let laptop = client(&wrong, &json!({ "token": TOKEN }));
    tells(
        &laptop.run(&["gateway", "status"]).ok(),
        &[
            "RPC probe: failed",
            &format!("Probe target: {wrong}"),
            "Source: config gateway.remote.url",
        ],
    );
    laptop.run(&["doctor"]).fails(1);
    laptop
        .run(&["config", "set", "gateway.remote.url", &gateway.url()])
        .ok();
    tells(
        &laptop.run(&["gateway", "status"]).ok(),
        &["RPC probe: ok", &format!("Probe target: {}", gateway.url())],
    );
    let none = Place::with_gateway(&json!({ "mode": "remote" }));
    tells(
        &none.run(&["doctor"]).fails(1),
        &[
            "gateway.remote.url",
            "openclaw config set gateway.remote.url wss://",
        ],
    );
    tells(
        &none.run(&["status"]).ok(),
        &["misconfigured (remote.url missing)"],
    );
}

/// A gateway with `--tailscale serve` beside a `tailscale` program that says this, or none.
fn serve(said: Option<&str>) -> (Place, Gateway) {
    let place = Place::with_gateway(
        &json!({ "mode": "local", "auth": { "mode": "token", "token": TOKEN } }),
    );
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    if let Some(said) = said {
        script(&bin.join("tailscale"), said);
    }
    let socket = place.path("no-such-tailscaled.sock");
    // `sh` is needed by the stand-in, and no `tailscale` of this machine may be found.
    std::os::unix::fs::symlink("/bin/sh", bin.join("sh")).unwrap();
    std::os::unix::fs::symlink("/bin/cat", bin.join("cat")).unwrap();
    let place = place
        .with_env("PATH", bin.to_str().unwrap())
        .with_env("OPENCLAW_TAILSCALE_SOCKET", socket.to_str().unwrap());
    let gateway = place.gateway(&["--bind", "loopback", "--tailscale", "serve"]);
    (place, gateway)
}

/// What `gateway status` says once the try has failed: the gateway is there all the same.
fn degraded(place: &Place, texts: &[&str]) {
    until("Tailscale is degraded", || {
        place
            .run(&["gateway", "status"])
            .out
            .contains("tailscale: degraded: ")
    });
    let status = place.run(&["gateway", "status"]).ok();
    tells(
        &status,
        &["Runtime: running", "RPC probe: ok", "· degraded: tailscale"],
    );
    tells(&status, texts);
    tells(&place.run(&["status"]).ok(), texts);
    let log = place.run(&["logs", "--level", "warn"]).ok();
    assert!(log.out.to_lowercase().contains("tailscale"), "{log:?}");
}

#[test]
fn symptom_tailscale_is_not_in_path() {
    let (place, gateway) = serve(None);
    degraded(
        &place,
        &[
            "Tailscale is not installed: no tailscale program in PATH",
            "Fix: install it from https://tailscale.com/download, then: sudo tailscale up",
        ],
    );
    gateway.stop();
}

#[test]
fn symptom_tailscale_does_not_run() {
    let (place, gateway) = serve(Some(
        "echo 'failed to connect to local tailscaled; it doesn'\\''t appear to be running (sudo systemctl start tailscaled ?)' >&2; exit 1",
    ));
    degraded(
        &place,
        &[
            "the Tailscale daemon is not running",
            "Fix: sudo systemctl start tailscaled",
        ],
    );
    gateway.stop();
}

#[test]
fn symptom_tailscale_serve_is_denied() {
    let state = r#"{"BackendState":"Running","Self":{"DNSName":"gw.tail1.ts.net.","TailscaleIPs":["100.64.0.1"],"CapMap":{"https":null}},"CurrentTailnet":{"MagicDNSSuffix":"tail1.ts.net","MagicDNSEnabled":true},"CertDomains":["gw.tail1.ts.net"]}"#;
    let said = format!(
        "case \"$*\" in\n*serve*status*) echo '{{}}';;\n*status*) echo '{state}';;\n*version*) echo 1.80.0;;\n*) echo 'Access denied: serve config denied' >&2; echo 'Use sudo tailscale serve, or run sudo tailscale set --operator=$USER' >&2; exit 1;;\nesac"
    );
    let (place, gateway) = serve(Some(&said));
    degraded(
        &place,
        &[
            "Tailscale lets this user change nothing",
            "tailscale set --operator=",
        ],
    );
    gateway.stop();
}

#[test]
fn symptom_the_ssh_tunnel_is_refused() {
    for (said, texts) in [
        (
            "ssh: connect to host gateway-host port 22: Connection refused",
            &["nothing accepts SSH connections on gateway-host"][..],
        ),
        (
            "user@gateway-host: Permission denied (publickey).",
            &["gateway-host", "ssh"],
        ),
    ] {
        let place = Place::with_gateway(&json!({ "mode": "remote", "remote": {
            "transport": "ssh", "sshTarget": "user@gateway-host", "token": TOKEN,
        }}));
        fs::create_dir(place.path("bin")).unwrap();
        script(
            &place.path("bin/ssh"),
            &format!("echo '{said}' >&2; exit 255"),
        );
        let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
        let place = place.with_env("PATH", &path);
        for line in [&["health"][..], &["doctor"]] {
            let ran = place.run(line).fails(1);
            tells(&ran, texts);
            tells(&ran, &["Fix: "]);
        }
    }
    // Nothing listens at the near end: the tunnel was opened by hand, and is gone.
    let closed = Closed::start();
    let laptop = client(
        &format!("ws://{}", closed.address()),
        &json!({ "token": TOKEN }),
    );
    tells(
        &laptop.run(&["doctor"]).fails(1),
        &[
            "Problem (tunnel_down):",
            "the SSH tunnel to the gateway is not up",
            "openclaw tunnel up",
            "-o ServerAliveInterval=60",
        ],
    );
}
