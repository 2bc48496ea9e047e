//! The wide-area DNS responder on a tailnet, asked by `dig` and by `gateway discover`.

use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;

use openclaw_testkit::hosts::{Host, Network, Process, Switch, until};
use serde_json::{Value, json};

use crate::avahi::has;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const SERVICE: &str = "_openclaw-gw._tcp.openclaw.internal";

/// The gateway's host, a machine of its tailnet, and one of the LAN that knows the way.
struct Three {
    studio: Host,
    phone: Host,
    stranger: Host,
    _tailnet: Switch,
    _lan: Switch,
}

fn three(network: &Network) -> Three {
    let (lan, tailnet) = (network.switch(), network.switch());
    let [studio, phone, stranger] = ["studio", "phone", "stranger"].map(|name| network.host(name));
    studio.plug(
        &tailnet,
        "tailscale0",
        &["100.64.0.1/10", "fd7a:115c:a1e0::1/48"],
    );
    studio.plug(&lan, "eth0", &["10.77.0.1/24"]);
    phone.plug(
        &tailnet,
        "tailscale0",
        &["100.64.0.2/10", "fd7a:115c:a1e0::2/48"],
    );
    stranger.plug(&lan, "eth0", &["10.77.0.3/24"]);
    stranger.ip("route add 100.64.0.0/10 via 10.77.0.1");
    Three {
        studio,
        phone,
        stranger,
        _tailnet: tailnet,
        _lan: lan,
    }
}

fn write(host: &Host, bind: &str, wide_area: &Value) {
    let config = json!({
        "gateway": { "mode": "local", "bind": bind, "auth": { "mode": "token", "token": TOKEN } },
        "discovery": { "displayName": "Studio", "mdns": { "mode": "off" }, "wideArea": wide_area },
        "logging": { "file": host.path("gateway.log") },
    });
    host.write(".openclaw/openclaw.json", &config.to_string());
}

fn domain() -> Value {
    json!({ "domain": "openclaw.internal" })
}

fn start(host: &Host) -> Process {
    let mut gateway = host.start(&["gateway", "run"]);
    gateway.until("listening on");
    gateway
}

