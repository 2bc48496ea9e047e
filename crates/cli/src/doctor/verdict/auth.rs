//! The gateway lets us in, or says why not.

use openclaw_client::{ConnectError, Refusal, RefusalKind};

use super::socket::starting;
use crate::doctor::asked::Asked;
use crate::doctor::{Fix, Hop, Verdict};

/// Why a connection whose way was clear did not come about.
pub(in crate::doctor) fn judge(asked: &Asked, error: &ConnectError) -> Verdict {
    match error {
        ConnectError::Refused(refusal) => refused(asked, refusal),
        ConnectError::Timeout(limit) => Verdict::new(
            "auth_timeout",
            Hop::Auth,
            format!(
                "The gateway sent its challenge and did not answer the login within {} s: it is overloaded, or a proxy holds the answer back.",
                limit.as_secs_f32()
            ),
        )
        .fix(asked.on_host("see how it is", "openclaw gateway status"))
        .fix(Fix::run("or give it more time", asked.command("openclaw doctor --remote --timeout 60000"))),
        ConnectError::Closed(close) if close.code == 1013 => starting(asked),
        ConnectError::Closed(close) => Verdict::new(
            "auth_closed",
            Hop::Auth,
            format!("The gateway closed the connection during the login: {close}."),
        )
        .fix(asked.on_host("read why", "openclaw logs --tail 50")),
        ConnectError::Protocol(why) => Verdict::new(
            "auth_unreadable",
            Hop::Auth,
            format!("The login was answered with something that no gateway says: {why}."),
        )
        .fix(asked.on_host("see its version", "openclaw --version"))
        .fix(Fix::run("and that of this command", "openclaw --version")),
        other => Verdict::new(
            "auth_failed",
            Hop::Auth,
            format!("The way was clear, and then the login failed: {}.", reason(other)),
        )
        .fix(Fix::run("try once more", asked.again()))
        .fix(asked.on_host("read what it saw", "openclaw logs --tail 50")),
    }
}

fn reason(error: &ConnectError) -> String {
    match error {
        ConnectError::Unreachable(why) => why.to_string(),
        other => other.to_string(),
    }
}

fn refused(asked: &Asked, refusal: &Refusal) -> Verdict {
    match refusal.kind() {
        RefusalKind::TokenMissing => missing(asked, "token", "password"),
        RefusalKind::PasswordMissing => missing(asked, "password", "token"),
        RefusalKind::TokenMismatch => mismatch(asked, "token", "password"),
        RefusalKind::PasswordMismatch => mismatch(asked, "password", "token"),
        RefusalKind::DeviceTokenMismatch => device_token(asked),
        RefusalKind::ScopeMismatch => Verdict::new(
            "auth_scope_mismatch",
            Hop::Auth,
            "The token of this device does not cover what this command asks for.",
        )
        .fix(asked.on_host("approve the wider access", "openclaw devices approve --latest")),
        RefusalKind::BootstrapTokenInvalid => Verdict::new(
            "auth_setup_code",
            Hop::Auth,
            "The setup code was used already, has expired, or was taken back.",
        )
        .fix(asked.on_host("make a new one", "openclaw qr")),
        RefusalKind::NotConfigured => Verdict::new(
            "auth_not_configured",
            Hop::Auth,
            format!("The gateway has no credential to compare with: {}.", refusal.error.message),
        )
        .fix(asked.on_host("give it one", "openclaw config set gateway.auth.token \"$(openssl rand -hex 32)\"")),
        RefusalKind::RateLimited => limited(asked, refusal),
        RefusalKind::PairingRequired => pairing(asked, refusal),
        RefusalKind::DeviceIdentityRequired => Verdict::new(
            "auth_device_identity",
            Hop::Auth,
            "The gateway takes only devices that prove who they are, and this connection has no device key.",
        )
        .fix(Fix::run("see whether the key file can be read and written", format!("ls -l {}", "~/.openclaw/identity")))
        .fix(asked.on_host("read what it saw", "openclaw logs --tail 50")),
        RefusalKind::DeviceProof => device_proof(asked, refusal),
        RefusalKind::ProtocolMismatch => protocol(asked, refusal),
        RefusalKind::OriginNotAllowed => Verdict::new(
            "ws_origin_refused",
            Hop::WebSocket,
            "The gateway refuses the Origin of this connection. Commands send none: a proxy or an extra header adds it.",
        )
        .fix(Fix::see("have the proxy pass Origin on as it came (nginx: remove proxy_set_header Origin)"))
        .fix(asked.on_host("or read which command would allow it", "openclaw logs --tail 50")),
        RefusalKind::Starting => starting(asked),
        RefusalKind::Unauthorized => identity(asked, refusal),
        _ => other(asked, refusal),
    }
}

