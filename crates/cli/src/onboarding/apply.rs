//! Writes the answers, and takes them back when no gateway could start with them.

use openclaw_config::edit::{Base, ConfigEditor, Edited};
use openclaw_config::load::load;
use openclaw_config::resolve::{GatewayFlags, GatewayPlan, resolve_gateway};
use openclaw_config::store::ConfigStore;
use serde_json::json;

use super::answers::{Answers, Change, Held, Unusable};
use crate::app::VERSION;
use crate::context::{Context, problem};
use crate::error::CommandError;
use crate::server;
use crate::ui::format::now_ms;

/// What was done.
#[derive(Debug)]
pub(crate) struct Applied {
    /// Said to whoever answered.
    pub(crate) notes: Vec<&'static str>,
    /// A token was made.
    pub(crate) token_created: bool,
    /// The file says something else than before.
    pub(crate) changed: bool,
}

/// Writes what follows from the answers. `command` is the one that is written down as the last to have set things up.
pub(crate) fn apply(
    context: &Context,
    answers: &Answers,
    command: &str,
    from_nothing: bool,
) -> Result<Applied, CommandError> {
    if context.env().config_read_only() {
        return Err(CommandError::new(
            "the config is managed elsewhere (OPENCLAW_CONFIG_READONLY or OPENCLAW_NIX_MODE); nothing was written",
        )
        .hint("Fix: change it where it is managed"));
    }
    let snapshot = context.snapshot();
    if !from_nothing && !snapshot.fatal_issues().is_empty() {
        return Err(CommandError::plain(format!(
            "Config invalid. Run `{}` to repair it, then re-run onboarding.",
            context.command("openclaw doctor")
        ))
        .hint(format!(
            "Or start anew; the old file is kept beside it: {}",
            context.command("openclaw onboard --reset")
        )));
    }
    if openclaw_gateway::confirm::is_waiting(context.paths(), now_ms()) {
        return Err(CommandError::new(
            "a config change waits for confirmation; nothing was written",
        )
        .hint(format!(
            "Fix: keep it with: {}; or wait until the gateway takes it back",
            context.command("openclaw config confirm")
        )));
    }
    let empty = openclaw_config::Settings::default();
    let settings = if from_nothing {
        &empty
    } else {
        &snapshot.settings
    };
    if let Answers::Remote(remote) = answers
        && !crate::connect::allows_plaintext(context)
    {
        remote.check_plaintext().map_err(Unusable::into_error)?;
    }
    let change = answers
        .change(&held(context, settings), &server::new_token()?)
        .map_err(Unusable::into_error)?;
    let before = ConfigStore::new(context.paths())
        .read()
        .map_err(CommandError::new)?
        .raw;
    let edited = write(context, answers, &change, command, from_nothing)?;
    check(context, answers, &edited, before.as_deref())?;
    for warning in &edited.warnings {
        context.ui().note(format!("Warning: {}", problem(warning)));
    }
    Ok(Applied {
        notes: change.notes,
        token_created: change.token_created,
        changed: edited.changed,
    })
}

/// Credentials that are in effect, wherever they come from.
fn held<'a>(context: &Context, settings: &'a openclaw_config::Settings) -> Held<'a> {
    let plan: Option<GatewayPlan> = resolve_gateway(
        &GatewayFlags::default(),
        context.env(),
        settings,
        &context.paths().profile,
    )
    .ok();
    let (token, password) = plan.map_or((None, None), |plan| {
        (
            plan.auth.token.map(|token| token.value),
            plan.auth.password.map(|password| password.value),
        )
    });
    Held {
        settings,
        token,
        password,
    }
}

fn write(
    context: &Context,
    answers: &Answers,
    change: &Change,
    command: &str,
    from_nothing: bool,
) -> Result<Edited, CommandError> {
    let mode = match answers {
        Answers::Local(_) => "local",
        Answers::Remote(_) => "remote",
    };
    let mut patch = change.patch.clone();
    patch["wizard"] = json!({
        "lastRunAt": jiff::Timestamp::now().to_string(),
        "lastRunVersion": VERSION,
        "lastRunCommand": command,
        "lastRunMode": mode,
    });
    let editor = ConfigEditor::new(context.paths(), context.process_env()).with_version(VERSION);
    let edited = if from_nothing {
        let mut whole = json!({});
        openclaw_config::edit::apply_merge_patch(&mut whole, &patch);
        editor.replace(Base::Current, &whole.to_string())
    } else {
        editor.patch(Base::Current, &patch.to_string())
    };
    edited.map_err(|error| crate::commands::config::refused(context, error))
}

/// Takes the change back when no gateway would start with it.
fn check(
    context: &Context,
    answers: &Answers,
    edited: &Edited,
    before: Option<&str>,
) -> Result<(), CommandError> {
    if matches!(answers, Answers::Remote(_)) {
        return Ok(());
    }
    let written = load(context.paths(), context.process_env());
    let refused = if written.fatal_issues().is_empty() {
        resolve_gateway(
            &GatewayFlags::default(),
            &written.env,
            &written.settings,
            &context.paths().profile,
        )
        .err()
        .map(|issues| issues.iter().map(problem).collect::<Vec<_>>())
    } else {
        Some(written.fatal_issues().into_iter().map(problem).collect())
    };
    let Some(problems) = refused else {
        return Ok(());
    };
    let back = ConfigEditor::new(context.paths(), context.process_env())
        .with_version(VERSION)
        .replace(Base::Hash(Some(&edited.hash)), before.unwrap_or("{}"));
    let error = CommandError::new("no gateway could start with these answers; they were not kept")
        .with_details(problems.join("\n"));
    Err(match back {
        Ok(_) => error,
        Err(failed) => error.hint(format!(
            "The old settings could not be put back ({failed}). Do it with: {}",
            context.command("openclaw config rollback")
        )),
    })
}
