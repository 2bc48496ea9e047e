//! `system.execApprovals.get` and `.set`: the file that says what this machine runs.

use std::sync::Arc;

use openclaw_config::exec_approvals::{StoreError, parse_strict};
use serde::Deserialize;
use serde_json::Value;

use super::{Shared, blocking, name, read_params};
use crate::invoke::{CommandError, CommandResult};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetParams {
    file: Option<Value>,
    base_hash: Option<String>,
}

/// Shows the file, and creates it when there is none.
pub(super) async fn get(shared: &Arc<Shared>) -> CommandResult {
    let shared = Arc::clone(shared);
    blocking(move || shared.store.ensure())
        .await?
        .map(|snapshot| snapshot.to_json())
        .map_err(|error| refused(&error))
}

/// Replaces the file if the caller knows its current state.
pub(super) async fn set(shared: &Arc<Shared>, params: Option<&str>) -> CommandResult {
    let params: SetParams = read_params(name::APPROVALS_SET, params)?;
    let Some(file @ Value::Object(_)) = params.file else {
        return Err(invalid("exec approvals file required"));
    };
    let file = parse_strict(&file).map_err(|issues| {
        let issues: Vec<_> = issues.iter().map(ToString::to_string).collect();
        invalid(&format!(
            "exec approvals file invalid: {}",
            issues.join("; ")
        ))
    })?;
    let shared = Arc::clone(shared);
    blocking(move || shared.store.replace(file, params.base_hash.as_deref()))
        .await?
        .map(|snapshot| snapshot.to_json())
        .map_err(|error| refused(&error))
}

fn refused(error: &StoreError) -> CommandError {
    match error {
        StoreError::BaseHashRequired | StoreError::Changed => invalid(&error.to_string()),
        StoreError::Disk(_) => CommandError::unavailable(error.to_string()),
    }
}

fn invalid(message: &str) -> CommandError {
    CommandError::invalid(format!("INVALID_REQUEST: {message}"))
}
