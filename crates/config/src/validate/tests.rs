use serde_json::json;

use super::*;

#[test]
fn wrong_values_have_the_known_texts() {
    for (config, path, message, hint) in [
        (
            json!({"gateway": {"port": "x"}}),
            "gateway.port",
            "Invalid input: expected number, received string",
            None,
        ),
        (
            json!({"gateway": {"port": 1.5}}),
            "gateway.port",
            "Invalid input: expected int, received number",
            Some("a whole number from 1 to 65535"),
        ),
        (
            json!({"gateway": {"port": 0}}),
            "gateway.port",
            "Too small: expected number to be >0",
            Some("a whole number from 1 to 65535"),
        ),
        (
            json!({"gateway": {"port": 70000}}),
            "gateway.port",
            "Too big: expected number to be <=65535",
            Some("a whole number from 1 to 65535"),
        ),
        (
            json!({"gateway": {"reload": {"debounceMs": -1}}}),
            "gateway.reload.debounceMs",
            "Too small: expected number to be >=0",
            Some("a whole number, at least 0"),
        ),
        (
            json!({"gateway": []}),
            "gateway",
            "Invalid input: expected object, received array",
            None,
        ),
        (
            json!({"gateway": {"auth": {"mode": "tokn"}}}),
            "gateway.auth.mode",
            "Invalid input",
            Some("allowed: token, password, none, trusted-proxy; did you mean \"token\"?"),
        ),
        (
            json!({"gateway": {"trustedProxies": ["10.0.0.1", 5]}}),
            "gateway.trustedProxies.1",
            "Invalid input: expected string, received number",
            None,
        ),
        (
            json!({"gateway": {"controlUi": {"enabled": null}}}),
            "gateway.controlUi.enabled",
            "Invalid input: expected boolean, received null",
            None,
        ),
        (
            json!({"gateway": {"remote": {"url": "foo"}}}),
            "gateway.remote.url",
            "Invalid input",
            Some("a URL that starts with ws://, wss://, http:// or https://"),
        ),
        (
            json!({"env": {"X": 1}}),
            "env.X",
            "Invalid input: expected string, received number",
            None,
        ),
        (
            json!({"env": {"vars": {"X": true}}}),
            "env.vars.X",
            "Invalid input: expected string, received boolean",
            None,
        ),
        (
            json!([]),
            "",
            "Invalid input: expected object, received array",
            None,
        ),
        (
            json!({"gateway": {"auth": {"token": {"source": "env", "id": "T"}}}}),
            "gateway.auth.token",
            "Invalid input: expected string, received object",
            Some("secret references are not supported; write the text or ${NAME}"),
        ),
        (
            json!({"gateway": {"auth": {"token": "__OPENCLAW_REDACTED__"}}}),
            "gateway.auth.token",
            "Invalid input: the redacted placeholder is not a value",
            Some("enter the real value"),
        ),
    ] {
        let errors = validate(&config).errors;
        let expected = Issue {
            path: path.into(),
            message: message.into(),
            hint: hint.map(Into::into),
        };
        assert_eq!(errors, [expected], "{config}");
    }
    let long = "x".repeat(51);
    assert_eq!(
        validate(&json!({"ui": {"assistant": {"name": long}}})).errors[0].line(),
        "ui.assistant.name: Too big: expected string to have <=50 characters"
    );
}

#[test]
fn u07_d_bind_errors_list_the_allowed_values_and_the_nearest() {
    let issue = |bind: &str| {
        validate(&json!({"gateway": {"bind": bind}}))
            .errors
            .first()
            .map(ToString::to_string)
    };
    assert_eq!(
        issue("lann").as_deref(),
        Some(
            "gateway.bind: Invalid input (allowed: auto, lan, loopback, custom, tailnet, an IP address, an interface such as wg0 or a CIDR range; did you mean \"lan\"?)"
        )
    );
    for accepted in [
        "auto",
        "lan",
        "loopback",
        "custom",
        "tailnet",
        "192.168.1.5",
        "::1",
        "[::1]",
    ] {
        assert_eq!(issue(accepted), None, "{accepted}");
    }
}

#[test]
fn a_fingerprint_has_64_hex_digits_and_a_wrong_one_is_not_written() {
    let left_out = |text: &str| {
        let report = validate(&json!({"gateway": {"remote": {"tlsFingerprint": text}}}));
        assert_eq!(report.errors, [], "{text}");
        assert_eq!(report.left_out, report.warnings, "{text}");
        report.left_out.len()
    };
    let hex = "0aB1".repeat(16);
    let colons: Vec<&str> = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap())
        .collect();
    for good in [
        hex.as_str(),
        &colons.join(":"),
        &format!("sha256:{hex}"),
        &format!("SHA256 Fingerprint={}", colons.join(":")),
        "${PIN}",
        "",
    ] {
        assert_eq!(left_out(good), 0, "{good}");
    }
    for bad in [
        "deadbeef",
        &hex[1..],
        &format!("{hex}0"),
        &hex.replace('a', "g").replace('0', "x"),
    ] {
        assert_eq!(left_out(bad), 1, "{bad}");
    }
    let number = validate(&json!({"gateway": {"remote": {"tlsFingerprint": 7}}}));
    assert_eq!(number.errors.len(), 1);
}

