//! What the gateway has acknowledged, and whether it is still there after the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::future::join_all;
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{TestDevice, Wire};
use serde_json::{Value, json};

use super::traffic::{attempt, ok, owner, remote};
use super::{Random, Running};

/// Devices and approvals of earlier lives looked at after each start, beside those of the last life.
const SAMPLE: usize = 3;

/// What is known about a device.
#[derive(Debug, Clone)]
pub(crate) enum DeviceState {
    /// It asked, and was not answered; or something about it was not answered.
    Unsure,
    /// Its request waits.
    Pending {
        /// Id of the request.
        request_id: String,
    },
    /// It was approved and has no token yet.
    Approved,
    /// It has this token.
    Holds {
        /// The newest token.
        token: String,
    },
    /// Its tokens were revoked.
    Revoked,
}

#[derive(Debug)]
struct Device {
    seed: [u8; 32],
    state: DeviceState,
    /// A token that a rotation or a revocation has made worthless.
    dead_token: Option<String>,
}

/// What is known about the surface of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeState {
    /// Something about it was not answered.
    Unsure,
    /// The wider surface waits.
    Pending {
        /// Id of the request.
        request_id: String,
    },
    /// The wider surface was approved.
    Approved,
}

/// What is known about an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It was asked for or decided without an answer.
    Unsure,
    /// It waits.
    Waiting,
    /// It was decided.
    Decided(&'static str),
}

/// What is known about the exec-approvals file.
#[derive(Debug, Default)]
pub(crate) struct FileState {
    /// Pattern of the last acknowledged content.
    pub(crate) written: Option<String>,
    /// Pattern of content that was sent and not acknowledged.
    pub(crate) offered: Option<String>,
}

/// Everything that was acknowledged in one home.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) kills: u32,
    devices: BTreeMap<String, Device>,
    nodes: BTreeMap<String, NodeState>,
    pub(crate) approvals: BTreeMap<String, Decision>,
    pub(crate) file: FileState,
    /// Devices that the owner approved; each has a line in the audit log.
    pub(crate) approved_by_owner: BTreeSet<String>,
    rotations: BTreeMap<String, usize>,
    touched: BTreeSet<String>,
    checked_tokens: usize,
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |wanted: fn(&DeviceState) -> bool| {
            self.devices
                .values()
                .filter(|device| wanted(&device.state))
                .count()
        };
        write!(
            f,
            "{} kills; {} devices ({} with a token, {} waiting, {} revoked, {} unsure), {} nodes, {} approvals ({} waiting), {} rotations, {} tokens tried",
            self.kills,
            self.devices.len(),
            count(|state| matches!(state, DeviceState::Holds { .. })),
            count(|state| matches!(state, DeviceState::Pending { .. })),
            count(|state| matches!(state, DeviceState::Revoked)),
            count(|state| matches!(state, DeviceState::Unsure)),
            self.nodes.len(),
            self.approvals.len(),
            self.waiting(),
            self.rotations.values().sum::<usize>(),
            self.checked_tokens,
        )
    }
}

impl Ledger {
    pub(crate) fn add(&mut self, id: &str, seed: [u8; 32]) {
        let device = Device {
            seed,
            state: DeviceState::Unsure,
            dead_token: None,
        };
        self.devices.insert(id.to_owned(), device);
        self.touched.insert(id.to_owned());
    }

    /// Something about the device is under way: until it is answered, before and after are both right.
    pub(crate) fn unsure(&mut self, id: &str) {
        self.set(id, DeviceState::Unsure);
    }

    pub(crate) fn set(&mut self, id: &str, state: DeviceState) {
        self.device(id).state = state;
    }

    pub(crate) fn state(&self, id: &str) -> DeviceState {
        self.devices[id].state.clone()
    }

    pub(crate) fn rotated(&mut self, id: &str, old: String) {
        *self.rotations.entry(id.to_owned()).or_default() += 1;
        self.device(id).dead_token = Some(old);
    }

    pub(crate) fn revoked(&mut self, id: &str, old: String) {
        let device = self.device(id);
        device.state = DeviceState::Revoked;
        device.dead_token = Some(old);
    }

    fn device(&mut self, id: &str) -> &mut Device {
        self.devices.get_mut(id).expect("the device was added")
    }

    pub(crate) fn set_node(&mut self, id: &str, state: NodeState) {
        self.nodes.insert(id.to_owned(), state);
    }

