//! When a part that failed is tried again.

use std::time::Duration;

use crate::auth::secret;

/// Delay after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// Longest delay.
const LONGEST: Duration = Duration::from_secs(60);

/// Doubles from 1 s to 60 s, each 20 % longer or shorter at random: machines that failed together do not come back together.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The delay after one more failure.
    pub fn next_delay(&mut self) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(6)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let permille = 800 + secret::random_below(401);
        doubled * permille / 1_000
    }

    /// It worked: the next failure waits shortly again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_a_minute_and_differ() {
        let mut backoff = Backoff::default();
        let mut expected = FIRST;
        for _ in 0..10 {
            let delay = backoff.next_delay();
            assert!(delay >= expected * 8 / 10 && delay <= expected * 12 / 10);
            expected = (expected * 2).min(LONGEST);
        }
        backoff.reset();
        assert!(backoff.next_delay() <= FIRST * 12 / 10);
        let spread: std::collections::BTreeSet<_> =
            (0..20).map(|_| Backoff::default().next_delay()).collect();
        assert!(spread.len() > 1);
    }
}
