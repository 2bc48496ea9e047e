use http::{HeaderMap, HeaderValue};
use openclaw_protocol::scope::Scope;

use super::super::{PeerClass, Proxied, classify};
use super::*;

type Pairs<'a> = &'a [(&'static str, &'a str)];

fn headers(pairs: Pairs<'_>) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert("host", HeaderValue::from_static("claw.example.org"));
    for (name, value) in pairs {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    map
}

fn rules() -> ProxyIdentityRules {
    let settings = TrustedProxy {
        user_header: Some("X-Forwarded-User".into()),
        ..TrustedProxy::default()
    };
    let (rules, complaints) = ProxyIdentityRules::from_settings(&settings);
    assert_eq!(complaints, Vec::<String>::new());
    rules
}

fn policy(trusted: &[&str], identity: ProxyIdentityRules) -> PeerPolicy {
    PeerPolicy {
        trusted_proxies: trusted.iter().map(|text| text.parse().unwrap()).collect(),
        identity: Some(identity),
        own_addresses: vec!["192.168.1.5".parse().unwrap()],
        ..PeerPolicy::default()
    }
}

/// Who is named, or why nobody is, by a request from there.
fn named(
    listener: ListenerKind,
    socket: Option<&str>,
    pairs: Pairs<'_>,
    policy: &PeerPolicy,
) -> Result<String, String> {
    let headers = headers(pairs);
    let facts = Facts {
        socket_peer: socket.map(|text| text.parse().unwrap()),
        listener,
        secure: false,
        proxied: None,
        headers: &headers,
    };
    let peer = classify(&facts, policy);
    assert_eq!(peer.class, PeerClass::Remote);
    match peer.claim.unwrap() {
        Claim::Vouched(identity) => {
            assert_eq!(identity.source, IdentitySource::TrustedProxy);
            Ok(identity.user)
        }
        Claim::Rejected(error) => Err(error.reason().into_owned()),
        Claim::Tailscale(_) => panic!("a claim of somebody else"),
    }
}

const ALICE: Pairs<'static> = &[("x-forwarded-user", "alice@example.com")];
const PROVEN: Pairs<'static> = &[
    ("x-forwarded-user", "alice@example.com"),
    ("x-openclaw-proxy-secret", "s3cret"),
];
const MAIN: ListenerKind = ListenerKind::Main;
const PROXY: ListenerKind = ListenerKind::Proxy;

type Case<'a> = (
    &'a ProxyIdentityRules,
    &'a [&'a str],
    ListenerKind,
    Option<&'a str>,
    Pairs<'a>,
    Result<&'a str, &'a str>,
);

