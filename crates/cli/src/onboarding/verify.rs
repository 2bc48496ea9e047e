//! Whether the gateway answers with the settings that were written.

use std::time::Duration;

use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit};
use crate::runtime;

/// Time for one look.
const PATIENCE: Duration = Duration::from_secs(6);
/// Time that a gateway which is just being started gets.
const STARTING: Duration = Duration::from_secs(15);
/// Between two looks at one that is just being started.
const PAUSE: Duration = Duration::from_millis(200);

/// What was seen.
#[derive(Debug)]
pub(crate) enum Seen {
    /// It answers, and lets this machine in.
    Answers {
        /// Where it was reached.
        url: String,
        /// Its answer to `remote.status`, if it knows that.
        status: Option<Value>,
    },
    /// It does not, or does not let this machine in.
    Silent(CommandError),
}

impl Seen {
    /// Whether it answers.
    pub(crate) const fn answers(&self) -> bool {
        matches!(self, Self::Answers { .. })
    }
}

/// Looks at the gateway that the config names now; `starting` waits for one that comes up.
pub(crate) fn look(context: &Context, starting: bool) -> Result<Seen, CommandError> {
    let context = context.fresh();
    let mut seen = None;
    runtime::run(async {
        let asked = async {
            loop {
                match once(&context).await {
                    Seen::Silent(_) if starting => tokio::time::sleep(PAUSE).await,
                    answer => return answer,
                }
            }
        };
        seen = Some(match tokio::time::timeout(STARTING, asked).await {
            Ok(answer) => answer,
            Err(_) => once(&context).await,
        });
        Ok(Exit::OK)
    })?;
    seen.ok_or_else(CommandError::silent)
}

async fn once(context: &Context) -> Seen {
    let args = CallArgs {
        timeout: Some(PATIENCE),
        ..CallArgs::default()
    };
    let connection = match Connection::open(context, &args, needs([Scope::Read])).await {
        Ok(connection) => connection,
        Err(failure) => return Seen::Silent(failure.into_error()),
    };
    // Gateways of other releases do not know it; that one answers is enough.
    let status = connection.call("remote.status", &json!({})).await.ok();
    let url = connection.target().url.clone();
    connection.close().await;
    Seen::Answers { url, status }
}
