//! The gateway on the local network: announced, browsed, renamed, silent when it should be.

use std::fs;
use std::net::UdpSocket;

use openclaw_testkit::hosts::{Host, Network, Process, Switch, until};
use serde_json::{Value, json};

use crate::avahi::{Avahi, has};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PROGRAMS: [&str; 4] = [
    "avahi-daemon",
    "avahi-browse",
    "avahi-publish",
    "dbus-daemon",
];

fn write(host: &Host, gateway: &Value, discovery: &Value) {
    let mut section = json!({ "mode": "local", "auth": { "mode": "token", "token": TOKEN } });
    for (key, value) in gateway.as_object().unwrap() {
        section[key] = value.clone();
    }
    let config = json!({
        "gateway": section,
        "discovery": discovery,
        "logging": { "file": host.path("gateway.log") },
    });
    host.write(".openclaw/openclaw.json", &config.to_string());
}

fn start(host: &Host) -> Process {
    let mut gateway = host.start(&["gateway", "run"]);
    gateway.until("listening on");
    gateway
}

/// A host on a network, with an address of this number.
fn plugged(network: &Network, lan: &Switch, name: &str, number: u8) -> Host {
    let host = network.host(name);
    host.plug(lan, "eth0", &[&format!("10.77.0.{number}/24")]);
    host
}

/// The parts that do not work, as `/readyz` lists them on the host itself. The gateway always answers.
fn failing(host: &Host) -> String {
    let request = "GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n";
    host.inside(|| {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect("127.0.0.1:18789").unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200"),
            "{answer}"
        );
        answer
    })
}

fn sent_packets(host: &Host) -> u64 {
    let mut ip = host.command("ip", &["-s", "-j", "link", "show", "eth0"]);
    let output = ip.output().unwrap();
    let links: Value = serde_json::from_slice(&output.stdout).unwrap();
    links[0]["stats64"]["tx"]["packets"].as_u64().unwrap()
}

/// Neighbour discovery of IPv6 would be counted too.
fn without_ipv6(host: &Host) {
    host.inside(|| fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1").unwrap());
}

#[test]
fn u09_avahi_sees_the_gateway_its_changes_and_its_goodbye() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")).filter(|_| has(&PROGRAMS))
    else {
        return;
    };
    let lan = network.switch();
    let studio = plugged(&network, &lan, "studio", 1);
    let phone = plugged(&network, &lan, "phone", 2);
    let avahi = Avahi::start(&phone);
    write(
        &studio,
        &json!({ "bind": "lan", "tls": { "enabled": true } }),
        &json!({ "displayName": "Studio", "mdns": { "mode": "full" } }),
    );
    let gateway = start(&studio);
    let row = until("the gateway in the browser", || {
        avahi.browse().first().cloned()
    });
    assert_eq!(
        (row.interface.as_str(), row.family.as_str()),
        ("eth0", "IPv4")
    );
    assert_eq!(
        (row.name.as_str(), row.address.as_str(), row.port.as_str()),
        ("Studio (OpenClaw)", "10.77.0.1", "18789")
    );
    assert!(
        row.host
            .strip_suffix(".local")
            .is_some_and(|label| label.starts_with("openclaw-")),
        "{row:?}"
    );
    for text in [
        "\"displayName=Studio\"",
        "\"role=gateway\"",
        "\"transport=gateway\"",
        "\"gatewayPort=18789\"",
        &format!("\"lanHost={}\"", row.host),
        "\"gatewayTls=1\"",
        "\"gatewayTlsSha256=",
        "\"gatewayDirectReachable=1\"",
        "\"cliPath=/",
    ] {
        assert!(row.txt.contains(text), "{text}: {row:?}");
    }
    // No SSH server runs there.
    assert!(!row.txt.contains("sshPort"), "{row:?}");

    // A changed setting, a changed address, another port: announced again.
    write(
        &studio,
        &json!({ "bind": "lan" }),
        &json!({ "displayName": "Attic" }),
    );
    until("the new name alone", || {
        (avahi.names() == ["Attic (OpenClaw)"]).then_some(())
    });
    let row = avahi.browse().remove(0);
    assert!(
        !row.txt.contains("gatewayTls") && !row.txt.contains("cliPath"),
        "{row:?}"
    );
    studio.ip("addr del 10.77.0.1/24 dev eth0");
    studio.add_address("eth0", "10.77.0.9/24");
    until("the new address", || {
        avahi
            .browse()
            .iter()
            .any(|row| row.address == "10.77.0.9")
            .then_some(())
    });

    assert!(gateway.stop().success());
    until("the goodbye", || avahi.names().is_empty().then_some(()));
}

