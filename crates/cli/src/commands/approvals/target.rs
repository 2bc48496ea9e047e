//! Where exec-approval rules live: here, on the gateway host, or on a node.

use openclaw_config::exec_approvals::{ApprovalsStore, ExecApprovalsFile, parse_lenient};
use openclaw_protocol::methods::node::NodeEntry;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::commands::nodes;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::CommandError;

/// Whose rules.
#[derive(Debug, clap::Args)]
pub(super) struct TargetArgs {
    /// The gateway host
    #[arg(long, conflicts_with = "node")]
    gateway: bool,
    /// A node: id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

/// Opened rules.
#[derive(Debug)]
pub(super) enum Target {
    /// This machine.
    Local(ApprovalsStore),
    /// The gateway host.
    Gateway(Connection),
    /// A node.
    Node(Connection, Box<NodeEntry>),
}

/// Rules as they were at one moment.
#[derive(Debug)]
pub(super) struct Rules {
    /// `{path, exists, hash, file}`, without the socket's token.
    pub(super) shown: Value,
    /// The rules in normal form.
    pub(super) file: ExecApprovalsFile,
}

impl Rules {
    fn read(shown: Value) -> Result<Self, CommandError> {
        let (file, issues) = parse_lenient(&shown["file"]);
        let file = match file {
            Some(file) => file,
            None if shown["file"].is_null() => ExecApprovalsFile::default(),
            None => {
                let issue = issues.first().map_or_else(String::new, ToString::to_string);
                return Err(CommandError::plain(format!(
                    "Exec approvals file unusable: {issue}"
                )));
            }
        };
        Ok(Self { shown, file })
    }

    /// The hash to hand back with a change.
    pub(super) fn hash(&self) -> Result<&str, CommandError> {
        self.shown["hash"]
            .as_str()
            .filter(|hash| !hash.is_empty())
            .ok_or_else(|| CommandError::plain("Exec approvals hash missing; reload and retry."))
    }
}

/// A failure as `approvals` prints it: the first line of the message alone.
pub(super) fn short(failure: CallFailure) -> CommandError {
    if failure.message().is_empty() {
        return failure.into_error();
    }
    let line = failure
        .message()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    CommandError::plain(line).hints(failure.advice().iter().cloned())
}

impl TargetArgs {
    /// Opens the rules that the line names.
    pub(super) async fn open(&self, context: &Context) -> Result<Target, CommandError> {
        if !self.gateway && self.node.is_none() {
            let store = ApprovalsStore::new(&context.paths().exec_approvals_file);
            return Ok(Target::Local(store));
        }
        let scopes = needs([Scope::Admin, Scope::Read]);
        let connection = Connection::open(context, &self.call, scopes)
            .await
            .map_err(short)?;
        match &self.node {
            None => Ok(Target::Gateway(connection)),
            Some(query) => {
                let node = nodes::find_for_approvals(&connection, query).await?;
                Ok(Target::Node(connection, Box::new(node)))
            }
        }
    }
}

impl Target {
    /// How the target is called in tables.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Local(_) => "local".to_owned(),
            Self::Gateway(_) => "gateway".to_owned(),
            Self::Node(_, node) => format!("node:{}", node.node_id),
        }
    }

    /// Whether it is this machine.
    pub(super) const fn is_local(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// Reads the rules.
    pub(super) async fn get(&self) -> Result<Rules, CommandError> {
        let shown = match self {
            Self::Local(store) => {
                let snapshot = store
                    .ensure()
                    .map_err(|error| CommandError::plain(error.to_string()))?;
                serde_json::from_str(&snapshot.to_json()).map_err(CommandError::new)?
            }
            Self::Gateway(connection) => connection
                .call("exec.approvals.get", &json!({}))
                .await
                .map_err(short)?,
            Self::Node(connection, node) => {
                let params = json!({ "nodeId": node.node_id });
                connection
                    .call("exec.approvals.node.get", &params)
                    .await
                    .map_err(short)?
            }
        };
        Rules::read(shown)
    }

    /// Replaces the rules, unless somebody else did since they were read.
    pub(super) async fn set(
        &self,
        file: ExecApprovalsFile,
        base_hash: &str,
    ) -> Result<Rules, CommandError> {
        let params = json!({ "file": file, "baseHash": base_hash });
        let shown: Value = match self {
            Self::Local(store) => {
                let snapshot = store
                    .replace(file, Some(base_hash))
                    .map_err(|error| CommandError::plain(error.to_string()))?;
                serde_json::from_str(&snapshot.to_json()).map_err(CommandError::new)?
            }
            Self::Gateway(connection) => connection
                .call("exec.approvals.set", &params)
                .await
                .map_err(short)?,
            Self::Node(connection, node) => {
                let mut params = params;
                params["nodeId"] = json!(node.node_id);
                connection
                    .call("exec.approvals.node.set", &params)
                    .await
                    .map_err(short)?
            }
        };
        // A gateway of 2026.1.30 drops what some nodes answer.
        if shown.get("file").is_none() {
            return self.get().await;
        }
        Rules::read(shown)
    }
}
