//! Device tokens, one per gateway and role, in the file other clients use.
//!
//! Their members (`tokens.<role>`) hold the newest token of each role; ours (`gateways.<url>.tokens.<role>`)
//! keep the gateways apart. Members of other releases are kept.

use std::path::{Path, PathBuf};

use openclaw_config::Secret;
use openclaw_config::store::{StoreError, write_private};
use serde_json::{Map, Value, json};

use super::files;

const FILE_VERSION: u64 = 1;

/// The token cache at a path; reads and writes the file anew each time.
#[derive(Debug, Clone)]
pub struct TokenCache {
    path: PathBuf,
}

/// A token issued earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedToken {
    /// The token.
    pub token: Secret,
    /// Scopes it was issued with.
    pub scopes: Vec<String>,
}

impl TokenCache {
    /// The cache at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The token of `device_id` for `gateway` and `role`. With `any_origin`, also one that another
    /// client stored without saying for which gateway.
    pub fn get(
        &self,
        device_id: &str,
        gateway: &str,
        role: &str,
        any_origin: bool,
    ) -> Option<CachedToken> {
        let file = self.read(device_id);
        let own = file.get("gateways").and_then(|all| all.get(gateway));
        if let Some(entry) = own.and_then(|own| token_entry(own, role)) {
            return Some(entry);
        }
        let newest = token_entry(&Value::Object(file.clone()), role).filter(|_| any_origin)?;
        let gateways = file.get("gateways").and_then(Value::as_object);
        let known_elsewhere = gateways.is_some_and(|gateways| {
            gateways.values().any(|gateway| {
                token_entry(gateway, role).is_some_and(|known| known.token == newest.token)
            })
        });
        (!known_elsewhere).then_some(newest)
    }

    /// Keeps a token. Returns false, and writes nothing, when the same token is already there.
    pub fn store(
        &self,
        device_id: &str,
        gateway: &str,
        role: &str,
        token: &Secret,
        scopes: &[String],
    ) -> Result<bool, StoreError> {
        let known = |cache: &Self| {
            cache
                .get(device_id, gateway, role, false)
                .is_some_and(|known| known.token == *token)
        };
        if known(self) {
            return Ok(false);
        }
        let _lock = files::lock_directory_of(&self.path)?;
        let mut file = self.read(device_id);
        let mut scopes = scopes.to_vec();
        scopes.sort();
        // The file is where the token belongs in the clear; it is private to its owner.
        let entry = json!({
            "token": token.expose(),
            "role": role,
            "scopes": scopes,
            "updatedAtMs": files::now_ms(),
        });
        *member(member(&mut file, "tokens"), role) = entry.as_object().cloned().unwrap_or_default();
        let own = member(member(&mut file, "gateways"), gateway);
        *member(member(own, "tokens"), role) = entry.as_object().cloned().unwrap_or_default();
        self.write(device_id, file)?;
        Ok(true)
    }

    /// Drops a token, unless another one has been stored in its place meanwhile.
    pub fn remove(
        &self,
        device_id: &str,
        gateway: &str,
        role: &str,
        token: &Secret,
    ) -> Result<(), StoreError> {
        let _lock = files::lock_directory_of(&self.path)?;
        let mut file = self.read(device_id);
        let is_this = |holder: &Map<String, Value>| {
            token_entry(&Value::Object(holder.clone()), role)
                .is_some_and(|entry| entry.token == *token)
        };
        let mut changed = false;
        if is_this(&file) {
            changed |= member(&mut file, "tokens").remove(role).is_some();
        }
        let own = member(member(&mut file, "gateways"), gateway);
        if is_this(own) {
            changed |= member(own, "tokens").remove(role).is_some();
        }
        if changed {
            self.write(device_id, file)?;
        }
        Ok(())
    }

    /// The file as it is for `device_id`; empty when there is none, or it belongs to another device.
    fn read(&self, device_id: &str) -> Map<String, Value> {
        let text = std::fs::read(&self.path).unwrap_or_default();
        match serde_json::from_slice(&text) {
            Ok(Value::Object(file))
                if file.get("version").and_then(Value::as_u64) == Some(FILE_VERSION)
                    && file.get("deviceId").and_then(Value::as_str) == Some(device_id) =>
            {
                file
            }
            _ => Map::new(),
        }
    }

    fn write(&self, device_id: &str, mut file: Map<String, Value>) -> Result<(), StoreError> {
        file.insert("version".to_owned(), FILE_VERSION.into());
        file.insert("deviceId".to_owned(), device_id.into());
        let mut text =
            serde_json::to_string_pretty(&file).expect("an object of JSON always encodes");
        text.push('\n');
        write_private(&self.path, text.as_bytes())
    }
}

/// `holder.tokens.<role>`
fn token_entry(holder: &Value, role: &str) -> Option<CachedToken> {
    let entry = holder.get("tokens")?.get(role)?;
    let token = entry
        .get("token")?
        .as_str()
        .filter(|text| !text.is_empty())?;
    let scopes = entry.get("scopes").and_then(Value::as_array);
    Some(CachedToken {
        token: Secret::from(token),
        scopes: scopes.map_or_else(Vec::new, |scopes| {
            let names = scopes.iter().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        }),
    })
}

/// The object at `key`, made anew when something else is there.
fn member<'a>(object: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let slot = object.entry(key).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut().expect("made an object just above")
}
