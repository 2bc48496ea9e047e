//! The audit chain: how a line is encoded and hashed, and how a chain is checked.
//!
//! Owns no storage. Each line's hash covers the hash of the line before it, so that editing, removing or moving a
//! line breaks the chain from there on; the head (last number and hash) is kept beside the lines, so that cutting
//! lines off the end shows as well.

mod refuse_log;
#[cfg(test)]
mod tests;

use data_encoding::HEXLOWER;
use ring::digest::{Context, SHA256};

use crate::records::AuditEvent;

pub use refuse_log::{RefuseLine, RefuseLog};

/// A SHA-256 link of the chain.
pub type ChainHash = [u8; 32];

/// What the first line is chained to.
pub const GENESIS: ChainHash = [0; 32];

/// Version of the canonical encoding, its first byte.
const ENCODING_VERSION: u8 = 1;

/// The last line of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// Number of the last line; 0 while the chain is empty.
    pub seq: i64,
    /// Its hash.
    pub hash: ChainHash,
}

impl ChainHead {
    /// The head of a chain without lines.
    pub const EMPTY: Self = Self {
        seq: 0,
        hash: GENESIS,
    };

    /// The stored form, `<seq>:<hex hash>`.
    pub fn to_text(self) -> String {
        format!("{}:{}", self.seq, HEXLOWER.encode(&self.hash))
    }

    /// Reads the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, hash) = text.split_once(':')?;
        Some(Self {
            seq: seq.parse().ok()?,
            hash: HEXLOWER.decode(hash.as_bytes()).ok()?.try_into().ok()?,
        })
    }
}

/// A line as it is stored. `details` is the stored JSON text, byte for byte, because the hash covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainedLine {
    /// Number, from 1 without gaps.
    pub seq: i64,
    /// Milliseconds since the epoch.
    pub ts: i64,
    /// What happened.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// Where from, if remote.
    pub remote_ip: Option<String>,
    /// On what.
    pub subject: Option<String>,
    /// JSON text.
    pub details: String,
    /// Hash of the line before.
    pub prev_hash: Vec<u8>,
    /// Hash of this line.
    pub hash: Vec<u8>,
}

impl ChainedLine {
    /// Chains `event` to `head` and moves the head on.
    pub fn chain(head: &mut ChainHead, event: &AuditEvent) -> Self {
        let mut line = Self {
            seq: head.seq + 1,
            ts: event.ts,
            kind: event.kind.clone(),
            actor: event.actor.clone(),
            remote_ip: event.remote_ip.clone(),
            subject: event.subject.clone(),
            details: event.details.to_string(),
            prev_hash: head.hash.to_vec(),
            hash: Vec::new(),
        };
        let hash = line.expected_hash(&head.hash);
        line.hash = hash.to_vec();
        *head = ChainHead {
            seq: line.seq,
            hash,
        };
        line
    }

    /// `SHA-256(prev || canonical encoding)`.
    pub fn expected_hash(&self, prev: &ChainHash) -> ChainHash {
        let mut context = Context::new(&SHA256);
        context.update(prev);
        context.update(&self.canonical());
        let mut hash = GENESIS;
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }

    /// The bytes that are hashed: a version byte, the two numbers, then each text with its length in front, so that
    /// no two different lines share an encoding.
    fn canonical(&self) -> Vec<u8> {
        let mut bytes = vec![ENCODING_VERSION];
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.ts.to_be_bytes());
        let fields = [
            Some(&self.kind),
            Some(&self.actor),
            self.remote_ip.as_ref(),
            self.subject.as_ref(),
            Some(&self.details),
        ];
        for field in fields {
            match field {
                None => bytes.push(0),
                Some(text) => {
                    bytes.push(1);
                    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
            }
        }
        bytes
    }

    /// The line as callers see it. Details that are not JSON any more become a JSON string.
    pub fn into_entry(self) -> AuditEntry {
        let details =
            serde_json::from_str(&self.details).unwrap_or(serde_json::Value::String(self.details));
        AuditEntry {
            seq: self.seq,
            event: AuditEvent {
                ts: self.ts,
                kind: self.kind,
                actor: self.actor,
                remote_ip: self.remote_ip,
                subject: self.subject,
                details,
            },
            hash: HEXLOWER.encode(&self.hash),
        }
    }
}

