//! The commands of this node: which there are, and who answers them.
//!
//! Every handler takes the raw parameters and gives back JSON text or an error; none of them reads
//! the environment or the configuration itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::exec_approvals::{
    ApprovalsStore, Ask, Overrides, ResolvedPolicy, Security, agent_key,
};
use parking_lot::RwLock;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::exec::LiveOutput;
use crate::invoke::{CommandError, InvokeOutcome, InvokeRequest};
use crate::policy::DEFAULT_SAFE_BINS;

mod approvals;
mod notify;
mod plan;
mod report;
mod run;
mod run_prepare;
#[cfg(test)]
mod tests;
mod which;

pub use notify::Notifier;

/// Names of the commands.
pub mod name {
    /// Runs a program.
    pub const RUN: &str = "system.run";
    /// Says exactly what would run, so that a person can agree to it.
    pub const RUN_PREPARE: &str = "system.run.prepare";
    /// Finds programs.
    pub const WHICH: &str = "system.which";
    /// Shows the exec-approvals file.
    pub const APPROVALS_GET: &str = "system.execApprovals.get";
    /// Replaces the exec-approvals file.
    pub const APPROVALS_SET: &str = "system.execApprovals.set";
    /// Shows a message on the desktop.
    pub const NOTIFY: &str = "system.notify";
}

/// Capability families that this node announces.
pub const CAPS: [&str; 1] = ["system"];

/// Commands that every node has.
const ALWAYS: [&str; 5] = [
    name::RUN,
    name::RUN_PREPARE,
    name::WHICH,
    name::APPROVALS_GET,
    name::APPROVALS_SET,
];

/// What the owner of this machine configured for commands.
#[derive(Debug, Clone, Default)]
pub struct HostPolicy {
    /// `tools.exec` of the configuration.
    pub exec: ExecPolicy,
    /// `tools.exec` of single agents; what they leave open is taken from `exec`.
    pub agents: BTreeMap<String, ExecPolicy>,
    /// Whether patterns tell upper from lower case. They do not by default, as upstream.
    pub case_sensitive_patterns: bool,
}

/// Settings under `tools.exec`.
#[derive(Debug, Clone, Default)]
pub struct ExecPolicy {
    /// How much may run where the approvals file says nothing; built in: `allowlist`.
    pub security: Option<Security>,
    /// When to ask where that file says nothing; built in: `on-miss`.
    pub ask: Option<Ask>,
    /// Replaces the built-in list of safe filters.
    pub safe_bins: Option<Vec<String>>,
}

impl HostPolicy {
    fn overrides(&self, agent_id: Option<&str>) -> Overrides {
        let agent = self.agents.get(agent_key(agent_id));
        Overrides {
            security: agent
                .and_then(|agent| agent.security)
                .or(self.exec.security)
                .or(Some(Security::Allowlist)),
            ask: agent
                .and_then(|agent| agent.ask)
                .or(self.exec.ask)
                .or(Some(Ask::OnMiss)),
            ..Overrides::default()
        }
    }

    fn safe_bins(&self, agent_id: Option<&str>) -> Vec<String> {
        self.agents
            .get(agent_key(agent_id))
            .and_then(|agent| agent.safe_bins.as_ref())
            .or(self.exec.safe_bins.as_ref())
            .cloned()
            .unwrap_or_else(|| DEFAULT_SAFE_BINS.map(str::to_owned).to_vec())
    }
}

/// The machine the commands work on.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The exec-approvals file.
    pub approvals_path: PathBuf,
    /// Environment that children start from.
    pub env: Vec<(OsString, OsString)>,
    /// Directory of children that ask for none.
    pub cwd: PathBuf,
    /// Home directory for `~`.
    pub home: Option<PathBuf>,
    /// How messages reach the desktop; none if there is no desktop.
    pub notifier: Option<Notifier>,
}

impl Machine {
    fn env(&self, wanted: &str) -> &OsStr {
        self.env
            .iter()
            .find(|(name, _)| name == wanted)
            .map_or(OsStr::new(""), |(_, value)| value)
    }
}

/// All commands of this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Commands {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    machine: Machine,
    store: ApprovalsStore,
    policy: RwLock<Arc<HostPolicy>>,
    skill_bins: RwLock<Arc<BTreeSet<String>>>,
}

