//! From a message to bytes, with name compression.

use std::collections::HashMap;

use super::message::{Data, Edns, Flags, Message, Record, kind};
use super::name::Name;

/// Offsets that a pointer can hold.
const POINTER_RANGE: usize = 0x4000;

impl Message {
    /// Writes the message. Texts over 255 bytes are cut; a record whose data is over 65535 bytes is left out.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.u16(self.id);
        writer.u16((self.flags.0 & 0xfff0) | (self.rcode & 0xf));
        writer.bytes.extend([0; 8]);
        for question in &self.questions {
            writer.name(&question.name, true);
            writer.u16(question.kind);
            writer.u16(question.class);
        }
        let mut counts = [self.questions.len(), 0, 0, 0];
        let sections = [&self.answers, &self.authorities, &self.additionals];
        for (section, count) in sections.into_iter().zip(&mut counts[1..]) {
            *count = section
                .iter()
                .filter(|record| writer.record(record))
                .count();
        }
        if let Some(edns) = self.edns {
            writer.edns(edns, self.rcode);
            counts[3] += 1;
        }
        for (index, count) in counts.into_iter().enumerate() {
            let count = u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes();
            writer.bytes[4 + 2 * index..6 + 2 * index].copy_from_slice(&count);
        }
        writer.bytes
    }

    /// Writes the message in at most `limit` bytes: first the additional records are left out, then everything but the
    /// question, which says so by its flag.
    pub fn encode_within(&self, limit: usize) -> Vec<u8> {
        let whole = self.encode();
        if whole.len() <= limit {
            return whole;
        }
        let mut less = Self {
            additionals: Vec::new(),
            ..self.clone()
        };
        let bytes = less.encode();
        if bytes.len() <= limit {
            return bytes;
        }
        less.answers.clear();
        less.authorities.clear();
        less.flags.0 |= Flags::TRUNCATED;
        less.encode()
    }
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    /// Where a name, written as on the wire, begins.
    known: HashMap<Vec<u8>, u16>,
}

impl Writer {
    fn u16(&mut self, number: u16) {
        self.bytes.extend(number.to_be_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_be_bytes());
    }

    /// A name; the target of SRV must not be compressed.
    fn name(&mut self, name: &Name, compress: bool) {
        let labels: Vec<&[u8]> = name.labels().collect();
        for index in 0..labels.len() {
            let suffix: Vec<u8> = labels[index..]
                .iter()
                .flat_map(|label| {
                    std::iter::once(u8::try_from(label.len()).unwrap_or(u8::MAX))
                        .chain(label.iter().copied())
                })
                .collect();
            if let Some(at) = self.known.get(&suffix).filter(|_| compress) {
                self.u16(0xc000 | at);
                return;
            }
            if self.bytes.len() < POINTER_RANGE {
                let at = u16::try_from(self.bytes.len()).unwrap_or(u16::MAX);
                self.known.entry(suffix).or_insert(at);
            }
            self.label(labels[index]);
        }
        self.bytes.push(0);
    }

    fn label(&mut self, label: &[u8]) {
        self.bytes
            .push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        self.bytes.extend(label);
    }

    /// A record; false if it was left out.
    fn record(&mut self, record: &Record) -> bool {
        let start = self.bytes.len();
        self.name(&record.name, true);
        self.u16(record.data.kind());
        self.u16(record.class);
        self.u32(record.ttl);
        let at = self.bytes.len();
        self.u16(0);
        self.data(&record.data);
        let Ok(length) = u16::try_from(self.bytes.len() - at - 2) else {
            self.bytes.truncate(start);
            self.known.retain(|_, known| usize::from(*known) < start);
            return false;
        };
        self.bytes[at..at + 2].copy_from_slice(&length.to_be_bytes());
        true
    }

    fn data(&mut self, data: &Data) {
        match data {
            Data::A(address) => self.bytes.extend(address.octets()),
            Data::Aaaa(address) => self.bytes.extend(address.octets()),
            Data::Ptr(name) | Data::Ns(name) | Data::Cname(name) => self.name(name, true),
            Data::Srv {
                priority,
                weight,
                port,
                target,
            } => {
                self.u16(*priority);
                self.u16(*weight);
                self.u16(*port);
                self.name(target, false);
            }
            Data::Txt(texts) => {
                for text in texts {
                    self.label(&text[..text.len().min(255)]);
                }
            }
            Data::Soa(soa) => {
                self.name(&soa.primary, true);
                self.name(&soa.mailbox, true);
                for number in [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum] {
                    self.u32(number);
                }
            }
            Data::Other { bytes, .. } => self.bytes.extend(bytes),
        }
    }

    fn edns(&mut self, edns: Edns, rcode: u16) {
        self.bytes.push(0);
        self.u16(kind::OPT);
        self.u16(edns.udp_size);
        let [_, high] = (rcode >> 4).to_be_bytes();
        self.bytes.extend([high, edns.version, 0, 0]);
        self.u16(0);
    }
}
