//! Has the log follow its settings, beside everything else: a file may be on a disk that does not answer.

use std::sync::Arc;

use openclaw_config::Paths;
use openclaw_config::load::Snapshot;
use openclaw_gateway::core::Core;
use openclaw_gateway::subsystems::{Part, Subsystems};
use openclaw_gateway::tasks::blocking;
use tokio::sync::watch;

use super::{ServerOptions, add_secrets, log_options};
use crate::logging::LogControl;
use crate::ui::Ui;

/// How the log is named where the parts of a gateway tell how they are doing.
const PART: &str = "log";

/// Applies what changes.
#[derive(Debug, Clone)]
pub(super) struct Follower {
    pub(super) control: LogControl,
    pub(super) ui: Ui,
    pub(super) paths: Paths,
    pub(super) options: ServerOptions,
    pub(super) part: Part,
    pub(super) subsystems: Arc<Subsystems>,
}

/// What tells how the log is doing.
pub(super) fn part(core: &Core) -> Part {
    core.part(PART)
}

impl Follower {
    /// Follows the config until it changes no more.
    pub(super) async fn run(self, mut changes: watch::Receiver<Arc<Snapshot>>) {
        while changes.changed().await.is_ok() {
            let snapshot = Arc::clone(&changes.borrow_and_update());
            add_secrets(self.control.redactor(), &snapshot);
            let applying = self.clone();
            let applied = blocking("log settings", move || {
                let Self {
                    control,
                    ui,
                    paths,
                    options,
                    ..
                } = applying;
                control.apply(&log_options(ui, &paths, &options, &snapshot))
            });
            if let Some(Err(error)) = applied.await {
                tracing::warn!(target: "gateway", %error, "the log stays where it is");
            }
            self.report();
        }
    }

    /// Tells where the log is, when that is not where it should be.
    pub(super) fn report(&self) {
        let Some(trouble) = self.control.trouble() else {
            let path = self.control.current().path();
            let detail = format!("written to {}", path.display());
            self.subsystems.recovered(PART, &detail);
            return;
        };
        let fix = format!(
            "put a regular file that this user can write there and run: {}; or choose another: {}",
            self.paths.profile.command("openclaw gateway restart"),
            self.paths
                .profile
                .command("openclaw config set logging.file <path>")
        );
        self.part.degraded(trouble.reason, fix, None);
    }
}
