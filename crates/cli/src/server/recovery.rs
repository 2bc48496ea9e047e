//! A start that fails with a config change that nobody confirmed takes the change back and starts once more: whoever made it
//! from elsewhere has no other way in.

use std::cell::Cell;

use openclaw_gateway::confirm;
use openclaw_gateway::listen::Inherited;
use openclaw_gateway::lock::peek;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::ui::format::now_ms;

/// How far a start came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Flags and settings are read.
    Reading,
    /// They are put into effect.
    Starting,
    /// The gateway listens.
    Running,
}

/// Told by a start how far it came.
#[derive(Debug)]
pub(crate) struct Progress(Cell<Stage>);

impl Progress {
    /// Flags and settings are usable.
    pub(crate) fn starting(&self) {
        self.0.set(Stage::Starting);
    }

    /// The gateway listens.
    pub(crate) fn running(&self) {
        self.0.set(Stage::Running);
    }

    /// A mistyped flag is nobody's change.
    fn may_be_the_change(&self, error: &CommandError) -> bool {
        match self.0.get() {
            Stage::Reading => error.is_config(),
            Stage::Starting => true,
            Stage::Running => false,
        }
    }
}

/// Runs a start; `context` must not have read the config yet.
pub(crate) fn start(
    context: &Context,
    inherited: &Inherited,
    mut attempt: impl FnMut(&Context, &Progress) -> Outcome,
) -> Outcome {
    let paths = context.paths();
    // A running gateway looks after its own changes; the one before a restart has ended.
    let restarted = inherited.has_lock();
    let alone = || restarted || !matches!(peek(&paths.lock_file, now_ms()), Ok(Some(_)));
    if alone() && confirm::before_start(paths, context.process_env(), now_ms()) {
        context.ui().note(
            "A config change that nobody confirmed in time was taken back; see: openclaw logs",
        );
    }
    let progress = Progress(Cell::new(Stage::Reading));
    let error = match attempt(context, &progress) {
        Ok(exit) => return Ok(exit),
        Err(error) => error,
    };
    if !progress.may_be_the_change(&error)
        || !alone()
        || !confirm::start_failed(paths, context.process_env(), now_ms())
    {
        return Err(error);
    }
    error.report(&context.ui());
    context.ui().note(
        "The config change that was not confirmed yet is taken back; the gateway starts with the settings from before.",
    );
    let context = context.fresh();
    attempt(&context, &Progress(Cell::new(Stage::Reading)))
}
