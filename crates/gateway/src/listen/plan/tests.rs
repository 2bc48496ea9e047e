use super::*;
use crate::listen::interfaces::tailnet_addresses;

fn address(name: &str, index: u32, text: &str) -> InterfaceAddress {
    InterfaceAddress {
        name: name.to_owned(),
        index,
        address: text.parse().unwrap(),
        point_to_point: false,
    }
}

fn loopback_only() -> Vec<InterfaceAddress> {
    vec![address("lo", 1, "127.0.0.1"), address("lo", 1, "::1")]
}

/// A machine with `others` beside loopback, each `name address`.
fn machine(others: &[&str]) -> Vec<InterfaceAddress> {
    let mut interfaces = loopback_only();
    for other in others {
        let (name, text) = other.split_once(' ').unwrap();
        let known = interfaces.iter().find(|known| known.name == name);
        let index = known.map_or_else(
            || interfaces.iter().map(|known| known.index).max().unwrap() + 1,
            |known| known.index,
        );
        interfaces.push(address(name, index, text));
    }
    interfaces
}

fn request(mode: BindMode, interfaces: &[InterfaceAddress]) -> BindRequest<'_> {
    BindRequest {
        mode,
        custom: None,
        port: 18789,
        interfaces,
        tailnet: &[],
        guard: Guard::Token("5f1e0c2d9b8a7f605f1e0c2d9b8a7f60"),
        allow_weak_password: false,
        tls: false,
    }
}

fn host(text: &str) -> BindHost {
    BindHost::parse(text).unwrap()
}

