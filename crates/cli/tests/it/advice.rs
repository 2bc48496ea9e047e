//! What a command says when it does not get through is true, and the command that it names next helps.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::json;

use crate::place::{Gateway, Place, Ran, free_port};

const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// All of these are told.
fn tells(ran: &Ran, texts: &[&str]) {
    let told = format!("{}{}", ran.out, ran.err);
    for text in texts {
        assert!(told.contains(text), "{text:?} is not told by {ran:?}");
    }
}

/// A gateway that takes TLS only, and the fingerprint of its certificate.
fn secured() -> (Place, Gateway, String) {
    let place = Place::with_gateway(&json!({
        "mode": "local", "auth": { "mode": "token", "token": TOKEN },
        "tls": { "mode": "self", "plainHttp": "refuse" },
    }));
    let gateway = place.gateway(&[]);
    let status = place.run(&["gateway", "status", "--json"]).ok().json();
    let hex = status["gateway"]["tlsFingerprint"].as_str().unwrap();
    let hex = hex.to_owned();
    (place, gateway, hex)
}

/// A program that answers every request with this status.
fn web_server(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                let mut request = [0; 2048];
                let read = stream.read(&mut request).unwrap_or(0);
                // A TLS handshake is no request.
                if request[..read].starts_with(b"GET ") {
                    let page = "<title>Directory listing for /</title>";
                    let answer = format!(
                        "HTTP/1.1 {status}\r\nServer: SimpleHTTP/0.6\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                        page.len()
                    );
                    stream.write_all(answer.as_bytes()).ok();
                }
            });
        }
    });
    port
}

#[test]
fn a_node_without_tls_is_told_that_the_gateway_has_it() {
    let (_place, gateway, hex) = secured();
    let port = gateway.port.to_string();
    let box_ = Place::new();
    let mut node = box_.start(&["node", "run", "--host", "127.0.0.1", "--port", &port]);
    let line = node.wait_for("node host gateway connect failed: ");
    let expected = format!(
        "node host gateway connect failed: 127.0.0.1:{port} takes TLS only, but the URL says ws://; next try in "
    );
    assert!(line.starts_with(&expected), "{line}");
    node.find(&hex);
    node.find(&format!("openclaw node run --tls-fingerprint {hex}"));
    node.terminate();
    // As told, but the certificate was not compared yet.
    let ran = box_.run(&["node", "run", "--tls"]).fails(1);
    tells(
        &ran,
        &[
            "certificate is not trusted",
            "openclaw gateway status on the gateway host",
            &format!("openclaw node run --tls-fingerprint {hex}"),
        ],
    );
    let pinned = box_
        .run(&["node", "run", "--tls-fingerprint", &hex])
        .fails(1);
    assert!(!pinned.err.contains("certificate"), "{pinned:?}");
    // Any other command says the same.
    let url = gateway.url();
    let ran = box_
        .run(&["health", "--url", &url, "--token", TOKEN])
        .fails(1);
    tells(
        &ran,
        &[
            &format!("Reason: 127.0.0.1:{port} takes TLS only, but the URL says ws://"),
            &format!("pass: --url wss://127.0.0.1:{port} --tls-fingerprint {hex}"),
        ],
    );
}

#[test]
fn a_node_that_reaches_nobody_says_what_happened() {
    let place = Place::new();
    let port = free_port();
    let mut node = place.start(&[
        "node",
        "run",
        "--host",
        "127.0.0.1",
        "--port",
        &port.to_string(),
    ]);
    let line = node.wait_for("node host gateway connect failed: ");
    assert!(
        line.contains(&format!("cannot connect to 127.0.0.1:{port}: ")) && !line.contains("1006"),
        "{line}"
    );
    node.terminate();
}

#[test]
fn a_gateway_whose_certificate_is_not_trusted_is_up() {
    let (_place, gateway, hex) = secured();
    let url = gateway.url().replace("ws://", "wss://");
    let laptop =
        Place::with_gateway(&json!({ "mode": "remote", "remote": { "url": url, "token": TOKEN } }));
    for (line, name) in [
        (&["status"][..], "status"),
        (&["gateway", "status"], "gateway"),
    ] {
        let ran = laptop.run(line).ok();
        assert!(
            ran.out.starts_with(&format!(
                "OpenClaw {name}: up · reachable, certificate not trusted"
            )),
            "{ran:?}"
        );
        tells(&ran, &[&hex]);
    }
    tells(
        &laptop.run(&["logs"]).fails(1),
        &["Gateway reached, but its certificate is not accepted."],
    );
}

#[test]
fn another_program_on_the_port_is_not_told_to_be_started() {
    for status in ["200 OK", "404 File not found"] {
        let port = web_server(status);
        let place = Place::with_gateway(
            &json!({ "mode": "local", "port": port, "auth": { "mode": "token", "token": TOKEN } }),
        );
        let another = format!("What listens on 127.0.0.1:{port} does not answer as a gateway does");
        for line in [&["health"][..], &["status"], &["gateway", "status"]] {
            let ran = place.run(line);
            tells(&ran, &[&another, "openclaw config set gateway.port <port>"]);
            let told = format!("{}{}", ran.out, ran.err);
            assert!(
                !told.contains("Fix: start the gateway with")
                    && !told.contains("Start the gateway: "),
                "{line:?} {ran:?}"
            );
        }
        let doctor = place.run(&["doctor"]).fails(1);
        tells(
            &doctor,
            &[
                "Problem (http_other_server):",
                "Fix: end it, then start the gateway:\n  openclaw up",
                "openclaw config set gateway.port <port>",
            ],
        );
        assert!(!doctor.out.contains("gateway.remote.url"), "{doctor:?}");
    }
}

