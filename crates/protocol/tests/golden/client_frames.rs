//! What clients sent.

use std::collections::BTreeSet;

use openclaw_protocol::frame::{FrameError, RequestFrame, encode_request};
use openclaw_protocol::handshake::ConnectParams;
use openclaw_protocol::methods::{
    RequestIdParams, approvals, config, decode_params, device, health, logs, node, system,
};
use openclaw_protocol::schema;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::{assert_same_set, compare, strip_elided};
use crate::transcript::{Connection, Frame, From, connections};

/// Members that the recordings of client frames leave out.
const ELIDED: [&str; 4] = [
    "connect.caps[]",
    "connect.commands[]",
    "connect.scopes[]",
    "users.prefs.get.keys[]",
];

/// Members that are not the same after decoding and encoding. Those that are lost were sent to see them refused, have
/// a wrong type where that counts as absent, say `null` for nothing, or are of no use to a gateway. The one that is
/// won is a value that a node put where text belongs.
const MEMBERS: [&str; 14] = [
    "+ node.invoke.result.payload",
    "- connect.client.buildId",
    "- connect.client.foo",
    "- connect.foo",
    "- connect.modelCatalog",
    "- logs.tail.follow",
    "- node.invoke.result.error",
    "- node.invoke.result.error.extra",
    "- node.invoke.result.payloadJSON",
    "- request.extra",
    "- request.params",
    "- request.x",
    "- system-event.lastInputSeconds",
    "- system-event.tags",
];

/// Connections that 2026.1.30 ended because of the frame, before it looked at the params.
const ENDED_BY_THE_FRAME: [&str; 1] = ["03-handshake-frame-errors.json req-extra-key"];

/// Refused before their params are looked at, or refused in words that no schema makes.
const WORDED_BY_HAND: [&str; 1] = ["invalid set-heartbeats params: enabled (boolean) required"];

