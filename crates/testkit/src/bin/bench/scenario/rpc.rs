//! Requests that are answered from memory.

use std::time::Duration;

use openclaw_testkit::device::TestDevice;

use super::Stage;
use crate::client::{Who, admitted};
use crate::load::{CONNECTIONS, Crowd, Template, WINDOW};
use crate::report::{Row, Target};

/// Paired devices of the gateway.
const PAIRED: usize = 180;
/// Of these, nodes.
const NODES: usize = 6;
/// Of these, connected.
const CONNECTED: usize = 2;

const CHEAP: Target = Target::TimesEcho(1.4);

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let gateway = stage.program.start().await;
    let mut connected = Vec::new();
    for number in 0..PAIRED {
        let device = TestDevice::new();
        let who = if number < NODES {
            Who::node(&device, &["system.which", "system.run"])
        } else {
            Who::device(&device)
        };
        let (socket, _) = admitted(gateway.address, &who).await;
        if number < CONNECTED {
            connected.push(socket);
        }
    }
    let mut yardstick = stage.yardstick().await;
    let mut rows = Vec::new();
    let mut echoes = Vec::new();
    for _ in 0..stage.options.rounds {
        echoes.push(yardstick.measure().await);
    }
    let echo = crate::stats::median(echoes);
    rows.push(Row::compared(
        "echo, 8 connections × pipeline 16",
        echo,
        1.0,
        Target::None,
    ));
    let requests = stage.options.count(400_000);
    for (method, what) in [
        ("last-heartbeat", ""),
        ("system-presence", ""),
        ("node.list", ", 180 paired devices, 6 of them nodes"),
    ] {
        if !stage.options.wants_case(method) {
            continue;
        }
        let mut crowd = Crowd::operators(gateway.address, CONNECTIONS).await;
        let template = Template::request(method, None);
        crowd.run(&template, 2_000, WINDOW).await;
        let cost = yardstick
            .compare(&gateway, Duration::ZERO, async || {
                crowd.run(&template, requests, WINDOW).await;
                requests
            })
            .await;
        rows.push(Row::compared(
            format!("`{method}`{what}"),
            cost.micros,
            cost.ratio,
            CHEAP,
        ));
    }
    drop(connected);
    rows
}
