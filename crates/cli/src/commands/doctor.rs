//! `openclaw doctor`: why does it not work, and which command mends it.

use std::time::Duration;

use openclaw_client::TlsOptions;
use openclaw_client::target::GatewayUrl;
use openclaw_client::walk::network::{Network, System};
use openclaw_config::resolve::{ClientTarget, MissingRemote, UrlSource};
use openclaw_config::schema::{GatewayMode, Transport};
use openclaw_node::NodeFile;

use crate::args::CallArgs;
use crate::connect::{CallFailure, through};
use crate::context::Context;
use crate::doctor::{self, Done, Fix, Hop, How, Local, Repair, Verdict, Walk, no_url, node_only};
use crate::error::{CommandError, Exit, Outcome};
use crate::server::new_token;
use crate::tunnel::Lease;
use crate::ui::Ui;
use crate::ui::ask::{can_ask, confirm};

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
    /// Fix what can be fixed; shows every step and asks before it changes the config
    #[arg(long, alias = "repair")]
    fix: bool,
    /// Answer every question with yes
    #[arg(long, short)]
    yes: bool,
    /// Ask nothing; without --yes, fix only file modes and missing directories
    #[arg(long)]
    non_interactive: bool,
    /// Give the gateway of this machine a new token
    #[arg(long)]
    generate_gateway_token: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    force: bool,
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
        let ui = context.ui();
        let elsewhere = self.remote || self.call.url.is_some();
        let lenient = |context: &Context| {
            if elsewhere {
                context.tolerate_bad_config();
            } else {
                context.judge_config();
            }
        };
        lenient(context);
        let mended = if elsewhere {
            Done::default()
        } else {
            self.mend(context)?
        };
        // What was mended is looked at anew.
        let context = if mended.changes.is_empty() {
            context
        } else {
            &context.fresh()
        };
        lenient(context);
        let local = if elsewhere {
            None
        } else {
            Some(Local::look(context)?)
        };
        let walk = self.walk(context, &System, &TlsOptions::default()).await?;
        let critical = local.as_ref().is_some_and(Local::is_critical);
        if ui.is_json() {
            let mut report = doctor::to_json(&walk);
            if let Some(local) = &local {
                report["local"] = local.to_json();
                report["fix"] = mended.to_json();
            }
            ui.json(&report)?;
        } else {
            ui.heading("OpenClaw doctor")?;
            ui.blank()?;
            mended.print(ui, context)?;
            if let Some(local) = &local {
                local.print(ui)?;
            }
            let has_findings = local.as_ref().is_some_and(Local::has_findings);
            doctor::print(ui, &walk, has_findings)?;
            let left = local.as_ref().map(Local::repairs).unwrap_or_default();
            if !left.is_empty() && !self.fix {
                ui.blank()?;
                ui.line("Can be fixed here:")?;
                for repair in &left {
                    ui.line(format!("  {}", repair.text()))?;
                }
                let command = context.command("openclaw doctor --fix");
                ui.line(format!("Run \"{command}\" to apply changes."))?;
            }
        }
        Ok(
            if walk.verdict.is_none() && !critical && mended.errors.is_empty() {
                Exit::OK
            } else {
                Exit::FAILED
            },
        )
    }

    /// Does what the line asks for: the steps are shown first, and questions asked on a terminal.
    fn mend(&self, context: &Context) -> Result<Done, CommandError> {
        let ui = context.ui();
        let mut repairs = if self.fix {
            Local::look(context)?.repairs()
        } else {
            Vec::new()
        };
        if self.generate_gateway_token {
            repairs.push(Repair::Config {
                text: "set gateway.auth.token to a new random token".to_owned(),
                patch: doctor::token_patch(new_token()?.expose()),
            });
        }
        if repairs.is_empty() {
            return Ok(Done::default());
        }
        ui.note("Will be done:");
        for repair in &repairs {
            ui.note(format!("  {}", repair.text()));
        }
        let (harmless, others): (Vec<_>, Vec<_>) =
            repairs.into_iter().partition(Repair::is_harmless);
        let mut agreed = harmless;
        let mut left = false;
        for repair in others {
            // A token is asked for by its own flag; that is the answer already.
            let asked_for = self.generate_gateway_token && !self.fix;
            if asked_for || self.agrees(ui, &repair)? {
                agreed.push(repair);
            } else {
                ui.note(format!("Left alone: {}", repair.text()));
                left = true;
            }
        }
        if left && !self.may_ask(ui) {
            ui.note(format!(
                "Nobody could be asked, so what is left alone needs a yes on the line: {}",
                context.command("openclaw doctor --fix --yes")
            ));
        }
        Ok(doctor::mend(context, &agreed))
    }

    fn agrees(&self, ui: Ui, repair: &Repair) -> Result<bool, CommandError> {
        if self.yes {
            return Ok(true);
        }
        if !self.may_ask(ui) {
            return Ok(false);
        }
        confirm(&format!("{}?", repair.text()), false)
    }

    fn may_ask(&self, ui: Ui) -> bool {
        !self.non_interactive && !ui.is_json() && can_ask()
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
        let nowhere = !typed
            && !has_url
            && (self.remote || remote_mode)
            && context
                .env()
                .get(openclaw_config::env::OPENCLAW_GATEWAY_URL)
                .is_none();
        // A machine that is only a node knows one gateway: its own.
        if nowhere
            && !remote_mode
            && let Some(target) = self.node_target(context)
        {
            return Ok(Ok(target));
        }
        if nowhere {
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

    /// The gateway that this machine is a node of.
    fn node_target(&self, context: &Context) -> Option<ClientTarget> {
        let gateway = NodeFile::load(&context.paths().node_file).gateway?;
        let call = CallArgs {
            url: Some(crate::host::node_of(context)?),
            tls_fingerprint: self
                .call
                .tls_fingerprint
                .clone()
                .or(gateway.tls_fingerprint),
            ..self.call.clone()
        };
        let mut target = context.target(&call, MissingRemote::Refuse).ok()?;
        target.url_source = UrlSource::Node;
        Some(target)
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
    let gateway = crate::host::node_of(context)?;
    Some(node_only(&gateway, &paths.profile))
}
