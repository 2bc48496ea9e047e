use super::*;
use http::HeaderValue;

type Pairs = &'static [(&'static str, &'static str)];

fn headers(pairs: Pairs) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(*name, HeaderValue::from_static(value));
    }
    map
}

fn trusting(ranges: &[&str]) -> PeerPolicy {
    PeerPolicy {
        trusted_proxies: ranges.iter().map(|text| text.parse().unwrap()).collect(),
        ..PeerPolicy::default()
    }
}

fn classified(socket: &str, pairs: Pairs, policy: &PeerPolicy) -> Peer {
    let facts = Facts {
        socket_peer: Some(socket.parse().unwrap()),
        listener: ListenerKind::Main,
        secure: false,
        proxied: None,
        headers: &headers(pairs),
    };
    classify(&facts, policy)
}

const LOCAL: PeerClass = PeerClass::DirectLocal;
const REMOTE: PeerClass = PeerClass::Remote;

#[test]
fn u01_u13_who_is_direct_local() {
    let cases: &[(&str, Pairs, PeerClass, Option<&str>)] = &[
        ("127.0.0.1", &[("host", "127.0.0.1:18789")], LOCAL, None),
        ("127.0.0.1", &[("host", "localhost:18789")], LOCAL, None),
        ("127.0.0.1", &[("host", "LOCALHOST:1")], LOCAL, None),
        ("127.0.0.1", &[("host", "[::1]:18789")], LOCAL, None),
        ("127.9.9.9", &[("host", "localhost")], LOCAL, None),
        ("::1", &[("host", "[::1]:18789")], LOCAL, None),
        ("::ffff:127.0.0.1", &[("host", "localhost")], LOCAL, None),
        // Asked for by another name: something may stand between.
        (
            "127.0.0.1",
            &[("host", "gateway.example.com")],
            REMOTE,
            None,
        ),
        ("127.0.0.1", &[("host", "192.168.1.5:18789")], REMOTE, None),
        ("127.0.0.1", &[("host", "127.0.0.2:18789")], REMOTE, None),
        ("127.0.0.1", &[("host", "gw.tail1.ts.net")], REMOTE, None),
        (
            "127.0.0.1",
            &[("host", "localhost.evil.example")],
            REMOTE,
            None,
        ),
        ("127.0.0.1", &[], REMOTE, None),
        (
            "127.0.0.1",
            &[("host", "localhost"), ("host", "evil.example")],
            REMOTE,
            None,
        ),
        // From elsewhere.
        (
            "192.168.1.7",
            &[("host", "localhost:18789")],
            REMOTE,
            Some("192.168.1.7"),
        ),
        (
            "172.18.0.1",
            &[("host", "127.0.0.1:18789")],
            REMOTE,
            Some("172.18.0.1"),
        ),
        (
            "::ffff:192.168.1.7",
            &[("host", "192.168.1.5")],
            REMOTE,
            Some("192.168.1.7"),
        ),
        (
            "2001:db8::7",
            &[("host", "[2001:db8::1]:18789")],
            REMOTE,
            Some("2001:db8::7"),
        ),
        (
            "100.64.1.2",
            &[("host", "100.64.1.42:18789")],
            REMOTE,
            Some("100.64.1.2"),
        ),
    ];
    for (socket, pairs, class, reported) in cases {
        let peer = classified(socket, pairs, &PeerPolicy::default());
        assert_eq!(
            (peer.class, peer.reported_ip.as_deref()),
            (*class, *reported),
            "{socket} {pairs:?}"
        );
        let address: IpAddr = socket.parse().unwrap();
        assert_eq!(peer.address, Some(address.to_canonical()));
        assert!(!peer.forwarded);
    }
}

