//! How a restart is asked for: whoever runs this gateway says whether it can be had now, and is told when it is wanted.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Notify;

/// Why there is no restart now; the gateway stays up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct RestartRefused {
    /// What is in the way.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
}

type Checking = Pin<Box<dyn Future<Output = Result<(), RestartRefused>> + Send>>;
type Check = dyn Fn() -> Checking + Send + Sync;

/// A way to restart the process around a gateway. Clones share it.
#[derive(Clone, Default)]
pub struct Restart(Option<Arc<Inner>>);

struct Inner {
    check: Box<Check>,
    wanted: Notify,
}

impl fmt::Debug for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Restart").field(&self.0.is_some()).finish()
    }
}

impl Restart {
    /// `check` proves, without changing anything, that a successor would start.
    pub fn new(check: impl Fn() -> Checking + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Inner {
            check: Box::new(check),
            wanted: Notify::new(),
        })))
    }

    /// Whether this process can be restarted at all.
    pub fn is_possible(&self) -> bool {
        self.0.is_some()
    }

    /// Whether a successor would start now.
    ///
    /// # Errors
    /// Why it would not.
    pub async fn check(&self) -> Result<(), RestartRefused> {
        match &self.0 {
            Some(inner) => (inner.check)().await,
            None => Err(RestartRefused {
                reason: "this gateway was not started by a program that can restart it".to_owned(),
                fix: "stop it on its host and start it again".to_owned(),
            }),
        }
    }

    /// Asks for it. The answer to whoever asked is still delivered.
    pub fn request(&self) {
        if let Some(inner) = &self.0 {
            inner.wanted.notify_one();
        }
    }

    /// Waits until somebody asks for it.
    pub async fn wanted(&self) {
        match &self.0 {
            Some(inner) => inner.wanted.notified().await,
            None => std::future::pending().await,
        }
    }
}
