//! Device proofs: the recorded ones were made by the releases themselves.

use std::collections::BTreeSet;

use openclaw_protocol::device::{ProofFields, ProofVersion, PublicKey, decode_base64};
use openclaw_protocol::handshake::ConnectParams;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::assert_same_set;
use crate::transcript::{Connection, From, read, v3_connections, v4_connections};

/// What the recording of 2026.9.6 shows instead of a signature.
const PLACEHOLDER: &str = "<ED25519_SIG_B64URL>";

/// Refusals that come before the signature is looked at.
const BEFORE_THE_SIGNATURE: [&str; 4] = [
    "device identity mismatch",
    "device nonce mismatch",
    "device nonce required",
    "device signature expired",
];

/// Connections whose device the recorded gateway was told not to look at.
const IGNORED_DEVICES: [&str; 1] =
    ["08-tailscale-identity.json controlui-disabled-device-auth-bad-device-ignored"];

/// The connection that ended before the answer came.
const CUT_OFF: &str = "23-limits-timeouts.json pipelined-device";

fn proofs(connections: Vec<Connection>) -> Vec<(Connection, ConnectParams, Value)> {
    let mut all = Vec::new();
    for connection in connections {
        for frame in &connection.frames {
            let Some(value) = &frame.value else { continue };
            if frame.from == From::Gateway || value["method"] != "connect" {
                continue;
            }
            let raw = RawValue::from_string(value["params"].to_string()).unwrap();
            let Ok(params) = ConnectParams::parse(Some(raw.get())) else {
                continue;
            };
            if params.device.is_some() {
                all.push((connection.clone(), params, value["id"].clone()));
            }
        }
    }
    all
}

fn payload(params: &ConnectParams, version: ProofVersion) -> String {
    let device = params.device.as_ref().unwrap();
    ProofFields {
        device_id: &device.id,
        client_id: &params.client.id,
        client_mode: &params.client.mode,
        role: params.role.as_deref().unwrap_or("operator"),
        scopes: params.scopes.as_deref().unwrap_or_default(),
        signed_at: device.signed_at,
        token: params
            .auth
            .as_ref()
            .and_then(|auth| auth.signed_token())
            .unwrap_or_default(),
        nonce: device.nonce.as_deref().unwrap_or_default(),
        platform: &params.client.platform,
        device_family: params.client.device_family.as_deref().unwrap_or_default(),
    }
    .payload(version)
}

fn verifies(params: &ConnectParams, version: ProofVersion) -> bool {
    let device = params.device.as_ref().unwrap();
    let Some(key) = PublicKey::parse(&device.public_key) else {
        return false;
    };
    decode_base64(&device.signature)
        .is_some_and(|signature| key.verifies(&payload(params, version), &signature))
}

#[test]
fn recorded_signatures_verify_or_fail_as_the_answer_says() {
    let (mut good, mut bad) = (0, 0);
    let mut before = BTreeSet::new();
    for (connection, params, id) in proofs(v3_connections()) {
        let name = &connection.name;
        if IGNORED_DEVICES.contains(&name.as_str()) {
            assert!(!verifies(&params, ProofVersion::V2), "{name}");
            continue;
        }
        let device = params.device.as_ref().unwrap();
        let Some(response) = connection.response(&id) else {
            assert_eq!(name, CUT_OFF);
            continue;
        };
        let message = response["error"]["message"].as_str().unwrap_or("ok");
        let key = PublicKey::parse(&device.public_key);
        let is_its_own = key.is_some_and(|key| key.device_id() == device.id);
        if message == "device identity mismatch" {
            assert!(!is_its_own, "{name}");
        }
        if BEFORE_THE_SIGNATURE.contains(&message) {
            before.insert(message.to_owned());
            continue;
        }
        let version = if device.nonce.is_some() {
            ProofVersion::V2
        } else {
            ProofVersion::V1
        };
        if message == "device signature invalid" {
            assert!(!verifies(&params, version), "{name}");
            bad += 1;
        } else {
            assert!(is_its_own, "{name}: {message}");
            assert!(verifies(&params, version), "{name}: {message}");
            good += 1;
        }
    }
    assert!(good > 60 && bad >= 6, "{good} good, {bad} bad");
    assert_same_set(
        "before",
        &before,
        &BEFORE_THE_SIGNATURE.map(String::from).into(),
    );
}

#[test]
fn the_published_vector_is_ours() {
    let vector = read("v3", "01-connect-token-device.json")["signature"].clone();
    let (_, params, _) = proofs(v3_connections()).remove(0);
    assert_eq!(payload(&params, ProofVersion::V2), vector["payload"]);
    assert_eq!(params.device.unwrap().signature, vector["signature"]);
}

/// The recording of 2026.9.6 has no signatures, but everything that its clients sign.
#[test]
fn payloads_of_the_newer_clients() {
    let proofs = proofs(v4_connections());
    assert!(proofs.len() > 20, "{}", proofs.len());
    for (connection, params, _) in &proofs {
        let device = params.device.as_ref().unwrap();
        assert_eq!(device.signature, PLACEHOLDER, "{}", connection.name);
        let text = payload(params, ProofVersion::V3);
        let fields: Vec<_> = text.split('|').collect();
        assert_eq!(fields.len(), 11, "{text}");
        assert_eq!(fields[0], "v3");
        assert_eq!(fields[8], device.nonce.as_deref().unwrap().trim());
        let family = params.client.device_family.as_deref().unwrap_or_default();
        assert_eq!(fields[9], params.client.platform.to_ascii_lowercase());
        assert_eq!(fields[10], family.to_ascii_lowercase());
        let shorter = payload(params, ProofVersion::V2);
        assert_eq!(
            shorter.split_once('|').unwrap().1,
            fields[1..9].join("|"),
            "v2 is v3 without platform and family"
        );
    }
}
