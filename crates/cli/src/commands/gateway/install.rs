//! `openclaw gateway install`.

use openclaw_config::edit::{ConfigEditor, parse_value};
use openclaw_config::env;
use openclaw_config::env::Layer;
use openclaw_config::resolve::GatewayFlags;
use openclaw_config::schema::GatewayMode;
use serde_json::{Value, json};

use crate::app::VERSION;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::server::{self, Lacking};
use crate::service::install::{Choice, Flags, Request, choose};
use crate::service::kind::Kind;
use crate::service::lifecycle::{install_and_tell, refuse_nix};

/// Arguments of `gateway install`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Port to write into the config [default: the configured one]
    #[arg(long, value_name = "port")]
    port: Option<String>,
    /// Shared token; written into the config, never into the service file
    #[arg(long, value_name = "token")]
    token: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        install_and_tell(context, Kind::Gateway, self.request(context))
    }

    /// Checks and prepares what the service needs.
    pub(crate) fn request(self, context: &Context) -> Result<Request, CommandError> {
        refuse_nix(context, "install")?;
        self.flags.check()?;
        let own = self.is_for_this_user(context);
        let mut request: Request = self.flags.clone().into();
        // Where nothing will be installed, nothing is written for it either: not even the token of this shell.
        if let Choice::Nobody { .. } = choose(context, Kind::Gateway, &request)? {
            if let Some(port) = &self.port {
                check_port(port)?;
                request.arguments = vec!["--port".to_owned(), port.trim().to_owned()];
            }
            if self.token.is_some() {
                context.ui().note(format!(
                    "Note: --token was not written; to keep it: {}",
                    context.command("openclaw config set gateway.auth.token <token>")
                ));
            }
            return Ok(request);
        }
        if own {
            self.prepare_config(context)?;
        } else if self.port.is_some() || self.token.is_some() {
            return Err(CommandError::plain(
                "--port and --token are for the config of this user, and the service runs as another one",
            )
            .hint("Fix: set them as that user first: openclaw config set gateway.port <port>"));
        }
        Ok(request)
    }

    /// The config of another user is that user's: root leaves no files in there.
    fn is_for_this_user(&self, context: &Context) -> bool {
        let env = context.env();
        let named = self
            .flags
            .user
            .as_deref()
            .or_else(|| env.get_process("SUDO_USER").filter(|_| env.uid() == 0))
            .filter(|_| self.flags.system);
        named.is_none_or(|name| {
            crate::service::account::Account::named(name)
                .is_none_or(|account| account.uid == env.uid())
        })
    }

    /// Makes sure that the gateway will start with what the config says: what this command line and this shell know is
    /// not known to a service.
    fn prepare_config(&self, context: &Context) -> Result<(), CommandError> {
        let snapshot = context.snapshot();
        let gateway = &snapshot.settings.gateway;
        if gateway.mode == Some(GatewayMode::Remote) {
            return Err(CommandError::plain(
                "gateway.mode is remote: the gateway is elsewhere, and one would not start here",
            )
            .hint(format!(
                "To make this machine a node of it: {}",
                context.command("openclaw node install")
            ))
            .hint(format!(
                "To run a gateway here: {}",
                context.command("openclaw config set gateway.mode local")
            )));
        }
        let mut values: Vec<(&str, Value)> = Vec::new();
        if let Some(port) = value(context, self.port.as_deref(), env::OPENCLAW_GATEWAY_PORT) {
            let port = check_port(&port)?;
            if gateway.port != Some(port) {
                values.push(("gateway.port", json!(port)));
            }
        }
        if let Some(bind) = value(context, None, env::OPENCLAW_GATEWAY_BIND) {
            values.push((
                "gateway.bind",
                parse_value(&bind, false).map_err(CommandError::new)?,
            ));
        }
        for (flag, name, path, stored) in [
            (
                self.token.as_deref(),
                env::OPENCLAW_GATEWAY_TOKEN,
                "gateway.auth.token",
                &gateway.auth.token,
            ),
            (
                None,
                env::OPENCLAW_GATEWAY_PASSWORD,
                "gateway.auth.password",
                &gateway.auth.password,
            ),
        ] {
            let value = value(context, flag, name);
            match (value, stored) {
                (Some(value), Some(stored)) if stored.expose() != value && flag.is_none() => {
                    context.ui().note(format!(
                        "Note: {name} of this shell is not what the service uses; it uses {path} of the config."
                    ));
                }
                (Some(value), stored)
                    if stored
                        .as_ref()
                        .is_none_or(|stored| stored.expose() != value) =>
                {
                    values.push((path, json!(value)));
                }
                _ => {}
            }
        }
        if !values.is_empty() {
            let keys: Vec<&str> = values.iter().map(|(key, _)| *key).collect();
            let edited = ConfigEditor::new(context.paths(), context.process_env())
                .with_version(VERSION)
                .set_all(&values)
                .map_err(|error| {
                    CommandError::plain(format!("cannot write {}: {error}", keys.join(", ")))
                })?;
            if edited.changed {
                context.ui().note(format!(
                    "Wrote {} to {}: a service has no flags and no shell.",
                    keys.join(", "),
                    context.paths().display_home(&context.paths().config_path)
                ));
            }
        }
        let fresh = context.fresh();
        let mut flags = GatewayFlags::default();
        let plan = server::plan(&fresh, &flags)?;
        server::prepare(&fresh, &mut flags, &plan, Lacking::default())?;
        Ok(())
    }
}

fn check_port(text: &str) -> Result<u16, CommandError> {
    text.trim()
        .parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| CommandError::plain(format!("Invalid port: {text}")))
}

/// A flag, else what the environment of this shell alone says.
fn value(context: &Context, flag: Option<&str>, name: &'static str) -> Option<String> {
    let of_shell = || {
        context
            .env()
            .lookup(name)
            .filter(|found| found.layer == Layer::Process)
            .map(|found| found.value)
    };
    flag.or_else(of_shell).map(|value| value.trim().to_owned())
}
