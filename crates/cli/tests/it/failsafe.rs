//! What a gateway does when something around it is wrong: it serves, opens no more than it should, and says what is wrong.

use serde_json::{Value, json};

use crate::place::{Gateway, Place, free_port};
use crate::sshd::until;

const CONFIG: &str = ".openclaw/openclaw.json";

/// What `/readyz` says to this machine.
fn failing(place: &Place, gateway: &Gateway) -> String {
    let url = gateway.url();
    let told = place.run(&["health", "--exit-code", "--json", "--url", &url]);
    told.ok().json()["failing"].to_string()
}

fn admits(place: &Place, gateway: &Gateway, token: &str) -> bool {
    let url = gateway.url();
    let ran = place.run(&["gateway", "call", "status", "--url", &url, "--token", token]);
    ran.code == Some(0)
}

/// The log of today in the state directory.
fn own_log(place: &Place) -> String {
    let logs = std::fs::read_dir(place.path(".openclaw/logs"));
    let texts = logs
        .into_iter()
        .flatten()
        .map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).expect("a log"));
    texts.collect()
}

fn pipe(place: &Place, name: &str) {
    let made = std::process::Command::new("mkfifo")
        .arg(place.path(name))
        .status();
    assert!(made.expect("mkfifo").success());
}

fn set_log(place: &Place, file: &Value) {
    let config = json!({ "gateway": {}, "logging": { "file": file } });
    place.write(CONFIG, &config.to_string());
}

#[test]
fn u07_a_replaced_token_counts_although_the_file_has_other_mistakes() {
    let (older, newer) = (
        "older-token-0123456789abcdef",
        "newer-token-0123456789abcdef",
    );
    let place = Place::with_gateway(&json!({ "auth": { "token": older } }));
    let gateway = place.gateway(&[]);
    place
        .configure(&json!({ "auth": { "token": newer }, "port": "x", "tls": { "mode": "bogus" } }));
    until("the newer token", || admits(&place, &gateway, newer));
    assert!(!admits(&place, &gateway, older));
    until("what was applied", || {
        place
            .read("gateway.log")
            .contains("config: applied in part")
    });
    gateway.stop();
    let gateway = place.gateway(&[]);
    assert!(admits(&place, &gateway, newer) && !admits(&place, &gateway, older));
    // What opens more than before is not taken over, and everybody is told so.
    place.configure(&json!({ "auth": { "token": "short" }, "tls": { "mode": "bogus" } }));
    let said = "the previous token still opens this gateway";
    until("the reason in the log", || {
        place.read("gateway.log").contains(said)
    });
    let status = place.run(&["status"]);
    assert!(status.err.contains(said), "{status:?}");
    gateway.stop();
}

#[test]
fn u07_a_damaged_file_without_a_stored_token_stops_no_gateway() {
    let mut place = Place::with_gateway(&json!({ "mode": "local" }));
    place.set_env(
        "OPENCLAW_GATEWAY_TOKEN",
        "a-token-of-the-environment-0123456789",
    );
    assert_eq!(place.gateway(&[]).stop().code(), Some(0));
    place.set_env("OPENCLAW_GATEWAY_TOKEN", "");
    place.write(CONFIG, "{{{");
    let gateway = place.gateway(&[]);
    place.run(&["health"]).ok();
    assert_eq!(gateway.stop().code(), Some(0));
    assert_eq!(place.read(CONFIG), "{{{");
}

#[test]
fn u07_a_secret_that_counts_comes_back_with_the_last_good_config() {
    let (older, newer) = ("older-token-0123456789abcdef", "short-token-1");
    let place = Place::with_gateway(&json!({ "auth": { "token": older } }));
    place.gateway(&[]).stop();
    // In effect, although the file is not right: by its older name, and shorter than the one before.
    for gateway in [
        json!({ "token": newer }),
        json!({ "auth": { "token": newer } }),
    ] {
        let config =
            json!({ "gateway": gateway, "logging": { "level": "loud", "file": place.log() } });
        place.write(CONFIG, &config.to_string());
        let gateway = place.gateway(&[]);
        assert!(admits(&place, &gateway, newer) && !admits(&place, &gateway, older));
        gateway.stop();
        place.write(CONFIG, "{{{");
        let gateway = place.gateway(&[]);
        assert!(admits(&place, &gateway, newer) && !admits(&place, &gateway, older));
        gateway.stop();
    }
    place.run(&["doctor", "--fix", "--yes"]);
    let gateway = place.gateway(&[]);
    assert!(admits(&place, &gateway, newer) && !admits(&place, &gateway, older));
    gateway.stop();
}

