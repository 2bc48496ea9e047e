//! Who is here: the gateway itself, live connections, recent departures and `system-event` reports.
//!
//! A live connection never expires; what is gone, or was only reported, is kept for five minutes.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use openclaw_protocol::limits::PRESENCE_MAX;
use openclaw_protocol::scope::{Role, ScopeSet};
use parking_lot::Mutex;
use serde::Serialize;

use crate::conn::hub::Conn;

/// How long departures and reports stay listed, in milliseconds.
const TTL_MS: i64 = 300_000;
/// Most reports and departures kept.
const MAX_PASSIVE: usize = 1_000;

/// One entry as it is listed.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Address, for remote clients and the gateway itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Client version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Device family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// `gateway`, or the client's mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Seconds since the person did something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_input_seconds: Option<u64>,
    /// `self`, `connect`, `disconnect`, or as reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The entry in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Milliseconds since the epoch.
    pub ts: i64,
    /// Device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Scopes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Device id, else instance id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

#[derive(Debug)]
struct Slot {
    entry: Entry,
    /// The entry as it is listed: written once, listed for every client that connects.
    json: Box<str>,
    live: usize,
}

impl Slot {
    fn new(entry: Entry, live: usize) -> Self {
        let json = encode(&entry).into_boxed_str();
        Self { entry, json, live }
    }
}

fn encode(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("entries have string keys only")
}

#[derive(Debug, Default)]
struct Table {
    slots: HashMap<String, Slot>,
    /// Newest first.
    order: BTreeSet<(Reverse<i64>, String)>,
    /// Departures and reports only, oldest first.
    passive: BTreeSet<(i64, String)>,
    version: u64,
    cached: Option<Arc<str>>,
    cached_until: i64,
}

/// The presence table.
#[derive(Debug)]
pub struct Presence {
    own: Entry,
    table: Mutex<Table>,
}

impl Presence {
    /// With the gateway's own entry.
    pub fn new(own: Entry) -> Self {
        Self {
            own,
            table: Mutex::new(Table {
                version: 1,
                ..Table::default()
            }),
        }
    }

    /// State version; bumped by every change.
    pub fn version(&self) -> u64 {
        self.table.lock().version
    }

    /// Notes a connection. Short CLI calls are not listed.
    pub fn connected(&self, conn: &Conn, now_ms: i64) {
        let Some(key) = key_of(conn) else { return };
        let mut table = self.table.lock();
        let live = table.slots.get(&key).map_or(0, |slot| slot.live) + 1;
        let before = table
            .slots
            .get(&key)
            .filter(|slot| slot.live > 0)
            .map(|slot| slot.entry.clone());
        let mut entry = entry_of(conn, now_ms);
        if let Some(before) = before {
            entry.roles = joined(before.roles, entry.roles);
            entry.scopes = joined(before.scopes, entry.scopes);
        }
        table.put(key, Slot::new(entry, live));
    }

    /// Notes that a connection ended.
    pub fn disconnected(&self, conn: &Conn, now_ms: i64) {
        let Some(key) = key_of(conn) else { return };
        let mut table = self.table.lock();
        let Some(slot) = table.slots.get(&key) else {
            return;
        };
        let live = slot.live.saturating_sub(1);
        let mut entry = slot.entry.clone();
        if live == 0 {
            entry.reason = Some("disconnect".to_owned());
        }
        entry.ts = now_ms;
        table.put(key, Slot::new(entry, live));
    }

    /// Takes in a `system-event` report under its key.
    pub fn report(&self, key: &str, update: impl FnOnce(&mut Entry), now_ms: i64) {
        let key = key.to_lowercase();
        let mut table = self.table.lock();
        let (mut entry, live) = table
            .slots
            .get(&key)
            .map(|slot| (slot.entry.clone(), slot.live))
            .unwrap_or_default();
        update(&mut entry);
        entry.ts = now_ms;
        table.put(key, Slot::new(entry, live));
    }

    /// The list as JSON, newest first, at most [`PRESENCE_MAX`] entries.
    pub fn list_json(&self, now_ms: i64) -> Arc<str> {
        let mut table = self.table.lock();
        if let Some(cached) = table
            .cached
            .as_ref()
            .filter(|_| now_ms < table.cached_until)
        {
            return Arc::clone(cached);
        }
        table.forget(now_ms - TTL_MS);
        let own = Entry {
            ts: now_ms,
            ..self.own.clone()
        };
        let newest = table.order.iter().take(PRESENCE_MAX - 1);
        let mut list = String::from("[");
        list.push_str(&encode(&own));
        for slot in newest.filter_map(|(_, key)| table.slots.get(key)) {
            list.push(',');
            list.push_str(&slot.json);
        }
        list.push(']');
        let json: Arc<str> = list.into();
        // Only expiry and the gateway's own time make an unchanged list stale.
        table.cached_until = now_ms + 1_000;
        table.cached = Some(Arc::clone(&json));
        json
    }
}

