//! Slows down guessing without ever locking out a right credential.
//!
//! Only wrong credentials count. A caller over its limit is told to wait, and every further guess from its address (or
//! network, or anywhere once the whole gateway is under attack) costs a growing delay before it is even compared. A
//! right credential is therefore accepted during a lockout, at worst a few seconds late, while guessing stays hopeless:
//! the number of unauthenticated connections per address is capped, and each may guess once per delay.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::peer::{Peer, PeerClass};
use crate::records::CredentialHash;

/// `gateway.auth.rateLimit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wrong credentials within the window before a lockout.
    pub max_attempts: u32,
    /// Window, in milliseconds.
    pub window_ms: i64,
    /// Lockout, in milliseconds.
    pub lockout_ms: i64,
    /// Whether loopback gets delays only, never a lockout answer.
    pub exempt_loopback: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            window_ms: 60_000,
            lockout_ms: 300_000,
            exempt_loopback: true,
        }
    }
}

/// First delay of a guess, doubled with every failure.
const FIRST_DELAY_MS: u64 = 250;
/// Longest delay of a guess.
const MAX_DELAY_MS: u64 = 5_000;
/// Failures of one network before all its addresses are slowed down, as a multiple of `max_attempts`.
const NETWORK_FACTOR: u32 = 4;
/// Failures of the whole world before everyone is slowed down, as a multiple of `max_attempts`.
const GLOBAL_FACTOR: u32 = 50;
/// Most keys remembered.
const MAX_KEYS: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    /// What a forwarder on this machine passes on and cannot name: kept apart from the people of this machine.
    Forwarder(IpAddr),
    /// One web page on this machine, by its origin: guessing by a page must not slow down the command line.
    Page([u8; 8]),
    Network([u8; 8]),
    Everyone,
}

impl Key {
    /// Whether reaching the limit is answered with "too many", and not only with delays.
    fn locks(self) -> bool {
        matches!(self, Self::Address(_) | Self::Forwarder(_) | Self::Page(_))
    }
}

/// Where a credential comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    address: IpAddr,
    /// Straight from this machine.
    local: bool,
    /// A web page on this machine, by the start of the hash of its origin.
    page: Option<[u8; 8]>,
}

impl Source {
    /// An address; `local` when nothing stands between.
    pub fn new(address: IpAddr, local: bool) -> Self {
        Self {
            address,
            local,
            page: None,
        }
    }

    /// The other end of a connection.
    pub fn of(peer: &Peer) -> Self {
        let address = peer.address.unwrap_or(LOCALHOST);
        let local = peer.class != PeerClass::Remote;
        let page = peer.origin.as_ref().filter(|_| local).map(|origin| {
            let mut start = [0; 8];
            let hash = crate::auth::secret::hash(origin);
            start.copy_from_slice(&hash.0[..8]);
            start
        });
        Self {
            address,
            local,
            page,
        }
    }
}

/// Stands for callers without an address, which are on this machine.
const LOCALHOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[derive(Debug, Clone, Copy)]
struct Count {
    failures: u32,
    window_start: i64,
    locked_until: i64,
    last_wrong: CredentialHash,
}

/// What a wrong credential leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answer that the credential is wrong.
    Wrong,
    /// Answer that there were too many, retry after this many milliseconds.
    Limited {
        /// Milliseconds until the lockout ends.
        retry_after_ms: u64,
    },
}

/// Failures by address, network and in total.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    counts: HashMap<Key, Count>,
}

