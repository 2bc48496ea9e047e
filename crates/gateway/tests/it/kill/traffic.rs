//! What goes on while the gateway dies: pairings, rotations, approvals, files. Every answer goes into the ledger.

use std::sync::atomic::{AtomicU8, Ordering};

use std::cell::RefCell;
use std::path::PathBuf;

use openclaw_protocol::device::ProofVersion;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{Ended, Frame, TestDevice, Wire};
use serde_json::{Value, json};

use super::ledger::{Decision, DeviceState, Ledger, NodeState};
use super::{Random, Running};

/// Requests that nobody decides; more would push the oldest out.
const UNDECIDED: usize = 60;

/// Why traffic stops: the gateway is gone, and how that was noticed.
pub(crate) struct Cut(pub(crate) String);

impl From<Ended> for Cut {
    fn from(ended: Ended) -> Self {
        Self(format!("{ended:?}"))
    }
}

impl From<String> for Cut {
    fn from(said: String) -> Self {
        Self(said)
    }
}

pub(crate) type Outcome<T> = Result<T, Cut>;

/// One life of the gateway.
pub(crate) struct Stage {
    address: String,
    control: PathBuf,
    ledger: RefCell<Ledger>,
    randoms: [Random; 5],
}

impl Stage {
    pub(crate) fn new(gateway: &Running, ledger: Ledger, random: &mut Random) -> Self {
        Self {
            address: gateway.address.clone(),
            control: gateway.control.clone(),
            ledger: RefCell::new(ledger),
            randoms: std::array::from_fn(|_| random.fork()),
        }
    }

    pub(crate) fn into_ledger(self) -> Ledger {
        self.ledger.into_inner()
    }

    /// Keeps everybody busy; never ends.
    pub(crate) async fn play(&self) {
        let [first, second, third, fourth, fifth] = self.randoms.clone();
        tokio::join!(
            self.local_devices(first),
            self.remote_devices(second),
            self.nodes(third),
            self.approvals(fourth),
            self.file(fifth),
        );
        std::future::pending::<()>().await;
    }

    async fn local_devices(&self, mut random: Random) -> Cut {
        loop {
            let done = self.local_device(&mut random).await;
            if let Err(cut) = done {
                return cut;
            }
        }
    }

    /// Pairs by connecting, then perhaps rotates or revokes.
    async fn local_device(&self, random: &mut Random) -> Outcome<()> {
        let (device, id) = self.new_device(random);
        let mut wire = Wire::open(self.address.parse().unwrap(), &[]).await?;
        let params = operator_params(Some(TOKEN), &["operator.admin"]);
        let hello = connect(&mut wire, params, &device).await?;
        let mut token = device_token(&hello);
        self.paired(&id, &token);
        for _ in 0..random.below(3) {
            self.ledger.borrow_mut().unsure(&id);
            let params = json!({ "deviceId": id, "role": "operator" });
            let answer = ok(&mut wire, "device.token.rotate", params).await?;
            let newer = answer["token"].as_str().unwrap().to_owned();
            let older = std::mem::replace(&mut token, newer);
            self.ledger.borrow_mut().rotated(&id, older);
            self.paired(&id, &token);
        }
        if random.one_in(5) {
            self.ledger.borrow_mut().unsure(&id);
            let mut owner = self.owner().await?;
            let params = json!({ "deviceId": id, "role": "operator" });
            ok(&mut owner, "device.token.revoke", params).await?;
            self.ledger.borrow_mut().revoked(&id, token);
        }
        Ok(())
    }

    async fn remote_devices(&self, mut random: Random) -> Cut {
        loop {
            let done = self.remote_device(&mut random).await;
            if let Err(cut) = done {
                return cut;
            }
        }
    }

    /// Asks from afar, is perhaps approved, and comes back.
    async fn remote_device(&self, random: &mut Random) -> Outcome<()> {
        let (device, id) = self.new_device(random);
        let params = operator_params(Some(TOKEN), &["operator.read", "operator.write"]);
        let request_id = refused(&mut self.remote().await?, params.clone(), &device).await?;
        let state = DeviceState::Pending { request_id };
        self.ledger.borrow_mut().set(&id, state);
        if random.one_in(4) && self.ledger.borrow().undecided() < UNDECIDED {
            return Ok(());
        }
        self.approve_device(&id).await?;
        let hello = connect(&mut self.remote().await?, params, &device).await?;
        self.paired(&id, &device_token(&hello));
        Ok(())
    }

