//! Connections that are all cut at once, and come back as well-behaved clients do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::Stage;
use crate::client::{Failure, Who, admitted, connect};
use crate::report::{Row, Target};
use crate::socket::Socket;

/// Clients spread their first attempt over this time.
const SPREAD: Duration = Duration::from_millis(250);
/// Delay after a failed attempt without advice, doubled each time.
const RETRY: Duration = Duration::from_secs(1);
/// Longest delay.
const RETRY_MAX: Duration = Duration::from_secs(8);
/// Give up: far over every target.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (full, limit) in [(1_000, 1.0), (10_000, 8.0)] {
        let gateway = stage.program.start().await;
        let count = stage.options.count(full);
        let mut times = Vec::new();
        for _ in 0..stage.options.rounds {
            times.push(round(gateway.address, count).await);
        }
        rows.push(Row::new(
            format!("{count} connections cut, all back"),
            crate::stats::median(times),
            "s",
            Target::AtMost(limit),
        ));
    }
    rows
}

/// Seconds from the cut to the last hello.
async fn round(address: SocketAddr, count: u32) -> f64 {
    let gate = Arc::new(Semaphore::new(64));
    let (ready, back) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (cut, _) = watch::channel(false);
    let mut clients = JoinSet::new();
    for number in 0..count {
        let (gate, ready, back) = (Arc::clone(&gate), Arc::clone(&ready), Arc::clone(&back));
        let mut cut = cut.subscribe();
        let random = f64::from(number.wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
        clients.spawn(async move {
            let permit = gate.acquire().await.expect("the gate stays open");
            let (mut socket, _) = admitted(address, &Who::LISTED).await;
            drop(permit);
            ready.add_permits(1);
            tokio::select! {
                _ = cut.wait_for(|cut| *cut) => {}
                () = stay(&mut socket) => panic!("a connection ended before the cut"),
            }
            socket.cut().expect("a socket can be reset");
            let mut socket = come_back(address, random).await;
            back.add_permits(1);
            stay(&mut socket).await;
        });
    }
    let all_ready = ready.acquire_many(count).await;
    all_ready.expect("the count stays open").forget();
    let begun = Instant::now();
    cut.send_replace(true);
    let all_back = tokio::time::timeout(PATIENCE, back.acquire_many(count)).await;
    all_back
        .expect("everybody comes back")
        .expect("the count stays open")
        .forget();
    let seconds = begun.elapsed().as_secs_f64();
    clients.shutdown().await;
    // What the end of so many connections means to the gateway is not part of the next round.
    tokio::time::sleep(Duration::from_secs(2)).await;
    seconds
}

async fn come_back(address: SocketAddr, random: f64) -> Socket {
    tokio::time::sleep(SPREAD.mul_f64(random)).await;
    let mut delay = RETRY;
    loop {
        match connect(address, &Who::LISTED).await {
            Ok((socket, _)) => return socket,
            Err(Failure::Unreachable(advice)) => {
                let least = advice.unwrap_or_default();
                let jittered = delay.mul_f64(0.8 + 0.4 * random);
                tokio::time::sleep(jittered.max(least + SPREAD.mul_f64(random))).await;
                delay = (delay * 2).min(RETRY_MAX);
            }
            Err(Failure::Refused(answer)) => panic!("a client was refused: {answer}"),
        }
    }
}

async fn stay(socket: &mut Socket) {
    while socket.next().await.is_ok() {}
}