/// One line of the audit log with its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Number, from 1.
    pub seq: i64,
    /// What happened.
    pub event: AuditEvent,
    /// Hex hash of the line.
    pub hash: String,
}

/// Which lines to list. The default asks for the newest 200.
#[derive(Debug, Clone)]
pub struct AuditFilter {
    /// Only these kinds, or every kind below them: `pair` matches `pair` and `pair.approve`. Empty: all.
    pub kinds: Vec<String>,
    /// Only lines of this actor.
    pub actor: Option<String>,
    /// Only lines on this subject.
    pub subject: Option<String>,
    /// Only lines of this moment or later, milliseconds since the epoch.
    pub since_ms: Option<i64>,
    /// Only lines before this moment, milliseconds since the epoch.
    pub until_ms: Option<i64>,
    /// Only lines with a higher number; the oldest `limit` of them are returned.
    pub after_seq: Option<i64>,
    /// Only lines with a lower number.
    pub before_seq: Option<i64>,
    /// At most this many lines.
    pub limit: u32,
}

impl Default for AuditFilter {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            actor: None,
            subject: None,
            since_ms: None,
            until_ms: None,
            after_seq: None,
            before_seq: None,
            limit: 200,
        }
    }
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFault {
    /// The line was changed after it was written.
    Edited,
    /// The line, and perhaps more after it, is gone.
    Removed,
    /// The line does not follow the one before it: lines were moved, or one was put in.
    Reordered,
    /// The end of the log was cut off, from this line on.
    Truncated,
}

impl AuditFault {
    /// A short description that follows "line 7".
    pub const fn text(self) -> &'static str {
        match self {
            Self::Edited => "was changed after it was written",
            Self::Removed => "is missing",
            Self::Reordered => "does not follow the line before it",
            Self::Truncated => "is missing: the end of the log was cut off",
        }
    }
}

/// The outcome of checking a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Lines that were read.
    pub lines: u64,
    /// Number of the last line according to the head.
    pub head_seq: i64,
    /// The first bad line and what is wrong with it.
    pub fault: Option<(i64, AuditFault)>,
}

/// Walks a chain line by line, in order of their numbers.
#[derive(Debug)]
pub struct ChainCheck {
    last: ChainHead,
    lines: u64,
    fault: Option<(i64, AuditFault)>,
}

impl Default for ChainCheck {
    fn default() -> Self {
        Self::from(ChainHead::EMPTY)
    }
}

impl From<ChainHead> for ChainCheck {
    /// A chain whose first lines, up to this one, are kept no longer.
    fn from(last: ChainHead) -> Self {
        Self {
            last,
            lines: 0,
            fault: None,
        }
    }
}

impl ChainCheck {
    /// Takes the next line.
    pub fn line(&mut self, line: &ChainedLine) {
        self.lines += 1;
        if self.fault.is_some() {
            return;
        }
        let expected_seq = self.last.seq + 1;
        let hash = line.expected_hash(&self.last.hash);
        if line.seq != expected_seq {
            self.fault = Some((expected_seq, AuditFault::Removed));
        } else if line.prev_hash != self.last.hash {
            self.fault = Some((line.seq, AuditFault::Reordered));
        } else if line.hash != hash {
            self.fault = Some((line.seq, AuditFault::Edited));
        }
        self.last = ChainHead {
            seq: line.seq,
            hash,
        };
    }

    /// Compares the end of the chain with the head that was kept.
    pub fn finish(self, head: ChainHead) -> AuditVerdict {
        let fault = self.fault.or_else(|| {
            if head.seq > self.last.seq {
                Some((self.last.seq + 1, AuditFault::Truncated))
            } else if head.seq < self.last.seq {
                Some((head.seq + 1, AuditFault::Reordered))
            } else if head.hash != self.last.hash {
                Some((self.last.seq, AuditFault::Edited))
            } else {
                None
            }
        });
        AuditVerdict {
            lines: self.lines,
            head_seq: head.seq,
            fault,
        }
    }
}
