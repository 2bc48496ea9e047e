//! `openclaw devices list`.

use openclaw_protocol::fingerprint;
use openclaw_protocol::methods::device::{DevicePairList, DeviceTokenSummary, PairedDevice};
use openclaw_protocol::pairing_code::pairing_code;
use serde_json::{Value, json};

use super::{label, short_scopes};
use crate::args::CallArgs;
use crate::books::{Books, Pending, decode};
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::format::{ago, now_ms, short_id};
use crate::ui::{Table, Ui};

/// Arguments of `devices list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let books = Books::open(context, &self.call)
            .await
            .map_err(CallFailure::into_error)?;
        let mut list = books.devices().await.map_err(CallFailure::into_error)?;
        let setups = books.setups().await;
        let ui = context.ui();
        if ui.is_json() {
            list["setups"] = json!(setups);
            add_codes(&mut list);
            ui.json(&list)?;
        } else {
            if books.is_offline() {
                ui.note("The gateway is not running; these are its stored devices.");
            }
            let list: DevicePairList =
                decode(&list, "device.pair.list").map_err(CallFailure::into_error)?;
            print(ui, context, list, &setups)?;
        }
        books.close().await;
        Ok(Exit::OK)
    }
}

/// Gateways of other releases send no code; it follows from the request id.
pub(crate) fn add_codes(list: &mut Value) {
    for entry in list["pending"].as_array_mut().into_iter().flatten() {
        if let (None, Some(id)) = (entry.get("code"), entry["requestId"].as_str()) {
            entry["code"] = json!(pairing_code(id));
        }
    }
}

fn print(
    ui: Ui,
    context: &Context,
    list: DevicePairList,
    setups: &[Value],
) -> Result<(), CommandError> {
    if list.pending.is_empty() && list.paired.is_empty() && setups.is_empty() {
        return ui.line("No device pairing entries.");
    }
    if !list.pending.is_empty() {
        let pending: Vec<Pending> = list.pending.into_iter().map(Pending::from).collect();
        ui.heading(&format!("Pending ({})", pending.len()))?;
        ui.table(&pending_table(&pending, now_ms()))?;
        ui.line(format!(
            "Compare the words with those the device shows, then: {} <code>",
            context.command("openclaw devices approve")
        ))?;
    }
    if !list.paired.is_empty() {
        ui.heading(&format!("Paired ({})", list.paired.len()))?;
        ui.table(&paired_table(&list.paired))?;
    }
    if !setups.is_empty() {
        ui.heading(&format!("Setup codes ({})", setups.len()))?;
        ui.table(&setup_table(setups, now_ms()))?;
    }
    Ok(())
}

/// The waiting requests as a table.
pub(crate) fn pending_table(pending: &[Pending], now: i64) -> Table {
    let mut table = Table::new([
        "Code", "Device", "Words", "Role", "Scopes", "IP", "Age", "Flags", "Request",
    ]);
    for request in pending {
        table.row([
            request.code(),
            request
                .name
                .clone()
                .unwrap_or_else(|| short_id(&request.id)),
            words(&request.id),
            request.role.clone(),
            short_scopes(&request.scopes),
            request.remote_ip.clone().unwrap_or_default(),
            ago(now, Some(request.ts)),
            if request.is_repair {
                "repair".to_owned()
            } else {
                String::new()
            },
            short_id(&request.request_id),
        ]);
    }
    table
}

fn paired_table(paired: &[PairedDevice]) -> Table {
    let mut table = Table::new(["Device", "ID", "Words", "Roles", "Scopes", "Tokens", "IP"]);
    for device in paired {
        let name = match label(device) {
            id if id == device.device_id => String::new(),
            name => name.to_owned(),
        };
        table.row([
            name,
            short_id(&device.device_id),
            words(&device.device_id),
            device.roles.join(", "),
            short_scopes(&device.scopes),
            tokens(&device.tokens),
            device.remote_ip.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// The codes that wait to be used.
pub(crate) fn setup_table(setups: &[Value], now: i64) -> Table {
    let mut table = Table::new(["ID", "For", "Address", "Made by", "Ends in"]);
    for setup in setups {
        let text = |name: &str| setup[name].as_str().unwrap_or_default().to_owned();
        let left = (setup["expiresAtMs"].as_i64().unwrap_or(now) - now).max(0) / 1000;
        let kind = if setup["joinLink"] == true {
            format!("{} (join link)", text("access"))
        } else {
            text("access")
        };
        table.row([
            short_id(&text("setupId")),
            kind,
            text("url"),
            short_id(&text("mintedBy")),
            format!("{left}s"),
        ]);
    }
    table
}

/// The six words in two lines, as they are compared.
fn words(device_id: &str) -> String {
    fingerprint::fingerprint_lines(device_id)
        .map(|lines| lines.join("\n"))
        .unwrap_or_default()
}

fn tokens(tokens: &[DeviceTokenSummary]) -> String {
    if tokens.is_empty() {
        return "none".to_owned();
    }
    tokens
        .iter()
        .map(|token| match token.revoked_at_ms {
            Some(_) => format!("{} (revoked)", token.role),
            None => token.role.clone(),
        })
        .collect::<Vec<_>>()
        .join(", ")
}
