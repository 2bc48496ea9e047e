//! From the bytes of a query to the bytes of an answer: pure.
//!
//! Only our own zone is answered for, with authority. There is no recursion, so there is nothing to be had from us about anybody
//! else, and an answer by UDP is never larger than a packet that passes everywhere.

use openclaw_protocol::dns::{
    CLASS_ANY, CLASS_IN, Edns, Flags, Message, Question, Record, kind, rcode,
};

use super::zone::{Found, Zone};

/// Largest answer by UDP when the asker says nothing, bytes.
const PLAIN_UDP: u16 = 512;
/// Largest answer by UDP, bytes: what passes without fragments.
const LARGEST_UDP: u16 = 1_232;
/// Shortest query: the header.
const HEADER: usize = 12;

/// How the query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// In a datagram.
    Udp,
    /// In a stream.
    Tcp,
}

/// The answer; `None` to what deserves none: no header, or an answer itself.
pub fn answer(zone: &Zone, query: &[u8], transport: Transport) -> Option<Vec<u8>> {
    if query.len() < HEADER {
        return None;
    }
    let id = u16::from_be_bytes([query[0], query[1]]);
    let flags = Flags(u16::from_be_bytes([query[2], query[3]]));
    if flags.has(Flags::RESPONSE) {
        return None;
    }
    let mut reply = Message {
        id,
        flags: Flags(Flags::RESPONSE | flags.0 & (Flags::RECURSION_DESIRED | 0x7800)),
        ..Message::default()
    };
    let mut limit = PLAIN_UDP;
    match Message::decode(query) {
        Err(_) => reply.rcode = rcode::FORMERR,
        Ok(message) => {
            if let Some(edns) = message.edns {
                limit = edns.udp_size.clamp(PLAIN_UDP, LARGEST_UDP);
                reply.edns = Some(Edns {
                    udp_size: LARGEST_UDP,
                    version: 0,
                });
            }
            reply.rcode = fill(zone, &message, &mut reply);
        }
    }
    let limit = match transport {
        Transport::Udp => limit,
        Transport::Tcp => u16::MAX,
    };
    Some(reply.encode_within(usize::from(limit)))
}

/// Puts the records into the reply; gives the response code.
fn fill(zone: &Zone, message: &Message, reply: &mut Message) -> u16 {
    if message.flags.opcode() != 0 {
        return rcode::NOTIMP;
    }
    if message.edns.is_some_and(|edns| edns.version != 0) {
        return rcode::BADVERS;
    }
    let [question] = &message.questions[..] else {
        return rcode::FORMERR;
    };
    reply.questions.clone_from(&message.questions);
    if !matches!(question.class, CLASS_IN | CLASS_ANY)
        || matches!(question.kind, kind::AXFR | kind::IXFR)
    {
        return rcode::REFUSED;
    }
    let records = match zone.find(&question.name) {
        Found::Foreign => return rcode::REFUSED,
        Found::NoName => {
            authoritative(reply);
            reply.authorities.extend(zone.soa().cloned());
            return rcode::NXDOMAIN;
        }
        Found::Records(records) => records,
    };
    authoritative(reply);
    reply.answers = wanted(records, question);
    if reply.answers.is_empty() {
        reply.authorities.extend(zone.soa().cloned());
    } else {
        reply.additionals = zone.helpful(&reply.answers);
    }
    rcode::NOERROR
}

fn authoritative(reply: &mut Message) {
    reply.flags.0 |= Flags::AUTHORITATIVE;
}

/// The records of the asked type. To "any" one type is enough, RFC 8482.
fn wanted(records: &[Record], question: &Question) -> Vec<Record> {
    let asked = match (question.kind, records.first()) {
        (kind::ANY, Some(first)) => first.data.kind(),
        (other, _) => other,
    };
    records
        .iter()
        .filter(|record| record.data.kind() == asked)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests;
