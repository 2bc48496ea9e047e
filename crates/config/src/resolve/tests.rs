use serde_json::{Value, json};

use super::*;
use crate::paths::{Paths, ProfileChoice};
use crate::schema::{AuthMode, TailscaleMode};

fn settings(value: &serde_json::Value) -> Settings {
    let (settings, issues) = Settings::from_value(value);
    assert_eq!(issues, []);
    settings
}

fn env(pairs: &[(&str, &str)]) -> Env {
    Env::from_pairs([("HOME", "/h")].into_iter().chain(pairs.iter().copied()))
}

fn paths(env: &Env) -> Paths {
    Paths::resolve_with(env, &ProfileChoice::unset(), &|_| false).unwrap()
}

#[test]
fn d1_flag_beats_environment_beats_config_beats_default() {
    let configured = settings(&json!({"gateway": {
        "port": 3, "bind": "tailnet", "auth": {"token": "config", "mode": "token"}, "tailscale": {"mode": "serve"},
    }}));
    let environment = env(&[
        ("OPENCLAW_GATEWAY_PORT", "2"),
        ("OPENCLAW_GATEWAY_BIND", "lan"),
        ("OPENCLAW_GATEWAY_TOKEN", "env"),
        ("OPENCLAW_GATEWAY_PASSWORD", "pw"),
    ]);
    let flags = GatewayFlags {
        port: Some("1".into()),
        bind: Some("auto".into()),
        token: Some("flag".into()),
        auth: Some("password".into()),
        tailscale: Some("off".into()),
        ..GatewayFlags::default()
    };
    let none = GatewayFlags::default();
    let empty = Env::from_pairs([("HOME", "/h")]);
    // (flags, environment, settings) → port, bind, token, each with its source
    for (flags, environment, settings, expected) in [
        (
            &flags,
            &environment,
            &configured,
            ["1 cli --port", "auto cli --bind", "flag cli --token"],
        ),
        (
            &none,
            &environment,
            &configured,
            [
                "2 env OPENCLAW_GATEWAY_PORT",
                "lan env OPENCLAW_GATEWAY_BIND",
                "env env OPENCLAW_GATEWAY_TOKEN",
            ],
        ),
        (
            &none,
            &empty,
            &configured,
            [
                "3 config gateway.port",
                "tailnet config gateway.bind",
                "config config gateway.auth.token",
            ],
        ),
        (
            &none,
            &empty,
            &Settings::default(),
            ["18789 default", "loopback default", "-"],
        ),
    ] {
        let plan = resolve_gateway(flags, environment, settings, &Profile::default()).unwrap();
        let token = plan.auth.token.map_or("-".into(), |token| {
            format!("{} {}", token.value.expose(), token.source)
        });
        assert_eq!(
            [
                format!("{} {}", plan.port.value, plan.port.source),
                format!("{} {}", plan.bind.value, plan.bind.source),
                token
            ],
            expected
        );
    }
    let plan = resolve_gateway(&flags, &environment, &configured, &Profile::default()).unwrap();
    assert_eq!(
        plan.auth.mode,
        Resolved::new(AuthMode::Password, Source::Flag("--auth"))
    );
    assert_eq!(
        plan.auth.secret().unwrap().source,
        Source::Env("OPENCLAW_GATEWAY_PASSWORD")
    );
    assert_eq!(
        plan.tailscale.mode,
        Resolved::new(TailscaleMode::Off, Source::Flag("--tailscale"))
    );
}

