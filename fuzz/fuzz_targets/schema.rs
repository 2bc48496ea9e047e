//! The wording for params that do not fit: it never fails, and it agrees with the decoders.
//!
//! Input: the name of a method on the first line, then its params.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_protocol::error::WireError;
use openclaw_protocol::methods::{
    RequestIdParams, approvals, config, decode_params, device, logs, node,
};
use openclaw_protocol::schema::{invalid_params, params_schema};
use serde_json::Value;

type Decode = fn(&str) -> Result<(), WireError>;

const DECODED: [(&str, Decode); 9] = [
    ("config.set", |text| {
        decode_params::<config::ConfigChangeParams>("config.set", text).map(drop)
    }),
    ("device.pair.approve", |text| {
        decode_params::<RequestIdParams>("device.pair.approve", text).map(drop)
    }),
    ("device.token.rotate", |text| {
        decode_params::<device::DeviceTokenParams>("device.token.rotate", text).map(drop)
    }),
    ("exec.approval.request", |text| {
        decode_params::<approvals::ExecApprovalRequestParams>("exec.approval.request", text)
            .map(drop)
    }),
    ("exec.approvals.set", |text| {
        decode_params::<approvals::ExecApprovalsSetParams<'_>>("exec.approvals.set", text).map(drop)
    }),
    ("logs.tail", |text| {
        decode_params::<logs::LogsTailParams>("logs.tail", text).map(drop)
    }),
    ("node.event", |text| {
        decode_params::<node::NodeEventParams<'_>>("node.event", text).map(drop)
    }),
    ("node.invoke", |text| {
        decode_params::<node::NodeInvokeParams<'_>>("node.invoke", text).map(drop)
    }),
    ("node.pair.request", |text| {
        decode_params::<node::NodeSurface>("node.pair.request", text).map(drop)
    }),
];

fuzz_target!(|input: &str| {
    let (method, text) = input.split_once('\n').unwrap_or(("", input));
    let error = invalid_params(method, text, "otherwise");
    assert!(
        error
            .message
            .starts_with(&format!("invalid {method} params: "))
    );
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return;
    };
    if let Some(schema) = params_schema(method) {
        assert_eq!(schema.explain(&value), schema.explain(&value));
    }
    for (method, decode) in DECODED {
        let schema = params_schema(method).expect("a decoded method has a schema");
        // What decodes is well-formed, but for members that a closed schema refuses and a decoder skips.
        let explained = schema.explain(&value);
        if decode(text).is_ok() && !explained.contains("unexpected property") {
            assert_eq!(explained, "", "{method} {text}");
        }
    }
});
