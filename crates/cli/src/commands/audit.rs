//! `openclaw audit`: the access log that cannot be changed without a trace.

use clap::Subcommand;
use jiff::Timestamp;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::{CallArgs, whole};
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Table;
use crate::ui::format::{duration_ms, now_ms, short_id};

/// Commands of `audit`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// List who connected, was refused, paired, approved or ran what
    List(ListArgs),
    /// Check that no line was changed, removed or added
    Verify(VerifyArgs),
}

/// Arguments of `audit list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Most lines to show; the newest win
    #[arg(long, value_name = "n", default_value_t = 50, value_parser = whole(1_u32..=5000))]
    limit: u32,
    /// Only this kind, such as connect or exec
    #[arg(long, value_name = "kind")]
    kind: Option<String>,
    /// Only what this device or client did
    #[arg(long, value_name = "actor")]
    actor: Option<String>,
    /// Only what happened to this device or node
    #[arg(long, value_name = "subject")]
    subject: Option<String>,
    /// Only the last while, such as 24h
    #[arg(long, value_name = "duration")]
    since: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

/// Arguments of `audit verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    call: CallArgs,
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Verify(args) => args.run(context).await,
        }
    }
}

impl ListArgs {
    async fn run(self, context: &Context) -> Outcome {
        let mut params = json!({ "limit": self.limit });
        for (name, value) in [
            ("kind", &self.kind),
            ("actor", &self.actor),
            ("subject", &self.subject),
        ] {
            if let Some(value) = value {
                params[name] = json!(value);
            }
        }
        if let Some(text) = &self.since {
            let Some(duration) = duration_ms(text) else {
                return Err(
                    CommandError::plain(format!("invalid --since: {text}")).hint(
                        "Fix: give a number and ms, s, m, h or d, such as --since 30m or --since 7d",
                    ),
                );
            };
            params["sinceMs"] = json!(now_ms() - duration);
        }
        let answer = call(context, &self.call, "audit.list", &params).await?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
            return Ok(Exit::OK);
        }
        let entries = answer["entries"].as_array().map_or(&[][..], Vec::as_slice);
        if entries.is_empty() {
            ui.line("No audit lines.")?;
            return Ok(Exit::OK);
        }
        ui.table(&table(entries))?;
        Ok(Exit::OK)
    }
}

impl VerifyArgs {
    async fn run(self, context: &Context) -> Outcome {
        let answer = call(context, &self.call, "audit.verify", &json!({})).await?;
        let ui = context.ui();
        let intact = answer["ok"] == true;
        if ui.is_json() {
            ui.json(&answer)?;
        } else if intact {
            ui.line(format!("Audit log intact: {} lines", answer["lines"]))?;
        } else {
            ui.line(format!(
                "Audit log broken at line {}: {}",
                answer["fault"]["seq"],
                answer["fault"]["reason"].as_str().unwrap_or("unknown")
            ))?;
            ui.note(
                "Lines before it can be trusted; compare with a backup of the state directory.",
            );
        }
        Ok(if intact { Exit::OK } else { Exit::FAILED })
    }
}

async fn call(
    context: &Context,
    args: &CallArgs,
    method: &str,
    params: &Value,
) -> Result<Value, CommandError> {
    let connection = Connection::open(context, args, needs([Scope::Admin]))
        .await
        .map_err(CallFailure::into_error)?;
    let answer = connection
        .call(method, params)
        .await
        .map_err(CallFailure::into_error)?;
    connection.close().await;
    Ok(answer)
}

fn table(entries: &[Value]) -> Table {
    let mut table = Table::new(["Line", "Time", "Kind", "Who", "From", "What", "Details"]);
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    for entry in entries {
        table.row([
            entry["seq"].to_string(),
            time(entry),
            text(entry, "kind"),
            shorten(&text(entry, "actor")),
            text(entry, "remoteIp"),
            shorten(&text(entry, "subject")),
            details(&entry["details"]),
        ]);
    }
    table
}

fn time(entry: &Value) -> String {
    entry["ts"]
        .as_i64()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map(|time| format!("{time:.0}"))
        .unwrap_or_default()
}

/// Device ids are long and say nothing at their end.
fn shorten(id: &str) -> String {
    id.split(' ')
        .map(|word| {
            let is_id = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_id {
                short_id(word)
            } else {
                word.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn details(details: &Value) -> String {
    let Some(object) = details.as_object() else {
        return String::new();
    };
    object
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name}={}", shorten(text)),
            None if value.is_array() => format!("{name}={}", words(value)),
            None => format!("{name}={value}"),
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// A list as words that a table can break.
fn words(list: &Value) -> String {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|entry| match entry.as_str() {
            Some(text) => text.strip_prefix("operator.").unwrap_or(text).to_owned(),
            None => entry.to_string(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}
