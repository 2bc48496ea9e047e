//! `node.invoke` and `node.invoke.result`: one deadline, two hops, nothing parsed that is only passed on.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use openclaw_protocol::error::{WireError, code};
use openclaw_protocol::frame::encode_event;
use openclaw_protocol::limits::INVOKE_TIMEOUT_MS;
use openclaw_protocol::methods::node::{
    NodeInvokeAbortParams, NodeInvokeAborted, NodeInvokeProgressParams,
};
use openclaw_protocol::scan;
use openclaw_protocol::scope::Scope;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::core::Core;
use crate::nodes::invoke::{Invoke, NodeResult, Shown, Waiter};
use crate::nodes::registry::NodeSession;
use crate::rpc::context::{Ctx, Payload, RpcResult, parse, parse_checked};
use crate::rpc::router::{Methods, missing_scope};

pub(super) fn register(methods: &mut Methods) {
    methods.deferred("node.invoke", invoke);
    methods.now("node.invoke.result", result);
    methods.now("node.invoke.progress", progress);
    methods.now("node.invoke.abort", abort);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvokeParams<'a> {
    #[serde(borrow)]
    node_id: Cow<'a, str>,
    #[serde(borrow)]
    command: Cow<'a, str>,
    #[serde(borrow)]
    params: super::list::Raw<'a>,
    timeout_ms: Option<u64>,
    #[serde(borrow)]
    idempotency_key: Cow<'a, str>,
    #[serde(default)]
    stream: bool,
}

/// [`InvokeParams`] with the command's own params as text.
struct Request<'a> {
    node_id: Cow<'a, str>,
    command: Cow<'a, str>,
    params: Option<&'a str>,
    timeout_ms: Option<u64>,
    idempotency_key: Cow<'a, str>,
    stream: bool,
}

impl<'a> Request<'a> {
    fn parse(params: &'a str) -> Result<Self, WireError> {
        if let Some(request) = Self::scan(params) {
            return Ok(request);
        }
        let params: InvokeParams<'a> = parse("node.invoke", params)?;
        Ok(Self {
            node_id: params.node_id,
            command: params.command,
            params: params.params.map(RawValue::get),
            timeout_ms: params.timeout_ms,
            idempotency_key: params.idempotency_key,
            stream: params.stream,
        })
    }

    /// The fast path: large params are looked at once, as text.
    fn scan(text: &'a str) -> Option<Self> {
        let [
            node_id,
            command,
            params,
            timeout_ms,
            idempotency_key,
            stream,
        ] = scan::members(
            text,
            [
                "nodeId",
                "command",
                "params",
                "timeoutMs",
                "idempotencyKey",
                "stream",
            ],
        )?;
        let text = |raw: Option<&'a str>| scan::plain_string(raw?).map(Cow::Borrowed);
        let timeout_ms = match timeout_ms {
            None => None,
            Some(raw) => Some(raw.parse().ok()?),
        };
        Some(Self {
            node_id: text(node_id)?,
            command: text(command)?,
            params: params.filter(|raw| *raw != "null"),
            timeout_ms,
            idempotency_key: text(idempotency_key)?,
            stream: match stream {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return None,
            },
        })
    }
}

fn invoke(ctx: &Ctx<'_>, params: &str) -> Result<(), WireError> {
    let request = Request::parse(params)?;
    if request.idempotency_key.is_empty() {
        return Err(WireError::invalid(
            "invalid node.invoke params: at /idempotencyKey: must NOT have fewer than 1 characters",
        ));
    }
    let (node_id, command) = (request.node_id.trim(), request.command.trim());
    if node_id.is_empty() || command.is_empty() {
        return Err(WireError::invalid("nodeId and command required"));
    }
    if command.starts_with("system.execApprovals.") {
        // These change what a node will run: they have their own methods, for admins only.
        return Err(WireError::invalid(
            "node.invoke does not allow system.execApprovals.*; use exec.approvals.node.*",
        )
        .with_details(json!({ "command": command })));
    }
    let (node, node_streams) = ctx.core.nodes.with(node_id, |session| {
        let streams = session.is_some_and(|session| session.streams);
        allowed(ctx.core, node_id, command, session).map(|node| (node, streams))
    })?;
    let responder = ctx.responder()?;
    let timeout_ms = match request.timeout_ms {
        None => Some(INVOKE_TIMEOUT_MS),
        Some(0) => None,
        Some(timeout_ms) => Some(timeout_ms),
    };
    if command == "system.run" {
        guard_decision(ctx, request.params)?;
        audit_run(ctx, node_id, request.params);
    }
    let invoke = Invoke {
        node_id,
        command,
        params: request.params,
        timeout_ms,
        idempotency_key: Some(&request.idempotency_key),
        caller: Some(ctx.conn.number),
        stream: request.stream,
        node_streams,
    };
    ctx.core
        .invokes
        .start(&node, &invoke, Waiter::Caller(responder));
    Ok(())
}

