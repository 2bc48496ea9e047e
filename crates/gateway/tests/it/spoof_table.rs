//! The spoof table: who connects from where, with which forged words, under which `Host` and `Origin`, and what comes of it.
//!
//! Every combination goes through the real classification, the real Origin and Host rules and the real admission decision.
//! `docs/spoof-table.md` is rendered from the same run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue};
use openclaw_config::env::OPENCLAW_UPDATE_DOCS;
use openclaw_config::{Env, Secret};
use openclaw_gateway::auth::admission::{
    self, Admission, AuthMode, Credential, Device, Method, Policy, Standing,
};
use openclaw_gateway::auth::identity::IdentitySource;
use openclaw_gateway::peer::{
    Claim, Facts, ListenerKind, Names, OriginPolicy, Peer, PeerClass, PeerPolicy, Proxied,
    ProxyIdentityRules, RequestKind, classify, host_verdict, origin_verdict,
};
use openclaw_protocol::handshake::ClientKind;
use openclaw_protocol::scope::{Role, Scope, ScopeSet};

/// Where a connection comes from.
#[derive(Clone, Copy)]
struct From {
    name: &'static str,
    socket: Option<&'static str>,
    listener: ListenerKind,
    /// Whether a name that the connection's proxy writes counts here, once it is proven.
    proxy: bool,
}

const fn from(name: &'static str, socket: Option<&'static str>, listener: ListenerKind) -> From {
    From {
        name,
        socket,
        listener,
        proxy: false,
    }
}

const FROM: [From; 11] = [
    from("loopback", Some("127.0.0.1"), ListenerKind::Main),
    from("loopback, IPv6", Some("::1"), ListenerKind::Main),
    from("own LAN address", Some("192.168.1.5"), ListenerKind::Main),
    from("LAN", Some("192.168.1.7"), ListenerKind::Main),
    from("tailnet", Some("100.64.1.2"), ListenerKind::Main),
    from("internet", Some("203.0.113.9"), ListenerKind::Main),
    From {
        proxy: true,
        ..from("trusted proxy", Some("10.0.0.2"), ListenerKind::Main)
    },
    from("untrusted proxy", Some("10.9.9.9"), ListenerKind::Main),
    From {
        proxy: true,
        ..from("proxy listener, socket", None, ListenerKind::Proxy)
    },
    from(
        "proxy listener, port",
        Some("127.0.0.1"),
        ListenerKind::Proxy,
    ),
    from("ingress listener", Some("127.0.0.1"), ListenerKind::Ingress),
];

type Pairs = &'static [(&'static str, &'static str)];

/// A row of words that somebody may have forged.
struct Words {
    name: &'static str,
    headers: Pairs,
    /// A PROXY header in front, where one may be sent.
    proxied: Option<InFront>,
}

