//! The login and what it gives.

use std::sync::Arc;

use openclaw_testkit::TestGateway;
use openclaw_testkit::fault::Broken;
use openclaw_testkit::fault::gateway::{Answer, Talk};
use openclaw_testkit::fault::http::talking;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::operator_params;
use serde_json::{Value, json};

use super::stage::{Fault, Stage};

/// A gateway that answers the login like this.
async fn fake(
    made: &'static str,
    id: &'static str,
    cause: &'static str,
    fix: &'static str,
    answer: impl Fn() -> Answer + Send + Sync + 'static,
) -> Fault {
    let server = Broken::http(talking(move || Talk::Answer(answer()))).await;
    Fault::new(made, id, cause, fix)
        .url(format!("ws://localhost:{}", server.address().port()))
        .with(server)
}

fn refuse(message: &'static str, details: Value) -> impl Fn() -> Answer + Send + Sync + 'static {
    move || {
        Answer::Refuse(json!({ "code": "INVALID_REQUEST", "message": message, "details": details }))
    }
}

/// A fault at a real gateway.
fn real(
    made: &'static str,
    id: &'static str,
    cause: &'static str,
    fix: &'static str,
    gateway: &Arc<TestGateway>,
) -> Fault {
    Fault::new(made, id, cause, fix)
        .url(format!("ws://localhost:{}", gateway.address().port()))
        .with(Arc::clone(gateway))
}

pub(super) async fn all(faults: &mut Vec<Fault>) {
    credentials(faults).await;
    devices(faults).await;
    moods(faults).await;
    scopes(faults).await;
}

async fn credentials(faults: &mut Vec<Fault>) {
    let token = Arc::new(TestGateway::start().await);
    let password = TestGateway::builder()
        .gateway(
            "auth",
            json!({ "mode": "password", "password": "a long enough password" }),
        )
        .start()
        .await;
    let password = Arc::new(password);
    faults.extend([
        real(
            "no token for a gateway that wants one",
            "auth_token_missing",
            "wants its token",
            "config set gateway.remote.token",
            &token,
        )
        .remote("token", Value::Null),
        real(
            "the token of another gateway",
            "auth_token_mismatch",
            "(from config gateway.remote.token) is not the gateway's",
            "openclaw config get gateway.auth.token",
            &token,
        ),
        real(
            "a password for a gateway that wants a token",
            "auth_wrong_kind",
            "wants a token",
            "config set gateway.remote.token",
            &token,
        )
        .remote("token", Value::Null)
        .remote("password", json!("hunter2")),
        real(
            "no password for a gateway that wants one",
            "auth_password_missing",
            "wants its password",
            "config set gateway.remote.password",
            &password,
        )
        .remote("token", Value::Null),
        real(
            "a token for a gateway that wants a password",
            "auth_wrong_kind",
            "wants a password",
            "config set gateway.remote.password",
            &password,
        ),
        real(
            "a wrong password",
            "auth_password_mismatch",
            "is not the gateway's",
            "openclaw config get gateway.auth.password",
            &password,
        )
        .remote("token", Value::Null)
        .remote("password", json!("hunter2")),
    ]);
    let guessed = TestGateway::builder()
        .gateway(
            "auth",
            json!({ "mode": "token", "token": TOKEN, "rateLimit": { "maxAttempts": 1 } }),
        )
        .start()
        .await;
    for guess in ["wrong-one", "wrong-two", "wrong-three"] {
        let mut wire = guessed.remote_wire().await;
        let refused = wire.connect(operator_params(Some(guess), &[]), None).await;
        assert_eq!(refused.expect("an answer")["ok"], false);
    }
    let guessed = Arc::new(guessed);
    let proxy = Broken::proxy(guessed.address(), "X-Forwarded-For: 192.0.2.44\r\n").await;
    faults.push(
        Fault::new(
            "too many wrong tokens before",
            "auth_rate_limited",
            "Too many wrong credentials",
            "openclaw gateway auth unlock",
        )
        .url(format!("ws://localhost:{}", proxy.address().port()))
        .with(proxy)
        .with(guessed),
    );
}

async fn devices(faults: &mut Vec<Fault>) {
    let gateway = Arc::new(TestGateway::start().await);
    let proxy = Broken::proxy(gateway.address(), "X-Forwarded-For: 192.0.2.44\r\n").await;
    faults.push(
        Fault::new(
            "a device that nobody has approved",
            "auth_pairing_required",
            "somebody has to approve it once (request ",
            "openclaw pairing approve ",
        )
        .url(format!("ws://localhost:{}", proxy.address().port()))
        .remote("token", json!(TOKEN))
        .with(proxy)
        .with(Arc::clone(&gateway)),
    );
    // Paired over loopback with the shared token; then the device is removed.
    let paired = real("", "", "", "", &gateway).remote("token", json!(TOKEN));
    let stage = Stage::set(paired);
    let walk = stage.walk().await;
    assert!(walk.verdict.is_none(), "{:?}", walk.verdict);
    let mut owner = gateway.owner().await;
    let list = owner.ok("device.pair.list", json!({})).await;
    let devices = list["paired"].as_array().cloned().unwrap_or_default();
    for device in devices {
        owner
            .ok(
                "device.token.revoke",
                json!({ "deviceId": device["deviceId"], "role": "operator" }),
            )
            .await;
    }
    faults.push(
        real(
            "a device whose token was revoked",
            "auth_device_token",
            "it was rotated, or the device was removed",
            "config set gateway.remote.token",
            &gateway,
        )
        .remote("token", Value::Null)
        .home(stage.into_home()),
    );
}

async fn moods(faults: &mut Vec<Fault>) {
    faults.extend([
        fake("a gateway of a release too far away", "auth_protocol_mismatch", "it speaks protocol 7", "openclaw --version",
            refuse("protocol mismatch", json!({ "code": "PROTOCOL_MISMATCH", "expectedProtocol": 7 }))).await,
        fake("clocks too far apart", "auth_clock_skew", "too far apart (2 hours)", "timedatectl",
            refuse("device signature expired", json!({ "code": "DEVICE_AUTH_SIGNATURE_EXPIRED", "clockSkewMs": -7_200_000 }))).await,
        fake("a device proof that is not accepted", "auth_device_proof", "device signature invalid", "openclaw devices list",
            refuse("device signature invalid", json!({ "code": "DEVICE_AUTH_SIGNATURE_INVALID" }))).await,
        fake("a gateway that asks for devices only", "auth_device_identity", "takes only devices", "identity",
            refuse("device identity required", json!({ "code": "DEVICE_IDENTITY_REQUIRED" }))).await,
        fake("a gateway without a token of its own", "auth_not_configured", "no credential to compare with", "openssl rand -hex 32",
            refuse("unauthorized: gateway token not configured on gateway (set gateway.auth.token)", json!({ "code": "AUTH_TOKEN_NOT_CONFIGURED" }))).await,
        fake("Tailscale identity that does not fit", "auth_tailscale_identity", "Tailscale did not vouch", "tailscale serve status",
            refuse("unauthorized: tailscale identity mismatch (use Tailscale Serve auth or gateway token/password)", json!({ "code": "AUTH_TAILSCALE_IDENTITY_MISMATCH" }))).await,
        fake("a gateway that leaves the login to its proxy", "auth_proxy_identity", "leaves the login to a proxy", "proxy-check",
            refuse("unauthorized: identity header required", json!({ "code": "AUTH_IDENTITY_HEADER_REQUIRED" }))).await,
        fake("a device that is asked to pair again for more", "auth_pairing_required", "it now asks for more than it was given", "openclaw pairing approve",
            || Answer::Refuse(json!({ "code": "NOT_PAIRED", "message": "pairing required: device is asking for more scopes than currently approved",
                "details": { "code": "PAIRING_REQUIRED", "reason": "scope-upgrade", "requestId": "51bb36f0-c06d-46cf-b856-fc525d34d027" } }))).await,
        fake("a login that is refused for another reason", "auth_refused", "invalid role", "openclaw logs --tail 50", refuse("invalid role", Value::Null)).await,
        fake("a connection that is closed during the login", "auth_closed", "during the login", "openclaw logs --tail 50", || Answer::Close(1011, "internal error")).await,
        fake("a login that is answered with nonsense", "auth_unreadable", "something that no gateway says", "openclaw --version", || Answer::Nonsense).await,
        fake("a login that is never answered", "auth_timeout", "did not answer the login", "--timeout 60000", || Answer::Silence).await.impatient(),
    ]);
}

async fn scopes(faults: &mut Vec<Fault>) {
    faults.extend([
        fake(
            "a login that gives no scopes",
            "scope_none",
            "it has no scopes",
            "openclaw devices",
            || Answer::Welcome(Vec::new()),
        )
        .await,
        fake(
            "a device without `operator.read`",
            "scope_limited",
            "operator.read is missing",
            "openclaw devices list",
            || Answer::Welcome(vec!["operator.pairing"]),
        )
        .await,
        fake(
            "a gateway that fails at the first call",
            "rpc_failed",
            "the records cannot be read",
            "openclaw logs --tail 50",
            || Answer::WelcomeAndFail,
        )
        .await,
    ]);
}
