//! Paired devices, pending device requests and device tokens.

use std::collections::HashMap;

use openclaw_protocol::limits::PAIRING_TTL_MS;
use openclaw_protocol::scope::{Role, ScopeSet};
use uuid::Uuid;

use crate::auth::admission::Standing;
use crate::records::{Change, ClientFacts, CredentialHash, DeviceRecord, PendingDevice};

/// Most pending requests; the oldest gives way, so that strangers cannot keep the owner's own request out.
const MAX_PENDING: usize = 200;
/// Most pending requests from one address.
const MAX_PENDING_PER_ADDRESS: usize = 20;
/// Longest operator label, in characters.
pub const MAX_LABEL: usize = 64;

/// Devices and requests.
#[derive(Debug, Default)]
pub struct Devices {
    paired: HashMap<String, DeviceRecord>,
    pending: HashMap<String, PendingDevice>,
    /// Requests decided lately, so that deciding twice is answered and not punished.
    decided: HashMap<String, Decided>,
}

#[derive(Debug, Clone)]
struct Decided {
    device_id: String,
    role: Role,
    approved: bool,
    /// What the device asked for, when it was given less: its next connect asks for that again, and has its answer.
    answered: Option<ScopeSet>,
    at_ms: i64,
}

/// A request that asks to be paired.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Device.
    pub device_id: String,
    /// Its key, unpadded base64url.
    pub public_key: String,
    /// What it says about itself.
    pub facts: ClientFacts,
    /// Role.
    pub role: Role,
    /// Scopes.
    pub scopes: ScopeSet,
    /// Whether it is a direct local peer.
    pub silent: bool,
    /// Browser origin, if any.
    pub browser_origin: Option<String>,
}

/// What filing a request led to.
#[derive(Debug, Clone)]
pub struct Filed {
    /// The pending request.
    pub request: PendingDevice,
    /// Whether it is new (and is to be announced).
    pub created: bool,
    /// To be made durable.
    pub changes: Vec<Change>,
}

/// Why an operation on the book failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No such request, pending or lately decided.
    #[error("unknown requestId")]
    UnknownRequest,
    /// The request was replaced by another one.
    #[error("superseded by {by}: the device now asks for role {role}, scopes {scopes}")]
    Superseded {
        /// The request to decide instead.
        by: String,
        /// Role it asks for.
        role: &'static str,
        /// Scopes it asks for.
        scopes: String,
    },
    /// The request was rejected.
    #[error("requestId was already rejected")]
    AlreadyRejected,
    /// No such device.
    #[error("unknown deviceId")]
    UnknownDevice,
    /// No such device, role or token.
    #[error("unknown deviceId/role")]
    UnknownRole,
    /// The token may not carry these scopes.
    #[error("scopes exceed what the device is approved for: {0}")]
    ScopesExceedGrant(String),
}

/// A decided request.
#[derive(Debug, Clone)]
pub struct Approved {
    /// The device after the approval.
    pub device: DeviceRecord,
    /// What the request asked for; `None` when it had been approved before.
    pub request: Option<PendingDevice>,
    /// To be made durable.
    pub changes: Vec<Change>,
}

impl Devices {
    /// From stored records.
    pub fn new(devices: Vec<DeviceRecord>, pending: Vec<PendingDevice>) -> Self {
        Self {
            paired: devices
                .into_iter()
                .map(|device| (device.device_id.clone(), device))
                .collect(),
            pending: pending
                .into_iter()
                .map(|request| (request.request_id.clone(), request))
                .collect(),
            decided: HashMap::new(),
        }
    }

    /// A paired device.
    pub fn get(&self, device_id: &str) -> Option<&DeviceRecord> {
        self.paired.get(device_id)
    }

    /// All paired devices, latest approval first.
    pub fn paired(&self) -> Vec<&DeviceRecord> {
        let mut list: Vec<_> = self.paired.values().collect();
        list.sort_by(|a, b| {
            b.approved_at_ms
                .cmp(&a.approved_at_ms)
                .then_with(|| a.device_id.cmp(&b.device_id))
        });
        list
    }

    /// All requests that wait for a decision, newest first.
    pub fn pending(&self, now_ms: i64) -> Vec<&PendingDevice> {
        let mut list: Vec<_> = self
            .pending
            .values()
            .filter(|request| request.superseded_by.is_none() && !expired(request, now_ms))
            .collect();
        list.sort_by(|a, b| {
            b.ts.cmp(&a.ts)
                .then_with(|| a.request_id.cmp(&b.request_id))
        });
        list
    }

