use super::*;

fn sighting(domain: &str, name: &str, address: &str, txt: &[(&str, &str)]) -> Sighting {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Sighting {
        domain: domain.into(),
        instance: format!("{name} (OpenClaw)"),
        host: Some(format!("openclaw-{name}.{domain}")),
        port: Some(18789),
        addresses: vec![address.parse().unwrap()],
        txt: txt.iter().map(pair).collect(),
    }
}

fn urls(beacon: &Beacon) -> Vec<&str> {
    beacon
        .endpoints
        .iter()
        .filter_map(|one| one.ws_url.as_deref())
        .collect()
}

#[test]
fn one_gateway_in_two_domains_is_one_gateway() {
    let fingerprint = "ab".repeat(32);
    let tls = [
        ("gatewayTls", "1"),
        ("gatewayTlsSha256", fingerprint.as_str()),
    ];
    for txt in [&tls[..], &[("displayName", "studio")]] {
        let mut far = sighting("openclaw.internal.", "studio", "100.64.0.5", txt);
        far.instance = "studio-gateway".into();
        if txt.len() == 2 {
            // The certificate says who it is, whatever the name.
            far.txt.push(("displayName".into(), "another name".into()));
        }
        let near = sighting("local.", "studio", "192.168.1.5", txt);
        let beacons = merge(vec![near, far]);
        assert_eq!(beacons.len(), 1, "{beacons:#?}");
        let scheme = if txt.len() == 2 { "wss" } else { "ws" };
        assert_eq!(
            urls(&beacons[0]),
            [
                format!("{scheme}://100.64.0.5:18789"),
                format!("{scheme}://192.168.1.5:18789")
            ]
        );
    }
}

#[test]
fn different_gateways_stay_apart() {
    let (one, other) = ("ab".repeat(32), "cd".repeat(32));
    let with = |fingerprint: &str| {
        let txt = [("gatewayTls", "1"), ("gatewayTlsSha256", fingerprint)];
        sighting("local.", "studio", "192.168.1.5", &txt)
    };
    let far = |mut sighting: Sighting| {
        sighting.domain = "openclaw.internal.".into();
        sighting
    };
    let plain = sighting("local.", "studio", "192.168.1.5", &[]);
    let moved = Sighting {
        port: Some(1),
        ..plain.clone()
    };
    let renamed = sighting("local.", "attic", "192.168.1.6", &[]);
    for (a, b, why) in [
        (with(&one), far(with(&other)), "another certificate"),
        (with(&one), far(plain.clone()), "no certificate"),
        (plain.clone(), far(moved), "another port"),
        (plain.clone(), far(renamed.clone()), "another name"),
        (plain, renamed, "another instance in the same domain"),
    ] {
        assert_eq!(merge(vec![a, b]).len(), 2, "{why}");
    }
}

#[test]
fn addresses_of_both_families_are_one_endpoint() {
    let four = sighting("local.", "studio", "192.168.1.5", &[]);
    let six = Sighting {
        addresses: vec!["fd00::5".parse().unwrap()],
        ..four.clone()
    };
    let beacons = merge(vec![six, four]);
    assert_eq!(beacons[0].endpoints.len(), 1);
    assert_eq!(beacons[0].endpoints[0].addresses.len(), 2);
    assert_eq!(urls(&beacons[0]), ["ws://192.168.1.5:18789"]);
}

#[test]
fn routes_come_from_srv_and_addresses_never_from_text() {
    let txt = [
        ("gatewayPort", "1"),
        ("lanHost", "evil.local"),
        ("tailnetDns", "evil.ts.net"),
    ];
    let mut six = sighting("local.", "studio", "fd00::5", &txt);
    assert_eq!(urls(&merge(vec![six.clone()])[0]), ["ws://[fd00::5]:18789"]);
    six.addresses = vec!["fe80::5".parse().unwrap()];
    assert_eq!(
        urls(&merge(vec![six.clone()])[0]),
        ["ws://openclaw-studio.local:18789"]
    );
    six.addresses.clear();
    six.host = Some("$(reboot).local.".into());
    let beacon = &merge(vec![six])[0];
    assert!(urls(beacon).is_empty());
    assert_eq!(beacon.to_json().get("wsUrl"), None);
    // A public certificate is for a name, not for an address.
    let tls = sighting(
        "openclaw.internal.",
        "studio",
        "100.64.0.5",
        &[("gatewayTls", "1")],
    );
    assert_eq!(
        urls(&merge(vec![tls])[0]),
        ["wss://openclaw-studio.openclaw.internal:18789"]
    );
}

#[test]
fn ssh_is_offered_only_with_a_port_and_a_host() {
    let with = sighting("local.", "studio", "192.168.1.5", &[("sshPort", "2222")]);
    assert_eq!(
        merge(vec![with.clone()])[0].ssh_target(),
        Some(("192.168.1.5".into(), 2222))
    );
    let hostile = Sighting {
        host: Some("-oProxyCommand=reboot".into()),
        addresses: Vec::new(),
        ..with
    };
    assert_eq!(merge(vec![hostile])[0].ssh_target(), None);
    let without = sighting("local.", "studio", "192.168.1.5", &[]);
    assert_eq!(merge(vec![without])[0].ssh_target(), None);
}

#[test]
fn what_is_found_is_sorted_and_bounded() {
    let many =
        (0..1_000).map(|number| sighting("local.", &format!("n{number:04}"), "192.168.1.5", &[]));
    let beacons = merge(many.rev().collect());
    assert_eq!(beacons.len(), MAX_BEACONS);
    assert!(beacons.is_sorted_by_key(|beacon| beacon.display_name.clone()));
}

#[test]
fn json_has_the_known_members() {
    let fingerprint = "ab".repeat(32);
    let txt = [
        ("displayName", "Studio"),
        ("role", "gateway"),
        ("transport", "gateway"),
        ("gatewayPort", "18789"),
        ("lanHost", "openclaw-studio.local"),
        ("gatewayTls", "1"),
        ("gatewayTlsSha256", fingerprint.as_str()),
        ("sshPort", "22"),
        ("cliPath", "/usr/bin/openclaw"),
        ("tailnetDns", "studio.tail1.ts.net"),
    ];
    let json = merge(vec![sighting("local.", "studio", "192.168.1.5", &txt)])[0].to_json();
    for (member, expected) in [
        ("instanceName", json!("studio (OpenClaw)")),
        ("displayName", json!("Studio")),
        ("domain", json!("local.")),
        ("host", json!("openclaw-studio.local")),
        ("port", json!(18789)),
        ("lanHost", json!("openclaw-studio.local")),
        ("tailnetDns", json!("studio.tail1.ts.net")),
        ("cliPath", json!("/usr/bin/openclaw")),
        ("gatewayPort", json!(18789)),
        ("sshPort", json!(22)),
        ("gatewayTls", json!(true)),
        ("gatewayTlsFingerprintSha256", json!(fingerprint)),
        ("role", json!("gateway")),
        ("transport", json!("gateway")),
        ("wsUrl", json!("wss://192.168.1.5:18789")),
    ] {
        assert_eq!(json[member], expected, "{member}");
    }
    assert_eq!(json["txt"]["displayName"], "Studio");
    assert_eq!(json["endpoints"][0]["addresses"], json!(["192.168.1.5"]));
}
