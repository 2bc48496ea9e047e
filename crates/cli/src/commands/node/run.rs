//! `openclaw node run`.

mod target;
mod way;

use std::sync::Arc;

use openclaw_client::tls::TlsError;
use openclaw_client::{ConnectError, DeviceIdentity, FailureClass, Target, TokenCache};
use openclaw_node::{Host, HostError, NodeFile};
use openclaw_protocol::setup_code::SetupCode;
use tokio_util::sync::CancellationToken;

use super::endpoint::{Endpoint, non_blank};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::host::{self, Printer};
use crate::platform::{Ends, supervisor};
use crate::runtime;
use crate::setup::{self, Pasted};
use way::Way;

/// Arguments of `node run`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    endpoint: Endpoint,
    /// Shared gateway token [default: `OPENCLAW_GATEWAY_TOKEN`]
    #[arg(long, value_name = "token")]
    token: Option<String>,
    /// Shared gateway password [default: `OPENCLAW_GATEWAY_PASSWORD`]
    #[arg(long, value_name = "password")]
    password: Option<String>,
    /// Pair with a setup code, oc-pair:// URL or join link first
    #[arg(long, value_name = "code", conflicts_with_all = ["host", "port"])]
    pair: Option<String>,
    /// The same, unless this machine is paired with that gateway already
    #[arg(long, value_name = "code", conflicts_with_all = ["host", "port", "pair"])]
    pair_if_needed: Option<String>,
}

/// A node host that starts with a code.
#[derive(Debug)]
pub(crate) struct PairArgs(Args);

impl PairArgs {
    /// Everything else as by default.
    pub(crate) fn new(display_name: Option<String>) -> Self {
        Self(Args {
            endpoint: Endpoint {
                display_name,
                ..Endpoint::default()
            },
            ..Args::default()
        })
    }

    /// Pairs and serves until interrupted.
    pub(crate) fn run(self, context: &Context, code: &SetupCode) -> Outcome {
        self.0.serve(context, Some(code))
    }
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let code = self.code(context)?;
        self.serve(context, code.as_ref())
    }

    /// The code of the line, unless it is not needed.
    fn code(&self, context: &Context) -> Result<Option<SetupCode>, CommandError> {
        let Some(text) = self.pair.as_ref().or(self.pair_if_needed.as_ref()) else {
            return Ok(None);
        };
        let pasted = setup::read(text)?;
        if let (true, Pasted::Code(code)) = (self.pair.is_none(), &pasted)
            && is_paired(context, code)?
        {
            return Ok(None);
        }
        let mut found = None;
        runtime::run(async {
            found = Some(setup::resolve(context, pasted).await?.code);
            Ok(Exit::OK)
        })?;
        Ok(found)
    }

    fn serve(self, context: &Context, code: Option<&SetupCode>) -> Outcome {
        let settings = context.settings()?;
        let paths = context.paths();
        let mut file = NodeFile::load(&paths.node_file);
        if let Some(id) = non_blank(self.endpoint.node_id.as_ref()) {
            file.node_id = id;
        }
        if let Some(name) = non_blank(self.endpoint.display_name.as_ref()) {
            file.display_name = Some(name);
        }
        let target = match code {
            Some(code) => {
                let mut url = None;
                runtime::run(async {
                    url = Some(setup::first_reachable(context, code).await?);
                    Ok(Exit::OK)
                })?;
                target::of_code(&url.unwrap_or_default(), code)?
            }
            None => target::resolve(context, settings, &self, file.gateway.as_ref())?,
        };
        if let Some(saved) = &target.save {
            file.gateway = Some(saved.clone());
        }
        let _lock = host::lock(context)?;
        file.save(&paths.node_file)
            .map_err(|error| CommandError::new(format!("cannot write node.json: {error}")))?;
        let identity =
            DeviceIdentity::load_or_create(&paths.identity_file).map_err(CommandError::new)?;
        let ui = context.ui();
        ui.line(format!("node host PATH: {}", host::path(context.env())))?;
        ui.note(format!("node host target: {}", target.client.0));
        let gateway = target.client.0.clone();
        let mut options = host::options(
            context,
            settings,
            target.client,
            Arc::new(identity),
            &file,
            Arc::new(Printer::new(ui)),
        )?;
        for (name, value) in &target.edge_headers {
            if options.client.add_header(name, value).is_none() {
                return Err(CommandError::new(format!(
                    "gateway.remote.edgeAuth.{name}: not a header"
                )));
            }
        }
        let way = target
            .ssh
            .as_ref()
            .map(|route| Way::new(context, route, &gateway));
        runtime::block_on(async {
            let shutdown = CancellationToken::new();
            // Ready to be asked, whether a gateway is there already or not: it is looked for without end.
            let _watchdog = supervisor::watchdog();
            supervisor::ready("node host");
            let mut ends = Ends::listen()?;
            let serving = async {
                let Some(way) = way else {
                    return Host::run(options, shutdown.clone()).await;
                };
                let Some(lease) = way.open(&mut options.client, &shutdown).await else {
                    return Ok(());
                };
                tokio::select! {
                    ended = Host::run(options, shutdown.clone()) => ended,
                    () = way.keep(lease) => Ok(()),
                }
            };
            tokio::pin!(serving);
            let ended = loop {
                tokio::select! {
                    ended = &mut serving => break ended,
                    _ = ends.next() => {}
                }
                supervisor::stopping();
                shutdown.cancel();
            };
            ended
                .map(|()| Exit::OK)
                .map_err(|error| stopped(context, error))
        })
    }
}

