//! `openclaw pairing list`.

use serde_json::{Value, json};

use super::no_channels;
use crate::args::CallArgs;
use crate::books::{Books, Pending};
use crate::commands::devices::setup_table;
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::ui::Table;
use crate::ui::format::{ago, now_ms, short_id};

/// Arguments of `pairing list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Chat channel
    #[arg(value_name = "channel", hide = true)]
    channel: Option<String>,
    /// Chat channel
    #[arg(long = "channel", value_name = "channel", hide = true)]
    channel_flag: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        if let Some(channel) = self.channel.or(self.channel_flag) {
            return Err(no_channels(&channel));
        }
        let books = Books::open(context, &self.call)
            .await
            .map_err(CallFailure::into_error)?;
        let pending = books.pending().await.map_err(CallFailure::into_error)?;
        let setups = books.setups().await;
        let ui = context.ui();
        if ui.is_json() {
            let requests: Vec<Value> = pending.iter().map(to_json).collect();
            ui.json(&json!({ "requests": requests, "setups": setups }))?;
        } else if pending.is_empty() {
            ui.line("No pending pairing requests.")?;
        } else {
            ui.heading(&format!("Pairing requests ({})", pending.len()))?;
            ui.table(&table(&pending, now_ms()))?;
            ui.line(format!(
                "Approve with: {} <code>",
                context.command("openclaw pairing approve")
            ))?;
        }
        if !ui.is_json() && !setups.is_empty() {
            ui.heading(&format!("Setup codes ({})", setups.len()))?;
            ui.table(&setup_table(&setups, now_ms()))?;
        }
        books.close().await;
        Ok(Exit::OK)
    }
}

fn table(pending: &[Pending], now: i64) -> Table {
    let mut table = Table::new(["Code", "Kind", "Name", "ID", "Role", "IP", "Requested"]);
    for request in pending {
        table.row([
            request.code(),
            request.kind.name().to_owned(),
            request.name.clone().unwrap_or_default(),
            short_id(&request.id),
            request.role.clone(),
            request.remote_ip.clone().unwrap_or_default(),
            ago(now, Some(request.ts)),
        ]);
    }
    table
}

fn to_json(request: &Pending) -> Value {
    json!({
        "kind": request.kind.name(),
        "code": request.code(),
        "requestId": request.request_id,
        "id": request.id,
        "displayName": request.name,
        "role": request.role,
        "remoteIp": request.remote_ip,
        "ts": request.ts,
    })
}
