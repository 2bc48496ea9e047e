//! The canvas host, from the hello of a node to the file.

use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Asks as something in front of the gateway would, for somebody elsewhere.
async fn ask(gateway: &TestGateway, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.44\r\n{headers}\r\n",
        gateway.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn path(gateway: &TestGateway, address: &Value) -> String {
    let address = address.as_str().expect("an address of the canvas host");
    let base = format!("http://{}", gateway.address());
    let below = address.strip_prefix(&base).expect("the way the node came");
    format!("{below}/__openclaw__/canvas/")
}

fn write(gateway: &TestGateway, name: &str, text: &str) {
    let folder = gateway.state_dir().join("canvas");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}

#[tokio::test]
async fn a_node_reads_the_canvas_by_its_hello_as_long_as_it_is_connected() {
    let gateway = TestGateway::start().await;
    write(&gateway, "index.html", "<p>for nodes");
    for (protocol, pointer) in [(3, "/canvasHostUrl"), (4, "/pluginSurfaceUrls/canvas")] {
        let device = TestDevice::new();
        let mut params = node_params(Some(TOKEN), "Box", &["canvas.present"]);
        params["maxProtocol"] = json!(protocol);
        let mut wire = gateway.wire().await;
        let hello = wire.hello(params, Some(&device)).await;
        let address = hello.pointer(pointer).unwrap_or(&Value::Null);
        let path = path(&gateway, address);
        let answer = ask(&gateway, &path, "").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{protocol}: {answer}");
        assert!(answer.contains("<p>for nodes"), "{protocol}: {answer}");
        let mut owner = gateway.owner().await;
        owner
            .ok("device.pair.remove", json!({ "deviceId": device.id() }))
            .await;
        wire.until_end().await;
        let answer = ask(&gateway, &path, "").await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{protocol}: {answer}");
    }
}

#[tokio::test]
async fn others_show_a_credential() {
    let gateway = TestGateway::start().await;
    write(&gateway, "index.html", "<p>for nodes");
    let hello = gateway
        .wire()
        .await
        .hello(operator_params(Some(TOKEN), &["operator.read"]), None)
        .await;
    assert!(hello.get("canvasHostUrl").is_none() && hello.get("pluginSurfaceUrls").is_none());
    let plain = "/__openclaw__/canvas/";
    for (headers, status) in [
        (String::new(), "401"),
        ("Authorization: Bearer wrong\r\n".to_owned(), "401"),
        (format!("Authorization: Bearer {TOKEN}\r\n"), "200"),
    ] {
        let answer = ask(&gateway, plain, &headers).await;
        assert_eq!(answer.split(' ').nth(1), Some(status), "{headers}");
    }
}

#[tokio::test]
async fn a_canvas_that_is_off_is_not_offered() {
    let gateway = TestGateway::builder()
        .config(json!({
            "gateway": { "mode": "local", "auth": { "mode": "token", "token": TOKEN } },
            "canvasHost": { "enabled": false },
        }))
        .start()
        .await;
    let params = node_params(Some(TOKEN), "Box", &["canvas.present"]);
    let hello = gateway
        .wire()
        .await
        .hello(params, Some(&TestDevice::new()))
        .await;
    assert!(hello.get("pluginSurfaceUrls").is_none(), "{hello}");
    let answer = ask(&gateway, "/__openclaw__/canvas/", "").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[tokio::test]
async fn u02_a_changed_token_ends_the_addresses_that_the_old_one_opened() {
    let gateway = TestGateway::start().await;
    write(&gateway, "index.html", "<p>for pages");
    let mut old = gateway.operator(&["operator.read"]).await;
    let opened = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: none\r\n";
    let headers = format!("Authorization: Bearer {TOKEN}\r\n{opened}");
    let answer = ask(&gateway, "/__openclaw__/canvas/", &headers).await;
    let place = answer
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .starts_with("location: ")
                .then(|| line[10..].to_owned())
        })
        .unwrap_or_else(|| panic!("{answer}"));
    let answer = ask(&gateway, &place, "").await;
    assert!(answer.contains("<p>for pages"), "{answer}");
    gateway.apply_config(
        &json!({ "gateway": { "mode": "local", "auth": { "mode": "token", "token": "another-token-0123456789" } } }),
    );
    old.until_end().await;
    let answer = ask(&gateway, &place, "").await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}
