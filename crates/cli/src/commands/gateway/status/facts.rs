//! The facts about a gateway that are known without asking it.

use openclaw_config::Settings;
use openclaw_config::resolve::{ClientTarget, GatewayPlan};
use openclaw_config::schema::{AuthMode, BindMode};
use openclaw_gateway::listen::token_weakness;
use openclaw_gateway::lock::{LockHeld, peek};
use serde_json::{Value, json};

use crate::context::Context;
use crate::dashboard::http_base;
use crate::probe::Probe;
use crate::ui::format::now_ms;

/// Whether the gateway of this state directory runs.
#[derive(Debug)]
pub(super) enum Runtime {
    /// It holds its lock.
    Running(LockHeld),
    /// Nobody holds the lock.
    Stopped,
    /// The lock cannot be read.
    Unknown(String),
    /// The gateway is elsewhere.
    Remote,
}

impl Runtime {
    /// Looks at the lock; changes nothing.
    pub(super) fn look(context: &Context) -> Self {
        match peek(&context.paths().lock_file, now_ms()) {
            Ok(Some(holder)) => Self::Running(holder),
            Ok(None) => Self::Stopped,
            Err(error) => Self::Unknown(error.to_string()),
        }
    }

    /// Who holds the lock.
    pub(super) fn holder(&self) -> Option<&LockHeld> {
        match self {
            Self::Running(holder) => Some(holder),
            Self::Stopped | Self::Unknown(_) | Self::Remote => None,
        }
    }

    /// Every address of the running gateway; empty when it is not known.
    pub(super) fn addresses(&self) -> &[String] {
        match self {
            Self::Running(holder) => &holder.addresses,
            Self::Stopped | Self::Unknown(_) | Self::Remote => &[],
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Running(holder) => format!("running ({holder})"),
            Self::Stopped => "stopped".to_owned(),
            Self::Unknown(reason) => format!("unknown ({reason})"),
            Self::Remote => "remote".to_owned(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Running(holder) => json!({
                "status": "running",
                "pid": holder.pid,
                "exe": holder.exe,
                "uptimeMs": holder.uptime_ms,
                "address": holder.address,
                "addresses": holder.addresses,
            }),
            Self::Stopped => json!({ "status": "stopped" }),
            Self::Unknown(reason) => json!({ "status": "unknown", "detail": reason }),
            Self::Remote => json!({ "status": "remote" }),
        }
    }
}

/// What is to be said about the credential of the gateway of this machine; never what it is.
pub(super) fn credential_notes(context: &Context, plan: &GatewayPlan) -> Vec<String> {
    let env = context.process_env();
    let kept = env.secret_problems().iter().chain(env.secret_warnings());
    let mut notes: Vec<String> = kept.map(|note| format!("{note}; {}", note.fix)).collect();
    let token = plan.auth.secret().filter(|_| {
        plan.auth.mode.value == AuthMode::Token && plan.bind.value != BindMode::Loopback
    });
    let weak = token.and_then(|token| token_weakness(token.value.expose()));
    notes.extend(weak.map(|why| {
        format!(
            "others can reach this gateway, and its token can be guessed ({why}); {}",
            context.command("openclaw config set gateway.auth.token \"$(openssl rand -hex 32)\"")
        )
    }));
    notes
}

/// Which credential a client shows there, and where it has it from; never what it is.
pub(super) fn credential(target: &ClientTarget, probe: Option<&Probe>) -> String {
    match (&target.token, &target.password) {
        (Some(token), Some(password)) => {
            format!("token ({}) + password ({})", token.source, password.source)
        }
        (Some(token), None) => format!("token ({})", token.source),
        (None, Some(password)) => format!("password ({})", password.source),
        (None, None) if probe.is_some_and(|probe| probe.by_device_token) => {
            "none; let in by the token of this device".to_owned()
        }
        (None, None) => "none".to_owned(),
    }
}

/// Where the Control UI is; `None` when it is switched off.
pub(super) fn dashboard_url(settings: &Settings, target: &ClientTarget) -> Option<String> {
    settings
        .gateway
        .control_ui
        .enabled
        .then(|| http_base(&target.url, &settings.gateway.control_ui.base_path))
}
