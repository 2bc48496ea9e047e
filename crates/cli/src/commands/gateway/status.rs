//! `openclaw gateway status`: how the gateway is set up, where each value comes from, and whether it
//! answers. Ends with 0 also when it does not, unless `--deep` asks for more.

mod facts;

use std::net::SocketAddr;
use std::time::Duration;

use openclaw_config::resolve::{
    ClientTarget, GatewayFlags, MissingRemote, UrlSource, resolve_gateway,
};
use openclaw_config::schema::BindMode;
use openclaw_gateway::listen::holder::PortHolders;
use serde_json::{Value, json};

use crate::answer::{Answer, Around};
use crate::args::CallArgs;
use crate::commands::gateway::neighbour;
use crate::context::{Context, problem};
use crate::error::{CommandError, Exit, Outcome};
use crate::probe::{Look, Probe};
use crate::service::compare::Look as ServiceLook;
use crate::service::kind::Kind;
use crate::service::running;
use crate::ui::Ui;
use crate::ways;
use facts::Runtime;

/// Arguments of `gateway status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not connect
    #[arg(long)]
    no_probe: bool,
    /// Also show who listens on the port; fails when the gateway does not answer
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    call: CallArgs,
}

/// Everything that is printed.
#[derive(Debug)]
struct Report {
    target: ClientTarget,
    remote: bool,
    runtime: Runtime,
    service: Option<ServiceLook>,
    probe: Option<Probe>,
    socket_answers: Option<bool>,
    holders: Option<PortHolders>,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let target = context
            .target(&self.call, MissingRemote::FallBackToLocal)
            .map_err(|failure| failure.prefixed("Gateway status failed: Error: "))?;
        let report = self.collect(context, target).await?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&report.to_json(context)?)?;
        } else {
            report.print(ui, context)?;
        }
        let failed = report.probe.as_ref().is_some_and(|probe| !probe.connected);
        Ok(if self.deep && failed {
            Exit::FAILED
        } else {
            Exit::OK
        })
    }

    async fn collect(
        &self,
        context: &Context,
        target: ClientTarget,
    ) -> Result<Report, CommandError> {
        let remote = matches!(
            target.url_source,
            UrlSource::Remote | UrlSource::SshTarget | UrlSource::Env | UrlSource::Flag
        );
        let look = Look {
            explicit: self.call.is_explicit(),
            budget: self.call.deadline(),
            socket: false,
            connect_only: false,
        };
        let probe = if self.no_probe {
            None
        } else {
            Some(Probe::run(context, &target, look).await)
        };
        let local = target.is_local();
        let socket_answers = if local && !self.no_probe {
            let look = Look {
                socket: true,
                connect_only: true,
                budget: Duration::from_millis(800),
                ..look
            };
            Some(Probe::run(context, &target, look).await.connected)
        } else {
            None
        };
        let failed = probe.as_ref().is_some_and(|probe| !probe.connected);
        let holders = (local && (failed || self.deep)).then(|| {
            let port = target
                .url
                .rsplit(':')
                .next()
                .and_then(|port| port.parse().ok());
            PortHolders::find(port.unwrap_or_default())
        });
        let runtime = if local {
            Runtime::look(context)
        } else {
            Runtime::Remote
        };
        let service =
            (!remote).then(|| ServiceLook::take(context, Kind::Gateway, runtime.holder()));
        Ok(Report {
            target,
            remote,
            runtime,
            service,
            probe,
            socket_answers,
            holders,
        })
    }
}

