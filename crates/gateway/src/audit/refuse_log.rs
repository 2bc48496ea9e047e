//! Keeps refusals from flooding the audit log: one line per address and reason per minute, with a counter.

use std::collections::HashMap;

use serde_json::json;

use crate::records::AuditEvent;

/// Length of a window, in milliseconds.
const WINDOW_MS: i64 = 60_000;
/// Windows kept at once. Beyond it, refusals of further addresses share one window, so that an attacker with many
/// addresses costs neither memory nor log.
const MAX_WINDOWS: usize = 1024;
/// Address under which the shared window is reported.
const MANY: &str = "*";

/// A line to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefuseLine {
    /// Address, `*` for many.
    pub remote_ip: String,
    /// Why.
    pub reason: String,
    /// Refusals that this line stands for.
    pub count: u64,
    /// First of them, milliseconds since the epoch.
    pub first_ms: i64,
    /// Last of them, milliseconds since the epoch.
    pub last_ms: i64,
}

impl RefuseLine {
    /// The audit event of kind `refuse`.
    pub fn into_event(self, actor: impl Into<String>) -> AuditEvent {
        AuditEvent {
            ts: self.last_ms,
            kind: "refuse".to_owned(),
            actor: actor.into(),
            remote_ip: Some(self.remote_ip),
            subject: None,
            details: json!({ "reason": self.reason, "count": self.count, "firstMs": self.first_ms }),
        }
    }
}

#[derive(Debug)]
pub(super) struct Window {
    opened_ms: i64,
    first_ms: i64,
    last_ms: i64,
    held_back: u64,
}

/// Counts refusals. The first of a window is reported at once, the rest when the window is over.
#[derive(Debug, Default)]
pub struct RefuseLog {
    pub(super) windows: HashMap<(String, String), Window>,
}

impl RefuseLog {
    /// Notes a refusal at `now_ms` and returns the lines to write now.
    pub fn note(&mut self, now_ms: i64, remote_ip: &str, reason: &str) -> Vec<RefuseLine> {
        let mut lines = self.due(now_ms);
        let mut key = (remote_ip.to_owned(), reason.to_owned());
        if self.windows.len() >= MAX_WINDOWS && !self.windows.contains_key(&key) {
            key = (MANY.to_owned(), "many addresses".to_owned());
        }
        if let Some(window) = self.windows.get_mut(&key) {
            if window.held_back == 0 {
                window.first_ms = now_ms;
            }
            window.held_back += 1;
            window.last_ms = now_ms;
        } else {
            self.windows.insert(
                key.clone(),
                Window {
                    opened_ms: now_ms,
                    first_ms: now_ms,
                    last_ms: now_ms,
                    held_back: 0,
                },
            );
            let (remote_ip, reason) = key;
            lines.push(RefuseLine {
                remote_ip,
                reason,
                count: 1,
                first_ms: now_ms,
                last_ms: now_ms,
            });
        }
        lines
    }

    /// Lines of windows that are over at `now_ms`; such windows are forgotten.
    pub fn due(&mut self, now_ms: i64) -> Vec<RefuseLine> {
        self.close_windows(|window| now_ms.saturating_sub(window.opened_ms) >= WINDOW_MS)
    }

    /// Every line that is still held back, for shutdown.
    pub fn finish(&mut self) -> Vec<RefuseLine> {
        self.close_windows(|_| true)
    }

    /// When [`Self::due`] has something to report next, milliseconds since the epoch; `None` while nothing is held
    /// back, so that an idle gateway needs no timer.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.windows
            .values()
            .filter(|window| window.held_back > 0)
            .map(|window| window.opened_ms.saturating_add(WINDOW_MS))
            .min()
    }

    fn close_windows(&mut self, is_over: impl Fn(&Window) -> bool) -> Vec<RefuseLine> {
        let mut lines: Vec<RefuseLine> = self
            .windows
            .extract_if(|_, window| is_over(window))
            .filter(|(_, window)| window.held_back > 0)
            .map(|((remote_ip, reason), window)| RefuseLine {
                remote_ip,
                reason,
                count: window.held_back,
                first_ms: window.first_ms,
                last_ms: window.last_ms,
            })
            .collect();
        lines.sort_by(|a, b| (a.first_ms, &a.remote_ip).cmp(&(b.first_ms, &b.remote_ip)));
        lines
    }
}