#[test]
fn u16_untrusted_forwarding_headers_make_a_request_remote() {
    let spoofs: &[Pairs] = &[
        &[("x-forwarded-for", "203.0.113.9")],
        &[("x-forwarded-for", "127.0.0.1")],
        &[("x-real-ip", "127.0.0.1")],
        &[("x-forwarded-host", "localhost")],
        &[("x-forwarded-proto", "https")],
        &[("forwarded", "for=127.0.0.1")],
        &[("via", "1.1 proxy")],
        &[("tailscale-user-login", "alice@example.com")],
    ];
    for pairs in spoofs {
        for socket in ["127.0.0.1", "::1", "192.168.1.7"] {
            let mut map = headers(pairs);
            map.insert(HOST, HeaderValue::from_static("localhost"));
            let facts = Facts {
                socket_peer: Some(socket.parse().unwrap()),
                listener: ListenerKind::Main,
                secure: false,
                proxied: None,
                headers: &map,
            };
            let policy = PeerPolicy::default();
            let peer = classify(&facts, &policy);
            assert_eq!(peer.class, REMOTE, "{pairs:?}");
            assert!(peer.forwarded);
            assert_eq!(
                peer.address, facts.socket_peer,
                "limits keep the address that is sure"
            );
            assert_eq!(peer.reported_ip, None);
            assert!(!peer.may_pair_silently());
            let warning = proxy_warning(&facts, &policy).unwrap();
            assert!(warning.text(&policy).ends_with(&format!(
                "run: openclaw config set gateway.trustedProxies '[\"{socket}\"]'"
            )));
        }
    }
}

#[test]
fn u16_a_trusted_proxy_names_the_client_which_stays_remote() {
    let policy = trusting(&["127.0.0.1", "10.0.0.0/8"]);
    let cases: &[(Pairs, &str, Option<&str>)] = &[
        (
            &[("x-forwarded-for", "203.0.113.9, 10.0.0.1")],
            "203.0.113.9",
            Some("203.0.113.9"),
        ),
        (
            &[("x-forwarded-for", "127.0.0.1, 203.0.113.9")],
            "203.0.113.9",
            Some("203.0.113.9"),
        ),
        // The hole of upstream: a client that claims loopback through the proxy.
        (
            &[
                ("x-forwarded-for", "127.0.0.1"),
                ("host", "anything.ts.net"),
            ],
            "127.0.0.1",
            None,
        ),
        (
            &[("x-forwarded-for", "127.0.0.1"), ("host", "localhost")],
            "127.0.0.1",
            None,
        ),
        (&[("x-forwarded-for", "garbage")], "127.0.0.1", None),
        (&[("x-real-ip", "198.51.100.7")], "127.0.0.1", None),
        (&[("x-forwarded-proto", "https")], "127.0.0.1", None),
    ];
    for (pairs, address, reported) in cases {
        let peer = classified("127.0.0.1", pairs, &policy);
        assert_eq!(peer.class, REMOTE, "{pairs:?}");
        assert_eq!(peer.address, Some(address.parse().unwrap()), "{pairs:?}");
        assert_eq!(peer.reported_ip.as_deref(), *reported, "{pairs:?}");
    }
    let map = headers(&[("x-forwarded-for", "garbage")]);
    let facts = Facts {
        socket_peer: Some("10.2.2.2".parse().unwrap()),
        listener: ListenerKind::Main,
        secure: false,
        proxied: None,
        headers: &map,
    };
    let warning = proxy_warning(&facts, &policy);
    assert_eq!(
        warning,
        Some(ProxyWarning::Unattributed(Some(
            "10.2.2.2".parse().unwrap()
        )))
    );
    let real_ip = PeerPolicy {
        allow_real_ip_fallback: true,
        ..policy
    };
    let peer = classified("127.0.0.1", &[("x-real-ip", "198.51.100.7:4000")], &real_ip);
    assert_eq!(peer.reported_ip.as_deref(), Some("198.51.100.7"));
}

#[test]
fn u16_a_direct_client_of_a_machine_with_a_trusted_proxy_stays_local() {
    let peer = classified(
        "127.0.0.1",
        &[("host", "127.0.0.1:18789")],
        &trusting(&["127.0.0.1"]),
    );
    assert_eq!(peer.class, LOCAL);
}