#[test]
fn auth_mode_and_tailscale_identity_have_derived_defaults() {
    for (config, flags, mode, allow_tailscale) in [
        (json!({}), GatewayFlags::default(), AuthMode::Token, false),
        (
            json!({"auth": {"password": "p"}}),
            GatewayFlags::default(),
            AuthMode::Password,
            false,
        ),
        (
            json!({"auth": {"password": " "}}),
            GatewayFlags::default(),
            AuthMode::Token,
            false,
        ),
        (
            json!({"auth": {"mode": "token", "password": "p"}}),
            GatewayFlags::default(),
            AuthMode::Token,
            false,
        ),
        (
            json!({}),
            GatewayFlags {
                password: Some("p".into()),
                ..GatewayFlags::default()
            },
            AuthMode::Password,
            false,
        ),
        (
            json!({"tailscale": {"mode": "serve"}}),
            GatewayFlags::default(),
            AuthMode::Token,
            true,
        ),
        (
            json!({"tailscale": {"mode": "serve"}, "auth": {"password": "p"}}),
            GatewayFlags::default(),
            AuthMode::Password,
            false,
        ),
        (
            json!({"auth": {"allowTailscale": true}}),
            GatewayFlags::default(),
            AuthMode::Token,
            true,
        ),
    ] {
        let settings = settings(&json!({"gateway": config}));
        let plan = resolve_gateway(&flags, &env(&[]), &settings, &Profile::default()).unwrap();
        assert_eq!(
            (plan.auth.mode.value, plan.auth.allow_tailscale.value),
            (mode, allow_tailscale),
            "{config}"
        );
    }
}

#[test]
fn u02_b_every_source_of_the_token_is_named() {
    let configured = settings(&json!({"gateway": {"auth": {"token": "c"}}}));
    let token = |env: &Env| {
        let plan = resolve_gateway(
            &GatewayFlags::default(),
            env,
            &configured,
            &Profile::default(),
        )
        .unwrap();
        plan.auth.token.unwrap().source.to_string()
    };
    let pair = || [("OPENCLAW_GATEWAY_TOKEN".to_owned(), "x".to_owned())];
    assert_eq!(token(&env(&[])), "config gateway.auth.token");
    assert_eq!(
        token(&env(&[]).with_config_block(pair())),
        "config env.OPENCLAW_GATEWAY_TOKEN"
    );
    assert_eq!(
        token(&env(&[]).with_dot_env(pair())),
        ".env OPENCLAW_GATEWAY_TOKEN"
    );
    assert_eq!(
        token(&env(&[("CLAWDBOT_GATEWAY_TOKEN", "y")]).with_dot_env(pair())),
        "env CLAWDBOT_GATEWAY_TOKEN"
    );
}

#[test]
fn wrong_ports_and_modes_name_their_source() {
    let resolve = |flags: &GatewayFlags, pairs: &[(&str, &str)]| {
        resolve_gateway(
            flags,
            &env(pairs),
            &Settings::default(),
            &Profile::default(),
        )
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
    };
    for text in ["abc", "0", "70000", "18789x", "+1", "-1"] {
        assert_eq!(
            resolve(&GatewayFlags::default(), &[("OPENCLAW_GATEWAY_PORT", text)]),
            [format!(
                "OPENCLAW_GATEWAY_PORT: Invalid port \"{text}\" (use a number from 1 to 65535, or unset OPENCLAW_GATEWAY_PORT)"
            )]
        );
        let flags = GatewayFlags {
            port: Some(text.into()),
            ..GatewayFlags::default()
        };
        assert_eq!(
            resolve(&flags, &[]),
            [format!(
                "--port: Invalid port (\"{text}\" is not a port; use a number from 1 to 65535)"
            )]
        );
    }
    let flags = GatewayFlags {
        bind: Some("lann".into()),
        auth: Some("magic".into()),
        tailscale: Some("on".into()),
        ..GatewayFlags::default()
    };
    assert_eq!(
        resolve(&flags, &[]),
        [
            "--auth: Invalid --auth (use \"token\", \"password\", \"none\", or \"trusted-proxy\")",
            "--tailscale: Invalid --tailscale (use \"off\", \"serve\", or \"funnel\")",
            "--bind: Invalid --bind (use \"loopback\", \"lan\", \"tailnet\", \"auto\", or \"custom\") (\"lann\" is neither a mode nor an IP address; did you mean \"lan\"?)",
        ]
    );
    assert_eq!(
        resolve(
            &GatewayFlags::default(),
            &[("OPENCLAW_GATEWAY_BIND", "custom")]
        ),
        [
            "gateway.customBindHost: gateway.bind=custom requires gateway.customBindHost (set gateway.customBindHost, or give the address itself as bind)"
        ]
    );
}

