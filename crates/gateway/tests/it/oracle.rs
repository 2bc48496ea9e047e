//! Our frames of protocol 4 against the schema that its authors publish (npm package `@openclaw/gateway-protocol`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use jsonschema::Validator;
use openclaw_protocol::device::ProofVersion;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::setup_code::SetupCode;
use openclaw_protocol::{event, method};
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{TestDevice, TestGateway, Wire};
use serde_json::{Value, json};

/// Names the folder that `cargo xtask peers` fills, when it is not the usual one.
const PEERS: &str = "OPENCLAW_PEERS_DIR";
const SCHEMA: &str = "protocol/node_modules/@openclaw/gateway-protocol/protocol.schema.json";

/// The schema names definitions, not which frame each is for. This says which: method, params, definition of the
/// answer's payload. `$node` stands for the id of a connected node.
const ANSWERS: &[(&str, &str, &str)] = &[
    ("agent.identity.get", "{}", "AgentIdentityResult"),
    ("agents.list", "{}", "AgentsListResult"),
    ("approval.history", "{}", "ApprovalHistoryResult"),
    ("audit.list", "{}", "AuditListResult"),
    ("channels.status", "{}", "ChannelsStatusResult"),
    ("config.schema", "{}", "ConfigSchemaResponse"),
    ("environments.list", "{}", "EnvironmentsListResult"),
    (
        "environments.status",
        r#"{"environmentId":"gateway"}"#,
        "EnvironmentsStatusResult",
    ),
    (
        "exec.approval.grants.list",
        "{}",
        "ExecApprovalGrantsListResult",
    ),
    ("exec.approvals.get", "{}", "ExecApprovalsSnapshot"),
    (
        "exec.approvals.node.get",
        r#"{"nodeId":"$node"}"#,
        "ExecApprovalsNodeSnapshot",
    ),
    ("logs.tail", "{}", "LogsTailResult"),
    ("models.list", "{}", "ModelsListResult"),
    (
        "progressCard.get",
        r#"{"sessionKey":"main"}"#,
        "ProgressCardGetResult",
    ),
    ("projects.list", "{}", "ProjectsListResult"),
    ("question.list", "{}", "QuestionListResult"),
    (
        "sessions.branches.list",
        r#"{"key":"main"}"#,
        "SessionsBranchesListResult",
    ),
    ("sessions.catalog.list", "{}", "SessionsCatalogListResult"),
    (
        "sessions.companion.state",
        r#"{"key":"main"}"#,
        "SessionsCompanionStateResult",
    ),
    (
        "sessions.groups.defaults",
        "{}",
        "SessionsGroupsDefaultsResult",
    ),
    ("sessions.groups.list", "{}", "SessionsGroupsListResult"),
    (
        "sessions.observer.visibility",
        "{}",
        "SessionsObserverVisibilityResult",
    ),
    ("system.info", "{}", "SystemInfoResult"),
    ("talk.catalog", "{}", "TalkCatalogResult"),
    ("tasks.list", "{}", "TasksListResult"),
    ("update.status", "{}", "UpdateStatusResult"),
];

/// Answers of which the schema describes a part: method, where in the payload, definition. `/*` is every entry.
const PARTS: &[(&str, &str, &str)] = &[
    ("system-presence", "/*", "PresenceEntry"),
    ("device.pair.list", "/pending/*", "DevicePairRequestedEvent"),
];

/// Payloads of events.
const EVENTS: &[(&str, &str)] = &[
    ("device.pair.requested", "DevicePairRequestedEvent"),
    ("device.pair.resolved", "DevicePairResolvedEvent"),
    (
        "device.pair.setup.completed",
        "DevicePairSetupCompletedEvent",
    ),
    (
        "device.pair.setup.deliveryUncertain",
        "DevicePairSetupDeliveryUncertainEvent",
    ),
    ("health", "HelloOk/properties/snapshot/properties/health"),
    ("node.invoke.request", "NodeInvokeRequestEvent"),
    ("presence", "HelloOk/properties/snapshot"),
    ("shutdown", "ShutdownEvent"),
    ("tick", "TickEvent"),
];

