//! Services of gateway and node, with a service manager that only takes notes.

use std::fs;

use serde_json::json;

use crate::place::{Place, mode};
use crate::sshd::script;

const UNIT: &str = ".config/systemd/user/openclaw-gateway.service";
const NODE_UNIT: &str = ".config/systemd/user/openclaw-node.service";

/// A home on a machine with systemd: `systemctl` and `loginctl` note how they were called.
fn with_systemd() -> Place {
    beside_systemd(Place::with_gateway(&json!({})))
}

pub(crate) fn beside_systemd(place: Place) -> Place {
    fs::create_dir(place.path("bin")).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    let log = place.path("calls.log");
    // State as a service manager keeps it: what is enabled, what runs.
    let enabled = place.path("enabled");
    let active = place.path("active");
    systemctl(
        &place,
        &format!(
            "case \"$*\" in
  *'show --property=Version'*) exit 0;;
  *' show '*)
    [ -e {enabled} ] && echo UnitFileState=enabled || echo UnitFileState=disabled
    [ -e {active} ] && echo ActiveState=active || echo ActiveState=inactive
    exit 0;;
esac
echo \"systemctl $*\" >> {log}
case \"$*\" in
  *' enable '*) touch {enabled};;
  *' disable '*) rm -f {enabled};;
  *' start '*|*' restart '*) touch {active};;
  *' stop '*) rm -f {active};;
esac",
            enabled = enabled.display(),
            active = active.display(),
            log = log.display(),
        ),
    );
    script(
        &place.path("bin/loginctl"),
        &format!(
            "case \"$1\" in show-user) cat {linger} 2>/dev/null || echo Linger=no; exit 0;; esac
echo \"loginctl $1\" >> {log}
echo Linger=yes > {linger}",
            linger = place.path("linger").display(),
            log = log.display(),
        ),
    );
    place.with_env("PATH", &path)
}

fn systemctl(place: &Place, line: &str) {
    script(&place.path("bin/systemctl"), line);
}

/// The calls since the last look.
fn calls(place: &Place) -> String {
    let log = place.path("calls.log");
    let text = fs::read_to_string(&log).unwrap_or_default();
    fs::remove_file(log).ok();
    text
}

#[test]
fn u12_onboarding_installs_the_service() {
    let place = with_systemd();
    let line = [
        "onboard",
        "--non-interactive",
        "--accept-risk",
        "--install-daemon",
        "--skip-health",
    ];
    let ran = place.run(&line).ok();
    assert!(ran.out.contains("openclaw-gateway.service"), "{ran:?}");
    assert!(calls(&place).contains("systemctl --user enable openclaw-gateway.service\n"));
    let told = place.run(&[&line[..], &["--json"]].concat()).ok().json();
    assert_eq!(told["installDaemon"], true, "{told}");
    assert_eq!(told["tokenCreated"], false, "{told}");
}

#[test]
fn u12_configure_installs_only_what_would_start() {
    let place = with_systemd();
    let line = ["configure", "--section", "daemon"];
    place.run(&["config", "set", "gateway.mode", "remote"]).ok();
    let refused = place.run(&line).fails(1);
    assert!(
        refused.err.contains("gateway.mode is remote"),
        "{refused:?}"
    );
    assert!(!place.path(UNIT).exists());
    place.run(&["config", "set", "gateway.mode", "local"]).ok();
    place.run(&["config", "--section", "daemon"]).ok();
    assert!(place.path(UNIT).exists());
}

#[test]
fn u18_without_a_service_manager_nobody_is_sent_to_one() {
    let place = Place::with_gateway(&json!({})).with_env("PATH", "/nowhere");
    let status = place.run(&["gateway", "status"]);
    assert!(
        status.out.contains(
            "Service: none (no service manager here; in the foreground: openclaw gateway run)\n"
        ),
        "{status:?}"
    );
    let onboarded = place
        .run(&["onboard", "--non-interactive", "--accept-risk"])
        .ok();
    assert!(
        onboarded
            .out
            .contains("Gateway: not running. Start it with: openclaw gateway\n"),
        "{onboarded:?}"
    );
}

