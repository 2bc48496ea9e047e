//! What a first start writes into the config: the mode, and a token when there is none.

use openclaw_config::edit::ConfigEditor;
use openclaw_config::resolve::{GatewayFlags, GatewayPlan};
use openclaw_config::schema::{AuthMode, BindMode, GatewayMode};
use openclaw_config::{Secret, Settings};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use crate::app::VERSION;
use crate::context::{Context, problem};
use crate::error::CommandError;
use crate::ui::format::now_ms;

/// Bytes of a token; written as twice as many hex digits.
const TOKEN_BYTES: usize = 32;

/// What was missing and is there now.
#[derive(Debug, Default)]
pub(crate) struct FirstStart {
    /// The config file was created or changed.
    pub(crate) written: bool,
    /// A token was made.
    pub(crate) token_created: bool,
}

/// Refuses a config that belongs to another machine's gateway.
fn check_mode(
    context: &Context,
    settings: &Settings,
    allow_unconfigured: bool,
) -> Result<(), CommandError> {
    if settings.gateway.mode != Some(GatewayMode::Remote) || allow_unconfigured {
        return Ok(());
    }
    Err(CommandError::config(
        "Gateway start blocked: set gateway.mode=local (current: remote) or pass --allow-unconfigured.",
    )
    .hint(format!(
        "Fix: {}",
        context.command("openclaw config set gateway.mode local")
    )))
}

/// Completes the config for a gateway on this machine. When the file must not be written, a token
/// that is needed goes into `flags` and lasts for this run.
pub(crate) fn prepare(
    context: &Context,
    flags: &mut GatewayFlags,
    plan: &GatewayPlan,
    allow_unconfigured: bool,
) -> Result<FirstStart, CommandError> {
    complete(
        context,
        flags,
        plan,
        allow_unconfigured,
        // Nobody can type a command in a container before it runs, and what it listens on is asked for by its image.
        plan.bind.value == BindMode::Loopback || context.env().container().is_some(),
    )
}

/// As [`prepare`], with a token in every bind mode: who runs `up` asks for what is missing.
pub(crate) fn prepare_for_up(
    context: &Context,
    flags: &mut GatewayFlags,
    plan: &GatewayPlan,
) -> Result<FirstStart, CommandError> {
    complete(context, flags, plan, false, true)
}

fn complete(
    context: &Context,
    flags: &mut GatewayFlags,
    plan: &GatewayPlan,
    allow_unconfigured: bool,
    may_create_token: bool,
) -> Result<FirstStart, CommandError> {
    let snapshot = context.snapshot();
    let settings = snapshot.settings.clone();
    check_mode(context, &settings, allow_unconfigured)?;
    // What its owner has to correct is not written to, whatever is missing in it.
    let damaged = !snapshot.fatal_issues().is_empty();
    let needs_token =
        may_create_token && plan.auth.mode.value == AuthMode::Token && plan.auth.token.is_none();
    let token = if needs_token {
        Some(new_token()?)
    } else {
        None
    };
    let mut values: Vec<(&str, Value)> = Vec::new();
    if settings.gateway.mode.is_none() && !allow_unconfigured && !damaged {
        values.push(("gateway.mode", json!("local")));
    }
    if let Some(token) = &token {
        values.push(("gateway.auth.token", json!(token.expose())));
    }
    let token_created = token.is_some();
    if values.is_empty() {
        return Ok(FirstStart::default());
    }
    if openclaw_gateway::confirm::is_waiting(context.paths(), now_ms()) {
        // Writing the file now would keep the change for good; the start without it needs nothing written.
        return Err(CommandError::config(
            "Gateway not started: the config change that waits for confirmation leaves it without its mode or its token.",
        )
        .hint(format!(
            "Fix: put gateway.mode and gateway.auth.token back into {}, then start again.",
            context.paths().display_home(&context.paths().config_path)
        )));
    }
    if damaged || context.env().config_read_only() {
        if let Some(token) = token {
            flags.token = Some(token.expose().to_owned());
            context.ui().note(if damaged {
                "No token could be read; the gateway uses one that lasts for this run."
            } else {
                "The config is read-only; the gateway uses a token that lasts for this run."
            });
            if context.env().container().is_some() {
                context.ui().note(format!("Token: {}", token.expose()));
            }
        }
        return Ok(FirstStart {
            written: false,
            token_created,
        });
    }
    let edited = ConfigEditor::new(context.paths(), context.process_env())
        .with_version(VERSION)
        .set_all(&values)
        .map_err(|error| {
            let failure = CommandError::config(format!("cannot complete the config: {error}"));
            if context.env().container().is_none() {
                return failure;
            }
            failure.hint(format!(
                "Fix: mount a volume at {} that user {} can write.",
                context.paths().state_dir.display(),
                context.env().uid()
            ))
        })?;
    for warning in &edited.warnings {
        context.ui().note(format!("Warning: {}", problem(warning)));
    }
    if let Some(token) = &token {
        context.ui().note(format!(
            "Created a gateway token in {}; show it with: {}",
            context.paths().display_home(&context.paths().config_path),
            context.command("openclaw config get gateway.auth.token")
        ));
        if context.env().container().is_some() {
            // Its owner sees what it prints before they see anything else of it. Later starts have nothing to print.
            context
                .ui()
                .note(format!("Token (shown this once): {}", token.expose()));
        }
    }
    Ok(FirstStart {
        written: edited.changed,
        token_created,
    })
}

/// A token as long as nobody guesses.
pub(crate) fn new_token() -> Result<Secret, CommandError> {
    let mut bytes = [0; TOKEN_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| CommandError::new("the system gives no random numbers"))?;
    Ok(Secret::new(data_encoding::HEXLOWER.encode(&bytes)))
}