    /// A request that waits for a decision.
    pub fn pending_by_id(&self, request_id: &str, now_ms: i64) -> Option<&PendingDevice> {
        self.pending
            .get(request_id)
            .filter(|request| request.superseded_by.is_none() && !expired(request, now_ms))
    }

    /// How a proven device stands for a role.
    pub fn standing(&self, device_id: &str, public_key: &str, role: Role) -> Standing {
        match self.paired.get(device_id) {
            Some(device) if device.public_key == public_key => {
                if device.roles.contains(&role) && !is_revoked(device, role) {
                    Standing::Paired(device.scopes)
                } else {
                    Standing::OtherRole
                }
            }
            _ => Standing::Unknown,
        }
    }

    /// Files a request, or finds the one that already asks for at least as much.
    pub fn file(&mut self, ask: Ask, now_ms: i64) -> Filed {
        let mut changes = Vec::new();
        // One request per role: the node host and the CLI of a machine share its identity, and each keeps asking.
        let open = self.pending.values().find(|request| {
            request.device_id == ask.device_id
                && request.public_key == ask.public_key
                && request.role == ask.role
                && request.superseded_by.is_none()
                && !expired(request, now_ms)
        });
        let mut scopes = ask.scopes;
        let mut supersedes = None;
        if let Some(open) = open {
            if open.scopes.covers(ask.scopes) {
                let request = open.clone();
                return Filed {
                    request,
                    created: false,
                    changes,
                };
            }
            scopes = scopes.union(open.scopes);
            supersedes = Some(open.request_id.clone());
        }
        changes.extend(self.make_room(ask.facts.remote_ip.as_deref()));
        let request = PendingDevice {
            request_id: Uuid::new_v4().to_string(),
            is_repair: self.paired.contains_key(&ask.device_id),
            device_id: ask.device_id,
            public_key: ask.public_key,
            facts: ask.facts,
            role: ask.role,
            scopes,
            silent: ask.silent,
            browser_origin: ask.browser_origin,
            ts: now_ms,
            superseded_by: None,
        };
        if let Some(old) = supersedes.and_then(|id| self.pending.get_mut(&id)) {
            old.superseded_by = Some(request.request_id.clone());
            changes.push(Change::PutPendingDevice(Box::new(old.clone())));
        }
        changes.push(Change::PutPendingDevice(Box::new(request.clone())));
        self.pending
            .insert(request.request_id.clone(), request.clone());
        Filed {
            request,
            created: true,
            changes,
        }
    }

    /// Approves a pending request, for `narrowed` only if that is given; the request that comes back names what was granted.
    /// Approving it again within its lifetime gives the device again and changes nothing.
    pub fn approve(
        &mut self,
        request_id: &str,
        narrowed: Option<ScopeSet>,
        via: &str,
        now_ms: i64,
    ) -> Result<Approved, DeviceError> {
        let mut request = match self.take_decidable(request_id, now_ms) {
            Ok(request) => request,
            Err(DeviceError::UnknownRequest) => return self.approved_before(request_id, now_ms),
            Err(error) => return Err(error),
        };
        let mut changes = vec![Change::RemovePendingDevice(request.request_id.clone())];
        let answered = narrowed
            .filter(|narrowed| !narrowed.covers(request.scopes))
            .map(|_| request.scopes);
        self.remember(&request, true, answered, now_ms);
        request.scopes = narrowed.unwrap_or(request.scopes);
        let device = self.grant(&request, via, now_ms);
        changes.push(Change::PutDevice(Box::new(device.clone())));
        Ok(Approved {
            device,
            request: Some(request),
            changes,
        })
    }

    /// Pairs a device at once, without a pending request: the owner is at the keyboard.
    pub fn approve_now(&mut self, ask: Ask, via: &str, now_ms: i64) -> Approved {
        let mut changes = Vec::new();
        let open: Vec<String> = self
            .pending
            .values()
            .filter(|request| request.device_id == ask.device_id && request.role == ask.role)
            .map(|request| request.request_id.clone())
            .collect();
        for id in open {
            self.pending.remove(&id);
            changes.push(Change::RemovePendingDevice(id));
        }
        let request = PendingDevice {
            request_id: Uuid::new_v4().to_string(),
            is_repair: self.paired.contains_key(&ask.device_id),
            device_id: ask.device_id,
            public_key: ask.public_key,
            facts: ask.facts,
            role: ask.role,
            scopes: ask.scopes,
            silent: true,
            browser_origin: ask.browser_origin,
            ts: now_ms,
            superseded_by: None,
        };
        let device = self.grant(&request, via, now_ms);
        changes.push(Change::PutDevice(Box::new(device.clone())));
        Approved {
            device,
            request: Some(request),
            changes,
        }
    }