#[test]
fn s06_headers_mean_nothing_on_the_control_socket() {
    let map = headers(&[
        ("host", "evil.example"),
        ("x-forwarded-for", "203.0.113.9"),
        ("user-agent", "openclaw"),
    ]);
    let facts = Facts {
        socket_peer: None,
        listener: ListenerKind::Control,
        secure: false,
        proxied: None,
        headers: &map,
    };
    let peer = classify(&facts, &PeerPolicy::default());
    assert_eq!(
        (
            peer.class,
            peer.address,
            peer.reported_ip.clone(),
            peer.forwarded
        ),
        (PeerClass::Control, None, None, false)
    );
    assert_eq!(peer.user_agent.as_deref(), Some("openclaw"));
    assert!(peer.may_pair_silently());
    assert_eq!(proxy_warning(&facts, &PeerPolicy::default()), None);
}

#[test]
fn s02_foreign_pages_on_this_machine_never_pair_silently() {
    let cases: &[(Pairs, bool)] = &[
        (&[("host", "127.0.0.1:18789")], true),
        (
            &[
                ("host", "127.0.0.1:18789"),
                ("origin", "http://127.0.0.1:18789"),
            ],
            true,
        ),
        (
            &[("host", "localhost"), ("origin", "http://LOCALHOST:80")],
            true,
        ),
        (
            &[
                ("host", "127.0.0.1:18789"),
                ("origin", "http://localhost:18789"),
            ],
            false,
        ),
        (
            &[
                ("host", "127.0.0.1:18789"),
                ("origin", "http://127.0.0.1:5173"),
            ],
            false,
        ),
        (
            &[
                ("host", "127.0.0.1:18789"),
                ("origin", "https://evil.example"),
            ],
            false,
        ),
        (&[("host", "127.0.0.1:18789"), ("origin", "null")], false),
        (&[("host", "127.0.0.1:18789"), ("origin", "")], false),
    ];
    for (pairs, silent) in cases {
        let peer = classified("127.0.0.1", pairs, &PeerPolicy::default());
        assert_eq!(peer.class, LOCAL);
        assert_eq!(peer.may_pair_silently(), *silent, "{pairs:?}");
    }
}

fn ours() -> Names {
    Names::new(Some("Studio.lan")).with_magic_dns("studio.tail1.ts.net")
}

fn policy(entries: &[&str]) -> OriginPolicy {
    let (policy, invalid) = OriginPolicy::from_entries(entries.iter().copied());
    assert_eq!(invalid, []);
    policy
}

