//! What gateways sent.

use std::collections::BTreeSet;

use openclaw_protocol::frame::ServerFrame;
use openclaw_protocol::handshake::{Challenge, HelloOk};
use openclaw_protocol::methods::{Done, approvals, config, device, health, logs, node, system};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::json::{assert_same_set, compare, strip_elided};
use crate::transcript::{From, connections};

/// Members that the recordings of gateway frames leave out.
const ELIDED: [&str; 28] = [
    "agents.list.agents[].thinkingLevels[]",
    "agents.list.agents[].thinkingOptions[]",
    "config.schema.schema",
    "config.schema.uiHints",
    "connect.auth.scopes[]",
    "connect.features",
    "connect.features.capabilities",
    "connect.features.events",
    "connect.features.methods",
    "connect.snapshot.health",
    "connect.snapshot.presence",
    "device.pair.list.paired[].nodeSurface.commands[]",
    "diagnostics.stability.events[]",
    "event health",
    "event models.snapshot",
    "event presence",
    "event tick",
    "health.plugins.loaded[]",
    "logs.tail.lines[]",
    "node.describe.commands[]",
    "node.list.nodes[].commands[]",
    "node.pair.approve.node.commands[]",
    "node.pair.list.pending[].commands[]",
    "openclaw.setup.detect.authOptions[]",
    "openclaw.setup.detect.manualProviders[]",
    "sessions.list.defaults.thinkingLevels[]",
    "sessions.list.defaults.thinkingOptions[]",
    "skills.bins.bins[]",
];

/// Members that are not the same after decoding and encoding. Those that are lost are of no use to clients of this
/// crate and not sent by its gateway; those that are won are defaults for what was left out of the recording or of the
/// release.
const MEMBERS: [&str; 51] = [
    "+ connect.features",
    "+ connect.features.events",
    "+ connect.features.methods",
    "+ connect.policy",
    "+ connect.server",
    "+ device.pair.list.paired[].scopes",
    "- config.get.agentRosterIncludeOwned",
    "- config.get.appliedConfigHash",
    "- config.get.bindingsIncludeOwned",
    "- config.get.configRevisionHash",
    "- config.get.includeProvenance",
    "- config.get.includedPaths",
    "- config.get.resolved",
    "- config.get.runtimeConfig",
    "- config.get.sourceConfig",
    "- connect.auth.recoveryMigrationAllowed",
    "- connect.auth.recoveryScope",
    "- connect.canvasHostUrl",
    "- connect.controlUiLinkReaders",
    "- connect.controlUiWidgetKinds",
    "- connect.features.capabilities",
    "- connect.pluginSurfaceUrls",
    "- connect.policy.allowedSessionVisibilities",
    "- connect.policy.attachments",
    "- connect.policy.hasMultipleSessionSharingIdentities",
    "- connect.server.bootId",
    "- connect.server.buildId",
    "- connect.server.controlUiBuildSource",
    "- device.pair.list.paired[].nodeSurface",
    "- event connect.challenge.capabilities",
    "- event presence.presence[].user",
    "- health.configReload",
    "- health.eventLoop",
    "- health.modelRuntime",
    "- health.plugins",
    "- status.cliProjection",
    "- status.degradedPlugins",
    "- status.degradedSecretOwners",
    "- status.eventLoop",
    "- status.heartbeat.agents[].waitingForRoute",
    "- status.hostDesktop",
    "- status.modelRuntime",
    "- status.pid",
    "- status.processMemory",
    "- status.shutdownBudget",
    "- status.sqliteWal",
    "- status.taskAudit",
    "- status.tasks",
    "- status.workerPools",
    "- system-presence[].lastActivityAt",
    "- system-presence[].user",
];

/// The one payload of which so much was left out that it does not decode.
const TOO_SHORT: &str = "config.schema";

fn through<T: DeserializeOwned + Serialize>(payload: &str) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_str::<T>(payload)?)
}

/// Decodes a result and encodes it again; `None` where it stays raw.
fn result(method: &str, payload: &str) -> Option<Result<Value, serde_json::Error>> {
    Some(match method {
        "connect" => through::<HelloOk>(payload),
        "health" => through::<health::Health>(payload),
        "status" => through::<health::Status>(payload),
        "logs.tail" => through::<logs::LogsTail>(payload),
        "system-presence" => through::<Vec<system::PresenceEntry>>(payload),
        "system.info" => through::<system::SystemInfo>(payload),
        "set-heartbeats" => through::<system::HeartbeatsSet>(payload),
        "voicewake.get" | "voicewake.set" => through::<system::VoicewakeTriggers>(payload),
        "node.list" => through::<node::NodeList>(payload),
        "node.describe" => through::<node::NodeDescription>(payload),
        "node.rename" => through::<node::NodeRename>(payload),
        "node.invoke" => through::<node::NodeInvoked>(payload),
        "node.invoke.result" => through::<node::NodeInvokeResultAck>(payload),
        "node.event" => through::<node::NodeEventAck>(payload),
        "node.pair.list" => through::<node::NodePairList>(payload),
        "node.pair.request" => through::<node::NodePairRequested>(payload),
        "node.pair.approve" => through::<node::NodePairApproved>(payload),
        "node.pair.reject" => through::<node::NodePairRejected>(payload),
        "node.pair.verify" => through::<node::NodePairVerified>(payload),
        "skills.bins" => through::<node::SkillBins>(payload),
        "device.pair.list" => through::<device::DevicePairList>(payload),
        "device.pair.approve" => through::<device::DevicePairApproved>(payload),
        "device.pair.reject" => through::<device::DevicePairRejected>(payload),
        "device.pair.rename" => through::<device::DeviceRename>(payload),
        "device.token.rotate" => through::<device::DeviceTokenRotated>(payload),
        "device.token.revoke" => through::<device::DeviceTokenRevoked>(payload),
        "config.get" => through::<config::ConfigSnapshot>(payload),
        "config.set" | "config.patch" | "config.apply" => through::<config::ConfigWritten>(payload),
        "config.schema" => through::<config::ConfigSchema>(payload),
        "exec.approval.request" => through::<approvals::ExecApprovalDecided>(payload),
        "exec.approval.list" => through::<Vec<approvals::ExecApproval>>(payload),
        "exec.approvals.get" | "exec.approvals.set" | "exec.approvals.node.get" => {
            through::<approvals::ExecApprovalsSnapshot>(payload)
        }
        "exec.approval.resolve" | "system-event" => through::<Done>(payload),
        _ => return None,
    })
}

