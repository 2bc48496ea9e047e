//! Which hosts reach a gateway in which bind mode.

use openclaw_testkit::hosts::{Host, Network, Process, Switch};
use serde_json::{Value, json};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The gateway's host, another one, and the network between them.
struct Two {
    gateway: Host,
    laptop: Host,
    _lan: Switch,
    _tailnet: Switch,
}

/// Both are on a LAN and on a tailnet.
fn two(network: &Network) -> Two {
    let (lan, tailnet) = (network.switch(), network.switch());
    let (gateway, laptop) = (network.host("gateway"), network.host("laptop"));
    gateway.plug(&lan, "eth0", &["10.77.0.1/24", "fd77::1/64"]);
    laptop.plug(&lan, "eth0", &["10.77.0.2/24", "fd77::2/64"]);
    gateway.plug(&tailnet, "tailscale0", &["100.64.0.1/10"]);
    laptop.plug(&tailnet, "tailscale0", &["100.64.0.2/10"]);
    Two {
        gateway,
        laptop,
        _lan: lan,
        _tailnet: tailnet,
    }
}

fn settings(bind: &str) -> Value {
    json!({ "mode": "local", "bind": bind, "auth": { "mode": "token", "token": TOKEN } })
}

fn started(host: &Host) -> Process {
    let mut gateway = host.start(&["gateway", "run"]);
    gateway.until("listening on");
    gateway
}

const LAN: &str = "10.77.0.1:18789";
const LAN_V6: &str = "[fd77::1]:18789";
const TAILNET: &str = "100.64.0.1:18789";

#[test]
fn u13_u35_every_bind_mode_is_reached_where_it_should_be_and_nowhere_else() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else {
        return;
    };
    let hosts = two(&network);
    for (bind, reached) in [
        ("loopback", &[][..]),
        ("auto", &[]),
        ("lan", &[LAN, LAN_V6, TAILNET]),
        ("tailnet", &[TAILNET]),
        ("10.77.0.1", &[LAN]),
        ("fd77::1", &[LAN_V6]),
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
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else {
        return;
    };
    let hosts = two(&network);
    for bind in ["lan", "tailnet", "10.77.0.1"] {
        hosts
            .gateway
            .configure(&json!({ "mode": "local", "bind": bind, "auth": { "mode": "token" } }));
        let ran = hosts.gateway.run(&["gateway", "run"]).fails(78);
        let mode = if bind.starts_with("10.") {
            "custom"
        } else {
            bind
        };
        let expected = format!(
            "refusing to bind to {mode} without auth\nSet gateway.auth.token/password (or \
             OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD), pass --token/--password, or use --bind loopback.\n"
        );
        assert!(ran.err.contains(&expected), "{ran:?}");
    }
}