/// The node's connection, if it may be asked to run the command now.
fn allowed(
    core: &Core,
    node_id: &str,
    command: &str,
    session: Option<&NodeSession>,
) -> Result<Arc<crate::conn::hub::Conn>, WireError> {
    let Some(session) = session else {
        let details = json!({ "code": "NOT_CONNECTED" });
        return Err(WireError::unavailable("node not connected").with_details(details));
    };
    let refused = |reason: &str, more: Value| {
        let mut details = json!({ "reason": reason, "command": command });
        if let (Value::Object(details), Value::Object(more)) = (&mut details, more) {
            details.extend(more);
        }
        WireError::invalid("node command not allowed").with_details(details)
    };
    if !core.live().lists.allows(session.platform, command) {
        let hint = format!("openclaw config set gateway.nodes.allowCommands '[\"{command}\"]'");
        // Allowing it does not help where the node does not offer it.
        let more = if session.declared.iter().any(|known| known == command) {
            json!({ "hint": hint })
        } else {
            json!({ "declared": false })
        };
        return Err(refused("command not allowlisted", more));
    }
    if session.commands.iter().any(|known| known == command) {
        return Ok(Arc::clone(&session.conn));
    }
    if session.declared.iter().any(|known| known == command) {
        let waiting = core
            .books
            .surfaces
            .lock()
            .pending_of(node_id)
            .map(|request| request.request_id.clone());
        let hint = waiting.as_ref().map_or_else(
            || "openclaw nodes pending".to_owned(),
            |id| {
                format!(
                    "openclaw nodes approve {}",
                    openclaw_protocol::pairing_code::pairing_code(id)
                )
            },
        );
        return Err(refused(
            "command awaits approval",
            json!({ "hint": hint, "requestId": waiting }),
        ));
    }
    let reason = if session.declared.is_empty() {
        "node did not declare commands"
    } else {
        "command not declared by node"
    };
    Err(refused(reason, json!({})))
}

/// A run that claims to be approved speaks for an operator who may approve, once or for always.
fn guard_decision(ctx: &Ctx<'_>, params: Option<&str>) -> Result<(), WireError> {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Claims {
        approved: Option<Value>,
        approval_decision: Option<Value>,
    }
    let claims: Claims = params
        .and_then(|params| serde_json::from_str(params).ok())
        .unwrap_or_default();
    let claimed =
        |value: &Option<Value>| value.as_ref().is_some_and(|value| *value != json!(false));
    let held = ctx.conn.scopes();
    if (claimed(&claims.approved) || claimed(&claims.approval_decision))
        && !held.allows(Scope::Approvals)
    {
        return Err(missing_scope(ctx.conn.protocol, Scope::Approvals));
    }
    Ok(())
}

