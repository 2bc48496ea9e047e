//! `openclaw gateway probe`.

use std::time::Duration;

use openclaw_config::resolve::{
    ClientFlags, ClientTarget, MissingRemote, Resolved, Source, UrlSource, normalize_url,
    resolve_client_target, resolve_port,
};
use openclaw_config::schema::GatewayMode;
use openclaw_config::{Secret, Settings};
use serde_json::{Value, json};

use crate::args::{CallArgs, millis};
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::probe::{Look, Probe};
use crate::runtime::join_all;
use crate::ui::Ui;
use crate::ui::format::now_ms;

/// Most time for the gateway of this machine.
const LOCAL_BUDGET: Duration = Duration::from_millis(800);
/// Most time for any other.
const REMOTE_BUDGET: Duration = Duration::from_millis(1500);

/// Arguments of `gateway probe`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Another gateway to try
    #[arg(long, value_name = "url")]
    url: Option<String>,
    /// Shared gateway token
    #[arg(long, value_name = "token")]
    token: Option<String>,
    /// Shared gateway password
    #[arg(long, value_name = "password")]
    password: Option<String>,
    /// SHA-256 fingerprint of the gateway's certificate
    #[arg(long, value_name = "sha256")]
    tls_fingerprint: Option<String>,
    /// Most time for each gateway in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "3000")]
    timeout: Duration,
}

/// One gateway to look at.
#[derive(Debug)]
struct Candidate {
    id: &'static str,
    label: &'static str,
    active: bool,
    explicit: bool,
    budget: Duration,
    target: ClientTarget,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let started = now_ms();
        let candidates = self.candidates(context)?;
        let looks = candidates.iter().map(|candidate| {
            let look = Look {
                explicit: candidate.explicit,
                budget: candidate.budget.min(self.timeout),
                socket: false,
                connect_only: false,
            };
            Probe::run(context, &candidate.target, look)
        });
        let probes = join_all(looks).await;
        let ok = probes.iter().any(|probe| probe.connected);
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&self.report(context, &candidates, &probes, started))?;
        } else {
            self.print(ui, &candidates, &probes)?;
        }
        Ok(if ok { Exit::OK } else { Exit::FAILED })
    }

    fn candidates(&self, context: &Context) -> Result<Vec<Candidate>, CommandError> {
        let settings = context.settings()?;
        let mut found: Vec<Candidate> = Vec::new();
        let explicit = self.url.is_some() || self.token.is_some() || self.password.is_some();
        if self.url.is_some() {
            let args = CallArgs {
                url: self.url.clone(),
                token: self.token.clone(),
                password: self.password.clone(),
                tls_fingerprint: self.tls_fingerprint.clone(),
                timeout: None,
            };
            let target = context
                .target(&args, MissingRemote::FallBackToLocal)
                .map_err(CallFailure::into_error)?;
            found.push(Candidate {
                id: "explicit",
                label: "URL (explicit)",
                active: true,
                explicit: true,
                budget: REMOTE_BUDGET,
                target,
            });
        }
        let typed = ClientFlags {
            token: self.token.clone(),
            password: self.password.clone(),
            ..ClientFlags::default()
        };
        if let Some(target) = remote(context, settings, &typed)? {
            let active = settings.gateway.mode == Some(GatewayMode::Remote);
            found.push(Candidate {
                id: "configRemote",
                label: if active {
                    "Remote (configured)"
                } else {
                    "Remote (configured, inactive)"
                },
                active,
                explicit,
                budget: REMOTE_BUDGET,
                target,
            });
        }
        found.push(Candidate {
            id: "localLoopback",
            label: "Local loopback",
            active: settings.gateway.mode != Some(GatewayMode::Remote),
            explicit,
            budget: LOCAL_BUDGET,
            target: local(context, settings, &typed)?,
        });
        let mut seen = std::collections::HashSet::new();
        found.retain(|candidate| seen.insert(candidate.target.url.clone()));
        Ok(found)
    }

    fn print(
        &self,
        ui: Ui,
        candidates: &[Candidate],
        probes: &[Probe],
    ) -> Result<(), CommandError> {
        let connected = probes.iter().any(|probe| probe.connected);
        let answered = probes.iter().any(|probe| probe.reachable);
        ui.heading("Gateway Status")?;
        ui.line(match (connected, answered) {
            (true, _) => "Reachable: yes",
            (false, true) => "Reachable: yes, but access is refused",
            (false, false) => "Reachable: no",
        })?;
        ui.line(format!("Probe budget: {}ms", self.timeout.as_millis()))?;
        ui.blank()?;
        ui.heading("Targets")?;
        for (candidate, probe) in candidates.iter().zip(probes) {
            ui.line(format!("{} {}", candidate.label, candidate.target.url))?;
            for line in lines(probe) {
                ui.line(format!("  {line}"))?;
            }
            ui.blank()?;
        }
        Ok(())
    }

    fn report(
        &self,
        context: &Context,
        candidates: &[Candidate],
        probes: &[Probe],
        started: i64,
    ) -> Value {
        let primary = candidates
            .iter()
            .zip(probes)
            .find(|(_, probe)| probe.connected)
            .map(|(candidate, _)| candidate.id);
        let targets: Vec<Value> = candidates
            .iter()
            .zip(probes)
            .map(|(candidate, probe)| {
                let mut target = json!({
                    "id": candidate.id,
                    "kind": candidate.id,
                    "url": candidate.target.url,
                    "active": candidate.active,
                    "tunnel": null,
                });
                if let (Some(target), Value::Object(seen)) =
                    (target.as_object_mut(), probe.to_json())
                {
                    target.extend(seen);
                }
                target
            })
            .collect();
        let connected: Vec<&str> = candidates
            .iter()
            .zip(probes)
            .filter(|(_, probe)| probe.connected)
            .map(|(candidate, _)| candidate.id)
            .collect();
        let mut warnings = Vec::new();
        if connected.len() > 1 {
            warnings.push(json!({
                "code": "multiple_gateways",
                "message": "several gateways answer; commands use the active one",
                "targetIds": connected,
            }));
        }
        let local = candidates
            .iter()
            .find(|candidate| candidate.id == "localLoopback");
        json!({
            "ok": primary.is_some(),
            "degraded": probes.iter().any(|probe| probe.connected && !probe.rpc_ok()),
            "ts": started,
            "durationMs": now_ms() - started,
            "timeoutMs": u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            "primaryTargetId": primary,
            "warnings": warnings,
            "network": {
                "localLoopbackUrl": local.map(|local| local.target.url.as_str()),
                "localTailnetUrl": null,
                "tailnetIPv4": null,
                "controlSocket": context.paths().control_socket,
            },
            "targets": targets,
        })
    }
}

