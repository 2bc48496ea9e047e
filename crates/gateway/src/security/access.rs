//! Who is let in: shared secrets, browsers, devices.

use openclaw_config::schema::AuthMode;
use openclaw_config::secret::Secret;

use super::{Facts, Found, Severity};
use crate::listen::password::is_weak_token;
use crate::listen::weakness;

/// Shortest token that is not called short, in characters.
const TOKEN_CHARS: usize = 24;
/// A limiter that allows more wrong tries than this is no limiter.
const ATTEMPTS: u32 = 100;

pub(super) fn rules(facts: &Facts<'_>, found: &mut Found) {
    guard(facts, found);
    strength(facts, found);
    reuse(facts, found);
    browsers(facts, found);
    let auth = &facts.settings.gateway.auth;
    if auth.allow_deviceless {
        let severity = if facts.is_exposed() {
            Severity::Critical
        } else {
            Severity::Warn
        };
        found.add(
            severity,
            "gateway.auth.allow_deviceless",
            "Clients without a device get full scopes",
            "gateway.auth.allowDeviceless is true: whoever has the shared secret has everything, from anywhere, and no device can be revoked.",
            facts.command("openclaw config unset gateway.auth.allowDeviceless"),
        );
    }
    if auth.rate_limit.max_attempts > ATTEMPTS || auth.rate_limit.lockout_ms < 1_000 {
        found.add(
            Severity::Warn,
            "gateway.auth.rate_limit_wide",
            "Guessing is hardly limited",
            format!(
                "gateway.auth.rateLimit allows {} wrong credentials and locks out for {} ms.",
                auth.rate_limit.max_attempts, auth.rate_limit.lockout_ms
            ),
            facts.command("openclaw config unset gateway.auth.rateLimit"),
        );
    }
}

fn guard(facts: &Facts<'_>, found: &mut Found) {
    if facts.has_guard() {
        return;
    }
    let new_token =
        facts.command("openclaw config set gateway.auth.token \"$(openssl rand -hex 32)\"");
    if facts.token_to_come {
        if facts.is_exposed() {
            found.add(
                Severity::Info,
                "gateway.token_to_come",
                "The gateway has no token yet",
                format!(
                    "gateway.bind={}; nothing runs, and the first start makes a token before it listens.",
                    facts.plan.bind.value
                ),
                "",
            );
        }
    } else if facts.is_exposed() {
        found.add(
            Severity::Critical,
            "gateway.bind_no_auth",
            "Gateway binds beyond loopback without auth",
            format!(
                "gateway.bind={} and no token or password is asked for.",
                facts.plan.bind.value
            ),
            new_token,
        );
    } else if facts.plan.auth.mode.value == AuthMode::None {
        found.add(
            Severity::Critical,
            "gateway.loopback_no_auth",
            "Gateway auth missing on loopback",
            "gateway.auth.mode is none: every program and every user of this machine is let in.",
            facts.command("openclaw config unset gateway.auth.mode"),
        );
    }
}

fn strength(facts: &Facts<'_>, found: &mut Found) {
    let Some(secret) = facts.secret() else { return };
    let exposed = facts.is_exposed();
    let chars = secret.chars().count();
    let severity = if exposed {
        Severity::Critical
    } else {
        Severity::Warn
    };
    match facts.plan.auth.mode.value {
        AuthMode::Token => {
            let new =
                facts.command("openclaw config set gateway.auth.token \"$(openssl rand -hex 32)\"");
            if chars < TOKEN_CHARS {
                found.add(
                    Severity::Warn,
                    "gateway.token_too_short",
                    "Gateway token looks short",
                    format!("gateway auth token is {chars} chars; prefer a long random token."),
                    new.clone(),
                );
            }
            if is_weak_token(secret) {
                found.add(
                    severity,
                    "gateway.token_weak",
                    "Gateway token can be guessed",
                    "The token is a common word, a pattern, or only a few characters.",
                    new,
                );
            }
        }
        AuthMode::Password => {
            if let Some(weak) = weakness(secret) {
                found.add(
                    severity,
                    "gateway.password_weak",
                    "Gateway password can be guessed",
                    format!("The password is {weak}."),
                    facts.command("openclaw config set gateway.auth.password <a-long-password>"),
                );
            }
            let written = facts.authored.pointer("/gateway/auth/password");
            let literal = written
                .and_then(|value| value.as_str())
                .is_some_and(|text| !text.starts_with("${"));
            if literal {
                found.add(
                    Severity::Warn,
                    "config.secrets.gateway_password_in_config",
                    "Gateway password is stored in config",
                    "gateway.auth.password is written out in the config file; people use passwords in more than one place.",
                    "put it into the environment (OPENCLAW_GATEWAY_PASSWORD) or write \"${OPENCLAW_GATEWAY_PASSWORD}\"",
                );
            }
        }
        AuthMode::None | AuthMode::TrustedProxy => {}
    }
}

