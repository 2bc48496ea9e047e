//! Small shared state that is not about pairing or connections: health, queued system events, voice wake words, the
//! cached node list, and what the diagnostics remember.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::vitals::Vitals;

/// Most queued system events.
const MAX_EVENTS: usize = 20;
/// Most remembered diagnostic records.
const MAX_RECORDS: usize = 1_000;

/// Wake words until somebody sets others.
const DEFAULT_WAKE_WORDS: [&str; 3] = ["openclaw", "claude", "computer"];

/// One diagnostic record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Number.
    pub seq: u64,
    /// Milliseconds since the epoch.
    pub ts: i64,
    /// What kind.
    pub kind: &'static str,
    /// Facts.
    pub details: Value,
}

/// The state.
#[derive(Debug)]
pub struct SystemState {
    health: Mutex<Arc<str>>,
    health_version: AtomicU64,
    events: Mutex<VecDeque<String>>,
    wake_words: Mutex<Vec<String>>,
    heartbeats: AtomicBool,
    node_list: Mutex<Option<(u64, Arc<str>)>>,
    records: Mutex<(u64, VecDeque<Record>)>,
    presence_dirty: Notify,
    slow_closes: AtomicU64,
    /// How this process does.
    pub vitals: Vitals,
}

impl SystemState {
    /// Fresh, with the wake words that were set last.
    pub fn new(wake_words: Option<Vec<String>>, state_dir: &Path, now_ms: i64) -> Self {
        let defaults = || DEFAULT_WAKE_WORDS.map(str::to_owned).to_vec();
        Self {
            health: Mutex::new(health(state_dir, now_ms).to_string().into()),
            health_version: AtomicU64::new(1),
            events: Mutex::default(),
            wake_words: Mutex::new(
                wake_words
                    .filter(|words| !words.is_empty())
                    .unwrap_or_else(defaults),
            ),
            heartbeats: AtomicBool::new(true),
            node_list: Mutex::default(),
            records: Mutex::default(),
            presence_dirty: Notify::new(),
            slow_closes: AtomicU64::new(0),
            vitals: Vitals::default(),
        }
    }

    /// The health snapshot, raw JSON.
    pub fn health_json(&self) -> Arc<str> {
        Arc::clone(&self.health.lock())
    }

    /// Version of the health snapshot.
    pub fn health_version(&self) -> u64 {
        self.health_version.load(Ordering::Relaxed)
    }

    /// Takes the health snapshot anew.
    pub fn refresh_health(&self, state_dir: &Path, now_ms: i64) -> Arc<str> {
        let fresh: Arc<str> = health(state_dir, now_ms).to_string().into();
        *self.health.lock() = Arc::clone(&fresh);
        self.health_version.fetch_add(1, Ordering::Relaxed);
        fresh
    }

    /// Queues a line for operators; consecutive repeats are dropped, and the oldest give way.
    pub fn queue_event(&self, text: &str) {
        let mut events = self.events.lock();
        if events.back().is_some_and(|last| last == text) {
            return;
        }
        events.push_back(text.to_owned());
        while events.len() > MAX_EVENTS {
            events.pop_front();
        }
    }

    /// The queued lines, oldest first.
    pub fn queued_events(&self) -> Vec<String> {
        self.events.lock().iter().cloned().collect()
    }

    /// Payload of `voicewake.changed`, raw JSON.
    pub fn voicewake_json(&self) -> String {
        json!({ "triggers": *self.wake_words.lock() }).to_string()
    }

    /// Sets the wake words; blank ones are dropped, none at all means the defaults. Returns what is in force.
    pub fn set_wake_words(&self, words: Vec<String>) -> Vec<String> {
        let mut kept: Vec<String> = words
            .into_iter()
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        if kept.is_empty() {
            kept = DEFAULT_WAKE_WORDS.map(str::to_owned).to_vec();
        }
        self.wake_words.lock().clone_from(&kept);
        kept
    }

    /// Whether heartbeats are on. This gateway runs no agents, so the switch is only remembered.
    pub fn heartbeats(&self) -> bool {
        self.heartbeats.load(Ordering::Relaxed)
    }

