//! Gathers what `status` shows.

use std::time::Duration;

use openclaw_config::Settings;
use openclaw_config::resolve::{ClientTarget, UrlSource};
use openclaw_gateway::lock::peek;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use super::machine::Machine;
use crate::answer::{Answer, Around};
use crate::args::CallArgs;
use crate::books::{pending_devices, pending_nodes};
use crate::commands::gateway::neighbour;
use crate::connect::{Connection, Deadline, Wish, needs};
use crate::context::Context;
use crate::dashboard::http_base;
use crate::error::CommandError;
use crate::host;
use crate::probe::{Look, Probe};
use crate::ui::format::now_ms;

/// Most time for the look.
const BUDGET: Duration = Duration::from_millis(2500);
/// Most time for the look of `--all`.
const BUDGET_ALL: Duration = Duration::from_secs(5);

/// What `status` shows.
#[derive(Debug)]
pub(super) struct Overview {
    /// Where the gateway is.
    pub(super) target: ClientTarget,
    /// Whether it is another machine's.
    pub(super) remote: bool,
    /// What was seen of it.
    pub(super) probe: Probe,
    /// Address of the Control UI.
    pub(super) dashboard: String,
    /// Requests that wait for approval; `None` when nobody can tell.
    pub(super) pending: Option<usize>,
    /// The gateway that this machine is a node of.
    pub(super) node_of: Option<String>,
    /// Whether this machine is a node and nothing else: no gateway is set up here, and none answers.
    pub(super) node_only: bool,
    /// Name and release of the system.
    pub(super) os: Os,
    /// Is it up, is it reachable, is it safe.
    pub(super) answer: Answer,
    /// Services, Tailscale, the port.
    pub(super) machine: Machine,
}

/// The operating system.
#[derive(Debug)]
pub(super) struct Os {
    pub(super) platform: String,
    pub(super) arch: String,
    pub(super) release: String,
}

impl Os {
    fn look() -> Self {
        Self {
            platform: openclaw_client::options::platform().to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            release: openclaw_config::platform::os_release(),
        }
    }

    /// `linux 6.18 (x86_64)`
    pub(super) fn label(&self) -> String {
        format!("{} {} ({})", self.platform, self.release, self.arch)
    }
}

impl Overview {
    pub(super) async fn collect(
        context: &Context,
        args: &CallArgs,
        target: ClientTarget,
        all: bool,
    ) -> Result<Self, CommandError> {
        let settings = context.settings()?;
        let budget = args.deadline().min(if all { BUDGET_ALL } else { BUDGET });
        let look = Look {
            explicit: args.is_explicit(),
            budget,
            socket: false,
            connect_only: false,
        };
        let own_socket = target.is_local() && !look.explicit;
        let mut probe = Probe::default();
        if own_socket {
            probe = Probe::run(
                context,
                &target,
                Look {
                    socket: true,
                    ..look
                },
            )
            .await;
        }
        if !probe.connected {
            probe = Probe::run(context, &target, look).await;
        }
        let pending = if probe.connected {
            pending(context, &target, look, own_socket).await
        } else {
            None
        };
        let node_of = host::node_of(context);
        let gateway = &settings.gateway;
        let sets_up_a_gateway = gateway.mode.is_some()
            || gateway.auth.token.is_some()
            || gateway.auth.password.is_some();
        let node_only = node_of.is_some()
            && !sets_up_a_gateway
            && target.url_source == UrlSource::Local
            && !probe.reachable;
        let remote = !target.is_local();
        let holds_lock = !remote && holds_lock(context);
        let neighbour = (!remote && !holds_lock && probe.is_refused())
            .then(|| neighbour(context, &target.url))
            .flatten();
        let around = Around {
            remote,
            holds_lock,
            neighbour: neighbour.as_deref(),
            node_only: node_of.as_deref().filter(|_| node_only),
        };
        Ok(Self {
            answer: Answer::of(context, &probe, around),
            machine: Machine::look(context, settings, &target, probe.remote.as_ref()),
            remote,
            dashboard: dashboard(settings, &target, &probe),
            node_only,
            target,
            probe,
            pending,
            node_of,
            os: Os::look(),
        })
    }

