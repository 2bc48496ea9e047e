//! `system.run.prepare`: says exactly what would run, without running it.

use std::sync::Arc;

use openclaw_config::exec_approvals::{Ask, Security};
use serde::Serialize;

use super::plan::{FileOperand, Plan};
use super::run::{RunParams, Wanted};
use super::{Shared, blocking, name, read_params};
use crate::invoke::{CommandResult, to_json};
use crate::policy::{Command, Disk, find_program, format_argv};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    plan: Plan,
    exec_policy: PolicyAnswer,
}

/// The rules that would decide about the run, so that the caller knows whether to ask somebody.
#[derive(Serialize)]
struct PolicyAnswer {
    security: Security,
    ask: Ask,
}

/// Gives the plan: the program by its full path, the directory, the line to show, and the content
/// of the file that decides what happens.
pub(super) async fn prepare(shared: &Arc<Shared>, params: Option<&str>) -> CommandResult {
    let params: RunParams = read_params(name::RUN_PREPARE, params)?;
    let wanted = Wanted::new(shared, &params)?;
    let shared = Arc::clone(shared);
    blocking(move || {
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let (_, policy) = shared.rules_for(params.agent_id.as_deref())?;
        let Wanted { command, cwd, env } = wanted;
        let program = find_program(command.program(), &env.path, &cwd, &Disk);
        let mut argv = command.argv().to_vec();
        let (preview, operand) = match &command {
            Command::Shell { script, .. } => (Some(script.trim().to_owned()), None),
            Command::Argv(_) => {
                if let Some(path) = program.as_deref().and_then(|path| path.to_str()) {
                    path.clone_into(&mut argv[0]);
                }
                (None, FileOperand::of(&argv, program.as_deref(), &cwd))
            }
        };
        Ok(to_json(&Answer {
            plan: Plan {
                cwd: cwd.to_str().map(str::to_owned),
                command_text: format_argv(&argv),
                command_preview: preview,
                agent_id: filled(params.agent_id),
                session_key: filled(params.session_key),
                mutable_file_operand: operand,
                argv,
            },
            exec_policy: PolicyAnswer {
                security: policy.security,
                ask: policy.ask,
            },
        }))
    })
    .await?
}
