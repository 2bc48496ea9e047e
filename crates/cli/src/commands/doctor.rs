//! `openclaw doctor`: why does it not work, and which command mends it.

mod local;

use std::time::Duration;

use openclaw_client::TlsOptions;
use openclaw_client::target::GatewayUrl;
use openclaw_client::walk::network::{Network, System};
use openclaw_config::resolve::{ClientTarget, MissingRemote, UrlSource};
use openclaw_config::schema::{GatewayMode, Transport};

use crate::args::CallArgs;
use crate::connect::{CallFailure, through};
use crate::context::Context;
use crate::doctor::{self, Fix, Hop, How, Verdict, Walk, no_url, node_only};
use crate::error::{CommandError, Exit, Outcome};
use crate::tunnel::Lease;
use local::Local;

/// Arguments of `doctor`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent flags of the command line"
)]
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Walk to the gateway of gateway.remote.url, whatever gateway.mode says, and look at nothing else
    #[arg(long)]
    pub(crate) remote: bool,
    /// Mend what can be mended without a question: modes of files and folders
    #[arg(long, alias = "repair")]
    fix: bool,
    /// Accepted for compatibility: nothing is ever asked
    #[arg(long, hide = true)]
    non_interactive: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    yes: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    deep: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    no_workspace_suggestions: bool,
    #[command(flatten)]
    pub(crate) call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let elsewhere = self.remote || self.call.url.is_some();
        let local = if elsewhere {
            None
        } else {
            Some(Local::look(context, self.fix)?)
        };
        let walk = self.walk(context, &System, &TlsOptions::default()).await?;
        let ui = context.ui();
        if ui.is_json() {
            let mut report = doctor::to_json(&walk);
            if let Some(local) = &local {
                report["local"] = local.to_json();
            }
            ui.json(&report)?;
        } else {
            ui.heading("OpenClaw doctor")?;
            ui.blank()?;
            if let Some(local) = &local {
                local.print(ui)?;
            }
            doctor::print(ui, &walk)?;
        }
        Ok(if walk.verdict.is_none() {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }

    /// Walks to whatever the line and the config name.
    pub(crate) async fn walk(
        &self,
        context: &Context,
        network: &dyn Network,
        tls: &TlsOptions,
    ) -> Result<Walk, CommandError> {
        let mut target = match self.target(context)? {
            Ok(target) => target,
            Err(walk) => return Ok(walk),
        };
        let _tunnel = match self.open_tunnel(context, &mut target).await {
            Ok(tunnel) => tunnel,
            Err(walk) => return Ok(*walk),
        };
        if target.is_local()
            && !self.call.is_explicit()
            && let Some(verdict) = nobody_at_home(context)
        {
            return Ok(Walk::not_begun(
                &target.url,
                &target.url_source.to_string(),
                verdict,
            ));
        }
        let how = How {
            explicit: self.call.is_explicit(),
            // A walk that stands still at one hop has still half of the time for the rest.
            limit: self
                .call
                .deadline()
                .div_f32(2.0)
                .max(Duration::from_millis(250)),
            network,
            tls,
        };
        Ok(doctor::walk(context, &target, how).await)
    }

    /// Through an SSH host the walk begins at the near end of the tunnel; without a tunnel it ends before it begins.
    async fn open_tunnel(
        &self,
        context: &Context,
        target: &mut ClientTarget,
    ) -> Result<Option<Lease>, Box<Walk>> {
        let (Some(route), Ok(url)) = (&target.ssh, target.url.parse::<GatewayUrl>()) else {
            return Ok(None);
        };
        match through(context, route, &url, false).await {
            Ok(by_ssh) => {
                target.url = by_ssh.target.to_string();
                Ok(Some(by_ssh.lease))
            }
            Err(problem) => {
                let verdict = Verdict::new("ssh_tunnel_failed", Hop::Tcp, problem.to_string())
                    .fix(Fix::see(problem.fix));
                let source = target.url_source.to_string();
                Err(Box::new(Walk::not_begun(&target.url, &source, verdict)))
            }
        }
    }

    /// The target, or a walk that ends before it begins.
    fn target(&self, context: &Context) -> Result<Result<ClientTarget, Walk>, CommandError> {
        let settings = context.settings()?;
        let remote_mode = settings.gateway.mode == Some(GatewayMode::Remote);
        let remote = &settings.gateway.remote;
        let has_url = remote.transport == Some(Transport::Ssh)
            || remote
                .url
                .as_ref()
                .is_some_and(|url| !url.trim().is_empty());
        let profile = &context.paths().profile;
        let typed = self.call.url.is_some();
        if !typed
            && !has_url
            && (self.remote || remote_mode)
            && context
                .env()
                .get(openclaw_config::env::OPENCLAW_GATEWAY_URL)
                .is_none()
        {
            let verdict = no_url(remote_mode, profile);
            return Ok(Err(Walk::not_begun(
                "",
                "missing gateway.remote.url",
                verdict,
            )));
        }
        let target = if self.remote && !remote_mode {
            context.remote_target(&self.call)
        } else {
            context.target(&self.call, MissingRemote::Refuse)
        };
        Ok(match target {
            Ok(target) => Ok(target),
            Err(failure) => Err(self.unusable(context, &failure)),
        })
    }

    /// The URL cannot even be parsed.
    fn unusable(&self, context: &Context, failure: &CallFailure) -> Walk {
        let profile = &context.paths().profile;
        let settings = context.settings().ok();
        let (text, source) = match (&self.call.url, settings) {
            (Some(url), _) => (url.clone(), UrlSource::Flag),
            (None, _)
                if context
                    .env()
                    .get(openclaw_config::env::OPENCLAW_GATEWAY_URL)
                    .is_some() =>
            {
                (
                    context
                        .env()
                        .get(openclaw_config::env::OPENCLAW_GATEWAY_URL)
                        .unwrap_or_default()
                        .to_owned(),
                    UrlSource::Env,
                )
            }
            (None, Some(settings)) => (
                settings.gateway.remote.url.clone().unwrap_or_default(),
                UrlSource::Remote,
            ),
            (None, None) => (failure.message().to_owned(), UrlSource::Remote),
        };
        let verdict = doctor::bad_url(&text, source, profile);
        Walk::not_begun(&text, &source.to_string(), verdict)
    }
}

/// This machine is a node of somebody and has never had a gateway.
fn nobody_at_home(context: &Context) -> Option<Verdict> {
    let paths = context.paths();
    let mode = context.settings().ok()?.gateway.mode;
    if mode.is_some() || paths.lock_file.exists() {
        return None;
    }
    let gateway = crate::commands::status::node_of(context)?;
    Some(node_only(&gateway, &paths.profile))
}