impl Report {
    fn print(&self, ui: Ui, context: &Context) -> Result<(), CommandError> {
        let paths = context.paths();
        let snapshot = context.snapshot();
        if let Some(answer) = self.answer(context) {
            ui.heading(&format!("OpenClaw gateway: {}", answer.line()))?;
        }
        for line in self.service.iter().flat_map(|look| look.lines(context)) {
            ui.line(line)?;
        }
        if !self.remote {
            ui.line(format!("File logs: {}", context.log_file().display()))?;
            ui.blank()?;
        }
        let suffix = match (snapshot.exists, snapshot.valid) {
            (false, _) => " (missing)",
            (true, false) => " (invalid)",
            (true, true) => "",
        };
        ui.line(format!(
            "Config (cli): {}{suffix}",
            paths.display_home(&snapshot.path)
        ))?;
        if let Some(path) = self.gateway_config_path() {
            ui.line(format!(
                "Config (service): {}",
                paths.display_home(path.as_ref())
            ))?;
        }
        for warning in &snapshot.warnings {
            ui.line(format!("Config note: {}", problem(warning)))?;
        }
        ui.blank()?;
        if !self.remote {
            self.print_local(ui, context)?;
        }
        if self.target.url_source == UrlSource::MissingRemote {
            ui.line(
                "Gateway: mode=remote, but gateway.remote.url is missing; looking at this machine",
            )?;
        }
        ui.line(format!("Runtime: {}", self.runtime.text()))?;
        for line in self.service.iter().flat_map(ServiceLook::issue_lines) {
            ui.line(line)?;
        }
        ui.line(format!("Probe target: {}", self.target.url))?;
        if self.remote {
            ui.line(format!("Source: {}", self.target.url_source))?;
            ui.line(format!(
                "Credential: {}",
                facts::credential(&self.target, self.probe.as_ref())
            ))?;
            ui.line(match &self.target.ssh {
                Some(ssh) => format!("Transport: {ssh}"),
                None => "Transport: direct".to_owned(),
            })?;
            if !self.target.edge_headers.is_empty() {
                let names: Vec<&str> = self
                    .target
                    .edge_headers
                    .iter()
                    .map(|(name, _)| name.as_str())
                    .collect();
                ui.line(format!("Edge headers: {}", names.join(", ")))?;
            }
        }
        self.print_probe(ui)
    }

    fn print_local(&self, ui: Ui, context: &Context) -> Result<(), CommandError> {
        let settings = context.settings()?;
        let profile = &context.paths().profile;
        let plan = match resolve_gateway(&GatewayFlags::default(), context.env(), settings, profile)
        {
            Ok(plan) => plan,
            Err(issues) => {
                for issue in &issues {
                    ui.line(format!("Config issue: {}", problem(issue)))?;
                }
                return Ok(());
            }
        };
        ui.line(format!(
            "Gateway: bind={} ({}), port={} ({})",
            plan.bind.value, plan.bind.source, plan.port.value, plan.port.source
        ))?;
        let secret = plan
            .auth
            .secret()
            .map_or_else(|| "none yet".to_owned(), |secret| secret.source.to_string());
        ui.line(format!(
            "Auth: {} ({}), secret from: {secret}",
            plan.auth.mode.value, plan.auth.mode.source
        ))?;
        for note in facts::credential_notes(context, &plan) {
            ui.line(format!("Auth note: {note}"))?;
        }
        ui.line(format!(
            "Dashboard: {}",
            facts::dashboard_url(settings, &self.target).unwrap_or_else(|| "disabled".to_owned())
        ))?;
        if let Some(plan) = context.tls_plan() {
            let certificate = match context.own_fingerprint(&plan) {
                _ if !plan.is_on() => String::new(),
                None => ", no certificate yet".to_owned(),
                Some(fingerprint) => format!(", certificate sha256 {fingerprint}"),
            };
            let (mode, source) = (plan.mode.value, &plan.mode.source);
            ui.line(format!("TLS: {mode} ({source}){certificate}"))?;
        }
        let listening = self.runtime.addresses();
        if !listening.is_empty() {
            ui.line(format!("Listening: {}", listening.join(", ")))?;
        }
        let running = listening
            .iter()
            .filter_map(|address| address.parse::<SocketAddr>().ok())
            .find(|address| !address.ip().is_loopback());
        if let Some(address) = running
            && plan.bind.value == BindMode::Loopback
        {
            // Flags and environment of its start are not those of this command.
            ui.line(format!(
                "Note: the running gateway listens on {address}: it was started with another bind than the config has."
            ))?;
        } else {
            ui.line(format!("Probe note: {}", note(plan.bind.value)))?;
        }
        ui.blank()
    }