#[test]
fn u12_install_lingers_first_then_writes_enables_and_starts() {
    let place = with_systemd();
    let ran = place.run(&["gateway", "install"]).ok();
    assert_eq!(
        calls(&place),
        "loginctl enable-linger\n\
         systemctl --user daemon-reload\n\
         systemctl --user enable openclaw-gateway.service\n\
         systemctl --user start openclaw-gateway.service\n"
    );
    let installed = format!(
        "\n\nInstalled systemd service: {}\nCheck: openclaw gateway status\n",
        place.path(UNIT).display()
    );
    assert!(ran.out.ends_with(&installed), "{ran:?}");
    assert!(ran.out.starts_with("Lingering is on for "), "{ran:?}");
    let unit = place.read(UNIT);
    for line in [
        " gateway run\n".to_owned(),
        format!(
            "\nEnvironment=\"OPENCLAW_STATE_DIR={}\"\n",
            place.path(".openclaw").display()
        ),
        format!(
            "\nEnvironmentFile=-{}\n",
            place.path(".openclaw/gateway.env").display()
        ),
    ] {
        assert!(unit.contains(&line), "{line} in {unit}");
    }
    // The gateway it starts has what it needs.
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    assert_eq!(token.trim().len(), 64);
    assert!(!unit.contains(token.trim()));
    // Once more changes nothing.
    let again = place.run(&["gateway", "install"]).ok();
    assert_eq!(
        again.out,
        "Gateway service already enabled.\nReinstall with: openclaw gateway install --force\n"
    );
    assert_eq!(calls(&place), "");
    let again = place.run(&["gateway", "install", "--json"]).ok().json();
    assert_eq!(again["result"], "already-installed");
    assert_eq!(again["service"]["label"], "systemd");
    let forced = place.run(&["gateway", "install", "--force", "--json"]);
    assert_eq!(forced.ok().json()["result"], "installed");
    assert_eq!(
        calls(&place),
        "systemctl --user restart openclaw-gateway.service\n"
    );
}

#[test]
fn u02_no_secret_reaches_the_unit_and_a_differing_unit_is_rewritten() {
    let place = with_systemd();
    // A unit as another release writes it, with the token in clear text.
    let old = format!(
        "[Service]\nExecStart=/usr/bin/node /opt/openclaw/dist/index.js gateway --port 18789\n\
         Environment=OPENCLAW_GATEWAY_TOKEN=0ld-t0ken\nEnvironment=OPENCLAW_STATE_DIR={}\n\
         Environment=OPENCLAW_SERVICE_MARKER=openclaw\n",
        place.path(".openclaw").display()
    );
    place.write(UNIT, &old);
    let status = place.run(&["gateway", "status", "--no-probe"]).ok();
    assert!(
        status
            .out
            .contains(" holds OPENCLAW_GATEWAY_TOKEN in clear text, and it wins over the config\n  Fix: openclaw gateway install\n"),
        "{status:?}"
    );
    assert!(!status.out.contains("0ld-t0ken"), "{status:?}");
    let ran = place
        .run(&[
            "gateway",
            "install",
            "--token",
            "n3w-t0ken",
            "--port",
            "19999",
        ])
        .ok();
    let unit = place.read(UNIT);
    assert!(!unit.contains("t0ken") && !unit.contains("19999"), "{unit}");
    assert!(!ran.out.contains("t0ken") && !ran.err.contains("t0ken"));
    let backup = format!("{UNIT}.bak");
    assert_eq!(place.read(&backup), old);
    assert_eq!(mode(&place.path(&backup)), 0o600);
    // One copy of each value: the config.
    let config = place.read(".openclaw/openclaw.json");
    assert!(
        config.contains("n3w-t0ken") && config.contains("19999"),
        "{config}"
    );
    assert!(calls(&place).contains("systemctl --user daemon-reload\n"));
}

