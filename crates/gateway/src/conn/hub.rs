//! The table of live connections, and fan-out of events to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU16, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use openclaw_protocol::error::close;
use openclaw_protocol::event::{Audience, EventSpec};
use openclaw_protocol::frame::{StateVersion, encode_event_head};
use openclaw_protocol::limits;
use openclaw_protocol::scope::{Role, ScopeSet};
use parking_lot::RwLock;
use tokio::sync::Notify;

use crate::auth::admission::Method;
use crate::auth::identity::Identity;
use crate::conn::outbox::Outbox;
use crate::peer::{PeerClass, Via};
use crate::records::{ClientFacts, CredentialHash};

/// Answers one connection may wait for at a time.
pub const MAX_IN_FLIGHT: usize = 256;

/// One live, authenticated connection.
#[derive(Debug)]
pub struct Conn {
    /// Number in this gateway's life; orders connections by age.
    pub number: u64,
    /// `server.connId` of its hello.
    pub id: String,
    /// Protocol in use.
    pub protocol: u32,
    /// Role.
    pub role: Role,
    /// What the client says about itself, and its remote address.
    pub facts: ClientFacts,
    /// `client.instanceId`.
    pub instance_id: Option<String>,
    /// Device, if one proved itself.
    pub device_id: Option<String>,
    /// Where it is.
    pub peer: PeerClass,
    /// Whether it came over TLS; `None`: nobody says.
    pub secure: Option<bool>,
    /// Which way it came.
    pub via: Via,
    /// How it was authenticated.
    pub method: Method,
    /// The device token it came with, if it did.
    pub token: Option<CredentialHash>,
    /// The user somebody vouches for, if it came in by that.
    pub identity: Option<Arc<Identity>>,
    /// Origin of its page, when this gateway served it.
    pub origin: Option<String>,
    /// `Host` it asked for, when it came from elsewhere.
    pub host: Option<String>,
    /// The setup code it came in with, if it did.
    pub setup_id: Option<String>,
    /// Milliseconds since the epoch.
    pub connected_at_ms: i64,
    /// What waits to be written.
    pub outbox: Outbox,
    scopes: AtomicU16,
    in_flight: AtomicUsize,
    last_activity_ms: AtomicI64,
}

impl Conn {
    /// Scopes now; an approved upgrade widens them while connected.
    pub fn scopes(&self) -> ScopeSet {
        ScopeSet::from_bits(self.scopes.load(Ordering::Relaxed))
    }

    /// Replaces the scopes.
    pub fn set_scopes(&self, scopes: ScopeSet) {
        self.scopes.store(scopes.bits(), Ordering::Relaxed);
    }

    /// Largest frame it was told it may send, in bytes.
    pub fn max_payload(&self) -> usize {
        if self.protocol >= 4 {
            limits::V4_MAX_PAYLOAD
        } else {
            limits::V3_MAX_PAYLOAD
        }
    }

    /// Name for people: display name, else client id.
    pub fn label(&self) -> &str {
        self.facts
            .display_name
            .as_deref()
            .or(self.facts.client_id.as_deref())
            .unwrap_or("unknown")
    }

    /// Who this is, in the audit log.
    pub fn actor(&self) -> String {
        match (&self.device_id, self.peer) {
            (Some(device), _) => device.clone(),
            (None, PeerClass::Control) => "control".to_owned(),
            (None, _) if self.identity.is_some() => self
                .identity
                .as_ref()
                .map(|identity| identity.user.clone())
                .unwrap_or_default(),
            (None, _) => self.facts.client_id.clone().unwrap_or_default(),
        }
    }

    /// Takes a place for one more answer to wait for.
    pub fn begin(&self) -> bool {
        let taken = self.in_flight.fetch_add(1, Ordering::Relaxed) < MAX_IN_FLIGHT;
        if !taken {
            self.end();
        }
        taken
    }

    /// Gives the place back.
    pub fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// When something last came in, milliseconds since the epoch.
    pub fn last_activity_ms(&self) -> i64 {
        self.last_activity_ms.load(Ordering::Relaxed)
    }