    /// Switches heartbeats.
    pub fn set_heartbeats(&self, enabled: bool) {
        self.heartbeats.store(enabled, Ordering::Relaxed);
    }

    /// The encoded node list of a generation; `encode` runs once per generation.
    pub fn node_list(&self, generation: u64, encode: impl FnOnce() -> String) -> Arc<str> {
        let mut cached = self.node_list.lock();
        if let Some((of, list)) = cached.as_ref()
            && *of == generation
        {
            return Arc::clone(list);
        }
        let list: Arc<str> = encode().into();
        *cached = Some((generation, Arc::clone(&list)));
        list
    }

    /// Remembers something for `diagnostics.stability`.
    pub fn record(&self, kind: &'static str, details: Value, now_ms: i64) {
        let mut records = self.records.lock();
        records.0 += 1;
        let seq = records.0;
        records.1.push_back(Record {
            seq,
            ts: now_ms,
            kind,
            details,
        });
        if records.1.len() > MAX_RECORDS {
            records.1.pop_front();
        }
    }

    /// The remembered records after `since`, of one kind if given, at most `limit`, newest last.
    pub fn records(&self, since: u64, kind: Option<&str>, limit: usize) -> Vec<Record> {
        let records = self.records.lock();
        let mut picked: Vec<Record> = records
            .1
            .iter()
            .filter(|record| record.seq > since && kind.is_none_or(|kind| kind == record.kind))
            .cloned()
            .collect();
        let surplus = picked.len().saturating_sub(limit);
        picked.drain(..surplus);
        picked
    }

    /// How many records are kept at most.
    pub const fn record_capacity() -> usize {
        MAX_RECORDS
    }

    /// Counts why the gateway closed a connection.
    pub fn note_close(&self, code: u16) {
        if code == openclaw_protocol::error::close::POLICY {
            self.slow_closes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Connections closed because they did not read.
    pub fn slow_closes(&self) -> u64 {
        self.slow_closes.load(Ordering::Relaxed)
    }

    /// Notes that somebody left, to be announced soon.
    pub fn presence_changed(&self) {
        self.presence_dirty.notify_one();
    }

    /// Waits until somebody has left.
    pub async fn presence_dirty(&self) {
        self.presence_dirty.notified().await;
    }
}

/// The health snapshot of a gateway without channels or agent runs.
fn health(state_dir: &Path, now_ms: i64) -> Value {
    let sessions = json!({ "path": state_dir.join("agents/main/sessions/sessions.json"), "count": 0, "recent": [] });
    json!({
        "ok": true,
        "ts": now_ms,
        "durationMs": 0,
        "channels": {},
        "channelOrder": [],
        "channelLabels": {},
        "heartbeatSeconds": 1800,
        "defaultAgentId": "main",
        "agents": [{
            "agentId": "main",
            "isDefault": true,
            "heartbeat": { "enabled": false, "every": "30m", "everyMs": 1_800_000, "prompt": "", "target": "last", "ackMaxChars": 300 },
            "sessions": sessions,
        }],
        "sessions": sessions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> SystemState {
        SystemState::new(None, Path::new("/state"), 0)
    }

    #[test]
    fn queued_events_are_bounded_and_do_not_repeat() {
        let state = state();
        for n in 0..30 {
            state.queue_event(&n.to_string());
            state.queue_event(&n.to_string());
        }
        let events = state.queued_events();
        assert_eq!((events.len(), events[0].as_str()), (MAX_EVENTS, "10"));
    }

    #[test]
    fn wake_words_fall_back_to_the_defaults() {
        let state = state();
        assert_eq!(
            state.set_wake_words(vec![" a ".into(), String::new()]),
            ["a"]
        );
        assert_eq!(state.set_wake_words(vec![" ".into()]), DEFAULT_WAKE_WORDS);
    }

    #[test]
    fn the_node_list_is_encoded_once_per_generation() {
        let state = state();
        assert_eq!(&*state.node_list(1, || "a".into()), "a");
        assert_eq!(&*state.node_list(1, || unreachable!("encoded again")), "a");
        assert_eq!(&*state.node_list(2, || "b".into()), "b");
    }
}
