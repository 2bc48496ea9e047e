//! The method and event tables against what the releases publish, allow and call.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_protocol::event;
use openclaw_protocol::method::{self, Access, METHODS, MethodSpec};
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde_json::Value;

use crate::json::assert_same_set;
use crate::transcript::{From, connections, read};

/// Methods that need another scope here than in 2026.1.30, and why.
const OTHER_THAN_V3: [(&str, &str); 4] = [
    ("config.get", "secrets are redacted"),
    ("config.schema", "holds no secrets"),
    ("health", "any client may ask whether the gateway lives"),
    (
        "node.pair.request",
        "asking is no privilege: a phone that is let in for nothing may ask",
    ),
];

/// Methods that need another scope here than in 2026.9.6, and why.
const OTHER_THAN_V4: [(&str, &str); 8] = [
    ("agent", "depends on the params there; write in protocol 3"),
    ("audit.list", "names addresses"),
    ("health", "any client may ask whether the gateway lives"),
    (
        "node.invoke",
        "depends on the command there; write here, commands are listed by node",
    ),
    (
        "sessions.delete",
        "depends on the params there; admin in protocol 3",
    ),
    (
        "sessions.patch",
        "depends on the params there; admin in protocol 3",
    ),
    ("sessions.resolve", "read there; admin in protocol 3"),
    ("talk.mode", "write, as in protocol 3; write implies talk"),
];

/// Methods that recorded clients call and this gateway does not have.
const NOT_OURS: [&str; 2] = ["no.such.method", "openclaw.setup.detect"];

/// The first hello in a file.
fn hello(file: &str) -> Value {
    let all = connections();
    let connection = all
        .iter()
        .find(|connection| connection.name.starts_with(file))
        .unwrap();
    let frame = connection
        .frames
        .iter()
        .filter_map(|frame| frame.value.as_ref())
        .find(|value| value["payload"]["type"] == "hello-ok");
    frame.unwrap()["payload"].clone()
}

fn names(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect()
}

#[test]
fn protocol_3_lists_are_the_recorded_ones_in_order() {
    let hello = hello("01-");
    assert_eq!(
        method::advertised(3).collect::<Vec<_>>(),
        names(&hello["features"]["methods"])
    );
    assert_eq!(
        event::advertised(3).collect::<Vec<_>>(),
        names(&hello["features"]["events"])
    );
}

#[test]
fn protocol_4_lists_hold_nothing_that_9_6_calls_otherwise() {
    let hello = hello("hello-ok");
    let theirs: BTreeSet<_> = names(&hello["features"]["methods"]).into_iter().collect();
    let alone: BTreeSet<_> = method::advertised(4)
        .filter(|name| !theirs.contains(name))
        .collect();
    let listed = [
        "audit.verify",
        "clients.disconnect",
        "clients.list",
        "config.confirm",
        "node.invoke.abort",
        // 2026.9.6 answers these two, and lists neither.
        "device.pair.setupCode",
        "device.pair.setupStatus",
        "device.pair.setupList",
        "device.pair.setupRevoke",
        "gateway.auth.unlock",
        "gateway.proxyCheck",
        "remote.status",
    ];
    assert_same_set("methods of ours", &alone, &listed.into());
    let theirs: BTreeSet<_> = names(&hello["features"]["events"]).into_iter().collect();
    let alone: BTreeSet<_> = event::advertised(4)
        .filter(|name| !theirs.contains(name))
        .collect();
    assert_same_set(
        "events of ours",
        &alone,
        &[
            "audit.appended",
            "clients.changed",
            "config.changed",
            "config.confirmPending",
            "config.confirmed",
            "config.reverted",
            "node.invoke.progress",
            "node.invoke.started",
            "resync",
        ]
        .into(),
    );
}

/// What the recorded gateway would answer to a caller.
fn authorization(method: &MethodSpec, caller: &str) -> String {
    let scopes = match caller {
        "read" => ScopeSet::from_iter([Scope::Read]),
        "write" => ScopeSet::from_iter([Scope::Write]),
        "approvals" => ScopeSet::from_iter([Scope::Approvals]),
        "pairing" => ScopeSet::from_iter([Scope::Pairing]),
        _ => ScopeSet::EMPTY,
    };
    match (method.access, caller) {
        (Access::Node, "node") => "allowed".into(),
        (_, "node") => "unauthorized role: node".into(),
        (Access::Node, _) => "unauthorized role: operator".into(),
        (Access::Any, _) => "allowed".into(),
        (Access::Scope(scope), _) if scopes.allows(scope) => "allowed".into(),
        (Access::Scope(scope), _) => format!("missing scope: {}", scope.name()),
    }
}

#[test]
fn access_is_that_of_2026_1_30() {
    let matrix = read("v3", "10-scopes.json")["matrix"].clone();
    let mut others = BTreeSet::new();
    for (caller, answers) in matrix.as_object().unwrap() {
        for (name, answer) in answers.as_object().unwrap() {
            let Some(method) = method::find(name) else {
                assert_eq!(name, "nope", "{caller}: {answer}");
                continue;
            };
            if authorization(method, caller) != *answer {
                others.insert(name.as_str());
            }
        }
    }
    assert_same_set(
        "scopes",
        &others,
        &OTHER_THAN_V3.map(|(name, _)| name).into(),
    );
}

#[test]
fn access_is_that_of_2026_9() {
    let published = read("v4", "method-scopes-2026.9.1.json");
    let mut others = BTreeSet::new();
    for method in METHODS {
        let Some(scope) = published[method.name]["scope"].as_str() else {
            continue;
        };
        let ours = match method.access {
            Access::Any => "any",
            Access::Node => "node",
            Access::Scope(scope) => scope.name(),
        };
        if ours != scope {
            others.insert(method.name);
        }
    }
    assert_same_set(
        "scopes",
        &others,
        &OTHER_THAN_V4.map(|(name, _)| name).into(),
    );
}

#[test]
fn everything_that_clients_call_is_known() {
    let mut called = BTreeMap::new();
    for connection in connections() {
        for frame in connection
            .frames
            .iter()
            .filter(|frame| frame.from == From::Client)
        {
            if let Some(name) = frame
                .value
                .as_ref()
                .and_then(|value| value["method"].as_str())
            {
                called.insert(name.to_owned(), connection.name.clone());
            }
        }
    }
    let pages = read("v4", "control-ui-page-methods.json");
    for (page, calls) in pages.as_object().unwrap() {
        for call in calls.as_array().unwrap() {
            called.insert(call["method"].as_str().unwrap().to_owned(), page.clone());
        }
    }
    for (name, _) in read("v4", "control-ui-verified-stubs.json")
        .as_object()
        .unwrap()
    {
        called.insert(name.clone(), "stubs".into());
    }
    let unknown: BTreeSet<_> = called
        .keys()
        .map(String::as_str)
        .filter(|name| method::find(name).is_none())
        .collect();
    assert_same_set("not ours", &unknown, &NOT_OURS.into());
}
