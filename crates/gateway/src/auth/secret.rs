//! Comparing and minting credentials.

use data_encoding::BASE64URL_NOPAD;
use openclaw_config::secret::Secret;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

use crate::records::CredentialHash;

/// SHA-256 of a credential.
pub fn hash(credential: &str) -> CredentialHash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, credential.as_bytes()).as_ref());
    CredentialHash(bytes)
}

/// Compares two hashes in constant time.
pub fn same(left: CredentialHash, right: CredentialHash) -> bool {
    left.0.ct_eq(&right.0).into()
}

/// Whether `sent` is `expected`. Both sides are hashed first, so that neither length nor content leaks through time.
pub fn matches(expected: &Secret, sent: &str) -> bool {
    same(hash(expected.expose()), hash(sent))
}

/// A new credential: 32 random bytes as 43 characters of base64url.
///
/// # Panics
/// When the operating system has no randomness, which no credential can survive.
pub fn mint() -> String {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system provides randomness");
    BASE64URL_NOPAD.encode(&bytes)
}

/// A random number below `limit`; the bias of a 32-bit draw does not matter for delays and small codes.
///
/// # Panics
/// When the operating system has no randomness.
pub fn random_below(limit: u32) -> u32 {
    let mut bytes = [0; 4];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system provides randomness");
    u32::from_le_bytes(bytes) % limit.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s16_any_text_compares_without_panicking() {
        let secret = Secret::new("tökén".to_owned());
        for (sent, expected) in [
            ("tökén", true),
            ("tokén", false),
            ("", false),
            ("t", false),
            ("tökén ", false),
        ] {
            assert_eq!(matches(&secret, sent), expected, "{sent:?}");
        }
    }

    #[test]
    fn minted_credentials_are_opaque_and_different() {
        let (one, two) = (mint(), mint());
        assert_eq!(one.len(), 43);
        assert_ne!(one, two);
    }
}
