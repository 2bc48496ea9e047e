//! Checks the device proof of a connect request.

use openclaw_protocol::device::{ProofFields, ProofVersion, PublicKey, decode_base64};
use openclaw_protocol::handshake::ConnectParams;
use openclaw_protocol::limits::SIGNATURE_SKEW_MS;
use openclaw_protocol::scope::Role;

use crate::peer::PeerClass;

/// What the gateway challenged with.
#[derive(Debug, Clone, Copy)]
pub struct Challenge<'a> {
    /// Nonce.
    pub nonce: &'a str,
    /// Time, milliseconds since the epoch.
    pub ts: i64,
}

/// Why a proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofError {
    /// The key does not decode, or does not hash to the device id.
    IdMismatch,
    /// No nonce, and not a direct local client of protocol 3.
    NonceMissing,
    /// Another nonce than the challenge's.
    NonceMismatch,
    /// Signed too long ago or in the future, by this many milliseconds (client minus gateway).
    Expired {
        /// Client clock minus gateway clock.
        skew_ms: i64,
    },
    /// The signature is not the key's over any known payload.
    Signature,
}

/// Verifies the proof and returns the proven key, or `None` when no device was sent.
///
/// Freshness comes from the nonce: a client that signs the challenge's own time may have any clock. Only a proof that
/// signs another time is held to the window, as older releases do.
pub fn verify(
    params: &ConnectParams,
    role: Role,
    peer: PeerClass,
    challenge: Challenge<'_>,
    now_ms: i64,
) -> Result<Option<PublicKey>, ProofError> {
    let Some(device) = &params.device else {
        return Ok(None);
    };
    let key = PublicKey::parse(&device.public_key).ok_or(ProofError::IdMismatch)?;
    if key.device_id() != device.id {
        return Err(ProofError::IdMismatch);
    }
    let skew_ms = device.signed_at.saturating_sub(now_ms);
    if device.signed_at != challenge.ts && skew_ms.saturating_abs() > SIGNATURE_SKEW_MS {
        return Err(ProofError::Expired { skew_ms });
    }
    let nonce = device
        .nonce
        .as_deref()
        .map(str::trim)
        .filter(|nonce| !nonce.is_empty());
    let versions: &[ProofVersion] = match nonce {
        None if peer != PeerClass::Remote && params.max_protocol == 3 => &[ProofVersion::V1],
        None => return Err(ProofError::NonceMissing),
        Some(nonce) if nonce != challenge.nonce => return Err(ProofError::NonceMismatch),
        // The order only matters for speed: most clients of protocol 4 sign v3.
        Some(_) if params.max_protocol > 3 => &[ProofVersion::V3, ProofVersion::V2],
        Some(_) => &[ProofVersion::V2, ProofVersion::V3],
    };
    let signature = decode_base64(&device.signature).ok_or(ProofError::Signature)?;
    let fields = ProofFields {
        device_id: &device.id,
        client_id: &params.client.id,
        client_mode: &params.client.mode,
        role: role.name(),
        scopes: params.scopes.as_deref().unwrap_or_default(),
        signed_at: device.signed_at,
        token: params
            .auth
            .as_ref()
            .and_then(|auth| auth.signed_token())
            .unwrap_or_default(),
        nonce: nonce.unwrap_or_default(),
        platform: &params.client.platform,
        device_family: params.client.device_family.as_deref().unwrap_or_default(),
    };
    let verified = versions
        .iter()
        .any(|version| key.verifies(&fields.payload(*version), &signature));
    if verified {
        Ok(Some(key))
    } else {
        Err(ProofError::Signature)
    }
}
