//! Which hosts reach a gateway in which bind mode.

use openclaw_testkit::hosts::until;
use serde_json::json;

use crate::support::{LAN, LAN_V6, TAILNET, TOKEN, network, settings, started, two};

#[test]
fn u13_u35_every_bind_mode_is_reached_where_it_should_be_and_nowhere_else() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.join_tailnet();
    for (bind, reached) in [
        ("loopback", &[][..]),
        ("auto", &[]),
        ("lan", &[LAN, LAN_V6, TAILNET]),
        ("tailnet", &[TAILNET]),
        ("10.77.0.1", &[LAN]),
        ("fd77::1", &[LAN_V6]),
        ("eth0", &[LAN, LAN_V6]),
        ("tailscale0", &[TAILNET]),
        ("10.77.0.0/24", &[LAN]),
        ("100.64.0.0/10", &[TAILNET]),
        ("fd00::/8", &[LAN_V6]),
    ] {
        hosts.gateway.configure(&settings(bind));
        let gateway = started(&hosts.gateway);
        for address in [LAN, LAN_V6, TAILNET] {
            assert_eq!(
                hosts.laptop.connects(address),
                reached.contains(&address),
                "{bind}: {address}"
            );
        }
        for address in ["127.0.0.1:18789", "[::1]:18789"] {
            assert!(hosts.gateway.connects(address), "{bind}: {address}");
        }
        drop(hosts.gateway.run(&["health"]).ok());
        assert!(gateway.stop().success());
    }
}

#[test]
fn u11_refused_binds_say_the_exact_text_and_exit_78() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    for bind in ["lan", "tailnet", "10.77.0.1", "eth0", "10.0.0.0/8"] {
        hosts
            .gateway
            .configure(&json!({ "mode": "local", "bind": bind, "auth": { "mode": "token" } }));
        let ran = hosts.gateway.run(&["gateway", "run"]).fails(78);
        let mode = if ["lan", "tailnet"].contains(&bind) {
            bind
        } else {
            "custom"
        };
        let expected = format!(
            "refusing to bind to {mode} without auth\nSet gateway.auth.token/password (or \
             OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD), pass --token/--password, or use --bind loopback.\n"
        );
        assert!(ran.err.contains(&expected), "{ran:?}");
        let open = hosts.gateway.run(&["gateway", "status", "--no-probe"]).ok();
        assert!(open.out.contains("Runtime: stopped"), "{open:?}");
    }
}

#[test]
fn u35_a_bind_that_this_machine_does_not_have_is_taken_with_a_warning() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.gateway.configure(&settings("loopback"));
    for value in ["10.99.0.1", "wg0", "172.16.0.0/12"] {
        let ran = hosts
            .gateway
            .run(&["config", "set", "gateway.bind", value])
            .ok();
        let warning =
            format!("this machine has no address that matches {value} now; the gateway waits");
        assert!(ran.err.contains(&warning), "{ran:?}");
        assert!(ran.err.contains("10.77.0.1 (eth0)"), "{ran:?}");
    }
    for (value, reason) in [
        ("10.99.0.1:18789", "allowed: auto, lan, loopback"),
        ("Lan", "did you mean \"lan\"?"),
    ] {
        let ran = hosts
            .gateway
            .run(&["config", "set", "gateway.bind", value])
            .fails(1);
        assert!(ran.err.contains(reason), "{ran:?}");
    }
    let ran = hosts
        .gateway
        .run(&["config", "set", "gateway.customBindHost", "10.0.0.0/33"]);
    assert!(ran.err.contains("from 0 to 32"), "{ran:?}");
}

#[test]
fn u39_a_host_without_ipv4_works_end_to_end() {
    let Some(network) = network() else { return };
    let lan = network.switch();
    let (gateway, laptop) = (network.host("gateway"), network.host("laptop"));
    for (host, address) in [(&gateway, "fd77::1/64"), (&laptop, "fd77::2/64")] {
        host.without_ipv4();
        host.plug(&lan, "eth0", &[address]);
    }
    gateway.configure(&settings("lan"));
    let mut up = gateway.start(&["up"]);
    up.until("Stop with Ctrl-C.");
    assert!(
        up.text().contains("Gateway:   ws://[::1]:18789"),
        "{}",
        up.text()
    );
    assert!(up.text().contains("Open on:   [::]:18789"), "{}", up.text());
    assert!(
        up.text().contains("--host fd77::1 --port 18789"),
        "{}",
        up.text()
    );
    assert!(gateway.connects("[::1]:18789"));
    drop(gateway.run(&["health"]).ok());
    let status = gateway.run(&["gateway", "status"]).ok();
    assert!(status.out.contains("Listening: [::]:18789"), "{status:?}");
    assert!(
        status.out.contains("Probe target: ws://[::1]:18789"),
        "{status:?}"
    );
    assert!(status.out.contains("RPC probe: ok"), "{status:?}");

    // The other host, as a node: by an address in brackets and by its parts.
    laptop.write(
        ".openclaw/openclaw.json",
        &json!({ "gateway": { "mode": "remote", "remote": { "url": "ws://[fd77::1]:18789", "token": TOKEN } } })
            .to_string(),
    );
    let far = laptop.run(&["gateway", "status"]).ok();
    assert!(
        far.out.contains("Probe target: ws://[fd77::1]:18789"),
        "{far:?}"
    );
    // Reached over IPv6 alone; that a machine from elsewhere has to be approved first is another matter.
    assert!(far.out.contains("pairing required"), "{far:?}");
    let mut node = laptop.openclaw(&["node", "run", "--host", "fd77::1", "--port", "18789"]);
    node.env("OPENCLAW_GATEWAY_TOKEN", TOKEN);
    let mut node = laptop.start_command(node);
    node.until("pairing approve");
    assert!(up.stop().success());
}

#[test]
fn u39_link_local_addresses_are_listened_on_in_their_zone() {
    let Some(network) = network() else { return };
    let hosts = two(&network);
    hosts.gateway.add_address("eth0", "fe80::77/64");
    hosts.gateway.configure(&settings("fe80::77%eth0"));
    let gateway = started(&hosts.gateway);
    let index = hosts.laptop.inside(|| {
        let interfaces = openclaw_gateway::listen::interface_addresses().unwrap();
        let eth0 = interfaces.iter().find(|known| known.name == "eth0");
        eth0.unwrap().index
    });
    let address = format!("[fe80::77%{index}]:18789");
    until("the link-local listener", || {
        hosts.laptop.connects(&address).then_some(())
    });
    assert!(!hosts.laptop.connects(LAN));
    assert!(gateway.stop().success());
}