#[test]
fn u04_s11_which_pages_may_connect() {
    let listed = policy(&[
        "https://ui.example.com",
        "http://dev.example.com:5173/",
        "Panel.Example.com:8443",
    ]);
    let none = policy(&[]);
    let public = OriginPolicy {
        public: Some("https://claw.example.org".parse().unwrap()),
        ..OriginPolicy::default()
    };
    let cases: &[(&OriginPolicy, PeerClass, Option<&str>, &str, bool)] = &[
        (&none, REMOTE, None, "anything.example", true),
        // Served by us, under an address: nothing to configure.
        (
            &none,
            REMOTE,
            Some("http://192.168.1.5:18789"),
            "192.168.1.5:18789",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("http://100.64.1.42:18789"),
            "100.64.1.42:18789",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("http://203.0.113.5:18789"),
            "203.0.113.5:18789",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("http://[2001:db8::1]:18789"),
            "[2001:db8::1]:18789",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("http://192.168.1.5"),
            "192.168.1.5",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("http://192.168.1.5"),
            "192.168.1.5:80",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("https://192.168.1.5"),
            "192.168.1.5:443",
            true,
        ),
        // Under one of our names.
        (
            &none,
            REMOTE,
            Some("http://studio.local:18789"),
            "studio.local:18789",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("http://studio:18789"),
            "STUDIO:18789",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("http://studio.lan:18789"),
            "studio.lan:18789",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("https://studio.tail1.ts.net"),
            "studio.tail1.ts.net",
            true,
        ),
        (
            &none,
            REMOTE,
            Some("http://localhost:18789"),
            "localhost:18789",
            true,
        ),
        // Under a name we do not know: DNS rebinding looks the same.
        (
            &none,
            REMOTE,
            Some("http://rebound.example:18789"),
            "rebound.example:18789",
            false,
        ),
        (
            &none,
            LOCAL,
            Some("http://rebound.example:18789"),
            "rebound.example:18789",
            false,
        ),
        (
            &none,
            REMOTE,
            Some("https://box.example.com"),
            "box.example.com",
            false,
        ),
        (
            &none,
            REMOTE,
            Some("https://other.tail2.ts.net"),
            "other.tail2.ts.net",
            false,
        ),
        (
            &none,
            REMOTE,
            Some("http://other.local:18789"),
            "other.local:18789",
            false,
        ),
        // Another origin.
        (
            &none,
            LOCAL,
            Some("https://evil.example"),
            "127.0.0.1:18789",
            false,
        ),
        (
            &none,
            REMOTE,
            Some("http://192.168.1.5:18789"),
            "192.168.1.6:18789",
            false,
        ),
        (
            &none,
            REMOTE,
            Some("http://192.168.1.5:3000"),
            "192.168.1.5:18789",
            false,
        ),
        (
            &none,
            REMOTE,
            Some("http://localhost:18789"),
            "192.168.1.5:18789",
            false,
        ),
        // Pages of this machine talking to this machine.
        (
            &none,
            LOCAL,
            Some("http://localhost:18789"),
            "127.0.0.1:18789",
            true,
        ),
        (
            &none,
            LOCAL,
            Some("http://localhost:5173"),
            "127.0.0.1:18789",
            true,
        ),
        (
            &none,
            LOCAL,
            Some("http://[::1]:18789"),
            "localhost:18789",
            true,
        ),
        (
            &none,
            LOCAL,
            Some("http://localhost.evil.example"),
            "127.0.0.1:18789",
            false,
        ),
        (
            &none,
            LOCAL,
            Some("chrome-extension://abcdef"),
            "127.0.0.1:18789",
            false,
        ),
        // Unreadable.
        (&none, LOCAL, Some("null"), "127.0.0.1:18789", false),
        (&none, LOCAL, Some(""), "127.0.0.1:18789", false),
        (
            &none,
            LOCAL,
            Some("http://localhost/path"),
            "127.0.0.1:18789",
            false,
        ),
        (
            &none,
            LOCAL,
            Some("http://user@localhost"),
            "127.0.0.1:18789",
            false,
        ),
        (
            &none,
            LOCAL,
            Some("http://localhost@evil.example"),
            "127.0.0.1:18789",
            false,
        ),
        // Listed, in any spelling.
        (
            &listed,
            REMOTE,
            Some("https://ui.example.com"),
            "192.168.1.5:18789",
            true,
        ),
        (
            &listed,
            REMOTE,
            Some("https://UI.example.com:443"),
            "whatever.example",
            true,
        ),
        (
            &listed,
            REMOTE,
            Some("http://ui.example.com"),
            "192.168.1.5:18789",
            false,
        ),
        (
            &listed,
            REMOTE,
            Some("http://dev.example.com:5173"),
            "192.168.1.5:18789",
            true,
        ),
        (
            &listed,
            REMOTE,
            Some("http://dev.example.com"),
            "192.168.1.5:18789",
            false,
        ),
        (
            &listed,
            REMOTE,
            Some("https://panel.example.com:8443"),
            "192.168.1.5:18789",
            true,
        ),
        (
            &listed,
            REMOTE,
            Some("http://panel.example.com:8443"),
            "192.168.1.5:18789",
            true,
        ),
        (
            &listed,
            REMOTE,
            Some("https://sub.ui.example.com"),
            "192.168.1.5:18789",
            false,
        ),
        // A listed name is a name of ours on every port.
        (
            &listed,
            REMOTE,
            Some("http://ui.example.com:18789"),
            "ui.example.com:18789",
            true,
        ),
        (
            &public,
            REMOTE,
            Some("https://claw.example.org"),
            "127.0.0.1:18789",
            true,
        ),
        (
            &public,
            REMOTE,
            Some("https://claw.example.com"),
            "127.0.0.1:18789",
            false,
        ),
    ];
    for (policy, class, origin, host, allowed) in cases {
        let verdict = origin_verdict(*origin, Some(host), *class, policy, &ours());
        assert_eq!(
            verdict.is_ok(),
            *allowed,
            "{origin:?} at {host} from {class:?}: {verdict:?}"
        );
    }
    let any = policy_any();
    assert!(origin_verdict(Some("null"), None, REMOTE, &any, &ours()).is_ok());
}

