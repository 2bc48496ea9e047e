use openclaw_config::Env;
use openclaw_config::exec_approvals::parse_lenient;
use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
use serde_json::json;

use super::files::{FileFact, Kind};
use super::*;

const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// Ids and severities of a config, and of files, without the summary.
fn found(config: &Value, listening: &[&str], files: &[FileFact]) -> Vec<(&'static str, Severity)> {
    let (settings, _) = Settings::from_value(config);
    let env = Env::from_pairs(std::iter::empty::<(&str, &str)>());
    let profile = Profile::default();
    let plan = resolve_gateway(&GatewayFlags::default(), &env, &settings, &profile)
        .map_err(|issues| format!("{issues:?}"))
        .unwrap();
    let listening: Vec<SocketAddr> = listening.iter().map(|text| text.parse().unwrap()).collect();
    let interfaces = [InterfaceAddress {
        name: "eth0".into(),
        index: 2,
        address: "198.18.0.7".parse().unwrap(),
        point_to_point: false,
    }];
    let exec = parse_lenient(&config["exec"]).0;
    let certificate = config["notAfterDays"].as_i64().map(|days| tls::Facts {
        fingerprint: "ab".into(),
        names: crate::tls::Names::default(),
        not_before_ms: 0,
        not_after_ms: days * 86_400_000,
        own: true,
    });
    let report = audit(&Facts {
        settings: &settings,
        authored: config,
        plan: &plan,
        listening: &listening,
        token_to_come: config["tokenToCome"] == true,
        interfaces: &interfaces,
        certificate: certificate.as_ref(),
        exec: exec.as_ref().filter(|_| !config["exec"].is_null()),
        files,
        pairing: &PairingFacts {
            unused: config["unused"]
                .as_i64()
                .map(|days| UnusedDevice {
                    device_id: "d0".into(),
                    name: "Phone".into(),
                    days,
                })
                .into_iter()
                .collect(),
            open_codes: usize::from(config["codes"] == true),
        },
        profile: &profile,
        now_ms: 0,
    });
    let worst_first = report
        .findings
        .windows(2)
        .all(|pair| pair[0].severity <= pair[1].severity);
    assert!(worst_first);
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.severity == Severity::Info
                || finding.remediation.is_some()
                || finding.check_id.ends_with("symlink"))
    );
    report
        .findings
        .iter()
        .filter(|finding| {
            !["summary.attack_surface", "gateway.trusted_proxies_missing"]
                .contains(&finding.check_id)
        })
        .map(|finding| (finding.check_id, finding.severity))
        .collect()
}

/// Settings, addresses that are listened on, what is found.
type Case<'a> = (Value, &'a [&'a str], Vec<(&'a str, Severity)>);

