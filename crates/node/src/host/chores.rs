//! What a node does unasked on a fresh connection, and every minute after.

use std::sync::Arc;
use std::time::Duration;

use openclaw_client::{CallError, Client, HelloOk};
use openclaw_protocol::methods::node::INVOKE_PROGRESS;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::answer::send_event;
use super::event::{HostEvent, HostEvents};
use super::stats::host_stats;
use crate::commands::Commands;
use crate::invoke::{NodeEvent, to_json};

/// How often the load of the machine is reported.
const STATS_INTERVAL: Duration = Duration::from_secs(60);
/// First pause between two questions whether the commands are approved; doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LAST_PAUSE: Duration = Duration::from_secs(30);

/// Everything the chores need; they end with their session.
pub(super) struct Chores {
    pub(super) client: Client,
    pub(super) commands: Commands,
    pub(super) events: Arc<dyn HostEvents>,
    pub(super) hello: Arc<HelloOk>,
    /// Events that an earlier connection did not take.
    pub(super) backlog: Vec<NodeEvent>,
}

#[derive(Deserialize)]
struct SkillBins {
    bins: Vec<String>,
}

impl Chores {
    pub(super) async fn run(self) {
        for event in &self.backlog {
            if !send_event(&self.client, event).await {
                return;
            }
        }
        self.skill_bins().await;
        if self.hello.protocol < 4 {
            return;
        }
        for (method, member) in [
            ("node.skills.update", "skills"),
            ("node.pluginTools.update", "tools"),
        ] {
            if self.lists(method) {
                let params = json!({ member: [] });
                log_refusal(method, self.client.call(method, &params).await.err());
            }
        }
        tokio::join!(self.report_load(), self.watch_approval());
    }

    fn lists(&self, method: &str) -> bool {
        let methods = &self.hello.features.methods;
        methods.iter().any(|name| name == method)
    }

    /// Programs of skills, which may run without being asked for where the owner said so.
    async fn skill_bins(&self) {
        match self.client.call("skills.bins", &json!({})).await {
            Ok(answer) => {
                if let Ok(SkillBins { bins }) = answer.decode() {
                    self.commands.set_skill_bins(bins);
                }
            }
            Err(error) => log_refusal("skills.bins", Some(error)),
        }
    }

    async fn report_load(&self) {
        let mut ticks = interval(STATS_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(stats) = host_stats() else { return };
            let event = NodeEvent {
                event: "node.host.stats",
                payload_json: to_json(&stats),
            };
            if !send_event(&self.client, &event).await {
                return;
            }
        }
    }

    /// Asks until the commands of this node are approved; the gateway tells nodes in no other way.
    async fn watch_approval(&self) {
        let method = "node.runnerInventory.update";
        // A gateway that can stop a call for its caller also shows the output of calls.
        let shows = self.lists("node.invoke.abort");
        let features = if shows { &[INVOKE_PROGRESS][..] } else { &[] };
        let params = json!({"protocolFeatures": features, "workerHost": {"enabled": false}});
        let mut told = None;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.client.call(method, &params).await {
                Ok(_) => break,
                Err(CallError::Rpc(error))
                    if error.message.contains("awaiting operator approval") =>
                {
                    if told.as_ref() != Some(&error.message) {
                        self.events.event(&HostEvent::CommandsWaitForApproval {
                            request_id: request_id_in(&error.message),
                            message: error.message.clone(),
                        });
                        told = Some(error.message);
                    }
                }
                Err(CallError::Rpc(error)) if error.retryable == Some(true) => {}
                Err(error) => {
                    log_refusal(method, Some(error));
                    return;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
        if told.is_some() {
            self.events.event(&HostEvent::CommandsApproved);
        }
    }
}

/// Methods that a gateway does not know are no trouble: it is another release.
fn log_refusal(method: &str, error: Option<CallError>) {
    if let Some(error) = error {
        tracing::debug!(method, %error, "not taken by the gateway");
    }
}

/// The id in ``… run `openclaw nodes approve <id>` …``.
fn request_id_in(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("nodes approve ")?;
    let id = rest.split(['`', ' ', '\'', '"']).next()?;
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::request_id_in;

    #[test]
    fn the_request_is_named_in_the_text() {
        let recorded = "node capability surface is awaiting operator approval; run `openclaw nodes approve 46f966e5-9d89-4987-ba83-8f4ce1e27c11` (see `openclaw nodes pending`), then this node retries automatically";
        assert_eq!(
            request_id_in(recorded).as_deref(),
            Some("46f966e5-9d89-4987-ba83-8f4ce1e27c11")
        );
        assert_eq!(request_id_in("awaiting operator approval"), None);
    }
}