fn policy_any() -> OriginPolicy {
    policy(&["*"])
}

#[test]
fn u04_the_refusal_is_the_line_that_allows_it() {
    let refusal = |entries: &[&str], origin| {
        origin_verdict(
            Some(origin),
            Some("127.0.0.1"),
            REMOTE,
            &policy(entries),
            &ours(),
        )
        .unwrap_err()
    };
    let refused = refusal(&[], "https://Box.Example.com:443/");
    assert_eq!(refused.reason, "origin not allowed");
    assert_eq!(
        refused.fix_command.as_deref(),
        Some(
            r#"openclaw config set gateway.controlUi.allowedOrigins '["https://box.example.com"]'"#
        )
    );
    // What is listed already stays listed.
    let refused = refusal(
        &["https://a.example", "http://b.example:81"],
        "http://c.example",
    );
    assert_eq!(
        refused.fix_command.as_deref(),
        Some(
            r#"openclaw config set gateway.controlUi.allowedOrigins '["https://a.example","http://b.example:81","http://c.example"]'"#
        )
    );
    // Nothing a page can write ends up in a shell line.
    let refused = refusal(&[], "http://x';reboot;'");
    assert_eq!(
        (refused.reason, refused.fix_command),
        ("origin missing or invalid", None)
    );
}

#[test]
fn u04_entries_are_normalised_or_named() {
    let (policy, invalid) = OriginPolicy::from_entries([
        "HTTPS://UI.Example.com:443/",
        "http://a.example/path",
        "b.example",
        "://",
        "*",
    ]);
    let allowed: Vec<_> = policy.allowed.iter().map(ToString::to_string).collect();
    assert_eq!(
        allowed,
        [
            "https://ui.example.com",
            "http://b.example",
            "https://b.example"
        ]
    );
    assert!(policy.any);
    let invalid: Vec<_> = invalid.iter().map(ToString::to_string).collect();
    assert_eq!(invalid.len(), 2);
    assert!(invalid[0].starts_with("\"http://a.example/path\" is not an origin"));
}

