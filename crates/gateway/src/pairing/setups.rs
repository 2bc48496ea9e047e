//! Setup codes that were minted: single use, short-lived, bound to the first device that comes with one.
//!
//! Only hashes are kept. The token of a join link follows from the code in the link, so that neither has to be stored.

use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::setup_code::JOIN_CODE_CHARS;
use ring::hmac;
use uuid::Uuid;

use crate::auth::secret;
use crate::records::{Change, SetupRecord};

/// Most codes that wait to be used at a time.
pub const MAX_WAITING: usize = 64;
/// How long a code is remembered after its end, so that its maker can still ask what became of it, in milliseconds.
const REMEMBERED_MS: i64 = 60 * 60 * 1000;
/// Sets tokens of join links apart from everything else that is derived from a random code.
const JOIN_CONTEXT: &[u8] = b"openclaw join link: bootstrap token";

/// The codes.
#[derive(Debug, Default)]
pub struct Setups {
    codes: HashMap<String, SetupRecord>,
}

/// What a code is to be made for.
#[derive(Debug, Clone)]
pub struct Mint {
    /// `full`, `limited`, `node` or `owner`.
    pub access: &'static str,
    /// Whether it admits as a node.
    pub node: bool,
    /// Scopes it gives an operator; `None` when it admits no operator.
    pub operator: Option<ScopeSet>,
    /// Addresses and certificate, a JSON object.
    pub endpoints: String,
    /// Who makes it.
    pub minted_by: String,
    /// Lifetime, in milliseconds.
    pub ttl_ms: i64,
    /// Whether it gets a join link.
    pub join: bool,
}

/// A fresh code. The secrets in it are shown once and never kept.
pub struct Minted {
    /// What is kept of it.
    pub record: SetupRecord,
    /// The bootstrap token.
    pub token: String,
    /// The code of its join link.
    pub join_code: Option<String>,
    /// To be made durable.
    pub changes: Vec<Change>,
}

impl std::fmt::Debug for Minted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Minted")
            .field("setup_id", &self.record.setup_id)
            .finish_non_exhaustive()
    }
}

/// What a token that was shown may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The code.
    pub setup_id: String,
    /// Whether it admits as a node.
    pub node: bool,
    /// Scopes it gives an operator; `None` when it admits no operator.
    pub operator: Option<ScopeSet>,
}

/// What a fetched join link gives.
pub struct Joined {
    /// What is kept of the code.
    pub record: SetupRecord,
    /// Its bootstrap token.
    pub token: String,
    /// To be made durable before the answer.
    pub changes: Vec<Change>,
}

impl std::fmt::Debug for Joined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joined")
            .field("setup_id", &self.record.setup_id)
            .finish_non_exhaustive()
    }
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Too many codes wait.
    #[error(
        "{MAX_WAITING} setup codes wait to be used already; revoke some with openclaw devices revoke-code --all"
    )]
    TooMany,
    /// No such code, or its time is over.
    #[error("unknown setupId")]
    Unknown,
    /// Another device was first.
    #[error("the setup code was used by another device")]
    Taken,
}

/// How a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody used it yet.
    Waiting,
    /// A device used it, and nothing shows that it received its token.
    Used,
    /// A device used it and goes on with its own token.
    Completed,
    /// Nobody used it in time.
    Expired,
}

impl Standing {
    /// Wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Used => "used",
            Self::Completed => "completed",
            Self::Expired => "expired",
        }
    }
}

/// How a code stands now.
pub fn standing(record: &SetupRecord, now_ms: i64) -> Standing {
    match (record.completed_at_ms, record.used_at_ms) {
        (Some(_), _) => Standing::Completed,
        (None, Some(_)) => Standing::Used,
        (None, None) if expired(record, now_ms) => Standing::Expired,
        (None, None) => Standing::Waiting,
    }
}

fn expired(record: &SetupRecord, now_ms: i64) -> bool {
    now_ms >= record.expires_at_ms
}

impl Setups {
    /// From stored records.
    pub fn new(records: Vec<SetupRecord>) -> Self {
        Self {
            codes: records
                .into_iter()
                .map(|record| (record.setup_id.clone(), record))
                .collect(),
        }
    }

    /// Makes a code.
    pub fn mint(&mut self, mint: Mint, now_ms: i64) -> Result<Minted, SetupError> {
        let mut changes = self.forget(now_ms);
        let waiting = self
            .codes
            .values()
            .filter(|record| standing(record, now_ms) == Standing::Waiting)
            .count();
        if waiting >= MAX_WAITING {
            return Err(SetupError::TooMany);
        }
        let join_code = mint.join.then(|| {
            let mut code = secret::mint();
            code.truncate(JOIN_CODE_CHARS);
            code
        });
        let token = join_code.as_deref().map_or_else(secret::mint, join_token);
        let record = SetupRecord {
            setup_id: Uuid::new_v4().to_string(),
            hash: secret::hash(&token),
            join_hash: join_code.as_deref().map(secret::hash),
            join_taken_at_ms: None,
            endpoints: mint.endpoints,
            access: mint.access.to_owned(),
            node: mint.node,
            operator: mint.operator,
            minted_by: mint.minted_by,
            created_at_ms: now_ms,
            expires_at_ms: now_ms.saturating_add(mint.ttl_ms),
            device_id: None,
            used_at_ms: None,
            completed_at_ms: None,
        };
        changes.push(self.put(record.clone()));
        Ok(Minted {
            record,
            token,
            join_code,
            changes,
        })
    }

