//! What a first start writes into the config: the mode, and a token when there is none.

use openclaw_config::edit::{ConfigEditor, EditError};
use openclaw_config::resolve::{GatewayFlags, GatewayPlan, Source};
use openclaw_config::schema::{AuthMode, BindMode, GatewayMode};
use openclaw_config::store::StoreError;
use openclaw_config::validate::ROOT;
use openclaw_config::{Env, Secret, Settings};
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

/// What may be missing from the config of a start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lacking {
    /// The mode (`--allow-unconfigured`): it stays unset, and a config of another machine's gateway serves, too.
    pub(crate) mode: bool,
    /// The token in any bind mode; otherwise one is made only where nobody else reaches the gateway.
    pub(crate) token: bool,
}

/// Refuses a config that belongs to another machine's gateway.
pub(super) fn check_mode(
    context: &Context,
    settings: &Settings,
    lacking: Lacking,
) -> Result<(), CommandError> {
    if settings.gateway.mode != Some(GatewayMode::Remote) || lacking.mode {
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

/// Nobody can type a command in a container before it runs, and what it listens on is asked for by its image.
fn may_create_token(context: &Context, plan: &GatewayPlan) -> bool {
    plan.bind.value == BindMode::Loopback || context.env().container().is_some()
}

/// Whether a start that follows this plan makes a token.
pub(crate) fn makes_token(context: &Context, plan: &GatewayPlan, lacking: Lacking) -> bool {
    (lacking.token || may_create_token(context, plan)) && needs_token(plan)
}

fn needs_token(plan: &GatewayPlan) -> bool {
    plan.auth.mode.value == AuthMode::Token && plan.auth.token.is_none()
}

/// Completes the config for a gateway on this machine. When the file must not be written, a token
/// that is needed goes into `flags` and lasts for this run.
pub(crate) fn prepare(
    context: &Context,
    flags: &mut GatewayFlags,
    plan: &GatewayPlan,
    lacking: Lacking,
) -> Result<FirstStart, CommandError> {
    let snapshot = context.snapshot();
    let settings = snapshot.settings.clone();
    check_mode(context, &settings, lacking)?;
    // What its owner has to correct is not written to, whatever is missing in it.
    let is_unreadable = snapshot.fell_back.iter().any(|section| section == ROOT);
    let damaged = is_unreadable || !snapshot.fatal_issues().is_empty();
    let token = if makes_token(context, plan, lacking) {
        Some(new_token()?)
    } else {
        None
    };
    let mut values: Vec<(&str, Value)> = Vec::new();
    if settings.gateway.mode.is_none() && !lacking.mode && !damaged {
        values.push(("gateway.mode", json!("local")));
    }
    if let Some(token) = &token {
        values.push(("gateway.auth.token", json!(token.expose())));
    }
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
        let why = if damaged {
            "No token could be read"
        } else {
            "The config is read-only"
        };
        return Ok(for_this_run(context, flags, token, why));
    }
    let edited = ConfigEditor::new(context.paths(), context.process_env())
        .with_version(VERSION)
        .set_missing(&values);
    let edited = match edited {
        Ok(edited) => edited,
        // It was damaged this moment.
        Err(EditError::Syntax(_) | EditError::Unreadable(_)) => {
            return Ok(for_this_run(
                context,
                flags,
                token,
                "No token could be read",
            ));
        }
        // Neither a full disk nor a file that belongs to somebody else is a reason not to serve, and the next start may find it mended.
        Err(EditError::Store(error)) => {
            let missing: Vec<&str> = values.iter().map(|(key, _)| *key).collect();
            not_written(context, &missing, &error);
            return Ok(for_this_run(
                context,
                flags,
                token,
                "The config is not written",
            ));
        }
        Err(error) => {
            return Err(CommandError::config(format!(
                "cannot complete the config: {error}"
            )));
        }
    };
    for warning in &edited.warnings {
        context.ui().note(format!("Warning: {}", problem(warning)));
    }
    // Another start may have been faster; then its token counts.
    let token = token.filter(|token| {
        let stored = context.reload();
        stored
            .settings
            .gateway
            .auth
            .token
            .as_ref()
            .map(Secret::expose)
            == Some(token.expose())
    });
    let token_created = token.is_some();
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

/// Goes on with a token that is not stored.
fn for_this_run(
    context: &Context,
    flags: &mut GatewayFlags,
    token: Option<Secret>,
    why: &str,
) -> FirstStart {
    let token_created = token.is_some();
    if let Some(token) = token {
        context.ui().note(format!(
            "{why}; the gateway uses a token that lasts for this run, or until one is configured."
        ));
        if context.env().container().is_some() {
            context.ui().note(format!("Token: {}", token.expose()));
        }
        flags.generated_token = Some(token);
    }
    FirstStart {
        written: false,
        token_created,
    }
}

/// Why the file lacks something, and what to do about it.
fn not_written(context: &Context, missing: &[&str], error: &StoreError) {
    context.ui().note(format!(
        "Warning: the config cannot be completed with {}: {error}.",
        missing.join(" and ")
    ));
    let dir = context.paths().display_home(&context.paths().state_dir);
    let uid = context.env().uid();
    let fix = if context.env().container().is_some() {
        format!("mount a volume at {dir} that user {uid} can write")
    } else {
        format!("make {dir} writable for user {uid} and free some disk space")
    };
    context.ui().note(format!(
        "Fix: {fix}; or, where the config is meant to be read-only, set OPENCLAW_CONFIG_READONLY=1 and give the token with OPENCLAW_GATEWAY_TOKEN."
    ));
}

/// Why a gateway listens where nobody told it to, and how that is switched off.
pub(super) fn container_line(plan: &GatewayPlan, env: &Env) -> Option<String> {
    let Source::Container(_) = plan.bind.source else {
        return None;
    };
    let signs = env.detected_container()?;
    Some(format!(
        "bind={} because this is a container ({signs}); to switch it off: OPENCLAW_IN_CONTAINER=0, or gateway.bind=loopback",
        plan.bind.value
    ))
}

/// A token as long as nobody guesses.
pub(crate) fn new_token() -> Result<Secret, CommandError> {
    let mut bytes = [0; TOKEN_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| CommandError::new("the system gives no random numbers"))?;
    Ok(Secret::new(data_encoding::HEXLOWER.encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use openclaw_config::resolve::resolve_gateway;
    use openclaw_config::{Paths, ProfileChoice};

    use super::*;

    #[test]
    fn u18_a_gateway_says_why_it_listens_on_all_interfaces() {
        let line = |pairs: &[(&str, &str)], bind: Option<&str>| {
            let env = Env::from_pairs([("HOME", "/h")].into_iter().chain(pairs.iter().copied()));
            let profile = Paths::resolve_with(&env, &ProfileChoice::unset(), &|_| false)
                .unwrap()
                .profile;
            let flags = GatewayFlags {
                bind: bind.map(str::to_owned),
                ..GatewayFlags::default()
            };
            let plan = resolve_gateway(&flags, &env, &Settings::default(), &profile).unwrap();
            container_line(&plan, &env)
        };
        let inside = [("OPENCLAW_IN_CONTAINER", "1")];
        assert_eq!(
            line(&inside, None).as_deref(),
            Some(
                "bind=lan because this is a container (OPENCLAW_IN_CONTAINER); to switch it off: OPENCLAW_IN_CONTAINER=0, or gateway.bind=loopback"
            )
        );
        assert_eq!(line(&inside, Some("lan")), None);
        assert_eq!(line(&[], None), None);
    }
}
