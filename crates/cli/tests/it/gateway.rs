//! The gateway process: start, refusals, lock, signals, log.

use serde_json::{Value, json};

use crate::place::{Place, free_port, mode};

#[test]
fn it_listens_answers_and_stops_in_order() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let health = place.run(&["gateway", "health"]).ok();
    assert!(health.out.starts_with("Gateway Health\nOK ("), "{health:?}");
    assert_eq!(
        place.run(&["gateway", "health", "--json"]).ok().json()["ok"],
        true
    );
    assert_eq!(
        place.run(&["health", "--json"]).ok().json()["defaultAgentId"],
        "main"
    );
    let (status, lines) = gateway.running.terminate();
    assert!(status.success());
    let text = lines.join("\n");
    for line in [
        "[gateway] listening on ws://127.0.0.1:",
        "[gateway] log file: ",
        "[gateway] signal SIGTERM received",
        "[gateway] received SIGTERM; shutting down",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn the_first_start_creates_a_token_once() {
    let place = Place::with_gateway(&json!({}));
    let mut gateway = place.gateway(&[]);
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    assert_eq!(token.trim_end().len(), 64);
    assert!(
        token
            .trim_end()
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
    );
    assert_eq!(
        place.run(&["config", "get", "gateway.mode"]).ok().out,
        "local\n"
    );
    assert_eq!(mode(&place.path(".openclaw/openclaw.json")), 0o600);
    gateway.running.signal("TERM");
    gateway.running.wait_for("shutting down");
    drop(gateway);
    let again = place.gateway(&[]);
    let (_, lines) = again.running.terminate();
    assert!(
        !lines.join("\n").contains("Created a gateway token"),
        "{lines:?}"
    );
    assert_eq!(
        place.run(&["config", "get", "gateway.auth.token"]).ok().out,
        token
    );
}

#[test]
fn u08_b_a_second_gateway_says_who_is_there_and_ends_with_78() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let port = free_port().to_string();
    let ran = place.run(&["gateway", "run", "--port", &port]).fails(78);
    let holder = format!("gateway already running (pid {}, ", gateway.running.pid());
    assert!(ran.err.contains(&holder), "{ran:?}");
    assert!(ran.err.contains("Fix: "), "{ran:?}");
}

#[test]
fn u08_f_force_replaces_only_the_gateway_of_this_state_directory() {
    let place = Place::with_gateway(&json!({}));
    let other = Place::with_gateway(&json!({}));
    let bystander = other.gateway(&[]);
    let first = place.gateway(&[]);
    let second = place.gateway(&["--force"]);
    let (status, _) = first.running.wait();
    assert!(status.success());
    place.run(&["gateway", "health"]).ok();
    other.run(&["gateway", "health"]).ok();
    // Its port is not ours to free.
    let taken = bystander.port.to_string();
    let ran = place
        .run(&["gateway", "run", "--force", "--port", &taken])
        .fails(1);
    assert!(
        ran.err
            .contains(&format!("Port {taken} is already in use."))
            && ran
                .err
                .contains("Another port for good: openclaw config set gateway.port <port>"),
        "{ran:?}"
    );
    other.run(&["gateway", "health"]).ok();
    drop(second);
}

#[test]
fn refused_starts_end_with_78_and_the_fix() {
    for (gateway, flags, texts) in [
        (
            json!({}),
            &["--bind", "lan"][..],
            &[
                "refusing to bind to lan without auth\n",
                "Set gateway.auth.token/password",
            ][..],
        ),
        (
            json!({ "mode": "remote", "remote": { "url": "ws://gw:1", "token": "x" } }),
            &[],
            &[
                "Gateway start blocked: set gateway.mode=local (current: remote)",
                "Fix: openclaw config set gateway.mode local",
            ],
        ),
    ] {
        let place = Place::with_gateway(&gateway);
        let line = [&["gateway", "run"], flags].concat();
        let ran = place.run(&line).fails(78);
        for text in texts {
            assert!(ran.err.contains(text), "{text}: {ran:?}");
        }
    }
}

