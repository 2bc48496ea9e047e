//! `openclaw gateway run`.

mod dev;

use openclaw_config::resolve::GatewayFlags;
use openclaw_gateway::listen::Inherited;
use tokio_util::sync::CancellationToken;

use crate::args::TlsArgs;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::logging::WsLog;
use crate::platform::handover;
use crate::runtime;
use crate::server::recovery::{self, Progress};
use crate::server::{self, Lacking, Server, ServerOptions, force};

/// Arguments of `gateway run`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent flags of the command line"
)]
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Port [default: 18789]
    #[arg(long, value_name = "port")]
    port: Option<String>,
    /// Where to listen: loopback, lan, tailnet, auto, custom, an IP address, an interface or a range [default: loopback]
    #[arg(long, value_name = "mode")]
    bind: Option<String>,
    /// Shared token that clients show
    #[arg(long, value_name = "token")]
    token: Option<String>,
    /// What clients show: token or password
    #[arg(long, value_name = "mode")]
    auth: Option<String>,
    /// Shared password that clients show
    #[arg(long, value_name = "password")]
    password: Option<String>,
    /// Tailscale exposure: off, serve or funnel
    #[arg(long, value_name = "mode")]
    tailscale: Option<String>,
    /// Undo the Tailscale exposure at the end
    #[arg(long)]
    tailscale_reset_on_exit: bool,
    #[command(flatten)]
    tls: TlsArgs,
    /// HTTPS port of the Tailscale exposure: 443, 8443 or 10000 [default: 443]
    #[arg(long, value_name = "port")]
    tailscale_port: Option<String>,
    /// Start although the config says remote, and leave the config as it is
    #[arg(long)]
    allow_unconfigured: bool,
    /// With --dev: set the dev config and its credentials aside first
    #[arg(long)]
    reset: bool,
    /// Stop the gateway of this state directory first, if one runs
    #[arg(long)]
    force: bool,
    /// Accept a weak password or token on a bind that others can reach
    #[arg(long)]
    i_know: bool,
    /// More on the console
    #[arg(long)]
    verbose: bool,
    /// Traffic on the console: auto, full or compact
    #[arg(long, value_name = "style", default_value = "auto")]
    ws_log: String,
    /// Same as --ws-log compact
    #[arg(long)]
    compact: bool,
    /// Accepted for compatibility; there is no model stream here
    #[arg(long, hide = true)]
    claude_cli_logs: bool,
    /// Accepted for compatibility; there is no model stream here
    #[arg(long, hide = true)]
    raw_stream: bool,
    /// Accepted for compatibility; there is no model stream here
    #[arg(long, hide = true, value_name = "path")]
    raw_stream_path: Option<String>,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let dev = context.paths().profile.is_dev();
        if self.reset && !dev {
            return Err(CommandError::plain("Use --reset with --dev."));
        }
        let ws_log = self.ws_log()?;
        let inherited = handover::take(context.process_env());
        if dev {
            // Once, and not with every restart.
            dev::prepare(context, self.reset && !inherited.has_lock())?;
        }
        recovery::start(context, &inherited, |context, progress| {
            self.start(context, ws_log, &inherited, progress)
        })
    }

    fn start(
        &self,
        context: &Context,
        ws_log: WsLog,
        inherited: &Inherited,
        progress: &Progress,
    ) -> Outcome {
        let mut options = ServerOptions {
            flags: self.flags(),
            verbose: self.verbose,
            ws_log,
            allow_weak_password: self.i_know,
            lacking: Lacking {
                mode: self.allow_unconfigured,
                token: false,
            },
            console_level: None,
            inherited: inherited.clone(),
        };
        let plan = server::plan(context, &options.flags)?;
        // What runs after a restart is this process.
        if self.force && !inherited.has_lock() {
            force::stop_running(context)?;
        }
        server::refuse_second(context, inherited)?;
        server::prepare(context, &mut options.flags, &plan, options.lacking)?;
        progress.starting();
        runtime::block_on(async {
            let server = Server::start(context, &options).await?;
            progress.running();
            server.run(&CancellationToken::new()).await?.outcome()
        })
    }

    fn ws_log(&self) -> Result<WsLog, CommandError> {
        match (self.compact, self.ws_log.as_str()) {
            (true, _) | (false, "compact") => Ok(WsLog::Compact),
            (false, "auto") => Ok(WsLog::Auto),
            (false, "full") => Ok(WsLog::Full),
            _ => Err(CommandError::plain(
                "Invalid --ws-log (use \"auto\", \"full\", \"compact\")",
            )),
        }
    }

    fn flags(&self) -> GatewayFlags {
        GatewayFlags {
            port: self.port.clone(),
            bind: self.bind.clone(),
            auth: self.auth.clone(),
            token: self.token.clone(),
            password: self.password.clone(),
            tailscale: self.tailscale.clone(),
            tailscale_reset_on_exit: self.tailscale_reset_on_exit,
            tls: self.tls.flags(),
            tailscale_port: self.tailscale_port.clone(),
            generated_token: None,
        }
    }
}