#[test]
fn u02_the_token_of_a_node_goes_into_an_owner_only_file() {
    let place = with_systemd();
    place
        .run(&[
            "node",
            "install",
            "--host",
            "gateway-host",
            "--display-name",
            "Build Box 100%",
            "--token",
            "s3cret",
        ])
        .ok();
    let unit = place.read(NODE_UNIT);
    assert!(
        unit.contains(" node run --host gateway-host --display-name \"Build Box 100%%\"\n"),
        "{unit}"
    );
    assert!(!unit.contains("s3cret"));
    assert_eq!(
        place.read(".openclaw/node.env"),
        "OPENCLAW_GATEWAY_TOKEN=\"s3cret\"\n"
    );
    assert_eq!(mode(&place.path(".openclaw/node.env")), 0o600);
    // The node's unit, never the gateway's.
    let lines = calls(&place);
    assert!(
        lines.contains("enable openclaw-node.service\n") && !lines.contains("gateway"),
        "{lines}"
    );
    // Another token restarts it, and nothing else.
    place
        .run(&[
            "node",
            "install",
            "--host",
            "gateway-host",
            "--display-name",
            "Build Box 100%",
            "--token",
            "n3w",
        ])
        .ok();
    assert_eq!(
        calls(&place),
        "systemctl --user restart openclaw-node.service\n"
    );
    for (action, call) in [
        ("stop", "systemctl --user stop openclaw-node.service\n"),
        ("start", "systemctl --user start openclaw-node.service\n"),
        (
            "restart",
            "systemctl --user restart openclaw-node.service\n",
        ),
        (
            "uninstall",
            "systemctl --user stop openclaw-node.service\nsystemctl --user disable openclaw-node.service\nsystemctl --user daemon-reload\n",
        ),
    ] {
        place.run(&["node", action]).ok();
        assert_eq!(calls(&place), call);
    }
    assert!(!place.path(NODE_UNIT).exists() && !place.path(".openclaw/node.env").exists());
}

#[test]
fn what_is_not_installed_cannot_be_started_and_the_command_is_named() {
    let place = with_systemd();
    for action in ["start", "stop", "restart"] {
        let ran = place.run(&["gateway", action]).fails(1);
        assert!(
            ran.err.starts_with(&format!(
                "Gateway {action} failed: Gateway service not installed.\nInstall it: openclaw gateway install\n"
            )),
            "{ran:?}"
        );
        let ran = place.run(&["node", action, "--json"]).fails(1);
        assert_eq!(ran.json()["ok"], false);
        assert_eq!(ran.json()["hints"][0], "Install it: openclaw node install");
        assert_eq!(ran.err, "");
    }
    let ran = place.run(&["gateway", "uninstall"]).ok();
    assert!(
        ran.out.starts_with("Systemd service not found at "),
        "{ran:?}"
    );
    assert_eq!(calls(&place), "");
}

#[test]
fn start_stop_restart_and_uninstall_act_on_the_unit() {
    let place = with_systemd();
    place.run(&["gateway", "install"]).ok();
    calls(&place);
    for (action, word, call) in [
        ("stop", "Stopped", "stop"),
        ("start", "Started", "start"),
        ("restart", "Restarted", "restart"),
    ] {
        let ran = place.run(&["gateway", action]).ok();
        assert_eq!(
            ran.out,
            format!("{word} systemd service: openclaw-gateway.service\n")
        );
        assert_eq!(
            calls(&place),
            format!("systemctl --user {call} openclaw-gateway.service\n")
        );
    }
    let json = place.run(&["daemon", "restart", "--json"]).ok();
    assert_eq!(json.json()["result"], "restarted");
    assert_eq!(json.err, "");
    calls(&place);
    let gone = place.run(&["gateway", "uninstall"]).ok();
    assert_eq!(
        gone.out,
        format!(
            "Stopped systemd service: openclaw-gateway.service\nRemoved systemd service: {}\n",
            place.path(UNIT).display()
        )
    );
    assert_eq!(
        calls(&place),
        "systemctl --user stop openclaw-gateway.service\nsystemctl --user disable openclaw-gateway.service\nsystemctl --user daemon-reload\n"
    );
    assert!(!place.path(UNIT).exists());
}

#[test]
fn a_manager_that_fails_is_quoted_with_what_to_run() {
    let place = with_systemd();
    place.run(&["gateway", "install"]).ok();
    systemctl(
        &place,
        "case \"$*\" in *show*) exit 0;; esac; echo 'Job failed.' >&2; exit 1",
    );
    let ran = place.run(&["gateway", "restart"]).fails(1);
    assert_eq!(
        ran.err,
        "Gateway restart failed: systemctl --user restart openclaw-gateway.service failed: Job failed.\n\
         Fix: run it yourself: XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user restart openclaw-gateway.service\n\
         Logs: journalctl --user -u openclaw-gateway.service -n 200 --no-pager\n"
    );
}

