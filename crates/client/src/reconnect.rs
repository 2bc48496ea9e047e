//! When to try again: a pure state machine, no clock, no sockets.

use std::time::Duration;

use openclaw_protocol::error::close;

use crate::error::{ConnectError, FailureClass};

/// How a client that stays connected behaves after a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReconnectPolicy {
    /// First delay. Default 1 s.
    pub initial: Duration,
    /// Longest delay. Default 30 s.
    pub max: Duration,
    /// Share by which a delay is made longer or shorter at random. Default 0.2.
    pub jitter: f64,
    /// A connection that lived this long makes the next delay the first one again. Default 5 s.
    pub settled: Duration,
    /// Delay while a pairing request waits for approval; `None` stops there.
    pub pairing: Option<Duration>,
    /// Stops at the first failure of any kind, but comes back to a gateway that restarts.
    pub once: bool,
}

impl ReconnectPolicy {
    /// For operators: stops when a person has to do something, pairing included.
    pub const fn operator() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(30),
            jitter: 0.2,
            settled: Duration::from_secs(5),
            pairing: None,
            once: false,
        }
    }

    /// For node hosts: as for operators, but waits for approval for ever.
    pub const fn node() -> Self {
        Self {
            pairing: Some(Duration::from_secs(5)),
            ..Self::operator()
        }
    }

    /// One connection, and after a restart of the gateway another one.
    pub const fn once() -> Self {
        Self {
            once: true,
            ..Self::operator()
        }
    }
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self::operator()
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again after this long.
    Retry(Duration),
    /// Give up.
    Stop,
}

/// Clients of a gateway that restarts come back spread over this time.
const RESTART_SPREAD: Duration = Duration::from_millis(250);
/// Attempts after a restart that a client makes which would otherwise stop at the first failure.
const RESTART_TRIES: u32 = 5;

/// Remembers how many attempts failed in a row.
#[derive(Debug, Clone)]
pub struct Backoff {
    policy: ReconnectPolicy,
    failures: u32,
    /// The last connection ended with a restart, and none has come about since.
    restarting: bool,
}

impl Backoff {
    /// A fresh one.
    pub const fn new(policy: ReconnectPolicy) -> Self {
        Self {
            policy,
            failures: 0,
            restarting: false,
        }
    }

    /// Attempts that failed since the last settled connection.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Decides after `error`.
    ///
    /// `lived` is how long the connection stood after its hello, `None` when there was no hello.
    /// `asked` is a delay the gateway announced beforehand, as with a restart. `random` lies in 0..1.
    pub fn next(
        &mut self,
        error: &ConnectError,
        lived: Option<Duration>,
        asked: Option<Duration>,
        random: f64,
    ) -> Next {
        if lived.is_some_and(|lived| lived >= self.policy.settled) {
            self.failures = 0;
        }
        if lived.is_some() {
            self.restarting = is_restart(error);
            if self.restarting {
                // Nothing failed, and nobody is in a hurry together with all the others.
                let spread = RESTART_SPREAD.mul_f64(random.clamp(0.0, 1.0));
                return Next::Retry(asked.unwrap_or_default() + spread);
            }
        }
        if self.policy.once && !(self.restarting && self.failures < RESTART_TRIES) {
            return Next::Stop;
        }
        let base = match error.class() {
            FailureClass::Terminal => return Next::Stop,
            FailureClass::Pairing => {
                // Waiting for a person is no failure: the first loss after the approval is tried again at once.
                let Some(delay) = self.policy.pairing else {
                    return Next::Stop;
                };
                self.failures = 0;
                let least = error.retry_after().max(asked).unwrap_or_default();
                return Next::Retry(self.jittered(delay, random).max(least));
            }
            // Two programs with one device key would otherwise push each other out without end.
            FailureClass::Transient if was_replaced(error) => self.policy.max,
            FailureClass::Transient => {
                let doubled = self.policy.initial * 2_u32.saturating_pow(self.failures.min(16));
                doubled.min(self.policy.max)
            }
        };
        self.failures = self.failures.saturating_add(1);
        let least = error.retry_after().max(asked).unwrap_or_default();
        Next::Retry(self.jittered(base, random).max(least))
    }

