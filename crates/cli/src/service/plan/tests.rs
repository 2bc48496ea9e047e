use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::service::installed::Installed;

const ALL: [Manager; 5] = [
    Manager::Systemd(Scope::User),
    Manager::Systemd(Scope::System),
    Manager::Launchd,
    Manager::TaskScheduler,
    Manager::OpenRc,
];

fn service(kind: Kind) -> Service {
    Service {
        kind,
        profile: Profile::default(),
        program: "/usr/local/bin/openclaw".into(),
        arguments: Vec::new(),
        home: "/home/molty".into(),
        state_dir: "/home/molty/.openclaw".into(),
        config_path: "/home/molty/.openclaw/openclaw.json".into(),
        user: None,
    }
}

/// Everything that means something to one of the formats.
fn awkward() -> Service {
    Service {
        profile: Profile::parse("rescue").unwrap(),
        program: "/opt/100%/openclaw".into(),
        arguments: [
            "--display-name",
            "Build Box's <50%> & $HOME `x` \\ ; end",
            "",
            "plain",
        ]
        .map(str::to_owned)
        .to_vec(),
        home: "/home/the cat's".into(),
        state_dir: "/srv/my state/100%/$x".into(),
        config_path: "/srv/my state/a&b/openclaw.json".into(),
        user: Some("molty".to_owned()),
        ..service(Kind::Node)
    }
}

#[test]
fn u12_the_user_unit_of_a_gateway() {
    let text = service(Kind::Gateway)
        .render(Manager::Systemd(Scope::User), "openclaw-gateway.service")
        .unwrap();
    for line in [
        "Description=OpenClaw Gateway\nAfter=network-online.target\nWants=network-online.target\nStartLimitIntervalSec=0\n\n[Service]\n",
        "\nType=notify\nNotifyAccess=main\nWatchdogSec=60\nExecStart=/usr/local/bin/openclaw gateway run\nWorkingDirectory=-/home/molty\n",
        "\nEnvironment=\"OPENCLAW_STATE_DIR=/home/molty/.openclaw\"\n",
        "\nEnvironmentFile=-/home/molty/.openclaw/gateway.env\n",
        "\nRestart=always\nRestartSec=5\nRestartPreventExitStatus=78\n",
        "\nTimeoutStopSec=45\nKillMode=mixed\nNoNewPrivileges=yes\n",
        "\n[Install]\nWantedBy=default.target\n",
    ] {
        assert!(text.contains(line), "{line:?} in\n{text}");
    }
    // Mount namespaces are refused to users on many kernels, and the unit with them.
    for line in [
        "Protect",
        "Private",
        "User=",
        "ReadWritePaths",
        "Capability",
    ] {
        assert!(!text.contains(line), "{line} in\n{text}");
    }
}

#[test]
fn u12_the_system_unit_runs_as_its_user() {
    let text = awkward()
        .render(Manager::Systemd(Scope::System), "x")
        .unwrap();
    assert!(text.contains("\nUser=molty\n"), "{text}");
    let gateway = Service {
        kind: Kind::Gateway,
        ..awkward()
    };
    let text = gateway
        .render(Manager::Systemd(Scope::System), "x")
        .unwrap();
    for line in [
        "\nUser=molty\n",
        "\nWantedBy=multi-user.target\n",
        "\nProtectSystem=full\n",
        "\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n",
        "\nReadWritePaths=\"-/srv/my state/100%%/$x\" \"-/srv/my state/a&b\"\n",
        "\nExecStart=/opt/100%%/openclaw --profile rescue gateway run ",
    ] {
        assert!(text.contains(line), "{line:?} in\n{text}");
    }
    assert!(!text.contains("PrivateTmp"), "{text}");
}

#[test]
fn a_node_is_not_confined() {
    let text = service(Kind::Node)
        .render(Manager::Systemd(Scope::User), "x")
        .unwrap();
    assert!(text.contains("ExecStart=/usr/local/bin/openclaw node run\n"));
    assert!(!text.contains("NoNewPrivileges"), "{text}");
    assert!(text.contains("\nRestartSec=15\nRestartPreventExitStatus=78\n"));
}

#[test]
fn what_is_written_is_read_back() {
    for service in [service(Kind::Gateway), service(Kind::Node), awkward()] {
        for manager in ALL {
            let text = service.render(manager, "bot.molt.x").unwrap();
            let installed = Installed::parse(manager, &text);
            assert_eq!(installed.words, service.words(), "{manager:?}\n{text}");
            assert_eq!(
                installed.variable("OPENCLAW_STATE_DIR"),
                service.state_dir.to_str(),
                "{manager:?}\n{text}"
            );
            assert_eq!(installed.state_dir(Path::new("/x")), service.state_dir);
            assert!(installed.is_of_openclaw() && installed.says(&text));
            assert_eq!(installed.secrets(), Vec::<&str>::new());
        }
    }
}

