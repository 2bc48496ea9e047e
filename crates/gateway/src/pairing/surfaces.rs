//! Node command surfaces: what each node may be asked to do, and what waits for approval.
//!
//! Two kinds of entries share the book: surfaces of connected device-nodes, filed by the gateway itself, and nodes of
//! the older `node.pair.request` flow, which ends in a node token.

use std::collections::{BTreeMap, HashMap};

use openclaw_protocol::limits::PAIRING_TTL_MS;
use openclaw_protocol::scope::Scope;
use uuid::Uuid;

use crate::auth::secret;
use crate::nodes::policy;
use crate::records::{Change, ClientFacts, NodeRecord, PendingNode};

/// Most pending requests of the older flow.
const MAX_PENDING_LEGACY: usize = 100;

/// Surfaces and requests.
#[derive(Debug, Default)]
pub struct Surfaces {
    nodes: HashMap<String, NodeRecord>,
    pending: HashMap<String, PendingNode>,
    /// Which connection made a request of the older flow, by request id: it waits there for its token.
    waiting: HashMap<String, u64>,
}

/// What a node declares when it connects, already reduced to what the gateway's lists allow.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Node.
    pub node_id: String,
    /// Name.
    pub display_name: Option<String>,
    /// What it says about itself.
    pub facts: ClientFacts,
    /// Capabilities.
    pub caps: Vec<String>,
    /// Commands.
    pub commands: Vec<String>,
    /// Permissions.
    pub permissions: BTreeMap<String, bool>,
}

/// What came of a declaration.
#[derive(Debug, Clone)]
pub struct Surface {
    /// Capabilities in force.
    pub caps: Vec<String>,
    /// Commands in force.
    pub commands: Vec<String>,
    /// The request for the rest, if anything waits for approval.
    pub pending: Option<PendingNode>,
    /// Whether that request is new (and is to be announced).
    pub created: bool,
    /// To be made durable.
    pub changes: Vec<Change>,
}

/// Why an operation on the book failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SurfaceError {
    /// No such request.
    #[error("unknown requestId")]
    UnknownRequest,
    /// No such node.
    #[error("unknown nodeId")]
    UnknownNode,
    /// Too many requests wait already.
    #[error("too many pending node requests; approve or reject some with openclaw nodes pending")]
    TooMany,
}

/// An approved surface or older-flow node.
#[derive(Debug, Clone)]
pub struct ApprovedNode {
    /// The node after the approval.
    pub node: NodeRecord,
    /// The request.
    pub request: PendingNode,
    /// Token of the older flow, shown once.
    pub token: Option<String>,
    /// To be made durable.
    pub changes: Vec<Change>,
}

impl Surfaces {
    /// From stored records.
    pub fn new(nodes: Vec<NodeRecord>, pending: Vec<PendingNode>) -> Self {
        Self {
            nodes: nodes
                .into_iter()
                .map(|node| (node.node_id.clone(), node))
                .collect(),
            pending: pending
                .into_iter()
                .map(|request| (request.request_id.clone(), request))
                .collect(),
            waiting: HashMap::new(),
        }
    }

    /// A node.
    pub fn get(&self, node_id: &str) -> Option<&NodeRecord> {
        self.nodes.get(node_id)
    }

    /// All nodes, latest approval first.
    pub fn nodes(&self) -> Vec<&NodeRecord> {
        let mut list: Vec<_> = self.nodes.values().collect();
        list.sort_by(|a, b| {
            b.approved_at_ms
                .cmp(&a.approved_at_ms)
                .then_with(|| a.node_id.cmp(&b.node_id))
        });
        list
    }

    /// All requests, newest first. Surface requests live as long as the node wants them; older-flow ones expire.
    pub fn pending(&self, now_ms: i64) -> Vec<&PendingNode> {
        let mut list: Vec<_> = self
            .pending
            .values()
            .filter(|request| !expired(request, now_ms))
            .collect();
        list.sort_by(|a, b| {
            b.ts.cmp(&a.ts)
                .then_with(|| a.request_id.cmp(&b.request_id))
        });
        list
    }

