//! Reads both recording formats into one shape.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// Files of release 2026.1.30: all are step lists.
const V3_FILES: [&str; 31] = [
    "01-connect-token-device.json",
    "02-auth-token-failures.json",
    "03-handshake-frame-errors.json",
    "04-protocol-role.json",
    "05-device-identity.json",
    "06-remote-looking-clients.json",
    "07-password-gateway.json",
    "08-tailscale-identity.json",
    "09-post-handshake-frames.json",
    "10-scopes.json",
    "11-node-basics.json",
    "12-node-two-connections.json",
    "13-node-allowlist-config.json",
    "14-node-without-device.json",
    "15-device-pairing.json",
    "16-node-pairing.json",
    "17-revoke-live-and-pending-cross.json",
    "18-presence.json",
    "19-health-status.json",
    "20-logs-tail.json",
    "21-config-rpc.json",
    "22-exec-approvals.json",
    "23-limits-timeouts.json",
    "24-http.json",
    "25-slow-consumer.json",
    "26-tls-shutdown-sigterm.json",
    "27-real-cli.json",
    "28-real-node-host.json",
    "29-node-events-subscriptions.json",
    "30-auth-edge-cases.json",
    "31-presence-expiry.json",
];

/// Files of release 2026.9.6 that are lists of commands with their connections.
const V4_FILES: [&str; 12] = [
    "cli-local-mode.json",
    "cli-logs-follow.json",
    "cli-remote-mode.json",
    "cli-remote-pairing.json",
    "control-ui-first-load.json",
    "control-ui-owner-bootstrap.json",
    "cross-newcli-vs-2026.1.30.json",
    "cross-newnode-vs-2026.1.30.json",
    "cross-oldcli-vs-2026.9.6.json",
    "cross-oldnode-vs-2026.9.6.json",
    "node-bootstrap-enroll.json",
    "node-run-and-approve.json",
];

/// A list of connect params with the answers.
const V4_CONNECTS: &str = "connect-error-matrix.json";
/// One frame.
const V4_HELLO: &str = "hello-ok-full-admin.json";
/// Tables about methods; the catalogue test reads them.
pub(crate) const V4_TABLES: [&str; 3] = [
    "control-ui-page-methods.json",
    "control-ui-verified-stubs.json",
    "method-scopes-2026.9.1.json",
];

/// Who sent a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Gateway,
}

/// One frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) from: From,
    /// As it was; `None` for texts that are not JSON.
    pub(crate) value: Option<Value>,
    /// The text, where the recording has it.
    pub(crate) text: String,
}

/// One connection, in order.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// File and name, for messages.
    pub(crate) name: String,
    pub(crate) frames: Vec<Frame>,
}

impl Connection {
    /// The response to a request, by its raw id.
    pub(crate) fn response(&self, id: &Value) -> Option<&Value> {
        self.frames
            .iter()
            .filter(|frame| frame.from == From::Gateway)
            .filter_map(|frame| frame.value.as_ref())
            .find(|value| value["type"] == "res" && value["id"] == *id)
    }

    /// The method of the request that a response answers.
    pub(crate) fn method_of(&self, id: &Value) -> Option<&str> {
        self.frames
            .iter()
            .filter(|frame| frame.from == From::Client)
            .filter_map(|frame| frame.value.as_ref())
            .find(|value| value["id"] == *id)?["method"]
            .as_str()
    }
}