#[test]
fn u07_d_addresses_mean_custom() {
    let configured = settings(&json!({"gateway": {"customBindHost": "10.0.0.1"}}));
    for (bind, expected) in [
        ("192.168.1.5", Some("192.168.1.5 cli --bind")),
        ("[::1]", Some("::1 cli --bind")),
        ("custom", Some("10.0.0.1 config gateway.customBindHost")),
        ("lan", None),
    ] {
        let flags = GatewayFlags {
            bind: Some(bind.into()),
            ..GatewayFlags::default()
        };
        let plan = resolve_gateway(&flags, &env(&[]), &configured, &Profile::default()).unwrap();
        assert_eq!(plan.bind.value == BindMode::Custom, expected.is_some());
        assert_eq!(
            plan.custom_host
                .map(|host| format!("{} {}", host.value, host.source))
                .as_deref(),
            expected
        );
    }
}

#[test]
fn urls_are_normalised_or_refused() {
    for (text, expected) in [
        ("ws://h", Some("ws://h")),
        (
            " https://h.example:8443/a?b=1#c ",
            Some("wss://h.example:8443/a?b=1"),
        ),
        ("HTTP://[::1]:18789", Some("ws://[::1]:18789")),
        ("wss://u:p@h/x", Some("wss://u:p@h/x")),
        ("ws://h:", Some("ws://h:")),
        ("foo", None),
        ("ftp://h", None),
        ("ws://", None),
        ("ws:///path", None),
        ("ws://h:0", None),
        ("ws://h:99999", None),
        ("ws://h h", None),
        ("ws://[::1", None),
        ("ws://a:b:c", None),
    ] {
        assert_eq!(normalize_url(text).ok().as_deref(), expected, "{text}");
    }
    assert_eq!(
        normalize_url("foo").unwrap_err().to_string(),
        "Invalid URL: foo"
    );
}

#[test]
fn client_targets_follow_the_documented_order() {
    let remote = json!({"gateway": {"mode": "remote", "auth": {"token": "own"}, "remote": {
        "url": "https://far", "token": "far-token", "tlsFingerprint": "ab",
    }}});
    let local = json!({"gateway": {"port": 4000, "bind": "lan", "auth": {"token": "own"}, "remote": {"url": "ws://far", "token": "far-token"}}});
    let url_flag = ClientFlags {
        url: Some("ws://other".into()),
        ..ClientFlags::default()
    };
    let url_and_token = ClientFlags {
        token: Some("given".into()),
        ..url_flag.clone()
    };
    let none = ClientFlags::default();
    let env_token: &[(&str, &str)] = &[
        ("OPENCLAW_GATEWAY_TOKEN", "env"),
        ("OPENCLAW_GATEWAY_PORT", "4001"),
    ];
    let env_url: &[(&str, &str)] = &[("OPENCLAW_GATEWAY_URL", "http://viaenv")];
    // (flags, environment, config) → url, source, token
    for (flags, pairs, config, expected) in [
        (
            &url_flag,
            env_token,
            &local,
            ["ws://other", "cli --url", "-"],
        ),
        (
            &url_and_token,
            env_token,
            &remote,
            ["ws://other", "cli --url", "given"],
        ),
        (
            &none,
            env_url,
            &local,
            ["ws://viaenv", "env OPENCLAW_GATEWAY_URL", "-"],
        ),
        (
            &none,
            &[][..],
            &remote,
            ["wss://far", "config gateway.remote.url", "far-token"],
        ),
        (
            &none,
            env_token,
            &remote,
            ["wss://far", "config gateway.remote.url", "env"],
        ),
        (
            &none,
            &[][..],
            &local,
            ["ws://127.0.0.1:4000", "local loopback", "own"],
        ),
        (
            &none,
            env_token,
            &local,
            ["ws://127.0.0.1:4001", "local loopback", "env"],
        ),
    ] {
        let env = env(pairs);
        let target = resolve_client_target(
            flags,
            &env,
            &settings(config),
            &paths(&env),
            MissingRemote::Refuse,
        )
        .unwrap();
        let token = target
            .token
            .as_ref()
            .map_or("-", |token| token.value.expose());
        assert_eq!(
            [target.url.as_str(), &target.url_source.to_string(), token],
            expected
        );
        assert_eq!(target.is_local(), target.bind.is_some());
    }
}

