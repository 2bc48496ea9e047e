//! Settings that a running gateway takes over: each is seen to act, and who is connected stays connected.

use std::sync::Arc;

use openclaw_gateway::core::Core;
use openclaw_protocol::methods::config::ConfigWritten;
use openclaw_protocol::scope::Scope;
use openclaw_testkit::wire::operator_params;
use openclaw_testkit::{TestDevice, TestGateway, Wire};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Makes a change and waits until the gateway says that it is in force.
async fn change(owner: &mut Wire, path: &str, value: Value) {
    let held = owner.ok("config.get", json!({})).await;
    let mut patch = value;
    for key in path.rsplit('.') {
        patch = json!({ key: patch });
    }
    let params = json!({ "raw": patch.to_string(), "baseHash": held["hash"] });
    let answer = owner.request("config.patch", params).await;
    assert_eq!(answer["ok"], true, "{path}: {answer}");
    let written: ConfigWritten = serde_json::from_value(answer["payload"].clone()).unwrap();
    let changes = written.changes.unwrap();
    assert!(!changes.keys.is_empty(), "{path}");
    assert_eq!(changes.live, changes.keys, "{path}");
    owner.event("config.changed").await;
}

async fn status_line(gateway: &TestGateway, path: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let port = gateway.address().port();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    answer.lines().next().unwrap_or_default().to_owned()
}

type Seen = fn(&Core) -> bool;

/// What admission and node policy go by.
fn policies() -> Vec<(&'static str, Value, Seen)> {
    vec![
        ("gateway.auth.allowDeviceless", json!(true), |core| {
            core.live().policy.allow_deviceless
        }),
        ("gateway.auth.rateLimit.maxAttempts", json!(3), |core| {
            core.live().limits.max_attempts == 3
        }),
        ("gateway.auth.rateLimit.windowMs", json!(5_000), |core| {
            core.live().limits.window_ms == 5_000
        }),
        ("gateway.auth.rateLimit.lockoutMs", json!(6_000), |core| {
            core.live().limits.lockout_ms == 6_000
        }),
        (
            "gateway.auth.rateLimit.exemptLoopback",
            json!(false),
            |core| !core.live().limits.exempt_loopback,
        ),
        (
            "gateway.auth.identityScopes",
            json!({ "ann@example.org": ["operator.read"] }),
            |core| core.live().identity_scopes("Ann@example.org").is_some(),
        ),
        (
            "gateway.auth.trustedProxy.userHeader",
            json!("x-user"),
            |core| core.live().proxy_identity.0.user_header.as_deref() == Some("x-user"),
        ),
        ("gateway.auth.allowTailscale", json!(true), |core| {
            core.live().policy.allow_tailscale
        }),
        ("gateway.trustedProxies", json!(["192.0.2.1"]), |core| {
            core.live().proxy_identity.1 == ["192.0.2.1"]
        }),
        ("gateway.pingIntervalMs", json!(5_000), |core| {
            core.live().ping_interval.as_millis() == 5_000
        }),
        ("gateway.controlUi.allowInsecureAuth", json!(true), |core| {
            core.live().policy.allow_insecure_auth
        }),
        (
            "gateway.controlUi.dangerouslyDisableDeviceAuth",
            json!(true),
            |core| core.live().policy.disable_device_auth,
        ),
        (
            "gateway.nodes.pairing.autoApproveLocal",
            json!(false),
            |core| !core.live().policy.auto_approve_local,
        ),
    ]
}

#[tokio::test]
async fn u22_every_policy_is_live_and_cuts_nobody() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let mut bystander = gateway.operator(&[Scope::Read.name()]).await;
    let core: &Arc<Core> = gateway.gateway.core();
    for (path, value, seen) in policies() {
        assert!(!seen(core), "{path} before");
        change(&mut owner, path, value).await;
        assert!(seen(core), "{path}");
        bystander.ok("health", json!({})).await;
    }
}

#[tokio::test]
async fn u22_the_page_and_its_origins_are_live() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let mut bystander = gateway.operator(&[Scope::Read.name()]).await;
    let origin = "https://ui.example.org";
    change(
        &mut owner,
        "gateway.controlUi.allowedOrigins",
        json!([origin]),
    )
    .await;
    change(&mut owner, "gateway.publicOrigin", json!(origin)).await;
    let status = owner.ok("remote.status", json!({})).await;
    assert_eq!(status["allowedOrigins"], json!([origin]));
    assert!(status.to_string().contains(origin));
    assert!(status_line(&gateway, "/").await.contains(" 200 "));
    change(&mut owner, "gateway.controlUi.basePath", json!("/panel")).await;
    assert!(status_line(&gateway, "/panel/").await.contains(" 200 "));
    change(&mut owner, "gateway.controlUi.enabled", json!(false)).await;
    assert!(!status_line(&gateway, "/panel/").await.contains(" 200 "));
    change(&mut owner, "ui.assistant.name", json!("Claw")).await;
    bystander.ok("health", json!({})).await;
}

#[tokio::test]
async fn u22_denied_commands_are_gone_from_a_connected_node() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "box", &["system.run"]).await;
    let commands = |listed: &Value| listed["nodes"][0]["commands"].to_string();
    let listed = owner.ok("node.list", json!({})).await;
    assert!(commands(&listed).contains("system.run"), "{listed}");
    change(
        &mut owner,
        "gateway.nodes.denyCommands",
        json!(["system.run"]),
    )
    .await;
    let listed = owner.ok("node.list", json!({})).await;
    assert!(!commands(&listed).contains("system.run"), "{listed}");
    // The node itself stays.
    node.request("node.event", json!({ "event": "ping" })).await;
}

#[tokio::test]
async fn u22_a_new_token_ends_only_who_came_with_the_old_one() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let scopes = [Scope::Read.name()];
    let device = TestDevice::new();
    // A paired device has a token of its own.
    let mut first = gateway.wire().await;
    let params = operator_params(Some(openclaw_testkit::gateway::TOKEN), &scopes);
    let hello = first.hello(params, Some(&device)).await;
    let own = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
    let mut params = operator_params(None, &scopes);
    params["auth"] = json!({ "deviceToken": own });
    let mut paired = gateway.wire().await;
    paired.hello(params, Some(&device)).await;
    let mut shared = gateway.operator(&scopes).await;
    let fresh = "another-token-0123456789abcdef";
    change(&mut owner, "gateway.auth.token", json!(fresh)).await;
    let (_, ended) = shared.until_end().await;
    assert_eq!(ended.code, 4001);
    paired.ok("health", json!({})).await;
    owner.ok("health", json!({})).await;
    let mut new = gateway.wire().await;
    new.hello(operator_params(Some(fresh), &scopes), None).await;
}

#[tokio::test]
async fn u22_what_needs_a_restart_says_so() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let held = owner.ok("config.get", json!({})).await;
    let patch = json!({
        "nodeHost": { "browserProxy": { "enabled": false } },
        "logging": { "level": "debug" },
        "gateway": { "controlUi": { "basePath": "/panel" } },
    });
    let params = json!({ "raw": patch.to_string(), "baseHash": held["hash"] });
    let answer = owner.ok("config.patch", params).await;
    assert_eq!(
        answer["changes"]["restart"],
        json!(["nodeHost.browserProxy.enabled"])
    );
    assert_eq!(
        answer["changes"]["live"],
        json!(["gateway.controlUi.basePath", "logging.level"])
    );
}
