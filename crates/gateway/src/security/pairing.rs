//! Who was let in once, and who still may come.

use crate::pairing::setups::{Standing, standing};
use crate::records::{DeviceRecord, SetupRecord};

use super::{Facts, Found, Severity};

/// A device that was not seen for so many days is not in use.
const UNUSED_DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;
/// Devices that are named; the rest is counted.
const NAMED: usize = 3;

/// What the books say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PairingFacts {
    /// Devices that may come in and were not seen for long, longest first.
    pub unused: Vec<UnusedDevice>,
    /// Setup codes and join links that nobody has used yet; short-lived tickets of the owner's own browser left out.
    pub open_codes: usize,
}

/// A device that was not seen for long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusedDevice {
    /// Its id.
    pub device_id: String,
    /// What people call it.
    pub name: String,
    /// Days since it was last seen.
    pub days: i64,
}

impl PairingFacts {
    /// From the records.
    pub fn of<'a>(
        devices: impl IntoIterator<Item = &'a DeviceRecord>,
        setups: impl IntoIterator<Item = &'a SetupRecord>,
        now_ms: i64,
    ) -> Self {
        let mut unused: Vec<_> = devices
            .into_iter()
            .filter_map(|device| {
                let seen = device.last_seen_at_ms.unwrap_or(device.approved_at_ms);
                let days = (now_ms - seen.max(device.approved_at_ms)).div_euclid(DAY_MS);
                let lives = device.tokens.is_empty()
                    || device
                        .tokens
                        .iter()
                        .any(|token| token.revoked_at_ms.is_none());
                (lives && days > UNUSED_DAYS).then(|| UnusedDevice {
                    device_id: device.device_id.clone(),
                    name: name(device),
                    days,
                })
            })
            .collect();
        unused.sort_by(|a, b| b.days.cmp(&a.days).then_with(|| a.name.cmp(&b.name)));
        let open_codes = setups
            .into_iter()
            .filter(|record| {
                record.access != "owner" && standing(record, now_ms) == Standing::Waiting
            })
            .count();
        Self { unused, open_codes }
    }
}

fn name(device: &DeviceRecord) -> String {
    let label = device.operator_label.as_ref();
    let told = label.or(device.facts.display_name.as_ref());
    let told = told.or(device.facts.client_id.as_ref());
    told.cloned()
        .unwrap_or_else(|| device.device_id.chars().take(12).collect())
}

pub(super) fn rules(facts: &Facts<'_>, found: &mut Found) {
    let PairingFacts { unused, open_codes } = facts.pairing;
    if let Some(first) = unused.first() {
        let named: Vec<String> = unused
            .iter()
            .take(NAMED)
            .map(|device| format!("{} ({} days)", device.name, device.days))
            .collect();
        let more = unused.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        found.add(
            Severity::Warn,
            "pairing.devices_unused",
            "Devices that nobody uses may still come in",
            format!(
                "Not seen for more than {UNUSED_DAYS} days: {}{more}.",
                named.join(", ")
            ),
            facts.command(&format!("openclaw devices remove {}", first.device_id)),
        );
    }
    if *open_codes > 0 {
        let what = if *open_codes == 1 {
            "One setup code or join link waits".to_owned()
        } else {
            format!("{open_codes} setup codes or join links wait")
        };
        found.add(
            Severity::Info,
            "pairing.setup_codes_open",
            "Setup codes wait to be used",
            format!("{what}: whoever has one is let in with it, once."),
            facts.command("openclaw devices revoke-code --all"),
        );
    }
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::scope::{Role, ScopeSet};

    use super::*;
    use crate::records::{ClientFacts, CredentialHash, TokenRecord};

    fn device(id: &str, seen_days: Option<i64>, revoked: bool) -> DeviceRecord {
        DeviceRecord {
            device_id: id.into(),
            public_key: String::new(),
            facts: ClientFacts {
                display_name: Some(format!("{id}'s phone")),
                ..ClientFacts::default()
            },
            operator_label: None,
            roles: vec![Role::Operator],
            scopes: ScopeSet::EMPTY,
            approved_via: "owner".into(),
            created_at_ms: 0,
            approved_at_ms: 0,
            last_seen_at_ms: seen_days.map(|days| days * DAY_MS),
            last_seen_reason: None,
            tokens: vec![TokenRecord {
                role: Role::Operator,
                hash: CredentialHash([0; 32]),
                scopes: ScopeSet::EMPTY,
                created_at_ms: 0,
                rotated_at_ms: None,
                revoked_at_ms: revoked.then_some(1),
                last_used_at_ms: None,
            }],
        }
    }

    #[test]
    fn devices_that_nobody_uses_are_named_longest_first() {
        let devices = [
            device("a", Some(110), false),
            device("b", Some(20), false),
            device("c", None, false),
            device("d", None, true),
        ];
        let facts = PairingFacts::of(&devices, [], 111 * DAY_MS);
        let found: Vec<_> = facts
            .unused
            .iter()
            .map(|device| (device.name.as_str(), device.days))
            .collect();
        assert_eq!(found, [("c's phone", 111), ("b's phone", 91)]);
        assert_eq!(PairingFacts::of(&devices, [], 90 * DAY_MS).unused, []);
    }
}
