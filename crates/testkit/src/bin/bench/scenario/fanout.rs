//! One presence event to a thousand connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::Stage;
use crate::client::{Who, admitted};
use crate::report::{Row, Target};
use crate::socket::Socket;

/// Connections that hear the event.
const LISTENERS: u32 = 1_000;

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (who, name, events, target) in [
        (
            Who::CLI,
            "presence to 1 000 connections, per delivery, short list",
            200,
            Target::TimesEcho(1.3),
        ),
        (
            Who::LISTED,
            "presence to 1 000 connections, per delivery, full list",
            50,
            Target::None,
        ),
    ] {
        if !stage.options.wants_case(name) {
            continue;
        }
        let gateway = stage.program.start().await;
        let audience = Audience::gather(gateway.address, who).await;
        let (mut producer, _) = admitted(gateway.address, &Who::CLI).await;
        audience.produce(&mut producer, 3).await;
        let bytes = audience.bytes.load(Ordering::Relaxed);
        let events = stage.options.count(events);
        let mut yardstick = stage.yardstick().await;
        let work = async || {
            audience.produce(&mut producer, events).await;
            events * LISTENERS
        };
        let cost = yardstick.compare(&gateway, Duration::ZERO, work).await;
        rows.push(Row::compared(
            format!("{name} ({bytes} B)"),
            cost.micros,
            cost.ratio,
            target,
        ));
        let messages = if bytes > 10_000 { 40_000 } else { 200_000 };
        let mut yardstick = stage.yardstick_of(bytes, messages).await;
        let work = async || {
            audience.produce(&mut producer, events).await;
            events * LISTENERS
        };
        let cost = yardstick.compare(&gateway, Duration::ZERO, work).await;
        rows.push(Row::compared(
            format!("… beside an echo of {bytes} B"),
            cost.micros,
            cost.ratio,
            Target::None,
        ));
    }
    rows
}

/// Connections that count the presence events they hear.
struct Audience {
    heard: Arc<AtomicU32>,
    bytes: Arc<AtomicUsize>,
    all: Arc<Notify>,
    /// They end with it.
    tasks: JoinSet<()>,
}

impl Audience {
    async fn gather(address: std::net::SocketAddr, who: Who<'static>) -> Self {
        let mut audience = Self {
            heard: Arc::default(),
            bytes: Arc::default(),
            all: Arc::default(),
            tasks: JoinSet::new(),
        };
        for _ in 0..LISTENERS {
            let (socket, _) = admitted(address, &who).await;
            let (heard, bytes, all) = (
                Arc::clone(&audience.heard),
                Arc::clone(&audience.bytes),
                Arc::clone(&audience.all),
            );
            audience.tasks.spawn(listen(socket, heard, bytes, all));
        }
        audience
    }

    /// Has events made, each after the one before was heard by all.
    async fn produce(&self, producer: &mut Socket, events: u32) {
        for number in 0..events {
            self.heard.store(0, Ordering::Relaxed);
            let event = format!(
                r#"{{"type":"req","id":"{number}","method":"system-event","params":{{"text":"Node: bench · mode test · reason {number}","host":"bench"}}}}"#
            );
            producer
                .send(event.as_bytes())
                .await
                .expect("the gateway reads");
            self.all.notified().await;
            // The producer hears it too, and its answer.
            producer
                .next_where(crate::client::is_answer)
                .await
                .expect("the gateway answers");
        }
    }
}

async fn listen(
    mut socket: Socket,
    heard: Arc<AtomicU32>,
    bytes: Arc<AtomicUsize>,
    all: Arc<Notify>,
) {
    while let Ok(message) = socket.next().await {
        if message.starts_with(br#"{"type":"event","event":"presence""#) {
            bytes.store(message.len(), Ordering::Relaxed);
            if heard.fetch_add(1, Ordering::Relaxed) + 1 == LISTENERS {
                all.notify_one();
            }
        }
    }
}
