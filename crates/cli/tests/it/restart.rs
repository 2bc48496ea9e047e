//! Restarts that nobody notices, and what a service manager is told about them.

mod load;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::place::{Gateway, Place, Running, free_port};
use crate::sshd::until;

/// What the new program says first.
const RESTARTED: &str = "restarted; the sockets stayed open";

/// Restarts it by its signal, and waits for the successor.
fn restart(gateway: &mut Gateway) {
    gateway.running.signal("USR1");
    gateway.running.wait_for(RESTARTED);
}

/// The status line of an answer.
fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn u23_sigusr1_restarts_in_the_same_process_and_everything_stays() {
    let place = Place::with_gateway(&json!({}));
    let mut gateway = place.gateway(&[]);
    let pid = gateway.running.pid();
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    for _ in 0..3 {
        restart(&mut gateway);
        assert_eq!(get(gateway.port, "/readyz"), "HTTP/1.1 200 OK");
        place.run(&["health"]).ok();
        let second = place.run(&["gateway", "run"]).fails(78);
        assert!(second.err.contains(&format!("(pid {pid}, ")), "{second:?}");
    }
    assert_eq!(
        place.run(&["config", "get", "gateway.auth.token"]).ok().out,
        token
    );
    let (status, lines) = gateway.running.terminate();
    assert!(status.success());
    let text = lines.join("\n");
    assert!(text.contains("all calls answered, all connections closed, records written"));
    assert!(!place.path(".openclaw/gateway.sock").exists(), "{text}");
}

#[test]
fn u23_one_time_flags_are_not_repeated() {
    let place = Place::with_gateway(&json!({}));
    let mut gateway = place.gateway(&["--force"]);
    restart(&mut gateway);
    place.run(&["health"]).ok();
    assert!(gateway.stop().success());
}

#[test]
fn u23_operators_restart_it_by_a_call_and_commands_restart_forbids_the_signal() {
    let place = Place::with_gateway(&json!({}));
    let mut gateway = place.gateway(&[]);
    let call = ["gateway", "call", "gateway.restart.request", "--json"];
    let answer = place.run(&call).ok().json();
    assert_eq!(
        (&answer["status"], &answer["pid"]),
        (&json!("restarting"), &json!(gateway.running.pid()))
    );
    gateway.running.wait_for(RESTARTED);
    place
        .run(&["config", "set", "commands.restart", "false"])
        .ok();
    // In force with the line that says so.
    gateway.running.wait_for("config applied");
    gateway.running.signal("USR1");
    gateway.running.wait_for(
        "SIGUSR1 restart ignored (not authorized; enable commands.restart or use gateway tool).",
    );
    // The owner on this machine still may.
    place.run(&call).ok();
    gateway.running.wait_for(RESTARTED);
    assert!(gateway.stop().success());
}

#[test]
fn u23_signals_between_two_programs_are_neither_lost_nor_deadly() {
    let place = Place::with_gateway(&json!({}));
    let mut gateway = place.gateway(&[]);
    let pid = rustix::process::Pid::from_raw(gateway.running.pid().cast_signed()).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    // Signals without a pause, so that some arrive while one program becomes the other.
    let signals = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            while !over.load(Ordering::Relaxed) {
                for signal in [Signal::USR1, Signal::HUP] {
                    rustix::process::kill_process(pid, signal).unwrap();
                }
            }
        }
    });
    for _ in 0..5 {
        gateway.running.wait_for(RESTARTED);
    }
    over.store(true, Ordering::Relaxed);
    signals.join().unwrap();
    let (status, lines) = gateway.running.terminate();
    assert!(status.success(), "{lines:?}");
}

/// Starts a gateway through a link, as package managers place programs.
fn through_link(place: &Place) -> (PathBuf, Gateway) {
    let link = place.path("openclaw");
    symlink(env!("CARGO_BIN_EXE_openclaw"), &link).unwrap();
    let port = free_port();
    let text = port.to_string();
    let mut running =
        place.start_program(link.to_str().unwrap(), &["gateway", "run", "--port", &text]);
    running.wait_for("://127.0.0.1:");
    (link, Gateway { running, port })
}

fn replace(link: &Path, target: &Path) {
    let fresh = link.with_extension("new");
    symlink(target, &fresh).unwrap();
    std::fs::rename(&fresh, link).unwrap();
}

