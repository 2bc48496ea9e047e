//! When a certificate is ordered: pure decisions over what is remembered about a domain.
//!
//! Authorities limit how often one may ask and fail, and a gateway that is restarted again and again must not use that up. So
//! everything that counts is remembered on disk, before the server is asked.

use std::time::Duration;

use openclaw_gateway::tls::Facts;
use serde::{Deserialize, Serialize};

use super::failure::{Advice, Failure};
use super::settings::Proof;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A server that cannot be reached is tried again after this, then after twice as long, and so on.
const FIRST_RETRY: i64 = 5 * SECOND;
/// Longest time between two tries of a server that cannot be reached.
const LONGEST_RETRY: i64 = HOUR;
/// After the first refusal of a domain: somebody may be setting the router up right now.
const AFTER_REFUSAL: i64 = 5 * MINUTE;
/// After the second; it doubles from there.
const AFTER_REFUSALS: i64 = HOUR;
/// Longest time between two tries of a domain that is refused.
const LONGEST_REFUSAL: i64 = DAY;
/// Refusals of one domain in an hour. Let's Encrypt bears five.
const REFUSALS_PER_HOUR: usize = 4;
/// A server that is limiting us and names no time.
const LIMITED: i64 = HOUR;
/// A new certificate is not renewed before this or a third of its life is over, whatever the clock says.
const YOUNG: i64 = DAY;

/// What is remembered about a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Record {
    /// Failures in a row.
    pub(crate) failures: u32,
    /// Not to be tried before, milliseconds since the epoch.
    pub(crate) retry_at_ms: i64,
    /// Whether the server set that time.
    pub(crate) limited: bool,
    /// Why the last attempt failed.
    pub(crate) advice: Option<Advice>,
    /// When the domain was refused lately, milliseconds since the epoch.
    pub(crate) refused_at_ms: Vec<i64>,
    /// When the last certificate came, milliseconds since the epoch.
    pub(crate) issued_at_ms: i64,
    /// Set while an attempt is under way.
    pub(crate) started_at_ms: Option<i64>,
    /// The order under way.
    pub(crate) order: Option<OpenOrder>,
    /// What the settings were; others deserve another try.
    pub(crate) settings: String,
}

/// An order that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenOrder {
    /// Where it is at the server.
    pub(crate) url: String,
    /// How the domain is proven in it: `http-01` or `tls-alpn-01`.
    pub(crate) proof: String,
}

impl OpenOrder {
    /// Whether it goes on with this proof.
    pub(crate) fn is_by(&self, proof: Proof) -> bool {
        self.proof == proof.name()
    }
}

impl Record {
    /// Takes up what a start of the gateway finds: an attempt that ended with the process, other settings.
    pub(crate) fn take_up(&mut self, settings: &str, now_ms: i64) {
        if self.started_at_ms.take().is_some() && self.order.is_none() {
            self.failed(&Failure::Interrupted, Advice::new("", ""), now_ms, 0);
            self.advice = None;
        }
        if self.settings != settings {
            settings.clone_into(&mut self.settings);
            self.failures = 0;
            self.advice = None;
            self.order = None;
            if !self.limited {
                self.retry_at_ms = 0;
            }
        }
    }

    /// Notes a failure. `permille` from 0 to 1000 spreads the tries of machines that failed together.
    pub(crate) fn failed(&mut self, failure: &Failure, advice: Advice, now_ms: i64, permille: u32) {
        self.failures = self.failures.saturating_add(1);
        self.started_at_ms = None;
        self.limited = false;
        let doubled = |first: i64, times: u32, longest: i64| {
            first
                .saturating_mul(1_i64.checked_shl(times.min(20)).unwrap_or(i64::MAX))
                .min(longest)
        };
        let delay = match failure {
            Failure::Limited { retry_after, .. } => {
                self.limited = true;
                retry_after.map_or(LIMITED, millis).max(SECOND)
            }
            Failure::Denied { .. } | Failure::Refused(_) => {
                if self.failures == 1 {
                    AFTER_REFUSAL
                } else {
                    doubled(AFTER_REFUSALS, self.failures - 2, LONGEST_REFUSAL)
                }
            }
            Failure::Unreachable(_)
            | Failure::NoAccount
            | Failure::Storage(_)
            | Failure::Port { .. }
            | Failure::Interrupted => doubled(FIRST_RETRY, self.failures - 1, LONGEST_RETRY),
        };
        // Later only: what is said above is the least.
        let spread = delay / 5 * i64::from(permille.min(1_000)) / 1_000;
        self.retry_at_ms = now_ms.saturating_add(delay).saturating_add(spread);
        self.advice = Some(advice);
    }

    /// Notes that the server looked and did not find us.
    pub(crate) fn refused(&mut self, now_ms: i64) {
        self.refused_at_ms.retain(|at| now_ms - at < HOUR);
        self.refused_at_ms.push(now_ms);
        self.order = None;
    }

    /// Notes a certificate.
    pub(crate) fn issued(&mut self, now_ms: i64) {
        let settings = std::mem::take(&mut self.settings);
        *self = Self {
            issued_at_ms: now_ms,
            settings,
            ..Self::default()
        };
    }

    /// When the next attempt is allowed.
    fn allowed_at_ms(&self, now_ms: i64) -> i64 {
        let mut recent: Vec<i64> = self
            .refused_at_ms
            .iter()
            .copied()
            .filter(|at| now_ms - at < HOUR)
            .collect();
        recent.sort_unstable();
        let full = recent.len().checked_sub(REFUSALS_PER_HOUR);
        let by_refusals = full.map_or(0, |first| recent[first] + HOUR);
        self.retry_at_ms.max(by_refusals)
    }
}

/// When the domain's next order is due and allowed, milliseconds since the epoch. `facts` is its certificate, if it has one.
pub(crate) fn next_order_ms(record: &Record, facts: Option<&Facts>, now_ms: i64) -> i64 {
    let due = facts.map_or(0, |facts| renewal_ms(facts, record.issued_at_ms));
    due.max(record.allowed_at_ms(now_ms))
}

/// When a certificate is renewed: after two thirds of its life, and up to 3 % of it later, the same for the same certificate
/// each time it is asked.
pub(crate) fn renewal_ms(facts: &Facts, issued_at_ms: i64) -> i64 {
    let life = (facts.not_after_ms - facts.not_before_ms).max(0);
    let permille = i64::from(
        u16::from_str_radix(facts.fingerprint.get(..4).unwrap_or("0"), 16).unwrap_or_default()
            % 1_000,
    );
    let planned = facts.not_before_ms + life / 3 * 2 + life / 100 * 3 * permille / 1_000;
    planned.max(issued_at_ms + YOUNG.min(life / 3))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
