//! Whole connections: TCP connect, upgrade, challenge, connect, hello, close.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openclaw_testkit::device::TestDevice;
use tokio::task::JoinSet;

use super::Stage;
use crate::client::{Who, admitted, device_token};
use crate::report::{Row, Target};

/// Clients that connect at the same time, each one connection after the other.
const CLIENTS: u32 = 8;
/// What the gateway writes about a connection is written by then.
pub(super) const SETTLE: Duration = Duration::from_millis(1_500);

/// A device and its token.
type Paired = (TestDevice, String);

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let gateway = stage.program.start().await;
    let mut yardstick = stage.yardstick().await;
    let count = stage.options.count(16_000);
    let mut rows = Vec::new();
    let cases = [
        ("handshake, token", Who::CLI, false, Target::TimesEcho(20.0)),
        (
            "handshake, signed device with its token",
            Who::CLI,
            true,
            Target::TimesEcho(40.0),
        ),
        (
            "handshake, token, listed as present",
            Who::LISTED,
            false,
            Target::None,
        ),
    ];
    for (name, who, signed, target) in cases {
        if !stage.options.wants_case(name) {
            continue;
        }
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(Arc::new(if signed {
                Some(pair(gateway.address).await)
            } else {
                None
            }));
        }
        shake(gateway.address, who, &clients, 200).await;
        tokio::time::sleep(SETTLE).await;
        let cost = yardstick
            .compare(&gateway, SETTLE, async || {
                shake(gateway.address, who, &clients, count).await;
                count
            })
            .await;
        rows.push(Row::compared(name, cost.micros, cost.ratio, target));
    }
    rows
}

async fn pair(address: SocketAddr) -> Paired {
    let device = TestDevice::new();
    let (socket, hello) = admitted(address, &Who::device(&device)).await;
    socket.close().await.expect("the gateway closes");
    let token = device_token(&hello);
    (device, token)
}

async fn shake(
    address: SocketAddr,
    who: Who<'static>,
    clients: &[Arc<Option<Paired>>],
    total: u32,
) {
    let each = total / u32::try_from(clients.len()).expect("few clients");
    let mut work = JoinSet::new();
    for client in clients {
        let client = Arc::clone(client);
        work.spawn(async move {
            let who = match client.as_ref() {
                Some((device, token)) => Who {
                    device: Some(device),
                    device_token: Some(token),
                    ..who
                },
                None => who,
            };
            for _ in 0..each {
                let (socket, _) = admitted(address, &who).await;
                socket.close().await.expect("the gateway closes");
            }
        });
    }
    work.join_all().await;
}