#[test]
fn u23_a_restart_takes_the_program_that_is_there_then_or_none_that_does_not_start() {
    let place = Place::with_gateway(&json!({}));
    let (link, mut gateway) = through_link(&place);
    let broken = place.path("broken");
    std::fs::write(&broken, "#!/bin/sh\necho no such library >&2\nexit 127\n").unwrap();
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o755)).unwrap();
    replace(&link, &broken);
    gateway.running.signal("USR1");
    let line = gateway.running.wait_for("not restarted: ");
    assert!(line.contains("no such library"), "{line}");
    let refused = place
        .run(&["gateway", "call", "gateway.restart.request"])
        .fails(1);
    assert!(refused.err.contains("not restarted: "), "{refused:?}");
    assert_eq!(get(gateway.port, "/readyz"), "HTTP/1.1 200 OK");

    // A config that leaves nothing to start with is noticed before, too. The running gateway goes on with the one before.
    replace(&link, Path::new(env!("CARGO_BIN_EXE_openclaw")));
    restart(&mut gateway);
    place.run(&["health"]).ok();
    assert!(gateway.stop().success());
}

#[test]
fn u23_a_restart_that_would_end_in_a_refusal_is_not_begun() {
    let mut place = Place::with_gateway(&json!({ "mode": "local" }));
    place.write("secret", "a-token-from-a-file-0123456789abcdef");
    let secret = place.path("secret");
    place.set_env("OPENCLAW_GATEWAY_TOKEN_FILE", &secret.display().to_string());
    let mut gateway = place.gateway(&[]);
    let is_refused = |gateway: &mut Gateway, reason: &str| {
        gateway.running.signal("USR1");
        let line = gateway.running.wait_for("not restarted: ");
        assert!(line.contains(reason), "{line}");
        assert_eq!(get(gateway.port, "/readyz"), "HTTP/1.1 200 OK");
    };
    std::fs::remove_file(&secret).unwrap();
    is_refused(&mut gateway, "OPENCLAW_GATEWAY_TOKEN_FILE=");
    // One character is a token for this machine, and none for others.
    place.write("secret", "x");
    restart(&mut gateway);
    place.run(&["config", "set", "gateway.bind", "lan"]).ok();
    is_refused(
        &mut gateway,
        "refusing to bind to lan with a weak token (shorter than 6 characters)",
    );
    place
        .run(&["config", "set", "gateway.bind", "loopback"])
        .ok();
    restart(&mut gateway);
    place.run(&["config", "set", "gateway.mode", "remote"]).ok();
    is_refused(&mut gateway, "set gateway.mode=local (current: remote)");
    assert!(gateway.stop().success());
}

#[test]
fn u23_no_restart_to_a_port_that_somebody_else_has() {
    let port = free_port();
    let place = Place::with_gateway(&json!({ "mode": "local", "port": port }));
    let mut running = place.start(&["gateway", "run"]);
    running.wait_for("://127.0.0.1:");
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = stranger.local_addr().unwrap().port();
    place
        .run(&["config", "set", "gateway.port", &taken.to_string()])
        .ok();
    running.signal("USR1");
    let line = running.wait_for("not restarted: ");
    assert!(
        line.contains(&format!("Port {taken} is already in use.")),
        "{line}"
    );
    assert_eq!(get(port, "/readyz").split(' ').nth(1), Some("200"));
    // Nor where that one has one of the addresses, beside the gateway's own.
    place
        .run(&["config", "set", "gateway.port", &port.to_string()])
        .ok();
    let beside = TcpListener::bind(("127.0.0.2", port)).unwrap();
    place.run(&["config", "set", "gateway.bind", "lan"]).ok();
    running.signal("USR1");
    let line = running.wait_for("not restarted: ");
    assert!(
        line.contains(&format!("Port {port} is already in use.")),
        "{line}"
    );
    assert_eq!(get(port, "/readyz").split(' ').nth(1), Some("200"));
    drop(beside);
    place
        .run(&["config", "set", "gateway.bind", "loopback"])
        .ok();
    place
        .run(&["config", "set", "gateway.port", &taken.to_string()])
        .ok();
    drop(stranger);
    running.signal("USR1");
    running.wait_for(RESTARTED);
    assert_eq!(get(taken, "/readyz"), "HTTP/1.1 200 OK");
    let (status, lines) = running.terminate();
    assert!(status.success(), "{lines:?}");
}