fn audit_run(ctx: &Ctx<'_>, node_id: &str, params: Option<&str>) {
    #[derive(Deserialize, Default)]
    struct Run {
        #[serde(default)]
        command: Vec<String>,
    }
    let run: Run = params
        .and_then(|params| serde_json::from_str(params).ok())
        .unwrap_or_default();
    // The program only: arguments may hold secrets. The hash tells two commands apart.
    let program = run.command.first().cloned().unwrap_or_default();
    let hash = openclaw_protocol::device::sha256_hex(&run.command.join("\0"));
    let details = json!({ "command": "system.run", "program": program, "commandSha256": hash });
    let event = ctx
        .core
        .audit_event(ctx.conn, "exec", Some(node_id), details);
    ctx.core.audit_lazily(event);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultParams<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    node_id: Cow<'a, str>,
    ok: bool,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, rename = "payloadJSON")]
    payload_json: Option<&'a RawValue>,
    // Whatever a node sends here, the caller has to hear that it failed.
    error: Option<Value>,
}

/// [`ResultParams`] with its payloads as text.
struct Report<'a> {
    id: Cow<'a, str>,
    node_id: Cow<'a, str>,
    ok: bool,
    payload: Option<&'a str>,
    payload_json: Option<&'a str>,
    error: Option<Value>,
}

impl<'a> Report<'a> {
    fn parse(params: &'a str) -> Result<Self, WireError> {
        if let Some(report) = Self::scan(params) {
            return Ok(report);
        }
        let params: ResultParams<'a> = parse("node.invoke.result", params)?;
        Ok(Self {
            id: params.id,
            node_id: params.node_id,
            ok: params.ok,
            payload: params.payload.map(RawValue::get),
            payload_json: params.payload_json.map(RawValue::get),
            error: params.error,
        })
    }

    /// The fast path, for results that are fine.
    fn scan(text: &'a str) -> Option<Self> {
        let [id, node_id, ok, payload, payload_json, error] = scan::members(
            text,
            ["id", "nodeId", "ok", "payload", "payloadJSON", "error"],
        )?;
        let text = |raw: Option<&'a str>| scan::plain_string(raw?).map(Cow::Borrowed);
        if error.is_some() || ok? != "true" {
            return None;
        }
        Some(Self {
            id: text(id)?,
            node_id: text(node_id)?,
            ok: true,
            payload: payload.filter(|raw| *raw != "null"),
            payload_json: payload_json.filter(|raw| *raw != "null"),
            error: None,
        })
    }
}

fn result(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let report = Report::parse(params)?;
    if ctx.conn.device_id.as_deref() != Some(&*report.node_id) {
        return Err(WireError::invalid("nodeId mismatch"));
    }
    let outcome = if report.ok {
        Ok(raw_result(report.payload, report.payload_json))
    } else {
        Err(failure(report.error))
    };
    let known = ctx
        .core
        .invokes
        .finish(&report.id, &report.node_id, outcome);
    Ok(Payload::Static(if known {
        r#"{"ok":true}"#
    } else {
        r#"{"ok":true,"ignored":true}"#
    }))
}

/// Most characters of a piece of output.
const MAX_CHUNK: usize = 16_384;

fn progress(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let report: NodeInvokeProgressParams<'_> = parse_checked("node.invoke.progress", params)?;
    if ctx.conn.device_id.as_deref() != Some(&*report.node_id) {
        return Err(WireError::invalid("nodeId mismatch"));
    }
    if report.chunk.chars().count() > MAX_CHUNK {
        return Err(WireError::invalid(format!(
            "invalid node.invoke.progress params: at /chunk: must NOT have more than {MAX_CHUNK} characters"
        )));
    }
    let stream = match report.stream.as_deref() {
        Some("stderr") => "stderr",
        _ => "stdout",
    };
    let shown = Shown {
        stream,
        chunk: &report.chunk,
        dropped: report.dropped.unwrap_or(0),
    };
    let heard = ctx
        .core
        .invokes
        .show(&report.invoke_id, &report.node_id, &shown);
    Ok(Payload::Static(if heard {
        r#"{"ok":true}"#
    } else {
        r#"{"ok":true,"ignored":true}"#
    }))
}