#[test]
fn u09_nothing_is_sent_when_there_is_nothing_to_announce() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else {
        return;
    };
    let lan = network.switch();
    let studio = plugged(&network, &lan, "studio", 1);
    let phone = plugged(&network, &lan, "phone", 2);
    without_ipv6(&studio);
    for (gateway, discovery, env) in [
        (
            json!({ "bind": "lan" }),
            json!({ "mdns": { "mode": "off" } }),
            "",
        ),
        (json!({ "bind": "lan" }), json!({ "enabled": false }), ""),
        (
            json!({ "bind": "lan", "discovery": { "enabled": false } }),
            json!({}),
            "",
        ),
        (json!({ "bind": "lan" }), json!({}), "1"),
        // Only this machine could come in.
        (json!({ "bind": "loopback" }), json!({}), ""),
    ] {
        write(&studio, &gateway, &discovery);
        let before = sent_packets(&studio);
        let mut command = studio.openclaw(&["gateway", "run"]);
        command.env("OPENCLAW_DISABLE_BONJOUR", env);
        let mut process = studio.start_command(command);
        process.until("listening on");
        let found = phone
            .run(&["gateway", "discover", "--timeout", "1500", "--json"])
            .ok()
            .json();
        assert_eq!(found["count"], 0, "{gateway} {discovery}");
        assert!(process.stop().success());
        assert_eq!(
            sent_packets(&studio),
            before,
            "{gateway} {discovery} {env:?}"
        );
    }
    // The count counts: what is announced is sent.
    write(&studio, &json!({ "bind": "lan" }), &json!({}));
    let before = sent_packets(&studio);
    let mut process = start(&studio);
    process.until("announced as");
    assert!(sent_packets(&studio) > before);
    // Switched off while it runs, it says goodbye and is silent.
    write(
        &studio,
        &json!({ "bind": "lan" }),
        &json!({ "mdns": { "mode": "off" } }),
    );
    process.until("mdns: off");
    let browse = || {
        let found = phone.run(&["gateway", "discover", "--timeout", "1500", "--json"]);
        assert_eq!(found.ok().json()["count"], 0);
    };
    // The kernel says twice, within a second, that nobody listens to the group any more.
    browse();
    let before = sent_packets(&studio);
    browse();
    assert_eq!(sent_packets(&studio), before);
}

#[test]
fn u09_gateways_with_the_same_name_are_told_apart() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")).filter(|_| has(&PROGRAMS))
    else {
        return;
    };
    let lan = network.switch();
    let studio = plugged(&network, &lan, "studio", 1);
    let attic = plugged(&network, &lan, "attic", 3);
    let phone = plugged(&network, &lan, "phone", 2);
    // Another responder on the host of the first gateway keeps its own names.
    let beside = Avahi::start(&studio);
    let avahi = Avahi::start(&phone);
    for host in [&studio, &attic] {
        write(
            host,
            &json!({ "bind": "lan" }),
            &json!({ "displayName": "Home" }),
        );
    }
    let mut first = start(&studio);
    first.until("announced as \"Home (OpenClaw)\"");
    let mut second = start(&attic);
    second.until("bonjour: gateway name conflict resolved; newName=\"Home (OpenClaw) (2)\"");
    second.until("announced as \"Home (OpenClaw) (2)\"");
    let both = ["Home (OpenClaw)", "Home (OpenClaw) (2)"];
    until("both in the browser", || {
        (avahi.names() == both).then_some(())
    });
    // The hosts have the same host name here, as machines from one image have.
    let mut places: Vec<(String, String)> = avahi
        .browse()
        .into_iter()
        .map(|row| (row.name, row.address))
        .collect();
    places.sort();
    places.dedup();
    let place = |name: &str, address: &str| (name.to_owned(), address.to_owned());
    assert_eq!(
        places,
        [place(both[0], "10.77.0.1"), place(both[1], "10.77.0.3")]
    );
    assert!(
        !beside.daemon.text().contains("conflict"),
        "{}",
        beside.daemon.text()
    );
    let found = phone.run(&["gateway", "discover", "--json"]).ok().json();
    assert_eq!(found["count"], 2, "{found:#}");
    // A second gateway on one host, of another profile.
    let words = [
        "--profile",
        "two",
        "gateway",
        "run",
        "--bind",
        "lan",
        "--token",
        TOKEN,
        "--allow-unconfigured",
    ];
    let mut third = studio.start(&words);
    third.until("announced as");
    until("three in the browser", || {
        (avahi.names().len() == 3).then_some(())
    });
    for host in [&studio, &attic] {
        assert!(!failing(host).contains("mdns"));
    }
}