#[test]
fn s12_which_names_are_answered() {
    use RequestKind::{Http, Upgrade};
    let listed = policy(&["https://ui.example.com"]);
    let unknown_tailnet = Names::new(Some("studio"));
    let known_tailnet = ours();
    let cases: &[(&Names, RequestKind, bool, Option<&str>, bool)] = &[
        (&known_tailnet, Http, false, Some("127.0.0.1:18789"), true),
        (&known_tailnet, Http, false, Some("[::1]"), true),
        (&known_tailnet, Http, false, Some("203.0.113.5"), true),
        (&known_tailnet, Http, false, Some("localhost:18789"), true),
        (&known_tailnet, Http, false, Some("studio.local"), true),
        (&known_tailnet, Http, false, Some("studio"), true),
        (&known_tailnet, Http, false, Some("studio.lan."), true),
        (&known_tailnet, Http, false, Some("ui.example.com"), true),
        (&known_tailnet, Http, false, Some("rebound.example"), false),
        (
            &known_tailnet,
            Http,
            false,
            Some("localhost.rebound.example"),
            false,
        ),
        (&known_tailnet, Http, false, None, false),
        (&known_tailnet, Http, false, Some("a b"), false),
        (&known_tailnet, Http, true, Some("rebound.example"), false),
        // Tailnet names: only ours, once we know it.
        (
            &known_tailnet,
            Http,
            false,
            Some("studio.tail1.ts.net"),
            true,
        ),
        (
            &known_tailnet,
            Http,
            false,
            Some("evil.tail9.ts.net"),
            false,
        ),
        (
            &unknown_tailnet,
            Http,
            false,
            Some("studio.tail1.ts.net"),
            true,
        ),
        (
            &unknown_tailnet,
            Http,
            true,
            Some("studio.tail1.ts.net"),
            false,
        ),
        (
            &unknown_tailnet,
            Http,
            false,
            Some("ts.net.evil.example"),
            false,
        ),
        // Command lines and nodes may know us by names we do not.
        (
            &known_tailnet,
            Upgrade,
            false,
            Some("gateway.corp.example"),
            true,
        ),
        (&known_tailnet, Upgrade, false, None, true),
        (
            &known_tailnet,
            Upgrade,
            true,
            Some("gateway.corp.example"),
            false,
        ),
        (
            &known_tailnet,
            Upgrade,
            true,
            Some("studio.local:18789"),
            true,
        ),
    ];
    for (names, kind, has_origin, host, answered) in cases {
        let verdict = host_verdict(*host, *has_origin, *kind, Some("http"), &listed, names);
        assert_eq!(
            verdict.is_ok(),
            *answered,
            "{kind:?} {host:?} origin {has_origin}"
        );
    }
    let refused = host_verdict(
        Some("Box.example:18789"),
        false,
        Http,
        Some("http"),
        &listed,
        &known_tailnet,
    )
    .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "this gateway does not know the name box.example; to allow it run: openclaw config set \
         gateway.controlUi.allowedOrigins '[\"https://ui.example.com\",\"http://box.example:18789\"]'"
    );
    assert_eq!(
        host_verdict(Some("@"), false, Http, None, &listed, &known_tailnet),
        Err(HostRefused::Invalid)
    );
    assert!(
        host_verdict(
            Some("x.example"),
            false,
            Http,
            None,
            &policy_any(),
            &known_tailnet
        )
        .is_ok()
    );
}

proptest::proptest! {
    #[test]
    fn s12_no_origin_under_an_unknown_name_ever_passes(name in "[a-z]{1,12}(\\.[a-z]{1,8}){0,3}", port in 1_u16..) {
        let names = Names::new(None);
        proptest::prop_assume!(name != "localhost");
        let origin = format!("http://{name}:{port}");
        let host = format!("{name}:{port}");
        for class in [PeerClass::Control, LOCAL, REMOTE] {
            proptest::prop_assert!(origin_verdict(Some(&origin), Some(&host), class, &OriginPolicy::default(), &names).is_err());
        }
    }
}

#[test]
fn u17_claims_are_read_at_the_ingress_listener_only_and_nothing_there_is_local() {
    let serve: Pairs = &[
        ("host", "gw.tail1.ts.net"),
        ("x-forwarded-for", "100.64.0.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "gw.tail1.ts.net"),
        ("tailscale-user-login", "ada@example.com"),
    ];
    let bare: Pairs = &[("host", "127.0.0.1:18789")];
    for (listener, pairs, policy, claims, address) in [
        (
            ListenerKind::Ingress,
            serve,
            PeerPolicy::default(),
            true,
            "100.64.0.7",
        ),
        (
            ListenerKind::Ingress,
            bare,
            PeerPolicy::default(),
            true,
            "127.0.0.1",
        ),
        (
            ListenerKind::Main,
            serve,
            PeerPolicy::default(),
            false,
            "127.0.0.1",
        ),
        (
            ListenerKind::Main,
            serve,
            trusting(&["127.0.0.1"]),
            false,
            "100.64.0.7",
        ),
    ] {
        let headers = headers(pairs);
        let facts = Facts {
            socket_peer: Some("127.0.0.1".parse().unwrap()),
            listener,
            secure: false,
            proxied: None,
            headers: &headers,
        };
        let peer = classify(&facts, &policy);
        assert_eq!(peer.class, REMOTE, "{listener:?} {pairs:?}");
        assert!(!peer.may_pair_silently());
        assert_eq!(peer.claim.is_some(), claims, "{listener:?} {pairs:?}");
        assert_eq!(peer.address, Some(address.parse().unwrap()));
    }
}