fn other(asked: &Asked, refusal: &Refusal) -> Verdict {
    Verdict::new(
        "auth_refused",
        Hop::Auth,
        format!(
            "The gateway refused the login: {}.",
            refusal.error.message.trim_end_matches('.')
        ),
    )
    .fix(asked.on_host("read what it saw", "openclaw logs --tail 50"))
}

/// None was sent.
fn missing(asked: &Asked, kind: &str, other: &str) -> Verdict {
    if let (None, Some(source)) = (asked.sent(kind), asked.sent(other)) {
        return wrong_kind(asked, kind, other, source);
    }
    let id = if kind == "token" {
        "auth_token_missing"
    } else {
        "auth_password_missing"
    };
    Verdict::new(
        id,
        Hop::Auth,
        format!("The gateway wants its {kind}, and this side has none for it."),
    )
    .fix(asked.on_host(
        "read it",
        &format!("openclaw config get gateway.auth.{kind}"),
    ))
    .fix(asked.give("then give it", kind))
    .fix(asked.on_host(
        "or approve this device, if it has asked",
        "openclaw devices list",
    ))
}

/// A token where a password is wanted, or the other way round.
fn wrong_kind(asked: &Asked, kind: &str, other: &str, source: &str) -> Verdict {
    Verdict::new(
        "auth_wrong_kind",
        Hop::Auth,
        format!("The gateway wants a {kind} (its gateway.auth.mode is {kind}), and this side has only a {other} (from {source})."),
    )
    .fix(asked.give("give it", kind))
    .fix(asked.on_host(
        &format!("or go back to a {other}"),
        &format!("openclaw config set gateway.auth.mode {other}"),
    ))
}

/// The wrong one was sent.
fn mismatch(asked: &Asked, kind: &str, other: &str) -> Verdict {
    let Some(source) = asked.sent(kind) else {
        // Gateways that are sent a device token in place of the shared one call both by one name.
        return if asked.device_token {
            device_token(asked)
        } else {
            missing(asked, kind, other)
        };
    };
    let id = if kind == "token" {
        "auth_token_mismatch"
    } else {
        "auth_password_mismatch"
    };
    let verdict = Verdict::new(
        id,
        Hop::Auth,
        format!("The shared {kind} sent (from {source}) is not the gateway's."),
    );
    // A variable left over in some shell is the usual reason, and the hardest to see.
    let verdict = match source.strip_prefix("env ") {
        Some(name) => verdict.fix(Fix::run(
            "a variable wins over the config; if it is a left-over",
            format!("unset {name}"),
        )),
        None => verdict,
    };
    verdict
        .fix(asked.on_host(
            "see where the gateway has its own from",
            "openclaw gateway status",
        ))
        .fix(asked.on_host(
            "read it",
            &format!("openclaw config get gateway.auth.{kind}"),
        ))
        .fix(asked.give("then correct it here", kind))
}

fn device_token(asked: &Asked) -> Verdict {
    Verdict::new(
        "auth_device_token",
        Hop::Auth,
        "The token that this device got when it was paired is not valid any more: it was rotated, or the device was removed. \
         The shared token is not the problem.",
    )
    .fix(asked.give(
        "show the shared token once; the device gets a new one",
        "token",
    ))
    .fix(asked.on_host(
        "see whether the device is still paired",
        "openclaw devices list",
    ))
}

fn limited(asked: &Asked, refusal: &Refusal) -> Verdict {
    let wait = refusal
        .retry_after()
        .map(|wait| format!(" It lifts in {}.", super::span(wait.as_secs().max(1))))
        .unwrap_or_default();
    Verdict::new(
        "auth_rate_limited",
        Hop::Auth,
        format!("Too many wrong credentials came from this address, so the gateway does not look at another one for now.{wait} A client with an old token that keeps trying is the usual reason."),
    )
    .fix(asked.on_host("lift it at once", "openclaw gateway auth unlock"))
    .fix(asked.on_host("find who keeps trying", "openclaw audit list --kind refuse"))
}

