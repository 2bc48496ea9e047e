//! Which scopes a command asks for.

use openclaw_protocol::scope::{Scope, ScopeSet};

use super::names;

/// Chooses the scopes to ask for.
///
/// * Never connected to this gateway, and it is elsewhere: everything, so that one approval is
///   enough for all commands.
/// * A token with admin is cached: its list. Protocol 3 wants admin for what 4 gives to readers, and
///   protocol 4 shows a device token without admin no device but its own.
/// * A token is cached whose list holds all that is needed: only what is needed.
/// * The list covers it without naming it (admin covers read): the list itself, because gateways of
///   protocol 3 compare names.
/// * Otherwise only what is needed.
pub(super) fn choose(needed: ScopeSet, cached: Option<&[String]>, remote: bool) -> Vec<String> {
    match cached {
        None if remote => names(ScopeSet::from_iter([
            Scope::Admin,
            Scope::Approvals,
            Scope::Pairing,
            Scope::Read,
            Scope::Write,
        ])),
        Some(granted) => {
            let granted_set = ScopeSet::parse(granted);
            let named = needed.iter().all(|scope| granted_set.has(scope));
            if granted_set.has(Scope::Admin) || (!named && granted_set.covers(needed)) {
                granted.to_vec()
            } else {
                names(needed)
            }
        }
        None => names(needed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u10_commands_ask_for_what_they_need() {
        let set = |scopes: &[&str]| scopes.iter().map(ToString::to_string).collect::<Vec<_>>();
        let read = ScopeSet::from_iter([Scope::Read]);
        let pairing = ScopeSet::from_iter([Scope::Pairing]);
        let full = set(&["operator.admin", "operator.approvals", "operator.pairing"]);
        for (needed, cached, remote, expected) in [
            (read, None, false, set(&["operator.read"])),
            (pairing, None, false, set(&["operator.pairing"])),
            (
                read,
                None,
                true,
                set(&[
                    "operator.admin",
                    "operator.approvals",
                    "operator.pairing",
                    "operator.read",
                    "operator.write",
                ]),
            ),
            // Admin is granted.
            (pairing, Some(&full), true, full.clone()),
            (read, Some(&full), true, full.clone()),
            // The grant names it.
            (
                read,
                Some(&set(&["operator.read"])),
                true,
                set(&["operator.read"]),
            ),
            // The grant covers it without naming it.
            (
                read,
                Some(&set(&["operator.write"])),
                true,
                set(&["operator.write"]),
            ),
            // The grant does not cover it: the gateway decides about the wish.
            (
                pairing,
                Some(&set(&["operator.read"])),
                true,
                set(&["operator.pairing"]),
            ),
        ] {
            assert_eq!(
                choose(needed, cached.map(Vec::as_slice), remote),
                expected,
                "{needed:?} {cached:?} {remote}"
            );
        }
    }
}
