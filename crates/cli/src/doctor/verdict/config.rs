//! The hop before the first: what this side was told.

use std::net::{IpAddr, SocketAddr};

use openclaw_client::plaintext::is_private;
use openclaw_client::target::Scheme;
use openclaw_config::Profile;
use openclaw_config::resolve::UrlSource;

use crate::doctor::asked::Asked;
use crate::doctor::{Fix, Hop, Verdict};

/// Remote mode, or a walk to elsewhere, and nothing says where.
pub(crate) fn no_url(remote_mode: bool, profile: &Profile) -> Verdict {
    let cause = if remote_mode {
        "gateway.mode is remote, but gateway.remote.url is not set: nothing says where the gateway is."
    } else {
        "There is no remote gateway in this config: gateway.remote.url is not set, and no --url was given."
    };
    let verdict = Verdict::new("config_remote_url_missing", Hop::Config, cause).fix(Fix::run(
        "say where it is",
        profile.command("openclaw config set gateway.remote.url wss://<host>:18789"),
    ));
    if remote_mode {
        verdict.fix(Fix::run(
            "or, if the gateway is to run on this machine",
            profile.command("openclaw config set gateway.mode local"),
        ))
    } else {
        verdict.fix(Fix::run(
            "or look at the gateway of this machine",
            profile.command("openclaw doctor"),
        ))
    }
}

/// This machine is a node of somebody and has no gateway of its own.
pub(crate) fn node_only(gateway: &str, profile: &Profile) -> Verdict {
    Verdict::new(
        "config_node_only",
        Hop::Config,
        format!(
            "No gateway runs on this machine: it is a node of {gateway}, and nothing is wrong with that. \
             Commands look for a gateway here because gateway.mode is not remote."
        ),
    )
    .fix(Fix::run(
        "look at that gateway",
        profile.command(&format!("openclaw doctor --url {gateway} --token <token>")),
    ))
    .fix(Fix::run(
        "and to use it from here always",
        format!(
            "{} && {}",
            profile.command(&format!("openclaw config set gateway.remote.url {gateway}")),
            profile.command("openclaw config set gateway.mode remote")
        ),
    ))
}

/// Text that is no URL.
pub(crate) fn bad_url(text: &str, source: UrlSource, profile: &Profile) -> Verdict {
    let verdict = Verdict::new(
        "config_url_invalid",
        Hop::Config,
        format!(
            "\"{}\" ({source}) is not the URL of a gateway. It starts with ws://, wss://, http:// or https://, then comes \
             the host, then :port if it is not the usual one, and no user name or password.",
            without_login(text)
        ),
    );
    match source {
        UrlSource::Flag => verdict.fix(Fix::see("pass --url wss://<host>:18789")),
        UrlSource::Env => verdict.fix(Fix::run(
            "correct it",
            "export OPENCLAW_GATEWAY_URL=wss://<host>:18789",
        )),
        _ => verdict.fix(Fix::run(
            "correct it",
            profile.command("openclaw config set gateway.remote.url wss://<host>:18789"),
        )),
    }
}

/// A URL without what stands before its `@`: that is a password.
fn without_login(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(start), Some(end)) if start + 3 <= end => {
            format!("{}...{}", &text[..start + 3], &text[end..])
        }
        _ => text.to_owned(),
    }
}

/// A pin that is no fingerprint.
pub(in crate::doctor) fn bad_pin(text: &str, source: UrlSource, profile: &Profile) -> Verdict {
    let shown: String = text.chars().take(80).collect();
    let verdict = Verdict::new(
        "config_pin_invalid",
        Hop::Config,
        format!("\"{shown}\" is not a certificate fingerprint: 64 hex digits are expected (colons and case do not matter)."),
    )
    .fix(Fix::run(
        "on the gateway host, read it from the line \"TLS:\" of",
        "openclaw gateway status",
    ));
    if source == UrlSource::Remote {
        verdict.fix(Fix::run(
            "then here",
            profile.command("openclaw config set gateway.remote.tlsFingerprint <fingerprint>"),
        ))
    } else {
        verdict.fix(Fix::see("then pass --tls-fingerprint <fingerprint>"))
    }
}

/// A header that no request can have.
pub(in crate::doctor) fn bad_header(name: &str, profile: &Profile) -> Verdict {
    Verdict::new(
        "config_header_invalid",
        Hop::Config,
        format!("gateway.remote.edgeAuth.{name} is no header: its name or its value has letters that HTTP does not allow."),
    )
    .fix(Fix::run(
        "remove it, or correct it",
        profile.command(&format!("openclaw config unset gateway.remote.edgeAuth.{name}")),
    ))
}

/// What is wrong with the wish itself.
pub(in crate::doctor) fn judge(asked: &Asked) -> Option<Verdict> {
    if asked.pin.is_some() && asked.url.scheme == Scheme::Ws {
        let wss = asked.with_scheme(Scheme::Wss);
        return Some(
            Verdict::new(
                "config_pin_without_tls",
                Hop::Config,
                format!(
                    "A certificate is pinned for {}, but ws:// has no certificate, so nothing would be checked.",
                    asked.url
                ),
            )
            .fix(asked.use_url("use TLS", &wss))
            .fix(Fix::run(
                "or, if the gateway has no TLS, drop the pin",
                asked.command("openclaw config unset gateway.remote.tlsFingerprint"),
            )),
        );
    }
    None
}

/// Plaintext to addresses that are public.
pub(in crate::doctor) fn plaintext(
    asked: &Asked,
    addresses: &[SocketAddr],
    allowed: bool,
) -> Option<Verdict> {
    if asked.url.scheme != Scheme::Ws || allowed {
        return None;
    }
    let public: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
    if public.is_empty() || public.iter().any(|ip| is_private(*ip)) {
        return None;
    }
    let wss = asked.with_scheme(Scheme::Wss);
    Some(
        Verdict::new(
            "config_plaintext_public",
            Hop::Config,
            format!(
                "{} is not encrypted, and {} is a public address: the token could be read on the way, so it is not sent ({}).",
                asked.url, public[0], asked.source
            ),
        )
        .fix(asked.on_host("turn TLS on", "openclaw config set gateway.tls.mode self"))
        .fix(asked.use_url("then here", &wss))
        .fix(asked.by_ssh()),
    )
}