#[test]
fn u23_a_token_that_lasts_for_a_run_is_not_lost_by_a_restart() {
    let place =
        Place::with_gateway(&json!({ "mode": "local" })).with_env("OPENCLAW_CONFIG_READONLY", "1");
    let mut gateway = place.gateway(&[]);
    gateway.running.signal("USR1");
    let line = gateway.running.wait_for("not restarted: ");
    assert!(line.contains("its token lasts for this run"), "{line}");
    place.run(&["health"]).ok();
    assert!(gateway.stop().success());
}

#[test]
fn u23_what_came_through_a_pipe_cannot_be_read_by_a_successor() {
    let place = Place::with_gateway(&json!({ "mode": "local" }));
    let program = env!("CARGO_BIN_EXE_openclaw");
    let port = free_port();
    let script = format!(
        "exec env OPENCLAW_GATEWAY_TOKEN_FILE=<(printf %s a-token-from-a-pipe-0123456789abcdef) {program} gateway run --port {port}"
    );
    let mut running = place.start_program("/bin/bash", &["-c", &script]);
    running.wait_for("://127.0.0.1:");
    let mut gateway = Gateway { running, port };
    gateway.running.signal("USR1");
    let line = gateway.running.wait_for("not restarted: ");
    assert!(
        line.contains("what comes through a pipe is read once, by one start"),
        "{line}"
    );
    assert_eq!(get(gateway.port, "/readyz"), "HTTP/1.1 200 OK");
    assert!(gateway.stop().success());
}

#[test]
fn u23_a_program_that_goes_during_the_drain_leaves_the_gateway_running() {
    let place = Place::with_gateway(&json!({}));
    let (link, mut gateway) = through_link(&place);
    gateway.running.signal("USR1");
    gateway.running.wait_for("draining; then ");
    std::fs::remove_file(&link).unwrap();
    gateway.running.wait_for(RESTARTED);
    place.run(&["health"]).ok();
    // Back at its place, it is the one that restarts run.
    replace(&link, Path::new(env!("CARGO_BIN_EXE_openclaw")));
    restart(&mut gateway);
    assert!(gateway.stop().success());
}

#[test]
fn u23_a_second_signal_ends_it_at_once() {
    let place = Place::with_gateway(&json!({}));
    place.allow_all_programs();
    let mut gateway = place.gateway(&[]);
    let _node = place.node(&gateway);
    let begun = place.path("begun");
    let script = format!("touch {}; sleep 60", begun.display());
    let _call = place.start(&["nodes", "run", "--node", "box", "--", "sh", "-c", &script]);
    until("it happens", || begun.exists());
    gateway.running.signal("TERM");
    gateway.running.wait_for("received SIGTERM; shutting down");
    gateway.running.signal("TERM");
    let (status, lines) = gateway.running.wait();
    assert_eq!(status.code(), Some(143), "{lines:?}");
    let text = lines.join("\n");
    assert!(
        text.contains("received SIGTERM again; ending at once"),
        "{text}"
    );
}

#[test]
fn u23_a_program_on_a_node_runs_through_a_restart_once_and_its_caller_gets_the_output() {
    let place = Place::with_gateway(&json!({}));
    place.allow_all_programs();
    let mut gateway = place.gateway(&[]);
    let mut node = place.node(&gateway);
    let (runs, go) = (place.path("runs"), place.path("go"));
    let script = format!(
        "echo x >> {}; while [ ! -e {} ]; do sleep 0.05; done; echo done",
        runs.display(),
        go.display()
    );
    let mut call = place.start(&[
        "nodes",
        "run",
        "--node",
        "box",
        "--timeout",
        "90000",
        "--command-timeout",
        "90000",
        "--",
        "sh",
        "-c",
        &script,
    ]);
    until("it happens", || runs.exists());
    restart(&mut gateway);
    node.wait_for("node host connected to ");
    std::fs::write(&go, "").unwrap();
    call.wait_for("done");
    let (status, lines) = call.wait();
    assert!(status.success(), "{lines:?}");
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "x\n");
    assert!(gateway.stop().success());
}

