//! `openclaw node install`.

use openclaw_config::env;
use openclaw_config::env::Layer;

use crate::commands::gateway::install::check_runtime;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::service::install::Request;
use crate::service::kind::Kind;
use crate::service::lifecycle::{install_and_tell, refuse_nix};

/// Arguments of `node install`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Host of the gateway [default: the last one, else this machine's]
    #[arg(long, value_name = "host")]
    host: Option<String>,
    /// Port of the gateway [default: the last one, else 18789]
    #[arg(long, value_name = "port")]
    port: Option<String>,
    /// Connect with TLS
    #[arg(long)]
    tls: bool,
    /// SHA-256 fingerprint of the gateway's certificate; implies --tls
    #[arg(long, value_name = "sha256")]
    tls_fingerprint: Option<String>,
    /// Shared gateway token [default: `OPENCLAW_GATEWAY_TOKEN`]; kept in an owner-only file, never in the service file
    #[arg(long, value_name = "token")]
    token: Option<String>,
    /// Instance id to keep in node.json; gateways know this node by its device id
    #[arg(long, value_name = "id")]
    node_id: Option<String>,
    /// Name for people [default: the last one, else the host name]
    #[arg(long, value_name = "name")]
    display_name: Option<String>,
    /// Install a system service that starts at boot; needs root
    #[arg(long)]
    system: bool,
    /// User the system service runs as [default: the sudo user, else the current user]
    #[arg(long, value_name = "user", requires = "system")]
    user: Option<String>,
    /// Replace a service of another program or scope, stop a node host that runs without one, and always restart
    #[arg(long)]
    force: bool,
    /// Accepted for compatibility; the service runs this program
    #[arg(long, hide = true, value_name = "runtime")]
    runtime: Option<String>,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let request = refuse_nix(context, "install").and_then(|()| self.request(context));
        install_and_tell(context, Kind::Node, request)
    }

    fn request(self, context: &Context) -> Result<Request, CommandError> {
        check_runtime(self.runtime.as_deref())?;
        if let Some(port) = &self.port
            && !port.trim().parse::<u16>().is_ok_and(|port| port > 0)
        {
            return Err(CommandError::plain(format!(
                "Invalid port: {port} (use a number from 1 to 65535)"
            )));
        }
        let mut arguments = Vec::new();
        for (flag, value) in [
            ("--host", &self.host),
            ("--port", &self.port),
            ("--tls-fingerprint", &self.tls_fingerprint),
            ("--node-id", &self.node_id),
            ("--display-name", &self.display_name),
        ] {
            if let Some(value) = value.as_deref().map(str::trim).filter(|v| !v.is_empty()) {
                arguments.extend([flag.to_owned(), value.to_owned()]);
            }
        }
        if self.tls {
            arguments.push("--tls".to_owned());
        }
        let mut secrets = Vec::new();
        for (flag, name) in [
            (&self.token, env::OPENCLAW_GATEWAY_TOKEN),
            (&None, env::OPENCLAW_GATEWAY_PASSWORD),
        ] {
            let of_shell = || {
                context
                    .env()
                    .lookup(name)
                    .filter(|found| found.layer == Layer::Process)
                    .map(|found| found.value.to_owned())
            };
            if flag.is_none() {
                context.needs_secret(name)?;
            }
            if let Some(value) = flag.clone().or_else(of_shell) {
                if value.chars().any(char::is_control) {
                    return Err(CommandError::plain(format!(
                        "{name} holds a line break or control character"
                    )));
                }
                secrets.push((name, value));
            }
        }
        Ok(Request {
            arguments,
            secrets,
            force: self.force,
            system: self.system,
            user: self.user,
            ..Request::default()
        })
    }
}
