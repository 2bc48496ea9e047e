//! Parts that live in crates above this one, such as certificates by ACME or the wide-area DNS responder: started with the
//! gateway, told nothing but the running gateway's shared parts, and stopped with it. One that ends or panics is reported and
//! hurts nobody else.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::core::Core;
use crate::subsystems::Part;

/// What an adapter does until it is stopped.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A part from a crate above.
pub trait Adapter: std::fmt::Debug + Send {
    /// Name among the subsystems.
    fn name(&self) -> &'static str;

    /// Runs until the future is dropped, which happens at shutdown: what must be undone then belongs to a task that watches
    /// `core.tasks.token()`. Follows `core.config` and tells its state through `part`.
    fn run(self: Box<Self>, core: Arc<Core>, part: Part) -> Running;
}

/// Starts one.
pub(crate) fn spawn(core: &Arc<Core>, adapter: Box<dyn Adapter>) {
    let name = adapter.name();
    let part = core.part(name);
    let running = adapter.run(Arc::clone(core), part.clone());
    core.tasks.spawn_until_cancelled(name, async move {
        let ended = Ended(part);
        running.await;
        drop(ended);
    });
}

/// Says so when an adapter ends, however it ends, while the gateway goes on.
struct Ended(Part);

impl Drop for Ended {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.degraded(
                "it ended unexpectedly",
                "see openclaw logs; restart the gateway to start it again",
                None,
            );
        }
    }
}
