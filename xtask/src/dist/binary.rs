//! Whether a file is a program of the kind that it should be: enough of ELF, Mach-O and PE for that.

/// What a program for a system looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// 64-bit ELF that needs no loader and no library.
    StaticElf {
        /// `e_machine`.
        machine: u16,
    },
    /// 64-bit Mach-O for ARM, with a signature.
    MachO,
    /// 64-bit PE for x86.
    Pe,
}

/// Program header that names the loader.
const PT_INTERP: u32 = 3;
/// Load command that points to the signature.
const LC_CODE_SIGNATURE: u32 = 0x1d;

impl Form {
    /// Says what is wrong.
    pub(super) fn check(self, bytes: &[u8]) -> Result<(), String> {
        let verdict = match self {
            Self::StaticElf { machine } => static_elf(bytes, machine),
            Self::MachO => mach_o(bytes),
            Self::Pe => pe(bytes),
        };
        verdict.unwrap_or_else(|| Err("the program ends in the middle of its header".to_owned()))
    }
}

type Verdict = Option<Result<(), String>>;

fn bad(what: &str) -> Result<(), String> {
    Err(what.to_owned())
}

fn static_elf(bytes: &[u8], machine: u16) -> Verdict {
    if bytes.get(..6)? != b"\x7fELF\x02\x01" {
        return Some(bad("not a 64-bit ELF file"));
    }
    if half(bytes, 18)? != machine {
        return Some(bad("for another processor"));
    }
    let table = usize::try_from(long(bytes, 32)?).ok()?;
    let (size, count) = (half(bytes, 54)?, half(bytes, 56)?);
    for index in 0..count {
        let at = table.checked_add(usize::from(index) * usize::from(size))?;
        if word(bytes, at)? == PT_INTERP {
            return Some(bad("not static: it names a loader"));
        }
    }
    Some(Ok(()))
}

fn mach_o(bytes: &[u8]) -> Verdict {
    if word(bytes, 0)? != 0xfeed_facf {
        return Some(bad("not a 64-bit Mach-O file"));
    }
    if word(bytes, 4)? != 0x0100_000c {
        return Some(bad("for another processor"));
    }
    let mut at = 32;
    for _ in 0..word(bytes, 16)? {
        if word(bytes, at)? == LC_CODE_SIGNATURE {
            return Some(Ok(()));
        }
        at = at.checked_add(usize::try_from(word(bytes, at + 4)?).ok()?)?;
    }
    Some(bad("not signed: macOS would not start it"))
}

fn pe(bytes: &[u8]) -> Verdict {
    let at = usize::try_from(word(bytes, 0x3c)?).ok()?;
    let is_pe = bytes.starts_with(b"MZ") && bytes.get(at..at + 4)? == b"PE\0\0";
    if !is_pe {
        return Some(bad("not a PE file"));
    }
    if half(bytes, at + 4)? != 0x8664 {
        return Some(bad("for another processor"));
    }
    Some(Ok(()))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header with one program header of a kind.
    fn elf(machine: u16, kind: u32) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = 1;
        bytes[64..68].copy_from_slice(&kind.to_le_bytes());
        bytes
    }

    fn mach(commands: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 32];
        bytes[..4].copy_from_slice(&0xfeed_facf_u32.to_le_bytes());
        bytes[4..8].copy_from_slice(&0x0100_000c_u32.to_le_bytes());
        bytes[16] = u8::try_from(commands.len()).unwrap();
        for command in commands {
            bytes.extend(command.to_le_bytes());
            bytes.extend(8_u32.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn wrong_programs_are_named() {
        let x86 = Form::StaticElf { machine: 0x3e };
        let mut windows = vec![0; 0x80];
        windows[..2].copy_from_slice(b"MZ");
        windows[0x3c] = 0x40;
        windows[0x40..0x46].copy_from_slice(b"PE\0\0\x64\x86");
        for (form, bytes, expected) in [
            (x86, elf(0x3e, 1), None),
            (x86, elf(0x3e, PT_INTERP), Some("not static")),
            (x86, elf(0xb7, 1), Some("another processor")),
            (x86, elf(0x3e, 1)[..70].to_vec(), None),
            (x86, elf(0x3e, 1)[..60].to_vec(), Some("ends in the middle")),
            (x86, b"#!/bin/sh".to_vec(), Some("not a 64-bit ELF")),
            (Form::MachO, mach(&[0x19, LC_CODE_SIGNATURE]), None),
            (Form::MachO, mach(&[0x19]), Some("not signed")),
            (Form::MachO, elf(0x3e, 1), Some("not a 64-bit Mach-O")),
            (Form::Pe, windows.clone(), None),
            (Form::Pe, elf(0x3e, 1), Some("not a PE")),
        ] {
            let said = form.check(&bytes);
            match expected {
                None => assert_eq!(said, Ok(())),
                Some(part) => assert!(said.clone().unwrap_err().contains(part), "{said:?}"),
            }
        }
    }
}
