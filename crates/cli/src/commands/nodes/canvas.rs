//! `openclaw nodes canvas`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::invoke::{Invoke, payload};
use super::media::Media;
use super::wrong;
use crate::args::{CallArgs, millis};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Commands of `nodes canvas`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Take a picture of the canvas
    Snapshot(SnapshotArgs),
    /// Show the canvas
    Present(PresentArgs),
    /// Hide the canvas
    Hide(NodeArgs),
    /// Open a URL in the canvas
    Navigate(NavigateArgs),
    /// Run JavaScript in the canvas
    Eval(EvalArgs),
    /// A2UI content
    #[command(subcommand)]
    A2ui(A2uiCommand),
}

/// Commands of `nodes canvas a2ui`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum A2uiCommand {
    /// Send A2UI messages, one JSON object per line
    Push(PushArgs),
    /// Clear the A2UI content
    Reset(NodeArgs),
}

/// Which node, and how long it may take.
#[derive(Debug, clap::Args)]
pub(crate) struct NodeArgs {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    /// Deadline of the node in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "20000")]
    invoke_timeout: Duration,
    #[command(flatten)]
    call: CallArgs,
}

/// Arguments of `nodes canvas snapshot`.
#[derive(Debug, clap::Args)]
pub(crate) struct SnapshotArgs {
    /// Form of the picture
    #[arg(long, value_name = "format", value_parser = ["png", "jpg"], default_value = "jpg")]
    format: String,
    /// Widest picture in pixels
    #[arg(long, value_name = "px")]
    max_width: Option<u32>,
    /// Quality from 0 to 1
    #[arg(long, value_name = "0-1")]
    quality: Option<f64>,
    #[command(flatten)]
    node: NodeArgs,
}

/// Arguments of `nodes canvas present`.
#[derive(Debug, clap::Args)]
pub(crate) struct PresentArgs {
    /// URL or path to show
    #[arg(long, value_name = "url")]
    target: Option<String>,
    /// Left edge
    #[arg(long, value_name = "px", allow_negative_numbers = true)]
    x: Option<f64>,
    /// Top edge
    #[arg(long, value_name = "px", allow_negative_numbers = true)]
    y: Option<f64>,
    /// Width
    #[arg(long, value_name = "px")]
    width: Option<f64>,
    /// Height
    #[arg(long, value_name = "px")]
    height: Option<f64>,
    #[command(flatten)]
    node: NodeArgs,
}

/// Arguments of `nodes canvas navigate`.
#[derive(Debug, clap::Args)]
pub(crate) struct NavigateArgs {
    /// URL or path to open
    #[arg(value_name = "page")]
    page: String,
    #[command(flatten)]
    node: NodeArgs,
}

/// Arguments of `nodes canvas eval`.
#[derive(Debug, clap::Args)]
pub(crate) struct EvalArgs {
    /// The JavaScript
    #[arg(value_name = "js")]
    js: Option<String>,
    /// The JavaScript
    #[arg(long = "js", value_name = "js", conflicts_with = "js")]
    js_flag: Option<String>,
    #[command(flatten)]
    node: NodeArgs,
}

/// Arguments of `nodes canvas a2ui push`.
#[derive(Debug, clap::Args)]
pub(crate) struct PushArgs {
    /// File with one JSON object per line
    #[arg(long, value_name = "path")]
    jsonl: PathBuf,
    #[command(flatten)]
    node: NodeArgs,
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Snapshot(args) => args.run(context).await,
            Self::Present(args) => args.run(context).await,
            Self::Hide(args) => {
                args.simple(
                    context,
                    "canvas hide",
                    "canvas.hide",
                    json!({}),
                    "canvas hide ok",
                )
                .await
            }
            Self::Navigate(args) => {
                let params = json!({ "url": args.page });
                args.node
                    .simple(
                        context,
                        "canvas navigate",
                        "canvas.navigate",
                        params,
                        "canvas navigate ok",
                    )
                    .await
            }
            Self::Eval(args) => args.run(context).await,
            Self::A2ui(A2uiCommand::Push(args)) => args.run(context).await,
            Self::A2ui(A2uiCommand::Reset(args)) => {
                args.simple(
                    context,
                    "canvas a2ui reset",
                    "canvas.a2ui.reset",
                    json!({}),
                    "canvas a2ui reset ok",
                )
                .await
            }
        }
    }
}

