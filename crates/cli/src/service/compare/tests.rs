use super::*;
use crate::service::installed::Installed;

const MANAGER: Manager = Manager::Systemd(Scope::User);

fn service() -> Service {
    Service {
        kind: Kind::Gateway,
        profile: Profile::default(),
        program: "/usr/local/bin/openclaw".into(),
        arguments: Vec::new(),
        home: "/home/m".into(),
        state_dir: "/home/m/.openclaw".into(),
        config_path: "/home/m/.openclaw/openclaw.json".into(),
        user: None,
    }
}

fn found(text: &str) -> Found {
    let installed = Installed::parse(MANAGER, text);
    Found {
        kind: Kind::Gateway,
        manager: MANAGER,
        name: "openclaw-gateway.service".to_owned(),
        file: "/home/m/.config/systemd/user/openclaw-gateway.service".into(),
        state_dir: installed.state_dir(Path::new("/home/m")),
        installed,
    }
}

/// Codes with their fixes, after a change of what fits.
fn codes(text: &str, change: impl Fn(&mut Facts<'_>, &mut State)) -> Vec<(&'static str, String)> {
    let found = found(text);
    let profile = Profile::default();
    let mut state = State {
        enabled: true,
        active: true,
        pid: Some(7),
        ..State::default()
    };
    let holder = holder(7);
    let blank = State::default();
    let mut facts = Facts {
        kind: Kind::Gateway,
        profile: &profile,
        found: &found,
        state: &blank,
        wanted: service().render(MANAGER, "x").ok(),
        program_exists: true,
        state_dir: Path::new("/home/m/.openclaw"),
        config_path: Path::new("/home/m/.openclaw/openclaw.json"),
        port: Some(18789),
        holder: Some(&holder),
        linger: Some(("m".to_owned(), true)),
        by_hand: false,
        uid: 1000,
        other: None,
        foreign: None,
    };
    change(&mut facts, &mut state);
    let facts = Facts {
        state: &state,
        ..facts
    };
    issues(&facts)
        .into_iter()
        .map(|issue| (issue.code, issue.fix))
        .collect()
}

/// Makes something not fit.
type Change<'a> = &'a dyn Fn(&mut Facts<'_>, &mut State);

fn holder(pid: u32) -> LockHeld {
    LockHeld {
        pid: Some(pid),
        addresses: vec!["127.0.0.1:18789".to_owned()],
        ..LockHeld::default()
    }
}

fn unit() -> String {
    service().render(MANAGER, "x").unwrap()
}

#[test]
fn what_fits_is_not_spoken_of() {
    assert_eq!(codes(&unit(), |_, _| {}), []);
    // Nothing is known of a manager that does not answer.
    let unavailable = codes(&unit(), |facts, state| {
        facts.holder = None;
        *state = State {
            unavailable: Some("no bus".to_owned()),
            ..State::default()
        };
    });
    assert_eq!(unavailable, []);
}

#[test]
fn every_difference_names_the_command_that_mends_it() {
    let install = "openclaw gateway install";
    let rows: [(Change<'_>, &str, &str); 7] = [
        (&|f, _| f.program_exists = false, "program_missing", install),
        (
            &|_, s| s.stale = true,
            "manager_not_told",
            "systemctl --user daemon-reload, then: openclaw gateway restart",
        ),
        (&|_, s| s.enabled = false, "not_enabled", install),
        (
            &|f, _| f.linger = Some(("m".to_owned(), false)),
            "linger_off",
            "sudo loginctl enable-linger m",
        ),
        (
            &|_, s| s.pid = Some(9),
            "runs_outside",
            "openclaw gateway stop, then: openclaw gateway start",
        ),
        (
            &|f, s| {
                f.holder = None;
                s.active = false;
            },
            "not_running",
            "openclaw gateway start",
        ),
        (
            &|f, _| f.port = Some(19000),
            "port_differs",
            "openclaw gateway restart",
        ),
    ];
    for (change, code, fix) in rows {
        let found = codes(&unit(), change);
        assert_eq!(found, [(code, fix.to_owned())]);
    }
}

#[test]
fn u02_a_secret_in_the_file_and_another_config_are_seen() {
    let text = unit()
        .replace(
            "UMask=",
            "Environment=\"OPENCLAW_GATEWAY_TOKEN=5ecret\"\nUMask=",
        )
        .replace(
            "OPENCLAW_CONFIG_PATH=/home/m/.openclaw/",
            "OPENCLAW_CONFIG_PATH=/elsewhere/",
        );
    let found = codes(&text, |_, _| {});
    let names: Vec<&str> = found.iter().map(|(code, _)| *code).collect();
    assert_eq!(
        names,
        [
            "secret_in_service_file",
            "config_path",
            "service_file_differs"
        ]
    );
}

#[test]
fn u37_the_service_of_another_state_directory_is_named_and_nothing_else_said() {
    let found = codes(&unit(), |facts, _| {
        facts.state_dir = Path::new("/other");
        facts.foreign = Some("/home/m/.openclaw".into());
    });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "service_of_other");
}
