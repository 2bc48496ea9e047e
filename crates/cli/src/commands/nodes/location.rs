//! `openclaw nodes location`.

use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::invoke::{Invoke, payload};
use crate::args::{CallArgs, millis};
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Commands of `nodes location`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Ask a node where it is
    Get(GetArgs),
}

/// Arguments of `nodes location get`.
#[derive(Debug, clap::Args)]
pub(crate) struct GetArgs {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    /// Accept a position of this age in milliseconds
    #[arg(long, value_name = "ms")]
    max_age: Option<u64>,
    /// How exact
    #[arg(long, value_name = "accuracy", value_parser = ["coarse", "balanced", "precise"])]
    accuracy: Option<String>,
    /// Time to find the position in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "10000")]
    location_timeout: Duration,
    /// Deadline of the node in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "20000")]
    invoke_timeout: Duration,
    #[command(flatten)]
    call: CallArgs,
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let Self::Get(args) = self;
        let limit = args.location_timeout;
        let mut params =
            json!({ "timeoutMs": u64::try_from(limit.as_millis()).unwrap_or(u64::MAX) });
        if let Some(age) = args.max_age {
            params["maxAgeMs"] = json!(age);
        }
        if let Some(accuracy) = &args.accuracy {
            params["desiredAccuracy"] = json!(accuracy);
        }
        let invoke = Invoke {
            name: "location get",
            command: "location.get",
            params,
            timeout: args.invoke_timeout.max(limit),
            idempotency_key: None,
        };
        let position = payload(context, &args.call, &args.node, invoke).await?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&position)?;
        } else {
            ui.line(text(&position))?;
        }
        Ok(Exit::OK)
    }
}

/// `52.1,4.3 ±12m`
fn text(position: &Value) -> String {
    let number = |name: &str| position[name].as_f64();
    match (number("lat"), number("lon"), number("accuracyMeters")) {
        (Some(lat), Some(lon), Some(accuracy)) => format!("{lat},{lon} ±{}m", accuracy.round()),
        (Some(lat), Some(lon), None) => format!("{lat},{lon}"),
        _ => position.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        let position = json!({"lat": 52.1, "lon": 4.3, "accuracyMeters": 11.6});
        assert_eq!(text(&position), "52.1,4.3 ±12m");
        assert_eq!(text(&json!({"lat": 1, "lon": 2})), "1,2");
        assert_eq!(text(&json!({"x": 1})), "{\"x\":1}");
    }
}