#[test]
fn u07_what_was_closed_by_a_variable_of_the_file_stays_closed() {
    let token = "a-token-of-this-config-0123456789abcdef";
    let config = |bind: &str, level: &str| {
        json!({
            "env": { "vars": { "B": bind } },
            "gateway": { "mode": "local", "bind": "${B}", "auth": { "token": token } },
            "logging": { "level": level },
        })
        .to_string()
    };
    let place = Place::new();
    place.write(CONFIG, &config("lan", "info"));
    let port = free_port().to_string();
    let mut open = place.start(&["gateway", "run", "--port", &port]);
    open.wait_for("listening on ws://0.0.0.0:");
    open.terminate();
    let closed = config("loopback", "loud").replace(token, "another-token-of-it-0123456789abcdef");
    place.write(CONFIG, &closed);
    place.gateway(&[]).stop();
    place.write(CONFIG, "{{{");
    let gateway = place.gateway(&[]);
    let status = place.run(&["gateway", "status"]);
    assert!(status.out.contains("bind=loopback"), "{status:?}");
    assert!(!status.out.contains("0.0.0.0"), "{status:?}");
    assert!(admits(
        &place,
        &gateway,
        "another-token-of-it-0123456789abcdef"
    ));
    gateway.stop();
}

#[test]
fn several_first_starts_at_once_leave_one_token_that_counts() {
    let place = Place::with_gateway(&json!({ "port": free_port() }));
    let mut starts: Vec<_> = (0..3).map(|_| place.start(&["gateway", "run"])).collect();
    until("one of them", || place.run(&["health"]).code == Some(0));
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    let port = place.run(&["config", "get", "gateway.port"]).ok().out;
    let url = format!("ws://127.0.0.1:{}", port.trim());
    let line = ["health", "--url", &url, "--token", token.trim()];
    until("the stored token", || place.run(&line).code == Some(0));
    let ends: Vec<_> = starts
        .drain(..)
        .map(|start| start.terminate().0.code())
        .collect();
    assert_eq!(
        ends.iter().filter(|code| **code == Some(0)).count(),
        1,
        "{ends:?}"
    );
}

#[test]
fn a_config_that_cannot_be_written_stops_no_gateway() {
    let token = "a-token-of-the-environment-0123456789";
    let mut place = Place::new();
    let config = json!({ "logging": { "file": place.log() } }).to_string();
    place.write(CONFIG, &config);
    // What keeps everybody from writing, root as well.
    std::fs::create_dir(place.path(".openclaw/openclaw.json.lock")).expect("a directory");
    let ran = |place: &Place| {
        let port = crate::place::free_port().to_string();
        let mut running = place.start(&["gateway", "run", "--port", &port]);
        running.wait_for("://127.0.0.1:");
        let (status, lines) = running.terminate();
        assert_eq!(status.code(), Some(0), "{lines:?}");
        lines.join("\n")
    };
    let told = ran(&place);
    for text in [
        "cannot be completed with gateway.mode and gateway.auth.token",
        "a token that lasts for this run",
        "OPENCLAW_CONFIG_READONLY=1",
    ] {
        assert!(told.contains(text), "{text}: {told}");
    }
    place.set_env("OPENCLAW_GATEWAY_TOKEN", token);
    let told = ran(&place);
    assert!(
        told.contains("cannot be completed with gateway.mode:"),
        "{told}"
    );
    assert!(!told.contains("lasts for this run"), "{told}");
    place.set_env("OPENCLAW_CONFIG_READONLY", "1");
    let told = ran(&place);
    assert!(!told.contains("cannot be completed"), "{told}");
    assert_eq!(place.read(CONFIG), config);
}

