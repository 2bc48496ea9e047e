//! `openclaw nodes screen`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::invoke::{Invoke, payload};
use super::media::Media;
use crate::args::{CallArgs, millis};
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Commands of `nodes screen`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Record the screen of a node
    Record(RecordArgs),
}

/// Arguments of `nodes screen record`.
#[derive(Debug, clap::Args)]
pub(crate) struct RecordArgs {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    /// Number of the screen, from 0
    #[arg(long, value_name = "index", default_value_t = 0)]
    screen: u32,
    /// Length in milliseconds
    #[arg(long, value_name = "ms", default_value_t = 10_000)]
    duration: u64,
    /// Pictures per second
    #[arg(long, value_name = "fps", default_value_t = 10)]
    fps: u32,
    /// Without sound
    #[arg(long)]
    no_audio: bool,
    /// File to write
    #[arg(long, value_name = "path")]
    out: Option<PathBuf>,
    /// Deadline of the node in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "120000")]
    invoke_timeout: Duration,
    #[command(flatten)]
    call: CallArgs,
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let Self::Record(args) = self;
        let invoke = Invoke {
            name: "screen record",
            command: "screen.record",
            params: json!({
                "screenIndex": args.screen,
                "durationMs": args.duration,
                "fps": args.fps,
                "includeAudio": !args.no_audio,
                "format": "mp4",
            }),
            timeout: args
                .invoke_timeout
                .max(Duration::from_millis(args.duration)),
            idempotency_key: None,
        };
        let recording = payload(context, &args.call, &args.node, invoke).await?;
        let media = Media::read(&recording, "screen record")?;
        let path = media.save(
            context,
            "screen-record",
            args.out.as_deref(),
            "screen record",
        )?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({ "file": {
                "path": path,
                "durationMs": recording["durationMs"],
                "fps": recording["fps"],
                "screenIndex": recording["screenIndex"],
                "hasAudio": recording["hasAudio"],
            }}))?;
        } else {
            ui.line(format!("MEDIA:{}", path.display()))?;
        }
        Ok(Exit::OK)
    }
}