    /// The surface request of a node.
    pub fn pending_of(&self, node_id: &str) -> Option<&PendingNode> {
        self.pending
            .values()
            .find(|request| !request.legacy && request.node_id == node_id)
    }

    /// A request.
    pub fn pending_by_id(&self, request_id: &str, now_ms: i64) -> Option<&PendingNode> {
        self.pending
            .get(request_id)
            .filter(|request| !expired(request, now_ms))
    }

    /// Takes in what a node declares. With `approve` all of it is approved on the spot.
    pub fn declare(&mut self, declared: Declared, approve: bool, now_ms: i64) -> Surface {
        let known = self.nodes.get(&declared.node_id);
        let allowed = |wanted: &[String], approved: fn(&NodeRecord) -> &[String]| -> Vec<String> {
            let approved = known.map(approved).unwrap_or_default();
            wanted
                .iter()
                .filter(|name| approved.contains(name))
                .cloned()
                .collect()
        };
        let caps = allowed(&declared.caps, |node| &node.caps);
        let commands = allowed(&declared.commands, |node| &node.commands);
        let covered = known.is_some() && caps == declared.caps && commands == declared.commands;
        let open = self.pending_of(&declared.node_id).cloned();
        if covered || approve {
            let mut changes = Vec::new();
            if let Some(open) = open {
                self.pending.remove(&open.request_id);
                changes.push(Change::RemovePendingNode(open.request_id));
            }
            let node = self.put(&declared, !covered, now_ms);
            changes.push(Change::PutNode(Box::new(node)));
            let Declared { caps, commands, .. } = declared;
            return Surface {
                caps,
                commands,
                pending: None,
                created: false,
                changes,
            };
        }
        if let Some(open) =
            open.filter(|open| open.caps == declared.caps && open.commands == declared.commands)
        {
            return Surface {
                caps,
                commands,
                pending: Some(open),
                created: false,
                changes: Vec::new(),
            };
        }
        let mut changes = Vec::new();
        let stale: Vec<String> = self
            .pending
            .values()
            .filter(|request| !request.legacy && request.node_id == declared.node_id)
            .map(|request| request.request_id.clone())
            .collect();
        for id in stale {
            self.pending.remove(&id);
            changes.push(Change::RemovePendingNode(id));
        }
        let request = PendingNode {
            request_id: Uuid::new_v4().to_string(),
            is_repair: known.is_some(),
            node_id: declared.node_id,
            display_name: declared.display_name,
            facts: declared.facts,
            caps: declared.caps,
            commands: declared.commands,
            permissions: declared.permissions,
            ts: now_ms,
            ..PendingNode::default()
        };
        changes.push(Change::PutPendingNode(Box::new(request.clone())));
        self.pending
            .insert(request.request_id.clone(), request.clone());
        Surface {
            caps,
            commands,
            pending: Some(request),
            created: true,
            changes,
        }
    }

    fn put(&mut self, declared: &Declared, widen: bool, now_ms: i64) -> NodeRecord {
        let node = self
            .nodes
            .entry(declared.node_id.clone())
            .or_insert_with(|| NodeRecord {
                node_id: declared.node_id.clone(),
                created_at_ms: now_ms,
                approved_at_ms: now_ms,
                ..NodeRecord::default()
            });
        if widen {
            node.caps = merged(&node.caps, &declared.caps);
            node.commands = merged(&node.commands, &declared.commands);
            node.approved_at_ms = now_ms;
        }
        node.facts = declared.facts.clone();
        node.permissions.clone_from(&declared.permissions);
        node.last_connected_at_ms = Some(now_ms);
        node.clone()
    }

