//! What a gateway has in its hands: nothing of connections that are gone.

use std::fs;
use std::net::SocketAddr;

use openclaw_testkit::{TestDevice, Wire};
use serde_json::json;

use crate::place::Place;
use crate::sshd::until;

/// What a process has now.
#[derive(Debug, Clone, Copy)]
struct Held {
    memory_kib: usize,
    threads: usize,
    files: usize,
}

fn held(pid: u32) -> Held {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let number = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let text = line.split_whitespace().nth(1).unwrap();
        text.parse().unwrap()
    };
    Held {
        memory_kib: number("VmRSS:"),
        threads: number("Threads:"),
        files: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
    }
}

/// A debug build of the gateway, after thousands of calls: several times what it needs.
const MEMORY_KIB: usize = 80 * 1024;
const ROUNDS: usize = 5;
/// What may be made once and kept: workers for slow work, their files.
const KEPT: usize = 8;
const CONNECTIONS: usize = 40;
const REQUESTS: usize = 20;

#[test]
fn u19_connections_that_are_gone_leave_nothing_behind() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "right-token-1234" } }));
    let gateway = place.gateway(&[]);
    let pid = gateway.running.pid();
    let address = SocketAddr::from(([127, 0, 0, 1], gateway.port));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let device = TestDevice::new();
    let round = || {
        runtime.block_on(async {
            let mut open = Vec::new();
            for number in 0..CONNECTIONS {
                let mut wire = Wire::open(address, &[]).await.unwrap();
                let params = openclaw_testkit::wire::operator_params(
                    Some("right-token-1234"),
                    &["operator.read"],
                );
                wire.hello(params, Some(&device)).await;
                for _ in 0..REQUESTS {
                    wire.ok("health", json!({})).await;
                }
                // Half of them say goodbye, the others are cut.
                if number % 2 == 0 {
                    wire.close().await;
                } else {
                    open.push(wire);
                }
            }
        });
    };
    let first = held(pid);
    for _ in 0..ROUNDS {
        round();
    }
    until("files and threads are what they were", || {
        let now = held(pid);
        now.files <= first.files + KEPT && now.threads <= first.threads + KEPT
    });
    let last = held(pid);
    assert!(
        first.memory_kib < MEMORY_KIB && last.memory_kib < MEMORY_KIB,
        "{first:?} {last:?}"
    );
    place.run(&["health"]).ok();
    assert!(gateway.stop().success());
}
