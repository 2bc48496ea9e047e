//! What a lost connection left over: outcomes nobody took, and events nobody heard.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::invoke::{InvokeOutcome, InvokeRequest, NodeEvent};

/// Most outcomes kept; the oldest goes first.
const MAX_OUTCOMES: usize = 32;
/// Most events kept; the oldest goes first.
const MAX_EVENTS: usize = 64;
/// How long an outcome waits for its caller to ask again.
const OUTCOME_TTL: Duration = Duration::from_secs(600);

/// Bounded leftovers.
#[derive(Debug, Default)]
pub(super) struct Kept {
    outcomes: VecDeque<Outcome>,
    events: VecDeque<NodeEvent>,
}

#[derive(Debug)]
struct Outcome {
    key: String,
    command: String,
    params: Option<String>,
    answer: InvokeOutcome,
    since: Instant,
}

/// Whether two requests are attempts of one call.
pub(super) fn is_same_call(one: &InvokeRequest, other: &InvokeRequest) -> bool {
    one.idempotency_key.is_some()
        && one.idempotency_key == other.idempotency_key
        && one.command == other.command
        && one.params_json == other.params_json
}

impl Kept {
    /// Keeps the outcome of a call that names itself, so that the caller's second attempt gets it
    /// instead of a second run.
    pub(super) fn keep_outcome(
        &mut self,
        request: &InvokeRequest,
        outcome: InvokeOutcome,
        now: Instant,
    ) {
        let Some(key) = request.idempotency_key.clone() else {
            return;
        };
        if self.outcomes.len() == MAX_OUTCOMES {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back(Outcome {
            key,
            command: request.command.clone(),
            params: request.params_json.clone(),
            answer: outcome,
            since: now,
        });
    }

    /// Takes the outcome of an earlier attempt of the very same call.
    pub(super) fn take_outcome(
        &mut self,
        request: &InvokeRequest,
        now: Instant,
    ) -> Option<InvokeOutcome> {
        self.outcomes
            .retain(|kept| now.saturating_duration_since(kept.since) < OUTCOME_TTL);
        let key = request.idempotency_key.as_deref()?;
        let index = self.outcomes.iter().position(|kept| {
            kept.key == key && kept.command == request.command && kept.params == request.params_json
        })?;
        self.outcomes.remove(index).map(|kept| kept.answer)
    }

    pub(super) fn keep_events(&mut self, events: Vec<NodeEvent>) {
        self.events.extend(events);
        let surplus = self.events.len().saturating_sub(MAX_EVENTS);
        self.events.drain(..surplus);
    }

    pub(super) fn take_events(&mut self) -> Vec<NodeEvent> {
        self.events.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: Option<&str>, params: &str) -> InvokeRequest {
        InvokeRequest {
            id: "i".to_owned(),
            node_id: "n".to_owned(),
            command: "system.run".to_owned(),
            params_json: Some(params.to_owned()),
            timeout_ms: None,
            idempotency_key: key.map(str::to_owned),
            stream: false,
        }
    }

    fn outcome(text: &str) -> InvokeOutcome {
        Ok(text.to_owned()).into()
    }

    #[test]
    fn u26_only_the_same_call_gets_a_kept_outcome_and_only_once() {
        let now = Instant::now();
        let mut kept = Kept::default();
        kept.keep_outcome(&request(Some("k"), "1"), outcome("a"), now);
        kept.keep_outcome(&request(None, "1"), outcome("b"), now);
        assert_eq!(kept.take_outcome(&request(Some("k"), "2"), now), None);
        assert_eq!(kept.take_outcome(&request(Some("x"), "1"), now), None);
        assert_eq!(kept.take_outcome(&request(None, "1"), now), None);
        let same = request(Some("k"), "1");
        assert_eq!(kept.take_outcome(&same, now), Some(outcome("a")));
        assert_eq!(kept.take_outcome(&same, now), None);
        kept.keep_outcome(&same, outcome("a"), now);
        assert_eq!(kept.take_outcome(&same, now + OUTCOME_TTL), None);
    }

    #[test]
    fn both_lists_are_bounded_and_lose_the_oldest() {
        let now = Instant::now();
        let mut kept = Kept::default();
        for number in 0..100 {
            let text = number.to_string();
            kept.keep_outcome(&request(Some(&text), ""), outcome(&text), now);
            kept.keep_events(vec![NodeEvent {
                event: "exec.finished",
                payload_json: text,
            }]);
        }
        assert_eq!(kept.take_outcome(&request(Some("67"), ""), now), None);
        assert!(kept.take_outcome(&request(Some("68"), ""), now).is_some());
        let events = kept.take_events();
        assert_eq!(events.len(), MAX_EVENTS);
        assert_eq!(events[0].payload_json, "36");
    }
}