/// Whether this machine has a node token of a gateway at one of the code's addresses.
fn is_paired(context: &Context, code: &SetupCode) -> Result<bool, CommandError> {
    let paths = context.paths();
    let identity = DeviceIdentity::load(&paths.identity_file).map_err(CommandError::new)?;
    let cache = TokenCache::new(&paths.device_auth_file);
    Ok(identity.is_some_and(|identity| {
        let known = |url: &String| {
            Target::parse(url).is_ok_and(|target| {
                let gateway = target.to_string();
                cache
                    .get(identity.device_id(), &gateway, "node", false)
                    .is_some()
            })
        };
        code.urls.iter().any(known)
    }))
}

/// The gateway refuses for good: say why, and how to go on.
fn stopped(context: &Context, error: HostError) -> CommandError {
    let HostError::Stopped(reason) = error;
    let failure = CommandError::plain(format!("node host stopped: {reason}"));
    if reason.class() == FailureClass::Terminal && reason.refusal().is_some() {
        return failure.hint(format!(
            "Fix: give the right credential with OPENCLAW_GATEWAY_TOKEN or --token, then run {} again.",
            context.command("openclaw node run")
        ));
    }
    if let ConnectError::Tls(TlsError::Untrusted { fingerprint, .. }) = &reason {
        return failure
            .hint(format!(
                "Fix: compare it with the line \"TLS:\" of {} on the gateway host.",
                "openclaw gateway status"
            ))
            .hint(format!(
                "If it is the same there: {}",
                context.command(&format!(
                    "openclaw node run --tls-fingerprint {}",
                    fingerprint.to_hex()
                ))
            ));
    }
    if let ConnectError::Tls(TlsError::FingerprintMismatch { expected, actual }) = &reason {
        return failure
            .with_details(format!("Pinned: sha256 {expected}\nShown:  sha256 {actual}"))
            .hint("Fix: compare both with the line \"TLS:\" of openclaw gateway status on the gateway host.")
            .hint(format!(
                "If the shown one is the same there: {}",
                context.command(&format!(
                    "openclaw node run --tls-fingerprint {}",
                    actual.to_hex()
                ))
            ));
    }
    failure
}