/// Decodes an event payload and encodes it again; `None` where it stays raw.
fn event(name: &str, payload: &str) -> Option<Result<Value, serde_json::Error>> {
    Some(match name {
        "connect.challenge" => through::<Challenge>(payload),
        "tick" => through::<system::Tick>(payload),
        "shutdown" => through::<system::Shutdown>(payload),
        "presence" => through::<system::Presence>(payload),
        "health" => through::<health::Health>(payload),
        "voicewake.changed" => through::<system::VoicewakeTriggers>(payload),
        "node.invoke.request" => serde_json::from_str::<node::NodeInvokeRequest<'_>>(payload)
            .and_then(serde_json::to_value),
        "node.pair.requested" => through::<node::PendingNode>(payload),
        "node.pair.resolved" => through::<node::NodePairResolved>(payload),
        "device.pair.requested" => through::<device::PendingDevice>(payload),
        "device.pair.resolved" => through::<device::DevicePairResolved>(payload),
        "exec.approval.requested" => through::<approvals::ExecApproval>(payload),
        "exec.approval.resolved" => through::<approvals::ExecApprovalResolved>(payload),
        _ => return None,
    })
}

#[derive(Default)]
struct Met {
    elided: BTreeSet<String>,
    members: BTreeSet<String>,
    typed: BTreeSet<String>,
}

fn check_payload(place: &str, mut payload: Value, met: &mut Met) {
    strip_elided(&mut payload, place, &mut met.elided);
    let (is_event, name) = place
        .strip_prefix("event ")
        .map_or((false, place), |name| (true, name));
    if is_elided_whole(&payload) {
        met.elided.insert(place.to_owned());
        return;
    }
    let text = payload.to_string();
    let Some(encoded) = (if is_event {
        event(name, &text)
    } else {
        result(name, &text)
    }) else {
        return;
    };
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => {
            assert_eq!(place, TOO_SHORT, "{error} in {text}");
            return;
        }
    };
    met.typed.insert(place.to_owned());
    if place == "connect" && payload["snapshot"]["presence"].is_array() {
        let presence = serde_json::json!({ "presence": payload["snapshot"]["presence"] });
        check_payload("event presence", presence, met);
    }
    compare(&payload, &encoded, place, &mut met.members);
}

fn is_elided_whole(payload: &Value) -> bool {
    payload
        .as_str()
        .is_some_and(|text| text.starts_with('…') || text.starts_with("<elided"))
}

#[test]
fn frames_decode_and_encode_to_the_same() {
    let mut met = Met::default();
    let mut frames = 0;
    for connection in connections() {
        for frame in connection
            .frames
            .iter()
            .filter(|frame| frame.from == From::Gateway)
        {
            let value = frame.value.as_ref().unwrap();
            if value["id"].is_number() {
                // A number comes back to a client that sent one; clients of this crate send texts.
                assert_eq!(connection.name, "09-post-handshake-frames.json c");
                continue;
            }
            frames += 1;
            let decoded: ServerFrame = serde_json::from_str(&frame.text)
                .unwrap_or_else(|error| panic!("{}: {error}", connection.name));
            assert_eq!(
                serde_json::to_value(&decoded).unwrap(),
                *value,
                "{}",
                connection.name
            );
            match decoded {
                ServerFrame::Event(event) => {
                    if let Some(payload) = event.payload {
                        let payload = serde_json::from_str(payload.get()).unwrap();
                        check_payload(&format!("event {}", event.event), payload, &mut met);
                    }
                }
                ServerFrame::Response(response) => {
                    assert_eq!(response.ok, response.error.is_none(), "{}", connection.name);
                    let Some(payload) = response.payload else {
                        continue;
                    };
                    let method = connection.method_of(&value["id"]).unwrap_or_else(|| {
                        if payload.get().contains("hello-ok") {
                            "connect"
                        } else {
                            "unknown"
                        }
                    });
                    let payload = serde_json::from_str(payload.get()).unwrap();
                    check_payload(method, payload, &mut met);
                }
            }
        }
    }
    assert!(frames > 1000, "{frames}");
    assert_same_set("elided", &met.elided, &ELIDED.map(String::from).into());
    assert_same_set("members", &met.members, &MEMBERS.map(String::from).into());
    assert!(met.typed.len() > 40, "{:?}", met.typed);
}