fn pairing(asked: &Asked, refusal: &Refusal) -> Verdict {
    let what = match refusal.pairing_reason() {
        Some("role-upgrade") => {
            "The gateway knows this device, but not in this role; somebody has to approve that once"
        }
        Some("scope-upgrade") => {
            "The gateway knows this device, but it now asks for more than it was given; somebody has to approve that once"
        }
        Some("metadata-upgrade") => {
            "This device describes itself differently than before; somebody has to approve that once"
        }
        _ => "The gateway does not know this device yet; somebody has to approve it once",
    };
    let request = refusal
        .request_id()
        .map(|id| format!(" (request {id})"))
        .unwrap_or_default();
    let words = asked
        .device_words
        .as_ref()
        .map(|words| format!("\n  this device: {words}"))
        .unwrap_or_default();
    let command = refusal.pairing_code().map_or_else(
        || "openclaw devices approve --latest".to_owned(),
        |code| format!("openclaw pairing approve {code}"),
    );
    Verdict::new(
        "auth_pairing_required",
        Hop::Auth,
        format!("{what}{request}.{words}"),
    )
    .fix(asked.on_host("approve it", &command))
    .fix(Fix::run("then try again", asked.again()))
}

/// The signature was not accepted. Old gateways compare clocks.
fn device_proof(asked: &Asked, refusal: &Refusal) -> Verdict {
    let message = refusal.error.message.as_str();
    let code = refusal.error.detail_code().unwrap_or_default();
    if message.contains("expired") || code.contains("EXPIRED") || code.contains("SKEW") {
        let delta = refusal
            .error
            .details
            .as_ref()
            .and_then(|details| details["clockSkewMs"].as_i64())
            .map(|ms| format!(" ({})", super::span(ms.unsigned_abs() / 1000)))
            .unwrap_or_default();
        return Verdict::new(
            "auth_clock_skew",
            Hop::Auth,
            format!("The clocks of this machine and of the gateway are too far apart{delta}: the signature looks expired."),
        )
        .fix(Fix::run("check the clock here", "timedatectl"))
        .fix(asked.on_host("and there", "timedatectl"))
        .fix(Fix::run("and let it be set by itself", "sudo timedatectl set-ntp true"));
    }
    Verdict::new(
        "auth_device_proof",
        Hop::Auth,
        format!("The gateway does not accept the proof of this device: {message}."),
    )
    .fix(asked.on_host(
        "remove what it knows of this device",
        "openclaw devices list",
    ))
    .fix(Fix::run("then have this device ask anew", asked.again()))
}

fn protocol(asked: &Asked, refusal: &Refusal) -> Verdict {
    let theirs = refusal
        .expected_protocol()
        .map(|version| format!(" (it speaks protocol {version}, this command 3 and 4)"))
        .unwrap_or_default();
    Verdict::new(
        "auth_protocol_mismatch",
        Hop::Auth,
        format!("The gateway and this command are from releases too far apart{theirs}."),
    )
    .fix(Fix::run("see the version here", "openclaw --version"))
    .fix(asked.on_host("and there, then update the older one", "openclaw --version"))
}

/// Identity that a proxy or Tailscale should have vouched for.
fn identity(asked: &Asked, refusal: &Refusal) -> Verdict {
    let code = refusal.error.detail_code().unwrap_or_default();
    let message = &refusal.error.message;
    if code.contains("TAILSCALE") {
        return Verdict::new(
            "auth_tailscale_identity",
            Hop::Auth,
            format!("Tailscale did not vouch for a user: {message}. Tagged devices and Funnel have no user."),
        )
        .fix(asked.give("come in with the token instead", "token"))
        .fix(asked.on_host("see what Tailscale serves", "tailscale serve status"));
    }
    if code.contains("PROXY") || code.contains("IDENTITY") {
        return Verdict::new(
            "auth_proxy_identity",
            Hop::Auth,
            format!("The gateway leaves the login to a proxy, and this connection brings no user from it: {message}."),
        )
        .fix(Fix::see("go through the proxy's address instead of the gateway's own"))
        .fix(asked.on_host("see what the gateway gets from the proxy", "openclaw gateway proxy-check"));
    }
    other(asked, refusal)
}
