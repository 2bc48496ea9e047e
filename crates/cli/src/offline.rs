//! The pairing books of this machine while its gateway is down: the same decisions, made under the
//! gateway's own lock, so that none can start in between.

use openclaw_config::Paths;
use openclaw_gateway::pairing::devices::{Devices, MAX_LABEL};
use openclaw_gateway::pairing::surfaces::Surfaces;
use openclaw_gateway::pairing::view;
use openclaw_gateway::records::{AuditEvent, Change, StoredState};
use openclaw_gateway::store::{OfflineBooks, StorePaths, offline};
use openclaw_protocol::scope::Role;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::format::now_ms;

/// Who decides, in the audit log.
const ACTOR: &str = "owner (offline)";

/// The stored books of this state directory.
#[derive(Debug)]
pub(crate) struct Offline {
    paths: StorePaths,
}

impl Offline {
    /// Looks whether there is anything stored.
    pub(crate) fn open(context: &Context) -> Option<Self> {
        let paths: &Paths = context.paths();
        let books = Self {
            paths: StorePaths::from(paths),
        };
        let state = books.look().ok()?;
        let is_empty = state.devices.is_empty() && state.pending_devices.is_empty();
        (!is_empty || paths.database_file.exists()).then_some(books)
    }

    /// Answers like `device.pair.list`. Changes nothing.
    pub(crate) fn devices(&self) -> Result<Value, CommandError> {
        let state = self.look()?;
        let devices = Devices::new(state.devices, state.pending_devices);
        let pending: Vec<Value> = devices
            .pending(now_ms())
            .into_iter()
            .map(view::pending_device)
            .collect();
        let paired: Vec<Value> = devices
            .paired()
            .into_iter()
            .map(|device| view::device(device, false))
            .collect();
        Ok(json!({ "pending": pending, "paired": paired }))
    }

    /// Answers like `node.pair.list`. Changes nothing.
    pub(crate) fn nodes(&self) -> Result<Value, CommandError> {
        let state = self.look()?;
        let surfaces = Surfaces::new(state.nodes, state.pending_nodes);
        let pending: Vec<Value> = surfaces
            .pending(now_ms())
            .into_iter()
            .map(view::pending_node)
            .collect();
        let paired: Vec<Value> = surfaces.nodes().into_iter().map(view::node).collect();
        Ok(json!({ "pending": pending, "paired": paired }))
    }

    /// Answers like the method of the gateway, for those that decide about devices and nodes.
    pub(crate) fn call(&self, method: &str, params: &Value) -> Result<Value, CommandError> {
        let now = now_ms();
        let text = |name: &str| params[name].as_str().unwrap_or_default();
        let books = OfflineBooks::open(&self.paths, now).map_err(CommandError::new)?;
        let state = books.load().map_err(CommandError::new)?;
        let mut decision = Decision {
            devices: Devices::new(state.devices, state.pending_devices),
            surfaces: Surfaces::new(state.nodes, state.pending_nodes),
            changes: Vec::new(),
            now,
        };
        let answer = match method {
            "device.pair.approve" => decision.approve_device(text("requestId")),
            "device.pair.reject" => decision.reject_device(text("requestId")),
            "device.pair.remove" => decision.remove_device(text("deviceId")),
            "device.pair.rename" => decision.rename_device(text("deviceId"), text("label")),
            "node.pair.approve" => decision.approve_node(text("requestId")),
            "node.pair.reject" => decision.reject_node(text("requestId")),
            other => Err(format!("{other} needs a running gateway")),
        }
        .map_err(CommandError::new)?;
        books.commit(decision.changes).map_err(CommandError::new)?;
        books.close().map_err(CommandError::new)?;
        Ok(answer)
    }

    fn look(&self) -> Result<StoredState, CommandError> {
        offline::view(&self.paths, now_ms()).map_err(CommandError::new)
    }
}