    /// What a token may do for a device: nothing when it is unknown, expired, or another device's.
    pub fn offer(&self, token: &str, device_id: &str, now_ms: i64) -> Option<Offer> {
        let sent = secret::hash(token);
        // Every code is compared, so that time does not tell which one matched.
        let mut found = None;
        for record in self.codes.values() {
            if secret::same(record.hash, sent) {
                found = Some(record);
            }
        }
        let record = found.filter(|record| usable(record, device_id, now_ms))?;
        Some(Offer {
            setup_id: record.setup_id.clone(),
            node: record.node,
            operator: record.operator,
        })
    }

    /// Binds a code to the device that came with it. The same device may come again while the code lives: its answer may
    /// have been lost on the way.
    pub fn bind(
        &mut self,
        setup_id: &str,
        device_id: &str,
        now_ms: i64,
    ) -> Result<(SetupRecord, Vec<Change>), SetupError> {
        let record = self.codes.get_mut(setup_id).ok_or(SetupError::Unknown)?;
        if !usable(record, device_id, now_ms) {
            return Err(SetupError::Taken);
        }
        record.device_id = Some(device_id.to_owned());
        record.used_at_ms.get_or_insert(now_ms);
        let record = record.clone();
        let changes = vec![Change::PutSetup(Box::new(record.clone()))];
        Ok((record, changes))
    }

    /// Whether a code is bound to this device and still lives.
    pub fn is_bound(&self, setup_id: &str, device_id: &str, now_ms: i64) -> bool {
        self.codes.get(setup_id).is_some_and(|record| {
            record.device_id.as_deref() == Some(device_id) && usable(record, device_id, now_ms)
        })
    }

    /// Notes that the device has its token; from then on the code is dead. `None` when there is nothing new.
    pub fn complete(&mut self, setup_id: &str, now_ms: i64) -> Option<(SetupRecord, Change)> {
        let record = self.codes.get_mut(setup_id)?;
        if record.completed_at_ms.is_some() || record.device_id.is_none() {
            return None;
        }
        record.completed_at_ms = Some(now_ms);
        let record = record.clone();
        let change = Change::PutSetup(Box::new(record.clone()));
        Some((record, change))
    }

    /// The code that this device used and has not shown to be done with.
    pub fn open_of(&self, device_id: &str) -> Option<String> {
        let mut records = self.codes.values();
        records
            .find(|record| {
                record.device_id.as_deref() == Some(device_id) && record.completed_at_ms.is_none()
            })
            .map(|record| record.setup_id.clone())
    }

    /// Takes what a join link gives, once.
    pub fn take_join(&mut self, code: &str, now_ms: i64) -> Option<Joined> {
        let sent = secret::hash(code);
        let mut found = None;
        for record in self.codes.values_mut() {
            if record
                .join_hash
                .is_some_and(|expected| secret::same(expected, sent))
            {
                found = Some(record);
            }
        }
        let record = found.filter(|record| {
            record.join_taken_at_ms.is_none() && standing(record, now_ms) == Standing::Waiting
        })?;
        record.join_taken_at_ms = Some(now_ms);
        let record = record.clone();
        Some(Joined {
            token: join_token(code),
            changes: vec![Change::PutSetup(Box::new(record.clone()))],
            record,
        })
    }

    /// A code by its id.
    pub fn get(&self, setup_id: &str) -> Option<&SetupRecord> {
        self.codes.get(setup_id)
    }

    /// Every code that is remembered, newest first.
    pub fn all(&self) -> Vec<&SetupRecord> {
        let mut all: Vec<_> = self.codes.values().collect();
        all.sort_by(|a, b| {
            b.created_at_ms
                .cmp(&a.created_at_ms)
                .then_with(|| a.setup_id.cmp(&b.setup_id))
        });
        all
    }

    /// Withdraws a code; gives what it was.
    pub fn revoke(&mut self, setup_id: &str) -> Result<(SetupRecord, Change), SetupError> {
        let record = self.codes.remove(setup_id).ok_or(SetupError::Unknown)?;
        Ok((record, Change::RemoveSetup(setup_id.to_owned())))
    }

    /// A device that was removed or revoked cannot come back with the code it came with.
    pub fn device_gone(&mut self, device_id: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        self.codes.retain(|id, record| {
            let keep = record.device_id.as_deref() != Some(device_id);
            if !keep {
                changes.push(Change::RemoveSetup(id.clone()));
            }
            keep
        });
        changes
    }

