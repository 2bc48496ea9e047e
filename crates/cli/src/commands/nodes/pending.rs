//! `openclaw nodes pending`.

use openclaw_protocol::pairing_code::pairing_code;
use serde_json::{Value, json};

use super::{fail, failed};
use crate::args::CallArgs;
use crate::books::{Books, Pending, pending_nodes};
use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::ui::Table;
use crate::ui::format::{ago, now_ms, short_id};

/// Arguments of `nodes pending`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let books = Books::open(context, &self.call)
            .await
            .map_err(|failure| failure.prefixed(&failed("pending")))?;
        let mut list = books.nodes().await.map_err(fail("pending"))?;
        books.close().await;
        add_codes(&mut list);
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&list["pending"])?;
            return Ok(Exit::OK);
        }
        let pending = pending_nodes(&list).map_err(fail("pending"))?;
        if pending.is_empty() {
            ui.line("No pending pairing requests.")?;
        } else {
            ui.table(&table(&pending, now_ms()))?;
            ui.line(format!(
                "Approve with: {} <code>",
                context.command("openclaw nodes approve")
            ))?;
        }
        Ok(Exit::OK)
    }
}

/// Gateways of other releases send no code; it follows from the request id.
pub(super) fn add_codes(list: &mut Value) {
    for entry in list["pending"].as_array_mut().into_iter().flatten() {
        if let (None, Some(id)) = (entry.get("code"), entry["requestId"].as_str()) {
            entry["code"] = json!(pairing_code(id));
        }
    }
}

/// Waiting nodes as a table.
pub(super) fn table(pending: &[Pending], now: i64) -> Table {
    let mut table = Table::new(["Code", "Node", "ID", "IP", "Requested", "Repair", "Request"]);
    for request in pending {
        table.row([
            request.code(),
            request.name.clone().unwrap_or_default(),
            short_id(&request.id),
            request.remote_ip.clone().unwrap_or_default(),
            ago(now, Some(request.ts)),
            if request.is_repair {
                "yes".to_owned()
            } else {
                String::new()
            },
            short_id(&request.request_id),
        ]);
    }
    table
}
