//! Brings a parsed file into the one shape that the rest of the program expects.

use std::collections::HashSet;
use std::path::Path;

use super::{AgentPolicy, DEFAULT_AGENT, ExecApprovalsFile, SOCKET_NAME, Socket};

/// Agent key that older files use for [`DEFAULT_AGENT`].
const OLD_DEFAULT_AGENT: &str = "default";
/// Length of the socket's shared secret.
const TOKEN_BYTES: usize = 24;

/// Merges the agent `default` into `main`, trims patterns and gives every entry an id of its own.
pub(super) fn normalize(file: &mut ExecApprovalsFile) {
    if let Some(old) = file.agents.remove(OLD_DEFAULT_AGENT) {
        merge(
            file.agents.entry(DEFAULT_AGENT.to_owned()).or_default(),
            old,
        );
    }
    for policy in file.agents.values_mut() {
        let mut seen = HashSet::new();
        for entry in &mut policy.allowlist {
            if entry.pattern.trim().len() != entry.pattern.len() {
                entry.pattern = entry.pattern.trim().to_owned();
            }
            let id = entry.id.take().filter(|id| !id.trim().is_empty());
            let id = match id {
                Some(id) if !seen.contains(&id) => id,
                _ => uuid::Uuid::new_v4().to_string(),
            };
            seen.insert(id.clone());
            entry.id = Some(id);
        }
    }
}

/// `into` wins where both say something; lists are joined without repeating a pattern.
fn merge(into: &mut AgentPolicy, old: AgentPolicy) {
    let fields = &mut into.fields;
    fields.security = fields.security.or(old.fields.security);
    fields.ask = fields.ask.or(old.fields.ask);
    fields.ask_fallback = fields.ask_fallback.or(old.fields.ask_fallback);
    fields.auto_allow_skills = fields.auto_allow_skills.or(old.fields.auto_allow_skills);
    for (key, value) in old.fields.extra {
        fields.extra.entry(key).or_insert(value);
    }
    for entry in old.allowlist {
        let known = into.allowlist.iter().any(|mine| {
            mine.pattern == entry.pattern && mine.is_restricted() == entry.is_restricted()
        });
        if !known {
            into.allowlist.push(entry);
        }
    }
}

/// Fills the socket's members from `previous`, and what is still missing with new values.
pub(super) fn complete_socket(
    file: &mut ExecApprovalsFile,
    previous: Option<&Socket>,
    approvals_path: &Path,
) {
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let socket = file.socket.get_or_insert_with(Socket::default);
    socket.path = filled(&socket.path)
        .or_else(|| previous.and_then(|old| filled(&old.path)))
        .or_else(|| {
            let path = approvals_path.with_file_name(SOCKET_NAME);
            Some(path.to_string_lossy().into_owned())
        });
    socket.token = filled(&socket.token)
        .or_else(|| previous.and_then(|old| filled(&old.token)))
        .or_else(random_token);
    if let Some(old) = previous {
        for (key, value) in &old.extra {
            socket
                .extra
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
    }
}

/// A new secret; none when the system has no randomness, in which case no app can be reached.
fn random_token() -> Option<String> {
    use ring::rand::SecureRandom as _;

    let mut bytes = [0_u8; TOKEN_BYTES];
    ring::rand::SystemRandom::new().fill(&mut bytes).ok()?;
    Some(base64url(&bytes))
}

/// Base64url without padding of a length divisible by three.
fn base64url(bytes: &[u8; TOKEN_BYTES]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(TOKEN_BYTES / 3 * 4);
    for group in bytes.chunks_exact(3) {
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(DIGITS[(bits >> shift & 63) as usize]));
        }
    }
    text
}
