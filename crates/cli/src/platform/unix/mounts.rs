//! Where file systems are mounted.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

/// Where something is mounted. Elsewhere than on Linux a directory cannot be mounted twice, and the device tells.
pub(crate) fn mount_points() -> BTreeSet<PathBuf> {
    points(&std::fs::read("/proc/self/mountinfo").unwrap_or_default())
}

/// The fifth field of each line, in which blanks and the like are written as octal numbers.
fn points(table: &[u8]) -> BTreeSet<PathBuf> {
    table
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4))
        .map(|field| PathBuf::from(OsString::from_vec(unescape(field))))
        .collect()
}

fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((byte, after)) = rest.split_first() {
        let octal = after
            .get(..3)
            .filter(|_| *byte == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(octal) = octal {
            plain.push(octal);
            rest = &after[3..];
        } else {
            plain.push(*byte);
            rest = after;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_are_read_with_blanks() {
        let table = b"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            36 22 8:1 /home/ann/code /home/ann/.openclaw/my\\040media rw,relatime shared:1 - ext4 /dev/sda1 rw\n";
        let wanted = ["/", "/home/ann/.openclaw/my media"].map(PathBuf::from);
        assert_eq!(points(table), BTreeSet::from(wanted));
        assert_eq!(points(b""), BTreeSet::new());
        assert_eq!(unescape(br"a\134b\04"), br"a\b\04");
    }
}
