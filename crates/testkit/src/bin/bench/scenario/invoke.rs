//! A command on a node and its answer: two hops there, two back, three frames out and two in for the gateway.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use openclaw_testkit::device::TestDevice;
use tokio::task::JoinHandle;

use super::Stage;
use crate::client::{Who, admitted};
use crate::load::{CONNECTIONS, Crowd, Template, WINDOW};
use crate::report::{Row, Target};
use crate::socket::Socket;

const COMMAND: &str = "system.which";

struct Case {
    name: &'static str,
    /// Bytes of the params, and of the result.
    bytes: usize,
    /// Whether the node answers with JSON in a string, as every release does, or with JSON.
    as_text: bool,
    callers: u32,
    window: u32,
    invocations: u32,
    target: Target,
}

const CASES: [Case; 4] = [
    Case {
        name: "`node.invoke` 100 B each way",
        bytes: 100,
        as_text: true,
        callers: CONNECTIONS,
        window: WINDOW,
        invocations: 100_000,
        target: Target::TimesEcho(3.4),
    },
    Case {
        name: "`node.invoke` 10 kB each way",
        bytes: 10_000,
        as_text: true,
        callers: CONNECTIONS,
        window: WINDOW,
        invocations: 40_000,
        target: Target::TimesEcho(6.0),
    },
    Case {
        name: "`node.invoke` 1 MB each way",
        bytes: 1_000_000,
        as_text: true,
        callers: 2,
        window: 1,
        invocations: 400,
        target: Target::None,
    },
    Case {
        name: "`node.invoke` 1 MB each way, result as JSON",
        bytes: 1_000_000,
        as_text: false,
        callers: 2,
        window: 1,
        invocations: 400,
        target: Target::None,
    },
];

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    let gateway = stage.program.start().await;
    let device = TestDevice::new();
    let mut yardstick = stage.yardstick().await;
    let mut rows = Vec::new();
    let wanted = |case: &&Case| stage.options.wants_case(case.name);
    for case in CASES.iter().filter(wanted) {
        // The newest connection of a node replaces the one before.
        let (socket, _) = admitted(gateway.address, &Who::node(&device, &[COMMAND])).await;
        let node = tokio::spawn(serve(socket, device.id(), result(case)));
        let mut crowd = Crowd::operators(gateway.address, case.callers).await;
        let template = invocation(&device.id(), case.bytes);
        let invocations = stage.options.count(case.invocations);
        crowd.run(&template, case.callers * 10, case.window).await;
        let cost = yardstick
            .compare(&gateway, Duration::ZERO, async || {
                crowd.run(&template, invocations, case.window).await;
                invocations
            })
            .await;
        rows.push(Row::compared(
            case.name,
            cost.micros,
            cost.ratio,
            case.target,
        ));
        end(node).await;
    }
    let mut yardstick = stage.yardstick_of(1_000_000, 800).await;
    rows.push(Row::new(
        "echo of 1 MB, for comparison",
        yardstick.measure().await,
        "µs",
        Target::None,
    ));
    rows
}

fn invocation(node_id: &str, bytes: usize) -> Template {
    let filler = "p".repeat(bytes.saturating_sub(12));
    let params = format!(
        r#"{{"nodeId":"{node_id}","command":"{COMMAND}","params":{{"bins":["{filler}"]}},"idempotencyKey":"bench"}}"#
    );
    Template::request("node.invoke", Some(&params))
}

/// The end of a result frame of so many bytes.
fn result(case: &Case) -> String {
    let filler = "r".repeat(case.bytes.saturating_sub(12));
    if case.as_text {
        format!(r#","ok":true,"payloadJSON":"{{\"bins\":[\"{filler}\"]}}"}}}}"#)
    } else {
        format!(r#","ok":true,"payload":{{"bins":["{filler}"]}}}}}}"#)
    }
}

/// A node that answers every invocation at once, until its connection ends.
async fn serve(mut socket: Socket, node_id: String, result: String) -> io::Result<()> {
    let mut number = 0_u32;
    let mut text = Vec::new();
    loop {
        while let Some(message) = socket.buffered()? {
            let Some(invoke_id) = invoke_id(&message) else {
                continue;
            };
            number += 1;
            text.clear();
            text.extend_from_slice(
                format!(
                    r#"{{"type":"req","id":"{number}","method":"node.invoke.result","params":{{"id":"{invoke_id}","nodeId":"{node_id}""#
                )
                .as_bytes(),
            );
            text.extend_from_slice(result.as_bytes());
            socket.queue(&text);
        }
        socket.flush().await?;
        socket.fill().await?;
    }
}

fn invoke_id(message: &Bytes) -> Option<&str> {
    const HEAD: &[u8] = br#"{"type":"event","event":"node.invoke.request","payload":{"id":""#;
    let rest = message.strip_prefix(HEAD)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}

async fn end(node: JoinHandle<io::Result<()>>) {
    node.abort();
    // Aborted is how it is meant to end.
    let _aborted = node.await;
}
