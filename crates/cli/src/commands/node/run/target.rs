//! Which gateway a node host serves, and what it shows there.
//!
//! A stored credential goes only to the gateway it is stored for: the token of this machine's own
//! gateway to loopback, that of the remote gateway to its URL.

use openclaw_client::{Credentials, Fingerprint, Target};
use openclaw_config::env;
use openclaw_config::resolve::{
    ClientFlags, ClientTarget, MissingRemote, SshRoute, normalize_url, resolve_client_target,
    resolve_port,
};
use openclaw_config::schema::{GatewayMode, Transport};
use openclaw_config::{Secret, Settings};
use openclaw_node::host::SavedGateway;
use openclaw_protocol::setup_code::SetupCode;

use super::Args;
use crate::commands::node::endpoint::non_blank;
use crate::context::{Context, problem};
use crate::error::CommandError;
use crate::host::Gateway;

/// The chosen gateway.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Where and with what.
    pub(super) client: Gateway,
    /// What to remember for the next start; only what the line said.
    pub(super) save: Option<SavedGateway>,
    /// The SSH host on the way.
    pub(super) ssh: Option<SshRoute>,
    /// Headers for a proxy in front of it.
    pub(super) edge_headers: Vec<(String, Secret)>,
}

/// Flags, then the gateway of the last start, then the remote gateway of the config, then the one of
/// this machine.
pub(super) fn resolve(
    context: &Context,
    settings: &Settings,
    args: &Args,
    saved: Option<&SavedGateway>,
) -> Result<Chosen, CommandError> {
    if args.token.is_none() && args.password.is_none() {
        context.needs_secret(env::OPENCLAW_GATEWAY_TOKEN)?;
        context.needs_secret(env::OPENCLAW_GATEWAY_PASSWORD)?;
    }
    let fingerprint = non_blank(args.endpoint.tls_fingerprint.as_ref());
    let port = args.endpoint.port()?;
    let typed = args.endpoint.host.is_some()
        || port.is_some()
        || args.endpoint.tls
        || fingerprint.is_some();
    let remembered = saved.filter(|_| !typed || args.endpoint.host.is_none());
    let host = non_blank(args.endpoint.host.as_ref())
        .or_else(|| remembered.and_then(|saved| saved.host.clone()));
    let remote = &settings.gateway.remote;
    let by_ssh = remote.transport == Some(Transport::Ssh);
    let has_remote = by_ssh || non_blank(remote.url.as_ref()).is_some();
    if host.is_none() && settings.gateway.mode == Some(GatewayMode::Remote) && has_remote {
        let flags = ClientFlags {
            token: args.token.clone(),
            password: args.password.clone(),
            tls_fingerprint: fingerprint,
            ..ClientFlags::default()
        };
        let env = context.env();
        let target = resolve_client_target(
            &flags,
            env,
            settings,
            context.paths(),
            MissingRemote::Refuse,
        )
        .map_err(CommandError::new)?;
        return chosen(target, args);
    }
    let tls =
        args.endpoint.tls || fingerprint.is_some() || remembered.is_some_and(|saved| saved.tls);
    let pin = fingerprint.or_else(|| remembered.and_then(|saved| saved.tls_fingerprint.clone()));
    let port = match port.or_else(|| remembered.and_then(|saved| saved.port)) {
        Some(port) => port,
        // The gateway of this machine, or one of this profile elsewhere.
        None => {
            resolve_port(None, context.env(), settings, &context.paths().profile)
                .map_err(|issue| CommandError::new(problem(&issue)))?
                .value
        }
    };
    let host = host.unwrap_or_else(|| "127.0.0.1".to_owned());
    let scheme = if tls { "wss" } else { "ws" };
    let shown = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.clone()
    };
    let url = format!("{scheme}://{shown}:{port}");
    let save = typed.then(|| SavedGateway::new(&host, port, tls, pin.clone()));
    Ok(Chosen {
        client: gateway(context, settings, args, &url, pin)?,
        save,
        ssh: None,
        edge_headers: Vec::new(),
    })
}

/// The remote gateway of the config, as commands reach it.
fn chosen(target: ClientTarget, args: &Args) -> Result<Chosen, CommandError> {
    let pin = match &target.tls_fingerprint {
        Some(text) => Some(text.parse::<Fingerprint>().map_err(CommandError::new)?),
        None => None,
    };
    let credentials = Credentials {
        token: target.token.map(|token| token.value),
        password: target.password.map(|password| password.value),
        explicit: args.token.is_some() || args.password.is_some(),
        ..Credentials::default()
    };
    Ok(Chosen {
        client: Gateway(
            Target::parse(&target.url).map_err(CommandError::new)?,
            credentials,
            pin,
        ),
        save: None,
        ssh: target.ssh,
        edge_headers: target.edge_headers,
    })
}

/// The gateway of a setup code, at the address that answered.
pub(super) fn of_code(url: &str, code: &SetupCode) -> Result<Chosen, CommandError> {
    let target = Target::parse(url).map_err(CommandError::new)?;
    let secure = url.starts_with("wss://");
    let pin = code.tls_fingerprint.clone().filter(|_| secure);
    let save = target.url().map(|parsed| {
        SavedGateway::new(&parsed.host.lookup_name(), parsed.port, secure, pin.clone())
    });
    let pin = match pin {
        Some(text) => Some(text.parse::<Fingerprint>().map_err(CommandError::new)?),
        None => None,
    };
    // A token of this gateway from earlier is shown first; the code is for when there is none.
    let credentials = Credentials {
        bootstrap_token: Some(Secret::new(code.bootstrap_token.clone())),
        ..Credentials::default()
    };
    Ok(Chosen {
        client: Gateway(target, credentials, pin),
        save,
        ssh: None,
        edge_headers: Vec::new(),
    })
}

fn gateway(
    context: &Context,
    settings: &Settings,
    args: &Args,
    url: &str,
    pin: Option<String>,
) -> Result<Gateway, CommandError> {
    let target = Target::parse(url).map_err(CommandError::new)?;
    let pin = match pin {
        Some(text) => Some(text.parse::<Fingerprint>().map_err(CommandError::new)?),
        None => None,
    };
    let remote = &settings.gateway.remote;
    let auth = &settings.gateway.auth;
    let is_remote = remote
        .url
        .as_deref()
        .and_then(|url| normalize_url(url).ok())
        .and_then(|url| Target::parse(&url).ok())
        .is_some_and(|remote| remote == target);
    let stored = |of_remote: &Option<Secret>, of_local: &Option<Secret>| {
        if is_remote {
            of_remote.clone()
        } else if target.is_loopback() {
            of_local.clone()
        } else {
            None
        }
    };
    let choose = |flag: &Option<String>, name: &str, stored: Option<Secret>| {
        non_blank(flag.as_ref())
            .or_else(|| context.env().get(name).map(str::to_owned))
            .map(Secret::new)
            .or(stored)
    };
    let credentials = Credentials {
        token: choose(
            &args.token,
            env::OPENCLAW_GATEWAY_TOKEN,
            stored(&remote.token, &auth.token),
        ),
        password: choose(
            &args.password,
            env::OPENCLAW_GATEWAY_PASSWORD,
            stored(&remote.password, &auth.password),
        ),
        // A typed token wins over the cached one of this device; a typed host does not forbid it.
        explicit: args.token.is_some() || args.password.is_some(),
        ..Credentials::default()
    };
    Ok(Gateway(target, credentials, pin))
}
