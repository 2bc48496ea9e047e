//! Six words that stand for a device id, the same on every side.
//!
//! People compare them when they approve a device. They follow from the id alone, so they never travel.

use std::sync::LazyLock;

use data_encoding::HEXLOWER_PERMISSIVE;

/// Words of a fingerprint.
pub const FINGERPRINT_WORDS: usize = 6;
/// Bits per word: the list has 2^11 words.
const WORD_BITS: usize = 11;

/// The English list of BIP-39 (MIT licence), one word a line.
static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("fingerprint/words.txt").lines().collect());

/// The six words of a device id (64 hex digits); `None` for anything else.
pub fn fingerprint(device_id_hex: &str) -> Option<[&'static str; FINGERPRINT_WORDS]> {
    let bytes = HEXLOWER_PERMISSIVE.decode(device_id_hex.as_bytes()).ok()?;
    let bytes: [u8; 32] = bytes.try_into().ok()?;
    let bits = bytes[..9]
        .iter()
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let unused = 9 * 8 - FINGERPRINT_WORDS * WORD_BITS;
    Some(std::array::from_fn(|index| {
        let after = (FINGERPRINT_WORDS - 1 - index) * WORD_BITS + unused;
        let group = bits >> after & ((1 << WORD_BITS) - 1);
        WORDS[usize::try_from(group).expect("a group has 11 bits")]
    }))
}

/// The six words in one line, separated by spaces.
pub fn fingerprint_words(device_id_hex: &str) -> Option<String> {
    Some(fingerprint(device_id_hex)?.join(" "))
}

/// The six words in two lines of three, which is easier to read aloud.
pub fn fingerprint_lines(device_id_hex: &str) -> Option<[String; 2]> {
    let words = fingerprint(device_id_hex)?;
    let (first, second) = words.split_at(FINGERPRINT_WORDS / 2);
    Some([first.join(" "), second.join(" ")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_the_published_one() {
        assert_eq!(
            crate::device::sha256_hex(include_str!("fingerprint/words.txt")),
            "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
        );
        assert_eq!(WORDS.len(), 1 << WORD_BITS);
    }

    #[test]
    fn known_fingerprints() {
        let zeros = "0".repeat(64);
        let ones = "F".repeat(64);
        for (id, words) in [
            (
                zeros.as_str(),
                "abandon abandon abandon abandon abandon abandon",
            ),
            (
                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                "abandon amount liar amount expire adjust",
            ),
            (
                "3a017686853eb566c12840e3fdb2c86388fef87113615bea0b0629679316edcd",
                "deliver arm payment apology twice recall",
            ),
            (ones.as_str(), "zoo zoo zoo zoo zoo zoo"),
        ] {
            assert_eq!(fingerprint_words(id).as_deref(), Some(words), "{id}");
        }
        assert_eq!(
            fingerprint_lines("3a017686853eb566c12840e3fdb2c86388fef87113615bea0b0629679316edcd"),
            Some(["deliver arm payment".into(), "apology twice recall".into()])
        );
    }

    #[test]
    fn other_texts_have_none() {
        for id in [
            "",
            "00",
            "node-host",
            &"0".repeat(63),
            &"0".repeat(66),
            &"g".repeat(64),
        ] {
            assert_eq!(fingerprint_words(id), None, "{id}");
        }
    }
}