    fn print_probe(&self, ui: Ui) -> Result<(), CommandError> {
        let Some(probe) = &self.probe else {
            return Ok(());
        };
        if probe.connected {
            match &probe.rpc_error {
                None => ui.line(format!("RPC probe: ok ({}ms)", probe.latency.as_millis()))?,
                Some(error) => ui.line(format!("RPC probe: ok, but limited: {error}"))?,
            }
            if let Some(own) = probe.own_line() {
                ui.line(format!("Gateway: {own}"))?;
            }
            if let Some(line) = probe.certificate.line() {
                ui.line(format!("Certificate: {line}"))?;
            }
            if let Some(via) = &probe.tunnel {
                ui.line(format!(
                    "Tunnel: 127.0.0.1:{} leads to port {} of {}",
                    via.local_port, via.remote_port, via.target
                ))?;
            }
            if let Some(warning) = probe.warning() {
                ui.line(format!("Note: {warning}"))?;
            }
        } else {
            let answered = if probe.reachable {
                "failed (reachable, access refused)"
            } else {
                "failed"
            };
            ui.line(format!("RPC probe: {answered}"))?;
            ui.line(format!("RPC target: {}", self.target.url))?;
            if let Some(line) = probe.certificate.line() {
                ui.line(format!("  Certificate: {line}"))?;
            }
            for line in probe.explanation.iter().take(12) {
                ui.line(format!("  {line}"))?;
            }
        }
        if let Some(status) = &probe.remote {
            // Shown above, when the lock file says where the gateway of this machine listens.
            let untold = self.runtime.addresses().is_empty();
            if let Some(line) = ways::listening(status).filter(|_| untold) {
                ui.line(line)?;
            }
            for line in ways::lines(status) {
                ui.line(line)?;
            }
        }
        if let Some(answers) = self.socket_answers {
            ui.line(format!(
                "Control socket: {}",
                if answers { "ok" } else { "not answering" }
            ))?;
        }
        self.print_port(ui)
    }

    fn print_port(&self, ui: Ui) -> Result<(), CommandError> {
        let Some(holders) = &self.holders else {
            return Ok(());
        };
        ui.blank()?;
        if holders.holders.is_empty() {
            return ui.line(format!("Port {} is free.", holders.port));
        }
        ui.line(format!("Listening on port {}:", holders.port))?;
        for holder in &holders.holders {
            ui.line(format!("- {holder}"))?;
        }
        if self.probe.as_ref().is_some_and(|probe| !probe.reachable) {
            for hint in holders.hints() {
                ui.line(format!("- {hint}"))?;
            }
        }
        Ok(())
    }

    /// Is it up, is it reachable, is it safe; `None` when nobody asked it.
    fn answer(&self, context: &Context) -> Option<Answer> {
        let probe = self.probe.as_ref()?;
        let holds_lock = matches!(self.runtime, Runtime::Running(_));
        let neighbour = (!self.remote && !holds_lock && probe.is_refused())
            .then(|| neighbour(context, &self.target.url))
            .flatten();
        let around = Around {
            remote: self.remote,
            holds_lock,
            node_only: None,
            neighbour: neighbour.as_deref(),
        };
        Some(Answer::of(context, probe, around))
    }

    /// Config file of the running gateway.
    fn gateway_config_path(&self) -> Option<&str> {
        self.probe.as_ref()?.config.as_ref()?["path"].as_str()
    }

