//! Reads the JSON files, both as a map from id to entry and as a list of entries. Tolerant of everything but a
//! missing id or key: an odd optional field is better lost than a whole device.

use std::collections::BTreeMap;

use openclaw_protocol::device::PublicKey;
use openclaw_protocol::limits::PAIRING_TTL_MS;
use openclaw_protocol::scope::{Role, ScopeSet};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use crate::records::{
    Change, ClientFacts, CredentialHash, DeviceRecord, NodeRecord, PendingDevice, PendingNode,
    TokenRecord,
};

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Records with the id they are known by.
    pub(super) records: Vec<(String, Change)>,
    /// Entries that cannot be used, and why.
    pub(super) skipped: Vec<String>,
}

pub(super) fn paired_devices(text: &str, _now_ms: i64) -> Result<Parsed, String> {
    each(text, "deviceId", |id, entry| {
        let record = paired_device(id, entry)?;
        Ok(Some(Change::PutDevice(Box::new(record))))
    })
}

pub(super) fn pending_devices(text: &str, now_ms: i64) -> Result<Parsed, String> {
    each(text, "requestId", |id, entry| {
        let request = pending_device(id, entry)?;
        let fresh = is_fresh(request.ts, now_ms);
        Ok(fresh.then(|| Change::PutPendingDevice(Box::new(request))))
    })
}

pub(super) fn paired_nodes(text: &str, _now_ms: i64) -> Result<Parsed, String> {
    each(text, "nodeId", |id, entry| {
        let record = paired_node(id, entry);
        Ok(Some(Change::PutNode(Box::new(record))))
    })
}

pub(super) fn pending_nodes(text: &str, now_ms: i64) -> Result<Parsed, String> {
    each(text, "requestId", |id, entry| {
        let request = pending_node(id, entry)?;
        let fresh = is_fresh(request.ts, now_ms);
        Ok(fresh.then(|| Change::PutPendingNode(Box::new(request))))
    })
}

fn is_fresh(ts: i64, now_ms: i64) -> bool {
    now_ms.saturating_sub(ts) <= PAIRING_TTL_MS
}

/// Runs `read` on every entry. Of two entries with one id the later counts.
fn each(
    text: &str,
    id_name: &str,
    read: impl Fn(String, &Entry<'_>) -> Result<Option<Change>, &'static str>,
) -> Result<Parsed, String> {
    let text = text.trim_start_matches('\u{feff}');
    let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let entries: Vec<(Option<String>, Value)> = match file {
        Value::Object(map) => map
            .into_iter()
            .map(|(id, entry)| (Some(id), entry))
            .collect(),
        Value::Array(list) => list.into_iter().map(|entry| (None, entry)).collect(),
        _ => return Err("neither an object nor a list".to_owned()),
    };
    let mut records = BTreeMap::new();
    let mut parsed = Parsed::default();
    for (position, (key, entry)) in entries.into_iter().enumerate() {
        let Value::Object(map) = &entry else {
            parsed.skipped.push(skip(key, position, "not an object"));
            continue;
        };
        let entry = Entry(map);
        let Some(id) = entry
            .text(id_name)
            .or_else(|| key.clone())
            .filter(|id| !id.is_empty())
        else {
            parsed.skipped.push(skip(key, position, "no id"));
            continue;
        };
        match read(id.clone(), &entry) {
            Ok(Some(change)) => drop(records.insert(id, change)),
            Ok(None) => {}
            Err(reason) => parsed.skipped.push(skip(Some(id), position, reason)),
        }
    }
    parsed.records = records.into_iter().collect();
    Ok(parsed)
}

fn skip(id: Option<String>, position: usize, reason: &str) -> String {
    let id = id.unwrap_or_else(|| format!("entry {}", position + 1));
    format!("{id}: {reason}")
}

/// An entry, read field by field.
struct Entry<'a>(&'a Map<String, Value>);

impl Entry<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name)?.as_str().map(str::to_owned)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Milliseconds; a number with a fraction loses it.
    fn millis(&self, name: &str) -> Option<i64> {
        let number = self.0.get(name)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturates, and times are far from the bounds"
        )]
        let rounded = || number.as_f64().map(|value| value as i64);
        number.as_i64().or_else(rounded)
    }

    fn facts(&self) -> ClientFacts {
        ClientFacts {
            display_name: None,
            platform: self.text("platform"),
            device_family: self.text("deviceFamily"),
            model_identifier: self.text("modelIdentifier"),
            version: self.text("version"),
            client_id: self.text("clientId"),
            client_mode: self.text("clientMode"),
            remote_ip: self.text("remoteIp"),
        }
    }

    fn scopes(&self) -> ScopeSet {
        ScopeSet::parse(self.texts("scopes"))
    }

    /// `roles` and `role` together, without names that are not roles.
    fn roles(&self) -> Vec<Role> {
        let mut roles = Vec::new();
        for name in self.texts("roles").into_iter().chain(self.text("role")) {
            roles.extend(Role::parse(&name).filter(|role| !roles.contains(role)));
        }
        roles
    }

    /// The stored form of the key, or the text as it is if it is none: such a device is listed but cannot connect.
    fn public_key(&self) -> Result<String, &'static str> {
        let text = self.text("publicKey").ok_or("no public key")?;
        Ok(PublicKey::parse(&text).map_or(text, |key| key.to_base64url()))
    }

    fn permissions(&self) -> BTreeMap<String, bool> {
        let map = self.0.get("permissions").and_then(Value::as_object);
        map.into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_bool()?)))
            .collect()
    }
}

