//! CRC-32C (Castagnoli), bit by bit: a header is a few dozen bytes and comes once per connection.

/// Reversed polynomial.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// The checksum of `bytes`, with the bytes from `hole` on, four of them, taken as zero.
pub(super) fn with_hole(bytes: &[u8], hole: usize) -> u32 {
    let mut crc = u32::MAX;
    for (index, byte) in bytes.iter().enumerate() {
        let is_hole = (hole..hole.saturating_add(4)).contains(&index);
        crc ^= u32::from(if is_hole { 0 } else { *byte });
        for _ in 0..8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry == 1 {
                crc ^= POLYNOMIAL;
            }
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_catalogue() {
        assert_eq!(with_hole(b"123456789", 100), 0xE306_9283);
        assert_eq!(with_hole(&[0; 32], 100), 0x8A91_36AA);
        assert_eq!(with_hole(&[0, 7, 7, 7, 7, 0], 1), with_hole(&[0; 6], 100));
    }
}