fn texts(addresses: &[SocketAddr]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

fn planned(request: &BindRequest<'_>) -> (Vec<String>, Vec<String>) {
    let plan = bind_plan(request).unwrap();
    (texts(&plan.required), texts(&plan.optional))
}

const V4: &str = "127.0.0.1:18789";
const V6: &str = "[::1]:18789";

#[test]
fn u39_loopback_is_both_families_and_one_may_be_missing() {
    let both = loopback_only();
    let cases: &[(&[InterfaceAddress], &[&str], &[&str])] = &[
        (&both, &[V4], &[V6]),
        (&both[..1], &[V4], &[]),
        (&both[1..], &[V6], &[V4]),
        // Nothing known about the machine: IPv4 loopback is as good as certain.
        (&[], &[V4], &[]),
    ];
    for (interfaces, required, optional) in cases {
        let (is_required, is_optional) = planned(&request(BindMode::Loopback, interfaces));
        assert_eq!(
            (is_required, is_optional),
            (
                required.iter().map(ToString::to_string).collect(),
                optional.iter().map(ToString::to_string).collect()
            )
        );
    }
}

#[test]
fn u39_lan_is_both_wildcards() {
    let dual = machine(&["eth0 192.168.1.5", "eth0 2001:db8::5"]);
    assert_eq!(
        planned(&request(BindMode::Lan, &dual)),
        (vec!["0.0.0.0:18789".into()], vec!["[::]:18789".into()])
    );
    let v6_only = [address("lo", 1, "::1"), address("eth0", 2, "2001:db8::5")];
    assert_eq!(
        planned(&request(BindMode::Lan, &v6_only)),
        (vec!["[::]:18789".into()], vec!["0.0.0.0:18789".into()])
    );
}

#[test]
fn u13_loopback_is_open_in_every_mode() {
    let interfaces = machine(&[
        "eth0 192.168.1.5",
        "tailscale0 100.64.1.42",
        "tailscale0 fd7a:115c:a1e0::1",
    ]);
    let custom = [
        "192.168.1.5",
        "eth0",
        "192.168.0.0/16",
        "10.9.9.9",
        "wg9",
        "0.0.0.0",
        "::",
    ];
    let mut requests = vec![
        request(BindMode::Loopback, &interfaces),
        request(BindMode::Lan, &interfaces),
        request(BindMode::Tailnet, &interfaces),
        request(BindMode::Auto, &interfaces),
    ];
    let custom = custom.map(host);
    requests.extend(custom.iter().map(|host| BindRequest {
        custom: Some(host),
        ..request(BindMode::Custom, &interfaces)
    }));
    for request in &requests {
        let plan = bind_plan(request).unwrap();
        let all: Vec<_> = plan
            .required
            .iter()
            .chain(&plan.optional)
            .copied()
            .collect();
        for (family, wildcard) in [(V4, "0.0.0.0:18789"), (V6, "[::]:18789")] {
            let covering = [family, wildcard].map(|text| text.parse::<SocketAddr>().unwrap());
            let covered = all
                .iter()
                .filter(|socket| covering.contains(socket))
                .count();
            assert_eq!(
                covered, 1,
                "{family} in {:?} {:?}: {all:?}",
                request.mode, request.custom
            );
        }
    }
}

#[test]
fn u35_tailnet_is_found_by_interface_not_by_range() {
    let tunnel = |name: &str, text: &str| InterfaceAddress {
        point_to_point: true,
        ..address(name, 9, text)
    };
    let cases: &[(Vec<InterfaceAddress>, &[&str])] = &[
        (machine(&["tailscale0 100.64.1.42"]), &["100.64.1.42"]),
        (
            machine(&["tailscale0 fd7a:115c:a1e0::1", "tailscale0 100.64.1.42"]),
            &["100.64.1.42", "fd7a:115c:a1e0::1"],
        ),
        (
            machine(&["tailscale0 fe80::1", "tailscale0 100.64.1.42"]),
            &["100.64.1.42"],
        ),
        // Another control server, another range.
        (machine(&["tailscale0 10.99.0.3"]), &["10.99.0.3"]),
        (
            vec![tunnel("utun4", "100.101.102.103")],
            &["100.101.102.103"],
        ),
        (vec![address("tun0", 9, "100.64.0.9")], &["100.64.0.9"]),
        // Carrier NAT on an ordinary interface is not a tailnet.
        (machine(&["eth0 100.64.1.42"]), &[]),
        (vec![tunnel("wg0", "10.8.0.2")], &[]),
        (vec![tunnel("ppp0", "100.128.0.1")], &[]),
        (machine(&["eth0 192.168.1.5"]), &[]),
    ];
    for (interfaces, expected) in cases {
        let found: Vec<_> = tailnet_addresses(interfaces)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(&found, expected, "{interfaces:?}");
    }
}

#[test]
fn u35_tailnet_without_an_address_waits_and_never_widens() {
    let interfaces = machine(&["eth0 192.168.1.5", "eth1 203.0.114.9"]);
    let plan = bind_plan(&request(BindMode::Tailnet, &interfaces)).unwrap();
    assert_eq!(
        (texts(&plan.required), texts(&plan.optional)),
        (vec![V4.into()], vec![V6.into()])
    );
    let waiting = plan.waiting.unwrap();
    assert!(
        waiting
            .reason
            .starts_with("no tailnet address on this machine")
    );
    assert_eq!(plan.warnings, [waiting.reason]);
    let up = machine(&["eth0 192.168.1.5", "tailscale0 100.64.1.42"]);
    let plan = bind_plan(&request(BindMode::Tailnet, &up)).unwrap();
    assert_eq!(texts(&plan.optional), [V6, "100.64.1.42:18789"]);
    assert_eq!(plan.waiting, None);
}

#[test]
fn d3_auto_takes_the_first_step_that_is_there() {
    let loopback = machine(&["eth0 192.168.1.5", "tailscale0 100.64.1.42"]);
    let plan = bind_plan(&BindRequest {
        guard: Guard::Nothing,
        ..request(BindMode::Auto, &loopback)
    })
    .unwrap();
    assert_eq!(
        (plan.mode, texts(&plan.required)),
        (BindMode::Loopback, vec![V4.into()])
    );

    let no_loopback = [
        address("tailscale0", 3, "100.64.1.42"),
        address("eth0", 2, "192.168.1.5"),
    ];
    let plan = bind_plan(&request(BindMode::Auto, &no_loopback)).unwrap();
    assert_eq!(plan.mode, BindMode::Tailnet);
    assert!(texts(&plan.optional).contains(&"100.64.1.42:18789".to_owned()));

    let plan = bind_plan(&request(BindMode::Auto, &no_loopback[1..])).unwrap();
    assert_eq!(
        (plan.mode, texts(&plan.required)),
        (BindMode::Lan, vec!["0.0.0.0:18789".into()])
    );

    let plan = bind_plan(&BindRequest {
        guard: Guard::Nothing,
        ..request(BindMode::Auto, &no_loopback)
    })
    .unwrap();
    assert_eq!((plan.required, plan.optional), (vec![], vec![]));
    assert_eq!(
        plan.refused,
        [BindRefused::WithoutAuth {
            mode: BindMode::Tailnet
        }]
    );
}

#[test]
fn custom_takes_addresses_interfaces_and_ranges() {
    let interfaces = machine(&[
        "eth0 192.168.1.5",
        "eth0 fe80::5",
        "wg0 10.8.0.2",
        "wg0 fd00::2",
    ]);
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("192.168.1.5", &[V4, "192.168.1.5:18789"], &[V6]),
        ("::ffff:192.168.1.5", &[V4, "192.168.1.5:18789"], &[V6]),
        ("[fd00::2]", &[V4, "[fd00::2]:18789"], &[V6]),
        // Zone ids, given or found.
        ("fe80::5%eth0", &[V4, "[fe80::5%2]:18789"], &[V6]),
        ("fe80::5%2", &[V4, "[fe80::5%2]:18789"], &[V6]),
        ("fe80::5", &[V4, "[fe80::5%2]:18789"], &[V6]),
        // An address that is not there is waited for, it does not turn into another one.
        ("10.9.9.9", &[V4], &[V6, "10.9.9.9:18789"]),
        ("wg0", &[V4], &[V6, "10.8.0.2:18789", "[fd00::2]:18789"]),
        ("10.0.0.0/8", &[V4], &[V6, "10.8.0.2:18789"]),
        (
            "eth0",
            &[V4],
            &[V6, "192.168.1.5:18789", "[fe80::5%2]:18789"],
        ),
        // A wildcard stands for its own family only.
        ("0.0.0.0", &["0.0.0.0:18789"], &[V6]),
        ("::", &["[::]:18789"], &[V4]),
        ("127.0.0.1", &[V4], &[V6]),
        ("::1", &[V4, V6], &[]),
        ("127.0.0.2", &[V4, "127.0.0.2:18789"], &[V6]),
        ("lo", &[V4], &[V6]),
    ];
    for (custom, required, optional) in cases {
        let named = host(custom);
        let request = BindRequest {
            custom: Some(&named),
            ..request(BindMode::Custom, &interfaces)
        };
        let plan = bind_plan(&request).unwrap();
        assert_eq!(
            (texts(&plan.required), texts(&plan.optional)),
            (
                required.iter().map(ToString::to_string).collect(),
                optional.iter().map(ToString::to_string).collect()
            ),
            "{custom}"
        );
        assert_eq!(plan.waiting, None, "{custom}");
    }
    for custom in ["tun7", "172.16.0.0/12", "fe80::5%nope"] {
        let named = host(custom);
        let request = BindRequest {
            custom: Some(&named),
            ..request(BindMode::Custom, &interfaces)
        };
        let plan = bind_plan(&request).unwrap();
        assert_eq!(texts(&plan.required), [V4]);
        assert!(plan.waiting.unwrap().reason.contains(custom));
    }
}

