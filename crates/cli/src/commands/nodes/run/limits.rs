//! The time limits of one run: one resolved deadline from the program outwards.

use std::time::Duration;

/// What each outer limit gets beyond the next inner one, for the way there and back.
const MARGIN_MS: u64 = 5_000;
/// Stands for "no limit" on the wire. Older gateways take 0 for "at once", and their timers end at
/// 2^31 ms, which is 24 days.
const NO_LIMIT_MS: u64 = 2_147_483_647;

/// Limits of program, call and connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Of the program, milliseconds; 0 is none; absent: the node's default.
    pub(super) command: Option<u64>,
    /// Of the gateway's call to the node, milliseconds; none for no limit.
    invoke: Option<u64>,
    /// How long this side waits for the answer.
    pub(super) call: Duration,
}

impl Limits {
    /// An inner limit extends the outer ones; 0 means none, and nothing outside may then cut it off.
    pub(super) fn resolve(command: Option<u64>, invoke: u64, call: Option<Duration>) -> Self {
        let invoke = match (command, invoke) {
            (Some(0), _) | (_, 0) => None,
            (Some(command), invoke) => Some(invoke.max(command.saturating_add(MARGIN_MS))),
            (None, invoke) => Some(invoke),
        };
        let outer = Duration::from_millis(invoke.unwrap_or(NO_LIMIT_MS).saturating_add(MARGIN_MS));
        Self {
            command,
            invoke,
            call: call.unwrap_or_default().max(outer),
        }
    }

    /// `timeoutMs` of the gateway's call.
    pub(super) fn invoke_ms(self) -> u64 {
        self.invoke.unwrap_or(NO_LIMIT_MS).min(NO_LIMIT_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u26_inner_limits_extend_outer_ones() {
        // (--command-timeout, --invoke-timeout, --timeout ms) → (program, timeoutMs, wait in ms)
        for (command, invoke, call, expected) in [
            (None, 30_000, None, (None, 30_000, 35_000)),
            (Some(1_000), 30_000, None, (Some(1_000), 30_000, 35_000)),
            (
                Some(2_400_000),
                30_000,
                None,
                (Some(2_400_000), 2_405_000, 2_410_000),
            ),
            (
                Some(1_000),
                30_000,
                Some(60_000),
                (Some(1_000), 30_000, 60_000),
            ),
            (Some(1_000), 30_000, Some(1), (Some(1_000), 30_000, 35_000)),
            (
                Some(0),
                30_000,
                None,
                (Some(0), NO_LIMIT_MS, NO_LIMIT_MS + 5_000),
            ),
            (None, 0, None, (None, NO_LIMIT_MS, NO_LIMIT_MS + 5_000)),
        ] {
            let limits = Limits::resolve(command, invoke, call.map(Duration::from_millis));
            let wait = u64::try_from(limits.call.as_millis()).unwrap();
            assert_eq!((limits.command, limits.invoke_ms(), wait), expected);
        }
    }
}
