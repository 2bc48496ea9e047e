//! `system.run`: runs a program if the rules of this machine allow it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use openclaw_config::exec_approvals::{ExecApprovalsFile, ResolvedPolicy};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::report::RunReport;
use super::{Shared, blocking, name, read_params};
use crate::deadline::run_limit;
use crate::exec::{self, ChildEnv, LiveOutput, Run, child_env};
use crate::invoke::{CommandError, InvokeOutcome, to_json};
use crate::policy::{
    Allowed, Approval, Command, Decision, Disk, Question, Refusal, Rules, decide, expand_home,
};

/// Parameters of `system.run` and `system.run.prepare`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunParams {
    command: Option<Vec<String>>,
    raw_command: Option<String>,
    pub(super) cwd: Option<String>,
    env: Option<BTreeMap<String, String>>,
    timeout_ms: Option<f64>,
    needs_screen_recording: Option<bool>,
    pub(super) agent_id: Option<String>,
    pub(super) session_key: Option<String>,
    approved: Option<bool>,
    approval_decision: Option<String>,
    run_id: Option<String>,
    system_run_plan: Option<Plan>,
}

impl RunParams {
    fn approval(&self) -> Approval {
        match self.approval_decision.as_deref() {
            Some("allow-once") => Approval::Once,
            Some("allow-always") => Approval::Always,
            None | Some("") if self.approved == Some(true) => Approval::Once,
            _ => Approval::None,
        }
    }

    fn timeout_ms(&self) -> Result<Option<u64>, CommandError> {
        let Some(timeout) = self.timeout_ms else {
            return Ok(None);
        };
        if !timeout.is_finite() || timeout < 0.0 {
            return Err(CommandError::invalid(
                "INVALID_REQUEST: timeoutMs must be 0 or more milliseconds",
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and a larger number than fits means the same as the largest"
        )]
        let whole = timeout.ceil() as u64;
        Ok(Some(whole))
    }
}

/// A run as it was asked for, checked as far as that needs no disk.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) command: Command,
    pub(super) cwd: PathBuf,
    pub(super) env: ChildEnv,
}

impl Wanted {
    pub(super) fn new(shared: &Shared, params: &RunParams) -> Result<Self, CommandError> {
        let argv = params.command.clone().unwrap_or_default();
        if argv.first().is_none_or(|program| program.trim().is_empty()) {
            return Err(CommandError::invalid("command required"));
        }
        let command = Command::new(argv, params.raw_command.as_deref())
            .map_err(|error| CommandError::invalid(error.to_string()))?;
        let machine = &shared.machine;
        let cwd = match params.cwd.as_deref().map(str::trim) {
            None | Some("") => machine.cwd.clone(),
            Some(cwd) => machine.cwd.join(expand_home(cwd, machine.home.as_deref())),
        };
        if let Some(plan) = &params.system_run_plan {
            let other_cwd = plan
                .cwd
                .as_deref()
                .is_some_and(|planned| Path::new(planned) != cwd);
            if plan.argv != command.argv() || other_cwd {
                return Err(CommandError::invalid(
                    "systemRunPlan does not match command",
                ));
            }
        }
        let env = child_env(
            &machine.env,
            params.env.as_ref().unwrap_or(&BTreeMap::new()),
        );
        Ok(Self { command, cwd, env })
    }
}

/// Runs a program.
pub(super) async fn run(
    shared: &Arc<Shared>,
    params: Option<&str>,
    outer_ms: Option<u64>,
    cancel: &CancellationToken,
    live: Option<LiveOutput>,
) -> InvokeOutcome {
    match run_checked(shared, params, outer_ms, cancel, live).await {
        Ok(outcome) => outcome,
        Err(error) => Err(error).into(),
    }
}