#[test]
fn u07_a_unknown_keys_are_warnings() {
    let report = validate(&json!({
        "bar": 1,
        "gateway": {"foo": 1, "prot": 2, "auth": {"tokn": "x"}, "tls": {"extra": 1}, "discovery": {"enabled": true}},
        "agents": {"whatever": [1]}, "nodeHost": {"future": 1}, "tools": {"exec": {"host": "node"}},
    }));
    assert_eq!(report.errors, []);
    let warnings: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "<root>: Unrecognized key: \"bar\"",
            "gateway: Unrecognized key: \"foo\"",
            "gateway: Unrecognized key: \"prot\" (did you mean \"port\"?)",
            "gateway.auth: Unrecognized key: \"tokn\" (did you mean \"token\"?)",
        ]
    );
}

#[test]
fn keys_that_need_each_other_are_warnings() {
    let warnings = |config: Value| {
        let report = validate(&config);
        assert_eq!(report.errors, []);
        report
            .warnings
            .iter()
            .map(|issue| issue.path.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        warnings(json!({"gateway": {"bind": "custom"}})),
        ["gateway.bind"]
    );
    assert_eq!(
        warnings(json!({"gateway": {"bind": "custom", "customBindHost": "10.0.0.1"}})),
        [""; 0]
    );
    assert_eq!(
        warnings(json!({"gateway": {"auth": {"mode": "trusted-proxy"}}})),
        ["gateway.auth.trustedProxy.userHeader"]
    );
    assert_eq!(
        warnings(json!({"gateway": {"trustedProxies": ["proxy.local", "10.0.0.0/8"]}})),
        ["gateway.trustedProxies.0"]
    );
    assert_eq!(
        warnings(json!({"env": {"shellEnv": {"enabled": true}}})),
        ["env.shellEnv.enabled"]
    );
}

#[test]
fn issues_name_the_section_they_break() {
    for (path, section, concerns_gateway) in [
        ("", "<root>", true),
        ("gateway", "gateway", true),
        ("gateway.auth.token", "gateway.auth", true),
        ("logging.level", "logging", false),
        ("discovery.mdns.mode", "discovery", false),
    ] {
        let issue = Issue::new(path, "x");
        assert_eq!(
            (issue.section().as_str(), issue.concerns_gateway()),
            (section, concerns_gateway),
            "{path}"
        );
    }
}

#[test]
fn ip_ranges() {
    for (text, expected) in [
        ("10.0.0.1", true),
        ("10.0.0.0/8", true),
        ("::1", true),
        ("fd00::/7", true),
        ("10.0.0.0/33", false),
        ("fd00::/129", false),
        ("10.0.0.0/", false),
        ("10.0.0.0/+8", false),
        ("host", false),
    ] {
        assert_eq!(is_ip_range(text), expected, "{text}");
    }
}

#[test]
fn a_wide_area_domain_is_a_domain_of_unicast_dns() {
    for (domain, fine) in [
        ("openclaw.internal", true),
        ("openclaw.internal.", true),
        ("gw", true),
        ("a_b.example", true),
        ("local", false),
        ("claw.Local.", false),
        ("", false),
        ("a..b", false),
        ("-a.b", false),
        ("a b", false),
        ("10.0.0.1", false),
    ] {
        let report = validate(&json!({"discovery": {"wideArea": {"domain": domain}}}));
        assert_eq!(report.errors.is_empty(), fine, "{domain}: {report:?}");
    }
    let long = format!("{}.internal", "x".repeat(63).repeat(3));
    assert!(!is_dns_domain(&long));
}

#[test]
fn u33_tls_keys_that_do_nothing_together_are_named() {
    let warned = |tls: serde_json::Value| -> Vec<String> {
        let report = validate(&json!({"gateway": {"tls": tls}}));
        assert_eq!(report.errors, []);
        report
            .warnings
            .iter()
            .map(|issue| issue.path.clone())
            .collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(warned(json!({"enabled": true, "mode": "self"})), none);
    assert_eq!(
        warned(json!({"enabled": false, "mode": "self"})),
        ["gateway.tls.enabled"]
    );
    assert_eq!(
        warned(json!({"domains": ["a.example", "a b"]})),
        ["gateway.tls.domains"]
    );
    assert_eq!(
        warned(json!({"mode": "acme"})),
        ["gateway.tls.domains", "gateway.tls.acme.agreeToTerms"]
    );
    assert_eq!(
        warned(json!({"mode": "acme", "domains": ["a.example"], "acme": {"agreeToTerms": true}})),
        none
    );
    assert!(
        !validate(&json!({"gateway": {"tls": {"mode": "on"}}}))
            .errors
            .is_empty()
    );
}
