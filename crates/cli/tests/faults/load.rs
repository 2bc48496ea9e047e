//! A client of this machine that calls `health` fifty times a second, and connects anew every second.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use openclaw_testkit::Wire;
use openclaw_testkit::wire::operator_params;
use serde_json::json;

use crate::TOKEN;

/// Time between two calls.
const STEP: Duration = Duration::from_millis(20);
/// Calls by one connection.
const CALLS: usize = 50;

/// What came of it. Times in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) calls: usize,
    pub(crate) connects: usize,
    pub(crate) failed: usize,
    pub(crate) p50_us: u128,
    pub(crate) p99_us: u128,
    pub(crate) max_us: u128,
}

pub(crate) fn run(address: SocketAddr, duration: Duration) -> Figures {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(call(address, duration))
}

async fn call(address: SocketAddr, duration: Duration) -> Figures {
    let mut figures = Figures::default();
    let mut times = Vec::new();
    let mut clock = tokio::time::interval(STEP);
    let started = Instant::now();
    while started.elapsed() < duration {
        figures.connects += 1;
        let Ok(mut wire) = Wire::open(address, &[]).await else {
            figures.failed += 1;
            clock.tick().await;
            continue;
        };
        let params = operator_params(Some(TOKEN), &["operator.read"]);
        if !matches!(wire.try_connect(params, None).await, Ok(hello) if hello["ok"] == true) {
            figures.failed += 1;
            continue;
        }
        for _ in 0..CALLS {
            clock.tick().await;
            let asked = Instant::now();
            let answer = wire.try_request("health", json!({})).await;
            times.push(asked.elapsed().as_micros());
            figures.calls += 1;
            if !matches!(answer, Ok(answer) if answer["ok"] == true) {
                figures.failed += 1;
                break;
            }
            if started.elapsed() >= duration {
                break;
            }
        }
    }
    times.sort_unstable();
    let at = |permille: usize| {
        times
            .get((times.len() * permille / 1_000).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0)
    };
    figures.p50_us = at(500);
    figures.p99_us = at(990);
    figures.max_us = at(1_000);
    figures
}
