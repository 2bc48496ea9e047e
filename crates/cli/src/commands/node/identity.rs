//! `openclaw node identity`.

use openclaw_client::DeviceIdentity;
use openclaw_node::NodeIdentity;

use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `node identity`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let Self {} = self;
        let identity = DeviceIdentity::load_or_create(&context.paths().identity_file)
            .map_err(CommandError::new)?;
        let identity = NodeIdentity::of(&identity);
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&identity)?;
        } else {
            ui.line(format!("Device id: {}", identity.device_id))?;
            ui.line(format!("Public key: {}", identity.public_key))?;
            ui.line(format!("Words: {}", identity.fingerprint))?;
        }
        Ok(Exit::OK)
    }
}
