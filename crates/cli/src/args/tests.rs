use super::*;

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn refused(line: &str) -> String {
    match parse(words(line)) {
        Err(Refusal::Error(error)) => error.to_string(),
        Err(Refusal::Incomplete(_)) => "<group help>".to_owned(),
        Ok(parsed) => panic!("{line} parsed: {parsed:?}"),
    }
}

#[test]
fn the_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn u29_flags_work_at_any_position() {
    for line in [
        "gateway health --token x --timeout 5",
        "gateway --token x health --timeout 5",
        "--token x gateway --timeout 5 health",
        "--timeout=5 --token=x gateway health",
    ] {
        let Ok(Parsed::Run(command)) = parse(words(line)) else {
            panic!("{line} does not parse");
        };
        let shown = format!("{command:?}");
        assert!(shown.contains("Health"), "{line}: {shown}");
        assert!(shown.contains("token: Some(\"x\")"), "{line}: {shown}");
        assert!(shown.contains("timeout: Some(5ms)"), "{line}: {shown}");
    }
}

#[test]
fn gateway_alone_means_gateway_run() {
    for line in [
        "gateway",
        "gateway run",
        "gateway --port 7",
        "gateway run --port 7",
        "--port 7 gateway run",
    ] {
        let Ok(Parsed::Run(command)) = parse(words(line)) else {
            panic!("{line} does not parse");
        };
        let shown = format!("{command:?}");
        assert!(shown.starts_with("Gateway(Run("), "{line}: {shown}");
        assert_eq!(
            line.contains('7'),
            shown.contains("port: Some(\"7\")"),
            "{line}: {shown}"
        );
    }
    assert!(matches!(
        parse(words("gateway --help")),
        Ok(Parsed::Help(_))
    ));
}

#[test]
fn complaints_have_the_known_forms() {
    for (line, expected) in [
        ("foo", "error: unknown command 'foo'"),
        ("gateway foo", "error: unknown command 'foo'"),
        ("gateway xyzzy", "error: unknown command 'xyzzy'"),
        ("nodes", "<group help>"),
        ("", "<group help>"),
        ("status --nope", "error: unknown option '--nope'"),
        (
            "gateway status --bind lan",
            "error: unknown option '--bind'",
        ),
        ("config get", "error: missing required argument 'path'"),
        ("config set a", "error: missing required argument 'value'"),
        ("pairing approve", "error: missing required argument 'code'"),
        (
            "devices rotate --device x",
            "error: required option '--role <role>' not specified",
        ),
        (
            "status x",
            "error: too many arguments for 'status'. Expected 0 arguments but got 1.",
        ),
        (
            "config get a b",
            "error: too many arguments for 'get'. Expected 1 argument but got 2.",
        ),
        (
            "completion -s foo",
            "error: option '-s, --shell <shell>' argument 'foo' is invalid. Allowed choices are zsh, bash, powershell, fish.",
        ),
        ("health --timeout abc", "invalid --timeout: abc"),
        ("gateway probe --timeout 0", "invalid --timeout: 0"),
        (
            "health --timeout",
            "error: option '--timeout <ms>' argument missing",
        ),
        ("nodes run --node x uname -s", "error: unknown option '-s'"),
    ] {
        assert_eq!(refused(line), expected, "{line}");
    }
}

#[test]
fn what_follows_two_dashes_belongs_to_the_remote_command() {
    let Ok(Parsed::Run(command)) = parse(words("nodes run --node x -- uname -s --node y")) else {
        panic!("does not parse");
    };
    let shown = format!("{command:?}");
    assert!(
        shown.contains(r#"command: ["uname", "-s", "--node", "y"]"#),
        "{shown}"
    );
    assert!(shown.contains(r#"node: Some("x")"#), "{shown}");
}