/// The books in memory, and what has to be written.
#[derive(Debug)]
struct Decision {
    devices: Devices,
    surfaces: Surfaces,
    changes: Vec<Change>,
    now: i64,
}

impl Decision {
    fn approve_device(&mut self, request_id: &str) -> Result<Value, String> {
        let approved = self
            .devices
            .approve(request_id, None, "owner", self.now)
            .map_err(|error| error.to_string())?;
        self.changes.extend(approved.changes);
        let device = approved.device;
        let details = json!({ "requestId": request_id });
        self.audit("pair.approve", &device.device_id, details);
        // As with the gateway: letting a new node in lets in what it asked to serve.
        let surface = approved
            .request
            .filter(|request| request.role == Role::Node)
            .and_then(|request| self.surfaces.pending_of(&request.device_id).cloned());
        if let Some(surface) = surface {
            self.approve_node(&surface.request_id)?;
        }
        Ok(json!({ "requestId": request_id, "device": view::device(&device, false) }))
    }

    fn reject_device(&mut self, request_id: &str) -> Result<Value, String> {
        let (request, changes) = self
            .devices
            .reject(request_id, self.now)
            .map_err(|error| error.to_string())?;
        self.changes.extend(changes);
        if request.role == Role::Node && self.devices.get(&request.device_id).is_none() {
            self.changes
                .extend(self.surfaces.remove(&request.device_id));
        }
        self.audit(
            "pair.reject",
            &request.device_id,
            json!({ "requestId": request_id }),
        );
        Ok(json!({ "requestId": request_id, "deviceId": request.device_id }))
    }

    fn remove_device(&mut self, device_id: &str) -> Result<Value, String> {
        let changes = self
            .devices
            .remove(device_id)
            .map_err(|error| error.to_string())?;
        self.changes.extend(changes);
        self.changes.extend(self.surfaces.remove(device_id));
        self.audit("pair.remove", device_id, json!({}));
        Ok(json!({ "deviceId": device_id }))
    }

    fn rename_device(&mut self, device_id: &str, label: &str) -> Result<Value, String> {
        let label = label.trim();
        if label.is_empty() || label.chars().count() > MAX_LABEL {
            return Err(format!("label must have 1 to {MAX_LABEL} characters"));
        }
        let changes = self
            .devices
            .rename(device_id, label)
            .map_err(|error| error.to_string())?;
        self.changes.extend(changes);
        self.audit("pair.rename", device_id, json!({ "label": label }));
        Ok(json!({ "deviceId": device_id, "label": label }))
    }

    fn approve_node(&mut self, request_id: &str) -> Result<Value, String> {
        let approved = self
            .surfaces
            .approve(request_id, self.now)
            .map_err(|error| error.to_string())?;
        self.changes.extend(approved.changes);
        let details = json!({ "requestId": request_id, "commands": approved.request.commands });
        self.audit("node.approve", &approved.node.node_id, details);
        let mut node = view::node(&approved.node);
        if let Some(token) = approved.token {
            // Of the older flow; this answer is the only place where it is ever shown.
            node["token"] = json!(token);
        }
        Ok(json!({ "requestId": request_id, "node": node }))
    }

    fn reject_node(&mut self, request_id: &str) -> Result<Value, String> {
        let (request, changes) = self
            .surfaces
            .reject(request_id, self.now)
            .map_err(|error| error.to_string())?;
        self.changes.extend(changes);
        self.audit(
            "node.reject",
            &request.node_id,
            json!({ "requestId": request_id }),
        );
        Ok(json!({ "requestId": request_id, "nodeId": request.node_id }))
    }

    fn audit(&mut self, kind: &str, subject: &str, details: Value) {
        self.changes.push(Change::Audit(Box::new(AuditEvent {
            ts: self.now,
            kind: kind.to_owned(),
            actor: ACTOR.to_owned(),
            remote_ip: None,
            subject: Some(subject.to_owned()),
            details,
        })));
    }
}