    /// Nodes the gateway knows, and how many of them are connected.
    pub(super) fn nodes(&self) -> Option<(usize, usize)> {
        let nodes = self.probe.nodes.as_ref()?["nodes"].as_array()?;
        let connected = nodes
            .iter()
            .filter(|node| node["connected"] == true)
            .count();
        Some((nodes.len(), connected))
    }

    /// Which kinds of credential were at hand.
    pub(super) fn auth(&self) -> &'static str {
        match (&self.target.token, &self.target.password) {
            (Some(_), Some(_)) => "token+password",
            (Some(_), None) => "token",
            (None, Some(_)) => "password",
            (None, None) => "none",
        }
    }

    pub(super) fn to_json(&self, deep: bool) -> Value {
        let empty = json!({});
        let summary = self.probe.summary.as_ref().unwrap_or(&empty);
        let (known, connected) = self.nodes().unzip();
        let mut report = json!({
            "answer": self.answer.to_json(),
            "heartbeat": summary["heartbeat"],
            "channelSummary": summary["channelSummary"],
            "queuedSystemEvents": summary["queuedSystemEvents"],
            "sessions": summary["sessions"],
            "os": {
                "platform": self.os.platform,
                "arch": self.os.arch,
                "release": self.os.release,
                "label": self.os.label(),
            },
            "dashboardUrl": self.dashboard,
            "gateway": {
                "mode": if self.remote { "remote" } else { "local" },
                "url": self.target.url,
                "urlSource": self.target.url_source.to_string(),
                "misconfigured": self.target.url_source == UrlSource::MissingRemote,
                "reachable": self.probe.reachable,
                "authorized": self.probe.connected,
                "connectLatencyMs": self.probe.connected.then(|| u64::try_from(self.probe.latency.as_millis()).unwrap_or(u64::MAX)),
                "auth": self.auth(),
                "credentialSource": self.target.token.as_ref().map(|token| token.source.to_string())
                    .or_else(|| self.target.password.as_ref().map(|password| password.source.to_string())),
                "transport": self.probe.transport(),
                "tunnel": self.probe.tunnel.as_ref().map(crate::probe::Via::to_json),
                "tlsFingerprint": self.probe.fingerprint,
                "tls": self.probe.certificate.to_json(),
                "warning": self.probe.warning(),
                "self": self.probe.own_entry(),
                "error": self.probe.error.as_ref().map(|error| format!("connect failed: {error}")),
                "rpcError": self.probe.rpc_error,
            },
            "remote": self.probe.remote,
            "nodes": { "known": known, "connected": connected },
            "pendingPairings": self.pending,
            "nodeHost": { "gateway": self.node_of, "only": self.node_only },
        });
        self.machine.add_to(&mut report);
        if deep {
            report["health"] = json!(self.probe.health);
        }
        report
    }
}

/// How many requests wait. Not allowed to know is not an error here.
async fn pending(
    context: &Context,
    target: &ClientTarget,
    look: Look,
    own_socket: bool,
) -> Option<usize> {
    let wish = Wish {
        explicit: look.explicit,
        scopes: needs([Scope::Pairing]),
        deadline: Deadline::after(look.budget),
        probe: true,
    };
    let connection = if own_socket {
        Connection::open_socket(context, target.clone(), wish)
            .await
            .ok()?
    } else {
        Connection::open_url(context, target.clone(), wish)
            .await
            .ok()?
    };
    let devices: Value = connection.call("device.pair.list", &json!({})).await.ok()?;
    let nodes: Value = connection.call("node.pair.list", &json!({})).await.ok()?;
    connection.close().await;
    Some(pending_devices(&devices).ok()?.len() + pending_nodes(&nodes).ok()?.len())
}

/// Whether a gateway of this state directory runs.
fn holds_lock(context: &Context) -> bool {
    peek(&context.paths().lock_file, now_ms())
        .ok()
        .flatten()
        .is_some()
}

fn dashboard(settings: &Settings, target: &ClientTarget, probe: &Probe) -> String {
    if settings.gateway.control_ui.enabled {
        let url = match &probe.tunnel {
            Some(via) => via.url(&target.url),
            None => target.url.clone(),
        };
        http_base(&url, &settings.gateway.control_ui.base_path)
    } else {
        "disabled".to_owned()
    }
}