async fn run_checked(
    shared: &Arc<Shared>,
    params: Option<&str>,
    outer_ms: Option<u64>,
    cancel: &CancellationToken,
    live: Option<LiveOutput>,
) -> Result<InvokeOutcome, CommandError> {
    let params: RunParams = read_params(name::RUN, params)?;
    let wanted = Wanted::new(shared, &params)?;
    let limit = run_limit(outer_ms, params.timeout_ms()?);
    let report = RunReport::new(
        params.session_key.as_deref(),
        params.run_id.as_deref(),
        wanted.command.text(),
    );
    let judged = {
        let shared = Arc::clone(shared);
        blocking(move || judge(&shared, &params, wanted)).await??
    };
    let (wanted, allowed) = match judged {
        Ok(allowed) => allowed,
        Err(refusal) => {
            return Ok(InvokeOutcome {
                result: Err(CommandError::unavailable(refusal.to_string())),
                events: vec![report.denied(refusal)],
            });
        }
    };
    let finished = exec::run(
        Run {
            argv: wanted.command.argv().to_vec(),
            program: allowed.program,
            cwd: Some(wanted.cwd),
            env: wanted.env.variables,
            limit,
            live,
        },
        cancel,
    )
    .await;
    Ok(InvokeOutcome {
        events: vec![report.finished(&finished.result)],
        result: if finished.cancelled {
            Err(CommandError::cancelled())
        } else {
            Ok(to_json(&finished.result))
        },
    })
}

/// Decides about a run and writes down what the decision leaves behind.
fn judge(
    shared: &Shared,
    params: &RunParams,
    wanted: Wanted,
) -> Result<Result<(Wanted, Allowed), Refusal>, CommandError> {
    let agent_id = params.agent_id.as_deref();
    let (host, policy) = shared.rules_for(agent_id)?;
    let skill_bins = Arc::clone(&shared.skill_bins.read());
    let question = Question {
        command: &wanted.command,
        cwd: &wanted.cwd,
        path: &wanted.env.path,
        host_path: &wanted.env.host_path,
        home: shared.machine.home.as_deref(),
        approval: params.approval(),
        needs_screen_recording: params.needs_screen_recording == Some(true),
    };
    let rules = Rules {
        policy: &policy,
        safe_bins: &host.safe_bins(agent_id),
        skill_bins: &skill_bins,
        fold_case: !host.case_sensitive_patterns,
    };
    let allowed = match decide(&question, &rules, &Disk) {
        Decision::Allow(allowed) => allowed,
        Decision::Refuse(refusal) => return Ok(Err(refusal)),
    };
    let operand = params
        .system_run_plan
        .as_ref()
        .and_then(|plan| plan.mutable_file_operand.as_ref());
    let unchanged = operand.is_none_or(|operand| {
        operand.is_unchanged(
            wanted.command.argv(),
            allowed.program.as_deref(),
            &wanted.cwd,
        )
    });
    if !unchanged {
        return Ok(Err(Refusal::ScriptChanged));
    }
    remember(shared, &policy, &allowed, &wanted.command.text());
    Ok(Ok((wanted, allowed)))
}

/// Notes which entries were used and which programs are allowed from now on.
fn remember(shared: &Shared, policy: &ResolvedPolicy, allowed: &Allowed, command: &str) {
    for program in &allowed.too_wide {
        tracing::warn!(
            program = %program.display(),
            "not allowed for ever: it runs any other program; add a pattern by hand to allow it"
        );
    }
    if allowed.remember.is_empty() && allowed.used.is_empty() {
        return;
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|age| u64::try_from(age.as_millis()).ok());
    let change = |file: &mut ExecApprovalsFile| {
        for program in allowed.remember.iter().filter_map(|path| path.to_str()) {
            file.allow(&policy.agent_id, program);
        }
        let entries = file
            .agents
            .values_mut()
            .flat_map(|agent| agent.allowlist.iter_mut());
        for entry in entries {
            let used = allowed
                .used
                .iter()
                .find(|used| used.id == entry.id && used.pattern == entry.pattern);
            if let Some(used) = used {
                entry.last_used_at = now;
                entry.last_used_command = Some(command.to_owned());
                entry.last_resolved_path = used.resolved.to_str().map(str::to_owned);
            }
        }
    };
    if let Err(error) = shared.store.modify(change) {
        tracing::warn!(%error, "cannot note the use of exec approvals");
    }
}