/// Events that are never sent by this gateway: it has no agents, no cron, no heartbeats.
const NEVER_SENT: &[&str] = &["agent", "chat", "cron", "heartbeat"];
/// Events that only a slow reader gets; sent to nobody here.
const NOT_PROVOKED: &[&str] = &["resync", "node.presence"];

/// Members that we send and the schema does not know: definition, where, member, why. They are taken out before the
/// rest is judged.
const BEYOND: &[(&str, &str, &str, &str)] = &[
    (
        "DevicePairRequestedEvent",
        "",
        "code",
        "D8: pairing by code",
    ),
    (
        "DevicePairRequestedEvent",
        "",
        "expiresAtMs",
        "until when it can be decided",
    ),
    (
        "DevicePairRequestedEvent",
        "",
        "nodeSurface",
        "the commands that approving the device approves, too",
    ),
    (
        "NodeInvokeRequestEvent",
        "",
        "stream",
        "only to nodes that said they show their output",
    ),
    (
        "AuditListResult",
        "",
        "entries",
        "the access log of this gateway shares the method's name",
    ),
    (
        "HelloOk",
        "/auth",
        "method",
        "2026.9.6 sends it; the published schema is of 2026.9.1",
    ),
    (
        "PresenceEntry",
        "",
        "clientId",
        "2026.9.6 sends it; the published schema is of 2026.9.1",
    ),
    ("HelloOk", "/snapshot/presence/*", "clientId", "as above"),
    (
        "DevicePairSetupCodeResult",
        "",
        "code",
        "the secret part, for people who type it",
    ),
    (
        "DevicePairSetupCodeResult",
        "",
        "url",
        "the address without the code",
    ),
    (
        "DevicePairSetupCodeResult",
        "",
        "endpoints",
        "every address that was tried",
    ),
    (
        "DevicePairSetupCodeResult",
        "",
        "unreachable",
        "whether none of them answered",
    ),
    (
        "SystemInfoResult",
        "",
        "eventLoop",
        "2026.9.6 sends it; the published schema is of 2026.9.1",
    ),
    ("SystemInfoResult", "", "processMemory", "as above"),
    (
        "DevicePairSetupStatusResult",
        "",
        "state",
        "waiting, used, completed or expired",
    ),
];

#[tokio::test]
async fn outgoing_frames_of_protocol_4_match_the_published_schema() {
    let mut oracle = Oracle::load();
    let gateway = TestGateway::start().await;
    let mut stage = Stage::new(&gateway, &mut oracle).await;
    stage.answers(&mut oracle).await;
    stage.refusals(&gateway, &mut oracle).await;
    stage.pairing(&gateway, &mut oracle).await;
    stage.setup_codes(&gateway, &mut oracle).await;
    stage.approvals(&mut oracle).await;
    stage.invoke(&mut oracle).await;
    stage.others(&mut oracle).await;
    stage.timers().await;
    stage.finish(gateway, &mut oracle).await;
    let unseen: Vec<_> = event::EVENTS
        .iter()
        .map(|spec| spec.name)
        .filter(|name| !NEVER_SENT.contains(name) && !NOT_PROVOKED.contains(name))
        .filter(|name| !oracle.events.contains(*name))
        .collect();
    assert!(
        unseen.is_empty(),
        "events that this test should have provoked: {unseen:?}"
    );
    assert!(
        oracle.problems.is_empty(),
        "\n{}",
        oracle.problems.join("\n")
    );
}

#[test]
fn the_table_has_every_method_that_the_schema_describes() {
    let oracle = Oracle::load();
    let named: BTreeSet<&str> = ANSWERS.iter().map(|(method, _, _)| *method).collect();
    let missing: Vec<_> = method::METHODS
        .iter()
        .map(|spec| spec.name)
        .filter(|name| !named.contains(name) && !PROVOKED_ELSEWHERE.contains(name))
        .filter(|name| {
            let definition: String = name.split(['.', '-']).map(capitalised).collect();
            ["Result", "Response", "Snapshot"].iter().any(|suffix| {
                oracle
                    .definitions
                    .get(format!("{definition}{suffix}"))
                    .is_some()
            })
        })
        .collect();
    assert!(
        missing.is_empty(),
        "described, and not in the table: {missing:?}"
    );
}