#[test]
fn u23_up_answers_the_calls_to_its_own_node_before_it_restarts() {
    let place = Place::with_gateway(&json!({}));
    place.allow_all_programs();
    let port = free_port().to_string();
    let mut up = place.start(&["up", "--port", &port, "--display-name", "here"]);
    up.wait_for("Stop with Ctrl-C.");
    until("it happens", || {
        place
            .read("gateway.log")
            .contains("node host connected to ")
    });
    let (runs, go) = (place.path("runs"), place.path("go"));
    let script = format!(
        "echo x >> {}; while [ ! -e {} ]; do sleep 0.05; done; echo done",
        runs.display(),
        go.display()
    );
    let mut call = place.start(&[
        "nodes",
        "run",
        "--node",
        "here",
        "--timeout",
        "90000",
        "--command-timeout",
        "90000",
        "--",
        "sh",
        "-c",
        &script,
    ]);
    until("it happens", || runs.exists());
    up.signal("USR1");
    until("it happens", || {
        place.read("gateway.log").contains("draining; then ")
    });
    std::fs::write(&go, "").unwrap();
    call.wait_for("done");
    let (status, lines) = call.wait();
    assert!(status.success(), "{lines:?}");
    assert_eq!(std::fs::read_to_string(&runs).unwrap(), "x\n");
    until("it happens", || {
        place.read("gateway.log").contains(RESTARTED)
    });
    up.signal("TERM");
    assert_eq!(up.wait().0.code(), Some(0));
}

/// A service manager that listens.
struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    fn listen(place: &Place) -> Self {
        let path = place.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        Self {
            socket,
            path: path.to_str().unwrap().to_owned(),
        }
    }

    /// Waits for a notice that holds `text`.
    fn hears(&self, text: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length = self.socket.recv(&mut buffer).expect(text);
            let notice = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if notice.lines().any(|line| line.starts_with(text)) {
                return notice;
            }
        }
    }
}

#[test]
fn u25_a_service_manager_is_told_when_the_gateway_is_ready_alive_restarting_and_stopping() {
    let mut place = Place::with_gateway(&json!({}));
    let manager = Manager::listen(&place);
    place.set_env("NOTIFY_SOCKET", &manager.path);
    place.set_env("WATCHDOG_USEC", "400000");
    let mut gateway = place.gateway(&[]);
    let ready = manager.hears("READY=1");
    let listening = format!("STATUS=listening on 127.0.0.1:{}", gateway.port);
    assert!(ready.contains(&listening), "{ready}");
    manager.hears("WATCHDOG=1");
    manager.hears("WATCHDOG=1");
    restart(&mut gateway);
    let reloading = manager.hears("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    manager.hears("READY=1");
    manager.hears("WATCHDOG=1");
    gateway.running.signal("TERM");
    manager.hears("STOPPING=1");
    assert!(gateway.running.wait().0.success());
}

#[test]
fn u25_a_service_manager_is_told_about_the_node_host() {
    let mut place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let manager = Manager::listen(&place);
    place.set_env("NOTIFY_SOCKET", &manager.path);
    place.set_env("WATCHDOG_USEC", "400000");
    let node = place.node(&gateway);
    manager.hears("READY=1");
    manager.hears("WATCHDOG=1");
    node.signal("TERM");
    manager.hears("STOPPING=1");
    assert!(node.wait().0.success());
}

#[test]
fn u23_sockets_of_a_service_manager_are_taken_by_their_address_and_kept_over_a_restart() {
    let place = Place::with_gateway(&json!({}));
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    // Whoever comes before the gateway waits for it.
    let mut early = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let passed = OwnedFd::from(socket.try_clone().unwrap());
    let script = r#"exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=openclaw.socket; exec "$@""#;
    let port_text = port.to_string();
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_openclaw")])
        .args(["gateway", "run", "--bind", "loopback", "--port", &port_text])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", place.path("."))
        .env("TMPDIR", place.path("tmp"))
        .stdin(Stdio::from(passed));
    let mut gateway = Gateway {
        running: Running::new(command),
        port,
    };
    gateway.running.wait_for("://127.0.0.1:");
    early
        .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    restart(&mut gateway);
    assert_eq!(get(port, "/readyz"), "HTTP/1.1 200 OK");
    assert!(gateway.stop().success());
    drop(socket);
}
