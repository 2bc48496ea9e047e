//! When a change of a key counts, for keys, groups of keys and keys inside values.

use super::{Applies, FIELDS};

/// What a change at `path` takes. A group counts as the most that one of its keys takes; what lies below a key counts as that
/// key; an unknown key has no effect.
pub fn applies(path: &str) -> Applies {
    let below = |inner: &str, outer: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    if let Some(field) = FIELDS.iter().find(|field| field.path == path)
        && !FIELDS.iter().any(|inner| below(inner.path, path))
    {
        return field.applies;
    }
    let group = FIELDS.iter().filter(|field| below(field.path, path));
    if let Some(most) = group.map(|field| field.applies).max() {
        return most;
    }
    FIELDS
        .iter()
        .filter(|field| below(path, field.path))
        .max_by_key(|field| field.path.len())
        .map_or(Applies::Nowhere, |field| field.applies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u22_every_key_group_and_part_of_a_value_has_its_class() {
        for (path, class) in [
            ("gateway.mode", Applies::GatewayRestart),
            ("gateway", Applies::GatewayRestart),
            ("gateway.auth.token", Applies::Live),
            ("gateway.auth", Applies::Live),
            ("gateway.bind", Applies::Live),
            ("gateway.port", Applies::Live),
            ("gateway.tailscale.mode", Applies::Live),
            ("gateway.trustedProxies[0]", Applies::Live),
            ("gateway.auth.identityScopes.ann", Applies::Live),
            ("gateway.tls.extra", Applies::Live),
            ("gateway.remote.url", Applies::NextCommand),
            ("gateway.remote.edgeAuth.x-key", Applies::NextCommand),
            ("nodeHost.browserProxy.enabled", Applies::NodeRestart),
            ("tools.exec.security", Applies::NodeRestart),
            ("tools.exec.node", Applies::NextCommand),
            ("env.MY_TOKEN", Applies::Live),
            ("channels.telegram", Applies::Nowhere),
            ("gateway.tokn", Applies::Nowhere),
            ("gatewaymode", Applies::Nowhere),
        ] {
            assert_eq!(applies(path), class, "{path}");
        }
    }

    /// What a running gateway must take over without a restart, whatever else the table says.
    #[test]
    fn u22_what_must_be_live_is_live() {
        for prefix in [
            "gateway.auth",
            "gateway.controlUi",
            "gateway.tls",
            "gateway.tailscale",
            "gateway.proxy",
            "gateway.trustedProxies",
            "gateway.nodes.pairing",
            "discovery",
            "logging",
        ] {
            assert_eq!(applies(prefix), Applies::Live, "{prefix}");
        }
    }
}