#[test]
fn u02_d_the_local_cli_never_needs_the_remote_token() {
    let env = env(&[]);
    let configured =
        settings(&json!({"gateway": {"auth": {"token": "own"}, "tls": {"enabled": true}}}));
    let target = resolve_client_target(
        &ClientFlags::default(),
        &env,
        &configured,
        &paths(&env),
        MissingRemote::Refuse,
    )
    .unwrap();
    assert_eq!(target.token.as_ref().unwrap().value.expose(), "own");
    assert_eq!(
        target.details(),
        "Gateway target: wss://127.0.0.1:18789\nSource: local loopback\nConfig: /h/.openclaw/openclaw.json\nBind: loopback"
    );
}

#[test]
fn remote_mode_without_url_is_refused_or_falls_back() {
    let env = env(&[]);
    let configured = settings(&json!({"gateway": {"mode": "remote"}}));
    let resolve = |missing| {
        resolve_client_target(
            &ClientFlags::default(),
            &env,
            &configured,
            &paths(&env),
            missing,
        )
    };
    assert_eq!(
        resolve(MissingRemote::Refuse).unwrap_err().to_string(),
        "gateway remote mode misconfigured: gateway.remote.url missing\nConfig: /h/.openclaw/openclaw.json\nFix: set gateway.remote.url, or set gateway.mode=local."
    );
    let target = resolve(MissingRemote::FallBackToLocal).unwrap();
    assert!(target.is_local());
    assert!(target.details().ends_with("\nBind: loopback\nWarn: gateway.mode=remote but gateway.remote.url is missing; set gateway.remote.url or switch gateway.mode=local."));
    assert_eq!(
        target.url_source.to_string(),
        "missing gateway.remote.url (fallback local)"
    );
    let garbage = settings(&json!({"gateway": {"mode": "remote", "remote": {"url": "ftp://x"}}}));
    let error = resolve_client_target(
        &ClientFlags::default(),
        &env,
        &garbage,
        &paths(&env),
        MissingRemote::Refuse,
    )
    .unwrap_err();
    assert_eq!(error.to_string(), "Invalid URL: ftp://x");
}

#[test]
fn u33_the_tls_mode_comes_from_flag_environment_file_or_switch() {
    let none: &[(&str, &str)] = &[];
    let environment: &[(&str, &str)] = &[("OPENCLAW_GATEWAY_TLS", "files")];
    let flag = |mode: &str| TlsFlags {
        mode: Some(mode.to_owned()),
        ..TlsFlags::default()
    };
    let domain = TlsFlags {
        domains: vec!["Claw.example.org.".to_owned()],
        ..TlsFlags::default()
    };
    let agreed = TlsFlags {
        agree_to_terms: true,
        ..domain.clone()
    };
    let files = json!({"mode": "auto", "certPath": "/c", "keyPath": "/k"});
    // (flags, environment, gateway.tls) → mode and its source, whether the pair may be made
    for (flags, variables, tls, expected, made) in [
        (TlsFlags::default(), none, json!({}), "off default", false),
        (
            TlsFlags::default(),
            none,
            json!({"enabled": true}),
            "self config gateway.tls.enabled",
            true,
        ),
        (
            TlsFlags::default(),
            none,
            json!({"enabled": true, "autoGenerate": false}),
            "files config gateway.tls.enabled",
            false,
        ),
        (
            TlsFlags::default(),
            none,
            json!({"enabled": true, "mode": "off"}),
            "off config gateway.tls.mode",
            false,
        ),
        (
            TlsFlags::default(),
            none,
            json!({"mode": "self"}),
            "self config gateway.tls.mode",
            false,
        ),
        (
            TlsFlags::default(),
            environment,
            json!({"mode": "self"}),
            "files env OPENCLAW_GATEWAY_TLS",
            false,
        ),
        (
            flag("ACME"),
            environment,
            json!({"mode": "self"}),
            "acme cli --tls",
            false,
        ),
        (flag("auto"), none, files, "files cli --tls", false),
        (flag("auto"), none, json!({}), "self cli --tls", false),
        (domain, none, json!({}), "self cli --domain", false),
        (agreed, none, json!({}), "acme cli --domain", false),
        (
            TlsFlags::default(),
            none,
            json!({"mode": "auto", "domains": ["a.example"], "acme": {"agreeToTerms": true}}),
            "acme config gateway.tls.mode",
            false,
        ),
    ] {
        let settings = settings(&json!({"gateway": {"tls": tls}}));
        let plan = resolve_tls(&flags, &env(variables), &settings).unwrap();
        let shown = format!("{} {}", plan.mode.value, plan.mode.source);
        assert_eq!(
            (shown.as_str(), plan.files_may_be_made),
            (expected, made),
            "{tls}"
        );
    }
}