#[test]
fn custom_without_a_host_is_refused() {
    let interfaces = machine(&["eth0 192.168.1.5"]);
    let refused = bind_plan(&request(BindMode::Custom, &interfaces));
    assert_eq!(refused, Err(BindRefused::CustomMissing));
}

#[test]
fn u35_what_tailscale_says_wins_over_the_interfaces() {
    let interfaces = machine(&["wg0 10.8.0.2", "eth0 100.64.9.9", "tailscale0 100.64.1.42"]);
    let told = |addresses: &[&str]| {
        let told: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let request = BindRequest {
            tailnet: &told,
            ..request(BindMode::Tailnet, &interfaces)
        };
        let plan = bind_plan(&request).unwrap();
        (
            texts(&plan.optional),
            plan.waiting.map(|waiting| waiting.fix),
        )
    };
    // Whatever range its control server hands out, on whatever interface.
    assert_eq!(
        told(&["10.8.0.2"]),
        (vec![V6.into(), "10.8.0.2:18789".into()], None)
    );
    // Userspace networking: an address that no interface has cannot be listened on.
    let serve = "openclaw config set gateway.tailscale.mode serve".to_owned();
    assert_eq!(told(&["100.64.3.3"]), (vec![V6.into()], Some(serve)));
}

#[test]
fn u11_nothing_others_can_reach_without_a_credential() {
    let interfaces = machine(&["eth0 192.168.1.5", "tailscale0 100.64.1.42"]);
    let cases: &[(BindMode, Option<&str>, bool)] = &[
        (BindMode::Loopback, None, true),
        (BindMode::Auto, None, true),
        (BindMode::Lan, None, false),
        (BindMode::Tailnet, None, false),
        (BindMode::Custom, Some("192.168.1.5"), false),
        (BindMode::Custom, Some("0.0.0.0"), false),
        (BindMode::Custom, Some("::"), false),
        (BindMode::Custom, Some("eth0"), false),
        (BindMode::Custom, Some("eth9"), false),
        (BindMode::Custom, Some("10.0.0.0/8"), false),
        (BindMode::Custom, Some("127.0.0.1"), true),
    ];
    for (mode, custom, open) in cases {
        let named = custom.map(host);
        let request = BindRequest {
            custom: named.as_ref(),
            guard: Guard::Nothing,
            ..request(*mode, &interfaces)
        };
        let verdict = bind_plan(&request);
        if *open {
            let plan = verdict.unwrap();
            assert!(
                plan.required
                    .iter()
                    .chain(&plan.optional)
                    .all(|socket| socket.ip().is_loopback()),
                "{mode} {custom:?}"
            );
        } else {
            assert_eq!(
                verdict,
                Err(BindRefused::WithoutAuth { mode: *mode }),
                "{custom:?}"
            );
        }
    }
    // The same before Tailscale is up: what was asked for would open later.
    let down = loopback_only();
    let request = BindRequest {
        guard: Guard::Nothing,
        ..request(BindMode::Tailnet, &down)
    };
    assert!(bind_plan(&request).is_err());
}

