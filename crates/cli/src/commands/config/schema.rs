//! `openclaw config schema`.

use openclaw_config::json_schema;

use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `config schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let Self {} = self;
        context.ui().json(&json_schema::schema())?;
        Ok(Exit::OK)
    }
}
