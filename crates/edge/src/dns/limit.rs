//! How often one address is answered: enough for every resolver, too little to be used against others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use tokio::time::Instant;

/// Answers per second to one address.
const RATE: f64 = 20.0;
/// Answers at once to one address.
const BURST: f64 = 60.0;
/// Answers per second to everybody together.
const RATE_OF_ALL: f64 = 500.0;
/// Answers at once to everybody together.
const BURST_OF_ALL: f64 = 1_000.0;
/// Addresses that are remembered.
const MAX_ADDRESSES: usize = 1_024;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, now: Instant, rate: f64, burst: f64) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + passed * rate).min(burst);
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

/// Counts answers.
#[derive(Debug)]
pub(super) struct Limit {
    all: Bucket,
    each: HashMap<IpAddr, Bucket>,
}

impl Limit {
    /// Nothing counted yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            all: Bucket {
                left: BURST_OF_ALL,
                at: now,
            },
            each: HashMap::new(),
        }
    }

    /// Whether this address may be answered now.
    pub(super) fn allows(&mut self, source: IpAddr, now: Instant) -> bool {
        let source = network(source);
        if !self.each.contains_key(&source) && self.each.len() >= MAX_ADDRESSES {
            self.forget(now);
        }
        let bucket = self.each.entry(source).or_insert(Bucket {
            left: BURST,
            at: now,
        });
        bucket.take(now, RATE, BURST) && self.all.take(now, RATE_OF_ALL, BURST_OF_ALL)
    }

    /// Forgets who has been quiet, and everybody if nobody has: then the limit of all together holds.
    fn forget(&mut self, now: Instant) {
        self.each.retain(|_, bucket| {
            let quiet = now.saturating_duration_since(bucket.at).as_secs_f64() * RATE;
            bucket.left + quiet < BURST
        });
        if self.each.len() >= MAX_ADDRESSES {
            self.each.clear();
        }
    }
}

/// Who has one IPv6 address has the network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;

    fn v4(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    #[test]
    fn one_address_cannot_have_all_answers() {
        let start = Instant::now();
        let mut limit = Limit::new(start);
        let answered = (0..1_000).filter(|_| limit.allows(v4(1), start)).count();
        assert_eq!(answered, 60);
        assert!(limit.allows(v4(2), start));
        let later = start + Duration::from_secs(1);
        let answered = (0..1_000).filter(|_| limit.allows(v4(1), later)).count();
        assert_eq!(answered, 20);
        let (one, other): (IpAddr, IpAddr) = (
            "2001:db8::1".parse().unwrap(),
            "2001:db8::2".parse().unwrap(),
        );
        assert_eq!(network(one), network(other));
    }

    #[test]
    fn many_addresses_share_a_limit_and_the_memory_is_bounded() {
        let start = Instant::now();
        let mut limit = Limit::new(start);
        let answered = (0..100_000)
            .filter(|one| limit.allows(v4(*one), start))
            .count();
        assert_eq!(answered, 1_000);
        assert!(limit.each.len() <= MAX_ADDRESSES);
    }
}