pub(crate) fn read(folder: &str, file: &str) -> Value {
    let text = fs::read_to_string(data(folder).join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn data(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder)
}

/// Every connection of both releases.
pub(crate) fn connections() -> Vec<Connection> {
    let mut all = v3_connections();
    all.extend(v4_connections());
    all
}

/// Every connection of 2026.1.30.
pub(crate) fn v3_connections() -> Vec<Connection> {
    V3_FILES.into_iter().flat_map(steps_of_file).collect()
}

fn steps_of_file(file: &str) -> Vec<Connection> {
    let transcript = read("v3", file);
    let mut order = Vec::new();
    let mut by_name = BTreeMap::new();
    for step in transcript["steps"].as_array().unwrap() {
        let (from, text) = match step["dir"].as_str().unwrap() {
            "send" => (From::Client, step["frame"].to_string()),
            "send-raw" => (From::Client, step["data"].as_str().unwrap().to_owned()),
            "recv" => (From::Gateway, step["frame"].to_string()),
            "open" | "close" | "note" | "file" | "http" => continue,
            other => panic!("{file}: unknown step {other}"),
        };
        let name = step["conn"].as_str().unwrap();
        let frames: &mut Vec<Frame> = by_name.entry(name.to_owned()).or_insert_with(|| {
            order.push(name.to_owned());
            Vec::new()
        });
        frames.push(Frame {
            from,
            value: serde_json::from_str(&text).ok(),
            text,
        });
    }
    order
        .into_iter()
        .map(|name| Connection {
            frames: by_name.remove(&name).unwrap(),
            name: format!("{file} {name}"),
        })
        .collect()
}

/// Every connection of 2026.9.6.
pub(crate) fn v4_connections() -> Vec<Connection> {
    let mut all: Vec<_> = V4_FILES.into_iter().flat_map(commands_of_file).collect();
    all.extend(connect_matrix());
    all.push(Connection {
        name: V4_HELLO.to_owned(),
        frames: vec![Frame {
            from: From::Gateway,
            text: read("v4", V4_HELLO).to_string(),
            value: Some(read("v4", V4_HELLO)),
        }],
    });
    all
}

fn commands_of_file(file: &str) -> Vec<Connection> {
    let commands = read("v4", file);
    let mut all = Vec::new();
    for command in commands.as_array().unwrap() {
        for (index, connection) in command["connections"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            let frames = connection["exchange"].as_array().unwrap().iter();
            all.push(Connection {
                name: format!("{file} {} {index}", command["label"]),
                frames: frames.map(exchanged).collect(),
            });
        }
    }
    all
}

fn exchanged(entry: &Value) -> Frame {
    let from = match entry["from"].as_str().unwrap() {
        "client" => From::Client,
        "gateway" => From::Gateway,
        other => panic!("unknown side {other}"),
    };
    Frame {
        from,
        text: entry["frame"].to_string(),
        value: Some(entry["frame"].clone()),
    }
}

/// The matrix holds params and answers; the frames around them follow from the format.
fn connect_matrix() -> Vec<Connection> {
    let cases = read("v4", V4_CONNECTS);
    let (rest, cases) = cases.as_array().unwrap().split_last().unwrap();
    assert_eq!(rest, "…24 more", "the recording was cut here");
    cases
        .iter()
        .map(|case| {
            let request = serde_json::json!({
                "type": "req", "id": "1", "method": "connect", "params": case["sent"],
            });
            let mut response = case["response"].clone();
            response["type"] = "res".into();
            response["id"] = "1".into();
            // Of a hello the matrix holds `auth` alone; the signature test and the answers to others cover the rest.
            let auth = response.as_object_mut().unwrap().remove("auth");
            if let Some(auth) = auth {
                response["payload"] =
                    serde_json::json!({ "type": "hello-ok", "protocol": 4, "auth": auth });
            }
            let frame = |from, value: Value| Frame {
                from,
                text: value.to_string(),
                value: Some(value),
            };
            Connection {
                name: format!("{V4_CONNECTS} {}", case["case"]),
                frames: vec![frame(From::Client, request), frame(From::Gateway, response)],
            }
        })
        .collect()
}

#[test]
fn every_file_is_covered() {
    let listed = |folder: &str| -> BTreeSet<String> {
        let files = fs::read_dir(data(folder)).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let v3: BTreeSet<_> = V3_FILES.map(String::from).into();
    assert_eq!(listed("v3"), v3);
    let v4: BTreeSet<_> = V4_FILES
        .into_iter()
        .chain(V4_TABLES)
        .chain([V4_CONNECTS, V4_HELLO])
        .map(String::from)
        .collect();
    assert_eq!(listed("v4"), v4);
    // Only the HTTP recording holds no frames.
    for file in V3_FILES {
        assert_eq!(
            steps_of_file(file).is_empty(),
            file == "24-http.json",
            "{file}"
        );
    }
}
