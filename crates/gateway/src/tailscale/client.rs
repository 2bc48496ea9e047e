//! The daemon, by whichever way is open: the `LocalAPI` first, the program where that is not there or may not.

use std::net::IpAddr;
use std::path::PathBuf;

use openclaw_config::Env;

use super::command::{Program, arguments};
use super::daemon::{Applied, Asked, Daemon, Routes, Status};
use super::local_api::{LocalApi, Watch};
use super::serve_config::Change;
use super::trouble::Trouble;
use crate::auth::identity::TailnetUser;
use crate::platform::tailscale_socket;

/// Both ways to the daemon.
#[derive(Debug, Clone)]
pub(super) struct Client {
    api: LocalApi,
    /// A socket that was named in the settings; the program is told.
    socket: Option<PathBuf>,
    env: Env,
}

impl Client {
    pub(super) fn new(socket: Option<PathBuf>, env: Env) -> Self {
        Self {
            api: LocalApi::new(socket.clone().unwrap_or_else(tailscale_socket)),
            socket,
            env,
        }
    }

    /// The `LocalAPI`, whether it is there or not.
    pub(super) fn api(&self) -> &LocalApi {
        &self.api
    }

    /// Tells when the daemon's state changes; only by the `LocalAPI`.
    pub(super) async fn watch(&self) -> Option<Watch> {
        self.api.watch().await.ok()
    }

    /// Looked for every time: it may be installed while the gateway runs.
    fn program(&self) -> Result<Program, Trouble> {
        Program::find(&self.env, self.socket.as_deref()).ok_or_else(|| {
            if self.api.socket().exists() {
                Trouble::DaemonDown
            } else {
                Trouble::NotInstalled {
                    socket: self.api.socket().to_owned(),
                }
            }
        })
    }

    /// Whether the other way is worth a try.
    fn fall_back(&self, trouble: Trouble) -> Result<Program, Trouble> {
        match trouble {
            Trouble::DaemonDown => self.program(),
            Trouble::Denied(_) => self.program().map_err(|_| trouble),
            other => Err(other),
        }
    }
}

impl Daemon for Client {
    fn status(&self) -> Asked<'_, Status> {
        Box::pin(async {
            match self.api.status().await {
                Err(trouble) => self.fall_back(trouble)?.status().await,
                answer => answer,
            }
        })
    }

    fn routes(&self) -> Asked<'_, Routes> {
        Box::pin(async {
            match self.api.routes().await {
                Err(trouble) => self.fall_back(trouble)?.routes().await,
                answer => answer,
            }
        })
    }

    fn apply<'a>(&'a self, before: &'a Routes, change: &'a Change) -> Asked<'a, Applied> {
        Box::pin(async {
            // Routes without a version came from the program.
            if before.etag.is_none() {
                return self.program()?.apply(before, change).await;
            }
            let denied = match self.api.apply(before, change).await {
                Err(Trouble::Denied(text)) => Trouble::Denied(text),
                answer => return answer,
            };
            let Ok(program) = self.program() else {
                return Err(denied);
            };
            let mut applied = Applied::default();
            for step in &change.steps {
                applied = match program.change_as_root(&arguments(step)).await {
                    Some(applied) => applied,
                    None => return Err(denied),
                };
            }
            Ok(applied)
        })
    }

    fn whois(&self, address: IpAddr) -> Asked<'_, Option<TailnetUser>> {
        Box::pin(async move {
            match self.api.whois(address).await {
                Err(trouble) => self.fall_back(trouble)?.whois(address).await,
                answer => answer,
            }
        })
    }

    fn enable_link(&self, feature: &'static str) -> Asked<'_, Option<String>> {
        self.api.enable_link(feature)
    }
}

impl crate::auth::identity::Whois for Client {
    fn whois(
        &self,
        address: IpAddr,
    ) -> std::pin::Pin<
        Box<dyn std::future::Future<Output = crate::auth::identity::Answer> + Send + '_>,
    > {
        Box::pin(async move {
            Daemon::whois(self, address)
                .await
                .map_err(|trouble| crate::auth::identity::WhoisError(trouble.to_string()))
        })
    }
}
