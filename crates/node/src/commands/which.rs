//! `system.which`: where programs are.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Shared, blocking, name, read_params};
use crate::invoke::{CommandError, CommandResult, to_json};
use crate::policy::{Disk, find_program};

#[derive(Deserialize)]
struct Params {
    bins: Option<Value>,
}

#[derive(Serialize)]
struct Answer {
    bins: BTreeMap<String, String>,
}

/// Gives the paths of the programs that are there; the others are left out.
pub(super) async fn which(shared: &Arc<Shared>, params: Option<&str>) -> CommandResult {
    let params: Params = read_params(name::WHICH, params)?;
    let Some(Value::Array(bins)) = params.bins else {
        return Err(CommandError::invalid("INVALID_REQUEST: bins required"));
    };
    let shared = Arc::clone(shared);
    blocking(move || {
        let machine = &shared.machine;
        let path = machine.env("PATH");
        let found = bins.iter().filter_map(Value::as_str).filter_map(|name| {
            let name = name.trim();
            if name.contains(['/', '\\']) {
                return None;
            }
            let program = find_program(name, path, &machine.cwd, &Disk)?;
            Some((name.to_owned(), program.to_str()?.to_owned()))
        });
        to_json(&Answer {
            bins: found.collect(),
        })
    })
    .await
}