#[test]
fn u11_the_refusal_says_what_to_do() {
    let error = BindRefused::WithoutAuth {
        mode: BindMode::Lan,
    };
    assert_eq!(
        error.to_string().lines().collect::<Vec<_>>(),
        [
            "refusing to bind to lan without auth",
            "Set gateway.auth.token/password (or OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD), pass --token/--password, \
             or use --bind loopback.",
        ]
    );
}

#[test]
fn u11_weak_passwords_guard_nothing_but_loopback() {
    let interfaces = machine(&["eth0 192.168.1.5"]);
    let with = |mode, guard, allow_weak_password| {
        bind_plan(&BindRequest {
            guard,
            allow_weak_password,
            ..request(mode, &interfaces)
        })
    };
    let weak = Guard::Password("hunter2");
    let error = with(BindMode::Lan, weak, false).unwrap_err();
    assert_eq!(
        error,
        BindRefused::WeakPassword {
            mode: BindMode::Lan,
            why: WeakPassword::Short
        }
    );
    let text = error.to_string();
    assert!(
        text.starts_with(
            "refusing to bind to lan with a weak password (shorter than 12 characters)\n"
        ),
        "{text}"
    );
    assert!(!text.contains("hunter2") && text.contains("--i-know"));
    assert!(with(BindMode::Lan, weak, true).is_ok());
    assert!(with(BindMode::Loopback, weak, false).is_ok());
    assert!(
        with(
            BindMode::Lan,
            Guard::Password("correct horse battery"),
            false
        )
        .is_ok()
    );
    assert!(with(BindMode::Lan, Guard::Proxy, false).is_ok());
}