fn reuse(facts: &Facts<'_>, found: &mut Found) {
    let gateway = &facts.settings.gateway;
    let own = gateway.auth.token.as_ref().map(Secret::expose);
    let remote = gateway.remote.token.as_ref().map(Secret::expose);
    let elsewhere = gateway.remote.url.as_ref().is_some_and(|url| {
        !["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|host| url.contains(host))
    });
    if own.is_some() && own == remote && elsewhere {
        found.add(
            Severity::Warn,
            "gateway.token_reuse",
            "Two gateways share one token",
            "gateway.auth.token and gateway.remote.token are the same, for different gateways: who has one has both.",
            facts.command("openclaw config set gateway.auth.token \"$(openssl rand -hex 32)\""),
        );
    }
    let hooks = &facts.authored["hooks"];
    if hooks["enabled"] != true {
        return;
    }
    let Some(token) = hooks["token"].as_str() else {
        return;
    };
    if own == Some(token) {
        found.add(
            Severity::Warn,
            "hooks.token_reuse_gateway_token",
            "Hooks token reuses the gateway token",
            "hooks.token is the gateway token: whoever may call a hook may do everything.",
            facts.command("openclaw config set hooks.token \"$(openssl rand -hex 32)\""),
        );
    }
    if token.chars().count() < TOKEN_CHARS {
        found.add(
            Severity::Warn,
            "hooks.token_too_short",
            "Hooks token looks short",
            format!(
                "hooks token is {} chars; prefer a long random token.",
                token.chars().count()
            ),
            facts.command("openclaw config set hooks.token \"$(openssl rand -hex 32)\""),
        );
    }
    if !token.starts_with("${") {
        found.add(
            Severity::Info,
            "config.secrets.hooks_token_in_config",
            "Hooks token is stored in config",
            "hooks.token is written out in the config file.",
            "write \"${OPENCLAW_HOOKS_TOKEN}\" and put the token into the environment",
        );
    }
    if hooks["path"]
        .as_str()
        .is_some_and(|path| path.trim() == "/")
    {
        found.add(
            Severity::Critical,
            "hooks.path_root",
            "Hooks answer on every path",
            "hooks.path is \"/\".",
            facts.command("openclaw config set hooks.path /hooks"),
        );
    }
}

fn browsers(facts: &Facts<'_>, found: &mut Found) {
    let ui = &facts.settings.gateway.control_ui;
    if ui.allow_insecure_auth {
        found.add(
            Severity::Critical,
            "gateway.control_ui.insecure_auth",
            "Control UI allows insecure HTTP auth",
            "gateway.controlUi.allowInsecureAuth is true: over plain HTTP the token alone opens everything, and it can be read on the way.",
            facts.command("openclaw config unset gateway.controlUi.allowInsecureAuth"),
        );
    }
    if ui.dangerously_disable_device_auth {
        found.add(
            Severity::Critical,
            "gateway.control_ui.device_auth_disabled",
            "DANGEROUS: Control UI device auth disabled",
            "gateway.controlUi.dangerouslyDisableDeviceAuth is true: browsers prove no device, so none can be revoked.",
            facts.command("openclaw config unset gateway.controlUi.dangerouslyDisableDeviceAuth"),
        );
    }
    if ui.allowed_origins.iter().any(|origin| origin.trim() == "*") {
        found.add(
            Severity::Critical,
            "gateway.control_ui.origins_wildcard",
            "Every web page may talk to the gateway",
            "gateway.controlUi.allowedOrigins has \"*\": any page in a browser that reaches the gateway may connect and guess.",
            facts.command("openclaw config set gateway.controlUi.allowedOrigins '[\"https://<your-host>\"]'"),
        );
    }
    let plain: Vec<&str> = ui
        .allowed_origins
        .iter()
        .map(String::as_str)
        .filter(|origin| {
            origin.starts_with("http://")
                && !origin.contains("localhost")
                && !origin.contains("127.0.0.1")
        })
        .collect();
    if !plain.is_empty() {
        found.add(
            Severity::Info,
            "gateway.control_ui.origins_plain",
            "Pages that come unencrypted may talk to the gateway",
            format!("gateway.controlUi.allowedOrigins has {}: whoever changes such a page on its way acts as you.", plain.join(", ")),
            "serve them over https:// and list that",
        );
    }
}