/// What a PROXY header says.
#[derive(Clone, Copy)]
enum InFront {
    Client(&'static str),
    Local,
}

const fn words(name: &'static str, headers: Pairs) -> Words {
    Words {
        name,
        headers,
        proxied: None,
    }
}

const WORDS: [Words; 18] = [
    words("none", &[]),
    words(
        "X-Forwarded-For: loopback",
        &[("x-forwarded-for", "127.0.0.1")],
    ),
    words(
        "X-Forwarded-For: many",
        &[("x-forwarded-for", "127.0.0.1, 198.51.100.7, 10.0.0.2")],
    ),
    words(
        "X-Forwarded-For: repeated",
        &[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "::1")],
    ),
    words(
        "X-Forwarded-For: garbage",
        &[("x-forwarded-for", "localhost, \"")],
    ),
    words(
        "Forwarded: loopback",
        &[("forwarded", "for=127.0.0.1;host=localhost;proto=http")],
    ),
    words(
        "Forwarded: IPv6, quoted",
        &[("forwarded", "for=\"[::1]:4711\"")],
    ),
    words(
        "Forwarded: obfuscated",
        &[("forwarded", "for=_hidden, for=unknown")],
    ),
    words(
        "Forwarded and X-Forwarded-For",
        &[
            ("forwarded", "for=127.0.0.1"),
            ("x-forwarded-for", "198.51.100.7"),
        ],
    ),
    words("X-Real-IP: loopback", &[("x-real-ip", "127.0.0.1")]),
    words(
        "X-Forwarded-Host: localhost",
        &[("x-forwarded-host", "localhost")],
    ),
    words("Via", &[("via", "1.1 localhost")]),
    words(
        "Tailscale-User-Login",
        &[
            ("tailscale-user-login", "owner@example.com"),
            ("x-forwarded-for", "100.64.1.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "studio.tail1.ts.net"),
        ],
    ),
    words("X-Forwarded-User", &[("x-forwarded-user", "owner")]),
    words(
        "X-Forwarded-User and a guessed secret",
        &[
            ("x-forwarded-user", "owner"),
            ("x-openclaw-proxy-secret", "guess"),
        ],
    ),
    words(
        "x-openclaw-scopes",
        &[("x-openclaw-scopes", "operator.admin")],
    ),
    Words {
        name: "PROXY header: loopback",
        headers: &[],
        proxied: Some(InFront::Client("127.0.0.1")),
    },
    Words {
        name: "PROXY header: LOCAL, with X-Forwarded-User",
        headers: &[("x-forwarded-user", "owner")],
        proxied: Some(InFront::Local),
    },
];

const HOSTS: [(&str, Option<&str>); 6] = [
    ("localhost", Some("localhost:18789")),
    ("loopback address", Some("127.0.0.1:18789")),
    ("LAN address", Some("192.168.1.5:18789")),
    ("own name", Some("studio.local:18789")),
    ("foreign name", Some("rebound.example:18789")),
    ("missing", None),
];

const ORIGINS: [(&str, Option<&str>); 6] = [
    ("none", None),
    ("same as host", Some("=")),
    ("listed", Some("https://claw.example.org")),
    ("localhost", Some("http://localhost:18789")),
    ("foreign", Some("https://evil.example")),
    ("null", Some("null")),
];

/// How the gateway is set up.
#[derive(Clone, Copy)]
struct Setting {
    mode: AuthMode,
    signs_in: bool,
    secret: bool,
}

const SETTINGS: [Setting; 5] = [
    Setting {
        mode: AuthMode::None,
        signs_in: false,
        secret: false,
    },
    Setting {
        mode: AuthMode::Token,
        signs_in: false,
        secret: false,
    },
    Setting {
        mode: AuthMode::Password,
        signs_in: false,
        secret: false,
    },
    Setting {
        mode: AuthMode::Token,
        signs_in: true,
        secret: false,
    },
    Setting {
        mode: AuthMode::Token,
        signs_in: true,
        secret: true,
    },
];

fn peer_policy(setting: Setting) -> PeerPolicy {
    let header = |name: &'static str| HeaderName::from_static(name);
    PeerPolicy {
        // With its own networks listed on top, as careless as it gets.
        trusted_proxies: ["10.0.0.2", "127.0.0.1", "::1", "192.168.1.5"]
            .map(|text| text.parse().unwrap())
            .into(),
        allow_real_ip_fallback: true,
        identity: setting.signs_in.then(|| ProxyIdentityRules {
            user_header: Some(header("x-forwarded-user")),
            required_headers: Vec::new(),
            allow_users: Vec::new(),
            allow_loopback: true,
            secret_header: header("x-openclaw-proxy-secret"),
            secret: setting.secret.then(|| Secret::from("between us")),
        }),
        own_addresses: vec!["192.168.1.5".parse().unwrap()],
        ..PeerPolicy::default()
    }
}

fn policy(setting: Setting) -> Policy {
    Policy {
        mode: setting.mode,
        allow_deviceless: false,
        auto_approve_local: true,
        allow_insecure_auth: false,
        disable_device_auth: false,
        allow_tailscale: true,
        allow_trusted_proxy: setting.signs_in,
        device_auto_approve: Some(ScopeSet::FULL),
    }
}

/// One cell before anybody has shown a credential.
struct Cell<'a> {
    from: &'a From,
    words: &'a Words,
    host: (&'static str, Option<&'static str>),
    origin: (&'static str, Option<&'static str>),
    setting: Setting,
    peer: Peer,
    /// Whether the WebSocket is opened at all.
    upgraded: bool,
}

impl Cell<'_> {
    fn name(&self) -> String {
        format!(
            "{} / {} / host {} / origin {} / {:?}, signs in {}, secret {}",
            self.from.name,
            self.words.name,
            self.host.0,
            self.origin.0,
            self.setting.mode,
            self.setting.signs_in,
            self.setting.secret
        )
    }

    /// The decision for somebody with this credential, on a page or a command line.
    fn decide(&self, credential: Credential, device: Device) -> Admission {
        let identity = match &self.peer.claim {
            // The daemon would confirm it: whoever could say so himself must fail before that.
            Some(Claim::Tailscale(_)) => Some(IdentitySource::Tailscale),
            Some(Claim::Vouched(identity)) => Some(identity.source),
            Some(Claim::Rejected(_)) | None => None,
        };
        let asked: ScopeSet = [Scope::Admin].into_iter().collect();
        let request = admission::Request {
            peer: self.peer.class,
            browser: self.peer.origin.is_some(),
            kind: if self.peer.origin.is_some() {
                ClientKind::ControlUi
            } else {
                ClientKind::Cli
            },
            role: Role::Operator,
            requested: self.peer.scope_cap.map_or(asked, |cap| cap.common(asked)),
            device,
            credential,
            identity,
            identity_scopes: None,
        };
        admission::decide(&request, &policy(self.setting))
    }
}

