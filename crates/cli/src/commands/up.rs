//! `openclaw up`: from nothing to a running gateway with this machine as a node, in one step.

mod welcome;

use std::sync::Arc;

use openclaw_client::{Credentials, DeviceIdentity, Target};
use openclaw_config::resolve::GatewayFlags;
use openclaw_config::schema::LogLevel;
use openclaw_gateway::listen::Inherited;
use openclaw_gateway::lock::{LockHeld, StateLock, peek};
use openclaw_node::{Host, HostEvent, HostEvents, HostOptions, NodeFile};
use tokio_util::sync::CancellationToken;

use crate::args::TlsArgs;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::host;
use crate::logging::WsLog;
use crate::platform::handover;
use crate::runtime;
use crate::server::recovery::{self, Progress};
use crate::server::{self, FirstStart, Lacking, Server, ServerOptions};
use crate::ui::format::now_ms;
use welcome::Welcome;

/// Arguments of `up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port [default: 18789]
    #[arg(long, value_name = "port")]
    port: Option<String>,
    /// Where to listen: loopback, lan, tailnet, auto, custom, an IP address, an interface or a range [default: loopback]
    #[arg(long, value_name = "mode")]
    bind: Option<String>,
    #[command(flatten)]
    tls: TlsArgs,
    /// Name of this machine as a node [default: the host name]
    #[arg(long, value_name = "name")]
    display_name: Option<String>,
    /// Only the gateway, without this machine as a node
    #[arg(long)]
    no_node: bool,
    /// More on the console
    #[arg(long)]
    verbose: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let inherited = handover::take(context.process_env());
        if !inherited.has_lock()
            && let Ok(Some(holder)) = peek(&context.paths().lock_file, now_ms())
        {
            self.refuse_other_place(context, &holder)?;
            return welcome::already_running(context, &holder);
        }
        recovery::start(context, &inherited, |context, progress| {
            self.start(context, &inherited, progress)
        })
    }

    fn start(&self, context: &Context, inherited: &Inherited, progress: &Progress) -> Outcome {
        let mut options = ServerOptions {
            flags: GatewayFlags {
                port: self.port.clone(),
                bind: self.bind.clone(),
                tls: self.tls.flags(),
                ..GatewayFlags::default()
            },
            verbose: self.verbose,
            ws_log: WsLog::Auto,
            allow_weak_password: false,
            // Whoever brings a machine up beyond loopback needs a token there too.
            lacking: Lacking {
                mode: false,
                token: true,
            },
            // What matters is printed below; the log file has the rest.
            console_level: (!self.verbose).then_some(LogLevel::Warn),
            inherited: inherited.clone(),
        };
        let plan = server::plan(context, &options.flags)?;
        let first = server::prepare(context, &mut options.flags, &plan, options.lacking)?;
        let node = if self.no_node {
            None
        } else {
            self.node(context)?
        };
        progress.starting();
        runtime::block_on(self.serve(context, &options, &first, node, progress))
    }

    /// A running gateway does not move because of flags of another command.
    fn refuse_other_place(&self, context: &Context, holder: &LockHeld) -> Result<(), CommandError> {
        let port = holder
            .address
            .as_ref()
            .and_then(|address| address.rsplit(':').next());
        let asked = self.port.as_deref().map(str::trim);
        let other_port = asked.filter(|asked| port.is_some_and(|port| port != *asked));
        let setting = match (other_port, &self.bind) {
            (Some(port), _) => format!("gateway.port {port}"),
            (None, Some(bind)) => format!("gateway.bind {bind}"),
            (None, None) => return Ok(()),
        };
        Err(CommandError::new(format!(
            "a gateway already runs ({holder}); it was not moved"
        ))
        .hint(format!(
            "Move it without a restart: {}",
            context.command(&format!("openclaw config set {setting}"))
        )))
    }

    /// Starts the gateway, then this machine's node through the control socket.
    async fn serve(
        &self,
        context: &Context,
        options: &ServerOptions,
        first: &FirstStart,
        node: Option<(StateLock, HostOptions)>,
        progress: &Progress,
    ) -> Outcome {
        let (_lock, node) = node.unzip();
        let server = Server::start(context, options).await?;
        progress.running();
        let name = node
            .as_ref()
            .and_then(|node| node.client.client.display_name.clone());
        Welcome::new(context, server.gateway(), first, name.as_deref()).print(context)?;
        let shutdown = CancellationToken::new();
        let core = Arc::clone(server.gateway().core());
        let moved = welcome::follow(context, core, shutdown.clone());
        // The gateway goes first: it waits for the calls that this machine still answers.
        let drained = CancellationToken::new();
        let gateway = async {
            let finished = server.run(&shutdown).await;
            drained.cancel();
            finished
        };
        let host = async {
            match node {
                Some(node) => serve_node(node, drained.clone()).await,
                None => drained.cancelled().await,
            }
        };
        tokio::join!(gateway, host, moved).0?.outcome()
    }

    /// `None`, with a word on why, when another process is this machine's node already.
    fn node(&self, context: &Context) -> Result<Option<(StateLock, HostOptions)>, CommandError> {
        let paths = context.paths();
        let lock = match host::lock(context) {
            Ok(lock) => lock,
            Err(error) => {
                error.report(&context.ui());
                return Ok(None);
            }
        };
        let mut file = NodeFile::load(&paths.node_file);
        if let Some(name) = &self.display_name {
            file.display_name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        }
        file.save(&paths.node_file)
            .map_err(|error| CommandError::new(format!("cannot write node.json: {error}")))?;
        let identity =
            DeviceIdentity::load_or_create(&paths.identity_file).map_err(CommandError::new)?;
        let gateway = host::Gateway(
            Target::unix(&paths.control_socket),
            Credentials::default(),
            None,
        );
        let options = host::options(
            context,
            context.settings()?,
            gateway,
            Arc::new(identity),
            &file,
            Arc::new(Logged),
        )?;
        Ok(Some((lock, options)))
    }
}

/// Serves as a node. A node that cannot go on is no reason to stop the gateway.
async fn serve_node(node: HostOptions, shutdown: CancellationToken) {
    if let Err(error) = Host::run(node, shutdown).await {
        tracing::error!(target: "node", %error, "this machine is no longer a node; restart to try again");
    }
}

/// Tells the log what happens to the node.
#[derive(Debug)]
struct Logged;

impl HostEvents for Logged {
    fn event(&self, event: &HostEvent) {
        match event {
            HostEvent::Disconnected { .. } | HostEvent::WaitingForApproval { .. } => {
                tracing::warn!(target: "node", "{event}");
            }
            event => tracing::info!(target: "node", "{event}"),
        }
    }
}