#[test]
fn u09_a_network_that_fails_stops_nothing_and_comes_back() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else {
        return;
    };
    let lan = network.switch();
    let studio = plugged(&network, &lan, "studio", 1);
    let phone = plugged(&network, &lan, "phone", 2);
    // Somebody keeps the port for himself.
    let held = studio.inside(|| UdpSocket::bind("0.0.0.0:5353").unwrap());
    write(&studio, &json!({ "bind": "lan" }), &json!({}));
    // With the /sys of its own network, as any machine has it.
    let script = "mount -t sysfs none /sys && exec \"$0\" gateway run";
    let words = [
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        script,
        env!("CARGO_BIN_EXE_openclaw"),
    ];
    let mut gateway = studio.spawn("unshare", &words);
    gateway.until("listening on");
    gateway.until("mdns degraded: UDP port 5353 cannot be shared");
    assert!(failing(&studio).contains("mdns: UDP port 5353 cannot be shared"));
    drop(held);
    gateway.until("announced as");
    until("no failure", || {
        (!failing(&studio).contains("mdns")).then_some(())
    });
    // The cable is pulled, and put back; the interface flaps.
    for _ in 0..3 {
        studio.ip("link set eth0 down");
        until("a network that is gone", || {
            failing(&studio).contains("mdns: no network").then_some(())
        });
        studio.ip("link set eth0 up");
        until("the network again", || {
            (!failing(&studio).contains("mdns")).then_some(())
        });
    }
    studio.ip("link set eth0 multicast off");
    until("no multicast", || {
        failing(&studio).contains("mdns: no network").then_some(())
    });
    studio.ip("link set eth0 multicast on");
    until("found again", || {
        let found = phone
            .run(&["gateway", "discover", "--timeout", "1000", "--json"])
            .ok()
            .json();
        (found["count"] == 1).then_some(())
    });
    drop(studio.run(&["health"]).ok());
    assert!(gateway.stop().success());
}

#[test]
fn what_others_announce_is_found_and_shown_safely() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")).filter(|_| has(&PROGRAMS))
    else {
        return;
    };
    let lan = network.switch();
    let other = plugged(&network, &lan, "other", 1);
    let laptop = plugged(&network, &lan, "laptop", 2);
    let avahi = Avahi::start(&other);
    let fingerprint = "AB".repeat(32);
    let _fine = avahi.publish(&[
        "Den (OpenClaw)",
        "_openclaw-gw._tcp",
        "4433",
        "displayName=Den",
        "gatewayTls=1",
        &format!("gatewayTlsSha256={fingerprint}"),
        "gatewayPort=1",
        "sshPort=2222",
    ]);
    let _hostile = avahi.publish(&[
        "Evil",
        "_openclaw-gw._tcp",
        "18789",
        "displayName=\u{1b}[2J\n- fake local.",
        "lanHost=$(reboot).local",
        "tailnetDns=-oProxyCommand=reboot",
        "gatewayTls=1",
        "gatewayTlsSha256=lies",
        "sshPort=22;reboot",
        &format!("cliPath={}", "x".repeat(240)),
    ]);
    let report = until("both", || {
        let found = laptop.run(&["gateway", "discover", "--json"]).ok().json();
        (found["count"] == 2).then_some(found)
    });
    assert_eq!(report["domains"], json!(["local."]));
    let den = report["beacons"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["displayName"] == "Den")
        .unwrap();
    assert_eq!(den["wsUrl"], "wss://10.77.0.1:4433");
    assert_eq!(
        den["gatewayTlsFingerprintSha256"],
        fingerprint.to_lowercase()
    );
    assert_eq!(den["sshPort"], 2222);
    let ran = laptop.run(&["gateway", "discover"]).ok();
    assert!(
        ran.out
            .starts_with("Gateway Discovery\nFound 2 gateway(s) · domains: local.\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\n- Den local.\n"), "{}", ran.out);
    assert!(
        ran.out
            .contains("\n  ssh: ssh -N -L 4433:127.0.0.1:4433 <user>@10.77.0.1 -p 2222\n"),
        "{}",
        ran.out
    );
    assert!(
        !ran.out.contains('\u{1b}') && !ran.out.contains("\n- fake"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("reboot"), "{}", ran.out);
}
