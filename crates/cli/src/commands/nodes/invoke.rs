//! `openclaw nodes invoke`, and the call that every wrapper makes.

use std::time::Duration;

use openclaw_protocol::methods::node::NodeEntry;
use serde_json::{Value, json};

use super::{act, fail, find, open, wrong};
use crate::args::{CallArgs, millis};
use crate::connect::Connection;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// What the gateway may take beyond the node's own deadline.
const MARGIN: Duration = Duration::from_secs(5);

/// Arguments of `nodes invoke`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    /// Command, such as system.which
    #[arg(long, value_name = "command")]
    command: String,
    /// Parameters as JSON
    #[arg(long, value_name = "json", default_value = "{}")]
    params: String,
    /// Deadline of the node in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "15000")]
    invoke_timeout: Duration,
    /// Key under which a repeated call is recognised
    #[arg(long, value_name = "key")]
    idempotency_key: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let params: Value = serde_json::from_str(&self.params).map_err(|error| {
            wrong("invoke", format!("--params is not JSON: {error}"))
                .hint("Fix: quote it for the shell, as in --params '{\"bins\":[\"git\"]}'")
        })?;
        let invoke = Invoke {
            name: "invoke",
            command: &self.command,
            params,
            timeout: self.invoke_timeout,
            idempotency_key: self.idempotency_key,
        };
        let (connection, node) = connect(context, &self.call, &self.node, &invoke).await?;
        let answer = invoke.call(&connection, &node).await?;
        context.ui().json(&answer)?;
        connection.close().await;
        Ok(Exit::OK)
    }
}

/// One call of a node's command.
#[derive(Debug)]
pub(super) struct Invoke<'a> {
    /// Words of the command line after `nodes`, for failures.
    pub(super) name: &'a str,
    /// Command of the node.
    pub(super) command: &'a str,
    /// Its parameters.
    pub(super) params: Value,
    /// Deadline of the node.
    pub(super) timeout: Duration,
    /// Key under which a repeated call is recognised.
    pub(super) idempotency_key: Option<String>,
}

impl Invoke<'_> {
    /// Makes the call and gives the whole answer of the gateway.
    pub(super) async fn call(
        self,
        connection: &Connection,
        node: &NodeEntry,
    ) -> Result<Value, CommandError> {
        let params = json!({
            "nodeId": node.node_id,
            "command": self.command,
            "params": self.params,
            "timeoutMs": u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            "idempotencyKey": self
                .idempotency_key
                .unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
        });
        let raw = connection
            .call_through_restarts("node.invoke", &params, connection.deadline())
            .await
            .map_err(fail(self.name))?;
        serde_json::from_str(raw.get()).map_err(CommandError::new)
    }
}

/// Connects with a deadline that leaves room for the node's, and finds the node.
pub(super) async fn connect(
    context: &Context,
    args: &CallArgs,
    node: &str,
    invoke: &Invoke<'_>,
) -> Result<(Connection, NodeEntry), CommandError> {
    let at_least = invoke.timeout + MARGIN;
    let connection = open(context, args, act(), at_least, invoke.name).await?;
    let node = find::find(&connection, node, invoke.name).await?;
    Ok((connection, node))
}

/// Connects, calls one command of one node, and gives what the node answered.
pub(super) async fn payload(
    context: &Context,
    args: &CallArgs,
    node: &str,
    invoke: Invoke<'_>,
) -> Result<Value, CommandError> {
    let (connection, node) = connect(context, args, node, &invoke).await?;
    let answer = invoke.call(&connection, &node).await?;
    connection.close().await;
    Ok(payload_of(answer))
}

/// The node's own answer inside the gateway's.
pub(super) fn payload_of(mut answer: Value) -> Value {
    if let Some(payload) = answer.get_mut("payload").map(Value::take)
        && !payload.is_null()
    {
        return payload;
    }
    answer["payloadJSON"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or(Value::Null)
}
