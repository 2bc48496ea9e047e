//! A device key that signs whatever a test wants signed.

use data_encoding::BASE64URL_NOPAD;
use openclaw_protocol::device::{ProofFields, ProofVersion, PublicKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

/// An Ed25519 device key.
#[derive(Debug)]
pub struct TestDevice {
    key: Ed25519KeyPair,
}

impl Default for TestDevice {
    fn default() -> Self {
        Self::new()
    }
}

impl TestDevice {
    /// A fresh key.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn new() -> Self {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).expect("randomness");
        Self::from_seed(seed)
    }

    /// The key of a seed, for tests that must repeat.
    ///
    /// # Panics
    /// Never: any 32 bytes are a key.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self {
            key: Ed25519KeyPair::from_seed_unchecked(&seed).expect("a 32 byte seed is a key"),
        }
    }

    fn public(&self) -> PublicKey {
        let raw = self
            .key
            .public_key()
            .as_ref()
            .try_into()
            .expect("an Ed25519 key has 32 bytes");
        PublicKey::from_raw(raw)
    }

    /// Device id.
    pub fn id(&self) -> String {
        self.public().device_id()
    }

    /// Unpadded base64url of the public key.
    pub fn public_key(&self) -> String {
        self.public().to_base64url()
    }

    /// The `device` member for connect params that are complete but for it.
    pub fn proof(&self, params: &Value, challenge: &Value, version: ProofVersion) -> Value {
        self.proof_at(
            params,
            challenge,
            version,
            challenge["ts"].as_i64().unwrap_or(0),
        )
    }

    /// Like [`Self::proof`], signing another time than the challenge's.
    pub fn proof_at(
        &self,
        params: &Value,
        challenge: &Value,
        version: ProofVersion,
        signed_at: i64,
    ) -> Value {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let auth = &params["auth"];
        let token = ["token", "deviceToken", "bootstrapToken"]
            .into_iter()
            .find_map(|key| auth[key].as_str().filter(|token| !token.is_empty()))
            .unwrap_or_default()
            .to_owned();
        let scopes: Vec<String> = params["scopes"]
            .as_array()
            .map(|list| list.iter().map(text).collect())
            .unwrap_or_default();
        let (client, id) = (&params["client"], self.id());
        let nonce = if version == ProofVersion::V1 {
            String::new()
        } else {
            text(&challenge["nonce"])
        };
        let fields = ProofFields {
            device_id: &id,
            client_id: client["id"].as_str().unwrap_or_default(),
            client_mode: client["mode"].as_str().unwrap_or_default(),
            role: params["role"].as_str().unwrap_or("operator"),
            scopes: &scopes,
            signed_at,
            token: &token,
            nonce: &nonce,
            platform: client["platform"].as_str().unwrap_or_default(),
            device_family: client["deviceFamily"].as_str().unwrap_or_default(),
        };
        let signature = self.key.sign(fields.payload(version).as_bytes());
        let mut proof = json!({
            "id": id,
            "publicKey": self.public_key(),
            "signature": BASE64URL_NOPAD.encode(signature.as_ref()),
            "signedAt": signed_at,
        });
        if version != ProofVersion::V1 {
            proof["nonce"] = json!(nonce);
        }
        proof
    }
}
