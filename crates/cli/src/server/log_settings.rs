//! Has the log follow its settings, beside everything else: a file may be on a disk that does not answer.

use std::sync::Arc;
use std::time::Duration;

use openclaw_config::Paths;
use openclaw_config::load::Snapshot;
use openclaw_gateway::core::Core;
use openclaw_gateway::subsystems::{Part, Subsystems};
use openclaw_gateway::tasks::blocking;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{ServerOptions, add_secrets, log_options};
use crate::logging::{LogControl, Lost};
use crate::ui::Ui;

/// How the log is named where the parts of a gateway tell how they are doing.
const PART: &str = "log";
/// How often a file that cannot be opened is tried again.
const AGAIN: Duration = Duration::from_secs(30);

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
    /// Follows the config, and what becomes of the lines, until the config changes no more.
    pub(super) async fn run(self, mut changes: watch::Receiver<Arc<Snapshot>>) {
        let mut losses = self.control.losses();
        let mut lost: Option<Lost> = None;
        loop {
            let is_change = tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => true,
                    Err(_) => return,
                },
                Ok(()) = losses.changed() => {
                    let now = losses.borrow_and_update().clone();
                    Self::tell(lost.as_ref(), now.as_ref());
                    lost = now;
                    self.report();
                    continue;
                }
                () = sleep(AGAIN), if self.control.trouble().is_some() => false,
            };
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
            if let Some(Err(error)) = applied.await
                && is_change
            {
                tracing::warn!(target: "gateway", %error, "the log stays where it is");
            }
            self.report();
        }
    }

    /// Says how many lines no file has, once there is a file to say it in.
    fn tell(before: Option<&Lost>, now: Option<&Lost>) {
        if let (Some(Lost { lines, reason }), None) = (before, now) {
            tracing::warn!(target: "gateway", "{lines} lines of the log were lost: {reason}");
        }
    }

    /// Tells where the log is, when that is not where it should be.
    pub(super) fn report(&self) {
        if let Some(Lost { reason, .. }) = &*self.control.losses().borrow() {
            // Without their number: a reason that changes is a line of its own, which would be lost, too.
            let reason = format!("{reason}; lines go to the console alone");
            let fix = "free some disk space, or move away what lies in its place; it is tried with every line";
            self.part.degraded(reason, fix, None);
            return;
        }
        let Some(trouble) = self.control.trouble() else {
            let path = self.control.current().path();
            let detail = format!("written to {}", path.display());
            self.subsystems.recovered(PART, &detail);
            return;
        };
        let fix = format!(
            "put a regular file that this user can write there; or choose another: {}",
            self.paths
                .profile
                .command("openclaw config set logging.file <path>")
        );
        self.part.degraded(trouble.reason, fix, Some(AGAIN));
    }
}
