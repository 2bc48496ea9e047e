//! Runs an async command on this thread; a signal ends it.

use std::future::{Future, poll_fn};
use std::task::Poll;

use crate::error::{CommandError, Exit, Outcome};
use crate::platform::{self, Ends};

/// Runs a command that may be cut off by SIGINT and SIGTERM (Ctrl-C, the end of its console) at any point.
pub(crate) fn run<F: Future<Output = Outcome>>(command: F) -> Outcome {
    block_on(async {
        let mut ends = Ends::listen()?;
        tokio::select! {
            outcome = command => outcome,
            end = ends.next() => Err(CommandError::signal(end.number())),
        }
    })
}

/// Runs a command that handles signals itself.
pub(crate) fn block_on<F: Future<Output = Outcome>>(command: F) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(command);
    platform::end_runtime(runtime);
    outcome
}

/// From now on Ctrl-C interrupts what reads from the terminal, and does not end the process.
pub(crate) fn hold_interrupts() -> Result<(), CommandError> {
    block_on(async {
        platform::hold_interrupts()?;
        Ok(Exit::OK)
    })
    .map(drop)
}

/// Runs a handful of futures side by side and gives their outputs in order.
pub(crate) async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(|task| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(task)
            {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
