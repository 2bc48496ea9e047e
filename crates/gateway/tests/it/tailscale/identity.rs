//! Who comes in by what Tailscale says about them, and who does not.

use openclaw_protocol::device::ProofVersion;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::tailscale::{HOST, StandIn, Visit};
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{TestDevice, TestGateway, Wire};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{PASSWORD, builder, config, ingress, until_up, visit};

fn control_ui(token: Option<&str>) -> Value {
    let mut params = operator_params(token, &["operator.read", "operator.write"]);
    params["client"] = json!({ "id": "openclaw-control-ui", "mode": "webchat", "version": "1", "platform": "web" });
    params
}

const ORIGIN: (&str, &str) = ("Origin", "https://gw.tail1.ts.net");

async fn serving(stand_in: &StandIn) -> TestGateway {
    let gateway = builder(stand_in, &json!({ "mode": "serve" })).start().await;
    until_up(&gateway).await;
    gateway
}

/// The code of a refusal.
async fn refusal(wire: &mut Wire, params: Value, device: Option<&TestDevice>) -> String {
    let answer = wire
        .connect(params, device.map(|device| (device, ProofVersion::V3)))
        .await
        .unwrap();
    assert_eq!(answer["ok"], false, "{answer}");
    let details = &answer["error"]["details"];
    details["code"].as_str().unwrap_or_default().to_owned()
}

async fn approve(gateway: &TestGateway, device: &TestDevice) {
    let mut owner = gateway.owner().await;
    let pending = owner.ok("device.pair.list", json!({})).await;
    let request = pending["pending"]
        .as_array()
        .unwrap()
        .iter()
        .find(|request| request["deviceId"] == device.id())
        .unwrap();
    let id = request["requestId"].clone();
    owner
        .ok("device.pair.approve", json!({ "requestId": id }))
        .await;
}

#[tokio::test]
async fn u17_a_user_of_the_tailnet_needs_no_token_in_the_browser_but_its_device_is_approved_first()
{
    let stand_in = StandIn::start();
    let gateway = serving(&stand_in).await;
    let (front, _) = stand_in.front(Visit::from("100.64.0.7")).await;
    let device = TestDevice::new();
    let mut wire = visit(front, &[ORIGIN]).await;
    assert_eq!(
        refusal(&mut wire, control_ui(None), Some(&device)).await,
        "PAIRING_REQUIRED"
    );
    approve(&gateway, &device).await;
    let mut wire = visit(front, &[ORIGIN]).await;
    let hello = wire.hello(control_ui(None), Some(&device)).await;
    assert_eq!(hello["auth"]["method"], "tailscale");
    assert_eq!(
        hello["auth"]["scopes"],
        json!(["operator.read", "operator.write"])
    );
    // A token that was changed since does not keep it out, and a wrong one helps nobody.
    let mut wire = visit(front, &[ORIGIN]).await;
    let hello = wire
        .hello(control_ui(Some("an-old-token")), Some(&device))
        .await;
    assert_eq!(hello["auth"]["method"], "tailscale");
    // Logins of other control servers have no domain.
    let (grace, _) = stand_in.front(Visit::from("100.64.0.8")).await;
    let mut wire = visit(grace, &[ORIGIN]).await;
    let other = TestDevice::new();
    assert_eq!(
        refusal(&mut wire, control_ui(None), Some(&other)).await,
        "PAIRING_REQUIRED"
    );
}

#[tokio::test]
async fn u17_identity_alone_is_no_device_no_node_and_no_scope() {
    let stand_in = StandIn::start();
    let _gateway = serving(&stand_in).await;
    let (front, _) = stand_in.front(Visit::from("100.64.0.7")).await;
    let mut wire = visit(front, &[ORIGIN]).await;
    let code = refusal(&mut wire, control_ui(None), None).await;
    assert_eq!(code, "CONTROL_UI_DEVICE_IDENTITY_REQUIRED");
    let mut wire = visit(front, &[]).await;
    let hello = wire
        .hello(operator_params(None, &["operator.admin"]), None)
        .await;
    assert_eq!(hello["auth"]["method"], "tailscale");
    assert_eq!(hello["auth"]["scopes"], json!([]));
    let mut wire = visit(front, &[]).await;
    let device = TestDevice::new();
    let code = refusal(
        &mut wire,
        node_params(None, "n", &["system.run"]),
        Some(&device),
    )
    .await;
    assert_eq!(code, "AUTH_TOKEN_MISSING");
}