#[test]
fn u11_what_is_dangerous_is_found_and_what_is_not_is_not() {
    use Severity::{Critical, Info, Warn};
    let gateway = |mut more: Value| {
        if more["auth"].is_null() {
            more["auth"] = json!({ "mode": "token", "token": TOKEN });
        }
        json!({ "gateway": more })
    };
    let mut books = gateway(json!({}));
    books["unused"] = json!(91);
    books["codes"] = json!(true);
    let cases: Vec<Case<'_>> = vec![
        (gateway(json!({})), &["127.0.0.1:18789"], vec![]),
        (
            books,
            &["127.0.0.1:18789"],
            vec![
                ("pairing.devices_unused", Warn),
                ("pairing.setup_codes_open", Info),
            ],
        ),
        (
            gateway(json!({ "auth": { "mode": "none" } })),
            &[],
            vec![("gateway.loopback_no_auth", Critical)],
        ),
        (
            gateway(json!({ "bind": "lan", "auth": { "mode": "none" } })),
            &[],
            vec![
                ("gateway.bind_no_auth", Critical),
                ("gateway.public_without_tls", Critical),
            ],
        ),
        (
            json!({ "tokenToCome": true, "gateway": { "bind": "lan", "tls": { "mode": "self" } } }),
            &[],
            vec![("gateway.token_to_come", Info)],
        ),
        (
            json!({ "gateway": { "bind": "lan", "tls": { "mode": "self" } } }),
            &[],
            vec![("gateway.bind_no_auth", Critical)],
        ),
        (
            gateway(json!({ "bind": "lan" })),
            &["0.0.0.0:18789"],
            vec![("gateway.public_without_tls", Critical)],
        ),
        (
            gateway(json!({ "bind": "lan" })),
            &["192.168.1.5:18789"],
            vec![("gateway.lan_without_tls", Warn)],
        ),
        (
            gateway(json!({ "bind": "lan", "tls": { "mode": "self" } })),
            &["0.0.0.0:18789"],
            vec![],
        ),
        (
            gateway(json!({ "bind": "lan", "tls": { "mode": "self", "plainHttp": "allow" } })),
            &["0.0.0.0:18789"],
            vec![("gateway.tls.plain_http_allowed", Warn)],
        ),
        (
            gateway(json!({ "bind": "tailnet" })),
            &["100.64.1.2:18789"],
            vec![],
        ),
        (
            gateway(json!({ "auth": { "mode": "token", "token": "abc" } })),
            &[],
            vec![
                ("gateway.token_too_short", Warn),
                ("gateway.token_weak", Warn),
            ],
        ),
        (
            gateway(
                json!({ "bind": "lan", "auth": { "mode": "token", "token": "aaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }),
            ),
            &["10.0.0.1:1"],
            vec![
                ("gateway.token_weak", Critical),
                ("gateway.lan_without_tls", Warn),
            ],
        ),
        (
            gateway(json!({ "auth": { "mode": "password", "password": "password1234" } })),
            &[],
            vec![
                ("gateway.password_weak", Warn),
                ("config.secrets.gateway_password_in_config", Warn),
            ],
        ),
        (
            gateway(
                json!({ "auth": { "mode": "token", "token": TOKEN, "allowDeviceless": true } }),
            ),
            &[],
            vec![("gateway.auth.allow_deviceless", Warn)],
        ),
        (
            gateway(
                json!({ "auth": { "mode": "token", "token": TOKEN, "rateLimit": { "maxAttempts": 100_000 } } }),
            ),
            &[],
            vec![("gateway.auth.rate_limit_wide", Warn)],
        ),
        (
            gateway(
                json!({ "controlUi": { "allowInsecureAuth": true, "dangerouslyDisableDeviceAuth": true, "allowedOrigins": ["*", "http://box.example"] } }),
            ),
            &[],
            vec![
                ("gateway.control_ui.insecure_auth", Critical),
                ("gateway.control_ui.device_auth_disabled", Critical),
                ("gateway.control_ui.origins_wildcard", Critical),
                ("gateway.control_ui.origins_plain", Info),
            ],
        ),
        (
            gateway(json!({ "trustedProxies": ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.7"] })),
            &[],
            vec![
                ("gateway.trusted_proxies_wide", Critical),
                ("gateway.trusted_proxies_broad", Warn),
            ],
        ),
        (
            gateway(
                json!({ "auth": { "mode": "trusted-proxy", "trustedProxy": { "userHeader": "x-user", "allowLoopback": true } } }),
            ),
            &[],
            vec![
                ("gateway.trusted_proxy_none", Warn),
                ("gateway.trusted_proxy_users", Warn),
                ("gateway.trusted_proxy_loopback", Warn),
            ],
        ),
        (
            gateway(json!({ "tailscale": { "mode": "serve" } })),
            &[],
            vec![("gateway.tailscale_serve", Info)],
        ),
        (
            gateway(json!({ "tailscale": { "mode": "funnel" } })),
            &[],
            vec![
                ("gateway.tailscale_funnel", Critical),
                ("gateway.tailscale_funnel_auth", Critical),
            ],
        ),
        (
            gateway(
                json!({ "nodes": { "allowCommands": ["*", "camera.snap"], "pairing": { "autoApproveCidrs": ["0.0.0.0/0", "10.0.0.0/8", "192.168.1.0/24"] } } }),
            ),
            &[],
            vec![
                ("gateway.nodes.allow_commands_all", Critical),
                ("gateway.nodes.auto_approve_wide", Critical),
                ("gateway.nodes.allow_commands_dangerous", Warn),
                ("gateway.nodes.auto_approve_broad", Warn),
            ],
        ),
        (
            gateway(json!({ "remote": { "url": "ws://gw.example.org", "token": TOKEN } })),
            &[],
            vec![
                ("gateway.token_reuse", Warn),
                ("gateway.remote_plaintext", Warn),
            ],
        ),
        (
            gateway(json!({ "remote": { "url": "ws://127.0.0.1:18789", "token": TOKEN } })),
            &[],
            vec![],
        ),
        (
            json!({ "gateway": { "auth": { "token": TOKEN } }, "hooks": { "enabled": true, "token": TOKEN, "path": "/" } }),
            &[],
            vec![
                ("hooks.path_root", Critical),
                ("hooks.token_reuse_gateway_token", Warn),
                ("config.secrets.hooks_token_in_config", Info),
            ],
        ),
        (
            json!({ "gateway": { "bind": "lan", "tls": { "mode": "self" }, "auth": { "token": TOKEN } }, "discovery": { "mdns": { "mode": "full" }, "wideArea": { "enabled": true, "domain": "x.example" } }, "logging": { "redactSensitive": "off" } }),
            &[],
            vec![
                ("discovery.mdns_full", Warn),
                ("logging.redact_off", Warn),
                ("discovery.wide_area", Info),
            ],
        ),
        (
            json!({ "gateway": { "tls": { "mode": "self" }, "auth": { "token": TOKEN } }, "notAfterDays": 3 }),
            &[],
            vec![("gateway.tls.certificate_expiring", Warn)],
        ),
        (
            json!({ "gateway": { "tls": { "mode": "self" }, "auth": { "token": TOKEN } }, "notAfterDays": -3 }),
            &[],
            vec![("gateway.tls.certificate_expired", Critical)],
        ),
        (
            json!({ "gateway": { "auth": { "token": TOKEN } }, "exec": { "version": 1, "defaults": { "security": "full" }, "agents": { "main": { "security": "full", "ask": "always" } } } }),
            &[],
            vec![("node.exec_full", Warn)],
        ),
    ];
    for (config, listening, expected) in cases {
        let mut got = found(&config, listening, &[]);
        let mut expected = expected;
        got.sort_unstable();
        expected.sort_unstable();
        assert_eq!(got, expected, "{config}");
    }
}

#[test]
fn modes_of_files_are_judged_by_what_they_hold() {
    use Severity::{Critical, Warn};
    let config = json!({ "gateway": { "auth": { "token": TOKEN } } });
    for (kind, mode, expected) in [
        (Kind::StateDir, 0o700, None),
        (
            Kind::StateDir,
            0o755,
            Some(("fs.state_dir.perms_readable", Warn)),
        ),
        (
            Kind::StateDir,
            0o777,
            Some(("fs.state_dir.perms_world_writable", Critical)),
        ),
        (
            Kind::StateDir,
            0o770,
            Some(("fs.state_dir.perms_group_writable", Warn)),
        ),
        (Kind::Config, 0o600, None),
        (
            Kind::Config,
            0o644,
            Some(("fs.config.perms_world_readable", Critical)),
        ),
        (
            Kind::Config,
            0o640,
            Some(("fs.config.perms_group_readable", Warn)),
        ),
        (
            Kind::Config,
            0o666,
            Some(("fs.config.perms_writable", Critical)),
        ),
        (
            Kind::Database,
            0o644,
            Some(("fs.database.perms_readable", Critical)),
        ),
        (
            Kind::Identity,
            0o644,
            Some(("fs.identity.perms_readable", Critical)),
        ),
        (
            Kind::TlsKey,
            0o640,
            Some(("fs.tls_key.perms_readable", Warn)),
        ),
        (Kind::Log, 0o644, Some(("fs.log_file.perms_readable", Warn))),
        (Kind::Unit, 0o644, None),
        (
            Kind::Unit,
            0o666,
            Some(("fs.unit.perms_writable", Critical)),
        ),
    ] {
        let file = FileFact {
            kind,
            path: "/x/y".into(),
            mode: Some(mode),
            is_link: false,
            has_secret: false,
        };
        let got = found(&config, &[], &[file]);
        assert_eq!(
            got,
            expected.into_iter().collect::<Vec<_>>(),
            "{kind:?} {mode:o}"
        );
    }
    let unit = FileFact {
        kind: Kind::Unit,
        path: "/u".into(),
        mode: Some(0o644),
        is_link: false,
        has_secret: true,
    };
    assert_eq!(found(&config, &[], &[unit]), [("fs.unit.secret", Critical)]);
}

#[test]
fn modes_are_mended_once_and_links_are_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, "x").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let wanted = Mend {
        path: path.clone(),
        mode: 0o600,
    };
    assert_eq!(files::mend(&wanted), Ok(()));
    assert_eq!(files::mend(&wanted), Err("already".to_owned()));
    let link = folder.path().join("b");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let linked = Mend {
        path: link,
        ..wanted
    };
    assert_eq!(files::mend(&linked), Err("symlink".to_owned()));
}