    /// Rejects a pending request. Returns the request and the changes.
    pub fn reject(
        &mut self,
        request_id: &str,
        now_ms: i64,
    ) -> Result<(PendingDevice, Vec<Change>), DeviceError> {
        let request = self.take_decidable(request_id, now_ms)?;
        self.remember(&request, false, None, now_ms);
        let changes = vec![Change::RemovePendingDevice(request.request_id.clone())];
        Ok((request, changes))
    }

    /// Removes a device with its tokens and pending requests.
    pub fn remove(&mut self, device_id: &str) -> Result<Vec<Change>, DeviceError> {
        let device = self
            .paired
            .remove(device_id)
            .ok_or(DeviceError::UnknownDevice)?;
        let mut changes = vec![Change::RemoveDevice(device.device_id)];
        self.pending.retain(|id, request| {
            let keep = request.device_id != device_id;
            if !keep {
                changes.push(Change::RemovePendingDevice(id.clone()));
            }
            keep
        });
        Ok(changes)
    }

    /// Takes a role from a device; a device without roles is removed. Returns the changes.
    pub fn remove_role(&mut self, device_id: &str, role: Role) -> Result<Vec<Change>, DeviceError> {
        let device = self
            .paired
            .get_mut(device_id)
            .ok_or(DeviceError::UnknownDevice)?;
        if !device.roles.contains(&role) {
            return Err(DeviceError::UnknownRole);
        }
        if device.roles.len() == 1 {
            return self.remove(device_id);
        }
        device.roles.retain(|held| *held != role);
        device.tokens.retain(|token| token.role != role);
        Ok(vec![Change::PutDevice(Box::new(device.clone()))])
    }

    /// Gives a device a name of the operator's choice.
    pub fn rename(&mut self, device_id: &str, label: &str) -> Result<Vec<Change>, DeviceError> {
        let device = self
            .paired
            .get_mut(device_id)
            .ok_or(DeviceError::UnknownDevice)?;
        device.operator_label = Some(label.to_owned());
        Ok(vec![Change::PutDevice(Box::new(device.clone()))])
    }

    /// Notes that a device came or went; the change may be written late. Facts that differ are written.
    pub fn seen(
        &mut self,
        device_id: &str,
        facts: Option<&ClientFacts>,
        token: Option<CredentialHash>,
        reason: &'static str,
        now_ms: i64,
    ) -> Option<Change> {
        let device = self.paired.get_mut(device_id)?;
        device.last_seen_at_ms = Some(now_ms);
        device.last_seen_reason = Some(reason.to_owned());
        if let Some(used) = device
            .tokens
            .iter_mut()
            .find(|held| Some(held.hash) == token)
        {
            used.last_used_at_ms = Some(now_ms);
        }
        if let Some(facts) = facts.filter(|facts| **facts != device.facts) {
            device.facts = facts.clone();
            return Some(Change::PutDevice(Box::new(device.clone())));
        }
        Some(Change::TouchDevice {
            device_id: device_id.to_owned(),
            token,
            at_ms: now_ms,
            reason,
        })
    }

    fn grant(&mut self, request: &PendingDevice, via: &str, now_ms: i64) -> DeviceRecord {
        let same_key = self
            .paired
            .get(&request.device_id)
            .filter(|device| device.public_key == request.public_key);
        let mut device = same_key.cloned().unwrap_or_else(|| DeviceRecord {
            device_id: request.device_id.clone(),
            public_key: request.public_key.clone(),
            facts: ClientFacts::default(),
            operator_label: None,
            roles: Vec::new(),
            scopes: ScopeSet::EMPTY,
            approved_via: String::new(),
            created_at_ms: now_ms,
            approved_at_ms: now_ms,
            last_seen_at_ms: None,
            last_seen_reason: None,
            tokens: Vec::new(),
        });
        device.facts = request.facts.clone();
        if !device.roles.contains(&request.role) {
            device.roles.push(request.role);
            device.roles.sort_unstable();
        }
        device.scopes = device.scopes.union(request.scopes);
        device
            .tokens
            .retain(|token| token.role != request.role || token.revoked_at_ms.is_none());
        // A live token carries an upgrade at once: approving is the owner's word, a token only its bearer.
        for token in device
            .tokens
            .iter_mut()
            .filter(|token| token.role == request.role)
        {
            token.scopes = token.scopes.union(request.scopes);
        }
        via.clone_into(&mut device.approved_via);
        device.approved_at_ms = now_ms;
        self.paired.insert(device.device_id.clone(), device.clone());
        device
    }