    /// Notes that something came in.
    pub fn heard(&self, now_ms: i64) {
        self.last_activity_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Answers still owed.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Clients of protocol 3 know nothing of later events.
    fn hears(&self, spec: &EventSpec) -> bool {
        if self.protocol < spec.since {
            return false;
        }
        match spec.audience {
            Audience::Everyone => true,
            Audience::Operators => self.role == Role::Operator,
            Audience::Scope(scope) => self.role == Role::Operator && self.scopes().allows(scope),
            Audience::Direct => false,
        }
    }
}

/// What a new connection is made of.
#[derive(Debug)]
pub struct NewConn {
    /// See [`Conn::id`].
    pub id: String,
    /// See [`Conn::protocol`].
    pub protocol: u32,
    /// See [`Conn::role`].
    pub role: Role,
    /// Scopes granted.
    pub scopes: ScopeSet,
    /// See [`Conn::facts`].
    pub facts: ClientFacts,
    /// See [`Conn::instance_id`].
    pub instance_id: Option<String>,
    /// See [`Conn::device_id`].
    pub device_id: Option<String>,
    /// See [`Conn::peer`].
    pub peer: PeerClass,
    /// See [`Conn::secure`].
    pub secure: Option<bool>,
    /// See [`Conn::via`].
    pub via: Via,
    /// See [`Conn::method`].
    pub method: Method,
    /// See [`Conn::token`].
    pub token: Option<CredentialHash>,
    /// The user somebody vouches for.
    pub identity: Option<Arc<Identity>>,
    /// See [`Conn::origin`].
    pub origin: Option<String>,
    /// See [`Conn::host`].
    pub host: Option<String>,
    /// See [`Conn::setup_id`].
    pub setup_id: Option<String>,
    /// See [`Conn::connected_at_ms`].
    pub connected_at_ms: i64,
}

/// All live connections.
#[derive(Debug, Default)]
pub struct Hub {
    conns: RwLock<BTreeMap<u64, Arc<Conn>>>,
    next: AtomicU64,
    changed: Notify,
}

impl Hub {
    /// Adds a connection.
    pub fn insert(&self, new: NewConn) -> Arc<Conn> {
        let conn = Arc::new(Conn {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            id: new.id,
            protocol: new.protocol,
            role: new.role,
            facts: new.facts,
            instance_id: new.instance_id,
            device_id: new.device_id,
            peer: new.peer,
            secure: new.secure,
            via: new.via,
            method: new.method,
            token: new.token,
            identity: new.identity,
            origin: new.origin,
            host: new.host,
            setup_id: new.setup_id,
            connected_at_ms: new.connected_at_ms,
            outbox: Outbox::new(limits::V4_MAX_BUFFERED, limits::EVENT_BUFFER),
            scopes: AtomicU16::new(new.scopes.bits()),
            in_flight: AtomicUsize::new(0),
            last_activity_ms: AtomicI64::new(new.connected_at_ms),
        });
        self.conns.write().insert(conn.number, Arc::clone(&conn));
        self.changed.notify_one();
        conn
    }

    /// Removes a connection.
    pub fn remove(&self, number: u64) {
        self.conns.write().remove(&number);
        self.changed.notify_one();
    }

    /// Waits until somebody has come or gone since the last time.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.conns.read().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every connection that `wanted` picks.
    pub fn select(&self, wanted: impl Fn(&Conn) -> bool) -> Vec<Arc<Conn>> {
        self.conns
            .read()
            .values()
            .filter(|conn| wanted(conn))
            .cloned()
            .collect()
    }

    /// Closes every connection that `wanted` picks. Returns how many.
    pub fn close(&self, code: u16, reason: &str, wanted: impl Fn(&Conn) -> bool) -> usize {
        let picked = self.select(wanted);
        for conn in &picked {
            conn.outbox.close(code, reason);
        }
        picked.len()
    }

    /// Closes what a device holds, optionally of one role only, but not the connection of this number: it was revoked or
    /// removed.
    pub fn close_device(&self, device_id: &str, role: Option<Role>, but: u64) -> usize {
        self.close(close::POLICY, close::REASON_DEVICE_REVOKED, |conn| {
            conn.device_id.as_deref() == Some(device_id)
                && role.is_none_or(|role| conn.role == role)
                && conn.number != but
        })
    }

    /// Whether anybody would hear an event.
    pub fn is_heard(&self, spec: &EventSpec) -> bool {
        self.conns.read().values().any(|conn| conn.hears(spec))
    }

    /// Sends an event to everyone who may hear it. It is encoded once and shared.
    pub fn broadcast(
        &self,
        spec: &'static EventSpec,
        payload: &str,
        version: Option<StateVersion>,
    ) {
        let head = Bytes::from(encode_event_head(spec.name, Some(payload), version));
        for conn in self.conns.read().values().filter(|conn| conn.hears(spec)) {
            conn.outbox.push_event(spec, &head);
        }
    }
}