    fn to_json(&self, context: &Context) -> Result<Value, CommandError> {
        let snapshot = context.snapshot();
        let settings = context.settings()?;
        let issues: Vec<Value> = snapshot
            .issues
            .iter()
            .map(|issue| json!({ "path": issue.path, "message": issue.message }))
            .collect();
        let cli = json!({
            "path": snapshot.path,
            "exists": snapshot.exists,
            "valid": snapshot.valid,
            "issues": issues,
        });
        let mut service = self
            .service
            .as_ref()
            .map_or_else(|| json!({}), ServiceLook::to_json);
        // What the lock says of the process, beside what the service manager says.
        if let Value::Object(runtime) = self.runtime.to_json() {
            for (name, value) in runtime {
                service["runtime"][name.as_str()] = value;
            }
        }
        let mut report = json!({
            "answer": self.answer(context).map(|answer| answer.to_json()),
            "service": service,
            "config": { "cli": cli },
            "gateway": {
                "mode": if self.remote { "remote" } else { "local" },
                "probeUrl": self.target.url,
                "urlSource": self.target.url_source.to_string(),
                "credential": facts::credential(&self.target, self.probe.as_ref()),
                "transport": if self.target.ssh.is_some() { "ssh" } else { "direct" },
                "sshTarget": self.target.ssh.as_ref().map(|ssh| &ssh.target.value),
                "edgeHeaders": self.target.edge_headers.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            },
        });
        if let Some(path) = self.gateway_config_path() {
            report["config"]["daemon"] = json!({ "path": path });
            report["config"]["mismatch"] = json!(snapshot.path.to_string_lossy() != path);
        }
        let profile = &context.paths().profile;
        if let (false, Ok(plan)) = (
            self.remote,
            resolve_gateway(&GatewayFlags::default(), context.env(), settings, profile),
        ) {
            let gateway = &mut report["gateway"];
            gateway["bindMode"] = json!(plan.bind.value.to_string());
            gateway["bindSource"] = json!(plan.bind.source.to_string());
            gateway["customBindHost"] =
                json!(plan.custom_host.as_ref().map(|host| host.value.to_string()));
            gateway["port"] = json!(plan.port.value);
            gateway["portSource"] = json!(plan.port.source.to_string());
            gateway["authMode"] = json!(plan.auth.mode.value.to_string());
            gateway["authSource"] =
                json!(plan.auth.secret().map(|secret| secret.source.to_string()));
            gateway["authNotes"] = json!(facts::credential_notes(context, &plan));
            gateway["probeNote"] = json!(note(plan.bind.value));
            gateway["listening"] = json!(self.runtime.addresses());
            if let Some(tls) = context.tls_plan() {
                gateway["tlsMode"] = json!(tls.mode.value);
                gateway["tlsSource"] = json!(tls.mode.source.to_string());
                gateway["tlsDomains"] = json!(tls.domains.value);
                gateway["tlsFingerprint"] = json!(context.own_fingerprint(&tls));
            }
            gateway["dashboardUrl"] = json!(facts::dashboard_url(settings, &self.target));
        }
        if let Some(answers) = self.socket_answers {
            report["controlSocket"] =
                json!({ "path": context.paths().control_socket, "ok": answers });
        }
        if let Some(holders) = &self.holders {
            report["port"] = running::port_json(holders);
        }
        if let Some(status) = self.probe.as_ref().and_then(|probe| probe.remote.as_ref()) {
            report["remote"] = status.clone();
        }
        if let Some(probe) = &self.probe {
            report["gateway"]["tls"] = probe.certificate.to_json();
            report["gateway"]["tunnel"] =
                json!(probe.tunnel.as_ref().map(crate::probe::Via::to_json));
            report["gateway"]["warning"] = json!(probe.warning());
            report["rpc"] = if probe.connected {
                json!({
                    "ok": true, "url": self.target.url, "reachable": true,
                    "latencyMs": u64::try_from(probe.latency.as_millis()).unwrap_or(u64::MAX),
                    "scopeLimited": probe.scope_limited, "limit": probe.rpc_error,
                })
            } else {
                json!({
                    "ok": false, "url": self.target.url, "reachable": probe.reachable,
                    "error": probe.explanation.join("\n"),
                })
            };
        }
        Ok(report)
    }
}

fn note(bind: BindMode) -> &'static str {
    match bind {
        BindMode::Loopback => "Loopback-only gateway; only local clients can connect.",
        BindMode::Lan => {
            "Local probe uses loopback (127.0.0.1). bind=lan listens on 0.0.0.0 (all interfaces); use a LAN IP for remote clients."
        }
        BindMode::Tailnet | BindMode::Custom | BindMode::Auto => {
            "Local probe uses loopback (127.0.0.1), which is open in every bind mode."
        }
    }
}
