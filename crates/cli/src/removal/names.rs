//! The names that are ours: those of state directories, and those of what is written in one.

use std::borrow::Cow;
use std::path::{Component, Path};

use openclaw_config::paths::Profile;
use openclaw_config::store::read_regular;
use openclaw_edge::dns::zone_file::CONTENT_HASH;

/// State directories in the home directory, those of older programs included.
const STATE_DIRS: [&str; 4] = [".openclaw", ".clawdbot", ".moltbot", ".moldbot"];
/// State directory of a named profile, before its name.
const PROFILE_STATE_DIR: &str = ".openclaw-";

/// No zone file of ours is longer.
const MAX_ZONE: u64 = 1 << 20;

/// Everything that this program writes in a state directory, and what it takes over from older ones; `*` is any text within a
/// name, `?` a hexadecimal digit, `#` digits. All but [`DIRECTORY`] are files. What belongs to the person (`.env`, pages, workspaces, skills) is not among it.
const WRITTEN: &[&str] = &[
    "openclaw.json",
    "clawdbot.json",
    "moltbot.json",
    "moldbot.json",
    "gateway.sqlite",
    "gateway.sqlite-wal",
    "gateway.sqlite-shm",
    "gateway.sqlite-journal",
    "gateway.sqlite.snapshot",
    "gateway.sqlite.snapshot.tmp",
    "gateway.sqlite.new",
    "gateway.sqlite.new-*",
    "gateway.sqlite.recovered",
    "gateway.sqlite.recovered-*",
    "gateway.sqlite.salvage",
    "gateway.sqlite.salvage-*",
    "gateway.sqlite.damaged-*",
    "gateway.lock",
    "gateway.sock",
    "gateway.env",
    "gateway.cmd",
    "node.json",
    "node.lock",
    "node.env",
    "node.cmd",
    "exec-approvals.json",
    "exec-approvals.sock",
    "tailscale.json",
    "config-confirm.json",
    "tunnel-service.json",
    "migration.json",
    DIRECTORY,
    "identity/device.json",
    "identity/device-auth.json",
    "devices/paired.json",
    "devices/pending.json",
    "nodes/paired.json",
    "nodes/pending.json",
    "credentials/oauth.json",
    "credentials/*-pairing.json",
    "credentials/*-allowFrom.json",
    "agents/*/sessions/*.json",
    "agents/*/sessions/*.jsonl*",
    "agents/*/agent/auth-profiles.json",
    "logs/openclaw-####-##-##.log",
    "logs/openclaw-*-####-##-##.log",
    "logs/openclaw-####-##-##.#.log",
    "logs/openclaw-*-####-##-##.#.log",
    "logs/gateway.log",
    "logs/gateway.err.log",
    "logs/node.log",
    "logs/node.err.log",
    "tunnels/????????????????*.*",
    "gateway/tls/gateway-*.pem*",
    "gateway/acme/*/account*.json*",
    "gateway/acme/*/*/record.json*",
    "gateway/acme/*/*/certificate.pem*",
    "gateway/acme/*/*/next-key.pem*",
    "dns/*.db",
];

/// What a person edits by way of this program; the one directory of ours that goes with all that is in it.
const DIRECTORY: &str = "edit-????????-????-????-????-????????????";

/// Zone files, whose names are those of domains: only what they begin with tells them from those of a person.
const ZONES: &str = "dns";

/// What is appended to one of these names for a file beside it: while it is written, what it was before, and what was put
/// aside.
const BESIDE: &[&str] = &[
    ".lock",
    ".#.????????-????-????-????-????????????.tmp",
    ".bak",
    ".bak.#",
    ".last-good",
    ".damaged-#",
    ".invalid-????????????",
    ".damaged-#-#",
    ".before-migration-#",
    ".undone-#",
    ".undone-#-#",
];

/// Whether a directory of this name in the home directory is a state directory by its name.
pub(super) fn is_state_dir(name: &str) -> bool {
    let of_profile = name.strip_prefix(PROFILE_STATE_DIR);
    STATE_DIRS.contains(&name)
        || of_profile.is_some_and(|profile| Profile::parse(profile).is_some())
}

/// What a path is in a state directory that holds other things, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Ours.
    Ours,
    /// A directory that may hold something of ours.
    Above,
    /// Somebody else's.
    Foreign,
}

/// What `path` is, which is `relative` to a state directory. A directory goes by what is in it, and not by its name.
pub(super) fn look(path: &Path, relative: &Path, is_dir: bool) -> Found {
    match find(relative) {
        Found::Ours if is_dir && !is_directory_of_ours(relative) => Found::Foreign,
        Found::Ours if !is_dir && relative.starts_with(ZONES) && !is_zone_of_ours(path) => {
            Found::Foreign
        }
        found => found,
    }
}

fn is_directory_of_ours(relative: &Path) -> bool {
    let name = relative.to_string_lossy();
    matches(DIRECTORY.as_bytes(), name.as_bytes())
}

fn is_zone_of_ours(path: &Path) -> bool {
    read_regular(path, MAX_ZONE).is_ok_and(|text| text.starts_with(CONTENT_HASH.as_bytes()))
}