impl Limiter {
    /// An empty limiter.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            counts: HashMap::new(),
        }
    }

    /// Applies changed settings.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// How long to wait before comparing a credential from this address.
    pub fn delay(&self, source: Source, now_ms: i64) -> Duration {
        let longest = keys(source)
            .into_iter()
            .flatten()
            .filter_map(|key| {
                let count = self.counts.get(&key)?;
                let over = count.failures.checked_sub(self.threshold(key))?;
                let active = now_ms < count.locked_until
                    || now_ms - count.window_start < self.limits.window_ms;
                active.then(|| (FIRST_DELAY_MS << over.min(8)).min(MAX_DELAY_MS))
            })
            .max()
            .unwrap_or(0);
        Duration::from_millis(longest)
    }

    /// Records a wrong credential. The same wrong credential again (a client that retries) counts once. A caller
    /// straight from this machine is only slowed down, unless it is a web page.
    pub fn wrong(&mut self, source: Source, credential: CredentialHash, now_ms: i64) -> Verdict {
        let mut verdict = Verdict::Wrong;
        for key in keys(source).into_iter().flatten() {
            let threshold = self.threshold(key);
            let limits = self.limits;
            if !self.counts.contains_key(&key) && self.counts.len() >= MAX_KEYS {
                self.forget_oldest(now_ms);
            }
            let count = self.counts.entry(key).or_insert(Count {
                failures: 0,
                window_start: now_ms,
                locked_until: 0,
                last_wrong: CredentialHash([0; 32]),
            });
            if now_ms >= count.locked_until && now_ms - count.window_start >= limits.window_ms {
                *count = Count {
                    failures: 0,
                    window_start: now_ms,
                    locked_until: 0,
                    ..*count
                };
            }
            let repeated = count.failures > 0 && count.last_wrong == credential;
            count.last_wrong = credential;
            if !repeated {
                count.failures = count.failures.saturating_add(1);
            }
            if count.failures >= threshold && now_ms >= count.locked_until && !repeated {
                count.locked_until = now_ms + limits.lockout_ms;
            }
            let exempt = limits.exempt_loopback && source.local && source.page.is_none();
            if key.locks() && now_ms < count.locked_until && !exempt {
                let retry_after_ms = u64::try_from(count.locked_until - now_ms).unwrap_or(0);
                verdict = Verdict::Limited { retry_after_ms };
            }
        }
        verdict
    }

    /// A right credential clears the count of its own address.
    pub fn right(&mut self, source: Source) {
        if let Some(key) = keys(source).into_iter().flatten().find(|key| key.locks()) {
            self.counts.remove(&key);
        }
    }

    /// Clears one address, or everything. Returns how many lockouts ended.
    pub fn unlock(&mut self, address: Option<IpAddr>, now_ms: i64) -> usize {
        let before = self.locked(now_ms);
        match address {
            Some(address) => {
                for local in [false, true] {
                    for key in keys(Source::new(address, local)).into_iter().flatten() {
                        self.counts.remove(&key);
                    }
                }
                if address.is_loopback() {
                    self.counts.retain(|key, _| !matches!(key, Key::Page(_)));
                }
            }
            None => self.counts.clear(),
        }
        before - self.locked(now_ms)
    }

    fn locked(&self, now_ms: i64) -> usize {
        let addresses = self.counts.iter().filter(|(key, _)| key.locks());
        addresses
            .filter(|(_, count)| now_ms < count.locked_until)
            .count()
    }

    fn threshold(&self, key: Key) -> u32 {
        let base = self.limits.max_attempts.max(1);
        match key {
            Key::Address(_) | Key::Forwarder(_) | Key::Page(_) => base,
            Key::Network(_) => base.saturating_mul(NETWORK_FACTOR),
            Key::Everyone => base.saturating_mul(GLOBAL_FACTOR),
        }
    }

    fn forget_oldest(&mut self, now_ms: i64) {
        let window = self.limits.window_ms;
        self.counts
            .retain(|_, count| now_ms < count.locked_until || now_ms - count.window_start < window);
        if self.counts.len() >= MAX_KEYS {
            // A tenth at once: a flood from many addresses must not cost a scan of the table each time.
            let mut starts: Vec<i64> = self
                .counts
                .values()
                .map(|count| count.window_start)
                .collect();
            let (_, oldest, _) = starts.select_nth_unstable(MAX_KEYS / 10);
            let oldest = *oldest;
            self.counts
                .retain(|key, count| matches!(key, Key::Everyone) || count.window_start > oldest);
        }
    }
}