#[test]
fn s06_only_the_proxy_can_name_a_user() {
    let with_secret = ProxyIdentityRules {
        secret: Some("s3cret".into()),
        ..rules()
    };
    let with_loopback = ProxyIdentityRules {
        allow_loopback: true,
        ..with_secret.clone()
    };
    let loopback_without_secret = ProxyIdentityRules {
        allow_loopback: true,
        ..rules()
    };
    let everybody: &[&str] = &["10.0.0.2", "127.0.0.1", "192.168.1.0/24"];
    let user = Ok("alice@example.com");
    let plain = rules();
    let cases: &[Case<'_>] = &[
        // From a listed proxy on another machine.
        (&plain, everybody, MAIN, Some("10.0.0.2"), ALICE, user),
        (
            &plain,
            everybody,
            MAIN,
            Some("::ffff:10.0.0.2"),
            ALICE,
            user,
        ),
        (
            &plain,
            everybody,
            MAIN,
            Some("10.0.0.3"),
            ALICE,
            Err("trusted_proxy_untrusted_source"),
        ),
        (
            &plain,
            &[],
            MAIN,
            Some("10.0.0.2"),
            ALICE,
            Err("trusted_proxy_no_proxies_configured"),
        ),
        // From this machine, where every program can pose as the proxy.
        (
            &plain,
            everybody,
            MAIN,
            Some("127.0.0.1"),
            ALICE,
            Err("trusted_proxy_loopback_source"),
        ),
        (
            &plain,
            everybody,
            MAIN,
            Some("192.168.1.5"),
            ALICE,
            Err("trusted_proxy_local_interface_source"),
        ),
        (
            &loopback_without_secret,
            everybody,
            MAIN,
            Some("127.0.0.1"),
            ALICE,
            Err("trusted_proxy_loopback_source"),
        ),
        (
            &with_secret,
            everybody,
            MAIN,
            Some("127.0.0.1"),
            PROVEN,
            Err("trusted_proxy_loopback_source"),
        ),
        (
            &with_loopback,
            everybody,
            MAIN,
            Some("127.0.0.1"),
            ALICE,
            Err("trusted_proxy_secret_mismatch"),
        ),
        (
            &with_loopback,
            everybody,
            MAIN,
            Some("127.0.0.1"),
            &[
                ALICE[0],
                ("x-openclaw-proxy-secret", "s3cret"),
                ("x-openclaw-proxy-secret", "guess"),
            ],
            Err("trusted_proxy_secret_mismatch"),
        ),
        (
            &with_loopback,
            everybody,
            MAIN,
            Some("127.0.0.1"),
            PROVEN,
            user,
        ),
        (
            &with_loopback,
            everybody,
            MAIN,
            Some("192.168.1.5"),
            PROVEN,
            user,
        ),
        (
            &with_loopback,
            &["10.0.0.2"],
            MAIN,
            Some("127.0.0.1"),
            PROVEN,
            Err("trusted_proxy_untrusted_source"),
        ),
        // The listener for proxies: its Unix socket says who may connect, its port does not.
        (&plain, &[], PROXY, None, ALICE, user),
        (
            &with_secret,
            &[],
            PROXY,
            None,
            ALICE,
            Err("trusted_proxy_secret_mismatch"),
        ),
        (
            &plain,
            &[],
            PROXY,
            Some("127.0.0.1"),
            ALICE,
            Err("trusted_proxy_loopback_source"),
        ),
        (&with_secret, &[], PROXY, Some("127.0.0.1"), PROVEN, user),
        (
            &with_secret,
            &[],
            PROXY,
            Some("127.0.0.1"),
            ALICE,
            Err("trusted_proxy_secret_mismatch"),
        ),
        (
            &plain,
            everybody,
            PROXY,
            Some("10.0.0.9"),
            ALICE,
            Err("trusted_proxy_untrusted_source"),
        ),
        (&plain, everybody, PROXY, Some("10.0.0.2"), ALICE, user),
        // A set secret is asked of everybody.
        (
            &with_secret,
            everybody,
            MAIN,
            Some("10.0.0.2"),
            ALICE,
            Err("trusted_proxy_secret_mismatch"),
        ),
    ];
    for (rules, trusted, listener, socket, pairs, expected) in cases {
        let policy = policy(trusted, (*rules).clone());
        let seen = named(*listener, *socket, pairs, &policy);
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(
            seen, expected,
            "{listener:?} {socket:?} {pairs:?} {rules:?}"
        );
    }
}

#[test]
fn s06_a_direct_local_request_claims_nothing() {
    let headers = {
        let mut headers = headers(&[("remote-user", "alice")]);
        headers.insert("host", HeaderValue::from_static("localhost"));
        headers
    };
    let facts = Facts {
        socket_peer: Some("127.0.0.1".parse().unwrap()),
        listener: MAIN,
        secure: false,
        proxied: None,
        headers: &headers,
    };
    let rules = ProxyIdentityRules {
        user_header: Some(HeaderName::from_static("remote-user")),
        ..rules()
    };
    let peer = classify(&facts, &policy(&["127.0.0.1"], rules));
    assert_eq!(peer.class, PeerClass::DirectLocal);
    assert_eq!(peer.claim, None);
}