#[test]
fn wrong_flags_end_with_1() {
    let place = Place::with_gateway(&json!({}));
    for (flags, text) in [
        (&["--port", "abc"][..], "Invalid port\n"),
        (
            &["--bind", "lann"],
            "Invalid --bind (use \"loopback\", \"lan\", \"tailnet\", \"auto\", or \"custom\")\n",
        ),
        (
            &["--ws-log", "x"],
            "Invalid --ws-log (use \"auto\", \"full\", \"compact\")\n",
        ),
        (&["--reset"], "Use --reset with --dev.\n"),
    ] {
        let ran = place.run(&[&["gateway"], flags].concat()).fails(1);
        assert!(ran.err.starts_with(text), "{ran:?}");
    }
}

#[test]
fn u13_the_local_command_line_works_in_every_bind_mode() {
    for bind in ["loopback", "127.0.0.2", "auto"] {
        let place = Place::with_gateway(
            &json!({ "bind": bind, "auth": { "token": "a-token-of-some-length" } }),
        );
        let _gateway = place.gateway(&[]);
        for line in [
            &["health"][..],
            &["devices", "list"],
            &["nodes", "status"],
            &["status"],
            &["gateway", "probe"],
        ] {
            place.run(line).ok();
        }
    }
}

#[test]
fn u29_a_typed_token_is_sent_from_any_position() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "right-token-1234" } }));
    let gateway = place.gateway(&[]);
    let url = gateway.url();
    for line in [
        &[
            "gateway",
            "health",
            "--url",
            &url,
            "--token",
            "right-token-1234",
        ][..],
        &[
            "gateway",
            "--token",
            "right-token-1234",
            "health",
            "--url",
            &url,
        ],
        &["--url", &url, "--token", "right-token-1234", "health"],
    ] {
        place.run(line).ok();
    }
    let ran = place
        .run(&["gateway", "--token", "wrong", "health"])
        .fails(1);
    assert!(ran.err.contains("token mismatch"), "{ran:?}");
    assert!(ran.err.contains("from: cli --token"), "{ran:?}");
    assert!(!ran.err.contains("right-token-1234"), "{ran:?}");
}

#[test]
fn a_typed_url_gets_typed_credentials_only() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "right-token-1234" } }));
    let gateway = place.gateway(&[]);
    let ran = place
        .run(&["nodes", "status", "--url", &gateway.url()])
        .fails(1);
    assert_eq!(
        ran.err,
        "nodes status failed: Error: gateway url override requires explicit credentials\n\
         Fix: pass --token or --password along with --url.\n"
    );
    let ran = place.run(&["health", "--url", "foo"]).fails(1);
    assert_eq!(
        ran.err,
        "Error: Invalid URL: foo\nFix: write it as ws://foo (with TLS: wss://foo)\n"
    );
}

#[test]
fn remote_mode_is_shown_as_such() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "right-token-1234" } }));
    let gateway = place.gateway(&[]);
    let client = Place::new();
    client
        .run(&["config", "set", "gateway.mode", "remote"])
        .ok();
    let ran = client.run(&["health"]).fails(1);
    assert!(
        ran.err
            .starts_with("Error: gateway remote mode misconfigured: gateway.remote.url missing\n"),
        "{ran:?}"
    );
    client
        .run(&["config", "set", "gateway.remote.url", &gateway.url()])
        .ok();
    client
        .run(&["config", "set", "gateway.remote.token", "right-token-1234"])
        .ok();
    let ran = client.run(&["gateway", "status"]).ok();
    for line in [
        "Runtime: remote\n",
        &format!("Probe target: {}\n", gateway.url()),
        "RPC probe: ok",
    ] {
        assert!(ran.out.contains(line), "{line}: {ran:?}");
    }
    let report = client.run(&["gateway", "status", "--json"]).ok().json();
    assert_eq!(report["service"]["runtime"]["status"], "remote");
    assert_eq!(report["gateway"]["probeUrl"], gateway.url());
    let report = client.run(&["status", "--json"]).ok().json();
    assert_eq!(report["gateway"]["mode"], "remote");
    assert_eq!(report["gateway"]["urlSource"], "config gateway.remote.url");
    assert_eq!(
        report["gateway"]["credentialSource"],
        "config gateway.remote.token"
    );
}

#[test]
fn u02_status_names_the_source_of_every_value() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "right-token-1234" }, "port": 1 }))
        .with_env("OPENCLAW_GATEWAY_BIND", "lan");
    let ran = place.run(&["gateway", "status", "--no-probe"]).ok();
    for line in [
        "Gateway: bind=lan (env OPENCLAW_GATEWAY_BIND), port=1 (config gateway.port)\n",
        "secret from: config gateway.auth.token\n",
    ] {
        assert!(ran.out.contains(line), "{line}: {ran:?}");
    }
    assert!(!ran.out.contains("right-token-1234"), "{ran:?}");
}

