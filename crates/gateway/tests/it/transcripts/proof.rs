//! Device proofs cannot be played as they are: they sign a nonce. This makes one that is right, or wrong in the same way.

use data_encoding::BASE64;
use openclaw_protocol::device::{ProofFields, ProofVersion, PublicKey, decode_base64};
use openclaw_testkit::TestDevice;
use serde_json::{Value, json};

/// The proof that stands for the recorded one, for `params` that are ready but for it.
pub(super) fn renewed(
    recorded: &Value,
    recorded_challenge: &Value,
    params: &Value,
    challenge: &Value,
    device: &TestDevice,
) -> Value {
    let proof = &recorded["device"];
    if !is_well_formed(proof) {
        return proof.clone();
    }
    let version = version_of(recorded);
    let (recorded_nonce, nonce) = (&recorded_challenge["nonce"], &challenge["nonce"]);
    let sent = proof["nonce"].as_str();
    // What was signed: the challenge's nonce, perhaps with spaces around it, or another one.
    let signed = match sent {
        Some(sent) if Some(sent.trim()) == recorded_nonce.as_str() => nonce.clone(),
        Some(sent) => json!(sent),
        None => Value::Null,
    };
    let ahead = number(&proof["signedAt"]) - number(&recorded_challenge["ts"]);
    let signed_at = number(&challenge["ts"]) + ahead;
    let facts = json!({ "nonce": signed, "ts": challenge["ts"] });
    let mut renewed = device.proof_at(
        params,
        &facts,
        version.unwrap_or(ProofVersion::V2),
        signed_at,
    );
    match sent {
        None => drop(renewed.as_object_mut().unwrap().shift_remove("nonce")),
        Some(sent) => {
            let padded = sent.replace(recorded_nonce.as_str().unwrap(), nonce.as_str().unwrap());
            renewed["nonce"] = json!(padded);
        }
    }
    if version.is_none() {
        renewed["signature"] = proof["signature"].clone();
    }
    let key = proof["publicKey"].as_str().unwrap_or_default();
    match PublicKey::parse(key) {
        None => renewed["publicKey"] = proof["publicKey"].clone(),
        Some(parsed) if proof["id"] != parsed.device_id().as_str() => {
            renewed["id"] = proof["id"].clone();
        }
        Some(_) => {}
    }
    dress_like(&mut renewed, proof);
    renewed
}

/// Whether the members have the kinds they should; a proof that has not was never looked at.
fn is_well_formed(proof: &Value) -> bool {
    let nonempty = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    ["id", "publicKey", "signature"]
        .iter()
        .all(|name| nonempty(&proof[*name]))
        && proof["signedAt"].is_i64()
        && proof.get("nonce").is_none_or(nonempty)
}

/// Which payload the recorded signature is over, if it is a signature at all.
fn version_of(recorded: &Value) -> Option<ProofVersion> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (proof, client) = (&recorded["device"], &recorded["client"]);
    let key = PublicKey::parse(proof["publicKey"].as_str()?)?;
    let signature = decode_base64(proof["signature"].as_str()?)?;
    let scopes: Vec<String> = recorded["scopes"]
        .as_array()
        .map(|scopes| scopes.iter().map(text).collect())
        .unwrap_or_default();
    let (id, client_id, mode) = (
        text(&proof["id"]),
        text(&client["id"]),
        text(&client["mode"]),
    );
    let (token, nonce) = (text(&recorded["auth"]["token"]), text(&proof["nonce"]));
    let (platform, family) = (text(&client["platform"]), text(&client["deviceFamily"]));
    let fields = ProofFields {
        device_id: &id,
        client_id: &client_id,
        client_mode: &mode,
        role: recorded["role"].as_str().unwrap_or("operator"),
        scopes: &scopes,
        signed_at: number(&proof["signedAt"]),
        token: &token,
        nonce: &nonce,
        platform: &platform,
        device_family: &family,
    };
    let versions = match proof["nonce"].as_str() {
        None => &[ProofVersion::V1][..],
        Some(_) => &[ProofVersion::V2, ProofVersion::V3][..],
    };
    versions
        .iter()
        .copied()
        .find(|version| key.verifies(&fields.payload(*version), &signature))
}

/// Writes key and signature the way the recorded ones are written.
fn dress_like(renewed: &mut Value, proof: &Value) {
    let recorded = |name: &str| proof[name].as_str().unwrap_or_default().to_owned();
    let standard = |text: &str| text.contains(['+', '/', '=']);
    let key = recorded("publicKey");
    if let Some(ours) = renewed["publicKey"].as_str().and_then(PublicKey::parse) {
        if key.contains("BEGIN") {
            renewed["publicKey"] = json!(ours.to_pem());
        } else if standard(&key) {
            renewed["publicKey"] = json!(BASE64.encode(ours.raw()));
        }
    }
    if standard(&recorded("signature"))
        && let Some(bytes) = renewed["signature"].as_str().and_then(decode_base64)
    {
        renewed["signature"] = json!(BASE64.encode(&bytes));
    }
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}