    fn put(&mut self, record: SetupRecord) -> Change {
        let change = Change::PutSetup(Box::new(record.clone()));
        self.codes.insert(record.setup_id.clone(), record);
        change
    }

    fn forget(&mut self, now_ms: i64) -> Vec<Change> {
        let mut changes = Vec::new();
        self.codes.retain(|id, record| {
            let keep = now_ms < record.expires_at_ms.saturating_add(REMEMBERED_MS);
            if !keep {
                changes.push(Change::RemoveSetup(id.clone()));
            }
            keep
        });
        changes
    }
}

fn usable(record: &SetupRecord, device_id: &str, now_ms: i64) -> bool {
    !expired(record, now_ms)
        && record.completed_at_ms.is_none()
        && record
            .device_id
            .as_deref()
            .is_none_or(|bound| bound == device_id)
}

/// The bootstrap token behind a join code.
fn join_token(code: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, code.as_bytes());
    BASE64URL_NOPAD.encode(hmac::sign(&key, JOIN_CONTEXT).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mint(join: bool) -> Mint {
        Mint {
            access: "node",
            node: true,
            operator: None,
            endpoints: "{}".into(),
            minted_by: "control".into(),
            ttl_ms: 600_000,
            join,
        }
    }

    #[test]
    fn s17_neither_token_nor_join_code_is_kept() {
        let mut book = Setups::default();
        let minted = book.mint(mint(true), 0).unwrap();
        let join = minted.join_code.clone().unwrap();
        assert_eq!((minted.token.len(), join.len()), (43, JOIN_CODE_CHARS));
        let kept = format!("{:?} {:?} {minted:?}", minted.changes, book);
        assert!(
            !kept.contains(&minted.token) && !kept.contains(&join),
            "{kept}"
        );
    }

    #[test]
    fn u24_the_first_device_takes_the_code_and_may_finish() {
        let mut book = Setups::default();
        let Minted { token, record, .. } = book.mint(mint(false), 0).unwrap();
        let id = record.setup_id;
        assert!(book.offer(&token, "one", 1).is_some());
        assert!(book.offer("nope", "one", 1).is_none());
        assert!(book.bind(&id, "one", 1).is_ok());
        assert_eq!(book.bind(&id, "two", 1).unwrap_err(), SetupError::Taken);
        assert!(book.offer(&token, "two", 1).is_none(), "bound to one");
        assert!(
            book.offer(&token, "one", 2).is_some(),
            "its answer may be lost"
        );
        assert!(book.is_bound(&id, "one", 2) && !book.is_bound(&id, "two", 2));
        assert!(book.complete(&id, 3).is_some());
        assert!(book.complete(&id, 4).is_none());
        assert!(book.offer(&token, "one", 5).is_none(), "done is done");
    }

    #[test]
    fn codes_end_by_time_by_hand_and_with_their_device() {
        let mut book = Setups::default();
        let late = book.mint(mint(false), 0).unwrap();
        assert!(book.offer(&late.token, "one", 599_999).is_some());
        assert!(book.offer(&late.token, "one", 600_000).is_none());
        assert_eq!(standing(&late.record, 600_000), Standing::Expired);
        let revoked = book.mint(mint(false), 0).unwrap();
        assert!(book.revoke(&revoked.record.setup_id).is_ok());
        assert!(book.offer(&revoked.token, "one", 1).is_none());
        let used = book.mint(mint(false), 0).unwrap();
        book.bind(&used.record.setup_id, "one", 1).unwrap();
        assert_eq!(book.device_gone("one").len(), 1);
        assert!(book.offer(&used.token, "one", 2).is_none());
        let changes = book
            .mint(mint(false), 600_000 + REMEMBERED_MS)
            .unwrap()
            .changes;
        assert!(
            matches!(changes[0], Change::RemoveSetup(_)),
            "old ones are forgotten"
        );
    }

    #[test]
    fn a_join_link_gives_the_token_once() {
        let mut book = Setups::default();
        let minted = book.mint(mint(true), 0).unwrap();
        let code = minted.join_code.unwrap();
        assert!(book.take_join("AAAAAAAAAAAAAAAAAAAAAA", 1).is_none());
        let joined = book.take_join(&code, 1).unwrap();
        assert_eq!(joined.token, minted.token);
        assert!(book.take_join(&code, 2).is_none());
        assert!(book.offer(&joined.token, "one", 3).is_some());
        let expired = book.mint(mint(true), 0).unwrap();
        assert!(
            book.take_join(&expired.join_code.unwrap(), 600_000)
                .is_none()
        );
    }

    #[test]
    fn the_table_is_bounded() {
        let mut book = Setups::default();
        for _ in 0..MAX_WAITING {
            book.mint(mint(false), 0).unwrap();
        }
        assert_eq!(book.mint(mint(false), 1).unwrap_err(), SetupError::TooMany);
        assert!(
            book.mint(mint(false), 600_000).is_ok(),
            "expired ones do not count"
        );
    }
}