    /// Files a request of the older flow. Returns it and whether it is new.
    pub fn request(
        &mut self,
        mut request: PendingNode,
        now_ms: i64,
    ) -> Result<(PendingNode, bool, Vec<Change>), SurfaceError> {
        let mut changes = Vec::new();
        self.pending.retain(|id, request| {
            let keep = !expired(request, now_ms);
            if !keep {
                changes.push(Change::RemovePendingNode(id.clone()));
            }
            keep
        });
        if let Some(open) = self
            .pending
            .values()
            .find(|open| open.legacy && open.node_id == request.node_id)
        {
            return Ok((open.clone(), false, changes));
        }
        if self
            .pending
            .values()
            .filter(|request| request.legacy)
            .count()
            >= MAX_PENDING_LEGACY
        {
            return Err(SurfaceError::TooMany);
        }
        request.request_id = Uuid::new_v4().to_string();
        request.legacy = true;
        request.is_repair = self.nodes.contains_key(&request.node_id);
        request.ts = now_ms;
        changes.push(Change::PutPendingNode(Box::new(request.clone())));
        self.pending
            .insert(request.request_id.clone(), request.clone());
        Ok((request, true, changes))
    }

    /// Notes that a connection waits for the token of a request.
    pub fn wait(&mut self, request_id: &str, connection: u64) {
        let pending = &self.pending;
        self.waiting.retain(|id, _| pending.contains_key(id));
        self.waiting.insert(request_id.to_owned(), connection);
    }

    /// The connection that waits for the token of a request; asked once.
    pub fn waiter(&mut self, request_id: &str) -> Option<u64> {
        self.waiting.remove(request_id)
    }

    /// Makes another token the one of a node of the older flow.
    pub fn set_token(&mut self, node_id: &str, token: &str) -> Option<Change> {
        let node = self.nodes.get_mut(node_id)?;
        node.token_hash = Some(secret::hash(token));
        Some(Change::PutNode(Box::new(node.clone())))
    }

    /// Approves a request.
    pub fn approve(&mut self, request_id: &str, now_ms: i64) -> Result<ApprovedNode, SurfaceError> {
        self.pending_by_id(request_id, now_ms)
            .ok_or(SurfaceError::UnknownRequest)?;
        let request = self
            .pending
            .remove(request_id)
            .ok_or(SurfaceError::UnknownRequest)?;
        let mut changes = vec![Change::RemovePendingNode(request.request_id.clone())];
        let token = request.legacy.then(secret::mint);
        let node = self
            .nodes
            .entry(request.node_id.clone())
            .or_insert_with(|| NodeRecord {
                node_id: request.node_id.clone(),
                created_at_ms: now_ms,
                ..NodeRecord::default()
            });
        node.facts = request.facts.clone();
        if request.legacy || node.display_name.is_none() {
            node.display_name.clone_from(&request.display_name);
        }
        node.caps.clone_from(&request.caps);
        node.commands.clone_from(&request.commands);
        node.permissions.clone_from(&request.permissions);
        node.core_version.clone_from(&request.core_version);
        node.ui_version.clone_from(&request.ui_version);
        node.approved_at_ms = now_ms;
        if let Some(token) = &token {
            node.token_hash = Some(secret::hash(token));
        }
        let node = node.clone();
        changes.push(Change::PutNode(Box::new(node.clone())));
        Ok(ApprovedNode {
            node,
            request,
            token,
            changes,
        })
    }

    /// Rejects a request.
    pub fn reject(
        &mut self,
        request_id: &str,
        now_ms: i64,
    ) -> Result<(PendingNode, Vec<Change>), SurfaceError> {
        self.pending_by_id(request_id, now_ms)
            .ok_or(SurfaceError::UnknownRequest)?;
        let request = self
            .pending
            .remove(request_id)
            .ok_or(SurfaceError::UnknownRequest)?;
        let changes = vec![Change::RemovePendingNode(request.request_id.clone())];
        Ok((request, changes))
    }

