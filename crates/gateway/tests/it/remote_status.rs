//! `remote.status`, `/metrics` and `/readyz`: what is told about the ways in, and to whom.

use std::net::SocketAddr;

use openclaw_testkit::TestGateway;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) async fn get(gateway: &TestGateway, path: &str, headers: &str) -> String {
    get_at(gateway.address(), path, headers).await
}

pub(crate) async fn get_at(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn d17_a_degraded_way_in_is_shown_everywhere_and_leaves_the_gateway_ready() {
    let gateway = TestGateway::start().await;
    let part = gateway.gateway.core().part("test");
    part.degraded("access denied", "sudo tailscale set --operator=$USER", None);
    let mut owner = gateway.owner().await;
    let status = owner.ok("remote.status", json!({})).await;
    assert_eq!(status["subsystems"]["test"]["state"], "degraded");
    assert_eq!(
        status["subsystems"]["test"]["fix"],
        "sudo tailscale set --operator=$USER"
    );
    assert_eq!(status["bind"], "loopback");
    assert_eq!(status["auth"]["mode"], "token");
    assert_eq!(status["you"]["via"], "control");
    assert_eq!(status["you"]["local"], true);
    assert_eq!(status["listen"][0], gateway.address().to_string());
    let ids: Vec<_> = status["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"summary.attack_surface"), "{ids:?}");

    let ready = get(&gateway, "/readyz", "").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.contains("test: access denied"), "{ready}");
    let page = get(&gateway, "/metrics", "").await;
    assert!(
        page.contains(r#"openclaw_subsystem_state{name="test",state="degraded"} 1"#),
        "{page}"
    );
    assert!(page.contains("openclaw_ready 1"), "{page}");
    assert!(
        page.contains(r#"openclaw_connections{role="operator"} 1"#),
        "{page}"
    );
    assert!(
        page.contains(r#"openclaw_handshakes_total{role="operator"} 1"#),
        "{page}"
    );
}

#[tokio::test]
async fn u41_metrics_are_for_this_machine_and_for_bearers() {
    let gateway = TestGateway::start().await;
    let far = "X-Forwarded-For: 192.0.2.44\r\n";
    let refused = get(&gateway, "/metrics", far).await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let wrong = format!("{far}Authorization: Bearer nope\r\n");
    let refused = get(&gateway, "/metrics", &wrong).await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let token = openclaw_testkit::gateway::TOKEN;
    let right = format!("{far}Authorization: Bearer {token}\r\n");
    let page = get(&gateway, "/metrics", &right).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("openclaw_build_info"), "{page}");
    assert!(!page.contains(token));
}

#[tokio::test]
async fn refusals_are_counted_by_reason() {
    let gateway = TestGateway::start().await;
    let mut wire = gateway.wire().await;
    let params = openclaw_testkit::wire::operator_params(Some("wrong"), &[]);
    let answer = wire.connect(params, None).await.unwrap();
    assert_eq!(answer["ok"], false);
    let page = get(&gateway, "/metrics", "").await;
    let counted = page
        .lines()
        .any(|line| line.starts_with("openclaw_handshakes_refused_total{") && line.ends_with(" 1"));
    assert!(counted, "{page}");
}
