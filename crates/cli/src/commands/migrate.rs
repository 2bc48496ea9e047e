//! `openclaw migrate`: take over what the program that ran here before left, and take that back.

use std::io::IsTerminal as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use openclaw_gateway::lock::peek;
use serde_json::json;

use super::onboard::port;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::migrate::{Survey, carry_over, refuse_a_second, survey, undo};
use crate::onboarding::Prompts;
use crate::ui::format::{now_ms, one_line};

/// Time to see whether somebody listens.
const KNOCK: Duration = Duration::from_millis(300);

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// State directory of the earlier program [default: the one of this profile]
    #[arg(long, value_name = "dir")]
    from: Option<PathBuf>,
    /// Show what would be carried over, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Take the last migration back
    #[arg(long, conflicts_with_all = ["from", "dry_run"])]
    undo: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        if self.undo {
            return take_back(context);
        }
        let paths = context.paths();
        refuse_a_second(paths)?;
        let from = self.from.as_ref().map_or_else(
            || paths.state_dir.clone(),
            |from| context.env().absolute(&from.to_string_lossy()),
        );
        if !from.is_dir() {
            return Err(
                CommandError::new(format!("{} is no directory", from.display()))
                    .hint("Fix: name the state directory of the earlier program: --from <dir>"),
            );
        }
        let found = survey(&from, paths, now_ms());
        if found.is_empty() {
            return Err(CommandError::new(format!(
                "no data of an earlier program in {}",
                paths.display_home(&from)
            ))
            .hint(format!(
                "Start afresh with: {}",
                context.command("openclaw onboard")
            )));
        }
        self.carry(context, &found)
    }

    fn carry(&self, context: &Context, found: &Survey) -> Outcome {
        let ui = context.ui();
        let paths = context.paths();
        if !ui.is_json() {
            show(context, found)?;
        }
        if self.dry_run {
            if ui.is_json() {
                ui.json(&json!({ "ok": true, "dryRun": true, "survey": found }))?;
            } else {
                ui.line("Nothing was changed (--dry-run).")?;
            }
            return Ok(Exit::OK);
        }
        if !self.yes {
            if !std::io::stdin().is_terminal() {
                return Err(CommandError::new(
                    "nothing was changed: without a terminal, pass --yes",
                ));
            }
            let prompts = Prompts::new(context, "openclaw migrate --yes")?;
            if !prompts.confirm("Carry this over?", true)? {
                return Err(CommandError::cancelled());
            }
        }
        let done = carry_over(found, paths, now_ms())?;
        if ui.is_json() {
            ui.json(&json!({
                "ok": true,
                "dryRun": false,
                "survey": found,
                "imported": done.records,
                "written": done.record.files,
            }))?;
            return Ok(Exit::OK);
        }
        ui.line(format!(
            "Carried over: {} pairings, {} files.",
            done.records,
            found.copies.len()
        ))?;
        ui.line(format!(
            "Take it back with: {}",
            context.command("openclaw migrate --undo")
        ))?;
        ui.line(format!("Next: {}", context.command("openclaw gateway")))?;
        Ok(Exit::OK)
    }
}

fn take_back(context: &Context) -> Outcome {
    let paths = context.paths();
    let Some((lines, from)) = undo(paths, now_ms())? else {
        return Err(CommandError::new("there is no migration to take back"));
    };
    let ui = context.ui();
    if ui.is_json() {
        ui.json(&json!({ "ok": true, "undone": lines }))?;
        return Ok(Exit::OK);
    }
    for line in lines {
        ui.line(line)?;
    }
    ui.line(format!(
        "Taken back. The files of the earlier program in {} were never changed.",
        one_line(&paths.display_home(&from))
    ))?;
    Ok(Exit::OK)
}

fn show(context: &Context, found: &Survey) -> Result<(), CommandError> {
    let ui = context.ui();
    let paths = context.paths();
    ui.line(format!(
        "From: {}",
        one_line(&paths.display_home(&found.from))
    ))?;
    if !found.in_place {
        ui.line(format!("To:   {}", paths.display_home(&paths.state_dir)))?;
    }
    for part in &found.parts {
        let mark = if part.usable {
            ""
        } else {
            " (not carried over)"
        };
        ui.line(format!("  {:<10} {}{mark}", part.name, part.detail))?;
    }
    for copy in &found.copies {
        if copy.to.exists() {
            ui.line(format!(
                "  {} is replaced; a copy is kept beside it",
                paths.display_home(&copy.to)
            ))?;
        }
    }
    for warning in &found.warnings {
        ui.note(format!("Warning: {warning}"));
    }
    if peek(&paths.lock_file, now_ms()).ok().flatten().is_some() {
        ui.note(format!(
            "Note: the gateway of this profile runs. Stop it first: {}",
            context.command("openclaw gateway stop")
        ));
        return Ok(());
    }
    let port = port(context);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if TcpStream::connect_timeout(&address, KNOCK).is_ok() {
        ui.note(format!(
            "Note: something listens on port {port}. Stop the earlier gateway before you start this one: systemctl --user stop openclaw-gateway, or its own `gateway stop`."
        ));
    }
    Ok(())
}
