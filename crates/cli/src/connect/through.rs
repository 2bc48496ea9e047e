//! The way through an SSH tunnel, for everything that connects.

use std::net::Ipv4Addr;
use std::time::Duration;

use openclaw_client::Target;
use openclaw_client::target::{GatewayUrl, Host};
use openclaw_config::resolve::SshRoute;

use crate::context::Context;
use crate::tunnel::{Lease, TunnelProblem, Wanted, reach};

/// Longest wait for a tunnel; a slow one goes on opening for the next command.
const LIMIT: Duration = Duration::from_secs(20);

/// Where to connect, and what holds the way open.
#[derive(Debug)]
pub(crate) struct Through {
    /// The local end.
    pub(crate) target: Target,
    /// Whom the certificate must be for.
    pub(crate) server_name: Option<Host>,
    /// Name under which device tokens are kept: the local port says nothing about the gateway.
    pub(crate) gateway_name: String,
    /// In use until this is dropped.
    pub(crate) lease: Lease,
}

/// Opens the tunnel of a route, or uses the one that is open. `kept` lets it stay when nobody uses it.
pub(crate) async fn through(
    context: &Context,
    route: &SshRoute,
    url: &GatewayUrl,
    kept: bool,
) -> Result<Through, TunnelProblem> {
    let problem = |reason: String, fix: String| TunnelProblem {
        target: route.target.value.clone(),
        reason,
        fix,
    };
    let mut wanted = Wanted::of_route(context, route).map_err(|error| {
        problem(
            error.to_string(),
            "openclaw config set gateway.remote.sshTarget <user@host>".to_owned(),
        )
    })?;
    wanted.kept = kept;
    let lease = tokio::time::timeout(LIMIT, reach(context, &wanted))
        .await
        .map_err(|_| {
            problem(
                format!("not open after {}s", LIMIT.as_secs()),
                format!("see what ssh waits for: {}", wanted.target.login_command()),
            )
        })??;
    let mut local = url.clone();
    local.host = Host::V4(Ipv4Addr::LOCALHOST);
    local.port = lease.local_port;
    let named = !Target::Url(url.clone()).is_loopback();
    Ok(Through {
        target: Target::Url(local),
        server_name: named.then(|| url.host.clone()),
        gateway_name: format!("ssh://{}/{}", wanted.target, wanted.remote_port),
        lease,
    })
}
