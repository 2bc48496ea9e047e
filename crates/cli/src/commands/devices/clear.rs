//! `openclaw devices clear`: unpairs what is no longer used.

use openclaw_protocol::methods::device::{DevicePairList, PairedDevice};
use serde_json::json;

use super::label;
use crate::args::CallArgs;
use crate::books::{Books, decode};
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::format::{ago, duration_ms, now_ms, short_id};

/// Arguments of `devices clear`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Unpair devices that did not connect for this long, such as 30d
    #[arg(long, value_name = "duration", default_value = "30d")]
    unused_for: String,
    /// Really do it; without this flag the devices are only listed
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let Some(unused_for) = duration_ms(&self.unused_for) else {
            return Err(CommandError::plain(format!(
                "invalid --unused-for: {}",
                self.unused_for
            )));
        };
        let books = Books::open(context, &self.call)
            .await
            .map_err(CallFailure::into_error)?;
        let list = books.devices().await.map_err(CallFailure::into_error)?;
        let list: DevicePairList =
            decode(&list, "device.pair.list").map_err(CallFailure::into_error)?;
        let now = now_ms();
        let unused: Vec<&PairedDevice> = list
            .paired
            .iter()
            .filter(|device| device.connected != Some(true) && now - last_used(device) > unused_for)
            .collect();
        if self.yes {
            for device in &unused {
                books
                    .change(
                        "device.pair.remove",
                        &json!({ "deviceId": device.device_id }),
                    )
                    .await
                    .map_err(CallFailure::into_error)?;
            }
        }
        self.report(context, now, &unused)?;
        books.close().await;
        Ok(Exit::OK)
    }

    fn report(
        &self,
        context: &Context,
        now: i64,
        unused: &[&PairedDevice],
    ) -> Result<(), CommandError> {
        let ui = context.ui();
        if ui.is_json() {
            let ids: Vec<&str> = unused
                .iter()
                .map(|device| device.device_id.as_str())
                .collect();
            return ui.json(&json!({ "removed": self.yes, "deviceIds": ids }));
        }
        if unused.is_empty() {
            return ui.line(format!("No device unused for {}.", self.unused_for));
        }
        let verb = if self.yes { "Removed" } else { "Would remove" };
        for device in unused {
            ui.line(format!(
                "{verb} {} {} (last used {})",
                short_id(&device.device_id),
                label(device),
                ago(now, Some(last_used(device)))
            ))?;
        }
        if !self.yes {
            ui.note(format!(
                "Nothing changed. To do it: {}",
                context.command(&format!(
                    "openclaw devices clear --unused-for {} --yes",
                    self.unused_for
                ))
            ));
        }
        Ok(())
    }
}

/// When the device was last here, as far as the gateway knows.
fn last_used(device: &PairedDevice) -> i64 {
    device
        .tokens
        .iter()
        .filter_map(|token| token.last_used_at_ms)
        .chain(device.last_seen_at_ms)
        .chain([device.approved_at_ms, device.created_at_ms])
        .max()
        .unwrap_or_default()
}
