//! `openclaw connect`: pairs this machine with a gateway elsewhere and remembers it.

use std::sync::Arc;
use std::time::Duration;

use openclaw_client::{Client, ClientOptions, Credentials, DeviceIdentity, Target, TokenCache};
use openclaw_config::Secret;
use openclaw_config::edit::{Base, ConfigEditor};
use openclaw_config::schema::GatewayMode;
use openclaw_gateway::lock::peek;
use openclaw_protocol::fingerprint;
use openclaw_protocol::scope::ScopeSet;
use openclaw_protocol::setup_code::SetupCode;
use serde_json::{Value, json};

use crate::app::VERSION;
use crate::commands::devices::short_scopes;
use crate::commands::node::PairArgs;
use crate::connect::device_name;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::runtime;
use crate::setup::{self, Found, Pasted};
use crate::ui::format::now_ms;

/// Time for the one connect that uses the code.
const PATIENCE: Duration = Duration::from_secs(15);

/// Arguments of `connect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Setup code, oc-pair:// URL, join link, or the address of a gateway
    #[arg(value_name = "target")]
    target: String,
    /// Make this machine a node of the gateway, and serve until interrupted
    #[arg(long)]
    node: bool,
    /// Name of this machine for people [default: the host name]
    #[arg(long, value_name = "name")]
    display_name: Option<String>,
    /// Shared token, for the address of a gateway
    #[arg(long, value_name = "token")]
    token: Option<String>,
    /// SHA-256 fingerprint of the gateway's certificate, for the address of a gateway
    #[arg(long, value_name = "sha256")]
    tls_fingerprint: Option<String>,
    /// Go on where this machine has a gateway of its own: commands then talk to the other one
    #[arg(long)]
    force: bool,
}

impl Args {
    /// What was pasted by somebody who chose a gateway elsewhere, with nothing else said.
    pub(crate) const fn pasted(target: String) -> Self {
        Self {
            target,
            node: false,
            display_name: None,
            token: None,
            tls_fingerprint: None,
            force: true,
        }
    }

    pub(crate) fn run(self, context: &Context) -> Outcome {
        let pasted = setup::read(&self.target)?;
        // A join link is used up by looking at it.
        if !self.force && !self.node {
            refuse_own_gateway(context)?;
        }
        if let Pasted::Gateway(url) = pasted {
            return runtime::run(self.address(context, &url));
        }
        let mut found = None;
        runtime::run(async {
            found = Some(setup::resolve(context, pasted).await?);
            Ok(Exit::OK)
        })?;
        let Some(found) = found else {
            return Err(CommandError::silent());
        };
        let is_node = self.node || found.access.as_deref() == Some("node");
        if is_node {
            if !self.node {
                context
                    .ui()
                    .note("This code makes this machine a node of the gateway.");
            }
            return PairArgs::new(self.display_name).run(context, &found.code);
        }
        runtime::run(self.operator(context, found))
    }

    async fn operator(self, context: &Context, found: Found) -> Outcome {
        let code = found.code;
        let url = setup::first_reachable(context, &code).await?;
        let client = self.redeem(context, &url, &code).await?;
        let hello = client.hello();
        // The first call shows the gateway that its token has arrived, which ends the code.
        client
            .call("health", &json!({}))
            .await
            .map_err(CommandError::new)?;
        client.close().await;
        let scopes = hello
            .and_then(|hello| hello.auth.clone())
            .map(|auth| auth.scopes)
            .unwrap_or_default();
        let pin = code.tls_fingerprint.filter(|_| url.starts_with("wss://"));
        remember(context, &url, pin.as_deref(), None)?;
        report(context, &url, pin.as_deref(), Some(&scopes))
    }

    async fn redeem(
        &self,
        context: &Context,
        url: &str,
        code: &SetupCode,
    ) -> Result<Client, CommandError> {
        let target = Target::parse(url).map_err(CommandError::new)?;
        let mut options = ClientOptions::operator(target, VERSION);
        setup::trust(context, &mut options, code.tls_fingerprint.as_deref())?;
        let identity = DeviceIdentity::load_or_create(&context.paths().identity_file)
            .map_err(CommandError::new)?;
        options.identity = Some(Arc::new(identity));
        options.token_cache = Some(TokenCache::new(&context.paths().device_auth_file));
        options.client.display_name = Some(
            self.display_name
                .clone()
                .unwrap_or_else(|| device_name(context)),
        );
        options.scopes = ScopeSet::FULL
            .names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        options.credentials = Credentials {
            bootstrap_token: Some(Secret::new(code.bootstrap_token.clone())),
            explicit: true,
            ..Credentials::default()
        };
        options.connect_timeout = PATIENCE;
        Client::connect(options).await.map_err(|error| {
            let used_up = setup::is_used_up(&error);
            let failure = CommandError::new(&error);
            if used_up {
                failure
                    .hint("Fix: make a new code on the gateway with: openclaw qr")
                    .hint("If the code was made for a node, run: openclaw connect --node <code>")
            } else {
                failure
            }
        })
    }