#[test]
fn a_service_that_does_not_start_says_itself_why() {
    let place = with_systemd();
    place.run(&["gateway", "install"]).ok();
    systemctl(
        &place,
        "case \"$*\" in *show*) exit 0;; esac
echo 'Job for openclaw-gateway.service failed because the control process exited with error code.' >&2; exit 1",
    );
    let asked = place.path("asked");
    script(
        &place.path("bin/journalctl"),
        &format!(
            "echo \"$*\" > {}; echo '2026-11-27T16:26:20.138Z [gateway] listeners: 127.0.0.1:18789'; echo 'Gateway failed to start: port 18789 is taken'; echo 'Fix: free it'",
            asked.display()
        ),
    );
    let ran = place.run(&["gateway", "start"]).fails(1);
    assert_eq!(
        ran.err,
        "Gateway start failed: openclaw-gateway.service failed to start:\n\
         Gateway failed to start: port 18789 is taken\n\
         Fix: free it\n\
         Logs: journalctl --user -u openclaw-gateway.service -n 200 --no-pager\n"
    );
    // Only of this start, and only its own lines.
    let asked = place.read("asked");
    assert!(
        asked.starts_with("--user -u openclaw-gateway.service -t openclaw --since=@"),
        "{asked}"
    );
}

#[test]
fn a_service_that_failed_leaves_no_trace_when_it_is_uninstalled() {
    let place = with_systemd();
    place.run(&["gateway", "install"]).ok();
    calls(&place);
    systemctl(
        &place,
        &format!(
            "case \"$*\" in *' show '*) echo ActiveState=failed; exit 0;; esac
echo \"systemctl $*\" >> {}",
            place.path("calls.log").display()
        ),
    );
    place.run(&["gateway", "uninstall"]).ok();
    assert_eq!(
        calls(&place),
        "systemctl --user stop openclaw-gateway.service\n\
         systemctl --user reset-failed openclaw-gateway.service\n\
         systemctl --user disable openclaw-gateway.service\n\
         systemctl --user daemon-reload\n"
    );
}

#[test]
fn u22_a_restart_in_place_ends_when_the_manager_knows_and_a_refused_one_stops_nothing() {
    let place = with_systemd();
    place.run(&["gateway", "install"]).ok();
    let gateway = place.gateway(&[]);
    let pid = gateway.running.pid();
    calls(&place);
    // It is ready a moment after it has the lock.
    let looks = place.path("looks");
    systemctl(
        &place,
        &format!(
            "case \"$*\" in *' show '*) ;; *) echo \"systemctl $*\" >> {log}; exit 0;; esac
echo look >> {looks}
case $(grep -c . {looks}) in 2|3) echo ActiveState=reloading;; *) echo ActiveState=active;; esac
echo MainPID={pid}",
            log = place.path("calls.log").display(),
            looks = looks.display(),
        ),
    );
    let ran = place.run(&["gateway", "restart"]).ok();
    assert_eq!(
        ran.out,
        format!("Restarted the gateway in place (pid {pid}): its ports stayed open.\n")
    );
    assert_eq!(place.read("looks").lines().count(), 4);
    // What would not come up again is not stopped either.
    place.write(".openclaw/openclaw.json", "{ broken");
    fs::remove_file(place.path(".openclaw/openclaw.json.last-good")).ok();
    let ran = place.run(&["gateway", "restart"]).fails(1);
    assert!(
        ran.err.contains(
            "Gateway restart failed: the gateway stays as it is: the config cannot be used: "
        ) && ran.err.contains("\nFix: correct it and check it with: "),
        "{ran:?}"
    );
    assert_eq!(calls(&place), "");
    assert!(gateway.stop().success());
}