/// What the path `relative` to a state directory is, by its name.
fn find(relative: &Path) -> Found {
    let mut parts = Vec::new();
    for part in relative.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            _ => return Found::Foreign,
        }
    }
    if parts.is_empty() {
        return Found::Above;
    }
    let mut found = Found::Foreign;
    for pattern in WRITTEN {
        let wanted: Vec<&str> = pattern.split('/').collect();
        let fits =
            |(wanted, part): (&&str, &Cow<'_, str>)| matches(wanted.as_bytes(), part.as_bytes());
        let (Some((file, wanted)), Some((name, above))) = (wanted.split_last(), parts.split_last())
        else {
            continue;
        };
        if above.len() == wanted.len() {
            if wanted.iter().zip(above).all(fits) && is_or_beside(file, name) {
                return Found::Ours;
            }
        } else if parts.len() <= wanted.len() && wanted.iter().zip(&parts).all(fits) {
            found = Found::Above;
        }
    }
    found
}

/// Whether a name is this file, or one that is written beside it.
fn is_or_beside(file: &str, name: &str) -> bool {
    let names = BESIDE.iter().map(|suffix| format!("{file}{suffix}"));
    matches(file.as_bytes(), name.as_bytes())
        || names
            .into_iter()
            .any(|beside| matches(beside.as_bytes(), name.as_bytes()))
}

/// Whether `name` is what this program puts beside the file `of`.
pub(super) fn is_aside(of: &str, name: &str) -> bool {
    name.strip_prefix(of).is_some_and(|rest| {
        BESIDE
            .iter()
            .any(|suffix| matches(suffix.as_bytes(), rest.as_bytes()))
    })
}

/// `*` is any text, `?` a hexadecimal digit, `#` one digit or more.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|from| matches(rest, &name[from..])),
        (Some((b'#', rest)), Some((b'0'..=b'9', name))) => {
            matches(rest, name) || matches(pattern, name)
        }
        (Some((b'?', rest)), Some((digit, name))) => {
            digit.is_ascii_hexdigit() && matches(rest, name)
        }
        (Some((wanted, rest)), Some((byte, name))) if wanted == byte && *wanted != b'#' => {
            matches(rest, name)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_written_are_ours() {
        for (path, wanted) in [
            ("", Found::Above),
            ("openclaw.json", Found::Ours),
            ("openclaw.json.bak.3", Found::Ours),
            ("openclaw.jsonx", Found::Foreign),
            ("openclaw.json.mine", Found::Foreign),
            ("openclaw.json.bak.old", Found::Foreign),
            ("openclaw.json.before-migration-1764", Found::Ours),
            ("openclaw.json.undone-1764-2", Found::Ours),
            (
                "openclaw.json.77.0b1f6d3e-1111-4111-8111-111111111111.tmp",
                Found::Ours,
            ),
            ("gateway.sqlite.mine", Found::Foreign),
            ("gateway.sqlite.new", Found::Ours),
            ("gateway.sqlite.new-wal", Found::Ours),
            ("gateway.sqlite.newer", Found::Foreign),
            ("gateway.sqlite.snapshot.tmp", Found::Ours),
            ("logs/openclaw-2026-11-27.log", Found::Ours),
            ("logs/openclaw-rescue-2026-11-27.log", Found::Ours),
            ("logs/openclaw-notes.log", Found::Foreign),
            ("logs/gateway.err.log", Found::Ours),
            ("logs/gateway-design.log", Found::Foreign),
            ("gateway.sqlite.damaged-20261127T101112Z-wal", Found::Ours),
            ("gateway.env.example", Found::Foreign),
            ("logs/openclaw-2026-11-22.3.log", Found::Ours),
            ("logs/openclaw-work-2026-11-22.log", Found::Ours),
            ("gateway.sqlite-wal", Found::Ours),
            ("edit-0b1f6d3e-1111-4111-8111-111111111111", Found::Ours),
            ("edit-notes", Found::Foreign),
            ("edit-notebook-with-plan-sand-morenotesfor", Found::Foreign),
            ("identity", Found::Above),
            ("identity/device.json", Found::Ours),
            ("identity/passport.pdf", Found::Foreign),
            ("agents", Found::Above),
            ("agents/main/sessions", Found::Above),
            ("agents/main/sessions/1.jsonl", Found::Ours),
            ("agents/main/sessions/store.rs", Found::Foreign),
            ("agents/main.rs", Found::Above),
            ("gateway/src", Found::Foreign),
            (".env", Found::Foreign),
            ("src", Found::Foreign),
            ("../openclaw.json", Found::Foreign),
        ] {
            assert_eq!(find(Path::new(path)), wanted, "{path}");
        }
        for (name, wanted) in [
            (".openclaw", true),
            (".openclaw-rescue", true),
            (".clawdbot", true),
            (".openclaw-", false),
            (".openclaw.d", false),
            ("openclaw", false),
        ] {
            assert_eq!(is_state_dir(name), wanted, "{name}");
        }
    }
}
