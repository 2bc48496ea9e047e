//! Bind, port and addresses that change while the gateway serves.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};

use openclaw_testkit::hosts::{Host, until};
use openclaw_testkit::wire::{Wire, operator_params};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::support::{LAN, LOOPBACK, TAILNET, TOKEN, get, network, settings, started, two};

/// A connected operator on some host: what must live on whatever happens to listeners.
struct Operator {
    runtime: Runtime,
    wire: Wire,
}

impl Operator {
    fn connect(host: &Host, address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let address = address.parse().unwrap();
        let wire = host.inside(|| {
            runtime.block_on(async {
                let mut wire = Wire::open(address, &[]).await.expect("an upgrade");
                wire.hello(operator_params(Some(TOKEN), &[]), None).await;
                wire
            })
        });
        Self { runtime, wire }
    }

    /// Must get an answer.
    fn asks(&mut self) {
        let Self { runtime, wire } = self;
        runtime.block_on(async {
            wire.ok("health", json!({})).await;
        });
    }
}

#[test]
fn u22_bind_changes_are_live_and_cut_nobody() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.join_tailnet();
    hosts.gateway.configure(&settings("loopback"));
    let gateway = started(&hosts.gateway);
    let mut local = Operator::connect(&hosts.gateway, LOOPBACK);

    hosts.set("gateway.bind", "lan");
    hosts.until_reached(LAN, true);
    let mut far = Operator::connect(&hosts.laptop, LAN);
    let status = hosts.gateway.run(&["gateway", "status"]).ok();
    assert!(
        status.out.contains("Listening: 0.0.0.0:18789, [::]:18789"),
        "{status:?}"
    );

    hosts.set("gateway.bind", "tailnet");
    hosts.until_reached(LAN, false);
    assert!(hosts.laptop.connects(TAILNET));
    far.asks();
    local.asks();

    hosts.set("gateway.bind", "loopback");
    hosts.until_reached(TAILNET, false);
    far.asks();
    local.asks();
    assert!(hosts.gateway.connects(LOOPBACK) && hosts.gateway.connects("[::1]:18789"));
    assert!(gateway.stop().success());
}

#[test]
fn u22_no_connect_is_refused_while_bind_and_port_change() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.gateway.configure(&settings("loopback"));
    let gateway = started(&hosts.gateway);
    let port = AtomicU16::new(18789);
    let (done, served, failed) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    let load = || {
        hosts.gateway.inside(|| {
            while !done.load(Ordering::Relaxed) {
                let address = format!("127.0.0.1:{}", port.load(Ordering::SeqCst));
                let count = match get(&address, "/healthz") {
                    Some(answer) if answer.starts_with("HTTP/1.1 200") => &served,
                    _ => &failed,
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(load);
        }
        for round in 0..5 {
            for (bind, reached) in [("lan", true), ("loopback", false)] {
                hosts.set("gateway.bind", bind);
                let at = format!("10.77.0.1:{}", port.load(Ordering::SeqCst));
                hosts.until_reached(&at, reached);
            }
            let next = 18790 + round;
            hosts.set("gateway.port", &next.to_string());
            until("the new port", || {
                hosts
                    .gateway
                    .connects(&format!("127.0.0.1:{next}"))
                    .then_some(())
            });
            port.store(next, Ordering::SeqCst);
        }
        done.store(true, Ordering::Relaxed);
    });
    let (served, failed) = (served.into_inner(), failed.into_inner());
    println!("served {served}, failed {failed}");
    assert!(served > 100);
    assert_eq!(failed, 0, "of {served}");
    // The command line of this machine goes where the gateway went, and the old ports are given back.
    drop(hosts.gateway.run(&["health"]).ok());
    let status = hosts.gateway.run(&["gateway", "status"]).ok();
    assert!(
        status
            .out
            .contains("Listening: 127.0.0.1:18794, [::1]:18794"),
        "{status:?}"
    );
    until("the end of the old port", || {
        (!hosts.gateway.connects("127.0.0.1:18793")).then_some(())
    });
    assert!(gateway.stop().success());
}

#[test]
fn u35_tailnet_waits_for_its_address_and_follows_it() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.gateway.configure(&settings("tailnet"));
    let gateway = started(&hosts.gateway);
    hosts.until_failing(Some("listeners: no tailnet address on this machine"));
    assert!(hosts.gateway.connects(LOOPBACK));
    assert!(!hosts.laptop.connects(LAN));

    hosts.join_tailnet();
    hosts.until_reached(TAILNET, true);
    hosts.until_failing(None);
    assert!(!hosts.laptop.connects(LAN), "never wider than asked");
    let mut local = Operator::connect(&hosts.gateway, LOOPBACK);

    hosts.gateway.ip("addr del 100.64.0.1/10 dev tailscale0");
    hosts.until_failing(Some("no tailnet address"));
    hosts.gateway.add_address("tailscale0", "100.64.0.77/10");
    hosts.until_reached("100.64.0.77:18789", true);
    hosts.until_failing(None);
    local.asks();
    assert!(gateway.stop().success());
}

