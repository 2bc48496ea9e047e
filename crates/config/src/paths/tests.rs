use super::*;

fn resolve(
    pairs: &[(&str, &str)],
    choice: &ProfileChoice,
    existing: &[&str],
) -> Result<Paths, PathError> {
    let env = Env::from_pairs([("HOME", "/h")].into_iter().chain(pairs.iter().copied()));
    Paths::resolve_with(&env, choice, &|path| {
        existing.iter().any(|known| Path::new(known) == path)
    })
}

type Row<'a> = (
    &'a [(&'a str, &'a str)],
    &'a ProfileChoice,
    &'a [&'a str],
    &'a str,
    &'a str,
);

#[test]
fn state_dir_and_config_follow_the_documented_order() {
    let unset = ProfileChoice::unset();
    let named = ProfileChoice::named("rescue");
    // (environment, choice, existing files, state dir, config file)
    let rows: &[Row] = &[
        (
            &[],
            &unset,
            &[],
            "/h/.openclaw",
            "/h/.openclaw/openclaw.json",
        ),
        (
            &[],
            &unset,
            &["/h/.moltbot", "/h/.moltbot/moltbot.json"],
            "/h/.moltbot",
            "/h/.moltbot/moltbot.json",
        ),
        (
            &[],
            &unset,
            &["/h/.openclaw", "/h/.clawdbot/clawdbot.json"],
            "/h/.openclaw",
            "/h/.clawdbot/clawdbot.json",
        ),
        (
            &[("OPENCLAW_STATE_DIR", "~/s")],
            &unset,
            &["/h/.openclaw/openclaw.json"],
            "/h/s",
            "/h/s/openclaw.json",
        ),
        (
            &[("CLAWDBOT_STATE_DIR", "/s")],
            &unset,
            &["/s/clawdbot.json"],
            "/s",
            "/s/clawdbot.json",
        ),
        (
            &[("OPENCLAW_CONFIG_PATH", "c.json5")],
            &unset,
            &[],
            "/h/.openclaw",
            "/c.json5",
        ),
        (
            &[],
            &named,
            &["/h/.openclaw/openclaw.json"],
            "/h/.openclaw-rescue",
            "/h/.openclaw-rescue/openclaw.json",
        ),
        (
            &[("OPENCLAW_STATE_DIR", "/s")],
            &named,
            &[],
            "/s",
            "/s/openclaw.json",
        ),
        (
            &[("OPENCLAW_PROFILE", "lab")],
            &unset,
            &[],
            "/h/.openclaw-lab",
            "/h/.openclaw-lab/openclaw.json",
        ),
        (
            &[("OPENCLAW_PROFILE", "Default")],
            &unset,
            &[],
            "/h/.openclaw",
            "/h/.openclaw/openclaw.json",
        ),
        (
            &[("OPENCLAW_PROFILE", "lab")],
            &named,
            &[],
            "/h/.openclaw-rescue",
            "/h/.openclaw-rescue/openclaw.json",
        ),
    ];
    for (index, (pairs, choice, existing, state, config)) in rows.iter().enumerate() {
        let paths = resolve(pairs, choice, existing).unwrap();
        assert_eq!(paths.state_dir, Path::new(state), "row {index}");
        assert_eq!(paths.config_path, Path::new(config), "row {index}");
    }
}

#[test]
fn profile_errors_have_the_documented_texts() {
    let both = ProfileChoice {
        profile: Some("x".into()),
        dev: true,
    };
    for (choice, text) in [
        (
            ProfileChoice::named("a b"),
            "[openclaw] Invalid --profile (use letters, numbers, \"_\", \"-\" only)",
        ),
        (
            ProfileChoice::named("-a"),
            "[openclaw] Invalid --profile (use letters, numbers, \"_\", \"-\" only)",
        ),
        (
            ProfileChoice::named("a".repeat(65)),
            "[openclaw] Invalid --profile (use letters, numbers, \"_\", \"-\" only)",
        ),
        (both, "[openclaw] Cannot combine --dev with --profile"),
        (
            ProfileChoice::named(""),
            "[openclaw] --profile requires a value",
        ),
    ] {
        assert_eq!(resolve(&[], &choice, &[]).unwrap_err().to_string(), text);
    }
    assert_eq!(
        resolve(
            &[("OPENCLAW_PROFILE", "../x")],
            &ProfileChoice::unset(),
            &[]
        ),
        Err(PathError::InvalidEnvProfile)
    );
    assert!(Profile::parse(&"a".repeat(64)).is_some());
}

