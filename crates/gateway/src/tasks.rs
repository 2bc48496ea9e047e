//! The only place that starts tasks.
//!
//! Every task has a name, an owner and a reason to end: either it belongs to a [`Tasks`] group, which is cancelled and waited
//! for at shutdown, or its handle aborts it when dropped. A task that panics says so in the log with its name; the others go on.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// A group of tasks that end together.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Tasks {
    /// An empty group.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty group that is cancelled by `cancel` (or by itself, which cancels `cancel` too).
    pub fn with_token(cancel: CancellationToken) -> Self {
        Self {
            tracker: TaskTracker::new(),
            cancel,
        }
    }

    /// Starts a task. It runs to its own end: watch [`Tasks::token`] in it.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // The tracker is the owner; nothing waits for a single task.
        drop(self.tracker.spawn(named(name, task)));
    }

    /// Starts a task that is dropped at its next await once the group is cancelled.
    pub fn spawn_until_cancelled<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let cancel = self.cancel.clone();
        self.spawn(name, async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// The token that tells the tasks to end.
    pub fn token(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Number of tasks that run.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }

    /// Tells every task to end.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits until every task has ended; returns how many were still running after `limit`.
    pub async fn wait(&self, limit: Duration) -> usize {
        self.tracker.close();
        let waited = tokio::time::timeout(limit, self.tracker.wait()).await;
        if waited.is_ok() {
            0
        } else {
            self.tracker.len()
        }
    }
}

/// Starts a task that belongs to the holder of the handle and is aborted when that is dropped.
#[must_use = "dropping the handle aborts the task"]
pub fn spawn_owned<F>(name: &'static str, task: F) -> AbortOnDropHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "this is the task owner")]
    AbortOnDropHandle::new(tokio::spawn(named(name, task)))
}

/// Runs blocking work on the blocking pool; `None` if it panicked (which is logged).
pub async fn blocking<T, F>(name: &'static str, work: F) -> Option<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    tokio::task::spawn_blocking(move || {
        let _report = PanicReport(name);
        work()
    })
    .await
    .ok()
}

async fn named<F: Future>(name: &'static str, task: F) -> F::Output {
    let _report = PanicReport(name);
    task.await
}

/// Names the task in the log when it unwinds.
struct PanicReport(&'static str);

impl Drop for PanicReport {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(task = self.0, "task panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_group_ends_when_cancelled() {
        let tasks = Tasks::new();
        tasks.spawn_until_cancelled("waits", std::future::pending());
        let token = tasks.token().clone();
        tasks.spawn("watches", async move { token.cancelled().await });
        assert_eq!(tasks.running(), 2);
        tasks.cancel();
        assert_eq!(tasks.wait(Duration::from_secs(5)).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_task_is_counted_not_awaited_for_ever() {
        let tasks = Tasks::new();
        tasks.spawn("stuck", std::future::pending());
        tasks.cancel();
        assert_eq!(tasks.wait(Duration::from_secs(1)).await, 1);
    }

    #[tokio::test]
    async fn an_owned_task_ends_with_its_handle() {
        let (alive, mut gone) = tokio::sync::mpsc::channel::<()>(1);
        let handle = spawn_owned("owned", async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        drop(handle);
        assert_eq!(gone.recv().await, None);
    }

    #[tokio::test]
    async fn blocking_work_reports_its_result_or_its_panic() {
        assert_eq!(blocking("adds", || 1 + 1).await, Some(2));
        let failed: Option<()> = blocking("panics", || panic!("on purpose")).await;
        assert_eq!(failed, None);
    }
}