/// The lines below a target.
fn lines(probe: &Probe) -> Vec<String> {
    let Some(error) = &probe.error else {
        let rpc = match &probe.rpc_error {
            None => "ok".to_owned(),
            Some(error) => format!("failed - {error}"),
        };
        let mut lines = vec![format!(
            "Connect: ok ({}ms) · RPC: {rpc}",
            probe.latency.as_millis()
        )];
        lines.extend(probe.own_line().map(|line| format!("Gateway: {line}")));
        if probe.scope_limited {
            lines.push(
                "Scopes: fewer than asked for; approve the rest with: openclaw pairing list"
                    .to_owned(),
            );
        }
        lines.extend(
            probe
                .fingerprint
                .as_ref()
                .map(|fingerprint| format!("Certificate: sha256 {fingerprint}")),
        );
        return lines;
    };
    let mut lines = vec![format!("Connect: failed - connect failed: {error}")];
    if probe.refused {
        lines.extend(
            probe
                .explanation
                .iter()
                .filter(|line| {
                    line.starts_with("Fix: ")
                        || line.starts_with("pairing required: ")
                        || line.starts_with("This device: ")
                })
                .cloned(),
        );
    }
    lines
}

/// The configured remote gateway, whatever the mode.
fn remote(
    context: &Context,
    settings: &Settings,
    flags: &ClientFlags,
) -> Result<Option<ClientTarget>, CommandError> {
    let Some(url) = settings
        .gateway
        .remote
        .url
        .as_deref()
        .filter(|url| !url.trim().is_empty())
    else {
        return Ok(None);
    };
    normalize_url(url).map_err(CommandError::new)?;
    let mut settings = settings.clone();
    settings.gateway.mode = Some(GatewayMode::Remote);
    let target = resolve_client_target(
        flags,
        context.env(),
        &settings,
        context.paths(),
        MissingRemote::FallBackToLocal,
    )
    .map_err(CommandError::new)?;
    Ok((target.url_source == UrlSource::Remote).then_some(target))
}

/// The gateway of this machine, whatever the mode.
pub(super) fn local(
    context: &Context,
    settings: &Settings,
    flags: &ClientFlags,
) -> Result<ClientTarget, CommandError> {
    let mut settings = settings.clone();
    settings.gateway.mode = Some(GatewayMode::Local);
    let mut target = resolve_client_target(
        flags,
        context.env(),
        &settings,
        context.paths(),
        MissingRemote::FallBackToLocal,
    )
    .map_err(CommandError::new)?;
    if target.url_source == UrlSource::Env {
        // The variable names another gateway, and its credentials belong to that one.
        let port = resolve_port(None, context.env(), &settings, &context.paths().profile)
            .map_err(CommandError::new)?;
        let auth = &settings.gateway.auth;
        let stored = |secret: &Option<Secret>, key: &str| {
            let secret = secret.clone()?;
            Some(Resolved::new(secret, Source::Config(key.to_owned())))
        };
        // The scheme is that of the running gateway, see below.
        target.url = format!("ws://127.0.0.1:{}", port.value);
        target.url_source = UrlSource::Local;
        target.token = stored(&auth.token, "gateway.auth.token");
        target.password = stored(&auth.password, "gateway.auth.password");
    }
    context.follow_running(&mut target);
    Ok(target)
}