    pub(crate) fn undecided(&self) -> usize {
        let pending = |device: &&Device| matches!(device.state, DeviceState::Pending { .. });
        self.devices.values().filter(pending).count()
    }

    pub(crate) fn waiting(&self) -> usize {
        let waiting = |decision: &&Decision| **decision == Decision::Waiting;
        self.approvals.values().filter(waiting).count()
    }

    /// Looks at the lists, and at what the last life touched.
    pub(crate) async fn check_touched(&mut self, gateway: &Running, random: &mut Random) {
        let mut chosen = std::mem::take(&mut self.touched);
        let all: Vec<&String> = self.devices.keys().collect();
        for _ in 0..SAMPLE.min(all.len()) {
            chosen.insert(all[random.below(all.len())].clone());
        }
        let mut owner = found(owner(&gateway.control).await);
        self.check_lists(&mut owner).await;
        let refused = chosen.iter().map(|id| self.check_dead_token(gateway, id));
        self.checked_tokens += join_all(refused).await.into_iter().sum::<usize>();
        for id in &chosen {
            self.check_token(gateway, id).await;
        }
    }

    /// Looks at everything, the audit log too.
    pub(crate) async fn check_everything(&mut self, gateway: &Running) {
        let ids = self.devices.keys().cloned().collect::<Vec<_>>();
        let refused = ids.iter().map(|id| self.check_dead_token(gateway, id));
        self.checked_tokens += join_all(refused).await.into_iter().sum::<usize>();
        for id in &ids {
            self.check_token(gateway, id).await;
        }
        // Opened late: a connection that nobody reads for a while is dropped.
        let mut owner = found(owner(&gateway.control).await);
        self.check_lists(&mut owner).await;
        for (id, decision) in &self.approvals {
            self.check_approval(&mut owner, id, *decision).await;
        }
        let approved = audit_subjects(&mut owner, "pair.approve").await;
        for id in &self.approved_by_owner {
            assert!(
                approved.contains_key(id),
                "no audit line for the approval of {id}"
            );
        }
        let rotated = audit_subjects(&mut owner, "token.rotate").await;
        for (id, times) in &self.rotations {
            let found = rotated.get(id).copied().unwrap_or_default();
            assert!(
                found >= *times,
                "{found} of {times} rotations of {id} are in the audit log"
            );
        }
    }

    async fn check_lists(&mut self, owner: &mut Wire) {
        let verdict = found(ok(owner, "audit.verify", json!({})).await);
        assert_eq!(verdict["ok"], true, "{verdict}");
        let list = found(ok(owner, "device.pair.list", json!({})).await);
        let paired = by_id(&list["paired"], "deviceId");
        let pending = by_id(&list["pending"], "deviceId");
        for (id, device) in &self.devices {
            match &device.state {
                DeviceState::Unsure => {}
                DeviceState::Pending { request_id } => {
                    let request = pending
                        .get(id)
                        .unwrap_or_else(|| panic!("request of {id} is gone"));
                    assert_eq!(request["requestId"], request_id.as_str());
                }
                DeviceState::Approved | DeviceState::Holds { .. } | DeviceState::Revoked => {
                    let record = paired
                        .get(id)
                        .unwrap_or_else(|| panic!("device {id} is gone"));
                    let key = TestDevice::from_seed(device.seed).public_key();
                    assert_eq!(record["publicKey"], key.as_str(), "{record}");
                    assert!(!pending.contains_key(id), "{id} is paired and still waits");
                }
            }
        }
        for id in paired.keys().chain(pending.keys()) {
            assert!(self.devices.contains_key(id), "{id} comes from nowhere");
        }
        self.check_nodes(owner).await;
        self.check_file(owner).await;
        let list = found(ok(owner, "exec.approval.list", json!({})).await);
        let waiting = by_id(&list, "id");
        for (id, decision) in &self.approvals {
            match decision {
                Decision::Unsure => {}
                Decision::Waiting => {
                    let shown = waiting
                        .get(id)
                        .unwrap_or_else(|| panic!("approval {id} is gone"));
                    assert_eq!(shown["request"]["command"], format!("make {id}"));
                }
                Decision::Decided(_) => assert!(!waiting.contains_key(id), "{id} waits again"),
            }
        }
    }