#[test]
fn u35_clients_stay_served_while_another_address_of_the_interface_changes() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.gateway.add_address("eth0", "10.77.0.50/24");
    hosts.gateway.configure(&settings("eth0"));
    let gateway = started(&hosts.gateway);
    let mut far = Operator::connect(&hosts.laptop, LAN);
    hosts.until_reached("10.77.0.50:18789", true);
    hosts.gateway.ip("addr del 10.77.0.50/24 dev eth0");
    hosts.gateway.add_address("eth0", "10.77.0.60/24");
    hosts.until_reached("10.77.0.60:18789", true);
    hosts.until_reached("10.77.0.50:18789", false);
    let listening = hosts.gateway.run(&["gateway", "status"]).ok();
    assert!(
        listening.out.contains("10.77.0.60:18789") && !listening.out.contains("10.77.0.50"),
        "{listening:?}"
    );
    far.asks();
    assert!(hosts.laptop.connects(LAN));
    assert!(gateway.stop().success());
}

#[test]
fn u22_a_plan_that_is_refused_leaves_the_old_listeners_and_says_why() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts
        .gateway
        .configure(&json!({ "mode": "local", "auth": { "mode": "none" } }));
    let gateway = started(&hosts.gateway);
    hosts.set("gateway.bind", "lan");
    hosts.until_failing(Some(
        "listeners: refusing to bind to lan without auth; the listeners before stay",
    ));
    assert!(hosts.gateway.connects(LOOPBACK) && !hosts.laptop.connects(LAN));

    // With a token in place it opens by itself.
    hosts.set("gateway.auth.token", TOKEN);
    hosts.set("gateway.auth.mode", "token");
    hosts.until_reached(LAN, true);
    hosts.until_failing(None);

    // And nobody is let in without one as long as others can connect.
    hosts.set("gateway.auth.mode", "none");
    hosts.until_failing(Some("gateway.auth.mode none is for loopback only"));
    hosts.set("gateway.bind", "loopback");
    hosts.until_reached(LAN, false);
    hosts.until_failing(None);
    assert!(gateway.stop().success());
}

#[test]
fn u22_a_busy_port_leaves_the_old_listeners_and_is_tried_again() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.gateway.configure(&settings("loopback"));
    let gateway = started(&hosts.gateway);
    let stranger = hosts
        .gateway
        .inside(|| std::net::TcpListener::bind("10.77.0.1:18789").unwrap());
    hosts.set("gateway.bind", "10.77.0.1");
    let failing = hosts.until_failing(Some("Port 18789 is already in use."));
    assert!(failing.contains("the listeners before stay"), "{failing}");
    assert!(hosts.gateway.connects(LOOPBACK));
    drop(stranger);
    hosts.until_failing(None);
    assert!(hosts.laptop.connects(LAN));
    assert!(gateway.stop().success());
}

#[test]
fn u22_up_tells_where_it_listens_after_a_change_and_a_second_up_moves_nothing() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.gateway.configure(&settings("loopback"));
    let mut up = hosts.gateway.start(&["up", "--no-node"]);
    up.until("Stop with Ctrl-C.");
    let second = hosts.gateway.run(&["up", "--port", "19000"]).fails(1);
    assert!(second.err.contains("it was not moved"), "{second:?}");
    assert!(
        second
            .err
            .contains("openclaw config set gateway.port 19000"),
        "{second:?}"
    );
    hosts.set("gateway.port", "19000");
    up.until("Listening: 127.0.0.1:19000, [::1]:19000");
    drop(hosts.gateway.run(&["up", "--port", "19000"]).ok());
    hosts.set("gateway.bind", "10.77.0.1");
    up.until("10.77.0.1:19000");
    assert!(hosts.laptop.connects("10.77.0.1:19000"));
    assert!(up.stop().success());
}

#[test]
fn d1_flags_win_over_a_changed_config() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.gateway.configure(&settings("loopback"));
    let mut gateway =
        hosts
            .gateway
            .start(&["gateway", "run", "--port", "19100", "--bind", "10.77.0.1"]);
    gateway.until("log file:");
    hosts.set("gateway.port", "19200");
    hosts.set("gateway.bind", "lan");
    gateway.until("config applied");
    assert!(hosts.laptop.connects("10.77.0.1:19100"));
    assert!(!hosts.laptop.connects("10.77.0.1:19200"));
    assert!(!hosts.laptop.connects("[fd77::1]:19100"));
    assert!(gateway.stop().success());
}
