//! `openclaw gateway discover`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::args::millis;
use crate::context::Context;
use crate::discover::{self, Beacon, Found};
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Ui;
use crate::ui::format::one_line;

/// Listening time when the line names none.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Longest listening time.
const LONGEST: Duration = Duration::from_secs(60);

/// Arguments of `gateway discover`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long to listen, in milliseconds [default: 2000]
    #[arg(long, value_name = "ms", value_parser = millis)]
    timeout: Option<Duration>,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let timeout = self.timeout.unwrap_or(TIMEOUT).min(LONGEST);
        let found = discover::find(context, timeout).await;
        let ui = context.ui();
        for problem in &found.problems {
            ui.note(one_line(problem));
        }
        if ui.is_json() {
            ui.json(&report(&found, timeout))?;
        } else {
            print(&ui, context, &found)?;
        }
        Ok(Exit::OK)
    }
}

fn report(found: &Found, timeout: Duration) -> Value {
    let beacons: Vec<Value> = found.beacons.iter().map(Beacon::to_json).collect();
    json!({
        "timeoutMs": u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
        "domains": found.domains,
        "count": beacons.len(),
        "beacons": beacons,
    })
}

fn print(ui: &Ui, context: &Context, found: &Found) -> Result<(), CommandError> {
    ui.heading("Gateway Discovery")?;
    ui.line(format!(
        "Found {} gateway(s) · domains: {}",
        found.beacons.len(),
        found.domains.join(", ")
    ))?;
    for beacon in &found.beacons {
        for line in lines(beacon) {
            ui.line(line)?;
        }
    }
    if found.beacons.is_empty() {
        ui.line(format!(
            "A gateway is found when others can reach it and it announces itself. On the gateway: {}",
            context.command("openclaw gateway status")
        ))?;
        if found.domains.len() == 1 {
            ui.line(format!(
                "Across networks, through a tailnet: {}",
                context.command("openclaw dns setup --domain openclaw.internal")
            ))?;
        }
    }
    Ok(())
}

/// The lines about one gateway. Every value was said by somebody else: it stays on its line.
fn lines(beacon: &Beacon) -> Vec<String> {
    let txt = &beacon.txt;
    let first = beacon.first();
    let domain = first.map_or("", |endpoint| &endpoint.domain);
    let mut lines = vec![format!("- {} {domain}", one_line(&beacon.display_name))];
    let mut add = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("  {label}: {}", one_line(&value)));
        }
    };
    add("tailnet", txt.tailnet_dns.clone());
    add("lan", txt.lan_host.clone());
    add("host", first.and_then(|endpoint| endpoint.host.clone()));
    add("ws", first.and_then(|endpoint| endpoint.ws_url.clone()));
    for other in beacon
        .endpoints
        .iter()
        .filter(|other| Some(*other) != first)
    {
        let url = other.ws_url.as_deref();
        add("also", url.map(|url| format!("{url} ({})", other.domain)));
    }
    add("role", txt.role.clone());
    add("transport", txt.transport.clone());
    let tls = match &txt.tls_sha256 {
        Some(fingerprint) => Some(format!("sha256 {fingerprint}")),
        None => txt.tls.then(|| "enabled".to_owned()),
    };
    add("tls", tls.filter(|_| txt.tls));
    let port = first.and_then(|endpoint| endpoint.port);
    let ssh = beacon
        .ssh_target()
        .zip(port)
        .map(|((host, ssh_port), port)| {
            format!("ssh -N -L {port}:127.0.0.1:{port} <user>@{host} -p {ssh_port}")
        });
    add("ssh", ssh);
    lines
}
