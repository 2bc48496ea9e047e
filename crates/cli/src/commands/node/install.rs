//! `openclaw node install`.

use openclaw_config::env;
use openclaw_config::env::Layer;

use super::endpoint::Endpoint;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::service::install::{Flags, Request};
use crate::service::kind::Kind;
use crate::service::lifecycle::{install_and_tell, refuse_nix};

/// Arguments of `node install`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    endpoint: Endpoint,
    /// Shared gateway token [default: `OPENCLAW_GATEWAY_TOKEN`]; kept in an owner-only file, never in the service file
    #[arg(long, value_name = "token")]
    token: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let request = refuse_nix(context, "install").and_then(|()| self.request(context));
        install_and_tell(context, Kind::Node, request)
    }

    fn request(self, context: &Context) -> Result<Request, CommandError> {
        self.flags.check()?;
        self.endpoint.port()?;
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
            arguments: self.endpoint.words(),
            secrets,
            ..self.flags.into()
        })
    }
}