#[test]
fn u33_domains_are_names_and_nothing_else() {
    let flags = |domains: &[&str]| TlsFlags {
        domains: domains.iter().map(|name| (*name).to_owned()).collect(),
        ..TlsFlags::default()
    };
    let configured =
        settings(&json!({"gateway": {"tls": {"domains": ["a.example", "not a name"]}}}));
    let empty = env(&[]);
    let plan = resolve_tls(&TlsFlags::default(), &empty, &configured).unwrap();
    assert_eq!(plan.domains.value, ["a.example"]);
    assert_eq!(
        plan.domains.source.to_string(),
        "config gateway.tls.domains"
    );
    let typed = flags(&["B.example.,c.example", "b.example"]);
    let plan = resolve_tls(&typed, &empty, &configured).unwrap();
    assert_eq!(plan.domains.value, ["b.example", "c.example"]);
    for wrong in [
        "https://a.example",
        "a.example:443",
        "10.0.0.1",
        "",
        "-a.example",
        "a..b",
    ] {
        let issue = resolve_tls(&flags(&[wrong]), &empty, &configured).unwrap_err();
        assert!(
            issue.message.starts_with("Invalid --domain"),
            "{wrong}: {issue}"
        );
        assert!(issue.hint.is_some());
    }
    let issue = resolve_tls(
        &TlsFlags {
            mode: Some("slef".into()),
            ..TlsFlags::default()
        },
        &empty,
        &configured,
    );
    assert_eq!(
        issue.unwrap_err().to_string(),
        "--tls: Invalid --tls (use \"off\", \"self\", \"files\", \"acme\", or \"auto\") (did you mean \"self\"?)"
    );
}

#[test]
fn u29_transport_ssh_needs_a_host_and_no_url() {
    let env = env(&[]);
    let resolve = |remote: Value| {
        resolve_client_target(
            &ClientFlags::default(),
            &env,
            &settings(&json!({"gateway": {"mode": "remote", "remote": remote}})),
            &paths(&env),
            MissingRemote::Refuse,
        )
    };
    let target = resolve(json!({"transport": "ssh", "sshTarget": "me@gw", "token": "t"})).unwrap();
    assert_eq!(target.url, "ws://127.0.0.1:18789");
    assert_eq!(
        target.url_source.to_string(),
        "config gateway.remote.sshTarget"
    );
    assert!(!target.is_local());
    assert!(target.details().ends_with(
        "\nTransport: ssh me@gw (config gateway.remote.sshTarget), gateway port 18789 there"
    ));
    let error = resolve(json!({"transport": "ssh", "url": "ws://127.0.0.1:18789"})).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("gateway.remote.sshTarget <user@host>"),
        "{error}"
    );
    let direct = resolve(json!({"transport": "direct", "url": "ws://gw", "sshTarget": "me@gw"}));
    assert_eq!(direct.unwrap().ssh, None);
}