    /// An address alone: asked, then remembered.
    async fn address(self, context: &Context, url: &str) -> Outcome {
        if self.node {
            return Err(CommandError::new("an address is not enough for a node")
                .hint("Fix: openclaw node run --host <host> --port <port>, or make a code on the gateway: openclaw devices join-code"));
        }
        let target = Target::parse(url).map_err(CommandError::new)?;
        let shown = target.to_string();
        setup::knock(context, url, self.tls_fingerprint.as_deref())
            .await
            .map_err(|problem| {
                CommandError::new(format!("no gateway answers at {shown}; nothing was changed"))
                    .with_details(problem)
                    .hint("Fix: check the address, and that the gateway runs and is reached from this machine")
            })?;
        remember(
            context,
            &shown,
            self.tls_fingerprint.as_deref(),
            self.token.as_deref(),
        )?;
        report(context, &shown, self.tls_fingerprint.as_deref(), None)?;
        context.ui().note(format!(
            "Nothing was paired yet. See how it stands with: {}",
            context.command("openclaw gateway probe")
        ));
        Ok(Exit::OK)
    }
}

/// A machine with a gateway of its own does not lose sight of it by a word too many.
fn refuse_own_gateway(context: &Context) -> Result<(), CommandError> {
    let runs = peek(&context.paths().lock_file, now_ms())
        .ok()
        .flatten()
        .map(|holder| format!("it runs: {holder}"));
    let mode = context.snapshot().settings.gateway.mode;
    let is_local = || "gateway.mode is local".to_owned();
    let Some(why) = runs.or_else(|| (mode == Some(GatewayMode::Local)).then(is_local)) else {
        return Ok(());
    };
    Err(CommandError::plain(format!(
        "this machine has a gateway of its own ({why}); nothing was changed"
    ))
    .hint(format!(
        "To have commands of this machine talk to the other one: {}",
        context.command("openclaw connect --force <target>")
    ))
    .hint(format!(
        "To make this machine a node of the other one, and keep its own: {}",
        context.command("openclaw connect --node <code>")
    )))
}

/// Makes the gateway the one that commands of this machine talk to. What was kept for another one goes.
fn remember(
    context: &Context,
    url: &str,
    pin: Option<&str>,
    token: Option<&str>,
) -> Result<(), CommandError> {
    let patch: Value = json!({ "gateway": {
        "mode": "remote",
        "remote": {
            "url": url,
            "tlsFingerprint": pin,
            "token": token,
            "password": null,
            "transport": null,
        },
    } });
    ConfigEditor::new(context.paths(), context.env())
        .with_version(VERSION)
        .patch(Base::Current, &patch.to_string())
        .map_err(|error| CommandError::new(format!("the gateway cannot be remembered: {error}")))?;
    Ok(())
}

fn report(context: &Context, url: &str, pin: Option<&str>, scopes: Option<&[String]>) -> Outcome {
    let ui = context.ui();
    let identity = DeviceIdentity::load_or_create(&context.paths().identity_file)
        .map_err(CommandError::new)?;
    if ui.is_json() {
        ui.json(&json!({
            "ok": true,
            "url": url,
            "tlsFingerprint": pin,
            "deviceId": identity.device_id(),
            "paired": scopes.is_some(),
            "scopes": scopes,
        }))?;
        return Ok(Exit::OK);
    }
    if let Some(scopes) = scopes {
        ui.line(format!("Paired with {url}"))?;
        ui.line(format!("May: {}", short_scopes(scopes)))?;
        if let Some(words) = fingerprint::fingerprint_words(identity.device_id()) {
            ui.line(format!("This device: {words}"))?;
        }
    } else {
        ui.line(format!("Gateway: {url}"))?;
    }
    if let Some(pin) = pin {
        ui.line(format!("Certificate: SHA-256 {pin}"))?;
    }
    ui.line("Remembered: gateway.mode remote, gateway.remote.url")?;
    ui.line(format!("Next: {}", context.command("openclaw status")))?;
    Ok(Exit::OK)
}
