//! First connection of devices the gateway has never seen: paired over loopback, token issued, all of it on disk before the
//! hello.

use std::net::SocketAddr;

use openclaw_testkit::device::TestDevice;
use tokio::task::JoinSet;

use super::Stage;
use super::handshake::SETTLE;
use crate::client::{Who, admitted, device_token};
use crate::report::{Row, Target};

/// Devices that come at the same time; one write to disk may serve all of them.
const CLIENTS: u32 = 32;

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let gateway = stage.program.start().await;
    let mut yardstick = stage.yardstick().await;
    let count = stage.options.count(3_200).max(CLIENTS);
    pair(gateway.address, CLIENTS).await;
    let cost = yardstick
        .compare(&gateway, SETTLE, async || {
            pair(gateway.address, count).await;
            count
        })
        .await;
    vec![Row::compared(
        "first pairing of a device, durable",
        cost.micros,
        cost.ratio,
        Target::TimesEcho(120.0),
    )]
}

async fn pair(address: SocketAddr, total: u32) {
    let mut work = JoinSet::new();
    for _ in 0..CLIENTS {
        work.spawn(async move {
            for _ in 0..total / CLIENTS {
                let device = TestDevice::new();
                let (socket, hello) = admitted(address, &Who::device(&device)).await;
                assert!(!device_token(&hello).is_empty(), "a token is issued");
                socket.close().await.expect("the gateway closes");
            }
        });
    }
    work.join_all().await;
}