#[test]
fn line_breaks_and_what_a_format_cannot_carry_are_refused() {
    let with = |change: fn(&mut Service)| {
        let mut service = awkward();
        change(&mut service);
        service
    };
    for service in [
        with(|s| s.arguments[1] = "a\nExecStartPre=/bin/false".to_owned()),
        with(|s| s.state_dir = "/s\r\nEnvironment=A=b".into()),
        with(|s| s.config_path = "/s\u{7}".into()),
        with(|s| s.home = "/h\n".into()),
        with(|s| s.user = Some("u\nExecStart=x".to_owned())),
        with(|s| s.program = "/bin/a\nb".into()),
    ] {
        for manager in ALL {
            let refused = service.render(manager, "x").unwrap_err().to_string();
            assert!(
                refused.starts_with("cannot write a service file: the ")
                    && refused.ends_with(" holds a line break or control character"),
                "{refused}"
            );
        }
    }
    let quote = with(|s| s.arguments[1] = "a\"b".to_owned());
    assert!(quote.render(Manager::TaskScheduler, "x").is_err());
    assert!(quote.render(Manager::Systemd(Scope::User), "x").is_ok());
    let dollar = with(|s| s.program = "/opt/$x/openclaw".into());
    assert!(dollar.render(Manager::Systemd(Scope::User), "x").is_err());
    let space = with(|s| s.program = "/opt/a b/openclaw".into());
    assert!(space.render(Manager::OpenRc, "x").is_err());
    assert!(space.render(Manager::Systemd(Scope::User), "x").is_ok());
}

#[test]
fn the_version_that_wrote_a_file_does_not_count_as_a_difference() {
    for manager in ALL {
        let text = service(Kind::Gateway).render(manager, "x").unwrap();
        let older = text.replace(VERSION, "0.0.1-older");
        assert_ne!(older, text);
        assert!(Installed::parse(manager, &older).says(&text), "{older}");
        let other = text.replace("/usr/local/bin/openclaw", "/old/openclaw");
        let installed = Installed::parse(manager, &other);
        assert!(!installed.says(&text));
        assert!(
            installed
                .differences(&text)
                .iter()
                .any(|line| line.starts_with('-') && line.contains("/old/openclaw")),
        );
    }
}

#[test]
fn u02_secrets_in_a_file_of_another_release_are_seen_and_never_shown() {
    let unit = "[Service]\nExecStart=/usr/bin/node /opt/openclaw/dist/index.js gateway --port 18789\n\
                Environment=HOME=/home/molty\nEnvironment=OPENCLAW_GATEWAY_TOKEN=5ecret\nEnvironment=OPENCLAW_PROFILE=rescue\n";
    let installed = Installed::parse(Manager::Systemd(Scope::User), unit);
    assert_eq!(installed.secrets(), ["OPENCLAW_GATEWAY_TOKEN"]);
    assert!(installed.is_of_openclaw());
    assert_eq!(installed.flag("--port"), Some("18789"));
    assert_eq!(
        installed.state_dir(Path::new("/x")),
        Path::new("/home/molty/.openclaw-rescue")
    );
    let wanted = service(Kind::Gateway)
        .render(Manager::Systemd(Scope::User), "x")
        .unwrap();
    let lines = installed.differences(&wanted).join("\n");
    assert!(lines.contains("- ExecStart=/usr/bin/node") && !lines.contains("5ecret"));
}

#[test]
fn an_environment_file_means_the_same_to_systemd_and_sh() {
    assert_eq!(environment_line("A", "plain"), "A=\"plain\"\n");
    assert_eq!(
        environment_line("A", "q\"b\\d$t`"),
        "A=\"q\\\"b\\\\d\\$t\\`\"\n"
    );
    let mut shell = Command::new("sh")
        .args(["-c", ". /dev/stdin; printf %s \"$A\""])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = environment_line("A", "q\"b\\d$t`' #x");
    let mut input = shell.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    let output = shell.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "q\"b\\d$t`' #x");
}

#[test]
fn the_init_script_is_a_script() {
    let text = awkward().render(Manager::OpenRc, "x").unwrap();
    let mut shell = Command::new("sh")
        .args(["-n", "/dev/stdin"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    assert!(shell.wait().unwrap().success(), "{text}");
}