    fn take_decidable(
        &mut self,
        request_id: &str,
        now_ms: i64,
    ) -> Result<PendingDevice, DeviceError> {
        let request = self
            .pending
            .get(request_id)
            .filter(|request| !expired(request, now_ms));
        match request {
            None if self
                .decided
                .get(request_id)
                .is_some_and(|decided| !decided.approved) =>
            {
                Err(DeviceError::AlreadyRejected)
            }
            None => Err(DeviceError::UnknownRequest),
            Some(PendingDevice {
                superseded_by: Some(by),
                ..
            }) => {
                let (role, scopes) = self.pending.get(by).map_or(("?", String::new()), |next| {
                    (next.role.name(), next.scopes.names().join(", "))
                });
                Err(DeviceError::Superseded {
                    by: by.clone(),
                    role,
                    scopes,
                })
            }
            Some(_) => self
                .pending
                .remove(request_id)
                .ok_or(DeviceError::UnknownRequest),
        }
    }

    fn approved_before(&self, request_id: &str, now_ms: i64) -> Result<Approved, DeviceError> {
        let decided = self
            .decided
            .get(request_id)
            .filter(|decided| now_ms - decided.at_ms <= PAIRING_TTL_MS);
        let device = decided.and_then(|decided| self.paired.get(&decided.device_id));
        let device = device.ok_or(DeviceError::UnknownRequest)?.clone();
        Ok(Approved {
            device,
            request: None,
            changes: Vec::new(),
        })
    }

    /// Whether the operator has just given this device less than it asks for here. Said once: who asks again later, asks anew.
    pub fn take_answer(
        &mut self,
        device_id: &str,
        role: Role,
        scopes: ScopeSet,
        now_ms: i64,
    ) -> bool {
        let answer = self.decided.values_mut().find(|decided| {
            decided.device_id == device_id
                && decided.role == role
                && now_ms - decided.at_ms <= PAIRING_TTL_MS
                && decided.answered.is_some_and(|asked| asked.covers(scopes))
        });
        answer.is_some_and(|decided| decided.answered.take().is_some())
    }

    fn remember(
        &mut self,
        request: &PendingDevice,
        approved: bool,
        answered: Option<ScopeSet>,
        now_ms: i64,
    ) {
        self.decided
            .retain(|_, decided| now_ms - decided.at_ms <= PAIRING_TTL_MS);
        let decided = Decided {
            device_id: request.device_id.clone(),
            role: request.role,
            approved,
            answered,
            at_ms: now_ms,
        };
        self.decided.insert(request.request_id.clone(), decided);
    }

    /// Forgets requests whose time is over. Returns those that somebody could still have decided, and the changes.
    pub fn forget_expired(&mut self, now_ms: i64) -> (Vec<PendingDevice>, Vec<Change>) {
        let gone: Vec<_> = self
            .pending
            .extract_if(|_, request| expired(request, now_ms))
            .collect();
        let changes = gone
            .iter()
            .map(|(id, _)| Change::RemovePendingDevice(id.clone()))
            .collect();
        let open = gone.into_iter().map(|(_, request)| request);
        let open = open.filter(|request| request.superseded_by.is_none());
        (open.collect(), changes)
    }

    fn make_room(&mut self, address: Option<&str>) -> Vec<Change> {
        let mut changes = Vec::new();
        // Those whose address nobody vouches for count as one, and may take half of the room.
        let most = if address.is_some() {
            MAX_PENDING_PER_ADDRESS
        } else {
            MAX_PENDING / 2
        };
        let from_here = |request: &PendingDevice| request.facts.remote_ip.as_deref() == address;
        let crowded = self
            .pending
            .values()
            .filter(|request| from_here(request))
            .count()
            >= most;
        let full = self.pending.len() >= MAX_PENDING;
        if crowded || full {
            let oldest = self
                .pending
                .values()
                .filter(|request| !crowded || from_here(request))
                .min_by_key(|request| (request.ts, request.superseded_by.is_none()))
                .map(|request| request.request_id.clone());
            if let Some(id) = oldest {
                self.pending.remove(&id);
                changes.push(Change::RemovePendingDevice(id));
            }
        }
        changes
    }
}

/// Whether the operator took a role back: a device that holds it has tokens, and all of them are revoked.
fn is_revoked(device: &DeviceRecord, role: Role) -> bool {
    let mut tokens = device
        .tokens
        .iter()
        .filter(|token| token.role == role)
        .peekable();
    tokens.peek().is_some() && tokens.all(|token| token.revoked_at_ms.is_some())
}

fn expired(request: &PendingDevice, now_ms: i64) -> bool {
    now_ms - request.ts > PAIRING_TTL_MS
}

#[cfg(test)]
mod tests;
mod tokens;
