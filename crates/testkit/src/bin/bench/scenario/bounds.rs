//! Clients that flood and never read must cost their announced buffers at most, and others nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Stage;
use crate::client::{Who, admitted, is_answer};
use crate::load::Template;
use crate::report::{Row, Target};
use crate::socket::Socket;
use crate::stats::{megabytes, millis, percentile};

/// Clients that ask for the config schema over and over and never read.
const FLOODERS: u32 = 4;
/// Clients that never read the events they get.
const DEAF: u32 = 20;
/// Operators that do their work meanwhile.
const OTHERS: u32 = 8;
/// What the gateway announces as the most it buffers for one client of protocol 4, in bytes.
const ANNOUNCED: u64 = openclaw_protocol::limits::V4_MAX_BUFFERED as u64;

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let gateway = stage.program.start().await;
    let address = gateway.address;
    let (mut producer, _) = admitted(address, &Who::CLI).await;
    // A list of some length, so that events weigh something.
    for number in 0..200 {
        report(&mut producer, number).await;
    }
    let mut deaf = Vec::new();
    for _ in 0..DEAF {
        deaf.push(admitted(address, &Who::CLI).await.0);
    }
    let time = Duration::from_secs(u64::from(stage.options.count(10)));
    let quiet = Operators::start(address).await.stop_after(time).await;
    let before = gateway.rss();
    let stop = Arc::new(AtomicBool::new(false));
    let mut trouble = JoinSet::new();
    for _ in 0..FLOODERS {
        let (socket, _) = admitted(address, &Who::CLI).await;
        trouble.spawn(flood(socket, Arc::clone(&stop)));
    }
    trouble.spawn(produce(producer, Arc::clone(&stop)));
    let operators = Operators::start(address).await;
    let mut most = before;
    let begun = Instant::now();
    while begun.elapsed() < time {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(gateway.rss());
    }
    let busy = operators.stop_after(Duration::ZERO).await;
    stop.store(true, Ordering::Relaxed);
    trouble.join_all().await;
    drop(deaf);
    vec![
        Row::new(
            "memory growth by 4 flooders and 20 deaf clients",
            megabytes(most - before),
            "MB",
            Target::AtMost(megabytes(ANNOUNCED * u64::from(FLOODERS + DEAF))),
        ),
        Row::new(
            "others' p99 meanwhile",
            millis(busy),
            "ms",
            Target::AtMost(20.0),
        ),
        Row::new("others' p99 before", millis(quiet), "ms", Target::None),
    ]
}

/// Sends requests as fast as the gateway takes them and never reads an answer.
async fn flood(mut socket: Socket, stop: Arc<AtomicBool>) {
    let template = Template::request("config.schema", None);
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        while socket.queued() < 64 * 1024 {
            template.queue(number, &mut socket);
            number += 1;
        }
        // A gateway that cuts the flood short is in its right.
        if socket.stuff().is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Has presence events made, up to a hundred per second.
async fn produce(mut socket: Socket, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        report(&mut socket, 0).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Reports a host as present, which everybody is told.
async fn report(socket: &mut Socket, number: u32) {
    let params =
        format!(r#"{{"text":"Node: bench-{number} · mode test","host":"bench-{number}"}}"#);
    let template = Template::request("system-event", Some(&params));
    template.queue(number, socket);
    socket.flush().await.expect("the gateway reads");
    socket
        .next_where(is_answer)
        .await
        .expect("the gateway answers");
}

/// Operators that ask one thing after the other and time the answers.
struct Operators {
    stop: Arc<AtomicBool>,
    work: JoinSet<Vec<Duration>>,
}

impl Operators {
    async fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut work = JoinSet::new();
        for _ in 0..OTHERS {
            let (socket, _) = admitted(address, &Who::CLI).await;
            work.spawn(operate(socket, Arc::clone(&stop)));
        }
        Self { stop, work }
    }

    /// Their 99th percentile.
    async fn stop_after(self, time: Duration) -> Duration {
        tokio::time::sleep(time).await;
        self.stop.store(true, Ordering::Relaxed);
        let mut times: Vec<Duration> = self.work.join_all().await.into_iter().flatten().collect();
        percentile(&mut times, 99)
    }
}

async fn operate(mut socket: Socket, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let template = Template::request("last-heartbeat", None);
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        template.queue(0, &mut socket);
        socket.flush().await.expect("the gateway reads");
        socket
            .next_where(is_answer)
            .await
            .expect("the gateway answers");
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times
}
