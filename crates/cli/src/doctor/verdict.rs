//! What was seen, judged: one file per hop, values in, values out.

pub(super) mod auth;
pub(super) mod config;
pub(super) mod dns;
pub(super) mod http;
pub(super) mod scope;
pub(super) mod socket;
pub(super) mod tcp;
pub(super) mod tls;

use jiff::Timestamp;

/// A date, and how far it is from now: `2026-11-23 (3 days ago)`.
fn date(seconds: i64, now_ms: i64) -> String {
    let Ok(time) = Timestamp::from_second(seconds) else {
        return "an impossible date".to_owned();
    };
    let day = time.strftime("%Y-%m-%d %H:%M UTC");
    let away = seconds - now_ms / 1000;
    let amount = span(away.unsigned_abs());
    if away < 0 {
        format!("{day} ({amount} ago)")
    } else {
        format!("{day} (in {amount})")
    }
}

/// A length of time in its largest unit.
fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// Text of somebody else, short enough to be quoted.
fn quoted(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes)
        .trim()
        .chars()
        .take(60)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.is_empty() || text.contains('\u{fffd}') {
        let hex: Vec<String> = bytes
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("bytes {}", hex.join(" "))
    } else {
        format!("\"{text}\"")
    }
}

/// A service that can be told by what it says first.
fn service(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start();
    if bytes.starts_with(b"SSH-") {
        Some("an SSH server")
    } else if text.starts_with("220") && text.to_ascii_lowercase().contains("ftp") {
        Some("an FTP server")
    } else if text.starts_with("220") {
        Some("a mail server")
    } else if text.starts_with("* OK") || text.starts_with("+OK") {
        Some("a mailbox server")
    } else if text.starts_with("-ERR") || text.starts_with("-DENIED") {
        Some("a Redis server")
    } else if text.starts_with("RFB ") {
        Some("a screen-sharing (VNC) server")
    } else if bytes.get(4) == Some(&10) && text.to_ascii_lowercase().contains("sql") {
        Some("a MySQL server")
    } else {
        None
    }
}