#[test]
fn files_lie_below_the_state_dir() {
    let paths = resolve(&[], &ProfileChoice::dev(), &[]).unwrap();
    let state = Path::new("/h/.openclaw-dev");
    for (path, name) in [
        (&paths.identity_file, "identity/device.json"),
        (&paths.device_auth_file, "identity/device-auth.json"),
        (&paths.node_file, "node.json"),
        (&paths.exec_approvals_file, "exec-approvals.json"),
        (&paths.database_file, "gateway.sqlite"),
        (&paths.lock_file, "gateway.lock"),
        (&paths.control_socket, "gateway.sock"),
        (&paths.dot_env_file, ".env"),
    ] {
        assert_eq!(*path, state.join(name));
    }
    assert_eq!(paths.workspace_dir, Path::new("/h/.openclaw/workspace-dev"));
    assert_eq!(
        paths.log_file_name("2026-01-30"),
        "openclaw-dev-2026-01-30.log"
    );
    assert_eq!(
        paths.last_good_file(),
        state.join("openclaw.json.last-good")
    );
}

#[test]
fn long_socket_paths_move_to_a_short_private_directory() {
    let deep = format!("/h/{}", "d".repeat(120));
    let one = resolve(
        &[("OPENCLAW_STATE_DIR", &deep)],
        &ProfileChoice::unset(),
        &[],
    )
    .unwrap();
    let text = one.control_socket.to_str().unwrap();
    assert!(
        text.starts_with("/tmp/openclaw-") && text.len() <= 100,
        "{text}"
    );
    let other = resolve(
        &[("OPENCLAW_STATE_DIR", &format!("{deep}x"))],
        &ProfileChoice::unset(),
        &[],
    )
    .unwrap();
    assert_ne!(one.control_socket, other.control_socket);
    let runtime = resolve(
        &[
            ("OPENCLAW_STATE_DIR", &deep),
            ("XDG_RUNTIME_DIR", "/run/user/7"),
        ],
        &ProfileChoice::unset(),
        &[],
    )
    .unwrap();
    assert!(runtime.control_socket.starts_with("/run/user/7/openclaw"));
}

#[test]
fn u37_each_profile_has_its_own_stable_port() {
    let port = |name: &str| default_port(&Profile::parse(name).unwrap());
    assert_eq!(port("default"), 18789);
    assert_eq!(port("dev"), 19001);
    assert_eq!(port("rescue"), port("Rescue"));
    let names = ["main", "rescue", "work", "home", "lab", "test", "a", "b"];
    for (index, name) in names.iter().enumerate() {
        let port = port(name);
        assert!(
            (20000..=31980).contains(&port) && port % 20 == 0,
            "{name} {port}"
        );
        for other in &names[index + 1..] {
            assert_ne!(
                port,
                default_port(&Profile::parse(other).unwrap()),
                "{name} {other}"
            );
        }
    }
}

#[test]
fn printed_commands_carry_the_profile() {
    let rescue = Profile::parse("rescue").unwrap();
    for (profile, command, expected) in [
        (
            &rescue,
            "openclaw gateway stop",
            "openclaw --profile rescue gateway stop",
        ),
        (
            &rescue,
            "openclaw --profile x gateway",
            "openclaw --profile x gateway",
        ),
        (&rescue, "openclaw --dev gateway", "openclaw --dev gateway"),
        (&rescue, "systemctl stop x", "systemctl stop x"),
        (&Profile::default(), "openclaw setup", "openclaw setup"),
    ] {
        assert_eq!(profile.command(command), expected);
    }
}

#[test]
fn home_is_shown_as_a_tilde() {
    for (path, shown) in [
        ("/h", "~"),
        ("/h/a/b", "~/a/b"),
        ("/home/x", "/home/x"),
        ("/hx", "/hx"),
    ] {
        assert_eq!(display_home(Path::new(path), Path::new("/h")), shown);
    }
}
