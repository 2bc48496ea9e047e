//! No live secret in anything that is written down or printed unasked.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::place::Place;

const TOKEN: &str = "live-token-zq81-secret";
const PASSWORD: &str = "live-password-zq81-secret";
const WRONG_TOKEN: &str = "live-wrong-token-zq81";
const WRONG_PASSWORD: &str = "live-wrong-password-zq81";

/// Everything that was told, by who told it.
#[derive(Default)]
struct Told(Vec<(String, String)>);

impl Told {
    fn run(&mut self, place: &Place, line: &[&str]) {
        let ran = place.run(line);
        assert!(ran.code.is_some_and(|code| code < 2), "{line:?} {ran:?}");
        self.0.push((format!("{line:?}"), ran.out + &ran.err));
    }

    fn add(&mut self, who: &str, text: String) {
        self.0.push((who.to_owned(), text));
    }
}

/// Texts between quotes in a file that are as long as the tokens of devices.
fn device_tokens(text: &str) -> Vec<String> {
    text.split('"')
        .filter(|text| text.len() == 43 && !text.contains(' '))
        .map(str::to_owned)
        .collect()
}

fn get(port: u16, path: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    stream.read_to_string(&mut String::new()).unwrap();
}

/// Every file below a folder, as far as it is text.
fn files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            found.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn u30_no_live_secret_is_logged_or_printed() {
    let place = Place::with_gateway(
        &json!({ "auth": { "token": TOKEN, "password": PASSWORD, "mode": "token" } }),
    )
    .with_env("OPENCLAW_LOG_LEVEL", "trace");
    let gateway = place.gateway(&["--verbose", "--ws-log", "full"]);
    let (port, url) = (gateway.port.to_string(), gateway.url());
    let mut told = Told::default();

    // Codes and links are printed for the one who asks for them, and nowhere else.
    let setup = place.run(&["qr", "--force", "--json"]).ok().json();
    let code = setup["setupCode"].as_str().unwrap().to_owned();
    let inside = data_encoding::BASE64URL_NOPAD
        .decode(code.as_bytes())
        .unwrap();
    let inside: Value = serde_json::from_slice(&inside).unwrap();
    let bootstrap = inside["bootstrapToken"].as_str().unwrap().to_owned();
    let join = ["devices", "join-code", "--force", "--operator", "--json"];
    let link = place.run(&join).ok().json()["joinUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    let join_code = link.rsplit('/').next().unwrap().to_owned();
    assert!(join_code.len() >= 22 && bootstrap.len() >= 22);

    let laptop = Place::new();
    told.run(&laptop, &["connect", &link]);
    let phone = Place::new();
    let mut paired = phone.start(&["node", "run", "--pair", &code]);
    paired.wait_for("connected");
    let mut node = place.start(&["node", "run", "--host", "127.0.0.1", "--port", &port]);
    node.wait_for("connected");
    get(gateway.port, &format!("/?token={TOKEN}"));
    get(gateway.port, &format!("/chat?password={PASSWORD}&x=1"));
    get(gateway.port, &format!("/j/{join_code}"));
    for line in [
        &["health", "--url", &url, "--token", TOKEN][..],
        &["health", "--url", &url, "--token", WRONG_TOKEN],
        &["health", "--url", &url, "--password", WRONG_PASSWORD],
        &["health", "--url", "ws://127.0.0.1:1", "--token", TOKEN],
        &["gateway", "health", "--token", TOKEN],
        &[
            "gateway", "probe", "--url", &url, "--token", TOKEN, "--json",
        ],
        &["gateway", "call", "config.get"],
        &["gateway", "call", "remote.status"],
        &["gateway", "call", "logs.tail"],
        &["gateway", "status", "--deep"],
        &["gateway", "status", "--deep", "--json"],
        &["status"],
        &["status", "--all"],
        &["status", "--deep", "--json"],
        &["health", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["doctor", "--url", &url, "--token", WRONG_TOKEN],
        &["security", "audit", "--deep", "--json"],
        &["config", "validate"],
        &["dashboard", "--no-open"],
        &["devices", "list", "--json"],
        &["nodes", "list", "--json"],
        &["audit", "list", "--json"],
        &["logs", "--limit", "5000"],
        &["logs", "--json", "--limit", "5000"],
    ] {
        told.run(&place, line);
    }
    told.run(&laptop, &["status", "--all"]);
    told.run(&laptop, &["gateway", "status", "--json"]);
    told.run(&laptop, &["doctor", "--json"]);
    told.add("the node host", node.terminate().1.join("\n"));
    told.add("the paired node host", paired.terminate().1.join("\n"));
    let (status, console) = gateway.running.terminate();
    assert!(status.success());
    told.add("the console", console.join("\n"));
    told.add("the log", fs::read_to_string(place.log()).unwrap());
    told.run(&place, &["logs", "--limit", "5000"]);
    told.run(&place, &["status", "--all"]);
    // The books of the gateway hold hashes only.
    let mut state = Vec::new();
    files(&place.path(".openclaw"), &mut state);
    state.retain(|(name, _)| !name.contains("openclaw.json") && !name.contains("/identity/"));
    assert!(
        state.iter().any(|(name, _)| name.contains(".sqlite")),
        "{state:?}"
    );
    told.0.extend(state);

    let mut secrets = vec![
        TOKEN.to_owned(),
        PASSWORD.to_owned(),
        WRONG_TOKEN.to_owned(),
        WRONG_PASSWORD.to_owned(),
        bootstrap,
        join_code,
        code,
    ];
    for owner in [&place, &laptop, &phone] {
        let tokens = device_tokens(&owner.read(".openclaw/identity/device-auth.json"));
        assert!(!tokens.is_empty());
        secrets.extend(tokens);
    }
    for secret in &secrets {
        for (who, text) in &told.0 {
            assert!(!text.contains(secret), "{secret} is told by {who}");
        }
    }
}
