use serde_json::json;
use serde_json::value::RawValue;

use super::approvals::{Decision, ExecApprovalRequestParams};
use super::device::{DeviceRename, DeviceTokenParams};
use super::logs::LogsTailParams;
use super::node::{NodeInvokeParams, NodeInvokeRequest, NodeInvokeResultParams};
use super::system::SystemEventParams;
use super::*;

#[test]
fn invoke_params_borrow_and_keep_an_explicit_null() {
    let text =
        r#"{"nodeId":"n","command":"c","params":null,"idempotencyKey":"k\n","timeoutMs":3.0}"#;
    let params: NodeInvokeParams<'_> = decode_params("node.invoke", text).unwrap();
    assert!(matches!(params.node_id, std::borrow::Cow::Borrowed("n")));
    assert_eq!(params.params.unwrap().get(), "null");
    assert_eq!(params.idempotency_key, "k\n");
    assert_eq!(params.timeout_ms, Some(3));
    let without = r#"{"nodeId":"n","command":"c","idempotencyKey":"k"}"#;
    let params: NodeInvokeParams<'_> = decode_params("node.invoke", without).unwrap();
    assert!(params.params.is_none());
}

#[test]
fn results_of_untidy_nodes() {
    for (text, payload, payload_json) in [
        (
            r#"{"id":"i","nodeId":"n","ok":true,"payloadJSON":null,"error":null}"#,
            None,
            None,
        ),
        (
            r#"{"id":"i","nodeId":"n","ok":true,"payloadJSON":{"a":1}}"#,
            Some(r#"{"a":1}"#),
            None,
        ),
        (
            r#"{"id":"i","nodeId":"n","ok":true,"payloadJSON":"{\"a\":1}"}"#,
            None,
            Some(r#"{"a":1}"#),
        ),
        (
            r#"{"id":"i","nodeId":"n","ok":true,"payload":null}"#,
            Some("null"),
            None,
        ),
        (
            r#"{"id":"i","nodeId":"n","ok":true,"payload":7,"payloadJSON":5}"#,
            Some("7"),
            None,
        ),
    ] {
        let result: NodeInvokeResultParams<'_> = decode_params("node.invoke.result", text).unwrap();
        assert_eq!(result.payload.map(RawValue::get), payload, "{text}");
        assert_eq!(result.payload_json.as_deref(), payload_json, "{text}");
        assert!(result.error.is_none());
    }
}

#[test]
fn params_json_of_both_generations() {
    let mut request = NodeInvokeRequest {
        id: "i".into(),
        node_id: "n".into(),
        command: "c".into(),
        params_json: Member::Null,
        timeout_ms: None,
        idempotency_key: None,
        stream: None,
    };
    let third = r#"{"id":"i","nodeId":"n","command":"c","paramsJSON":null}"#;
    assert_eq!(serde_json::to_string(&request).unwrap(), third);
    assert_eq!(
        serde_json::from_str::<NodeInvokeRequest<'_>>(third).unwrap(),
        request
    );
    request.params_json = Member::Absent;
    let fourth = r#"{"id":"i","nodeId":"n","command":"c"}"#;
    assert_eq!(serde_json::to_string(&request).unwrap(), fourth);
    assert_eq!(
        serde_json::from_str::<NodeInvokeRequest<'_>>(fourth).unwrap(),
        request
    );
}

#[test]
fn both_words_for_the_same_member() {
    let id: RequestIdParams = decode_params("node.pair.approve", r#"{"pairingId":"x"}"#).unwrap();
    assert_eq!(id.request_id, "x");
    let rename: DeviceRename = decode_params(
        "device.pair.rename",
        r#"{"deviceId":"d","displayName":"x"}"#,
    )
    .unwrap();
    assert_eq!(
        serde_json::to_value(rename).unwrap(),
        json!({"deviceId": "d", "label": "x"})
    );
}

#[test]
fn refusals_carry_the_known_wording() {
    type Check = fn(&str) -> Result<(), WireError>;
    let cases: [(&str, Check, &str); 5] = [
        (
            r#"{"limit":0,"cursor":-1,"maxBytes":2000000}"#,
            |text| decode_params::<LogsTailParams>("logs.tail", text).map(drop),
            "invalid logs.tail params: at /cursor: must be >= 0; at /limit: must be >= 1; at /maxBytes: must be <= 1000000",
        ),
        (
            r#"{"deviceId":"d","role":"node","scopes":null}"#,
            |text| decode_params::<DeviceTokenParams>("device.token.rotate", text).map(drop),
            "invalid device.token.rotate params: at /scopes: must be array",
        ),
        (
            r#"{"command":"","cwd":5,"timeoutMs":0}"#,
            |text| {
                decode_params::<ExecApprovalRequestParams>("exec.approval.request", text).map(drop)
            },
            "invalid exec.approval.request params: at /command: must NOT have fewer than 1 characters; \
             at /cwd: must be string; at /cwd: must be null; at /cwd: must match a schema in anyOf; \
             at /timeoutMs: must be >= 1",
        ),
        (
            "[]",
            |text| decode_params::<RequestIdParams>("device.pair.approve", text).map(drop),
            "invalid device.pair.approve params: must be object",
        ),
        (
            r#"{"requestId":"a","requestId":"b"}"#,
            |text| decode_params::<RequestIdParams>("device.pair.approve", text).map(drop),
            "invalid device.pair.approve params: duplicate field `requestId` at line 1 column 28",
        ),
    ];
    for (text, check, message) in cases {
        assert_eq!(check(text).unwrap_err().message, message);
    }
}

#[test]
fn system_events_ignore_wrong_types() {
    let params: SystemEventParams = decode_params(
        "system-event",
        r#"{"text":"t","lastInputSeconds":"x","tags":["a"],"roles":[1],"x":1}"#,
    )
    .unwrap();
    assert_eq!(params.text.as_deref(), Some("t"));
    assert_eq!(params.last_input_seconds, None);
    assert_eq!(params.roles, None);
    assert_eq!(params.tags, Some(vec![String::from("a")]));
}

#[test]
fn decisions_have_the_same_name_everywhere() {
    for decision in [Decision::AllowOnce, Decision::AllowAlways, Decision::Deny] {
        assert_eq!(Decision::parse(decision.name()), Some(decision));
        assert_eq!(serde_json::to_value(decision).unwrap(), decision.name());
    }
    assert_eq!(Decision::parse("maybe"), None);
}

#[test]
fn a_waiting_surface_without_the_id_of_its_node_spoils_no_list() {
    let text = r#"{"pending":[],"paired":[{"deviceId":"d","publicKey":"k","role":"node","roles":["node"],"scopes":[],
        "createdAtMs":1,"approvedAtMs":1,"tokens":[],
        "pendingNodeSurface":{"requestId":"r","displayName":"peer-node","caps":["system"],"commands":["system.run"]}}]}"#;
    let list: super::device::DevicePairList = serde_json::from_str(text).unwrap();
    let waits = list.paired[0].pending_node_surface.as_ref().unwrap();
    assert_eq!(waits.request_id.as_deref(), Some("r"));
    assert_eq!(waits.commands.as_deref().unwrap(), ["system.run"]);
    assert_eq!(waits.node_id, None);
}
