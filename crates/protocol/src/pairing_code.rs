//! The short code people type to approve a pairing request.

use ring::digest::{SHA256, digest};

/// Characters of a code; those that are easily confused are left out.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The code of a pairing request: 8 characters, derived from the request id so that every side computes the same.
pub fn pairing_code(request_id: &str) -> String {
    let hash = digest(&SHA256, request_id.as_bytes());
    let bits = hash.as_ref()[..5]
        .iter()
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    (0..8)
        .rev()
        .map(|group| char::from(ALPHABET[usize::try_from(bits >> (group * 5) & 31).unwrap_or(0)]))
        .collect()
}

/// What a person typed, as a code is written: upper case, without dashes and spaces.
pub fn normalize_code(typed: &str) -> String {
    typed
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}