#[tokio::test]
async fn u17_tagged_devices_and_strangers_have_no_identity_and_the_machine_itself_has() {
    let stand_in = StandIn::start();
    let gateway = serving(&stand_in).await;
    let device = TestDevice::new();
    for (from, code) in [
        ("100.64.0.9", "AUTH_TAILSCALE_IDENTITY_MISSING"),
        ("100.64.0.77", "AUTH_TAILSCALE_IDENTITY_MISSING"),
        ("100.64.0.1", "PAIRING_REQUIRED"),
    ] {
        let (front, _) = stand_in.front(Visit::from(from)).await;
        let mut wire = visit(front, &[ORIGIN]).await;
        assert_eq!(
            refusal(&mut wire, control_ui(None), Some(&device)).await,
            code,
            "{from}"
        );
        // The token works from everywhere.
        let mut wire = visit(front, &[ORIGIN]).await;
        assert_eq!(
            refusal(&mut wire, control_ui(Some(TOKEN)), Some(&device)).await,
            "PAIRING_REQUIRED"
        );
    }
    drop(gateway);
}

#[tokio::test]
async fn u17_forged_headers_are_worth_nothing_anywhere() {
    let stand_in = StandIn::start();
    let gateway = serving(&stand_in).await;
    let forged = [
        ORIGIN,
        ("Tailscale-User-Login", "ada@example.com"),
        ("X-Forwarded-For", "100.64.0.7"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", HOST),
    ];
    let device = TestDevice::new();
    // On the ordinary listener they make the request a forwarded one; the upgrade itself is not refused.
    let mut wire = visit(gateway.address(), &forged).await;
    assert_eq!(
        refusal(&mut wire, control_ui(None), Some(&device)).await,
        "AUTH_TOKEN_MISSING"
    );
    let mut wire = visit(gateway.address(), &forged).await;
    assert_eq!(
        refusal(&mut wire, control_ui(Some(TOKEN)), Some(&device)).await,
        "PAIRING_REQUIRED"
    );
    // Brought along by a device of the tailnet they are replaced: grace stays grace, a tagged device stays nobody.
    for (from, code) in [
        ("100.64.0.9", "AUTH_TAILSCALE_IDENTITY_MISSING"),
        ("100.64.0.8", "PAIRING_REQUIRED"),
    ] {
        let (front, _) = stand_in.front(Visit::from(from)).await;
        let mut wire = visit(front, &forged).await;
        assert_eq!(
            refusal(&mut wire, control_ui(None), Some(&device)).await,
            code,
            "{from}"
        );
    }
    // At the ingress listener itself the daemon is asked: whose address is that?
    let ingress = ingress(&stand_in);
    for (login, address, code) in [
        (
            "eve@example.com",
            "100.64.0.7",
            "AUTH_TAILSCALE_IDENTITY_MISMATCH",
        ),
        (
            "ada@example.com",
            "100.64.0.9",
            "AUTH_TAILSCALE_WHOIS_FAILED",
        ),
        (
            "ada@example.com",
            "127.0.0.1",
            "AUTH_TAILSCALE_WHOIS_FAILED",
        ),
    ] {
        let mut headers = forged;
        headers[1].1 = login;
        headers[2].1 = address;
        let mut wire = visit(ingress, &headers).await;
        assert_eq!(
            refusal(&mut wire, control_ui(None), Some(&device)).await,
            code,
            "{login} {address}"
        );
    }
    // Nothing that comes by it is local, whatever it says.
    let mut wire = Wire::open(ingress, &[("Host", "127.0.0.1:18789")])
        .await
        .unwrap();
    let hello = wire
        .hello(operator_params(Some(TOKEN), &["operator.admin"]), None)
        .await;
    assert_eq!(hello["auth"]["scopes"], json!([]));
}

#[tokio::test]
async fn u17_what_comes_by_funnel_needs_the_password_whoever_it_is() {
    let stand_in = StandIn::start();
    let auth = json!({ "mode": "password", "password": PASSWORD, "allowTailscale": true });
    let gateway = builder(&stand_in, &json!({ "mode": "funnel" }))
        .gateway("auth", auth)
        .start()
        .await;
    until_up(&gateway).await;
    let device = TestDevice::new();
    let internet = Visit {
        funnel: true,
        ..Visit::from("203.0.113.9")
    };
    // Also for the users of the tailnet: it is the same door.
    for visit_by in [internet, Visit::from("100.64.0.7")] {
        let (front, _) = stand_in.front(visit_by).await;
        let mut wire = visit(front, &[ORIGIN]).await;
        let code = refusal(&mut wire, control_ui(None), Some(&device)).await;
        assert_eq!(code, "AUTH_PASSWORD_MISSING");
        let mut params = control_ui(None);
        params["auth"] = json!({ "password": PASSWORD });
        let mut wire = visit(front, &[ORIGIN]).await;
        assert_eq!(
            refusal(&mut wire, params, Some(&device)).await,
            "PAIRING_REQUIRED"
        );
    }
}

#[tokio::test]
async fn u17_taking_the_permission_away_ends_the_connections_by_it() {
    let stand_in = StandIn::start();
    let gateway = serving(&stand_in).await;
    let (front, _) = stand_in.front(Visit::from("100.64.0.7")).await;
    let mut by_identity = visit(front, &[]).await;
    by_identity
        .hello(operator_params(None, &["operator.read"]), None)
        .await;
    let mut by_token = gateway.operator(&["operator.read"]).await;
    let auth = json!({ "mode": "token", "token": TOKEN, "allowTailscale": false });
    gateway.apply_config(&config(
        &json!({ "tailscale": { "mode": "serve" }, "auth": auth }),
    ));
    let (_, ended) = by_identity.until_end().await;
    assert_eq!(ended.code, 4001, "{ended:?}");
    by_token.ok("health", json!({})).await;
    let mut wire = visit(front, &[]).await;
    let code = refusal(&mut wire, operator_params(None, &["operator.read"]), None).await;
    assert_eq!(code, "DEVICE_IDENTITY_REQUIRED");
}

async fn get(
    address: std::net::SocketAddr,
    path: &str,
    host: &str,
    bearer: Option<&str>,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let authorization = bearer
        .map(|bearer| format!("Authorization: Bearer {bearer}\r\n"))
        .unwrap_or_default();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

#[tokio::test]
async fn s07_u17_identity_opens_what_the_page_reads_and_no_other_route() {
    let stand_in = StandIn::start();
    let gateway = serving(&stand_in).await;
    let (ada, _) = stand_in.front(Visit::from("100.64.0.7")).await;
    let (tagged, _) = stand_in.front(Visit::from("100.64.0.9")).await;
    let local = gateway.address();
    let ordinary = local.to_string();
    // Path, without anything, with a wrong and the right token, as a tagged device, as ada, as ada with a wrong token.
    for (path, expected) in [
        ("/control-ui-config.json", [200, 401, 200, 200, 200, 200]),
        ("/healthz", [200, 200, 200, 200, 200, 200]),
        ("/readyz", [200, 200, 200, 200, 200, 200]),
        ("/", [200, 200, 200, 200, 200, 200]),
        ("/tools/invoke", [404, 404, 404, 404, 404, 404]),
        ("/v1/chat/completions", [404, 404, 404, 404, 404, 404]),
        ("/hooks/wake", [404, 404, 404, 404, 404, 404]),
    ] {
        let asked = [
            get(local, path, &ordinary, None).await.0,
            get(local, path, &ordinary, Some("wrong")).await.0,
            get(local, path, &ordinary, Some(TOKEN)).await.0,
            get(tagged, path, HOST, None).await.0,
            get(ada, path, HOST, None).await.0,
            get(ada, path, HOST, Some("wrong")).await.0,
        ];
        assert_eq!(asked, expected, "{path}");
    }
    // The page of the later release gets its facts for the owner and for a user that is vouched for, not for a machine.
    for (address, host, bearer, expected) in [
        (local, ordinary.as_str(), None, false),
        (local, &ordinary, Some(TOKEN), true),
        (tagged, HOST, None, false),
        (ada, HOST, None, true),
    ] {
        let (_, answer) = get(address, "/control-ui-config.json", host, bearer).await;
        assert_eq!(answer.contains("assistantName"), expected, "{answer}");
    }
    // Readiness in detail is for the owner; a user of the tailnet gets the bare answer.
    let (_, detailed) = get(ada, "/readyz", HOST, Some(TOKEN)).await;
    let (_, bare) = get(ada, "/readyz", HOST, None).await;
    assert!(
        detailed.contains("uptimeMs") && !bare.contains("uptimeMs"),
        "{bare}"
    );
}
