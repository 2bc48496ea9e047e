//! `openclaw devices join-code`.

use serde_json::json;

use crate::args::CallArgs;
use crate::commands::qr::mint;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `devices join-code`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// For another command line of yours instead of a node
    #[arg(long)]
    operator: bool,
    /// Address that goes into the link instead of what the gateway finds out
    #[arg(long, value_name = "url")]
    public_url: Option<String>,
    /// Make a link even if nobody else could reach the gateway with it
    #[arg(long)]
    force: bool,
    /// How long it works, in seconds, at most an hour [default: 600]
    #[arg(long, value_name = "seconds")]
    ttl: Option<u32>,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let profile = if self.operator { "operator" } else { "node" };
        let mut params =
            json!({ "bootstrapProfile": profile, "includeQr": false, "joinUrl": true });
        if let Some(url) = &self.public_url {
            params["publicUrl"] = json!(url);
        }
        if self.force {
            params["force"] = json!(true);
        }
        if let Some(seconds) = self.ttl {
            params["ttlMs"] = json!(i64::from(seconds) * 1000);
        }
        let answer = mint(context, &self.call, &params).await?;
        let link = answer["joinUrl"]
            .as_str()
            .ok_or_else(|| CommandError::new("the gateway made no join link"))?;
        let command = format!("openclaw connect {link}");
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({
                "joinUrl": link,
                "command": command,
                "npxCommand": format!("npx {command}"),
                "setupId": answer["setupId"],
                "expiresAtMs": answer["expiresAtMs"],
            }))?;
            return Ok(Exit::OK);
        }
        ui.line(format!("Join link: {link}"))?;
        ui.line("On the machine that is to join, run:")?;
        ui.line(&command)?;
        ui.line(format!("or, where only Node.js is there: npx {command}"))?;
        if link.starts_with("http://") && answer["urlSource"] != "loopback" {
            ui.note("This link goes over plain HTTP; other releases only take https links. Fix: openclaw config set gateway.tls.enabled true");
        }
        Ok(Exit::OK)
    }
}