impl Table {
    fn put(&mut self, key: String, slot: Slot) {
        if let Some(old) = self.slots.get(&key) {
            self.order.remove(&(Reverse(old.entry.ts), key.clone()));
            self.passive.remove(&(old.entry.ts, key.clone()));
        }
        self.order.insert((Reverse(slot.entry.ts), key.clone()));
        if slot.live == 0 {
            self.passive.insert((slot.entry.ts, key.clone()));
        }
        self.slots.insert(key, slot);
        if self.passive.len() > MAX_PASSIVE {
            let oldest = self.passive.first().map_or(0, |(ts, _)| *ts);
            self.forget(oldest + 1);
        }
        self.version += 1;
        self.cached = None;
    }

    fn forget(&mut self, before_ms: i64) {
        while let Some((ts, key)) = self
            .passive
            .first()
            .filter(|(ts, _)| *ts < before_ms)
            .cloned()
        {
            self.passive.remove(&(ts, key.clone()));
            self.order.remove(&(Reverse(ts), key.clone()));
            self.slots.remove(&key);
        }
    }
}

fn key_of(conn: &Conn) -> Option<String> {
    if conn.facts.client_mode.as_deref() == Some("cli") {
        return None;
    }
    let key = conn
        .device_id
        .as_ref()
        .or(conn.instance_id.as_ref())
        .unwrap_or(&conn.id);
    Some(key.trim().to_lowercase())
}

fn entry_of(conn: &Conn, now_ms: i64) -> Entry {
    let facts = &conn.facts;
    let mode = facts.client_mode.clone().unwrap_or_default();
    let scopes = match conn.role {
        Role::Operator => conn.scopes(),
        Role::Node => ScopeSet::EMPTY,
    };
    Entry {
        host: Some(conn.label().to_owned()),
        ip: facts.remote_ip.clone(),
        version: facts.version.clone(),
        platform: facts.platform.clone(),
        device_family: facts.device_family.clone(),
        model_identifier: facts.model_identifier.clone(),
        text: Some(format!("Node: {} · mode {mode}", conn.label())),
        mode: Some(mode),
        reason: Some("connect".to_owned()),
        ts: now_ms,
        device_id: conn.device_id.clone(),
        roles: vec![conn.role.name().to_owned()],
        scopes: scopes.names().into_iter().map(str::to_owned).collect(),
        instance_id: conn.device_id.clone().or_else(|| conn.instance_id.clone()),
        client_id: facts.client_id.clone(),
        last_input_seconds: None,
    }
}

fn joined(mut known: Vec<String>, more: Vec<String>) -> Vec<String> {
    known.extend(more);
    known.sort_unstable();
    known.dedup();
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::admission::Method;
    use crate::conn::hub::{Hub, NewConn};
    use crate::peer::PeerClass;
    use crate::records::ClientFacts;

    fn conn(hub: &Hub, device: &str, mode: &str) -> Arc<Conn> {
        hub.insert(NewConn {
            id: uuid::Uuid::new_v4().to_string(),
            protocol: 4,
            role: Role::Operator,
            scopes: ScopeSet::FULL,
            facts: ClientFacts {
                client_mode: Some(mode.into()),
                ..ClientFacts::default()
            },
            instance_id: None,
            device_id: Some(device.into()),
            peer: PeerClass::Remote,
            secure: None,
            via: crate::peer::Via::Lan,
            method: Method::Token,
            identity: None,
            token: None,
            setup_id: None,
            origin: None,
            host: None,
            connected_at_ms: 0,
        })
    }

    fn reasons(presence: &Presence, now_ms: i64) -> Vec<String> {
        let list: Vec<serde_json::Value> =
            serde_json::from_str(&presence.list_json(now_ms)).unwrap();
        list.iter()
            .skip(1)
            .map(|entry| entry["reason"].as_str().unwrap_or("-").to_owned())
            .collect()
    }

    #[test]
    fn a_live_connection_stays_and_a_departed_one_leaves_after_five_minutes() {
        let (hub, presence) = (Hub::default(), Presence::new(Entry::default()));
        let phone = conn(&hub, "phone", "ui");
        presence.connected(&phone, 0);
        presence.connected(&conn(&hub, "cli", "cli"), 0);
        assert_eq!(reasons(&presence, 10 * TTL_MS), ["connect"]);
        presence.disconnected(&phone, 10 * TTL_MS);
        assert_eq!(reasons(&presence, 11 * TTL_MS), ["disconnect"]);
        assert!(reasons(&presence, 11 * TTL_MS + 1_001).is_empty());
    }

    #[test]
    fn u25_closing_the_older_of_two_connections_keeps_the_device_listed() {
        let (hub, presence) = (Hub::default(), Presence::new(Entry::default()));
        let (old, new) = (conn(&hub, "node", "node"), conn(&hub, "node", "node"));
        presence.connected(&old, 0);
        presence.connected(&new, 1);
        presence.disconnected(&old, 2);
        assert_eq!(reasons(&presence, 10 * TTL_MS), ["connect"]);
    }

    #[test]
    fn the_list_is_bounded_and_newest_first() {
        let presence = Presence::new(Entry::default());
        for n in 0..5_000 {
            presence.report(
                &format!("host-{n}"),
                |entry| entry.host = Some(n.to_string()),
                n,
            );
        }
        let list: Vec<serde_json::Value> =
            serde_json::from_str(&presence.list_json(5_000)).unwrap();
        assert_eq!(list.len(), PRESENCE_MAX);
        assert_eq!(list[1]["host"], "4999");
        assert!(presence.table.lock().slots.len() <= MAX_PASSIVE + 1);
    }
}
