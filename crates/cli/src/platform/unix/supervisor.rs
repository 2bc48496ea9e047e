//! What a service manager is told, where one listens (`NOTIFY_SOCKET`): ready, alive, restarting, stopping.

use openclaw_gateway::tasks::spawn_owned;
use sd_notify::NotifyState;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

/// It serves.
pub(crate) fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// It ends.
pub(crate) fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

/// A new program takes its place in this process; that one says when it is ready.
pub(crate) fn restarting() {
    let mut states = vec![NotifyState::Reloading, NotifyState::Status("restarting")];
    // Newer service managers want to know when it began.
    states.extend(NotifyState::monotonic_usec_now());
    notify(&states);
}

/// Says that it is alive, twice in the time after which the service manager would end it. It runs where the work is done: when
/// that hangs, nothing is said.
pub(crate) fn watchdog() -> Option<AbortOnDropHandle<()>> {
    let limit = sd_notify::watchdog_enabled()?;
    Some(spawn_owned("watchdog", async move {
        let mut interval = tokio::time::interval(limit / 2);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            notify(&[NotifyState::Watchdog]);
        }
    }))
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, ?states, "the service manager was not told");
    }
}
