//! Reverse proxies in front: their own listener, the PROXY protocol, and users that they name.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use openclaw_gateway::subsystems::SubsystemState;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::operator_params;
use openclaw_testkit::{TestDevice, TestGateway, Wire};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

const GET: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Sends bytes and returns everything that comes back until the end.
async fn exchange(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(gateway: &TestGateway, bytes: &[u8]) -> String {
    exchange(TcpStream::connect(gateway.address()).await.unwrap(), bytes).await
}

/// Waits until a part tells such a state.
async fn until(gateway: &TestGateway, wanted: impl Fn(&SubsystemState) -> bool) -> SubsystemState {
    let subsystems = &gateway.gateway.core().subsystems;
    let mut changes = subsystems.changes();
    let reached = async {
        loop {
            if let Some(state) = subsystems.get("proxy").filter(&wanted) {
                return state;
            }
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached)
        .await
        .unwrap_or_else(|_| panic!("{:?}", subsystems.all()))
}

fn is_up(state: &SubsystemState) -> bool {
    matches!(state, SubsystemState::Up { .. })
}

fn config(extra: &Value) -> Value {
    let mut config =
        json!({ "gateway": { "mode": "local", "auth": { "mode": "token", "token": TOKEN } } });
    for (key, value) in extra.as_object().unwrap() {
        config["gateway"][key] = value.clone();
    }
    config
}

/// A version 2 header for 203.0.113.9, with its checksum left out.
fn binary_header() -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    bytes.extend([203, 0, 113, 9, 192, 0, 2, 1, 0x12, 0x67, 1, 187]);
    bytes
}

#[tokio::test]
async fn u16_the_proxy_listener_follows_the_config() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("proxy.sock");
    let gateway = TestGateway::builder()
        .gateway("proxy", json!({ "listen": path }))
        .start()
        .await;
    until(&gateway, is_up).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let answer = exchange(UnixStream::connect(&path).await.unwrap(), GET.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    // A TCP port instead: the old place goes, its file with it.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    gateway.apply_config(&config(
        &json!({ "proxy": { "listen": address.to_string() } }),
    ));
    let state = until(&gateway, |state| {
        matches!(state, SubsystemState::Degraded { .. })
    })
    .await;
    let SubsystemState::Degraded { reason, fix, .. } = state else {
        unreachable!()
    };
    assert!(reason.contains(&address.port().to_string()), "{reason}");
    assert!(fix.contains("openclaw config set gateway.proxy.listen 127.0.0.1:"));
    // Meanwhile nobody loses what worked.
    assert!(
        ask(&gateway, GET.as_bytes())
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(UnixStream::connect(&path).await.is_ok());
    drop(taken);
    until(&gateway, is_up).await;
    let answer = exchange(TcpStream::connect(address).await.unwrap(), GET.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!path.exists());

    gateway.apply_config(&config(&json!({})));
    until(&gateway, |state| *state == SubsystemState::Off).await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn u16_a_path_that_cannot_be_had_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("none/proxy.sock");
    let gateway = TestGateway::builder()
        .gateway("proxy", json!({ "listen": missing }))
        .start()
        .await;
    let state = until(&gateway, |state| {
        matches!(state, SubsystemState::Degraded { .. })
    })
    .await;
    let SubsystemState::Degraded { fix, .. } = state else {
        unreachable!()
    };
    assert_eq!(
        fix,
        format!("mkdir -p {}", missing.parent().unwrap().display())
    );
    std::fs::create_dir(missing.parent().unwrap()).unwrap();
    until(&gateway, is_up).await;

    // What is no socket of ours is left alone.
    let file = home.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    gateway.apply_config(&config(&json!({ "proxy": { "listen": file } })));
    until(&gateway, |state| {
        matches!(state, SubsystemState::Degraded { reason, .. } if reason.contains("no socket"))
    })
    .await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

/// The address and class of the newest connection, as the presence list tells the owner.
async fn remote_ip(gateway: &TestGateway) -> Value {
    let mut owner = gateway.owner().await;
    let list = owner.request("system-presence", json!({})).await;
    let list = list["payload"].as_array().unwrap();
    let entry = list
        .iter()
        .find(|entry| entry["text"].to_string().contains("proxied"))
        .cloned()
        .unwrap_or_default();
    entry["ip"].clone()
}

#[tokio::test]
async fn u16_a_proxy_header_names_the_client_and_nobody_else_may_send_one() {
    for (protocol, trusted, header, status) in [
        ("accept", true, true, 200),
        ("accept", true, false, 200),
        ("accept", false, true, 400),
        ("off", true, true, 400),
        ("off", false, true, 400),
        ("off", false, false, 200),
        // The command line of this machine has the address of the proxy: it is not locked out.
        ("require", true, false, 200),
        ("require", true, true, 200),
    ] {
        let proxies: &[&str] = if trusted { &["127.0.0.1"] } else { &[] };
        let gateway = TestGateway::builder()
            .gateway("trustedProxies", json!(proxies))
            .gateway("proxy", json!({ "protocol": protocol }))
            .start()
            .await;
        let headers: [Vec<u8>; 2] = [
            b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n".to_vec(),
            binary_header(),
        ];
        for start in headers {
            let start = if header { start } else { Vec::new() };
            let answer = ask(&gateway, &[&start, GET.as_bytes()].concat()).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{protocol} {trusted} {header}: {answer}"
            );
            if status == 400 {
                assert!(
                    answer.contains("unexpected PROXY protocol header"),
                    "{answer}"
                );
            }
        }
        if protocol == "accept" && trusted {
            // In pieces, and with a request in the same packet.
            let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
            stream.set_nodelay(true).unwrap();
            for byte in binary_header() {
                stream.write_all(&[byte]).await.unwrap();
                stream.flush().await.unwrap();
            }
            let answer = exchange(stream, GET.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            let broken = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711\r\n";
            let answer = ask(&gateway, &[&broken[..], GET.as_bytes()].concat()).await;
            assert!(answer.contains("invalid PROXY protocol header"), "{answer}");
        }
    }
}

#[tokio::test]
async fn u16_the_proxy_listener_can_require_the_header() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("proxy.sock");
    let gateway = TestGateway::builder()
        .gateway("proxy", json!({ "listen": path, "protocol": "require" }))
        .start()
        .await;
    until(&gateway, is_up).await;
    let connect = async || UnixStream::connect(&path).await.unwrap();
    let answer = exchange(connect().await, GET.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("missing PROXY protocol header"));
    for start in [
        binary_header(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec(),
    ] {
        let answer = exchange(connect().await, &[&start, GET.as_bytes()].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // Everything there is remote: details of readiness are for local callers.
    let ready = GET.replace("/healthz", "/readyz");
    let answer = exchange(
        connect().await,
        &[&binary_header(), ready.as_bytes()].concat(),
    )
    .await;
    assert!(answer.contains(r#"{"ready":true}"#), "{answer}");
}

/// A connection to the Unix socket of the proxy listener, with what a proxy adds.
async fn by_socket(path: &Path, headers: &[(&str, &str)]) -> Wire {
    Wire::open_unix_with(path, headers).await.unwrap()
}

fn ui_params() -> Value {
    let mut params = operator_params(None, &["operator.read", "operator.admin"]);
    params["client"] = json!({
        "id": "openclaw-control-ui", "mode": "ui", "version": "test", "platform": "web", "displayName": "proxied",
    });
    params
}

fn proxy_mode(path: &Path, trusted_proxy: &Value) -> Value {
    let mut identity = json!({ "userHeader": "X-Forwarded-User" });
    for (key, value) in trusted_proxy.as_object().unwrap() {
        identity[key] = value.clone();
    }
    json!({ "gateway": {
        "mode": "local",
        "auth": { "mode": "trusted-proxy", "trustedProxy": identity },
        "proxy": { "listen": path },
        "controlUi": { "allowedOrigins": ["https://claw.example.org"] },
    } })
}

#[tokio::test]
async fn u16_s05_a_user_that_the_proxy_names_needs_no_secret_and_an_unpaired_device_gets_nothing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("proxy.sock");
    let gateway = TestGateway::builder()
        .config(proxy_mode(
            &path,
            &json!({ "requiredHeaders": ["X-Forwarded-Email"] }),
        ))
        .start()
        .await;
    until(&gateway, is_up).await;
    let alice = [
        ("X-Forwarded-User", "alice"),
        ("X-Forwarded-Email", "alice@example.com"),
        ("X-Forwarded-For", "203.0.113.9"),
    ];
    let device = TestDevice::new();
    let refused = by_socket(&path, &alice)
        .await
        .answer_to(ui_params(), Some(&device))
        .await;
    assert_eq!(
        refused["error"]["details"]["code"], "PAIRING_REQUIRED",
        "{refused}"
    );
    assert_eq!(refused["error"]["details"]["reason"], "not-paired");
    let request = refused["error"]["details"]["requestId"].clone();
    let mut owner = gateway.owner().await;
    let approved = owner
        .request("device.pair.approve", json!({ "requestId": request }))
        .await;
    assert_eq!(approved["ok"], true, "{approved}");

    let mut wire = by_socket(&path, &alice).await;
    let hello = wire.answer_to(ui_params(), Some(&device)).await;
    let auth = &hello["payload"]["auth"];
    assert_eq!(auth["method"], "trusted-proxy", "{hello}");
    assert_eq!(
        auth["deviceToken"],
        Value::Null,
        "it would outlive the sign-in"
    );
    assert_eq!(auth["scopes"], json!(["operator.admin", "operator.read"]));
    assert_eq!(remote_ip(&gateway).await, "203.0.113.9");

    // The proxy may leave less, and a header of the client adds nothing.
    let capped = [
        alice[0],
        alice[1],
        ("X-OpenClaw-Scopes", "operator.admin"),
        ("X-OpenClaw-Scopes", "operator.read"),
    ];
    let hello = by_socket(&path, &capped)
        .await
        .answer_to(ui_params(), Some(&device))
        .await;
    assert_eq!(hello["payload"]["auth"]["scopes"], json!(["operator.read"]));

    // Without what the proxy must say nobody is named; the error says what is missing.
    for (headers, code, reason) in [
        (
            &alice[..1],
            "AUTH_IDENTITY_HEADER_REQUIRED",
            "trusted_proxy_missing_header_x-forwarded-email",
        ),
        (
            &alice[1..],
            "AUTH_UNAUTHORIZED",
            "trusted_proxy_user_missing",
        ),
    ] {
        let refused = by_socket(&path, headers)
            .await
            .answer_to(ui_params(), Some(&device))
            .await;
        let details = &refused["error"]["details"];
        assert_eq!(
            (&details["code"], &details["authReason"]),
            (&json!(code), &json!(reason))
        );
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("unauthorized: "), "{message}");
    }

    // S06: the same headers by the ordinary port, from a program of this machine.
    let mut forged = Wire::open(gateway.address(), &alice).await.unwrap();
    let refused = forged.answer_to(ui_params(), Some(&device)).await;
    assert_eq!(
        refused["error"]["details"]["authReason"],
        "trusted_proxy_no_proxies_configured"
    );
    // The owner is not locked out.
    assert_eq!(
        gateway.owner().await.request("health", json!({})).await["ok"],
        true
    );
}

#[tokio::test]
async fn u42_scopes_by_identity_and_pairing_without_a_question_are_the_owner_s_to_give() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("proxy.sock");
    let mut config = proxy_mode(
        &path,
        &json!({ "deviceAutoApprove": { "enabled": true, "scopes": ["operator.read"] }, "allowUsers": ["alice", "bob"] }),
    );
    config["gateway"]["auth"]["identityScopes"] = json!({ "Bob": ["operator.write"] });
    let gateway = TestGateway::builder().config(config.clone()).start().await;
    until(&gateway, is_up).await;
    let user = |name: &'static str| [("X-Forwarded-User", name)];
    let device = TestDevice::new();
    let hello = by_socket(&path, &user("alice"))
        .await
        .answer_to(ui_params(), Some(&device))
        .await;
    let auth = &hello["payload"]["auth"];
    assert_eq!(
        (&auth["scopes"], &auth["scopeLimited"]),
        (&json!(["operator.read"]), &json!(true)),
        "{hello}"
    );
    // A command line is no browser: it asks.
    let mut params = operator_params(None, &["operator.read"]);
    params["client"]["displayName"] = json!("proxied");
    let refused = by_socket(&path, &user("alice"))
        .await
        .answer_to(params, Some(&TestDevice::new()))
        .await;
    assert_eq!(refused["error"]["details"]["code"], "PAIRING_REQUIRED");
    // By identity, without a device, for the session.
    let mut bob = by_socket(&path, &user("bob")).await;
    let mut params = ui_params();
    params["scopes"] = json!(["operator.read", "operator.write", "operator.admin"]);
    let hello = bob.answer_to(params, None).await;
    assert_eq!(
        hello["payload"]["auth"]["scopes"],
        json!(["operator.read", "operator.write"]),
        "{hello}"
    );
    let refused = by_socket(&path, &user("mallory"))
        .await
        .answer_to(ui_params(), Some(&device))
        .await;
    assert_eq!(
        refused["error"]["details"]["authReason"],
        "trusted_proxy_user_not_allowed"
    );
    // Whoever is taken off the list is out at once.
    config["gateway"]["auth"]["trustedProxy"]["allowUsers"] = json!(["alice"]);
    gateway.apply_config(&config);
    let (_, ended) = bob.until_end().await;
    assert_eq!(ended.code, 4001);
}

#[tokio::test]
async fn s06_a_proxy_of_this_machine_by_the_ordinary_port_needs_the_secret() {
    let identity =
        json!({ "userHeader": "X-Forwarded-User", "allowLoopback": true, "secret": "between us" });
    let gateway = TestGateway::builder()
        .gateway(
            "auth",
            json!({ "mode": "trusted-proxy", "token": TOKEN, "trustedProxy": identity }),
        )
        .gateway("trustedProxies", json!(["127.0.0.1"]))
        .start()
        .await;
    let device = TestDevice::new();
    let alice = ("X-Forwarded-User", "alice");
    let mut wire = Wire::open(gateway.address(), &[alice]).await.unwrap();
    let refused = wire.answer_to(ui_params(), Some(&device)).await;
    assert_eq!(
        refused["error"]["details"]["authReason"],
        "trusted_proxy_secret_mismatch"
    );
    let proven = [alice, ("X-OpenClaw-Proxy-Secret", "between us")];
    let mut wire = Wire::open(gateway.address(), &proven).await.unwrap();
    let refused = wire.answer_to(ui_params(), Some(&device)).await;
    assert_eq!(
        refused["error"]["details"]["code"], "PAIRING_REQUIRED",
        "{refused}"
    );
    // The shared token is no way around the proxy, and still the owner's on this machine.
    let mut params = ui_params();
    params["auth"] = json!({ "token": TOKEN });
    let mut wire = gateway.remote_wire().await;
    let refused = wire.answer_to(params, Some(&device)).await;
    assert_eq!(refused["ok"], false, "{refused}");
    let mut operator = gateway.operator(&["operator.read"]).await;
    assert_eq!(operator.request("health", json!({})).await["ok"], true);
}