/// What `dig` prints.
fn dig(host: &Host, words: &[&str]) -> String {
    let words = [&["+time=1", "+tries=1"], words].concat();
    let output = host.command("dig", &words).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn dig_gets_every_record_and_nothing_else() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")).filter(|_| has(&["dig"]))
    else {
        return;
    };
    let hosts = three(&network);
    write(&hosts.studio, "tailnet", &domain());
    let mut gateway = start(&hosts.studio);
    gateway.until("wide-area: answers for openclaw.internal. on 100.64.0.1:53");
    let phone = &hosts.phone;
    let name = dig(phone, &["@100.64.0.1", "+short", SERVICE, "PTR"]);
    let instance = name.trim();
    assert!(
        instance.ends_with(&format!("-gateway.{SERVICE}.")),
        "{instance}"
    );
    let srv = dig(phone, &["@100.64.0.1", "+short", instance, "SRV"]);
    let target = srv.trim().strip_prefix("0 0 18789 ").unwrap().to_owned();
    for (words, expected) in [
        (&["+short", &target, "A"][..], "100.64.0.1\n"),
        (&["+short", &target, "AAAA"], "fd7a:115c:a1e0::1\n"),
        (
            &["+short", instance, "TXT"],
            "\"displayName=Studio\" \"role=gateway\"",
        ),
        (
            &["+short", "+tcp", instance, "TXT"],
            "\"displayName=Studio\" \"role=gateway\"",
        ),
        (
            &["+short", "+noedns", instance, "TXT"],
            "\"gatewayPort=18789\"",
        ),
        (
            &["+short", "openclaw.internal", "NS"],
            "ns1.openclaw.internal.\n",
        ),
        (
            &["+short", "openclaw.internal", "SOA"],
            "ns1.openclaw.internal. hostmaster.openclaw.internal. 20",
        ),
        (&["+short", "OPENCLAW.Internal", "SOA"], "ns1."),
        (&["nobody.openclaw.internal", "A"], "status: NXDOMAIN"),
        (&["nobody.openclaw.internal", "A"], "flags: qr aa rd;"),
        (
            &["nobody.openclaw.internal", "A"],
            "IN\tSOA\tns1.openclaw.internal.",
        ),
        (&[&target, "TXT"], "status: NOERROR"),
        (&[&target, "TXT"], "ANSWER: 0, AUTHORITY: 1"),
        (&["example.org", "A"], "status: REFUSED"),
        (&["+tcp", "example.org", "A"], "status: REFUSED"),
        (&["openclaw.internal", "AXFR"], "Transfer failed"),
        (
            &["+edns=1", "+noednsnegotiation", "openclaw.internal", "SOA"],
            "status: BADVERS",
        ),
        (&["+opcode=2", "openclaw.internal", "SOA"], "status: NOTIMP"),
        (&["+bufsize=4096", "openclaw.internal", "SOA"], "udp: 1232"),
        (&["@fd7a:115c:a1e0::1", "+short", SERVICE, "PTR"], instance),
    ] {
        let words = if words[0].starts_with('@') {
            words.to_vec()
        } else {
            [&["@100.64.0.1"], words].concat()
        };
        let answer = dig(phone, &words);
        assert!(answer.contains(expected), "{words:?}: {answer}");
    }
    // Scraps and junk are survived.
    let junk: Vec<Vec<u8>> = vec![
        vec![],
        vec![0; 3],
        vec![0xff; 40],
        vec![0x80; 600],
        b"GET / HTTP/1.0\r\n\r\n".to_vec(),
    ];
    phone.inside(|| {
        use std::io::Write as _;
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        for bytes in &junk {
            socket.send_to(bytes, "100.64.0.1:53").unwrap();
        }
        for bytes in &junk {
            let mut stream = std::net::TcpStream::connect("100.64.0.1:53").unwrap();
            stream.write_all(bytes).unwrap();
        }
    });
    assert_eq!(dig(phone, &["@100.64.0.1", "+short", SERVICE, "PTR"]), name);
    // A machine that is not of the tailnet gets no answer.
    let answer = dig(&hosts.stranger, &["@100.64.0.1", SERVICE, "PTR"]);
    assert!(
        answer.contains("no servers could be reached") || answer.contains("timed out"),
        "{answer}"
    );
    let file =
        std::fs::read_to_string(hosts.studio.path(".openclaw/dns/openclaw.internal.db")).unwrap();
    assert!(
        file.starts_with("; openclaw-content-hash: ")
            && file.contains("$ORIGIN openclaw.internal.\n$TTL 60\n@ IN SOA ns1 hostmaster 20"),
        "{file}"
    );
    assert!(gateway.stop().success());
}

#[test]
fn u35_the_responder_follows_addresses_and_settings() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")).filter(|_| has(&["dig"]))
    else {
        return;
    };
    let hosts = three(&network);
    hosts.studio.ip("addr flush dev tailscale0");
    write(&hosts.studio, "lan", &domain());
    let mut gateway = start(&hosts.studio);
    gateway.until("wide-area degraded: discovery.wideArea.enabled is true, but no Tailscale address was found");
    hosts.studio.add_address("tailscale0", "100.64.0.1/10");
    let found = |server: &str, text: &str| {
        let answer = dig(&hosts.phone, &[server, "+short", SERVICE, "PTR"]);
        answer.contains(text).then_some(())
    };
    until("an answer", || {
        found("@100.64.0.1", "-gateway._openclaw-gw.")
    });
    hosts.studio.ip("addr del 100.64.0.1/10 dev tailscale0");
    hosts.studio.add_address("tailscale0", "100.64.0.7/10");
    until("an answer at the new address", || {
        found("@100.64.0.7", "-gateway._openclaw-gw.")
    });
    // Another port and another domain, live.
    write(
        &hosts.studio,
        "lan",
        &json!({ "domain": "claw.test", "port": 5300 }),
    );
    until("an answer for the new domain", || {
        let words = [
            "@100.64.0.7",
            "-p",
            "5300",
            "+short",
            "_openclaw-gw._tcp.claw.test",
            "PTR",
        ];
        dig(&hosts.phone, &words)
            .contains("-gateway._openclaw-gw.")
            .then_some(())
    });
    write(
        &hosts.studio,
        "lan",
        &json!({ "enabled": false, "domain": "openclaw.internal" }),
    );
    gateway.until("wide-area: off");
    until("no answer", || {
        let answer = dig(&hosts.phone, &["@100.64.0.7", SERVICE, "PTR"]);
        (answer.contains("refused") || answer.contains("no servers could be reached")).then_some(())
    });
    assert!(gateway.stop().success());
    // What the gateway cannot be reached at is not in the zone.
    write(&hosts.studio, "loopback", &domain());
    let mut gateway = start(&hosts.studio);
    gateway.until("but the gateway cannot be reached there, so it is not in it");
    until("a zone without a gateway", || {
        dig(&hosts.phone, &["@100.64.0.7", SERVICE, "PTR"])
            .contains("status: NXDOMAIN")
            .then_some(())
    });
    assert!(gateway.stop().success());
}