    /// Checks a token of the older flow.
    pub fn verify(&self, node_id: &str, token: &str) -> Option<&NodeRecord> {
        let node = self.nodes.get(node_id)?;
        node.token_hash
            .filter(|expected| secret::same(*expected, secret::hash(token)))?;
        Some(node)
    }

    /// Names a node.
    pub fn rename(&mut self, node_id: &str, name: &str) -> Result<Vec<Change>, SurfaceError> {
        let node = self
            .nodes
            .get_mut(node_id)
            .ok_or(SurfaceError::UnknownNode)?;
        node.display_name = Some(name.to_owned());
        Ok(vec![Change::PutNode(Box::new(node.clone()))])
    }

    /// Forgets a node and its requests.
    pub fn remove(&mut self, node_id: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.nodes.remove(node_id).is_some() {
            changes.push(Change::RemoveNode(node_id.to_owned()));
        }
        self.pending.retain(|id, request| {
            let keep = request.node_id != node_id;
            if !keep {
                changes.push(Change::RemovePendingNode(id.clone()));
            }
            keep
        });
        changes
    }
}

/// Scopes an approver needs for a surface, besides pairing.
pub fn approve_scopes(commands: &[String]) -> Vec<Scope> {
    let mut scopes = vec![Scope::Pairing];
    if !commands.is_empty() {
        scopes.push(Scope::Write);
    }
    if commands.iter().any(|command| policy::needs_admin(command)) {
        scopes.push(Scope::Admin);
    }
    scopes
}

fn merged(known: &[String], declared: &[String]) -> Vec<String> {
    let mut all: Vec<String> = known.iter().chain(declared).cloned().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn expired(request: &PendingNode, now_ms: i64) -> bool {
    request.legacy && now_ms - request.ts > PAIRING_TTL_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(commands: &[&str]) -> Declared {
        Declared {
            node_id: "n".into(),
            commands: commands.iter().map(ToString::to_string).collect(),
            caps: vec!["system".into()],
            ..Declared::default()
        }
    }

    #[test]
    fn a_surface_waits_until_approved_and_then_stays() {
        let mut book = Surfaces::default();
        let first = book.declare(declared(&["system.run"]), false, 0);
        assert!(first.commands.is_empty() && first.created);
        let again = book.declare(declared(&["system.run"]), false, 1);
        assert!(!again.created);
        let request = again.pending.unwrap();
        let approved = book.approve(&request.request_id, 2).unwrap();
        assert_eq!(approved.node.commands, ["system.run"]);
        assert!(approved.token.is_none());
        let later = book.declare(declared(&["system.run"]), false, 3);
        assert!(later.pending.is_none());
        assert_eq!(later.commands, ["system.run"]);
    }

    #[test]
    fn a_wider_surface_keeps_what_was_approved_and_asks_for_the_rest() {
        let mut book = Surfaces::default();
        book.declare(declared(&["system.which"]), true, 0);
        let wider = book.declare(declared(&["system.run", "system.which"]), false, 1);
        assert_eq!(wider.commands, ["system.which"]);
        assert_eq!(
            wider.pending.unwrap().commands,
            ["system.run", "system.which"]
        );
        assert_eq!(
            book.declare(declared(&["system.which"]), false, 2).commands,
            ["system.which"]
        );
        assert!(
            book.pending(2).is_empty(),
            "the node no longer asks for more"
        );
    }

    #[test]
    fn s16_older_flow_tokens_are_kept_as_hashes() {
        let mut book = Surfaces::default();
        let ask = PendingNode {
            node_id: "phone".into(),
            ..PendingNode::default()
        };
        let (request, created, _) = book.request(ask.clone(), 0).unwrap();
        assert!(created);
        assert!(!book.request(ask, 1).unwrap().1);
        let approved = book.approve(&request.request_id, 2).unwrap();
        let token = approved.token.unwrap();
        assert!(book.verify("phone", &token).is_some());
        assert!(book.verify("phone", "nope").is_none());
        assert!(!format!("{:?}", approved.changes).contains(&token));
    }
}
