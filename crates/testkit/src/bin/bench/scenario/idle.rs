//! What connections cost that only stay: memory and CPU.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Stage;
use crate::client::{Who, admitted};
use crate::report::{Row, Target};
use crate::server::Server;
use crate::socket::Socket;
use crate::stats::{float, megabytes};

/// Handshakes at a time; the gateway lets 128 strangers of one address in at once.
const AT_A_TIME: usize = 64;

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend(alone(stage).await);
    for (who, kind) in [
        (Who::CLI, "operators"),
        (Who::LISTED, "operators, listed as present"),
    ] {
        let gateway = stage.program.start().await;
        drop(gather(gateway.address, who, 64).await);
        tokio::time::sleep(Duration::from_secs(3)).await;
        let count = stage.options.count(5_000);
        let before = gateway.rss();
        let crowd = gather(gateway.address, who, count).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let growth = gateway.rss().saturating_sub(before);
        rows.push(Row::new(
            format!("memory per idle connection at {count} ({kind})"),
            float(growth) / 1_000.0 / f64::from(count),
            "kB",
            Target::AtMost(12.0),
        ));
        drop(crowd);
    }
    rows.extend(many(stage).await);
    rows
}

/// A gateway that nobody uses.
async fn alone(stage: &Stage<'_>) -> [Row; 2] {
    let gateway = stage.program.start().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let rss = megabytes(gateway.rss());
    let share = cpu_share(
        &gateway,
        Duration::from_secs(u64::from(stage.options.count(60))),
    )
    .await;
    [
        Row::new("memory after start", rss, "MB", Target::AtMost(15.0)),
        Row::new("CPU when idle", share, "%", Target::AtMost(0.1)),
    ]
}

/// Ten thousand that stay over two rounds of pings and ticks.
async fn many(stage: &Stage<'_>) -> [Row; 2] {
    let gateway = stage.program.start().await;
    let count = stage.options.count(10_000);
    let crowd = gather(gateway.address, Who::LISTED, count).await;
    // The first ping and the first tick have passed by then, with what they allocate.
    tokio::time::sleep(Duration::from_secs(35)).await;
    let before = gateway.rss();
    let time = Duration::from_secs(u64::from(stage.options.count(90)));
    let share = cpu_share(&gateway, time).await;
    let growth = float(gateway.rss()) / float(before) - 1.0;
    assert_eq!(crowd.len(), count as usize, "nobody left");
    drop(crowd);
    let (seconds, count) = (time.as_secs(), count);
    [
        Row::new(
            format!("CPU with {count} idle connections, over {seconds} s"),
            share,
            "%",
            Target::AtMost(1.0),
        ),
        Row::new(
            format!("memory growth of {count} idle connections, over {seconds} s"),
            growth.max(0.0) * 100.0,
            "%",
            Target::AtMost(1.0),
        ),
    ]
}

async fn cpu_share(gateway: &Server, time: Duration) -> f64 {
    let before = gateway.cpu();
    tokio::time::sleep(time).await;
    gateway.cpu_since(before).as_secs_f64() / time.as_secs_f64() * 100.0
}

/// Connections that answer pings and ignore everything else, until dropped.
async fn gather(address: SocketAddr, who: Who<'static>, count: u32) -> JoinSet<()> {
    let (gate, arrived) = (
        Arc::new(Semaphore::new(AT_A_TIME)),
        Arc::new(Semaphore::new(0)),
    );
    let mut crowd = JoinSet::new();
    for _ in 0..count {
        let (gate, arrived) = (Arc::clone(&gate), Arc::clone(&arrived));
        crowd.spawn(async move {
            let permit = gate.acquire().await.expect("the gate stays open");
            let (socket, _) = admitted(address, &who).await;
            drop(permit);
            arrived.add_permits(1);
            stay(socket).await;
        });
    }
    let all = arrived.acquire_many(count).await;
    all.expect("the count stays open").forget();
    crowd
}

async fn stay(mut socket: Socket) {
    loop {
        if let Err(error) = socket.next().await {
            panic!("an idle connection ended: {error}");
        }
    }
}
