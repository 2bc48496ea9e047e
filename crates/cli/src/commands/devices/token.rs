//! `openclaw devices rotate` and `openclaw devices revoke`.

use openclaw_protocol::methods::device::DevicePairList;
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde_json::{Value, json};

use super::find_paired;
use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `devices rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct RotateArgs {
    /// Device id (or at least 6 characters of it) or device name
    #[arg(long, value_name = "id")]
    device: String,
    /// Role of the token: operator or node
    #[arg(long, value_name = "role")]
    role: String,
    /// Scopes of the new token; may be repeated
    #[arg(long = "scope", value_name = "scope", num_args = 1..)]
    scopes: Vec<String>,
    #[command(flatten)]
    call: CallArgs,
}

/// Arguments of `devices revoke`.
#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// Device id (or at least 6 characters of it) or device name
    #[arg(long, value_name = "id")]
    device: String,
    /// Role of the token: operator or node
    #[arg(long, value_name = "role")]
    role: String,
    #[command(flatten)]
    call: CallArgs,
}

impl RotateArgs {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let mut params = json!({ "role": self.role.trim() });
        if !self.scopes.is_empty() {
            params["scopes"] = json!(self.scopes);
        }
        // Nobody gives away what he does not have.
        let scopes = needs([Scope::Pairing, Scope::Admin]).union(ScopeSet::parse(&self.scopes));
        change(
            context,
            &self.call,
            "device.token.rotate",
            &self.device,
            params,
            scopes,
        )
        .await
    }
}

impl RevokeArgs {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let params = json!({ "role": self.role.trim() });
        let scopes = needs([Scope::Pairing, Scope::Admin]);
        change(
            context,
            &self.call,
            "device.token.revoke",
            &self.device,
            params,
            scopes,
        )
        .await
    }
}

/// Calls `method` for one device; the answer is always printed as JSON.
async fn change(
    context: &Context,
    args: &CallArgs,
    method: &str,
    device: &str,
    mut params: Value,
    scopes: ScopeSet,
) -> Outcome {
    if device.trim().is_empty() || params["role"] == "" {
        return Err(CommandError::new("--device and --role required"));
    }
    let connection = Connection::open(context, args, scopes)
        .await
        .map_err(CallFailure::into_error)?;
    let list: DevicePairList = connection
        .call("device.pair.list", &json!({}))
        .await
        .map_err(CallFailure::into_error)?;
    // An id that nobody knows is the gateway's to refuse, in its own words.
    let found = find_paired(&list, device).ok();
    let id = found
        .as_ref()
        .map_or_else(|| device.trim().to_owned(), |found| found.device_id.clone());
    params["deviceId"] = json!(id);
    let answer: Value = connection.call(method, &params).await.map_err(|failure| {
        let unknown = failure.message() == "unknown deviceId/role";
        let error = failure.into_error();
        if !unknown {
            return error;
        }
        let which = if found.is_some() {
            format!(
                "The device is known; it has no token for the role {}.",
                params["role"]
            )
        } else {
            format!("No paired device is called {}.", device.trim())
        };
        error.hint(which).hint(format!(
            "Fix: see the devices and their roles with: {}",
            context.command("openclaw devices list")
        ))
    })?;
    context.ui().json(&answer)?;
    connection.close().await;
    Ok(Exit::OK)
}