fn abort(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let params: NodeInvokeAbortParams = parse_checked("node.invoke.abort", params)?;
    let (wire_id, key) = (
        params.invoke_id.as_deref(),
        params.idempotency_key.as_deref(),
    );
    if wire_id.is_none() && key.is_none() {
        return Err(WireError::invalid(
            "invokeId or idempotencyKey required: node.invoke.started names the first",
        ));
    }
    let ended = ctx.core.invokes.abort(ctx.conn, wire_id, key);
    if let Some((node_id, invoke_id)) = &ended {
        cancel(ctx.core, node_id, invoke_id);
    }
    Ok(Payload::of(&NodeInvokeAborted {
        aborted: ended.is_some(),
    }))
}

/// `payload` and `payloadJSON` of the answer, both from what the node sent.
fn raw_result<'a>(payload: Option<&'a str>, payload_json: Option<&'a str>) -> NodeResult<'a> {
    let Some(raw) = payload_json else {
        return NodeResult {
            payload: payload.map(Cow::Borrowed),
            payload_json: None,
        };
    };
    // The literal is passed on as it is; its content becomes the payload when it is JSON.
    let Some(content) = scan::unescape(raw) else {
        return NodeResult {
            payload: Some(Cow::Borrowed(raw)),
            payload_json: None,
        };
    };
    let is_json = scan::is_value(&content) || serde_json::from_str::<IgnoredAny>(&content).is_ok();
    let payload = if is_json {
        content
    } else {
        Cow::Owned(format!(r#"{{"payloadJSON":{raw}}}"#))
    };
    NodeResult {
        payload: Some(payload),
        payload_json: Some(Cow::Borrowed(raw)),
    }
}

fn failure(error: Option<Value>) -> WireError {
    let Some(error) = error else {
        return WireError::unavailable("node invoke failed")
            .with_details(json!({ "nodeError": null }));
    };
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    let shown = text("message")
        .or(error.as_str())
        .unwrap_or("node invoke failed")
        .to_owned();
    let mut node_error = json!({});
    if let Some(code) = text("code") {
        node_error["code"] = json!(code);
    }
    if let Some(message) = text("message").or(error.as_str()) {
        node_error["message"] = json!(message);
    }
    WireError::new(code::UNAVAILABLE, shown).with_details(json!({ "nodeError": node_error }))
}

/// Tells a node that nobody waits for an invocation any more.
pub(crate) fn cancel(core: &Core, node_id: &str, invoke_id: &str) {
    core.nodes.with(node_id, |session| {
        if let Some(session) = session.filter(|session| session.conn.protocol >= 4) {
            let payload =
                json!({ "id": invoke_id, "invokeId": invoke_id, "nodeId": node_id }).to_string();
            // A node that does not read will notice by its own deadline.
            let _refused = session.conn.outbox.try_push(Bytes::from(encode_event(
                "node.invoke.cancel",
                Some(&payload),
            )));
        }
    });
}

/// An invocation by the gateway itself, on behalf of a caller that was authorised otherwise.
#[derive(Debug)]
pub(crate) struct Inner<'a> {
    /// Node.
    pub(crate) node_id: &'a str,
    /// Command.
    pub(crate) command: &'a str,
    /// Raw params.
    pub(crate) params: &'a str,
    /// Milliseconds.
    pub(crate) timeout_ms: u64,
}

/// Invokes and waits.
pub(crate) async fn invoke_inside(
    core: &Arc<Core>,
    inner: Inner<'_>,
) -> Result<NodeResult<'static>, WireError> {
    let conn = core.nodes.with(inner.node_id, |session| {
        session.map(|session| Arc::clone(&session.conn))
    });
    let conn = conn.ok_or_else(|| {
        let details =
            json!({ "nodeError": { "code": "NOT_CONNECTED", "message": "node not connected" } });
        WireError::unavailable("node not connected").with_details(details)
    })?;
    let (sender, receiver) = oneshot::channel();
    let invoke = Invoke {
        node_id: inner.node_id,
        command: inner.command,
        params: Some(inner.params),
        timeout_ms: Some(inner.timeout_ms),
        idempotency_key: None,
        caller: None,
        stream: false,
        node_streams: false,
    };
    core.invokes.start(&conn, &invoke, Waiter::Inside(sender));
    receiver
        .await
        .unwrap_or_else(|_| Err(WireError::unavailable("the gateway is stopping")))
}