#[test]
fn u12_install_without_a_service_manager_prints_the_foreground_command() {
    let place = Place::with_gateway(&json!({})).with_env("PATH", "/nonexistent");
    let ran = place
        .run(&["--profile", "rescue", "gateway", "install"])
        .fails(1);
    assert!(
        ran.out
            .contains("\n  openclaw --profile rescue gateway run\n"),
        "{ran:?}"
    );
    let ran = place.run(&["gateway", "install", "--json"]).fails(1).json();
    assert_eq!(ran["result"], "no-supervisor");
    assert_eq!(ran["ok"], false);
    assert_eq!(ran["hints"][0], "openclaw gateway run");
    for (line, told) in [
        (["gateway", "start"], "openclaw gateway run\n"),
        (["gateway", "restart"], "openclaw gateway run\n"),
        (["gateway", "stop"], "openclaw gateway stop\n"),
        (["node", "start"], "openclaw node run\n"),
        (["node", "stop"], "openclaw node stop\n"),
    ] {
        let ran = place.run(&line).fails(1);
        assert!(
            ran.err.contains(told)
                && ran.err.contains("there is no service manager here")
                && !ran.err.contains(&format!("{} install", line[0])),
            "{line:?}: {ran:?}"
        );
    }
    assert!(!place.path(".config").exists());
    // The program of a service manager that did not start this machine is none.
    let place = with_systemd();
    systemctl(
        &place,
        "echo 'System has not been booted with systemd as init system' >&2; exit 1",
    );
    let ran = place.run(&["gateway", "install", "--json"]).fails(1).json();
    assert_eq!(ran["result"], "no-supervisor");
    // In a container, the foreground command is what was asked for.
    let place = place.with_env("OPENCLAW_IN_CONTAINER", "1");
    let ran = place.run(&["gateway", "install", "--json"]).ok().json();
    assert_eq!(
        (&ran["result"], &ran["ok"]),
        (&json!("no-supervisor"), &json!(true))
    );
}

#[test]
fn u12_the_running_gateway_never_calls_systemctl() {
    let place = with_systemd();
    let gateway = place.gateway(&[]);
    place.run(&["health"]).ok();
    place
        .run(&[
            "config",
            "set",
            "gateway.auth.token",
            "another-token-of-some-length",
        ])
        .ok();
    place.run(&["health"]).ok();
    assert!(gateway.stop().success());
    assert_eq!(calls(&place), "");
}

#[test]
fn u08_a_gateway_without_a_service_is_not_joined_by_a_second_one() {
    let place = with_systemd();
    let mut gateway = place.gateway(&[]);
    let pid = gateway.running.pid();
    let ran = place.run(&["gateway", "install"]).fails(1);
    assert!(
        ran.err.starts_with(&format!(
            "Gateway install failed: a gateway runs without a service (pid {pid},"
        )) && ran.err.contains("Fix: stop it: openclaw gateway stop;"),
        "{ran:?}"
    );
    assert_eq!(calls(&place), "");
    assert!(!place.path(UNIT).exists());
    // In one step: it ends, and the service takes its place.
    let ran = place.run(&["gateway", "install", "--force"]).ok();
    assert!(
        ran.out.contains(&format!(
            "Stopped the gateway that ran without a service (pid {pid})\n"
        )),
        "{ran:?}"
    );
    gateway.running.find("received SIGTERM; shutting down");
    assert!(calls(&place).ends_with("start openclaw-gateway.service\n"));
}

#[test]
fn u08_stop_ends_a_gateway_without_a_service_and_says_that_its_port_is_free() {
    let place = with_systemd();
    let gateway = place.gateway(&[]);
    let (pid, port) = (gateway.running.pid(), gateway.port);
    let ran = place.run(&["gateway", "stop"]).ok();
    assert_eq!(
        ran.out,
        format!(
            "Stopped the gateway that ran without a service (pid {pid})\nPort {port} is free.\n"
        )
    );
    assert!(gateway.running.wait().0.success());
    assert_eq!(calls(&place), "");
}