impl Commands {
    /// The commands of `machine` under `policy`.
    pub fn new(machine: Machine, policy: HostPolicy) -> Self {
        Self {
            shared: Arc::new(Shared {
                store: ApprovalsStore::new(&machine.approvals_path),
                machine,
                policy: RwLock::new(Arc::new(policy)),
                skill_bins: RwLock::default(),
            }),
        }
    }

    /// Takes a changed configuration into use; calls that run already keep the old one.
    pub fn set_policy(&self, policy: HostPolicy) {
        *self.shared.policy.write() = Arc::new(policy);
    }

    /// Takes the answer of the gateway's `skills.bins` into use.
    pub fn set_skill_bins(&self, bins: impl IntoIterator<Item = String>) {
        *self.shared.skill_bins.write() = Arc::new(bins.into_iter().collect());
    }

    /// Names to announce when connecting.
    pub fn declared(&self) -> Vec<&'static str> {
        let notify = self.shared.machine.notifier.as_ref().map(|_| name::NOTIFY);
        ALWAYS.into_iter().chain(notify).collect()
    }

    /// Answers one call. Cancelling, or dropping the future, ends whatever it started.
    pub async fn invoke(
        &self,
        request: &InvokeRequest,
        cancel: &CancellationToken,
    ) -> InvokeOutcome {
        self.invoke_live(request, cancel, None).await
    }

    /// Like [`Self::invoke`]; the output of a program is shown to `live` as it comes.
    pub async fn invoke_live(
        &self,
        request: &InvokeRequest,
        cancel: &CancellationToken,
        live: Option<LiveOutput>,
    ) -> InvokeOutcome {
        let shared = &self.shared;
        let params = request.params_json.as_deref();
        match request.command.as_str() {
            name::RUN => run::run(shared, params, request.timeout_ms, cancel, live).await,
            name::RUN_PREPARE => run_prepare::prepare(shared, params).await.into(),
            name::WHICH => which::which(shared, params).await.into(),
            name::APPROVALS_GET => approvals::get(shared).await.into(),
            name::APPROVALS_SET => approvals::set(shared, params).await.into(),
            name::NOTIFY => notify::notify(shared, params, request.timeout_ms, cancel)
                .await
                .into(),
            _ => not_supported().into(),
        }
    }
}

impl Shared {
    /// The configuration, and the rules for one agent that follow from it and the approvals file.
    /// That file is created on first use; a disk that cannot be written is no reason not to run
    /// what the file allows.
    fn rules_for(
        &self,
        agent_id: Option<&str>,
    ) -> Result<(Arc<HostPolicy>, ResolvedPolicy), CommandError> {
        let snapshot = self.store.ensure().or_else(|error| {
            tracing::warn!(%error, "cannot complete the exec approvals");
            self.store.read()
        });
        let snapshot = snapshot.map_err(|error| CommandError::unavailable(error.to_string()))?;
        if let Some(issue) = snapshot.issues.first() {
            tracing::warn!(
                file = %snapshot.path.display(),
                %issue,
                "exec approvals have a mistake; that part is ignored or denied"
            );
        }
        let policy = Arc::clone(&self.policy.read());
        let rules = snapshot.file.resolve(agent_id, &policy.overrides(agent_id));
        Ok((policy, rules))
    }
}

fn not_supported() -> Result<String, CommandError> {
    Err(CommandError::unavailable("command not supported"))
}

/// Reads the parameters of `command`; `null` counts as none.
fn read_params<T: DeserializeOwned>(
    command: &str,
    params: Option<&str>,
) -> Result<T, CommandError> {
    let params = params
        .filter(|params| !matches!(params.trim(), "" | "null"))
        .ok_or_else(|| CommandError::invalid("INVALID_REQUEST: paramsJSON required"))?;
    serde_json::from_str(params)
        .map_err(|error| CommandError::invalid(format!("invalid {command} params: {error}")))
}

/// Runs work that waits for the disk where it does not hold up the connection.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, CommandError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "command failed unexpectedly");
        CommandError::unavailable("command failed unexpectedly; see the log of the node")
    })
}
