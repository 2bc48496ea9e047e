//! The SSH tunnel of a node host: opened before it connects, and opened again on the same port when somebody closes it.

use std::time::Duration;

use openclaw_client::target::GatewayUrl;
use openclaw_client::tunnel::{SshFailureKind, retry_delay};
use openclaw_client::{ClientOptions, Target};
use openclaw_config::resolve::SshRoute;
use tokio_util::sync::CancellationToken;

use crate::connect::{Through, through};
use crate::context::Context;
use crate::tunnel::{Lease, Wanted, adopt, reach};

/// How often the tunnel is looked at. One that only lost its connection is opened again by its own process, sooner.
const LOOK: Duration = Duration::from_secs(5);

/// The way of a node host to its gateway.
#[derive(Debug)]
pub(super) struct Way<'a> {
    context: &'a Context,
    route: &'a SshRoute,
    gateway: &'a Target,
}

impl<'a> Way<'a> {
    pub(super) const fn new(
        context: &'a Context,
        route: &'a SshRoute,
        gateway: &'a Target,
    ) -> Self {
        Self {
            context,
            route,
            gateway,
        }
    }

    /// Opens the tunnel, for as long as it takes, and points the client at its local end. `None` after a shutdown.
    pub(super) async fn open(
        &self,
        client: &mut ClientOptions,
        shutdown: &CancellationToken,
    ) -> Option<Lease> {
        let url = self.gateway.url()?;
        let mut failures = 0;
        loop {
            let opened = tokio::select! {
                opened = self.attempt(url, failures) => opened,
                () = shutdown.cancelled() => return None,
            };
            if let Some(by_ssh) = opened {
                client.target = by_ssh.target;
                client.tls.server_name = by_ssh.server_name;
                client.gateway_name = Some(by_ssh.gateway_name);
                return Some(by_ssh.lease);
            }
            failures += 1;
        }
    }

    /// One attempt, with the pause after a failure in it.
    async fn attempt(&self, url: &GatewayUrl, failures: u32) -> Option<Through> {
        match through(self.context, self.route, url, false).await {
            Ok(by_ssh) => Some(by_ssh),
            Err(problem) => {
                let pause = pause(failures);
                self.context.ui().note(format!(
                    "{problem}; next try in {:.0}s\nFix: {}",
                    pause.as_secs_f64().max(1.0),
                    problem.fix
                ));
                tokio::time::sleep(pause).await;
                None
            }
        }
    }

    /// Keeps the tunnel in use and there; never ends by itself.
    pub(super) async fn keep(&self, lease: Lease) {
        let Ok(mut wanted) = Wanted::of_route(self.context, self.route) else {
            // It was opened from the same words.
            return std::future::pending().await;
        };
        wanted.local_port = Some(lease.local_port);
        let mut held = Some(lease);
        let mut failures = 0;
        loop {
            tokio::time::sleep(LOOK).await;
            if crate::tunnel::is_watched(self.context, &wanted) {
                continue;
            }
            if adopt(self.context, &wanted).await.is_some() {
                continue;
            }
            // The old note names a tunnel that is gone.
            drop(held.take());
            match reach(self.context, &wanted).await {
                Ok(lease) => {
                    failures = 0;
                    held = Some(lease);
                }
                Err(problem) => {
                    self.context.ui().note(problem.to_string());
                    tokio::time::sleep(pause(failures)).await;
                    failures += 1;
                }
            }
        }
    }
}

/// Grows up to half a minute, spread so that many nodes do not come at once.
fn pause(failures: u32) -> Duration {
    let random = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
    retry_delay(SshFailureKind::Lost, failures, random)
}