#[test]
fn u08_a_unit_of_another_scope_or_place_is_not_taken_over() {
    let place = with_systemd();
    place.run(&["gateway", "install"]).ok();
    calls(&place);
    let ours = place.read(UNIT);
    // The same name from another state directory.
    let other = place.path("other").display().to_string();
    let line = ["gateway", "install"];
    let run = |line: &[&str]| {
        let output = place
            .command(line)
            .env("OPENCLAW_STATE_DIR", &other)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, err) = run(&line);
    assert_eq!(code, Some(1), "{err}");
    assert!(
        err.contains(" runs the gateway of ") && err.contains("--profile <name> gateway install"),
        "{err}"
    );
    for action in ["start", "stop", "restart", "uninstall"] {
        let (code, err) = run(&["gateway", action]);
        assert_eq!(code, Some(1), "{action}: {err}");
        assert!(err.contains(" runs the gateway of "), "{action}: {err}");
    }
    assert_eq!((calls(&place).as_str(), place.read(UNIT)), ("", ours));
    // A file of somebody else.
    place.write(UNIT, "[Service]\nExecStart=/bin/true\n");
    let ran = place.run(&line).fails(1);
    assert!(
        ran.err
            .contains("is no service of openclaw; it stays as it is"),
        "{ran:?}"
    );
    assert_eq!(calls(&place), "");
}

#[test]
fn u37_profiles_have_services_and_gateways_of_their_own() {
    let place = with_systemd();
    let main = place.gateway(&[]);
    place.run(&["--profile", "lab", "gateway", "install"]).ok();
    assert!(
        place
            .path(".config/systemd/user/openclaw-gateway-lab.service")
            .exists()
    );
    let lines = calls(&place);
    assert!(
        lines.contains("start openclaw-gateway-lab.service\n")
            && !lines.contains("openclaw-gateway.service"),
        "{lines}"
    );
    // Nothing that is done to one is done to another.
    for action in ["restart", "stop", "uninstall"] {
        place.run(&["--profile", "lab", "gateway", action]).ok();
    }
    let lines = calls(&place);
    assert!(!lines.contains("openclaw-gateway.service"), "{lines}");
    place.run(&["--profile", "dev", "gateway", "stop"]).fails(1);
    place.run(&["health"]).ok();
    let list = place.run(&["gateway", "list", "--json"]).ok().json();
    let gateways = list["gateways"].as_array().unwrap();
    let of = |profile: &str| {
        gateways
            .iter()
            .find(|gateway| gateway["profile"] == profile)
            .unwrap_or_else(|| panic!("{profile} in {list}"))
    };
    assert_eq!(of("default")["pid"], main.running.pid());
    assert_eq!(of("default")["port"], main.port);
    assert_eq!(of("lab")["running"], false);
    assert_ne!(of("lab")["port"], of("default")["port"]);
    let text = place.run(&["gateway", "list"]).ok().out;
    assert!(
        text.contains("default (in use)") && text.contains("~/.openclaw-lab"),
        "{text}"
    );
    assert!(main.stop().success());
}

#[test]
fn status_names_what_does_not_fit_and_the_command_that_mends_it() {
    let place = with_systemd();
    let none = place.run(&["gateway", "status", "--no-probe"]).ok();
    assert!(
        none.out.starts_with(
            "Service: systemd (not installed; to install it: openclaw gateway install)\n"
        ),
        "{none:?}"
    );
    place.run(&["gateway", "install"]).ok();
    let well = place.run(&["gateway", "status", "--json"]).ok().json();
    assert_eq!(well["service"]["loaded"], true);
    assert_eq!(
        well["service"]["configAudit"],
        json!({"ok": true, "issues": []}),
    );
    let unit = place.read(UNIT);
    place.write(UNIT, &unit.replace("KillMode=mixed", "KillMode=none"));
    let gateway = place.gateway(&[]);
    let status = place.run(&["gateway", "status", "--no-probe"]).ok();
    for line in [
        "Service: systemd (enabled, of this user)\n",
        "Service state: active\n",
        "Service issue: the service file is not what this program writes\n    - KillMode=none\n    + KillMode=mixed\n  Fix: openclaw gateway install\n",
        "Fix: openclaw gateway restart\n",
    ] {
        assert!(status.out.contains(line), "{line}: {status:?}");
    }
    drop(gateway);
    let node = place.run(&["node", "status"]).ok();
    assert_eq!(
        node.out,
        "Service: systemd (not installed; to install it: openclaw node install)\nRuntime: stopped\n"
    );
}

