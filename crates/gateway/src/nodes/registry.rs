//! Connected nodes: who holds the slot of each node id, and with which surface.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openclaw_protocol::error::close;
use parking_lot::RwLock;

use crate::conn::hub::Conn;
use crate::nodes::policy::Platform;

/// One connected node.
#[derive(Debug, Clone)]
pub struct NodeSession {
    /// Its connection.
    pub conn: Arc<Conn>,
    /// Platform, for the command lists.
    pub platform: Platform,
    /// Capabilities in force.
    pub caps: Vec<String>,
    /// Commands in force: declared, allowed and approved.
    pub commands: Vec<String>,
    /// Commands declared and allowed, whether approved or not.
    pub declared: Vec<String>,
    /// Capabilities declared.
    pub declared_caps: Vec<String>,
    /// Permissions reported.
    pub permissions: BTreeMap<String, bool>,
    /// `PATH` reported.
    pub path_env: Option<String>,
    /// Whether it sends the output of its programs as it comes, when asked to.
    pub streams: bool,
    /// Last `node.host.stats` report, raw JSON.
    pub host_stats: Option<String>,
}

/// The slots.
#[derive(Debug, Default)]
pub struct NodeRegistry {
    sessions: RwLock<HashMap<String, NodeSession>>,
    generation: AtomicU64,
}

impl NodeRegistry {
    /// Gives the slot to the newest connection; the older one is closed, and its later end changes nothing.
    pub fn connect(&self, node_id: &str, session: NodeSession) {
        let old = self.sessions.write().insert(node_id.to_owned(), session);
        if let Some(old) = old {
            old.conn
                .outbox
                .close(close::AUTH_CHANGED, close::REASON_REPLACED);
        }
        self.touch();
    }

    /// Frees the slot if this connection still holds it.
    pub fn disconnect(&self, node_id: &str, conn: &Conn) -> bool {
        let mut sessions = self.sessions.write();
        let held = sessions
            .get(node_id)
            .is_some_and(|session| session.conn.number == conn.number);
        if held {
            sessions.remove(node_id);
        }
        drop(sessions);
        self.touch();
        held
    }

    /// The session of a node.
    pub fn get(&self, node_id: &str) -> Option<NodeSession> {
        self.sessions.read().get(node_id).cloned()
    }

    /// Looks at a session without copying it.
    pub fn with<R>(&self, node_id: &str, look: impl FnOnce(Option<&NodeSession>) -> R) -> R {
        look(self.sessions.read().get(node_id))
    }

    /// Changes a session.
    pub fn update(&self, node_id: &str, change: impl FnOnce(&mut NodeSession)) {
        if let Some(session) = self.sessions.write().get_mut(node_id) {
            change(session);
        }
        self.touch();
    }

    /// Changes every session.
    pub fn update_all(&self, mut change: impl FnMut(&str, &mut NodeSession)) {
        for (id, session) in self.sessions.write().iter_mut() {
            change(id, session);
        }
        self.touch();
    }

    /// All sessions.
    pub fn all(&self) -> HashMap<String, NodeSession> {
        self.sessions.read().clone()
    }

    /// Grows with every change, so that lists can be cached.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Marks cached lists stale.
    pub fn touch(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }
}
