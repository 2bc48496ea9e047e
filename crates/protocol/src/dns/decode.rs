//! From bytes to a message.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::message::{Data, Edns, Flags, Message, Question, Record, Soa, kind};
use super::name::{Name, NameError};
use super::{DnsError, MAX_RECORDS};

/// Bits of the header that are the response code.
const RCODE: u16 = 0x000f;

impl Message {
    /// Reads a message. Bytes after the last record are ignored.
    pub fn decode(bytes: &[u8]) -> Result<Self, DnsError> {
        let mut reader = Reader { bytes, at: 0 };
        let id = reader.u16()?;
        let flags = reader.u16()?;
        let mut counts = [0_usize; 4];
        for count in &mut counts {
            *count = usize::from(reader.u16()?);
        }
        if counts.iter().sum::<usize>() > MAX_RECORDS {
            return Err(DnsError::TooMany);
        }
        let mut message = Self {
            id,
            flags: Flags(flags & !RCODE),
            rcode: flags & RCODE,
            ..Self::default()
        };
        for _ in 0..counts[0] {
            message.questions.push(Question {
                name: reader.name()?,
                kind: reader.u16()?,
                class: reader.u16()?,
            });
        }
        for _ in 0..counts[1] {
            let record = reader.record()?;
            message.answers.push(record.plain()?);
        }
        for _ in 0..counts[2] {
            let record = reader.record()?;
            message.authorities.push(record.plain()?);
        }
        for _ in 0..counts[3] {
            match reader.record()? {
                Item::Record(record) => message.additionals.push(record),
                Item::Edns(edns, high) => {
                    if message.edns.replace(edns).is_some() {
                        return Err(DnsError::Edns);
                    }
                    message.rcode |= u16::from(high) << 4;
                }
            }
        }
        Ok(message)
    }
}

/// A record, or what stands in the place of one.
enum Item {
    Record(Record),
    /// With the upper bits of the response code.
    Edns(Edns, u8),
}

impl Item {
    fn plain(self) -> Result<Record, DnsError> {
        match self {
            Self::Record(record) => Ok(record),
            Self::Edns(..) => Err(DnsError::Edns),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DnsError> {
        let end = self.at.checked_add(count).ok_or(DnsError::Truncated)?;
        let taken = self.bytes.get(self.at..end).ok_or(DnsError::Truncated)?;
        self.at = end;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8, DnsError> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, DnsError> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> Result<u32, DnsError> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A name. A pointer must lead to a place before every byte that was read for this name, so the work is bounded.
    fn name(&mut self) -> Result<Name, DnsError> {
        let mut name = Name::root();
        let mut at = self.at;
        let mut lowest = self.at;
        let mut after = None;
        loop {
            let length = *self.bytes.get(at).ok_or(DnsError::Truncated)?;
            match length >> 6 {
                0 => {
                    let start = at + 1;
                    let end = start + usize::from(length);
                    if length == 0 {
                        self.at = after.unwrap_or(start);
                        return Ok(name);
                    }
                    let label = self.bytes.get(start..end).ok_or(DnsError::Truncated)?;
                    name.push(label)?;
                    at = end;
                }
                3 => {
                    let low = *self.bytes.get(at + 1).ok_or(DnsError::Truncated)?;
                    let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                    if target >= lowest {
                        return Err(NameError::Pointer.into());
                    }
                    after.get_or_insert(at + 2);
                    lowest = target;
                    at = target;
                }
                _ => return Err(NameError::LabelType.into()),
            }
        }
    }

    fn record(&mut self) -> Result<Item, DnsError> {
        let name = self.name()?;
        let kind = self.u16()?;
        let class = self.u16()?;
        let ttl = self.u32()?;
        let length = usize::from(self.u16()?);
        let end = self.at.checked_add(length).ok_or(DnsError::Truncated)?;
        if end > self.bytes.len() {
            return Err(DnsError::Truncated);
        }
        if kind == kind::OPT {
            if name != Name::root() {
                return Err(DnsError::Edns);
            }
            self.at = end;
            let [high, version, ..] = ttl.to_be_bytes();
            let edns = Edns {
                udp_size: class,
                version,
            };
            return Ok(Item::Edns(edns, high));
        }
        let data = self.data(kind, end)?;
        if self.at != end {
            return Err(DnsError::Data);
        }
        Ok(Item::Record(Record {
            name,
            class,
            ttl,
            data,
        }))
    }

    fn data(&mut self, kind: u16, end: usize) -> Result<Data, DnsError> {
        Ok(match kind {
            kind::A => {
                let bytes: [u8; 4] = self.fixed(end)?;
                Data::A(Ipv4Addr::from(bytes))
            }
            kind::AAAA => {
                let bytes: [u8; 16] = self.fixed(end)?;
                Data::Aaaa(Ipv6Addr::from(bytes))
            }
            kind::PTR => Data::Ptr(self.name()?),
            kind::NS => Data::Ns(self.name()?),
            kind::CNAME => Data::Cname(self.name()?),
            kind::SRV => Data::Srv {
                priority: self.u16()?,
                weight: self.u16()?,
                port: self.u16()?,
                target: self.name()?,
            },
            kind::TXT => {
                let mut texts = Vec::new();
                while self.at < end {
                    let length = usize::from(self.u8()?);
                    texts.push(self.take(length)?.to_vec());
                }
                Data::Txt(texts)
            }
            kind::SOA => Data::Soa(Soa {
                primary: self.name()?,
                mailbox: self.name()?,
                serial: self.u32()?,
                refresh: self.u32()?,
                retry: self.u32()?,
                expire: self.u32()?,
                minimum: self.u32()?,
            }),
            other => Data::Other {
                kind: other,
                bytes: self.take(end - self.at)?.to_vec(),
            },
        })
    }

    /// Data of exactly `N` bytes.
    fn fixed<const N: usize>(&mut self, end: usize) -> Result<[u8; N], DnsError> {
        let bytes = self.take(end - self.at)?;
        bytes.try_into().map_err(|_| DnsError::Data)
    }
}