/// Described methods that are not in [`ANSWERS`]: those that this gateway refuses, and two that need a scene of their own.
const PROVOKED_ELSEWHERE: &[&str] = &[
    "cron.add",
    "device.pair.setupCode",
    "device.pair.setupStatus",
    "device.token.rotate",
    "node.event",
    "sessions.delete",
    "sessions.resolve",
    "skills.bins",
    "wizard.next",
    "wizard.start",
    "wizard.status",
];

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    format!("{}{rest}", first.to_uppercase())
}

/// How the schema says "any character but half a surrogate pair", as it stands in the file.
const HALF_CHARACTERS: &str = r"(?:[^\\uD800-\\uDFFF]|[\\uD800-\\uDBFF][\\uDC00-\\uDFFF])";

/// The schema, and what was found.
struct Oracle {
    definitions: Value,
    validators: BTreeMap<String, Validator>,
    events: BTreeSet<String>,
    problems: Vec<String>,
}

impl Oracle {
    fn load() -> Self {
        let folder = std::env::var_os(PEERS).map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/peers"),
            PathBuf::from,
        );
        let path = folder.join(SCHEMA);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!(
                "{}: {error}\nto install it run: cargo xtask peers",
                path.display()
            )
        });
        // Half characters are a matter of UTF-16; the engine here knows none, and JSON in UTF-8 has none.
        let text = text.replace(HALF_CHARACTERS, ".");
        let mut schema: Value = serde_json::from_str(&text).unwrap();
        Self {
            definitions: schema["definitions"].take(),
            validators: BTreeMap::new(),
            events: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    /// Judges a value; `what` says where it came from.
    fn check(&mut self, what: &str, definition: &str, value: &Value) {
        let mut value = value.clone();
        for (_, place, member, _) in BEYOND.iter().filter(|(name, ..)| *name == definition) {
            take_out(&mut value, place, member);
        }
        let definitions = &self.definitions;
        let validator = self
            .validators
            .entry(definition.to_owned())
            .or_insert_with(|| {
                let schema = definitions
                    .pointer(&format!("/{definition}"))
                    .unwrap_or_else(|| panic!("the schema has no {definition}"));
                jsonschema::draft7::new(schema).unwrap()
            });
        for error in validator.iter_errors(&value) {
            let place = error.instance_path.to_string();
            let mut text = error.to_string();
            if text.len() > 300 {
                text = text.chars().take(300).collect();
            }
            let problem = format!("{what} ({definition}) at {place}: {text}");
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }

    /// Judges frames as they came.
    fn check_frames(&mut self, frames: Vec<Value>) {
        for frame in frames {
            if frame["type"] == "event" {
                self.check("frame", "EventFrame", &frame);
                self.check_event(&frame);
            } else {
                self.check("frame", "ResponseFrame", &frame);
                self.check_error(&frame["error"]);
            }
        }
    }

    fn check_event(&mut self, frame: &Value) {
        let name = frame["event"].as_str().unwrap();
        self.events.insert(name.to_owned());
        let Some((_, definition)) = EVENTS.iter().find(|(event, _)| *event == name) else {
            return;
        };
        let what = format!("event {name}");
        if name == "presence" {
            // The schema describes the list as a part of the hello's snapshot.
            for entry in frame["payload"]["presence"].as_array().unwrap() {
                self.check(&what, "PresenceEntry", entry);
            }
            assert_eq!(frame["payload"].as_object().unwrap().len(), 1);
        } else {
            self.check(&what, definition, &frame["payload"]);
        }
    }

    fn check_error(&mut self, error: &Value) {
        if error["details"]["code"] == "MISSING_SCOPE" {
            self.check("error", "MissingScopeErrorDetails", &error["details"]);
        }
    }
}

/// Removes a member of the object at a place, or of every entry of a list there.
fn take_out(value: &mut Value, place: &str, member: &str) {
    let (place, every) = place
        .strip_suffix("/*")
        .map_or((place, false), |list| (list, true));
    let Some(found) = value.pointer_mut(place) else {
        return;
    };
    let entries = if every {
        found.as_array_mut().into_iter().flatten().collect()
    } else {
        vec![found]
    };
    for entry in entries {
        entry.as_object_mut().unwrap().shift_remove(member);
    }
}

/// An operator that hears everything, and a node.
struct Stage {
    operator: Wire,
    node: Wire,
    device: TestDevice,
}

impl Stage {
    async fn new(gateway: &TestGateway, oracle: &mut Oracle) -> Self {
        let mut operator = gateway.wire().await.recording();
        let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
        let params = operator_params(Some(TOKEN), &scopes);
        let hello = operator.hello(params, Some(&TestDevice::new())).await;
        oracle.check("hello of an operator", "HelloOk", &hello);
        let reader = operator_params(Some(TOKEN), &["operator.read"]);
        let hello = gateway.wire().await.hello(reader, None).await;
        oracle.check("hello without device", "HelloOk", &hello);
        let device = TestDevice::new();
        let mut node = gateway.wire().await.recording();
        let mut params = node_params(
            Some(TOKEN),
            "Build Box",
            &["system.run", "system.which", "system.execApprovals.get"],
        );
        params["permissions"] = json!({ "screen": true });
        params["client"]["modelIdentifier"] = json!("box-1");
        let hello = node.hello(params, Some(&device)).await;
        oracle.check("hello of a node", "HelloOk", &hello);
        Self {
            operator,
            node,
            device,
        }
    }

    async fn answers(&mut self, oracle: &mut Oracle) {
        for (method, params, definition) in ANSWERS {
            let params = params.replace("$node", &self.device.id());
            let params: Value = serde_json::from_str(&params).unwrap();
            let id = self.operator.send_request(method, params).await;
            if *method == "exec.approvals.node.get" {
                self.answer_invoke(&json!({
                    "path": "/home/x/exec-approvals.json", "exists": true, "hash": "00",
                    "file": { "version": 1, "agents": {} },
                }))
                .await;
            }
            let answer = self.operator.answer(&id).await;
            assert_eq!(answer["ok"], true, "{method}: {answer}");
            oracle.check(method, definition, &answer["payload"]);
        }
        for (method, place, definition) in PARTS {
            let payload = self.operator.ok(method, json!({})).await;
            let (list, _) = place.split_once("/*").unwrap();
            for entry in payload.pointer(list).unwrap().as_array().unwrap() {
                oracle.check(method, definition, entry);
            }
        }
        // The other answers of the first page are only judged as frames.
        for method in [
            "health",
            "status",
            "node.list",
            "node.pair.list",
            "device.pair.list",
            "config.get",
        ] {
            self.operator.ok(method, json!({})).await;
        }
    }

    /// Every kind of refusal, before and after the hello.
    async fn refusals(&mut self, gateway: &TestGateway, oracle: &mut Oracle) {
        let read = &["operator.read"][..];
        let mut expired = operator_params(Some(TOKEN), read);
        expired["minProtocol"] = json!(5);
        expired["maxProtocol"] = json!(9);
        let mut nobody = operator_params(Some(TOKEN), read);
        nobody["client"]["mode"] = json!("nobody");
        let cases = [
            (operator_params(None, read), false),
            (operator_params(Some("wrong"), read), false),
            (operator_params(Some(TOKEN), read), true),
            (node_params(Some(TOKEN), "n", &["system.run"]), true),
            (node_params(Some(TOKEN), "n", &[]), false),
            (expired, false),
            (nobody, false),
        ];
        for (params, signs) in cases {
            let mut wire = gateway.remote_wire().await.recording();
            let device = TestDevice::new();
            let device = signs.then_some((&device, ProofVersion::V3));
            let answer = wire.connect(params, device).await.unwrap();
            assert_eq!(answer["ok"], false, "{answer}");
            oracle.check_frames(wire.recorded());
        }
        let mut reader = gateway.operator(read).await.recording();
        for (method, params) in [
            ("config.set", json!({})),
            ("device.pair.list", json!({})),
            ("node.invoke", json!({})),
            ("nope", json!({})),
            ("logs.tail", json!({ "limit": "x" })),
            ("agent", json!({ "message": "hi", "idempotencyKey": "k" })),
        ] {
            reader.err(method, params).await;
        }
        reader.send_text(r#"{"type":"req","id":"7"}"#).await;
        reader.wait_for(|frame| frame["type"] == "res").await;
        oracle.check_frames(reader.recorded());
    }

    async fn pairing(&mut self, gateway: &TestGateway, oracle: &mut Oracle) {
        let mut ids = Vec::new();
        for (device, mut params) in [
            (
                TestDevice::new(),
                operator_params(Some(TOKEN), &["operator.read"]),
            ),
            (
                TestDevice::new(),
                node_params(Some(TOKEN), "n", &["system.run"]),
            ),
        ] {
            params["client"]["modelIdentifier"] = json!("m");
            let refused = gateway
                .remote_wire()
                .await
                .connect(params, Some((&device, ProofVersion::V3)))
                .await
                .unwrap();
            ids.push(refused["error"]["details"]["requestId"].clone());
        }
        let list = self.operator.ok("device.pair.list", json!({})).await;
        for request in list["pending"].as_array().unwrap() {
            oracle.check("device.pair.list", "DevicePairRequestedEvent", request);
        }
        for id in ids {
            self.operator
                .ok("device.pair.approve", json!({ "requestId": id }))
                .await;
        }
        // A device that wants more than it was given.
        let wider = node_params(
            Some(TOKEN),
            "Build Box",
            &["system.run", "system.which", "system.notify"],
        );
        let mut node = gateway.remote_wire().await;
        node.hello(wider, Some(&self.device)).await;
        let request = self.operator.event("node.pair.requested").await;
        let params = json!({ "requestId": request["payload"]["requestId"] });
        self.operator.ok("node.pair.approve", params).await;
        // The newer connection of the device took the place of the first.
        self.node = node.recording();
        let other = TestDevice::new();
        let hello = gateway
            .wire()
            .await
            .hello(
                operator_params(Some(TOKEN), &["operator.read"]),
                Some(&other),
            )
            .await;
        oracle.check("hello of a paired device", "HelloOk", &hello);
        let params = json!({ "deviceId": other.id(), "role": "operator" });
        let rotated = self.operator.ok("device.token.rotate", params).await;
        oracle.check("device.token.rotate", "DeviceTokenRotateResult", &rotated);
    }

    /// A code that a device finishes with, and one whose device falls silent.
    async fn setup_codes(&mut self, gateway: &TestGateway, oracle: &mut Oracle) {
        for speaks in [true, false] {
            let params = json!({ "kind": "node", "force": true });
            let made = self.operator.ok("device.pair.setupCode", params).await;
            oracle.check("device.pair.setupCode", "DevicePairSetupCodeResult", &made);
            let code = SetupCode::parse(made["setupCode"].as_str().unwrap()).unwrap();
            let mut params = node_params(None, "Shed", &[]);
            params["auth"] = json!({ "bootstrapToken": code.bootstrap_token });
            let mut device = gateway.remote_wire().await;
            let hello = device.hello(params, Some(&TestDevice::new())).await;
            oracle.check("hello of a device with a code", "HelloOk", &hello);
            if speaks {
                let params = json!({ "event": "node.host.stats", "payloadJSON": "{}" });
                device.ok("node.event", params).await;
                self.operator.event("device.pair.setup.completed").await;
            } else {
                drop(device);
                let event = "device.pair.setup.deliveryUncertain";
                self.operator.event(event).await;
            }
            let params = json!({ "setupId": made["setupId"] });
            let state = self.operator.ok("device.pair.setupStatus", params).await;
            oracle.check(
                "device.pair.setupStatus",
                "DevicePairSetupStatusResult",
                &state,
            );
        }
    }

    async fn approvals(&mut self, oracle: &mut Oracle) {
        let params = json!({ "id": "a1", "command": "make", "cwd": "/tmp" });
        let id = self
            .operator
            .send_request("exec.approval.request", params)
            .await;
        self.operator.event("exec.approval.requested").await;
        let params = json!({ "id": "a1", "decision": "deny" });
        self.operator.ok("exec.approval.resolve", params).await;
        self.operator.answer(&id).await;
        let history = self.operator.ok("approval.history", json!({})).await;
        oracle.check("approval.history", "ApprovalHistoryResult", &history);
        let held = self.operator.ok("exec.approvals.get", json!({})).await;
        let file = json!({
            "version": 1,
            "defaults": { "security": "allowlist", "ask": "on-miss" },
            "agents": { "main": { "allowlist": [{ "pattern": "/bin/ls" }] } },
        });
        let params = json!({ "file": file, "baseHash": held["hash"] });
        let set = self.operator.ok("exec.approvals.set", params).await;
        oracle.check("exec.approvals.set", "ExecApprovalsSnapshot", &set);
    }

    /// Takes the next invocation and answers it.
    async fn answer_invoke(&mut self, payload: &Value) {
        let request = self.node.event("node.invoke.request").await["payload"].clone();
        let result = json!({
            "id": request["id"], "nodeId": self.device.id(), "ok": true, "payloadJSON": payload.to_string(),
        });
        self.node.ok("node.invoke.result", result).await;
    }

    async fn invoke(&mut self, oracle: &mut Oracle) {
        let mut params = json!({
            "nodeId": self.device.id(), "command": "system.which", "params": { "bins": ["ls"] }, "idempotencyKey": "k",
        });
        let id = self
            .operator
            .send_request("node.invoke", params.clone())
            .await;
        self.answer_invoke(&json!({ "bins": {} })).await;
        self.operator.answer(&id).await;
        // The output of this one is watched.
        let told = json!({ "protocolFeatures": ["invoke-progress"] });
        self.node.ok("node.runnerInventory.update", told).await;
        params["stream"] = json!(true);
        let id = self
            .operator
            .send_request("node.invoke", params.clone())
            .await;
        let started = self.operator.event("node.invoke.started").await;
        let piece = json!({
            "invokeId": started["payload"]["invokeId"], "nodeId": self.device.id(), "seq": 0, "chunk": "x",
        });
        self.node.ok("node.invoke.progress", piece).await;
        self.operator.event("node.invoke.progress").await;
        self.answer_invoke(&json!({ "bins": {} })).await;
        self.operator.answer(&id).await;
        params["stream"] = json!(false);
        // Nobody answers this one in time, so the node is told to stop.
        params["timeoutMs"] = json!(1);
        self.operator.err("node.invoke", params).await;
        self.node.event("node.invoke.cancel").await;
        let event = json!({ "event": "exec.started", "payloadJSON": "{}" });
        let handled = self.node.ok("node.event", event).await;
        oracle.check("node.event", "NodeEventResult", &handled);
        let bins = self.node.ok("skills.bins", json!({})).await;
        oracle.check("skills.bins", "SkillsBinsResult", &bins);
    }

    async fn others(&mut self, oracle: &mut Oracle) {
        let params = json!({ "triggers": ["computer"] });
        self.operator.ok("voicewake.set", params).await;
        let params = json!({ "enabled": true });
        self.operator.ok("talk.mode", params).await;
        self.operator.ok("health", json!({ "probe": true })).await;
        let held = self.operator.ok("config.get", json!({})).await;
        let raw = json!({ "ui": { "assistant": { "name": "Box" } } }).to_string();
        let params = json!({ "raw": raw, "baseHash": held["hash"] });
        self.operator.ok("config.patch", params).await;
        self.operator.event("config.changed").await;
        for keep in [true, false] {
            let held = self.operator.ok("config.get", json!({})).await;
            let raw =
                json!({ "ui": { "assistant": { "name": format!("Box {keep}") } } }).to_string();
            let params = json!({ "raw": raw, "baseHash": held["hash"], "confirmWithinMs": 60_000 });
            let written = self.operator.ok("config.patch", params).await;
            let params = json!({ "id": written["confirm"]["id"], "keep": keep });
            self.operator.ok("config.confirm", params).await;
        }
        self.operator.event("audit.appended").await;
        oracle.check_frames(self.operator.recorded());
    }

    /// Lets half a minute pass for the timers of this runtime.
    async fn timers(&mut self) {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(31)).await;
        tokio::time::resume();
        self.operator.event("tick").await;
    }

    async fn finish(mut self, gateway: TestGateway, oracle: &mut Oracle) {
        let stopping = tokio::spawn(gateway.stop());
        for wire in [&mut self.operator, &mut self.node] {
            wire.until_end().await;
            oracle.check_frames(wire.recorded());
        }
        stopping.await.unwrap();
    }
}