    async fn check_nodes(&self, owner: &mut Wire) {
        let list = found(ok(owner, "node.pair.list", json!({})).await);
        let paired = by_id(&list["paired"], "nodeId");
        let pending = by_id(&list["pending"], "nodeId");
        for (id, state) in &self.nodes {
            let node = paired
                .get(id)
                .unwrap_or_else(|| panic!("node {id} is gone"));
            let mut commands = node["commands"].clone();
            commands
                .as_array_mut()
                .unwrap()
                .sort_by_key(Value::to_string);
            match state {
                NodeState::Unsure => {}
                NodeState::Pending { request_id } => {
                    assert_eq!(commands, json!(["system.which"]));
                    let request = pending
                        .get(id)
                        .unwrap_or_else(|| panic!("surface of {id} is gone"));
                    assert_eq!(request["requestId"], request_id.as_str());
                }
                NodeState::Approved => {
                    assert_eq!(commands, json!(["system.run", "system.which"]));
                    assert!(
                        !pending.contains_key(id),
                        "{id} is approved and still waits"
                    );
                }
            }
        }
    }

    async fn check_file(&mut self, owner: &mut Wire) {
        let held = found(ok(owner, "exec.approvals.get", json!({})).await);
        let pattern = pattern(&held).map(str::to_owned);
        let FileState { written, offered } = &self.file;
        assert!(
            pattern == *written || (offered.is_some() && pattern == *offered),
            "{pattern:?} is neither {written:?} nor {offered:?}"
        );
        // From now on this is the content that must not be lost.
        self.file = FileState {
            written: pattern,
            offered: None,
        };
    }

    /// The newest token of a device admits it.
    async fn check_token(&mut self, gateway: &Running, id: &str) {
        let DeviceState::Holds { token } = &self.devices[id].state else {
            return;
        };
        self.check_admission(gateway, id, token, true).await;
        self.checked_tokens += 1;
    }

    /// A token that was rotated or revoked does not. Refusals are delayed, so many are looked at side by side.
    async fn check_dead_token(&self, gateway: &Running, id: &str) -> usize {
        let Some(token) = &self.devices[id].dead_token else {
            return 0;
        };
        self.check_admission(gateway, id, token, false).await;
        1
    }

    async fn check_admission(&self, gateway: &Running, id: &str, token: &str, admitted: bool) {
        let device = &self.devices[id];
        let mut params = if self.nodes.contains_key(id) {
            // Less than it served last would withdraw the request that waits.
            node_params(None, "n", &["system.run", "system.which"])
        } else {
            operator_params(None, &["operator.read"])
        };
        params["auth"] = json!({ "deviceToken": token });
        let key = TestDevice::from_seed(device.seed);
        let mut wire = found(remote(&gateway.address).await);
        let answer = found(attempt(&mut wire, params, &key).await);
        assert_eq!(answer["ok"], admitted, "{id} {:?}: {answer}", device.state);
    }

    async fn check_approval(&self, owner: &mut Wire, id: &str, decision: Decision) {
        if let Decision::Decided(decision) = decision {
            let shown = found(ok(owner, "exec.approval.get", json!({ "id": id })).await);
            assert_eq!(shown["decision"], decision, "{shown}");
        }
    }
}

/// Nothing kills the gateway while it is looked at.
fn found<T>(outcome: super::traffic::Outcome<T>) -> T {
    outcome.unwrap_or_else(|cut| panic!("the gateway went away by itself: {}", cut.0))
}

fn by_id<'a>(list: &'a Value, key: &str) -> BTreeMap<String, &'a Value> {
    let entries = list.as_array().unwrap_or_else(|| panic!("no list: {list}"));
    let found: BTreeMap<_, _> = entries
        .iter()
        .map(|entry| (entry[key].as_str().unwrap().to_owned(), entry))
        .collect();
    assert_eq!(found.len(), entries.len(), "twice in the list: {list}");
    found
}

/// What tells one content of the exec-approvals file from another.
fn pattern(snapshot: &Value) -> Option<&str> {
    snapshot["file"]["agents"]["main"]["allowlist"][0]["pattern"].as_str()
}

async fn audit_subjects(owner: &mut Wire, kind: &str) -> BTreeMap<String, usize> {
    let mut subjects = BTreeMap::new();
    let mut after = 0;
    loop {
        let params = json!({ "kind": kind, "limit": 5_000, "afterSeq": after });
        let page = found(ok(owner, "audit.list", params).await);
        let entries = page["entries"].as_array().unwrap();
        for entry in entries {
            let subject = entry["subject"].as_str().unwrap_or_default();
            *subjects.entry(subject.to_owned()).or_default() += 1;
        }
        match entries.last() {
            Some(last) if entries.len() == 5_000 => after = last["seq"].as_i64().unwrap(),
            _ => return subjects,
        }
    }
}
