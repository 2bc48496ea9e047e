//! Restarts while connections and calls never pause. The ordinary run is small; `OPENCLAW_RESTARTS=100` makes it the large one:
//! so many restarts, 1 000 connects each second, 100 calls in flight.
#![expect(
    clippy::print_stdout,
    reason = "figures are read by whoever runs the large one"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use openclaw_client::{
    Client, ClientOptions, Credentials, DeviceIdentity, EventItem, ReconnectPolicy, Target,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use super::restart;
use crate::place::Place;

const TOKEN: &str = "token-of-the-restart-test";
/// How long the node takes for a call: long enough that a restart always meets some.
const WORK: Duration = Duration::from_millis(150);
/// Connections that one machine may have open before any of them has been answered.
const AT_ONCE: usize = 500;
/// Nothing takes longer unless it is lost.
const PATIENCE: Duration = Duration::from_secs(90);

/// What happened so far.
#[derive(Debug, Default)]
struct Counts {
    done: AtomicBool,
    connects: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
    slowest_ms: AtomicU64,
    calls: AtomicU64,
    lost: AtomicU64,
}

impl Counts {
    fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// One connection, one question.
async fn connect(port: u16, counts: Arc<Counts>) {
    let since = Instant::now();
    let asked = async {
        let socket = TcpSocket::new_v4()?;
        // Nothing of it stays behind, so that ports do not run out.
        socket.set_zero_linger()?;
        let address = ([127, 0, 0, 1], port).into();
        let mut stream = match socket.connect(address).await {
            Ok(stream) => stream,
            Err(error) => {
                add(&counts.refused);
                return Err(error);
            }
        };
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await?;
        let mut head = [0; 15];
        stream.read_exact(&mut head).await?;
        if &head == b"HTTP/1.1 200 OK" {
            Ok(())
        } else {
            Err(std::io::Error::other(
                String::from_utf8_lossy(&head).into_owned(),
            ))
        }
    };
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    add(&counts.connects);
    let took = u64::try_from(since.elapsed().as_millis()).unwrap();
    counts.slowest_ms.fetch_max(took, Ordering::Relaxed);
    match answered {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            println!("connect: {error}");
            add(&counts.unanswered);
        }
        Err(_) => add(&counts.unanswered),
    }
}

/// Connects at a rate, or one after another on a few tracks.
async fn connects(port: u16, per_second: Option<u32>, counts: Arc<Counts>) {
    let mut tasks = JoinSet::new();
    if let Some(rate) = per_second {
        let mut interval = tokio::time::interval(Duration::from_secs(1) / rate);
        while !counts.is_done() {
            interval.tick().await;
            while tasks.try_join_next().is_some() {}
            // More at once from one machine is a flood, which the gateway refuses whether it restarts or not.
            if tasks.len() < AT_ONCE {
                tasks.spawn(connect(port, Arc::clone(&counts)));
            }
        }
    } else {
        for _ in 0..4 {
            let counts = Arc::clone(&counts);
            tasks.spawn(async move {
                while !counts.is_done() {
                    connect(port, Arc::clone(&counts)).await;
                }
            });
        }
    }
    while tasks.join_next().await.is_some() {}
}

fn options(make: fn(Target, &'static str) -> ClientOptions, port: u16) -> ClientOptions {
    let target = Target::parse(&format!("ws://127.0.0.1:{port}")).unwrap();
    let mut options = make(target, "1.0.0");
    options.credentials = Credentials {
        token: Some(TOKEN.into()),
        ..Credentials::default()
    };
    options.identity = Some(Arc::new(DeviceIdentity::ephemeral().unwrap()));
    options
}

/// A node that answers what it is asked after a while.
async fn node(client: Client) {
    let mut events = client.subscribe();
    let mut tasks = JoinSet::new();
    while let Some(item) = events.recv().await {
        let EventItem::Event(event) = item else {
            panic!("the node does not keep up");
        };
        if event.event != "node.invoke.request" {
            continue;
        }
        let request: Value = serde_json::from_str(event.payload.as_ref().unwrap().get()).unwrap();
        let client = client.clone();
        tasks.spawn(async move {
            tokio::time::sleep(WORK).await;
            let result = json!({
                "id": request["id"], "nodeId": request["nodeId"], "ok": true, "payloadJSON": request["paramsJSON"],
            });
            // Where the connection ended meanwhile, its caller was told to ask again.
            drop(client.call("node.invoke.result", &result).await);
        });
        while tasks.try_join_next().is_some() {}
    }
}

/// One caller that always waits for an answer.
async fn caller(number: usize, client: Client, node_id: String, counts: Arc<Counts>) {
    for turn in 0.. {
        if counts.is_done() {
            return;
        }
        let wanted = json!({ "bins": [format!("{number}-{turn}")] });
        let params = json!({
            "nodeId": node_id, "command": "system.which", "params": wanted, "timeoutMs": 60_000,
            "idempotencyKey": format!("{number}-{turn}"),
        });
        let answer = client
            .call_through_restarts("node.invoke", &params, PATIENCE)
            .await;
        let answered = answer.as_ref().is_ok_and(|answer| {
            let answer: Value = serde_json::from_str(answer.get()).unwrap();
            answer["payload"] == wanted
                || answer["payloadJSON"].as_str() == Some(wanted.to_string().as_str())
        });
        if answered {
            add(&counts.calls);
        } else {
            println!("call {number}-{turn}: {answer:?}");
            add(&counts.lost);
        }
    }
}

async fn calls(port: u16, callers: usize, counts: Arc<Counts>) {
    let mut node_options = options(ClientOptions::node, port);
    node_options.commands = vec!["system.which".to_owned()];
    let node_id = node_options
        .identity
        .as_ref()
        .unwrap()
        .device_id()
        .to_owned();
    let host = Client::spawn(node_options, ReconnectPolicy::node());
    host.connected().await.unwrap();
    // It goes on until the last caller has its answer.
    let mut nodes = JoinSet::new();
    nodes.spawn(node(host));
    let mut tasks = JoinSet::new();
    for connection in 0..4 {
        let client = Client::spawn(
            options(ClientOptions::operator, port),
            ReconnectPolicy::operator(),
        );
        client.connected().await.unwrap();
        for number in (connection..callers).step_by(4) {
            let (client, node_id) = (client.clone(), node_id.clone());
            tasks.spawn(caller(number, client, node_id, Arc::clone(&counts)));
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

fn in_thread(work: impl Future<Output = ()> + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::spawn(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(work);
    })
}

#[test]
fn u23_no_connect_is_refused_and_no_call_is_lost_over_restarts() {
    let asked = openclaw_config::Env::from_process();
    let large: Option<u32> = asked
        .get("OPENCLAW_RESTARTS")
        .map(|count| count.parse().unwrap());
    let (restarts, per_second, callers) = match large {
        Some(restarts) => (restarts, Some(1_000), 100),
        None => (5, None, 20),
    };
    let place = Place::with_gateway(&json!({ "auth": { "token": TOKEN } }));
    let mut gateway = place.gateway(&[]);
    let counts = Arc::new(Counts::default());
    let threads = [
        in_thread(calls(gateway.port, callers, Arc::clone(&counts))),
        in_thread(connects(gateway.port, per_second, Arc::clone(&counts))),
    ];
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    for _ in 0..restarts {
        // Every caller has been answered since the last one: all of them are in the middle of a call again.
        let (calls, connects) = (count(&counts.calls), count(&counts.connects));
        while count(&counts.calls) < calls + callers as u64 || count(&counts.connects) == connects {
            assert!(!threads[0].is_finished(), "the calls ended: {counts:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let since = Instant::now();
        restart(&mut gateway);
        slowest = slowest.max(since.elapsed());
    }
    let took = begun.elapsed();
    counts.done.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    let rate = count(&counts.connects) * 1_000 / u64::try_from(took.as_millis()).unwrap();
    println!(
        "{restarts} restarts in {took:?}, the slowest {slowest:?}, {rate} connects each second, {callers} calls in flight: {counts:?}"
    );
    assert_eq!(
        (count(&counts.refused), count(&counts.unanswered)),
        (0, 0),
        "of {} connects",
        count(&counts.connects)
    );
    assert_eq!(count(&counts.lost), 0, "of {} calls", count(&counts.calls));
    assert!(gateway.stop().success());
}
