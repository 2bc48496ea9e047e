//! Version 1: one line of text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Addresses, Header, Invalid, Step};

const START: &[u8] = b"PROXY ";
/// Longest line with its end, from the specification.
const MAX_LINE: usize = 107;

pub(super) fn parse(bytes: &[u8]) -> Result<Step, Invalid> {
    let common = bytes.len().min(START.len());
    if bytes[..common] != START[..common] {
        return Ok(Step::Absent);
    }
    let window = &bytes[..bytes.len().min(MAX_LINE)];
    let end = window.windows(2).position(|pair| pair == b"\r\n");
    let text = &window[common..end.unwrap_or(window.len())];
    let printable = text.iter().enumerate().all(|(index, byte)| {
        let may_begin_the_end = *byte == b'\r' && end.is_none() && index + 1 == text.len();
        matches!(byte, b' '..=b'~') || may_begin_the_end
    });
    if !printable {
        return Err(Invalid::Line);
    }
    let Some(end) = end else {
        return if bytes.len() < MAX_LINE {
            Ok(Step::More)
        } else {
            Err(Invalid::LongLine)
        };
    };
    let line = std::str::from_utf8(&window[START.len()..end]).map_err(|_| Invalid::Line)?;
    Ok(Step::Whole(Header {
        length: end + 2,
        addresses: addresses(line)?,
        tls: None,
    }))
}

fn addresses(line: &str) -> Result<Option<Addresses>, Invalid> {
    let mut words = line.split(' ');
    let family = words.next();
    if family == Some("UNKNOWN") {
        // Whatever else stands on the line is to be ignored.
        return Ok(None);
    }
    let mut word = || words.next().ok_or(Invalid::Line);
    let (source, destination) = (word()?, word()?);
    let (source_port, destination_port) = (word()?, word()?);
    if words.next().is_some() {
        return Err(Invalid::Line);
    }
    let address = |text: &str| -> Result<IpAddr, Invalid> {
        match family {
            Some("TCP4") => text.parse::<Ipv4Addr>().map(IpAddr::V4),
            Some("TCP6") => text.parse::<Ipv6Addr>().map(IpAddr::V6),
            _ => return Err(Invalid::Line),
        }
        .map_err(|_| Invalid::Line)
    };
    Ok(Some(Addresses {
        source: SocketAddr::new(address(source)?, port(source_port)?),
        destination: SocketAddr::new(address(destination)?, port(destination_port)?),
    }))
}

/// Plain digits without a leading zero.
fn port(text: &str) -> Result<u16, Invalid> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if !plain {
        return Err(Invalid::Line);
    }
    text.parse().map_err(|_| Invalid::Line)
}