/// The address, its network (IPv4 /24, IPv6 /64) and everyone. Loopback has no network.
fn keys(source: Source) -> [Option<Key>; 3] {
    let address = source.address;
    if let Some(page) = source.page {
        return [Some(Key::Page(page)), None, None];
    }
    if address.is_loopback() {
        let key = if source.local {
            Key::Address(address)
        } else {
            Key::Forwarder(address)
        };
        return [Some(key), None, None];
    }
    let mut network = [0; 8];
    match address {
        IpAddr::V4(v4) => network[..3].copy_from_slice(&v4.octets()[..3]),
        IpAddr::V6(v6) => network.copy_from_slice(&v6.octets()[..8]),
    }
    [
        Some(Key::Address(address)),
        Some(Key::Network(network)),
        Some(Key::Everyone),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Source {
        Source::new(text.parse().unwrap(), false)
    }

    fn local() -> Source {
        Source::new(LOCALHOST, true)
    }

    fn guess(n: u32) -> CredentialHash {
        crate::auth::secret::hash(&n.to_string())
    }

    #[test]
    fn s10_s15_wrong_credentials_lock_one_address_and_slow_its_network_and_the_world() {
        let mut limiter = Limiter::new(Limits::default());
        for n in 1..10 {
            assert_eq!(
                limiter.wrong(ip("192.0.2.1"), guess(n), 0),
                Verdict::Wrong,
                "{n}"
            );
        }
        assert_eq!(
            limiter.wrong(ip("192.0.2.1"), guess(10), 0),
            Verdict::Limited {
                retry_after_ms: 300_000
            }
        );
        assert_eq!(
            limiter.delay(ip("192.0.2.2"), 0),
            Duration::ZERO,
            "a neighbour is not slowed by ten failures"
        );
        for n in 0..40 {
            limiter.wrong(ip(&format!("192.0.2.{}", 10 + n)), guess(100 + n), 0);
        }
        assert!(
            limiter.delay(ip("192.0.2.200"), 0) > Duration::ZERO,
            "rotating addresses of one network are slowed"
        );
        assert_eq!(limiter.delay(ip("198.51.100.1"), 0), Duration::ZERO);
        for n in 0..600_u32 {
            let address = IpAddr::from([
                203,
                u8::try_from(n / 200).unwrap(),
                u8::try_from(n % 200).unwrap(),
                1,
            ]);
            limiter.wrong(Source::new(address, false), guess(1000 + n), 0);
        }
        assert!(
            limiter.delay(ip("198.51.100.1"), 0) > Duration::ZERO,
            "an attack from everywhere slows everyone"
        );
        assert!(limiter.delay(ip("198.51.100.1"), 0) <= Duration::from_secs(5));
    }

    #[test]
    fn u05_a_client_that_repeats_one_stale_credential_locks_nobody_out() {
        let mut limiter = Limiter::new(Limits::default());
        for _ in 0..1000 {
            assert_eq!(limiter.wrong(ip("192.0.2.1"), guess(1), 0), Verdict::Wrong);
        }
        assert_eq!(limiter.delay(ip("192.0.2.1"), 0), Duration::ZERO);
    }

    #[test]
    fn s02_loopback_is_slowed_but_not_locked() {
        let mut limiter = Limiter::new(Limits::default());
        for n in 0..100 {
            assert_eq!(limiter.wrong(local(), guess(n), 0), Verdict::Wrong);
        }
        assert_eq!(limiter.delay(local(), 0), Duration::from_secs(5));
    }

    #[test]
    fn s02_a_web_page_on_this_machine_is_locked_out_alone() {
        let page = |origin: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert("host", "127.0.0.1:18789".parse().unwrap());
            headers.insert("origin", origin.parse().unwrap());
            let facts = crate::peer::Facts {
                socket_peer: Some(LOCALHOST),
                listener: crate::peer::ListenerKind::Main,
                secure: false,
                proxied: None,
                headers: &headers,
            };
            Source::of(&crate::peer::classify(
                &facts,
                &crate::peer::PeerPolicy::default(),
            ))
        };
        let (evil, other) = (page("http://localhost:5173"), page("http://localhost:3000"));
        let mut limiter = Limiter::new(Limits::default());
        for n in 0..9 {
            assert_eq!(limiter.wrong(evil, guess(n), 0), Verdict::Wrong);
        }
        let limited = limiter.wrong(evil, guess(9), 0);
        assert!(matches!(limited, Verdict::Limited { .. }), "{limited:?}");
        assert_eq!(limiter.delay(other, 0), Duration::ZERO, "another page");
        assert_eq!(
            limiter.delay(local(), 0),
            Duration::ZERO,
            "the command line"
        );
        assert_eq!(limiter.unlock(Some(LOCALHOST), 0), 1);
    }

    #[test]
    fn u16_what_a_local_forwarder_cannot_name_is_limited_and_slows_nobody_else() {
        let mut limiter = Limiter::new(Limits::default());
        for n in 0..9 {
            limiter.wrong(ip("127.0.0.1"), guess(n), 0);
        }
        let limited = limiter.wrong(ip("127.0.0.1"), guess(9), 0);
        assert!(matches!(limited, Verdict::Limited { .. }));
        assert_eq!(limiter.delay(local(), 0), Duration::ZERO);
    }

    #[test]
    fn a_lockout_ends_by_time_by_a_right_credential_or_by_the_owner() {
        let fill = |limiter: &mut Limiter| {
            for n in 0..12 {
                limiter.wrong(ip("192.0.2.1"), guess(n), 0);
            }
        };
        let mut limiter = Limiter::new(Limits::default());
        fill(&mut limiter);
        assert!(limiter.delay(ip("192.0.2.1"), 299_999) > Duration::ZERO);
        assert_eq!(limiter.delay(ip("192.0.2.1"), 300_000), Duration::ZERO);
        limiter.right(ip("192.0.2.1"));
        assert_eq!(limiter.delay(ip("192.0.2.1"), 0), Duration::ZERO);
        fill(&mut limiter);
        assert_eq!(limiter.unlock(Some(ip("192.0.2.1").address), 0), 1);
        assert_eq!(limiter.delay(ip("192.0.2.1"), 0), Duration::ZERO);
    }

    #[test]
    fn s15_the_table_is_bounded() {
        let mut limiter = Limiter::new(Limits::default());
        for n in 0..30_000_u32 {
            limiter.wrong(
                Source::new(
                    IpAddr::from(n.wrapping_mul(2_654_435_761).to_be_bytes()),
                    false,
                ),
                guess(n),
                i64::from(n),
            );
        }
        assert!(limiter.counts.len() <= MAX_KEYS + 3);
    }
}
