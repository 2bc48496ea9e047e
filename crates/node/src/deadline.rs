//! The one limit of a run.

use std::time::Duration;

/// How long a run may take; none means for ever. `outer_ms` comes with the call and says how long
/// the caller waits. `inner_ms` is the run's own limit: when given it alone counts, also when it is
/// the longer one, because a caller that asks for it waits for it. 0 means no limit in both places.
pub fn run_limit(outer_ms: Option<u64>, inner_ms: Option<u64>) -> Option<Duration> {
    inner_ms
        .or(outer_ms)
        .filter(|limit| *limit > 0)
        .map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u26_one_limit_and_zero_is_none_on_both_sides() {
        // outer, inner, limit in milliseconds
        let table = [
            (None, None, None),
            (Some(0), None, None),
            (Some(30_000), None, Some(30_000)),
            (Some(30_000), Some(0), None),
            (Some(30_000), Some(3_000), Some(3_000)),
            (Some(30_000), Some(2_400_000), Some(2_400_000)),
            (Some(0), Some(3_000), Some(3_000)),
            (None, Some(3_000), Some(3_000)),
            (None, Some(0), None),
        ];
        for (outer, inner, expected) in table {
            let limit = run_limit(outer, inner);
            assert_eq!(
                limit,
                expected.map(Duration::from_millis),
                "{outer:?} {inner:?}"
            );
        }
    }
}