#[test]
fn u06_a_port_that_cannot_be_had_stops_nothing_and_names_the_fix() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")).filter(|_| has(&["dig"]))
    else {
        return;
    };
    let hosts = three(&network);
    write(&hosts.studio, "tailnet", &domain());
    let held = hosts
        .studio
        .inside(|| UdpSocket::bind("100.64.0.1:53").unwrap());
    let mut gateway = start(&hosts.studio);
    gateway.until("wide-area degraded: DNS port 53 on 100.64.0.1 is taken");
    drop(hosts.studio.run(&["health"]).ok());
    drop(held);
    gateway.until("wide-area: answers for");
    assert!(gateway.stop().success());
    // Without the privilege.
    let words = [
        "--bounding-set",
        "-net_bind_service",
        env!("CARGO_BIN_EXE_openclaw"),
        "gateway",
        "run",
    ];
    let mut gateway = hosts.studio.spawn("setpriv", &words);
    gateway.until("wide-area degraded: DNS port 53 on 100.64.0.1 needs a privilege");
    gateway.until("setcap cap_net_bind_service=+ep");
    drop(hosts.studio.run(&["health"]).ok());
    write(
        &hosts.studio,
        "tailnet",
        &json!({ "domain": "openclaw.internal", "port": 5300 }),
    );
    gateway.until("wide-area: answers for openclaw.internal. on 100.64.0.1:5300");
    assert!(gateway.stop().success());
}

#[test]
fn machines_of_the_tailnet_find_the_gateway_without_a_resolver() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else {
        return;
    };
    let hosts = three(&network);
    write(&hosts.studio, "lan", &json!({ "enabled": false }));
    let mut gateway = start(&hosts.studio);
    // The set-up command switches it on while the gateway runs.
    let shown = hosts.studio.run(&["dns", "setup"]).fails(1);
    assert_eq!(
        shown.err,
        "No wide-area domain configured. Set discovery.wideArea.domain or pass --domain.\n"
    );
    let shown = hosts
        .studio
        .run(&["dns", "setup", "--domain", "openclaw.internal", "--apply"])
        .ok();
    for text in [
        "openclaw.internal.",
        "100.64.0.1",
        "- Add nameserver: 100.64.0.1",
        "- Restrict to domain (Split DNS): openclaw.internal",
        "Updated discovery.wideArea.enabled",
    ] {
        assert!(shown.out.contains(text), "{text}: {}", shown.out);
    }
    gateway.until("wide-area: answers for openclaw.internal.");
    // The tailnet's own list of machines, as `tailscale status --json` prints it.
    let peers = json!({ "Self": { "TailscaleIPs": ["100.64.0.2"] }, "Peer": { "x": { "Online": true, "TailscaleIPs": ["100.64.0.1"] } } });
    hosts.phone.write(
        "bin/tailscale",
        &format!("#!/bin/sh\n[ \"$*\" = \"status --json\" ] && cat <<'END'\n{peers}\nEND\n"),
    );
    let program = hosts.phone.path("bin/tailscale");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    hosts.phone.write(
        ".openclaw/openclaw.json",
        &json!({ "discovery": { "wideArea": { "domain": "openclaw.internal" } } }).to_string(),
    );
    let found = until("the gateway", || {
        let mut command =
            hosts
                .phone
                .openclaw(&["gateway", "discover", "--json", "--timeout", "1500"]);
        command.env(
            "PATH",
            format!("{}:/usr/bin:/bin", hosts.phone.path("bin").display()),
        );
        let output = command.output().unwrap();
        let found: Value = serde_json::from_slice(&output.stdout).unwrap();
        (found["count"] == 1).then_some(found)
    });
    assert_eq!(found["domains"], json!(["local.", "openclaw.internal."]));
    let beacon = &found["beacons"][0];
    assert_eq!(beacon["displayName"], "Studio");
    assert_eq!(beacon["domain"], "openclaw.internal.");
    assert_eq!(beacon["wsUrl"], "ws://100.64.0.1:18789");
    assert!(hosts.phone.connects("100.64.0.1:18789"));
    assert!(gateway.stop().success());
}