    fn jittered(&self, delay: Duration, random: f64) -> Duration {
        let spread = self.policy.jitter.clamp(0.0, 1.0) * (random.clamp(0.0, 1.0) * 2.0 - 1.0);
        delay.mul_f64(1.0 + spread).min(self.policy.max)
    }
}

/// The gateway said that it comes back.
fn is_restart(error: &ConnectError) -> bool {
    error
        .close_info()
        .is_some_and(|info| info.code == close::SERVICE_RESTART)
}

fn was_replaced(error: &ConnectError) -> bool {
    error
        .close_info()
        .is_some_and(|info| info.reason == close::REASON_REPLACED)
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::error::WireError;
    use serde_json::json;

    use super::*;
    use crate::error::{CloseInfo, Refusal};

    fn closed(code: u16, reason: &str) -> ConnectError {
        ConnectError::Closed(CloseInfo {
            code,
            reason: reason.to_owned(),
        })
    }

    fn refused(error: WireError) -> ConnectError {
        ConnectError::Refused(Box::new(Refusal { error, close: None }))
    }

    fn secs(next: Next) -> f64 {
        match next {
            Next::Retry(delay) => delay.as_secs_f64(),
            Next::Stop => panic!("stopped"),
        }
    }

    #[test]
    fn u25_waiting_for_approval_does_not_slow_the_return_after_the_first_loss() {
        let mut backoff = Backoff::new(ReconnectPolicy::node());
        let waiting = refused(
            WireError::new(
                openclaw_protocol::error::code::NOT_PAIRED,
                "pairing required",
            )
            .with_details(json!({ "code": "PAIRING_REQUIRED", "requestId": "r" })),
        );
        for _ in 0..20 {
            assert!((secs(backoff.next(&waiting, None, None, 0.5)) - 5.0).abs() < 1e-9);
        }
        let lost = closed(1006, "");
        let first = secs(backoff.next(&lost, Some(Duration::from_secs(1)), None, 0.5));
        assert!((first - 1.0).abs() < 1e-9, "{first}");
    }

    #[test]
    fn u25_doubles_to_the_cap_and_never_ends() {
        let mut backoff = Backoff::new(ReconnectPolicy::node());
        let lost = closed(1006, "");
        let delays: Vec<f64> = (0..100)
            .map(|_| secs(backoff.next(&lost, None, None, 0.5)))
            .collect();
        assert_eq!(delays[..6], [1.0, 2.0, 4.0, 8.0, 16.0, 30.0]);
        assert!(delays[6..].iter().all(|delay| (*delay - 30.0).abs() < 1e-9));
    }

    #[test]
    fn u05_jitter_spreads_both_ways_and_keeps_the_cap() {
        let lost = closed(1012, "service restart");
        for (random, first) in [(0.0, 0.8), (1.0, 1.2), (0.25, 0.9)] {
            let mut backoff = Backoff::new(ReconnectPolicy::operator());
            let delay = secs(backoff.next(&lost, None, None, random));
            assert!((delay - first).abs() < 1e-9, "{delay}");
            for _ in 0..20 {
                assert!(secs(backoff.next(&lost, None, None, random)) <= 30.0);
            }
        }
    }

    #[test]
    fn only_a_connection_that_lived_resets() {
        let mut backoff = Backoff::new(ReconnectPolicy::node());
        let lost = closed(1006, "");
        for _ in 0..3 {
            backoff.next(&lost, None, None, 0.5);
        }
        let brief = Some(Duration::from_secs(2));
        assert!((secs(backoff.next(&lost, brief, None, 0.5)) - 8.0).abs() < 1e-9);
        let long = Some(Duration::from_secs(60));
        assert!((secs(backoff.next(&lost, long, None, 0.5)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn u05_retry_after_is_honoured() {
        let mut backoff = Backoff::new(ReconnectPolicy::operator());
        let limited = refused(
            WireError::invalid(
                "unauthorized: too many failed authentication attempts (retry later)",
            )
            .with_details(json!({"code": "AUTH_RATE_LIMITED"}))
            .retryable(Some(90_000)),
        );
        assert_eq!(
            backoff.next(&limited, None, None, 0.0),
            Next::Retry(Duration::from_secs(90))
        );
        let restart = Some(Duration::from_millis(1500));
        let lost = closed(1012, "service restart");
        let mut backoff = Backoff::new(ReconnectPolicy::operator());
        assert_eq!(
            backoff.next(&lost, None, restart, 0.0),
            Next::Retry(Duration::from_millis(1500))
        );
    }

    #[test]
    fn u05_non_retryable_refusals_stop() {
        for message in [
            "unauthorized: gateway token missing (x)",
            "unauthorized: invalid token (gateway token mismatch: x)",
            "unauthorized: gateway password mismatch (x)",
            "protocol mismatch",
            "device identity required",
            "device signature invalid",
            "invalid role",
        ] {
            let error = refused(WireError::invalid(message));
            for policy in [ReconnectPolicy::operator(), ReconnectPolicy::node()] {
                let next = Backoff::new(policy).next(&error, None, None, 0.5);
                assert_eq!(next, Next::Stop, "{message}");
            }
        }
    }

    #[test]
    fn u05_pairing_pauses_operators_and_node_hosts_wait() {
        let error = refused(
            WireError::new("NOT_PAIRED", "pairing required")
                .with_details(json!({"requestId": "r1"})),
        );
        let stop = Backoff::new(ReconnectPolicy::operator()).next(&error, None, None, 0.5);
        assert_eq!(stop, Next::Stop);
        let mut node = Backoff::new(ReconnectPolicy::node());
        for _ in 0..50 {
            assert!((secs(node.next(&error, None, None, 0.5)) - 5.0).abs() < 1e-9);
        }
    }

    #[test]
    fn u25_a_replaced_connection_steps_back() {
        let mut backoff = Backoff::new(ReconnectPolicy::node());
        let replaced = closed(1008, close::REASON_REPLACED);
        assert!((secs(backoff.next(&replaced, None, None, 0.5)) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn u23_a_restart_is_no_failure_and_everybody_comes_back_at_once() {
        let restart = closed(1012, close::REASON_SERVICE_RESTART);
        let brief = Some(Duration::from_millis(10));
        for policy in [
            ReconnectPolicy::operator(),
            ReconnectPolicy::node(),
            ReconnectPolicy::once(),
        ] {
            let mut backoff = Backoff::new(policy);
            for _ in 0..100 {
                let delay = secs(backoff.next(&restart, brief, None, 0.5));
                assert!((delay - 0.125).abs() < 1e-9, "{delay}");
            }
            let asked = Some(Duration::from_millis(500));
            let delay = secs(backoff.next(&restart, brief, asked, 1.0));
            assert!((delay - 0.75).abs() < 1e-9, "{delay}");
            assert_eq!(backoff.failures(), 0);
        }
    }

    #[test]
    fn u23_a_gateway_that_does_not_come_back_counts_again() {
        let restart = closed(1012, close::REASON_SERVICE_RESTART);
        let brief = Some(Duration::from_millis(10));
        let lost = closed(1006, "");
        let mut once = Backoff::new(ReconnectPolicy::once());
        once.next(&restart, brief, None, 0.5);
        let tries = (0..20).take_while(|_| once.next(&lost, None, None, 0.5) != Next::Stop);
        assert_eq!(tries.count(), 5);
        let mut node = Backoff::new(ReconnectPolicy::node());
        node.next(&restart, brief, None, 0.5);
        assert!((secs(node.next(&lost, None, None, 0.5)) - 1.0).abs() < 1e-9);
        assert!((secs(node.next(&lost, None, None, 0.5)) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn once_never_retries() {
        let mut backoff = Backoff::new(ReconnectPolicy::once());
        assert_eq!(backoff.next(&closed(1006, ""), None, None, 0.5), Next::Stop);
    }
}