    async fn approve_device(&self, id: &str) -> Outcome<()> {
        let DeviceState::Pending { request_id } = self.ledger.borrow().state(id) else {
            unreachable!("a request is pending");
        };
        let mut owner = self.owner().await?;
        self.ledger.borrow_mut().unsure(id);
        let params = json!({ "requestId": request_id });
        ok(&mut owner, "device.pair.approve", params).await?;
        self.ledger.borrow_mut().set(id, DeviceState::Approved);
        self.ledger
            .borrow_mut()
            .approved_by_owner
            .insert(id.to_owned());
        Ok(())
    }

    async fn nodes(&self, mut random: Random) -> Cut {
        loop {
            let done = self.node(&mut random).await;
            if let Err(cut) = done {
                return cut;
            }
        }
    }

    /// A node is approved with what it serves, then wants to serve more.
    async fn node(&self, random: &mut Random) -> Outcome<()> {
        let (device, id) = self.new_device(random);
        let first = node_params(Some(TOKEN), "n", &["system.which"]);
        let request_id = refused(&mut self.remote().await?, first, &device).await?;
        let state = DeviceState::Pending { request_id };
        self.ledger.borrow_mut().set(&id, state);
        self.approve_device(&id).await?;
        let wider = node_params(Some(TOKEN), "n", &["system.run", "system.which"]);
        let mut node = self.remote().await?;
        self.ledger.borrow_mut().set_node(&id, NodeState::Unsure);
        let hello = connect(&mut node, wider, &device).await?;
        self.paired(&id, &device_token(&hello));
        let mut owner = self.owner().await?;
        let list = ok(&mut owner, "node.pair.list", json!({})).await?;
        let pending = list["pending"].as_array().unwrap();
        let request = pending
            .iter()
            .find(|request| request["nodeId"] == id.as_str());
        let request = request.unwrap_or_else(|| panic!("the wider surface of {id} waits: {list}"));
        let request_id = request["requestId"].as_str().unwrap().to_owned();
        let state = NodeState::Pending {
            request_id: request_id.clone(),
        };
        self.ledger.borrow_mut().set_node(&id, state);
        if random.one_in(4) {
            return Ok(());
        }
        self.ledger.borrow_mut().set_node(&id, NodeState::Unsure);
        let params = json!({ "requestId": request_id });
        ok(&mut owner, "node.pair.approve", params).await?;
        self.ledger.borrow_mut().set_node(&id, NodeState::Approved);
        Ok(())
    }

    async fn approvals(&self, mut random: Random) -> Cut {
        loop {
            let done = self.approval(&mut random).await;
            if let Err(cut) = done {
                return cut;
            }
        }
    }

    /// Asks for an approval; it is known once operators heard of it, and decided once the decider was told so.
    async fn approval(&self, random: &mut Random) -> Outcome<()> {
        let mut asker = self.owner().await?;
        let mut operator = self.owner().await?;
        for _ in 0..=random.below(4) {
            let id = format!("{:016x}", random.next());
            self.ledger
                .borrow_mut()
                .approvals
                .insert(id.clone(), Decision::Unsure);
            let params =
                json!({ "id": id, "command": format!("make {id}"), "timeoutMs": 3_600_000 });
            let request = json!({ "type": "req", "id": id, "method": "exec.approval.request", "params": params });
            asker.try_send(&request).await?;
            operator
                .try_wait_for(|frame| {
                    frame["event"] == "exec.approval.requested"
                        && frame["payload"]["id"] == id.as_str()
                })
                .await?;
            self.ledger
                .borrow_mut()
                .approvals
                .insert(id.clone(), Decision::Waiting);
            if random.one_in(4) && self.ledger.borrow().waiting() < UNDECIDED {
                continue;
            }
            let decision = ["allow-once", "allow-always", "deny"][random.below(3)];
            self.ledger
                .borrow_mut()
                .approvals
                .insert(id.clone(), Decision::Unsure);
            let params = json!({ "id": id, "decision": decision });
            ok(&mut operator, "exec.approval.resolve", params).await?;
            let decided = Decision::Decided(decision);
            self.ledger
                .borrow_mut()
                .approvals
                .insert(id.clone(), decided);
            let answer = asker
                .try_wait_for(|frame| frame["id"] == id.as_str())
                .await?;
            assert_eq!(answer["payload"]["decision"], decision, "{answer}");
        }
        Ok(())
    }