#[test]
fn u11_tiny_tokens_guard_nothing_but_loopback_and_short_ones_are_warned_about() {
    let interfaces = machine(&["eth0 192.168.1.5"]);
    let with = |mode, token, allow_weak_password| {
        bind_plan(&BindRequest {
            guard: Guard::Token(token),
            allow_weak_password,
            ..request(mode, &interfaces)
        })
    };
    let text = with(BindMode::Lan, "x1y", false).unwrap_err().to_string();
    assert!(
        text.starts_with("refusing to bind to lan with a weak token (shorter than 6 characters)\n"),
        "{text}"
    );
    assert!(!text.contains("x1y") && text.contains("openssl rand -hex 32"));
    assert!(with(BindMode::Lan, "x1y", true).is_ok());
    for (mode, token, warned) in [
        (BindMode::Lan, "abc123", Some("shorter than 16 characters")),
        (
            BindMode::Lan,
            "your-token",
            Some("shorter than 16 characters"),
        ),
        (
            BindMode::Lan,
            "openclaw-openclaw",
            Some("a common word or a pattern"),
        ),
        (BindMode::Lan, "5f1e0c2d9b8a7f60", None),
        (BindMode::Loopback, "x", None),
    ] {
        let warnings = with(mode, token, false).unwrap().warnings;
        assert_eq!(
            warnings.len(),
            usize::from(warned.is_some()),
            "{warnings:?}"
        );
        for (warning, why) in warnings.iter().zip(warned) {
            assert!(
                warning.contains(why) && !warning.contains(token),
                "{warning}"
            );
        }
    }
}

#[test]
fn u11_public_addresses_without_tls_are_warned_about() {
    let interfaces = machine(&["eth0 192.168.1.5", "eth1 198.41.0.4", "eth1 2606:4700::1"]);
    let warned = |mode, custom: Option<&str>, tls| {
        let named = custom.map(host);
        let request = BindRequest {
            custom: named.as_ref(),
            tls,
            ..request(mode, &interfaces)
        };
        bind_plan(&request).unwrap().warnings.join("\n")
    };
    let text = warned(BindMode::Lan, None, false);
    assert!(
        text.contains("public address 198.41.0.4, 2606:4700::1:")
            && text.contains("gateway.tls.enabled"),
        "{text}"
    );
    assert_eq!(warned(BindMode::Lan, None, true), "");
    assert!(warned(BindMode::Custom, Some("198.41.0.4"), false).contains("198.41.0.4:"));
    assert!(!warned(BindMode::Custom, Some("0.0.0.0"), false).contains("2606"));
    assert_eq!(warned(BindMode::Custom, Some("192.168.1.5"), false), "");
    assert_eq!(warned(BindMode::Loopback, None, false), "");
}

#[test]
fn public_addresses_are_told_from_private_ones() {
    let private = [
        "10.1.1.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd7a:115c:a1e0::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "::",
    ];
    for text in private {
        assert!(!is_public(text.parse().unwrap()), "{text}");
    }
    for text in [
        "8.8.8.8",
        "100.128.0.1",
        "172.32.0.1",
        "2606:4700::1",
        "::ffff:8.8.8.8",
    ] {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}
