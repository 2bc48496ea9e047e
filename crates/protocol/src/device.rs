//! Device identity: ids, keys and the signed proof payloads v1, v2 and v3.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER};
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};

/// Length of an Ed25519 public key, in bytes.
pub const PUBLIC_KEY_LEN: usize = 32;
/// DER prefix of an Ed25519 `SubjectPublicKeyInfo`.
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A raw Ed25519 public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; PUBLIC_KEY_LEN]);

impl PublicKey {
    /// From raw bytes.
    pub const fn from_raw(raw: [u8; PUBLIC_KEY_LEN]) -> Self {
        Self(raw)
    }

    /// Parses base64url or base64, padded or not, or a PEM `PUBLIC KEY` block.
    pub fn parse(text: &str) -> Option<Self> {
        // Raw first: a key in base64url may hold any letters, those of a PEM header too.
        if let Some(raw) = decode_base64(text.trim())
            && let Ok(raw) = raw.try_into()
        {
            return Some(Self(raw));
        }
        if !text.contains("-----BEGIN") {
            return None;
        }
        let body: String = text
            .lines()
            .filter(|line| !line.contains("-----"))
            .map(str::trim)
            .collect();
        let der = decode_base64(&body)?;
        let raw = der.strip_prefix(&SPKI_PREFIX[..])?;
        Some(Self(raw.try_into().ok()?))
    }

    /// The raw bytes.
    pub const fn raw(&self) -> &[u8; PUBLIC_KEY_LEN] {
        &self.0
    }

    /// The stored form: unpadded base64url.
    pub fn to_base64url(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// `SubjectPublicKeyInfo` in PEM, as identity files hold it.
    pub fn to_pem(&self) -> String {
        let mut der = SPKI_PREFIX.to_vec();
        der.extend_from_slice(&self.0);
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            BASE64.encode(&der)
        )
    }

    /// The device id: lowercase hex SHA-256 of the raw key.
    pub fn device_id(&self) -> String {
        HEXLOWER.encode(digest(&SHA256, &self.0).as_ref())
    }

    /// Whether `signature` (base64url or base64) is this key's over `payload`.
    pub fn verifies(&self, payload: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(payload.as_bytes(), signature)
            .is_ok()
    }
}

/// Decodes base64url or standard base64, padded or not.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let standard = text.contains(['+', '/']);
    let padded = text.ends_with('=');
    match (standard, padded) {
        (false, false) => BASE64URL_NOPAD.decode(text.as_bytes()),
        (false, true) => BASE64URL.decode(text.as_bytes()),
        (true, false) => BASE64_NOPAD.decode(text.as_bytes()),
        (true, true) => BASE64.decode(text.as_bytes()),
    }
    .ok()
}

/// Lowercase hex SHA-256 of a text.
pub fn sha256_hex(text: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
}

/// Everything a proof signs. `scopes` is exactly the list as sent.
#[derive(Debug, Clone, Copy)]
pub struct ProofFields<'a> {
    /// Device id.
    pub device_id: &'a str,
    /// `client.id`.
    pub client_id: &'a str,
    /// `client.mode`.
    pub client_mode: &'a str,
    /// Effective role.
    pub role: &'a str,
    /// Scopes as sent, before any default.
    pub scopes: &'a [String],
    /// `device.signedAt`.
    pub signed_at: i64,
    /// Token in use, empty for none.
    pub token: &'a str,
    /// Challenge nonce; only payload v1 goes without.
    pub nonce: &'a str,
    /// `client.platform` (v3).
    pub platform: &'a str,
    /// `client.deviceFamily` (v3).
    pub device_family: &'a str,
}

/// Generation of the proof payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofVersion {
    /// Without nonce; only direct local clients of protocol 3 may use it.
    V1,
    /// With nonce.
    V2,
    /// With nonce, platform and device family.
    V3,
}

impl ProofFields<'_> {
    /// The text to sign.
    pub fn payload(&self, version: ProofVersion) -> String {
        let scopes = self.scopes.join(",");
        let signed_at = self.signed_at.to_string();
        let nonce = self.nonce.trim();
        let platform = normalize(self.platform);
        let family = normalize(self.device_family);
        let (name, tail): (&str, &[&str]) = match version {
            ProofVersion::V1 => ("v1", &[]),
            ProofVersion::V2 => ("v2", &[nonce]),
            ProofVersion::V3 => ("v3", &[nonce, &platform, &family]),
        };
        let mut fields = vec![
            name,
            self.device_id,
            self.client_id,
            self.client_mode,
            self.role,
            &scopes,
            &signed_at,
            self.token,
        ];
        fields.extend_from_slice(tail);
        fields.join("|")
    }
}

fn normalize(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_key_may_look_like_a_header() {
        let text = "-----BEGIN-KEY-----AAAAAAAAAAAAAAAAAAAAAAAA";
        let key = PublicKey::parse(text).unwrap();
        assert_eq!(key.to_base64url(), text);
        assert_eq!(PublicKey::parse(&key.to_pem()), Some(key));
        assert_eq!(PublicKey::parse("BEGIN"), None);
    }

    /// Recorded from release 2026.1.30.
    #[test]
    fn recorded_signature_verifies() {
        let key = PublicKey::parse("aklYjPrV-MTVYth4D5nKPLhBSWVKFM-ABnn5yCGk24k").unwrap();
        let id = "a2c98006f056be31e995b811bdf38b1674c3be1986881193cd18d352623f96b5";
        assert_eq!(key.device_id(), id);
        assert_eq!(PublicKey::parse(&key.to_pem()), Some(key));
        let scopes = ["operator.admin", "operator.approvals", "operator.pairing"].map(String::from);
        let fields = ProofFields {
            device_id: id,
            client_id: "gateway-client",
            client_mode: "ui",
            role: "operator",
            scopes: &scopes,
            signed_at: 1_795_364_060_155,
            token: "tok-a",
            nonce: "3542ef2d-7591-4aa4-a86e-9c406458fe5c",
            platform: "linux",
            device_family: "",
        };
        let signature = decode_base64(
            "3velsBB9mIs74BbYGVHAkDOm0A_TgPbEPRFMFvwT-LNisyQ3YbjIJIAcGaRLWgV1uYoSOUoBRyfZVsJdd5SqBg",
        )
        .unwrap();
        assert!(key.verifies(&fields.payload(ProofVersion::V2), &signature));
        assert!(!key.verifies(&fields.payload(ProofVersion::V3), &signature));
    }
}