fn every_cell(mut check: impl FnMut(&Cell<'_>)) {
    let names = Names::new(Some("studio")).with_magic_dns("studio.tail1.ts.net");
    let (origins, _) = OriginPolicy::from_entries(["https://claw.example.org"]);
    for setting in SETTINGS {
        let rules = peer_policy(setting);
        for from in &FROM {
            for words in &WORDS {
                for host in HOSTS {
                    for origin in ORIGINS {
                        let mut headers = HeaderMap::new();
                        for (name, value) in words.headers {
                            headers.append(*name, HeaderValue::from_static(value));
                        }
                        if let Some(host) = host.1 {
                            headers.insert("host", HeaderValue::from_static(host));
                        }
                        let sent = match origin.1 {
                            Some("=") => host.1.map(|host| format!("http://{host}")),
                            other => other.map(str::to_owned),
                        };
                        if let Some(origin) = &sent {
                            headers.insert("origin", HeaderValue::from_str(origin).unwrap());
                        }
                        // From anybody who may not send one the connection ends before HTTP.
                        let may_send = from.listener == ListenerKind::Proxy
                            || from.listener == ListenerKind::Main
                                && from
                                    .socket
                                    .is_some_and(|socket| rules.trusts(socket.parse().unwrap()));
                        if words.proxied.is_some() && !may_send {
                            continue;
                        }
                        let facts = Facts {
                            socket_peer: from.socket.map(|text| text.parse::<IpAddr>().unwrap()),
                            listener: from.listener,
                            secure: false,
                            proxied: words.proxied.map(|header| Proxied {
                                client: match header {
                                    InFront::Client(text) => Some(text.parse().unwrap()),
                                    InFront::Local => None,
                                },
                                secure: None,
                            }),
                            headers: &headers,
                        };
                        let peer = classify(&facts, &rules);
                        let (at, page) = (peer.host.as_deref(), peer.origin.as_deref());
                        let upgraded = origin_verdict(page, at, peer.class, &origins, &names)
                            .is_ok()
                            && host_verdict(
                                at,
                                page.is_some(),
                                RequestKind::Upgrade,
                                peer.scheme(),
                                &origins,
                                &names,
                            )
                            .is_ok();
                        check(&Cell {
                            from,
                            words,
                            host,
                            origin,
                            setting,
                            peer,
                            upgraded,
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn s06_s07_no_cell_lets_a_remote_pass_as_local_or_gives_it_a_name() {
    let (mut cells, mut locals, mut named) = (0, 0, 0);
    every_cell(|cell| {
        cells += 1;
        let name = cell.name();
        let peer = &cell.peer;
        assert_ne!(peer.class, PeerClass::Control, "{name}");
        // Local is only: loopback, by the ordinary port, by a loopback name, with nothing that forwards.
        let is_loopback = cell
            .from
            .socket
            .is_some_and(|text| text.parse::<IpAddr>().unwrap().is_loopback());
        let forwards = !matches!(cell.words.name, "none" | "x-openclaw-scopes");
        let may_be_local = is_loopback
            && cell.from.listener == ListenerKind::Main
            && !forwards
            && matches!(cell.host.0, "localhost" | "loopback address");
        assert_eq!(peer.class == PeerClass::DirectLocal, may_be_local, "{name}");
        locals += usize::from(may_be_local);
        // A proxy names somebody only where nobody else could have: never from this machine without the secret, and never
        // from a stranger. What Tailscale says is looked into on its own listener alone, and then the daemon is asked.
        match &peer.claim {
            Some(Claim::Vouched(_)) => {
                named += 1;
                assert!(
                    cell.from.proxy && cell.setting.signs_in && !cell.setting.secret,
                    "{name}"
                );
                assert!(cell.words.name.contains("X-Forwarded-User"), "{name}");
            }
            Some(Claim::Tailscale(_)) => {
                assert_eq!(cell.from.listener, ListenerKind::Ingress, "{name}");
            }
            Some(Claim::Rejected(_)) | None => {}
        }
        // Pages of others never get as far as a connection.
        if matches!(cell.origin.0, "foreign" | "null") {
            assert!(!cell.upgraded, "{name}");
        }
        if cell.host.0 == "foreign name" && matches!(cell.origin.0, "same as host" | "localhost") {
            let rebound = cell.origin.0 == "same as host";
            assert!(!(rebound && cell.upgraded), "{name}");
        }
        if !cell.upgraded {
            return;
        }
        let unknown = Device::Proven(Standing::Unknown);
        for device in [Device::Absent, unknown] {
            // Nobody from elsewhere comes in with no credential, or a wrong one, unless somebody vouches.
            for credential in [Credential::None, Credential::Wrong] {
                if let Admission::Admit { method, scopes, .. } = cell.decide(credential, device) {
                    match method {
                        Method::None => assert!(
                            may_be_local && cell.setting.mode == AuthMode::None,
                            "{name}"
                        ),
                        Method::Identity(IdentitySource::TrustedProxy) => {
                            assert!(cell.from.proxy, "{name}");
                        }
                        Method::Identity(IdentitySource::Tailscale) => {
                            assert_eq!(cell.from.listener, ListenerKind::Ingress, "{name}");
                            assert!(scopes.is_empty(), "{name}");
                        }
                        other => panic!("{name}: {other:?}"),
                    }
                }
            }
            // The shared secret from elsewhere makes nobody the owner: no scopes without an approved device.
            if peer.class == PeerClass::Remote
                && let Admission::Admit { scopes, method, .. } =
                    cell.decide(Credential::Shared, device)
                && !matches!(method, Method::Identity(IdentitySource::TrustedProxy))
            {
                assert!(scopes.is_empty(), "{name}");
            }
        }
    });
    assert!(cells > 30_000, "{cells}");
    assert!(locals > 0 && named > 0, "{locals} {named}");
}

/// What comes of somebody who shows nothing, in one word.
fn outcome(cell: &Cell<'_>) -> &'static str {
    if !cell.upgraded {
        return "refused";
    }
    if let Some(Claim::Vouched(_)) = cell.peer.claim {
        return "remote, named by the proxy";
    }
    if let Some(Claim::Tailscale(_)) = cell.peer.claim {
        return "remote, the daemon is asked";
    }
    match cell.peer.class {
        PeerClass::DirectLocal => "local",
        PeerClass::Remote => "remote",
        PeerClass::Control => "control",
    }
}

fn render() -> String {
    let mut text = String::from(
        "# Spoof table\n\n\
         Written by the test `s06_the_table_in_the_docs_is_current`; do not edit. Every row is one place a connection comes from, every\n\
         column what somebody may have forged. A cell names what the connection counts as, over every `Host` and every `Origin`:\n\
         `local` needs loopback, the ordinary port, a loopback name and nothing that forwards; `remote` always needs a credential;\n\
         `refused` is the page or the name (Origin and Host rules). The settings are mode `trusted-proxy` with every address of this\n\
         machine listed in `gateway.trustedProxies`, `allowLoopback`, and no secret: the most careless that there is.\n\n",
    );
    let mut table: BTreeMap<(usize, usize), BTreeMap<&'static str, usize>> = BTreeMap::new();
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let position = |from: &From| {
        FROM.iter()
            .position(|other| other.name == from.name)
            .unwrap()
    };
    let column = |words: &Words| {
        WORDS
            .iter()
            .position(|other| other.name == words.name)
            .unwrap()
    };
    let mut total = 0;
    every_cell(|cell| {
        total += 1;
        let outcome = outcome(cell);
        *counts.entry(outcome).or_default() += 1;
        if cell.setting.signs_in && !cell.setting.secret {
            *table
                .entry((column(cell.words), position(cell.from)))
                .or_default()
                .entry(outcome)
                .or_default() += 1;
        }
    });
    let _ = writeln!(
        text,
        "| forged | {} |",
        FROM.map(|from| from.name).join(" | ")
    );
    let _ = writeln!(text, "|---|{}", "---|".repeat(FROM.len()));
    for (row, words) in WORDS.iter().enumerate() {
        let cells: Vec<String> = (0..FROM.len())
            .map(|from| match table.get(&(row, from)) {
                None => "connection closed".to_owned(),
                Some(outcomes) => outcomes.keys().copied().collect::<Vec<_>>().join(", "),
            })
            .collect();
        let _ = writeln!(text, "| {} | {} |", words.name, cells.join(" | "));
    }
    let _ = writeln!(text, "\nAll {total} combinations, with every auth mode:\n");
    let _ = writeln!(text, "| outcome | combinations |\n|---|---|");
    for (outcome, count) in counts {
        let _ = writeln!(text, "| {outcome} | {count} |");
    }
    text.push_str(
        "\nWhat the columns `trusted proxy` and `proxy listener, socket` say is the word of the proxy: it is believed because nobody but\n\
         the proxy can connect there, so the proxy must overwrite these headers. `openclaw gateway proxy-check --print` writes\n\
         configurations that do.\n",
    );
    text
}

#[test]
fn s06_the_table_in_the_docs_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spoof-table.md");
    let rendered = render();
    if Env::from_process().is_one(OPENCLAW_UPDATE_DOCS) {
        std::fs::write(&path, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, rendered,
        "run: OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw-gateway spoof"
    );
}