#[test]
fn a_log_file_that_cannot_be_used_stops_no_gateway() {
    let place = Place::new();
    pipe(&place, "pipe");
    std::os::unix::fs::symlink("elsewhere", place.path("link.log")).expect("a link");
    for (file, reason) in [
        (
            json!("/proc/nope/x.log"),
            "cannot open the log file /proc/nope/x.log",
        ),
        (json!(place.path("pipe")), "not a regular file"),
        (json!(place.path("link.log")), "a symbolic link"),
    ] {
        std::fs::remove_dir_all(place.path(".openclaw/logs")).ok();
        set_log(&place, &file);
        let gateway = place.gateway(&[]);
        let told = failing(&place, &gateway);
        assert!(told.contains("log: ") && told.contains(reason), "{told}");
        assert_eq!(gateway.stop().code(), Some(0));
        assert!(own_log(&place).contains("listening on"), "{file}");
        // Without the gateway, too, the log is found.
        let shown = place.run(&["logs"]).ok();
        assert!(shown.out.contains("listening on"), "{shown:?}");
    }
    assert!(!place.path("elsewhere").exists());
}

#[test]
fn without_any_log_file_the_console_has_the_lines() {
    let place = Place::new();
    place.write(".openclaw/logs", "no directory");
    set_log(&place, &json!("/proc/nope/x.log"));
    let mut gateway = place.gateway(&[]);
    gateway.running.find("lines go to the console alone");
    // Corrected, the file is written at once.
    set_log(&place, &json!(place.log()));
    until("the file", || !place.read("gateway.log").is_empty());
    until("no trouble", || {
        !failing(&place, &gateway).contains("log: ")
    });
    assert_eq!(gateway.stop().code(), Some(0));
}

#[test]
fn lines_that_no_file_has_are_told_while_they_are_lost_and_afterwards() {
    let place = Place::with_gateway(&json!({}));
    let mut gateway = place.gateway(&[]);
    std::fs::remove_file(place.log()).expect("the log");
    std::fs::create_dir(place.log()).expect("a directory");
    // Each of them is worth a line.
    gateway.running.signal("HUP");
    until("the trouble", || {
        failing(&place, &gateway).contains("log: cannot write ")
    });
    gateway.running.find("lines go to the console alone");
    std::fs::remove_dir(place.log()).expect("the directory");
    gateway.running.signal("HUP");
    until("the number of lost lines", || {
        let is_file = place.path("gateway.log").is_file();
        is_file
            && place
                .read("gateway.log")
                .contains("lines of the log were lost: ")
    });
    until("no trouble", || {
        !failing(&place, &gateway).contains("log: ")
    });
    assert_eq!(gateway.stop().code(), Some(0));
}

#[test]
fn a_pipe_in_the_place_of_the_log_does_not_hold_a_running_gateway_up() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    pipe(&place, "pipe");
    let pipe = place.path("pipe").display().to_string();
    place.run(&["config", "set", "logging.file", &pipe]).ok();
    until("the reason", || {
        place
            .read("gateway.log")
            .contains("the log stays where it is")
    });
    until("the reason where readiness is told", || {
        failing(&place, &gateway).contains("not a regular file")
    });
    let log = place.log().display().to_string();
    place.run(&["config", "set", "logging.file", &log]).ok();
    until("no trouble", || {
        !failing(&place, &gateway).contains("log: ")
    });
    assert_eq!(gateway.stop().code(), Some(0));
}

#[test]
fn the_log_command_follows_no_link() {
    let place = Place::new();
    place.write("secret", "root:x:0:0\n");
    std::os::unix::fs::symlink(place.path("secret"), place.path("link.log")).expect("a link");
    set_log(&place, &json!(place.path("link.log")));
    let ran = place.run(&["logs"]).fails(1);
    assert!(
        !ran.out.contains("root:x") && !ran.err.contains("root:x"),
        "{ran:?}"
    );
    assert!(
        ran.err.contains("a symbolic link, which is not followed"),
        "{ran:?}"
    );
}
