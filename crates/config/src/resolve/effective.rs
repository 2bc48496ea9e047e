//! One value of the config as it counts, and where it comes from.

use serde_json::{Value, json};

use super::{GatewayFlags, Resolved, Source, resolve_gateway};
use crate::edit::KeyPath;
use crate::env;
use crate::load::Snapshot;
use crate::paths::Profile;
use crate::schema::{FIELDS, Field, Kind};
use crate::secret::Secret;

/// Variables that stand for a key without a rule of their own.
const VARIABLES: [(&str, &str); 3] = [
    ("logging.level", env::OPENCLAW_LOG_LEVEL),
    ("gateway.remote.tlsCaFile", env::OPENCLAW_TLS_CA_FILE),
    ("gateway.tailscale.socket", env::OPENCLAW_TAILSCALE_SOCKET),
];

/// The value that counts for `path`, before any flag, and where it comes from; `None` when nothing sets it and it has no default.
pub fn effective(
    snapshot: &Snapshot,
    profile: &Profile,
    path: &KeyPath,
) -> Option<(Value, String)> {
    let key = path.segments().join(".");
    let from_file = || {
        let value = path.get(&snapshot.resolved)?.clone();
        let is_below = |section: &&String| {
            key.strip_prefix(section.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let source = if snapshot
            .fell_back
            .iter()
            .any(|section| section == crate::validate::ROOT)
        {
            "last good config (the file cannot be used)".to_owned()
        } else if let Some(section) = snapshot.fell_back.iter().find(is_below) {
            format!("last good config ({section} of the file cannot be used)")
        } else {
            format!("config {key}")
        };
        Some((value, source))
    };
    let from_variable = VARIABLES
        .iter()
        .filter(|(of, _)| *of == key)
        .find_map(|(_, name)| snapshot.env.lookup(name))
        .map(|found| (json!(found.value), Source::from(found).to_string()));
    resolved(snapshot, profile, &key)
        .filter(|(_, source)| !matches!(source, Source::Config(_) | Source::Default))
        .map(|(value, source)| (value, source.to_string()))
        .or(from_variable)
        .or_else(from_file)
        .or_else(|| {
            resolved(snapshot, profile, &key).map(|(value, source)| (value, source.to_string()))
        })
        .or_else(|| {
            let field = FIELDS.iter().find(|field| field.path == key)?;
            Some((default(field)?, Source::Default.to_string()))
        })
}

/// The keys that the gateway decides with rules of their own.
fn resolved(snapshot: &Snapshot, profile: &Profile, key: &str) -> Option<(Value, Source)> {
    let flags = GatewayFlags::default();
    let plan = resolve_gateway(&flags, &snapshot.env, &snapshot.settings, profile).ok()?;
    let secret = |found: Resolved<Secret>| (json!(found.value.expose()), found.source);
    match key {
        "gateway.port" => Some(word(plan.port)),
        "gateway.bind" => Some(word(plan.bind)),
        "gateway.auth.mode" => Some(word(plan.auth.mode)),
        "gateway.auth.token" => plan.auth.token.map(secret),
        "gateway.auth.password" => plan.auth.password.map(secret),
        "gateway.auth.allowTailscale" => Some(word(plan.auth.allow_tailscale)),
        "gateway.tailscale.mode" => Some(word(plan.tailscale.mode)),
        "gateway.tailscale.port" => Some(word(plan.tailscale.port)),
        _ => None,
    }
}

fn word<T: serde::Serialize>(found: Resolved<T>) -> (Value, Source) {
    (json!(found.value), found.source)
}

/// The default of a key as a value.
pub fn default(field: &Field) -> Option<Value> {
    if field.default.is_empty() {
        return None;
    }
    let is_text = matches!(
        field.kind,
        Kind::Text
            | Kind::ShortText(_)
            | Kind::Word(_)
            | Kind::Bind
            | Kind::BindHost
            | Kind::Url
            | Kind::Origin
            | Kind::DnsDomain
            | Kind::BasePath
            | Kind::HeaderName
            | Kind::Fingerprint
            | Kind::ProxyListen
    );
    if is_text {
        return Some(json!(field.default));
    }
    serde_json::from_str(field.default).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::load::load;
    use crate::paths::{Paths, ProfileChoice};

    #[test]
    fn u29_d_every_value_says_where_it_comes_from() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::from_pairs([
            ("HOME", dir.path().to_str().unwrap()),
            ("OPENCLAW_GATEWAY_PORT", "4001"),
            ("OPENCLAW_LOG_LEVEL", "trace"),
        ]);
        let paths = Paths::resolve(&env, &ProfileChoice::unset()).unwrap();
        let write = |text: &str| {
            crate::store::write_private(&paths.config_path, text.as_bytes()).unwrap();
        };
        write(
            "{ gateway: { port: 4000, bind: 'lan', auth: { token: 'first-token' } }, logging: { level: 'info' } }",
        );
        let first = load(&paths, &env);
        first.remember_good(&paths).unwrap();
        write(
            "{ gateway: { port: 4000, bind: 'lan', auth: { token: 5 } }, logging: { level: 'info' } }",
        );
        let damaged = load(&paths, &env);
        let at = |snapshot: &Snapshot, key: &str| {
            effective(snapshot, &paths.profile, &KeyPath::parse(key).unwrap())
                .map(|(value, source)| format!("{value} {source}"))
                .unwrap_or_default()
        };
        for (key, expected) in [
            ("gateway.port", "4001 env OPENCLAW_GATEWAY_PORT"),
            ("gateway.bind", "\"lan\" config gateway.bind"),
            (
                "gateway.auth.token",
                "\"first-token\" config gateway.auth.token",
            ),
            ("gateway.auth.mode", "\"token\" default"),
            ("gateway.auth.rateLimit.maxAttempts", "10 default"),
            ("gateway.trustedProxies", "[] default"),
            ("logging.level", "\"trace\" env OPENCLAW_LOG_LEVEL"),
            ("gateway.auth.password", ""),
            ("gateway.nothing", ""),
        ] {
            assert_eq!(at(&first, key), expected, "{key}");
        }
        assert_eq!(
            at(&damaged, "gateway.auth.token"),
            "\"first-token\" last good config (gateway.auth of the file cannot be used)"
        );
    }

    #[test]
    fn every_default_in_the_table_is_a_value() {
        for field in FIELDS.iter().filter(|field| !field.default.is_empty()) {
            let value = default(field);
            assert!(value.is_some(), "{}", field.path);
        }
    }
}