impl NodeArgs {
    async fn payload(
        &self,
        context: &Context,
        name: &str,
        command: &str,
        params: Value,
    ) -> Result<Value, CommandError> {
        let invoke = Invoke {
            name,
            command,
            params,
            timeout: self.invoke_timeout,
            idempotency_key: None,
        };
        payload(context, &self.call, &self.node, invoke).await
    }

    /// A command whose answer says nothing more than that it worked.
    async fn simple(
        &self,
        context: &Context,
        name: &str,
        command: &str,
        params: Value,
        done: &str,
    ) -> Outcome {
        let answer = self.payload(context, name, command, params).await?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            ui.line(done)?;
        }
        Ok(Exit::OK)
    }
}

impl SnapshotArgs {
    async fn run(self, context: &Context) -> Outcome {
        const NAME: &str = "canvas snapshot";
        let format = if self.format == "jpg" { "jpeg" } else { "png" };
        let mut params = json!({ "format": format });
        if let Some(width) = self.max_width {
            params["maxWidth"] = json!(width);
        }
        if let Some(quality) = self.quality {
            params["quality"] = json!(quality);
        }
        let answer = self
            .node
            .payload(context, NAME, "canvas.snapshot", params)
            .await?;
        let path = Media::read(&answer, NAME)?.save(context, "canvas-snapshot", None, NAME)?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({ "file": { "path": path, "format": answer["format"] } }))?;
        } else {
            ui.line(format!("MEDIA:{}", path.display()))?;
        }
        Ok(Exit::OK)
    }
}

impl PresentArgs {
    async fn run(self, context: &Context) -> Outcome {
        let mut params = json!({});
        if let Some(target) = &self.target {
            params["url"] = json!(target);
        }
        let sides = [
            ("x", self.x),
            ("y", self.y),
            ("width", self.width),
            ("height", self.height),
        ];
        for (side, value) in sides {
            if let Some(value) = value {
                params["placement"][side] = json!(value);
            }
        }
        self.node
            .simple(
                context,
                "canvas present",
                "canvas.present",
                params,
                "canvas present ok",
            )
            .await
    }
}

impl EvalArgs {
    async fn run(self, context: &Context) -> Outcome {
        const NAME: &str = "canvas eval";
        let Some(script) = self.js.or(self.js_flag).filter(|js| !js.trim().is_empty()) else {
            return Err(wrong(NAME, "missing the JavaScript to run"));
        };
        let answer = self
            .node
            .payload(
                context,
                NAME,
                "canvas.eval",
                json!({ "javaScript": script }),
            )
            .await?;
        let ui = context.ui();
        match answer["result"].as_str().filter(|_| !ui.is_json()) {
            Some(text) => ui.line(text)?,
            None => ui.json(&answer)?,
        }
        Ok(Exit::OK)
    }
}

impl PushArgs {
    async fn run(self, context: &Context) -> Outcome {
        const NAME: &str = "canvas a2ui push";
        let path = context.env().absolute(&self.jsonl.to_string_lossy());
        let jsonl = std::fs::read_to_string(&path)
            .map_err(|error| wrong(NAME, format!("cannot read {}: {error}", path.display())))?;
        let messages = jsonl.lines().filter(|line| !line.trim().is_empty()).count();
        for (number, line) in jsonl
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
        {
            serde_json::from_str::<Value>(line)
                .map_err(|error| wrong(NAME, format!("line {}: {error}", number + 1)))?;
        }
        let plural = if messages == 1 { "" } else { "s" };
        let done = format!("canvas a2ui push ok (v0.8, {messages} message{plural})");
        self.node
            .simple(
                context,
                NAME,
                "canvas.a2ui.pushJSONL",
                json!({ "jsonl": jsonl }),
                &done,
            )
            .await
    }
}