#[test]
fn u16_users_and_required_headers() {
    let rules = ProxyIdentityRules {
        required_headers: vec![HeaderName::from_static("x-forwarded-email")],
        allow_users: vec!["Alice@Example.com".into()],
        ..rules()
    };
    let policy = policy(&["10.0.0.2"], rules);
    let seen = |pairs: Pairs<'_>| named(MAIN, Some("10.0.0.2"), pairs, &policy);
    let mail = ("x-forwarded-email", "a@example.com");
    assert_eq!(seen(&[mail, ALICE[0]]), Ok("alice@example.com".to_owned()));
    let cases: [(Pairs<'_>, &str); 6] = [
        (ALICE, "trusted_proxy_missing_header_x-forwarded-email"),
        (
            &[ALICE[0], ("x-forwarded-email", " ")],
            "trusted_proxy_missing_header_x-forwarded-email",
        ),
        (&[mail], "trusted_proxy_user_missing"),
        (
            &[mail, ("x-forwarded-user", "")],
            "trusted_proxy_user_missing",
        ),
        // One of two is not the proxy's.
        (
            &[mail, ALICE[0], ("x-forwarded-user", "mallory")],
            "trusted_proxy_user_missing",
        ),
        (
            &[mail, ("x-forwarded-user", "mallory")],
            "trusted_proxy_user_not_allowed",
        ),
    ];
    for (pairs, reason) in cases {
        assert_eq!(seen(pairs), Err(reason.to_owned()), "{pairs:?}");
    }
    let unset = ProxyIdentityRules {
        user_header: None,
        ..policy.identity.clone().unwrap()
    };
    let policy = super::tests::policy(&["10.0.0.2"], unset);
    assert_eq!(
        named(MAIN, Some("10.0.0.2"), ALICE, &policy),
        Err("trusted_proxy_config_missing".to_owned())
    );
}

#[test]
fn s06_headers_behind_a_proxy_header_are_the_word_of_the_client_it_names() {
    let headers = headers(ALICE);
    let policy = policy(&["10.0.0.0/8"], rules());
    for (client, named) in [
        ("203.0.113.9", false),
        ("127.0.0.1", false),
        ("10.0.0.7", true),
    ] {
        let facts = Facts {
            socket_peer: Some("10.0.0.2".parse().unwrap()),
            listener: MAIN,
            secure: false,
            proxied: Some(Proxied {
                client: Some(client.parse().unwrap()),
                secure: None,
            }),
            headers: &headers,
        };
        let claim = classify(&facts, &policy).claim.unwrap();
        assert_eq!(matches!(claim, Claim::Vouched(_)), named, "{client}");
    }
}

const NAME: &str = "x-openclaw-scopes";

#[test]
fn u42_the_scopes_header_caps_and_every_line_of_it_counts() {
    let cap = |pairs: Pairs<'_>| {
        let headers = headers(pairs);
        scope_cap(&Facts {
            socket_peer: None,
            listener: PROXY,
            secure: false,
            proxied: None,
            headers: &headers,
        })
    };
    let set = |scopes: &[Scope]| Some(scopes.iter().copied().collect::<ScopeSet>());
    assert_eq!(cap(&[]), None);
    assert_eq!(cap(&[(NAME, "")]), Some(ScopeSet::EMPTY));
    assert_eq!(cap(&[(NAME, "operator.nonsense")]), Some(ScopeSet::EMPTY));
    assert_eq!(
        cap(&[(NAME, "operator.read, operator.pairing")]),
        set(&[Scope::Read, Scope::Pairing])
    );
    assert_eq!(
        cap(&[(NAME, "operator.admin"), (NAME, "operator.read")]),
        set(&[Scope::Read])
    );
    assert_eq!(
        cap(&[(NAME, "operator.read"), (NAME, "operator.admin")]),
        set(&[Scope::Read])
    );
}