#[test]
fn nix_and_remote_mode_have_no_gateway_service() {
    let place = with_systemd();
    let output = place
        .command(&["gateway", "install"])
        .env("OPENCLAW_NIX_MODE", "1")
        .output()
        .unwrap();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("Nix mode detected; service install is disabled.")
    );
    place.configure(&json!({"mode": "remote", "remote": {"url": "ws://127.0.0.1:1"}}));
    let ran = place.run(&["gateway", "install"]).fails(1);
    assert!(ran.err.contains("openclaw node install"), "{ran:?}");
    let ran = place
        .run(&["gateway", "install", "--runtime", "perl"])
        .fails(1);
    assert!(ran.err.contains("Invalid --runtime"), "{ran:?}");
    assert_eq!(calls(&place), "");
}

#[test]
fn u37_a_gateway_service_of_another_name_is_known_and_left_alone() {
    let place = with_systemd();
    let program = env!("CARGO_BIN_EXE_openclaw");
    place.write(
        ".config/systemd/user/openclaw.service",
        &format!("[Service]\nExecStart={program} gateway run\n"),
    );
    place.write(
        ".config/systemd/user/openclaw-gateway-work.service",
        &format!("[Service]\nExecStart={program} gateway run\nEnvironment=OPENCLAW_PROFILE=work OPENCLAW_SERVICE_MARKER=openclaw\n"),
    );
    let told = place.run(&["doctor", "--non-interactive"]).fails(1);
    for text in [
        "the service is installed and does not run.\n  Fix: systemctl --user start openclaw.service\n",
        "Fix: systemctl --user enable openclaw.service\n",
        "Fix: start it:\n  systemctl --user start openclaw.service\n",
    ] {
        assert!(told.out.contains(text), "{text:?}: {told:?}");
    }
    for text in [
        "gateway-like",
        "gateway-work",
        "openclaw up",
        "rm ",
        "gateway install",
    ] {
        assert!(!told.out.contains(text), "{text:?}: {told:?}");
    }
    let list = place.run(&["gateway", "list"]).ok();
    assert!(list.out.contains("openclaw.service (disabled)"), "{list:?}");

    // The commands of services act on it, and leave its file alone.
    calls(&place);
    for verb in ["start", "restart", "stop"] {
        place.run(&["gateway", verb]).ok();
        assert_eq!(
            calls(&place),
            format!("systemctl --user {verb} openclaw.service\n")
        );
    }
    fs::write(place.path("enabled"), "").unwrap();
    let refused = place.run(&["gateway", "install", "--force"]).fails(1);
    assert!(
        refused
            .err
            .contains("openclaw.service runs this gateway already")
            && refused
                .err
                .contains("systemctl --user disable openclaw.service, then install again"),
        "{refused:?}"
    );
    let refused = place.run(&["gateway", "uninstall"]).fails(1);
    assert!(
        refused.err.contains("openclaw.service was written by hand")
            && refused.err.contains(", then: rm "),
        "{refused:?}"
    );
    assert_eq!(calls(&place), "");

    // With one of our own, its own command starts it.
    fs::remove_file(place.path(".config/systemd/user/openclaw.service")).unwrap();
    place.run(&["gateway", "install"]).ok();
    fs::remove_file(place.path("active")).unwrap();
    let told = place.run(&["doctor", "--non-interactive"]).fails(1);
    assert!(
        told.out
            .contains("Fix: start it:\n  openclaw gateway start\n"),
        "{told:?}"
    );
    assert!(!told.out.contains("openclaw up"), "{told:?}");
    let status = place.run(&["status"]).ok();
    for text in [
        "systemd installed · enabled · inactive",
        "Start the gateway: openclaw gateway start\n",
    ] {
        assert!(status.out.contains(text), "{text:?}: {status:?}");
    }
    let status = place.run(&["status", "--json"]).ok().json();
    assert_eq!(status["gatewayService"]["installed"], true, "{status}");
    assert_eq!(status["nodeService"]["installed"], false, "{status}");
    assert!(status["securityAudit"]["summary"].is_object(), "{status}");
    let all = place.run(&["status", "--all"]).ok();
    for text in [
        "Port ",
        "! Gateway service: ",
        "✓ Node service: ",
        "✓ Tailscale: off\n",
    ] {
        assert!(all.out.contains(text), "{text:?}: {all:?}");
    }
}
