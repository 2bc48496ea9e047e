//! What this machine lays open, as far as config, records and files tell.

use std::net::SocketAddr;

use openclaw_config::exec_approvals::ApprovalsStore;
use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
use openclaw_gateway::listen::interface_addresses;
use openclaw_gateway::security::{self, Facts, PairingFacts, Report, files};
use openclaw_gateway::store::{StorePaths, offline};
use openclaw_gateway::tls::{Wanted, own_certificate};

use crate::context::{Context, problem};
use crate::error::CommandError;
use crate::server::{Lacking, makes_token};
use crate::ui::format::now_ms;

/// Looks at this machine and judges it.
pub(crate) fn look(context: &Context) -> Result<Report, CommandError> {
    let snapshot = context.snapshot();
    let settings = context.settings()?;
    let paths = context.paths();
    let plan = resolve_gateway(
        &GatewayFlags::default(),
        context.env(),
        settings,
        &paths.profile,
    )
    .map_err(|issues| {
        let lines: Vec<String> = issues.iter().map(problem).collect();
        CommandError::new(lines.join("\n"))
    })?;
    // A lock that cannot be read may be held.
    let holder = openclaw_gateway::lock::peek(&paths.lock_file, now_ms());
    let is_down = matches!(holder, Ok(None));
    let running: Vec<SocketAddr> = holder
        .ok()
        .flatten()
        .and_then(|holder| holder.address?.parse().ok())
        .into_iter()
        // What is planned says more than the first address of what runs, unless that is wider.
        .filter(|address: &SocketAddr| !address.ip().is_loopback())
        .collect();
    let interfaces = interface_addresses().unwrap_or_default();
    let certificate = own_certificate(&plan.tls, settings, paths);
    let exec = ApprovalsStore::new(&paths.exec_approvals_file)
        .read()
        .ok()
        .map(|read| read.file);
    let key = Wanted::key_path(&plan.tls, settings, paths);
    let log = context.log_file();
    let looked = files::look(paths, &snapshot.include_files, key.as_deref(), &log);
    let pairing = offline::view(&StorePaths::from(paths), now_ms())
        .map(|stored| PairingFacts::of(&stored.devices, &stored.setups, now_ms()))
        .unwrap_or_default();
    Ok(security::audit(&Facts {
        settings,
        authored: &snapshot.parsed,
        plan: &plan,
        listening: &running,
        token_to_come: is_down && makes_token(context, &plan, Lacking::default()),
        interfaces: &interfaces,
        certificate: certificate.as_ref(),
        exec: exec.as_ref(),
        files: &looked,
        pairing: &pairing,
        profile: &paths.profile,
        now_ms: now_ms(),
    }))
}
