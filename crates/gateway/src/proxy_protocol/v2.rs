//! Version 2: binary, with additions.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Addresses, Header, Invalid, MAX_HEADER, Step, crc32c};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const FIXED: usize = 16;
const COMMAND_LOCAL: u8 = 0x20;
const COMMAND_PROXY: u8 = 0x21;
/// Additions that are read; every other one is skipped.
const ADDITION_CRC32C: u8 = 0x03;
const ADDITION_TLS: u8 = 0x20;
/// Bit of the TLS addition: the client spoke TLS.
const CLIENT_TLS: u8 = 0x01;

pub(super) fn parse(bytes: &[u8]) -> Result<Step, Invalid> {
    let common = bytes.len().min(SIGNATURE.len());
    if bytes[..common] != SIGNATURE[..common] {
        return Ok(Step::Absent);
    }
    let Some(fixed) = bytes.get(..FIXED) else {
        return Ok(Step::More);
    };
    let (command, family) = (fixed[12], fixed[13]);
    if command != COMMAND_LOCAL && command != COMMAND_PROXY {
        return Err(Invalid::Command);
    }
    let length = FIXED + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > MAX_HEADER {
        return Err(Invalid::Length);
    }
    let Some(header) = bytes.get(..length) else {
        return Ok(Step::More);
    };
    let body = &header[FIXED..];
    if command == COMMAND_LOCAL {
        // The proxy itself, such as a health check: whatever follows is to be ignored.
        return Ok(whole(length, None, None));
    }
    let (addresses, size) = match family {
        0x11 => (Some(v4(body).ok_or(Invalid::Length)?), 12),
        0x21 => (Some(v6(body).ok_or(Invalid::Length)?), 36),
        // Unspecified: the proxy cannot say, and only the length counts.
        0x00 => return Ok(whole(length, None, None)),
        // A client on the proxy's own machine, by Unix socket: nobody has an address.
        0x31 => (None, 216),
        _ => return Err(Invalid::Family),
    };
    let tls = additions(header, FIXED + size)?;
    Ok(whole(length, addresses, tls))
}

fn whole(length: usize, addresses: Option<Addresses>, tls: Option<bool>) -> Step {
    Step::Whole(Header {
        length,
        addresses,
        tls,
    })
}

fn v4(body: &[u8]) -> Option<Addresses> {
    let address = |from: usize| {
        let octets: [u8; 4] = body.get(from..from + 4)?.try_into().ok()?;
        Some(Ipv4Addr::from(octets))
    };
    Some(Addresses {
        source: SocketAddr::new(address(0)?.into(), port(body, 8)?),
        destination: SocketAddr::new(address(4)?.into(), port(body, 10)?),
    })
}

fn v6(body: &[u8]) -> Option<Addresses> {
    let address = |from: usize| {
        let octets: [u8; 16] = body.get(from..from + 16)?.try_into().ok()?;
        Some(Ipv6Addr::from(octets))
    };
    Some(Addresses {
        source: SocketAddr::new(address(0)?.into(), port(body, 32)?),
        destination: SocketAddr::new(address(16)?.into(), port(body, 34)?),
    })
}

fn port(body: &[u8], from: usize) -> Option<u16> {
    let bytes: [u8; 2] = body.get(from..from + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(bytes))
}

/// Walks the additions: checks the checksum if there is one, and finds whether the client spoke TLS.
fn additions(header: &[u8], mut from: usize) -> Result<Option<bool>, Invalid> {
    let mut tls = None;
    if from > header.len() {
        return Err(Invalid::Length);
    }
    while from < header.len() {
        let head = header.get(from..from + 3).ok_or(Invalid::Addition)?;
        let size = usize::from(u16::from_be_bytes([head[1], head[2]]));
        let start = from + 3;
        let value = header.get(start..start + size).ok_or(Invalid::Addition)?;
        match head[0] {
            ADDITION_CRC32C => {
                let sent: [u8; 4] = value.try_into().map_err(|_| Invalid::Addition)?;
                if u32::from_be_bytes(sent) != crc32c::with_hole(header, start) {
                    return Err(Invalid::Checksum);
                }
            }
            ADDITION_TLS => {
                let flags = value.first().ok_or(Invalid::Addition)?;
                tls = Some(flags & CLIENT_TLS != 0);
            }
            _ => {}
        }
        from = start + size;
    }
    Ok(tls)
}
