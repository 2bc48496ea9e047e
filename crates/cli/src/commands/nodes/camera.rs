//! `openclaw nodes camera`.

use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::invoke::{Invoke, payload};
use super::media::Media;
use crate::args::{CallArgs, millis};
use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::ui::Table;

/// Commands of `nodes camera`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// List the cameras of a node
    List(ListArgs),
    /// Take a picture
    Snap(SnapArgs),
    /// Record a clip
    Clip(ClipArgs),
}

/// Arguments of `nodes camera list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    #[command(flatten)]
    call: CallArgs,
}

/// Arguments of `nodes camera snap`.
#[derive(Debug, clap::Args)]
pub(crate) struct SnapArgs {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    /// Which camera
    #[arg(long, value_name = "facing", value_parser = ["front", "back", "both"], default_value = "both")]
    facing: String,
    /// Camera id, as `camera list` shows it
    #[arg(long, value_name = "id")]
    device_id: Option<String>,
    /// Widest picture in pixels
    #[arg(long, value_name = "px")]
    max_width: Option<u32>,
    /// Quality from 0 to 1
    #[arg(long, value_name = "0-1")]
    quality: Option<f64>,
    /// Wait before the picture, in milliseconds
    #[arg(long, value_name = "ms")]
    delay_ms: Option<u64>,
    /// Deadline of the node in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "20000")]
    invoke_timeout: Duration,
    #[command(flatten)]
    call: CallArgs,
}

/// Arguments of `nodes camera clip`.
#[derive(Debug, clap::Args)]
pub(crate) struct ClipArgs {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    /// Which camera
    #[arg(long, value_name = "facing", value_parser = ["front", "back"], default_value = "front")]
    facing: String,
    /// Camera id, as `camera list` shows it
    #[arg(long, value_name = "id")]
    device_id: Option<String>,
    /// Length in milliseconds
    #[arg(long, value_name = "ms", default_value_t = 3_000)]
    duration: u64,
    /// Without sound
    #[arg(long)]
    no_audio: bool,
    /// Deadline of the node in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "90000")]
    invoke_timeout: Duration,
    #[command(flatten)]
    call: CallArgs,
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Snap(args) => args.run(context).await,
            Self::Clip(args) => args.run(context).await,
        }
    }
}

impl ListArgs {
    async fn run(self, context: &Context) -> Outcome {
        let invoke = Invoke {
            name: "camera list",
            command: "camera.list",
            params: json!({}),
            timeout: Duration::from_secs(20),
            idempotency_key: None,
        };
        let answer = payload(context, &self.call, &self.node, invoke).await?;
        let devices = answer["devices"].as_array().cloned().unwrap_or_default();
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&devices)?;
        } else if devices.is_empty() {
            ui.line("No cameras reported.")?;
        } else {
            let mut table = Table::new(["Name", "Position", "ID"]);
            for device in &devices {
                table.row(
                    ["name", "position", "id"].map(|key| device[key].as_str().unwrap_or_default()),
                );
            }
            ui.table(&table)?;
        }
        Ok(Exit::OK)
    }
}

impl SnapArgs {
    async fn run(self, context: &Context) -> Outcome {
        let facings: Vec<&str> = match (self.facing.as_str(), &self.device_id) {
            // A chosen camera has one position.
            ("both", Some(_)) => vec!["front"],
            ("both", None) => vec!["front", "back"],
            (facing, _) => vec![facing],
        };
        let mut files = Vec::new();
        for facing in facings {
            let mut params = json!({ "facing": facing, "format": "jpg" });
            for (name, value) in [
                ("deviceId", self.device_id.as_ref().map(|id| json!(id))),
                ("maxWidth", self.max_width.map(|width| json!(width))),
                ("quality", self.quality.map(|quality| json!(quality))),
                ("delayMs", self.delay_ms.map(|delay| json!(delay))),
            ] {
                if let Some(value) = value {
                    params[name] = value;
                }
            }
            let invoke = Invoke {
                name: "camera snap",
                command: "camera.snap",
                params,
                timeout: self.invoke_timeout,
                idempotency_key: None,
            };
            let picture = payload(context, &self.call, &self.node, invoke).await?;
            let media = Media::read(&picture, "camera snap")?;
            let path = media.save(
                context,
                &format!("camera-snap-{facing}"),
                None,
                "camera snap",
            )?;
            files.push(json!({
                "facing": facing,
                "path": path,
                "width": picture["width"],
                "height": picture["height"],
            }));
        }
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({ "files": files }))?;
        } else {
            for file in &files {
                ui.line(format!("MEDIA:{}", path_of(file)))?;
            }
        }
        Ok(Exit::OK)
    }
}

impl ClipArgs {
    async fn run(self, context: &Context) -> Outcome {
        let mut params = json!({
            "facing": self.facing,
            "durationMs": self.duration,
            "includeAudio": !self.no_audio,
            "format": "mp4",
        });
        if let Some(id) = &self.device_id {
            params["deviceId"] = json!(id);
        }
        let invoke = Invoke {
            name: "camera clip",
            command: "camera.clip",
            params,
            timeout: self
                .invoke_timeout
                .max(Duration::from_millis(self.duration)),
            idempotency_key: None,
        };
        let clip = payload(context, &self.call, &self.node, invoke).await?;
        let media = Media::read(&clip, "camera clip")?;
        let name = format!("camera-clip-{}", self.facing);
        let file = json!({
            "facing": self.facing,
            "path": media.save(context, &name, None, "camera clip")?,
            "durationMs": clip["durationMs"],
            "hasAudio": clip["hasAudio"],
        });
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({ "file": file }))?;
        } else {
            ui.line(format!("MEDIA:{}", path_of(&file)))?;
        }
        Ok(Exit::OK)
    }
}

fn path_of(file: &Value) -> &str {
    file["path"].as_str().unwrap_or_default()
}
