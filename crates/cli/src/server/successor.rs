//! Whether a successor would start: its program runs, and flags, environment and config as they are now can be used.

use std::net::SocketAddr;

use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
use openclaw_config::{Env, Issue, Paths};
use openclaw_gateway::gateway::check_listening;
use openclaw_gateway::restart::{Restart, RestartRefused};
use openclaw_gateway::tasks::blocking;

use super::settings::{check_mode, makes_token, new_token};
use super::{Program, ServerOptions, has_its_secrets};
use crate::context::Context;
use crate::error::CommandError;
use crate::service::running;
use crate::ui::Ui;

/// The look before a restart; it changes nothing.
pub(super) fn check(context: &Context, options: &ServerOptions, program: &Program) -> Restart {
    let (ui, paths) = (context.ui(), context.paths().clone());
    let (options, program) = (options.clone(), program.clone());
    Restart::new(move || {
        let (paths, options, program) = (paths.clone(), options.clone(), program.clone());
        Box::pin(async move {
            program.version().await.map_err(|reason| RestartRefused {
                reason,
                fix: "put the program file back, or install it again".to_owned(),
            })?;
            // Reads files.
            let look = blocking("restart check", move || would_start(ui, paths, options));
            look.await.unwrap_or_else(|| {
                Err(RestartRefused {
                    reason: "the config could not be looked at".to_owned(),
                    fix: "try again; the log names the reason".to_owned(),
                })
            })
        })
    })
}

/// Goes the way of a start up to its sockets, with files and variables read anew.
fn would_start(ui: Ui, paths: Paths, options: ServerOptions) -> Result<(), RestartRefused> {
    let context = Context::new(ui, Env::from_process(), paths);
    // What is wrong is the answer; the console is not for it.
    context.judge_config();
    let snapshot = context.snapshot();
    let fix = format!(
        "correct it and check it with: {}",
        context.command("openclaw config validate")
    );
    let unusable = |issues: &mut dyn Iterator<Item = &Issue>| RestartRefused {
        reason: format!(
            "the config cannot be used: {}",
            issues
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        ),
        fix: fix.clone(),
    };
    let fatal = snapshot.fatal_issues();
    if !fatal.is_empty() {
        return Err(unusable(&mut fatal.into_iter()));
    }
    let mut flags = options.flags;
    // It counts for less than one that is configured by now.
    let of_this_run = flags.generated_token.take();
    let resolve = |flags: &GatewayFlags| {
        resolve_gateway(
            flags,
            context.env(),
            &snapshot.settings,
            &context.paths().profile,
        )
        .map_err(|issues| unusable(&mut issues.iter()))
    };
    let mut plan = resolve(&flags)?;
    has_its_secrets(&context, &flags, &plan)
        .and_then(|()| check_mode(&context, &snapshot.settings, options.lacking))
        .map_err(|error| refused(&error))?;
    if makes_token(&context, &plan, options.lacking) {
        if of_this_run.is_some() {
            return Err(RestartRefused {
                reason:
                    "its token lasts for this run, and the next one would not be known to anybody"
                        .to_owned(),
                fix: format!(
                    "configure one: {}; or give one with OPENCLAW_GATEWAY_TOKEN, and stop and start it",
                    context.command("openclaw config set gateway.auth.token <token>")
                ),
            });
        }
        flags.generated_token = Some(new_token().map_err(|error| refused(&error))?);
        plan = resolve(&flags)?;
    }
    let holder = running::holder(&context.paths().lock_file).map_err(|error| refused(&error))?;
    let open: Vec<SocketAddr> = holder
        .iter()
        .flat_map(|holder| &holder.addresses)
        .filter_map(|address| address.parse().ok())
        .collect();
    check_listening(&flags, &plan, options.allow_weak_password, &open).map_err(|error| {
        let text = error.to_string();
        let (reason, fix) = text.split_once('\n').unwrap_or((&text, &fix));
        RestartRefused {
            reason: reason.to_owned(),
            fix: fix.to_owned(),
        }
    })
}

/// Why a start would end, as the reason why none is tried.
fn refused(error: &CommandError) -> RestartRefused {
    let hints = error.hint_lines();
    let fix = hints.first().copied().unwrap_or("correct it");
    RestartRefused {
        reason: error.to_string(),
        fix: fix.strip_prefix("Fix: ").unwrap_or(fix).to_owned(),
    }
}
