//! A secret that was replaced in a file which cannot be used as a whole.
//!
//! Whoever replaces a secret wants the older one to open nothing any more. A mistake elsewhere in the file does not bring it back,
//! as long as the newer one opens no more than the older one did; where that is not so, it is said.

use std::collections::BTreeSet;

use serde_json::Value;

/// A secret of this length is as hard to guess as any.
const LONG: usize = 24;
/// So many different characters are in any secret that was drawn at random.
const VARIED: usize = 8;

/// What was taken of the `gateway.auth` of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// All of it, with what decides beside it who can connect: nothing of that is wrong.
    Exposure,
    /// All of it: there was no credential before.
    All,
    /// The secret with this key.
    Secret(&'static str),
}

impl Rotated {
    /// This, then less of it, step by step.
    pub(super) fn narrowing(self) -> impl Iterator<Item = Self> {
        let less = [
            Self::Exposure,
            Self::All,
            Self::Secret("token"),
            Self::Secret("password"),
        ];
        let is_secret = matches!(self, Self::Secret(_));
        less.into_iter()
            .skip_while(move |step| *step != self)
            .take(if is_secret { 1 } else { less.len() })
    }
}

/// What becomes of the secrets of a file whose `gateway.auth` is not in effect.
#[derive(Debug, PartialEq)]
pub(super) enum Rotation {
    /// They are the ones in effect.
    None,
    /// They count: this is `gateway.auth` with them, and what of it is from the file.
    Taken(Value, Rotated),
    /// The older one goes on to open the gateway; holds the key of it.
    Left(&'static str),
}

/// Compares `gateway.auth` of the last good config and of the file. `is_usable`: nothing is wrong in that of the file.
pub(super) fn compare(good: Option<&Value>, file: Option<&Value>, is_usable: bool) -> Rotation {
    let (Some(good), Some(file)) = (good, file) else {
        return Rotation::None;
    };
    let Some(key) = mode(good) else {
        // Without a credential, each of them is more than was asked for before.
        let asks = mode(file).is_some_and(|key| secret(file, key).is_some());
        let is_open = good.get("mode").and_then(Value::as_str) == Some("none");
        return if is_usable && is_open && asks {
            Rotation::Taken(file.clone(), Rotated::All)
        } else {
            Rotation::None
        };
    };
    let Some(older) = secret(good, key) else {
        return Rotation::None;
    };
    let Some(newer) = secret(file, key) else {
        // Another kind of secret takes its place.
        let other = mode(file).filter(|other| *other != key);
        let is_replaced = other.is_some_and(|other| secret(file, other).is_some());
        return if is_replaced {
            Rotation::Left(key)
        } else {
            Rotation::None
        };
    };
    if older == newer && mode(file) == Some(key) {
        return Rotation::None;
    }
    if !is_usable || mode(file) != Some(key) || !is_as_hard(newer, older) {
        return Rotation::Left(key);
    }
    let mut taken = good.clone();
    if let (Some(taken), Some(newer)) = (taken.as_object_mut(), file.get(key)) {
        taken.insert(key.to_owned(), newer.clone());
    }
    Rotation::Taken(taken, Rotated::Secret(key))
}

/// Whether the newer one is no easier to guess than the older one, as far as length and variety tell.
fn is_as_hard(newer: &str, older: &str) -> bool {
    let length = |text: &str| text.chars().count();
    let variety = |text: &str| text.chars().collect::<BTreeSet<_>>().len();
    length(newer) >= length(older).min(LONG) && variety(newer) >= variety(older).min(VARIED)
}

/// The key of the secret that clients show; `None` when they show none.
fn mode(auth: &Value) -> Option<&'static str> {
    match auth.get("mode").and_then(Value::as_str).map(str::trim) {
        Some("token") => Some("token"),
        Some("password") => Some("password"),
        Some(_) => None,
        None if secret(auth, "password").is_some() => Some("password"),
        None => Some("token"),
    }
}

fn secret<'a>(auth: &'a Value, key: &str) -> Option<&'a str> {
    let text = auth.get(key)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn u07_a_newer_secret_counts_when_it_opens_no_more() {
        let good = json!({ "token": "older-token-0123456789", "allowDeviceless": false });
        let newer = "newer-token-0123456789";
        let taken = json!({ "token": newer, "allowDeviceless": false });
        for (file, is_usable, expected) in [
            (
                json!({ "token": newer, "allowDeviceless": true }),
                true,
                Rotation::Taken(taken, Rotated::Secret("token")),
            ),
            (json!({ "token": newer }), false, Rotation::Left("token")),
            (json!({ "token": "short" }), true, Rotation::Left("token")),
            (
                json!({ "token": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }),
                true,
                Rotation::Left("token"),
            ),
            (
                json!({ "mode": "password", "password": "a long password of words" }),
                true,
                Rotation::Left("token"),
            ),
            (
                json!({ "token": newer, "mode": "none" }),
                true,
                Rotation::Left("token"),
            ),
            (
                json!({ "token": newer, "password": "and a password" }),
                true,
                Rotation::Left("token"),
            ),
            (good.clone(), true, Rotation::None),
            (json!({ "allowDeviceless": true }), true, Rotation::None),
            (json!("text"), false, Rotation::None),
        ] {
            assert_eq!(
                compare(Some(&good), Some(&file), is_usable),
                expected,
                "{file}"
            );
        }
        // From no credential to one.
        let open = json!({ "mode": "none" });
        let file = json!({ "token": newer });
        assert_eq!(
            compare(Some(&open), Some(&file), true),
            Rotation::Taken(file.clone(), Rotated::All)
        );
        assert_eq!(compare(Some(&open), Some(&json!({})), true), Rotation::None);
        assert_eq!(compare(None, Some(&file), true), Rotation::None);
    }
}