    async fn file(&self, mut random: Random) -> Cut {
        loop {
            let done = self.rewrite_file(&mut random).await;
            if let Err(cut) = done {
                return cut;
            }
        }
    }

    async fn rewrite_file(&self, random: &mut Random) -> Outcome<()> {
        let mut owner = self.owner().await?;
        let held = ok(&mut owner, "exec.approvals.get", json!({})).await?;
        let pattern = format!("/opt/{:x}/bin/*", random.next());
        let file = json!({
            "version": 1,
            "agents": { "main": { "security": "allowlist", "allowlist": [{ "pattern": pattern }] } },
        });
        self.ledger.borrow_mut().file.offered = Some(pattern.clone());
        let params = json!({ "file": file, "baseHash": held["hash"] });
        ok(&mut owner, "exec.approvals.set", params).await?;
        let file = &mut self.ledger.borrow_mut().file;
        file.written = Some(pattern);
        file.offered = None;
        Ok(())
    }

    fn new_device(&self, random: &mut Random) -> (TestDevice, String) {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&random.next().to_le_bytes());
        let id = TestDevice::from_seed(seed).id();
        self.ledger.borrow_mut().add(&id, seed);
        (TestDevice::from_seed(seed), id)
    }

    fn paired(&self, id: &str, token: &str) {
        let token = token.to_owned();
        self.ledger
            .borrow_mut()
            .set(id, DeviceState::Holds { token });
    }

    async fn owner(&self) -> Outcome<Wire> {
        owner(&self.control).await
    }

    async fn remote(&self) -> Outcome<Wire> {
        remote(&self.address).await
    }
}

/// The owner on the control socket.
pub(crate) async fn owner(control: &std::path::Path) -> Outcome<Wire> {
    let mut wire = Wire::open_unix(control).await?;
    let names: Vec<_> = openclaw_protocol::scope::Scope::ALL
        .iter()
        .map(|scope| scope.name())
        .collect();
    let answer = wire
        .try_connect(operator_params(None, &names), None)
        .await?;
    assert_eq!(answer["ok"], true, "{answer}");
    Ok(wire)
}

/// A connection through the trusted forwarder, each time from another address: one address may not fill the list of
/// requests that wait.
pub(crate) async fn remote(address: &str) -> Outcome<Wire> {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let from = format!("192.0.2.{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let headers = [("X-Forwarded-For", from.as_str())];
    Ok(Wire::open(address.parse().unwrap(), &headers).await?)
}

pub(crate) async fn ok(wire: &mut Wire, method: &str, params: Value) -> Outcome<Value> {
    let answer = wire.try_request(method, params).await?;
    assert_eq!(answer["ok"], true, "{method}: {answer}");
    Ok(answer["payload"].clone())
}

pub(crate) async fn attempt(wire: &mut Wire, params: Value, device: &TestDevice) -> Outcome<Frame> {
    Ok(wire
        .try_connect(params, Some((device, ProofVersion::V3)))
        .await?)
}

async fn connect(wire: &mut Wire, params: Value, device: &TestDevice) -> Outcome<Value> {
    let answer = attempt(wire, params, device).await?;
    assert_eq!(answer["ok"], true, "{answer}");
    Ok(answer["payload"].clone())
}

/// Connects, must be told to wait for an approval, and returns the id of the request.
async fn refused(wire: &mut Wire, params: Value, device: &TestDevice) -> Outcome<String> {
    let answer = attempt(wire, params, device).await?;
    let id = answer["error"]["details"]["requestId"].as_str();
    Ok(id.unwrap_or_else(|| panic!("{answer}")).to_owned())
}

fn device_token(hello: &Value) -> String {
    hello["auth"]["deviceToken"].as_str().unwrap().to_owned()
}