#[test]
fn edge_headers_go_to_the_configured_host_over_tls_only() {
    let env = env(&[("EDGE_KEY", "from-env")]);
    let remote = |url: &str, extra: Value| {
        let mut remote = json!({"url": url, "edgeAuth": {
            "CF-Access-Client-Id": "id",
            "X-Key": {"source": "env", "provider": "default", "id": "EDGE_KEY"},
        }});
        remote
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        settings(&json!({"gateway": {"mode": "remote", "remote": remote}}))
    };
    let resolve = |configured: &Settings, flags: &ClientFlags| {
        resolve_client_target(flags, &env, configured, &paths(&env), MissingRemote::Refuse)
    };
    let none = ClientFlags::default();
    let target = resolve(&remote("wss://gw.example", json!({})), &none).unwrap();
    let sent: Vec<_> = target
        .edge_headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(sent, [("CF-Access-Client-Id", "id"), ("X-Key", "from-env")]);
    assert!(!format!("{target:?}").contains("from-env"));
    for (configured, flags) in [
        (remote("ws://gw.example", json!({})), none.clone()),
        (
            remote("wss://gw.example", json!({"transport": "ssh"})),
            none.clone(),
        ),
        (
            remote("wss://gw.example", json!({})),
            ClientFlags {
                url: Some("wss://gw.example".to_owned()),
                ..none.clone()
            },
        ),
    ] {
        assert_eq!(resolve(&configured, &flags).unwrap().edge_headers, []);
    }
    let unset = settings(&json!({"gateway": {"mode": "remote", "remote": {
        "url": "wss://gw.example", "edgeAuth": {"X-Key": {"source": "env", "id": "NOT_SET"}},
    }}}));
    assert_eq!(
        resolve(&unset, &none).unwrap_err().to_string(),
        "gateway.remote.edgeAuth.X-Key: the variable NOT_SET is not set (set it, or write the value into the config)"
    );
}

#[test]
fn u18_in_a_container_the_default_bind_is_all_interfaces() {
    let inside = ("OPENCLAW_IN_CONTAINER", "1");
    let nothing = GatewayFlags::default();
    let with = |auth: &str, tailscale: &str| GatewayFlags {
        auth: (!auth.is_empty()).then(|| auth.to_owned()),
        tailscale: (!tailscale.is_empty()).then(|| tailscale.to_owned()),
        ..GatewayFlags::default()
    };
    let bound = GatewayFlags {
        bind: Some("loopback".to_owned()),
        ..GatewayFlags::default()
    };
    let lan = "lan (default in a container)";
    let loopback = "loopback (default)";
    for (variables, config, flags, expected) in [
        (&[][..], json!({}), &nothing, loopback),
        (&[inside], json!({}), &nothing, lan),
        (
            &[inside, ("OPENCLAW_GATEWAY_BIND", "loopback")],
            json!({}),
            &nothing,
            "loopback (env OPENCLAW_GATEWAY_BIND)",
        ),
        (
            &[inside],
            json!({ "bind": "loopback" }),
            &nothing,
            "loopback (config gateway.bind)",
        ),
        (&[inside], json!({}), &bound, "loopback (cli --bind)"),
        // Never open without a credential; and Tailscale comes over loopback.
        (
            &[inside],
            json!({ "auth": { "mode": "none" } }),
            &nothing,
            loopback,
        ),
        (&[inside], json!({}), &with("none", ""), loopback),
        (
            &[inside],
            json!({ "auth": { "mode": "none" } }),
            &with("token", ""),
            lan,
        ),
        (
            &[inside],
            json!({ "tailscale": { "mode": "serve" } }),
            &nothing,
            loopback,
        ),
        (&[inside], json!({}), &with("", "funnel"), loopback),
    ] {
        let settings = settings(&json!({ "gateway": config }));
        let env = env(variables);
        let profile = paths(&env).profile;
        let plan = resolve_gateway(flags, &env, &settings, &profile).unwrap();
        let told = format!("{} ({})", plan.bind.value, plan.bind.source);
        assert_eq!(told, expected, "{variables:?} {config} {flags:?}");
    }
}
