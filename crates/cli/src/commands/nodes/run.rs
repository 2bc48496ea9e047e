//! `openclaw nodes run`: one program on one node, with its output and exit code.
//!
//! The node decides what may run. When it asks for approval, the wait does not count against the
//! time limits of the line.

mod approval;
mod limits;
mod result;

use std::time::Duration;

use openclaw_config::schema::{ExecAsk, ExecSecurity};
use openclaw_protocol::methods::node::NodeEntry;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use super::{failed, find, open, wrong};
use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, Deadline, needs};
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use approval::{Grant, Question};
use limits::Limits;

/// What a node answers when its policy wants a person to agree.
const APPROVAL_REQUIRED: &str = "SYSTEM_RUN_DENIED: approval required";
/// What a node answers when it runs nothing at all.
const DISABLED: &str = "SYSTEM_RUN_DISABLED: security=deny";

/// Arguments of `nodes run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Program and its arguments; put -- before them when they begin with a dash
    #[arg(value_name = "command")]
    command: Vec<String>,
    /// Node id (or at least 6 characters of it), name or address [default: tools.exec.node]
    #[arg(long, value_name = "idOrNameOrIp")]
    node: Option<String>,
    /// Working directory on the node
    #[arg(long, value_name = "path")]
    cwd: Option<String>,
    /// Variable for the program; may be repeated
    #[arg(long, value_name = "K=V")]
    env: Vec<String>,
    /// A line for the shell of the node, in place of program and arguments
    #[arg(long, value_name = "line")]
    raw: Option<String>,
    /// Agent whose approvals apply
    #[arg(long, value_name = "id")]
    agent: Option<String>,
    /// Ask before running: off, on-miss or always; can only make it stricter
    #[arg(long, value_name = "mode")]
    ask: Option<String>,
    /// What may run: deny, allowlist or full; can only make it stricter
    #[arg(long, value_name = "mode")]
    security: Option<String>,
    /// Time limit of the program in milliseconds, 0 for none
    #[arg(long, value_name = "ms")]
    command_timeout: Option<u64>,
    /// Refuse unless the node may record its screen
    #[arg(long)]
    needs_screen_recording: bool,
    /// Time limit of the call in milliseconds, 0 for none; a longer --command-timeout extends it
    #[arg(long, value_name = "ms", default_value_t = 30_000)]
    invoke_timeout: u64,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let policy = self.policy(context)?;
        if policy.security == ExecSecurity::Deny {
            return Err(wrong("run", "exec denied: host=node security=deny"));
        }
        let query = self.node(context)?;
        if self.raw.is_some() && !self.command.is_empty() {
            return Err(wrong("run", "use --raw or argv, not both"));
        }
        if self
            .raw
            .as_deref()
            .is_none_or(|line| line.trim().is_empty())
            && self.command.is_empty()
        {
            return Err(wrong("run", "command required"));
        }
        let limits = Limits::resolve(self.command_timeout, self.invoke_timeout, self.call.timeout);
        // An approved run is sent by somebody who may approve.
        let scopes = needs([Scope::Read, Scope::Write, Scope::Approvals]);
        let connection = open(context, &self.call, scopes, Duration::ZERO, "run").await?;
        let node = find::find(&connection, &query, "run").await?;
        let params = self.params(&node, limits)?;
        let question = Question {
            context,
            call: &self.call,
            node: &node,
            command: self.shown(),
            params: &params,
            policy,
        };
        let answer = if policy.asks_first {
            let grant = approval::ask(&question).await?;
            invoke(&connection, &node, &approve(&params, grant), limits).await
        } else {
            match invoke(&connection, &node, &params, limits).await {
                Err(failure) if failure.message() == APPROVAL_REQUIRED => {
                    let grant = approval::ask(&question).await?;
                    invoke(&connection, &node, &approve(&params, grant), limits).await
                }
                answer => answer,
            }
        };
        let answer = answer.map_err(explain)?;
        connection.close().await;
        result::report(context.ui(), &answer)
    }

    fn node(&self, context: &Context) -> Result<String, CommandError> {
        let configured = || {
            context
                .settings()
                .map(|settings| settings.tools.exec.node.clone())
        };
        let node = match &self.node {
            Some(node) => Some(node.clone()),
            None => configured()?,
        };
        node.filter(|node| !node.trim().is_empty())
            .ok_or_else(|| wrong("run", "node required (set --node or tools.exec.node)"))
    }

    /// The stricter of config and flags.
    fn policy(&self, context: &Context) -> Result<Policy, CommandError> {
        let exec = &context.settings()?.tools.exec;
        let ask = match &self.ask {
            None => None,
            Some(text) => Some(
                ExecAsk::parse(text)
                    .ok_or_else(|| wrong("run", "invalid --ask (use off|on-miss|always)"))?,
            ),
        };
        let security = match &self.security {
            None => None,
            Some(text) => Some(
                ExecSecurity::parse(text)
                    .ok_or_else(|| wrong("run", "invalid --security (use deny|allowlist|full)"))?,
            ),
        };
        Ok(Policy::stricter(exec.security, exec.ask, security, ask))
    }

    /// Parameters of `system.run`, before any approval.
    fn params(&self, node: &NodeEntry, limits: Limits) -> Result<Value, CommandError> {
        let argv = match &self.raw {
            None => self.command.clone(),
            Some(line) if is_windows(node) => shell(&["cmd.exe", "/d", "/s", "/c"], line),
            Some(line) => shell(&["/bin/sh", "-lc"], line),
        };
        let mut params = json!({ "command": argv });
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                params[name] = value;
            }
        };
        set("rawCommand", self.raw.as_ref().map(|line| json!(line)));
        set("cwd", self.cwd.as_ref().map(|path| json!(path)));
        set("agentId", self.agent.as_ref().map(|agent| json!(agent)));
        set("timeoutMs", limits.command.map(|ms| json!(ms)));
        set(
            "needsScreenRecording",
            self.needs_screen_recording.then_some(json!(true)),
        );
        if !self.env.is_empty() {
            let mut env = serde_json::Map::new();
            for pair in &self.env {
                let Some((name, value)) = pair.split_once('=').filter(|(name, _)| !name.is_empty())
                else {
                    return Err(wrong(
                        "run",
                        format!("invalid --env: {pair} (use NAME=value)"),
                    ));
                };
                env.insert(name.to_owned(), json!(value));
            }
            params["env"] = Value::Object(env);
        }
        Ok(params)
    }

    /// The command as an approver sees it.
    fn shown(&self) -> String {
        match &self.raw {
            Some(line) => line.clone(),
            None => self
                .command
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

fn is_windows(node: &NodeEntry) -> bool {
    node.platform
        .as_deref()
        .is_some_and(|platform| platform.to_ascii_lowercase().starts_with("win"))
}

fn shell(start: &[&str], line: &str) -> Vec<String> {
    start
        .iter()
        .copied()
        .chain([line])
        .map(str::to_owned)
        .collect()
}

/// A word as a shell would need it, so that an approver sees where words end.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What config and flags say about running commands on nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    security: ExecSecurity,
    ask: ExecAsk,
    /// Whether a person is asked before the node is.
    asks_first: bool,
}

impl Policy {
    /// Flags can only tighten what the config says.
    fn stricter(
        config_security: Option<ExecSecurity>,
        config_ask: Option<ExecAsk>,
        security: Option<ExecSecurity>,
        ask: Option<ExecAsk>,
    ) -> Self {
        let security_rank = |security: &ExecSecurity| match security {
            ExecSecurity::Deny => 0,
            ExecSecurity::Allowlist => 1,
            ExecSecurity::Full => 2,
        };
        let ask_rank = |ask: &ExecAsk| match ask {
            ExecAsk::Off => 0,
            ExecAsk::OnMiss => 1,
            ExecAsk::Always => 2,
        };
        let base_security = config_security.unwrap_or(ExecSecurity::Allowlist);
        let base_ask = config_ask.unwrap_or(ExecAsk::OnMiss);
        let effective = security
            .into_iter()
            .chain([base_security])
            .min_by_key(security_rank)
            .unwrap_or(base_security);
        let asks = ask
            .into_iter()
            .chain([base_ask])
            .max_by_key(ask_rank)
            .unwrap_or(base_ask);
        Self {
            security: effective,
            ask: asks,
            asks_first: asks == ExecAsk::Always || ask == Some(ExecAsk::OnMiss),
        }
    }
}

fn approve(params: &Value, grant: Grant) -> Value {
    let mut params = params.clone();
    match grant {
        Grant::Decided(decision) => {
            params["approved"] = json!(true);
            params["approvalDecision"] = json!(decision.name());
        }
        Grant::NodeDecides => {}
    }
    params
}

async fn invoke(
    connection: &Connection,
    node: &NodeEntry,
    run: &Value,
    limits: Limits,
) -> Result<Value, CallFailure> {
    let params = json!({
        "nodeId": node.node_id,
        "command": "system.run",
        "params": run,
        "timeoutMs": limits.invoke_ms(),
        "idempotencyKey": uuid::Uuid::new_v4().to_string(),
    });
    let raw = connection
        .call_through_restarts("node.invoke", &params, Deadline::after(limits.call))
        .await?;
    serde_json::from_str(raw.get()).map_err(|error| CallFailure::command(CommandError::new(error)))
}

fn explain(failure: CallFailure) -> CommandError {
    match failure.message() {
        DISABLED => wrong("run", "exec denied: host=node security=deny")
            .hint("Fix: on the node, allow programs with: openclaw approvals allowlist add <path>"),
        APPROVAL_REQUIRED => wrong("run", "exec denied: approval required"),
        _ => failure.prefixed(&failed("run")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_only_tighten() {
        use ExecAsk::{Always, Off, OnMiss};
        use ExecSecurity::{Allowlist, Deny, Full};
        for (config, flags, expected) in [
            ((None, None), (None, None), (Allowlist, OnMiss, false)),
            ((Some(Full), Some(Off)), (None, None), (Full, Off, false)),
            (
                (Some(Full), Some(Off)),
                (Some(Allowlist), Some(Always)),
                (Allowlist, Always, true),
            ),
            (
                (None, None),
                (Some(Full), Some(Off)),
                (Allowlist, OnMiss, false),
            ),
            (
                (None, None),
                (None, Some(OnMiss)),
                (Allowlist, OnMiss, true),
            ),
            (
                (Some(Deny), None),
                (Some(Full), None),
                (Deny, OnMiss, false),
            ),
            (
                (None, Some(Always)),
                (None, Some(Off)),
                (Allowlist, Always, true),
            ),
        ] {
            let policy = Policy::stricter(config.0, config.1, flags.0, flags.1);
            assert_eq!(
                (policy.security, policy.ask, policy.asks_first),
                expected,
                "{config:?} {flags:?}"
            );
        }
    }

    #[test]
    fn words_keep_their_borders() {
        for (word, shown) in [
            ("uname", "uname"),
            ("-a", "-a"),
            ("a b", "'a b'"),
            ("", "''"),
            ("it's", "'it'\\''s'"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }
}