/// Decodes the params of one method and encodes them again; `None` where they stay raw.
fn round_trip(method: &str, params: &str) -> Option<Result<Value, String>> {
    macro_rules! through {
        ($type:ty) => {
            decode_params::<$type>(method, params)
                .map(|params| serde_json::to_value(params).unwrap())
                .map_err(|error| error.message)
        };
    }
    Some(match method {
        "connect" => {
            let raw = RawValue::from_string(params.to_owned()).unwrap();
            ConnectParams::parse(Some(raw.get()))
                .map(|params| serde_json::to_value(params).unwrap())
                .map_err(|error| error.message)
        }
        "health" => through!(health::HealthParams),
        "logs.tail" => through!(logs::LogsTailParams),
        "system-event" => through!(system::SystemEventParams),
        "node.describe" | "exec.approvals.node.get" => through!(node::NodeIdParams),
        "node.rename" => through!(node::NodeRename),
        "node.invoke" => through!(node::NodeInvokeParams<'_>),
        "node.invoke.result" => through!(node::NodeInvokeResultParams<'_>),
        "node.event" => through!(node::NodeEventParams<'_>),
        "node.pair.request" => through!(node::NodeSurface),
        "node.pair.verify" => through!(node::NodePairVerifyParams),
        "node.pair.approve" | "node.pair.reject" | "device.pair.approve" | "device.pair.reject" => {
            through!(RequestIdParams)
        }
        "device.pair.rename" => through!(device::DeviceRename),
        "device.token.rotate" | "device.token.revoke" => through!(device::DeviceTokenParams),
        "config.set" | "config.patch" | "config.apply" => through!(config::ConfigChangeParams),
        "exec.approval.request" => through!(approvals::ExecApprovalRequestParams),
        "exec.approval.resolve" => through!(approvals::ExecApprovalResolveParams),
        "exec.approvals.set" | "exec.approvals.node.set" => {
            through!(approvals::ExecApprovalsSetParams<'_>)
        }
        _ => return None,
    })
}

/// The recorded complaint without the parts about unknown keys, which this gateway tolerates.
fn tolerant(message: &str) -> Option<String> {
    let (head, detail) = message.split_once(": ")?;
    let parts: Vec<_> = detail
        .split("; ")
        .filter(|part| !part.contains("unexpected property"))
        .collect();
    (!parts.is_empty()).then(|| format!("{head}: {}", parts.join("; ")))
}

/// The complaint about params or frame that the recorded gateway answered with, if it did.
fn complaint(connection: &Connection, id: &Value) -> Option<String> {
    let message = connection.response(id)?["error"]["message"].as_str()?;
    let about_params = message.starts_with("invalid ") && message.contains(" params: ");
    (about_params && !WORDED_BY_HAND.contains(&message)).then(|| message.to_owned())
}

#[derive(Default)]
struct Met {
    elided: BTreeSet<String>,
    members: BTreeSet<String>,
}

fn check_request(connection: &Connection, frame: &Frame, met: &mut Met) {
    let name = &connection.name;
    let value = frame.value.as_ref().unwrap();
    let request = RequestFrame::parse(&frame.text).unwrap();
    let id: String = serde_json::from_str(request.id).unwrap();
    let encoded = encode_request(&id, &request.method, request.params);
    let encoded: Value = serde_json::from_str(&encoded).unwrap();
    compare(value, &encoded, "request", &mut met.members);

    let method = request.method.as_ref();
    let is_second_connect = method == "connect"
        && connection
            .frames
            .iter()
            .find(|frame| frame.from == From::Client)
            .map(|frame| &frame.text)
            != Some(&frame.text);
    if is_second_connect || ENDED_BY_THE_FRAME.contains(&name.as_str()) {
        // Refused before anybody looked at the params.
        return;
    }
    let mut params = value.get("params").cloned().unwrap_or_default();
    strip_elided(&mut params, method, &mut met.elided);
    let complaint = complaint(connection, &value["id"]);
    let expected = complaint.as_deref().and_then(tolerant);
    let raw = if method != "connect" && params.is_null() {
        String::from("{}")
    } else {
        params.to_string()
    };
    match round_trip(method, &raw) {
        Some(Ok(encoded)) => {
            assert_eq!(expected, None, "{name} {method}: accepted {raw}");
            let sent = serde_json::from_str(&raw).unwrap();
            compare(&sent, &encoded, method, &mut met.members);
        }
        Some(Err(message)) => assert_eq!(Some(message), expected, "{name} {method} {raw}"),
        None => {
            let explained = schema::params_schema(method)
                .map(|schema| schema.explain(&serde_json::from_str(&raw).unwrap()))
                .filter(|explained| !explained.is_empty())
                .map(|explained| format!("invalid {method} params: {explained}"));
            assert_eq!(explained, expected, "{name} {method} {raw}");
        }
    }
}

#[test]
fn requests_decode_and_encode_to_the_same() {
    let mut met = Met::default();
    let mut requests = 0;
    for connection in connections() {
        for frame in connection
            .frames
            .iter()
            .filter(|frame| frame.from == From::Client)
        {
            if RequestFrame::parse(&frame.text).is_ok() {
                check_request(&connection, frame, &mut met);
                requests += 1;
            }
        }
    }
    assert!(requests > 600, "{requests}");
    assert_same_set("elided", &met.elided, &ELIDED.map(String::from).into());
    assert_same_set("members", &met.members, &MEMBERS.map(String::from).into());
}

#[test]
fn what_is_no_request_is_answered_as_recorded() {
    let mut answered = 0;
    for connection in connections() {
        for (index, frame) in connection.frames.iter().enumerate() {
            if frame.from == From::Gateway {
                continue;
            }
            let Err(error) = RequestFrame::parse(&frame.text) else {
                continue;
            };
            let answer = connection
                .frames
                .get(index + 1)
                .and_then(|frame| frame.value.as_ref());
            let message = answer.and_then(|answer| answer["error"]["message"].as_str());
            let recorded = message.filter(|message| message.starts_with("invalid request frame: "));
            match (error, recorded) {
                // Not JSON: ignored, or the connection ends.
                (FrameError::NotJson(_), None) => {}
                // Before the hello the connection ends without an answer.
                (FrameError::Invalid { .. }, None) => {
                    assert!(connection.name.starts_with("03-"), "{}", connection.name);
                }
                (FrameError::Invalid { id, detail }, Some(recorded)) => {
                    let expected = tolerant(recorded).unwrap();
                    assert_eq!(format!("invalid request frame: {detail}"), expected);
                    let id = id.map_or("\"invalid\"".into(), |id| id.get().to_owned());
                    assert_eq!(id, answer.unwrap()["id"].to_string());
                    answered += 1;
                }
                (error, recorded) => panic!("{}: {error} {recorded:?}", connection.name),
            }
        }
    }
    assert_eq!(answered, 9);
}
