//! From starting the program to the first hello.

use std::time::{Duration, Instant};

use super::Stage;
use crate::client::{Who, connect};
use crate::report::{Row, Target};
use crate::server::{GatewayProgram, Server};
use crate::stats::{median, millis};

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let (mut fresh, mut known) = (Vec::new(), Vec::new());
    for _ in 0..stage.options.count(20) {
        let (home, address) = GatewayProgram::home();
        let begun = Instant::now();
        let gateway = stage.program.spawn(home, address);
        first_hello(&gateway).await;
        fresh.push(millis(begun.elapsed()));
        let (home, address) = GatewayProgram::stop(gateway);
        let begun = Instant::now();
        let gateway = stage.program.spawn(home, address);
        first_hello(&gateway).await;
        known.push(millis(begun.elapsed()));
    }
    vec![
        Row::new(
            "start to first hello, fresh home",
            median(fresh),
            "ms",
            Target::AtMost(50.0),
        ),
        Row::new(
            "start to first hello, after a kill -9",
            median(known),
            "ms",
            Target::AtMost(50.0),
        ),
    ]
}

async fn first_hello(gateway: &Server) {
    for _ in 0..20_000 {
        if let Ok((socket, _)) = connect(gateway.address, &Who::CLI).await {
            drop(socket);
            return;
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    panic!("the gateway does not admit");
}