/// The hash under which a token in clear is recognised from now on.
fn hash(token: &str) -> CredentialHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    CredentialHash(hash)
}

fn paired_device(device_id: String, entry: &Entry<'_>) -> Result<DeviceRecord, &'static str> {
    let tokens = tokens(entry);
    let mut roles = entry.roles();
    if roles.is_empty() {
        roles.extend(tokens.iter().map(|token| token.role));
        roles.dedup();
    }
    let approved_at_ms = entry
        .millis("approvedAtMs")
        .or_else(|| entry.millis("createdAtMs"));
    let approved_at_ms = approved_at_ms.unwrap_or(0);
    let last_used = tokens
        .iter()
        .filter_map(|token| token.last_used_at_ms)
        .max();
    Ok(DeviceRecord {
        device_id,
        public_key: entry.public_key()?,
        facts: ClientFacts {
            display_name: entry.text("displayName"),
            ..entry.facts()
        },
        operator_label: None,
        roles,
        scopes: entry.scopes(),
        approved_via: "imported".to_owned(),
        created_at_ms: entry.millis("createdAtMs").unwrap_or(approved_at_ms),
        approved_at_ms,
        last_seen_at_ms: last_used,
        last_seen_reason: last_used.map(|_| "connect".to_owned()),
        tokens,
    })
}

/// `tokens`, from role to token or as a list. Tokens of made-up roles never admitted to anything.
fn tokens(entry: &Entry<'_>) -> Vec<TokenRecord> {
    let entries: Vec<(Option<&str>, &Value)> = match entry.0.get("tokens") {
        Some(Value::Object(map)) => map
            .iter()
            .map(|(role, token)| (Some(role.as_str()), token))
            .collect(),
        Some(Value::Array(list)) => list.iter().map(|token| (None, token)).collect(),
        _ => Vec::new(),
    };
    let mut tokens: Vec<TokenRecord> = entries
        .into_iter()
        .filter_map(|(key, token)| {
            let token = Entry(token.as_object()?);
            let role = token.text("role");
            let secret = token.text("token").filter(|secret| !secret.is_empty())?;
            Some(TokenRecord {
                role: Role::parse(role.as_deref().or(key)?)?,
                hash: hash(&secret),
                scopes: token.scopes(),
                created_at_ms: token.millis("createdAtMs").unwrap_or(0),
                rotated_at_ms: token.millis("rotatedAtMs"),
                revoked_at_ms: token.millis("revokedAtMs"),
                last_used_at_ms: token.millis("lastUsedAtMs"),
            })
        })
        .collect();
    tokens.sort_by_key(|token| token.role);
    tokens
}

fn pending_device(request_id: String, entry: &Entry<'_>) -> Result<PendingDevice, &'static str> {
    Ok(PendingDevice {
        request_id,
        device_id: entry.text("deviceId").ok_or("no device id")?,
        public_key: entry.public_key()?,
        facts: ClientFacts {
            display_name: entry.text("displayName"),
            ..entry.facts()
        },
        role: entry.roles().pop().ok_or("no known role")?,
        scopes: entry.scopes(),
        silent: entry.flag("silent"),
        is_repair: entry.flag("isRepair"),
        browser_origin: None,
        ts: entry.millis("ts").ok_or("no time")?,
        superseded_by: None,
    })
}

fn paired_node(node_id: String, entry: &Entry<'_>) -> NodeRecord {
    let approved_at_ms = entry
        .millis("approvedAtMs")
        .or_else(|| entry.millis("createdAtMs"));
    let approved_at_ms = approved_at_ms.unwrap_or(0);
    let token = entry.text("token").filter(|token| !token.is_empty());
    NodeRecord {
        node_id,
        display_name: entry.text("displayName"),
        facts: entry.facts(),
        core_version: entry.text("coreVersion"),
        ui_version: entry.text("uiVersion"),
        caps: entry.texts("caps"),
        commands: entry.texts("commands"),
        permissions: entry.permissions(),
        token_hash: token.as_deref().map(hash),
        created_at_ms: entry.millis("createdAtMs").unwrap_or(approved_at_ms),
        approved_at_ms,
        last_connected_at_ms: entry.millis("lastConnectedAtMs"),
    }
}

fn pending_node(request_id: String, entry: &Entry<'_>) -> Result<PendingNode, &'static str> {
    Ok(PendingNode {
        public_key: None,
        request_id,
        node_id: entry.text("nodeId").ok_or("no node id")?,
        legacy: true,
        display_name: entry.text("displayName"),
        facts: entry.facts(),
        core_version: entry.text("coreVersion"),
        ui_version: entry.text("uiVersion"),
        caps: entry.texts("caps"),
        commands: entry.texts("commands"),
        permissions: entry.permissions(),
        silent: entry.flag("silent"),
        is_repair: entry.flag("isRepair"),
        ts: entry.millis("ts").ok_or("no time")?,
    })
}