#[test]
fn doctor_goes_where_this_machine_is_a_node_and_repeats_what_was_typed() {
    let place = Place::with_gateway(&json!({ "auth": { "mode": "token", "token": TOKEN } }));
    let gateway = place.gateway(&[]);
    let laptop = Place::new();
    laptop.write(
        ".openclaw/node.json",
        &json!({
            "version": 1, "nodeId": "n", "displayName": "box",
            "gateway": { "host": "127.0.0.1", "port": gateway.port, "tls": false },
        })
        .to_string(),
    );
    let ran = laptop.run(&["doctor", "--remote"]).fails(1);
    tells(
        &ran,
        &[
            &format!("Target: {}", gateway.url()),
            "this machine is a node of it",
            "--token <token>",
        ],
    );
    // A token on the line is named, never printed.
    let wrong = "some-wrong-token-0123456789";
    let closed = free_port();
    let line = format!("ws://127.0.0.1:{closed}");
    let ran = laptop
        .run(&["doctor", "--url", &line, "--token", wrong])
        .fails(1);
    tells(
        &ran,
        &["Problem (tunnel_down):", "openclaw tunnel up <user@host>"],
    );
    assert!(!ran.out.contains(wrong), "{ran:?}");
}

#[test]
fn errors_end_with_what_to_do() {
    let place = Place::with_gateway(&json!({ "auth": { "mode": "token", "token": TOKEN } }));
    let gateway = place.gateway(&[]);
    for (line, texts) in [
        (
            &["health", "--url", "127.0.0.1:18789", "--token", "x"][..],
            &[
                "Invalid URL: 127.0.0.1:18789\n",
                "Fix: write it as ws://127.0.0.1:18789",
            ][..],
        ),
        (
            &["audit", "list", "--since", "1x"],
            &["invalid --since: 1x\n", "--since 30m"],
        ),
        (
            &["approvals", "allow", "no-such-approval"],
            &[
                "unknown approval id\n",
                "Fix: see what waits with: openclaw approvals pending",
            ],
        ),
        (
            &["devices", "revoke", "--device", "nobody", "--role", "node"],
            &[
                "unknown deviceId/role\n",
                "No paired device is called nobody.",
                "openclaw devices list",
            ],
        ),
        (
            &[
                "health",
                "--exit-code",
                "--url",
                "ws://127.0.0.1:1",
                "--token",
                "x",
            ],
            &["openclaw gateway status --url ws://127.0.0.1:1 --token <token>"],
        ),
        (
            &["reset"],
            &["Non-interactive mode requires --yes.\n", "Fix: add --yes"],
        ),
        (
            &["uninstall"],
            &["Non-interactive mode requires --yes.\n", "Fix: add --yes"],
        ),
    ] {
        tells(&place.run(line).fails(1), texts);
    }
    gateway.stop();
}

#[test]
fn a_command_that_is_not_allowed_is_named_with_the_reason() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let port = gateway.port.to_string();
    let mut node = place.start(&[
        "node",
        "run",
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--display-name",
        "box",
    ]);
    node.wait_for("node host connected to ");
    let ran = place
        .run(&[
            "nodes",
            "canvas",
            "present",
            "--node",
            "box",
            "--target",
            "http://127.0.0.1/",
        ])
        .fails(1);
    tells(
        &ran,
        &[
            "node command not allowed\n",
            "Command: canvas.present. The node does not offer it.",
            "openclaw nodes describe --node <node>",
        ],
    );
    node.terminate();
    let ran = place
        .run(&[
            "nodes",
            "invoke",
            "--node",
            "box",
            "--command",
            "system.which",
        ])
        .fails(1);
    tells(&ran, &["node not connected\n", "openclaw node run"]);
}

#[test]
fn what_a_repair_needs_a_yes_for_is_said() {
    let place = Place::new();
    place.write(
        ".openclaw/openclaw.json",
        r#"{"gateway": {"colour": "red"}}"#,
    );
    let ran = place.run(&["doctor", "--fix"]).fails(1);
    tells(
        &ran,
        &[
            "Left alone: ",
            "Nobody could be asked, so what is left alone needs a yes on the line: openclaw doctor --fix --yes",
        ],
    );
}

#[test]
fn a_walk_through_ssh_marks_what_it_does_not_need() {
    let place = Place::with_gateway(&json!({ "mode": "remote", "remote": {
        "transport": "ssh", "sshTarget": "user@gateway-host", "token": TOKEN,
    }}));
    std::fs::create_dir(place.path("bin")).unwrap();
    crate::sshd::script(
        &place.path("bin/ssh"),
        "echo 'Connection closed by 192.0.2.7 port 22' >&2; exit 255",
    );
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    let place = place.with_env("PATH", &path);
    let ran = place.run(&["doctor"]).fails(1);
    tells(&ran, &["✓ Config", "- DNS        not needed", "✗ TCP"]);
    // Nothing runs that would open it again.
    for line in [&["doctor"][..], &["tunnel", "up"], &["tunnel", "status"]] {
        let ran = place.run(line);
        let told = format!("{}{}", ran.out, ran.err);
        assert!(!told.contains("by itself"), "{line:?} {ran:?}");
    }
}

#[test]
fn a_fingerprint_that_is_none_is_not_stored() {
    let place = Place::new();
    let ran = place
        .run(&["config", "set", "gateway.remote.tlsFingerprint", "deadbeef"])
        .fails(1);
    tells(&ran, &["64 hex digits"]);
    let good = "AB:".repeat(31) + "AB";
    place
        .run(&["config", "set", "gateway.remote.tlsFingerprint", &good])
        .ok();
    // One from before does not keep a gateway of this machine from starting.
    place.configure(&json!({ "remote": { "tlsFingerprint": "deadbeef" } }));
    place.gateway(&[]).stop();
}