#[test]
fn logs_are_read_and_followed_over_a_restart() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let port = gateway.port.to_string();
    assert_eq!(mode(&place.log()), 0o600);
    let ran = place.run(&["logs", "--tail", "5"]).ok();
    assert!(
        ran.out
            .starts_with(&format!("Log file: {}\n", place.log().display())),
        "{ran:?}"
    );
    assert!(
        ran.out
            .contains(" info gateway listening on ws://127.0.0.1:"),
        "{ran:?}"
    );
    let ran = place.run(&["logs", "--json"]).ok();
    let lines: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "meta");
    assert!(
        lines
            .iter()
            .any(|line| line["type"] == "log" && line["subsystem"] == "gateway")
    );

    let mut follower = place.start(&["logs", "--follow", "--interval", "20"]);
    follower.wait_for("listening on ws://127.0.0.1:");
    gateway.stop();
    follower.wait_for("Gateway connection lost; its log file is read");
    // The file says how the gateway ended.
    follower.find("shutting down");
    let ran = place.run(&["logs", "--limit", "5"]).ok();
    assert!(
        ran.err
            .contains("Gateway is not running; its log file is read."),
        "{ran:?}"
    );
    assert!(ran.out.contains("shutting down"), "{ran:?}");
    let mut again = place.start(&["gateway", "run", "--port", &port]);
    again.wait_for("listening on");
    follower.wait_for("Gateway is back.");
    // From the file or from the gateway, and once.
    let started = format!("(PID {})", again.pid());
    follower.find(&started);
    follower.signal("INT");
    let (status, lines) = follower.wait();
    assert_eq!(status.code(), Some(130));
    let told = lines.iter().filter(|line| line.contains(&started)).count();
    assert_eq!(told, 1, "{lines:#?}");
}

#[test]
fn u05_f_locked_out_clients_are_unlocked() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "right-token-1234" } }));
    let _gateway = place.gateway(&[]);
    let ran = place.run(&["gateway", "auth", "unlock", "--json"]).ok();
    assert_eq!(ran.json()["ok"], true);
    place
        .run(&["gateway", "auth", "unlock", "--ip", "nonsense"])
        .fails(1);
}

#[test]
fn u33_a_pinned_certificate_lets_a_remote_client_in_and_another_does_not() {
    let place = Place::with_gateway(&json!({ "tls": { "enabled": true } }));
    let gateway = place.gateway(&[]);
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    let pem = place.read(".openclaw/gateway/tls/gateway-cert.pem");
    let base64: String = pem.lines().filter(|line| !line.contains("---")).collect();
    let der = data_encoding::BASE64.decode(base64.as_bytes()).unwrap();
    let hash = ring::digest::digest(&ring::digest::SHA256, &der);
    let fingerprint = data_encoding::HEXLOWER.encode(hash.as_ref());
    let url = gateway.url().replace("ws://", "wss://");
    // This machine needs no pin: it can see the certificate.
    let status = place.run(&["gateway", "status"]).ok();
    assert!(status.out.contains("RPC probe: ok"), "{status:?}");
    assert!(
        status.out.contains(&format!(
            "TLS: self (config gateway.tls.enabled), certificate sha256 {fingerprint}"
        )),
        "{status:?}"
    );
    let remote = |fingerprint: &str| {
        let elsewhere = Place::with_gateway(&json!({
            "mode": "remote",
            "remote": { "url": url, "token": token.trim_end(), "tlsFingerprint": fingerprint },
        }));
        elsewhere.run(&["gateway", "health", "--json"])
    };
    assert_eq!(remote(&fingerprint).ok().json()["ok"], true);
    let refused = remote(&"0".repeat(64)).fails(1);
    assert!(refused.err.contains("fingerprint"), "{refused:?}");
}

#[test]
fn u25_a_second_node_host_of_the_same_machine_is_told_who_is_first() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    let port = gateway.port.to_string();
    let line = [
        "node",
        "run",
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--token",
        token.trim_end(),
    ];
    let mut first = place.start(&line);
    first.wait_for("node host target");
    let second = place.run(&line).fails(78);
    assert!(
        second.err.contains("this machine is a node already (pid"),
        "{second:?}"
    );
    drop(first);
}
