//! Logs that a stranger cannot flood: one line per subject and minute with a count of those left out, and warnings that are
//! given once.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::peer::ProxyWarning;

const WINDOW: Duration = Duration::from_secs(60);
/// Subjects remembered; while that many are fresh, newcomers are not logged.
const MAX_SUBJECTS: usize = 256;

/// Remembers what was logged lately.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    subjects: Mutex<HashMap<String, Window>>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    left_out: u64,
}

impl Repeats {
    /// Whether to log about a subject now; if so, how many lines about it were left out before.
    pub(super) fn log_now(&self, subject: &str) -> Option<u64> {
        let now = Instant::now();
        let mut subjects = self.subjects.lock();
        if let Some(window) = subjects.get_mut(subject) {
            if now.duration_since(window.since) < WINDOW {
                window.left_out += 1;
                return None;
            }
            let left_out = window.left_out;
            *window = Window {
                since: now,
                left_out: 0,
            };
            return Some(left_out);
        }
        if subjects.len() >= MAX_SUBJECTS {
            subjects.retain(|_, window| now.duration_since(window.since) < WINDOW);
            if subjects.len() >= MAX_SUBJECTS {
                return None;
            }
        }
        subjects.insert(
            subject.to_owned(),
            Window {
                since: now,
                left_out: 0,
            },
        );
        Some(0)
    }
}

/// Remembers which warnings about proxies were given.
#[derive(Debug, Default)]
pub(super) struct FirstTimes {
    given: Mutex<HashSet<ProxyWarning>>,
}

impl FirstTimes {
    /// Whether this warning was not given yet. Past a bound nothing new is warned about: then it is no longer news.
    pub(super) fn first_time(&self, warning: ProxyWarning) -> bool {
        let mut given = self.given.lock();
        given.len() < MAX_SUBJECTS && given.insert(warning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u16_one_warning_per_proxy() {
        let warned = FirstTimes::default();
        let proxy = ProxyWarning::Untrusted("192.0.2.1".parse().unwrap());
        assert!(warned.first_time(proxy));
        assert!(!warned.first_time(proxy));
        assert!(warned.first_time(ProxyWarning::Unattributed(Some(
            "192.0.2.1".parse().unwrap()
        ))));
    }

    #[tokio::test(start_paused = true)]
    async fn u05_one_line_per_subject_and_minute() {
        let repeats = Repeats::default();
        assert_eq!(repeats.log_now("a"), Some(0));
        assert_eq!(repeats.log_now("a"), None);
        assert_eq!(repeats.log_now("a"), None);
        assert_eq!(repeats.log_now("b"), Some(0));
        tokio::time::advance(WINDOW).await;
        assert_eq!(repeats.log_now("a"), Some(2));
        assert_eq!(repeats.log_now("a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_and_log_stay_small_whatever_the_subjects() {
        let repeats = Repeats::default();
        let logged = (0..10_000)
            .filter(|subject| repeats.log_now(&subject.to_string()).is_some())
            .count();
        assert_eq!(logged, MAX_SUBJECTS);
        tokio::time::advance(WINDOW).await;
        assert_eq!(repeats.log_now("new"), Some(0));
        assert_eq!(repeats.subjects.lock().len(), 1);
    }
}
