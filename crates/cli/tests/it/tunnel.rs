//! Tunnels through a real OpenSSH server: open, cut, restart, kill, half-open, and every way to fail.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::place::{Gateway, Place, free_port};
use crate::sshd::{Sshd, runs, script, set, signal, until};

/// A gateway behind an SSH host, and a person with a laptop.
struct Scene {
    far: Place,
    gateway: Gateway,
    laptop: Place,
    sshd: Sshd,
    token: String,
}

impl Scene {
    fn set() -> Option<Self> {
        let (laptop, sshd) = set()?;
        let far = Place::with_gateway(&json!({}));
        let gateway = far.gateway(&[]);
        let token = far.run(&["config", "get", "gateway.auth.token"]).ok().out;
        Some(Self {
            far,
            gateway,
            laptop,
            sshd,
            token: token.trim().to_owned(),
        })
    }

    /// The laptop's config: remote mode through the tunnel.
    fn configure(&self) {
        self.laptop.configure(&json!({"mode": "remote", "remote": {
            "transport": "ssh",
            "sshTarget": self.sshd.target(),
            "remotePort": self.gateway.port,
            "token": self.token,
        }}));
    }

    fn up(&self, more: &[&str]) -> Value {
        let (target, port) = (self.sshd.target(), self.gateway.port.to_string());
        let line = [
            &["tunnel", "up", &target, "--remote-port", &port, "--json"],
            more,
        ]
        .concat();
        self.laptop.run(&line).ok().json()
    }

    /// The one tunnel, as `tunnel status` tells.
    fn tunnel(&self) -> Value {
        let status = self.laptop.run(&["tunnel", "status", "--json"]).json();
        status["tunnels"][0].clone()
    }

    fn health(&self, port: &Value) {
        let url = format!("ws://127.0.0.1:{port}");
        let line = ["health", "--url", &url, "--token", &self.token, "--json"];
        assert_eq!(self.laptop.run(&line).ok().json()["ok"], true);
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.laptop.run(&["tunnel", "down"]);
    }
}

#[test]
fn u36_a_tunnel_carries_calls_until_it_is_closed() {
    let Some(scene) = Scene::set() else { return };
    let up = scene.up(&[]);
    assert_eq!(
        (&up["opened"], &up["gateway"]["reachable"]),
        (&json!(true), &json!(true))
    );
    scene.health(&up["localPort"]);
    // A second one is the same one.
    let again = scene.up(&[]);
    assert_eq!(again["opened"], false);
    assert_eq!(
        (&again["localPort"], &again["sshPid"]),
        (&up["localPort"], &up["sshPid"])
    );
    let ssh = up["sshPid"].as_u64().unwrap();
    assert!(runs(ssh));
    let down = scene.laptop.run(&["tunnel", "down"]).ok();
    assert!(down.out.starts_with("Closed the tunnel to "), "{down:?}");
    assert!(!runs(ssh));
    let none = scene.laptop.run(&["tunnel", "status"]).ok();
    assert!(none.out.starts_with("No tunnel is open.\n"), "{none:?}");
    assert_eq!(
        scene.laptop.run(&["tunnel", "down"]).ok().out,
        "No tunnel was open.\n"
    );
    assert_eq!(scene.up(&[])["localPort"], up["localPort"]);
}

#[test]
fn u36_the_port_survives_a_cut_a_restart_and_a_stall() {
    let Some(mut scene) = Scene::set() else {
        return;
    };
    let up = scene.up(&["--keep-alive", "1"]);
    let port = up["localPort"].clone();
    let back = |scene: &Scene, times: u64| {
        until("the tunnel is back", || {
            let tunnel = scene.tunnel();
            tunnel["state"] == "up" && tunnel["reopened"] == times
        });
        assert_eq!(scene.tunnel()["localPort"], port);
        scene.health(&port);
    };
    // The connection is cut.
    for session in scene.sshd.sessions() {
        signal(session, "KILL");
    }
    back(&scene, 1);
    // The server goes away and comes back.
    scene.sshd.stop();
    until("the loss is told", || scene.tunnel()["state"] == "degraded");
    let lost = scene.laptop.run(&["tunnel", "status"]).fails(1);
    assert!(
        lost.out.contains("  Reason: ") && lost.out.contains("  Fix: "),
        "{lost:?}"
    );
    scene.sshd.start();
    back(&scene, 2);
    // Half open: the far end neither answers nor hangs up.
    let stalled = scene.sshd.sessions();
    for session in &stalled {
        signal(*session, "STOP");
    }
    back(&scene, 3);
    for session in stalled.into_iter().filter(|pid| runs(*pid)) {
        signal(session, "KILL");
    }
}

#[test]
fn u36_nothing_is_left_when_the_parent_is_killed() {
    let Some(scene) = Scene::set() else { return };
    let up = scene.up(&[]);
    let ssh = up["sshPid"].as_u64().unwrap();
    signal(scene.tunnel()["pid"].as_u64().unwrap(), "KILL");
    until("ssh ended with its parent", || !runs(ssh));
    let status = scene.laptop.run(&["tunnel", "status"]).fails(1);
    assert!(status.out.contains(" · ended for "), "{status:?}");
    // The next one takes the same port.
    assert_eq!(scene.up(&[])["localPort"], up["localPort"]);
    scene.laptop.run(&["tunnel", "down"]).ok();
    // The same in the foreground.
    let (target, port) = (scene.sshd.target(), scene.gateway.port.to_string());
    let line = [
        "tunnel",
        "up",
        &target,
        "--remote-port",
        &port,
        "--foreground",
    ];
    let mut foreground = scene.laptop.start(&line);
    foreground.wait_for("tunnel open: 127.0.0.1:");
    let ssh = scene.tunnel()["sshPid"].as_u64().unwrap();
    assert!(runs(ssh));
    foreground.signal("KILL");
    until("ssh ended with its parent", || !runs(ssh));
    // Politely, it takes its ssh with it before it ends.
    let mut foreground = scene.laptop.start(&line);
    foreground.wait_for("tunnel open: 127.0.0.1:");
    let ssh = scene.tunnel()["sshPid"].as_u64().unwrap();
    assert!(foreground.terminate().0.success());
    assert!(!runs(ssh));
}

#[test]
fn u36_a_program_in_between_ends_ssh_where_the_kernel_does_not() {
    let place = Place::new();
    let own = std::process::id().to_string();
    let mut between = place
        .command(&[
            "tunnel",
            "exec",
            "--parent",
            &own,
            "--between",
            "--",
            "sh",
            "-c",
            "echo $$; exec sleep 1000",
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(between.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    let sleeper: u64 = line.trim().parse().unwrap();
    assert!(runs(sleeper));
    // What happens to the pipe when the parent is killed.
    drop(between.stdin.take());
    between.wait().unwrap();
    until("the program ended", || !runs(sleeper));
    // Not the parent: nothing is started.
    let ran = place.run(&[
        "tunnel",
        "exec",
        "--parent",
        "1",
        "--",
        "sh",
        "-c",
        "echo started",
    ]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
}

#[test]
fn u36_every_failure_is_named_with_its_fix() {
    let Some(scene) = Scene::set() else { return };
    let (target, remote) = (scene.sshd.target(), scene.gateway.port.to_string());
    let failed = |target: &str, more: &[&str]| {
        let line = [&["tunnel", "up", target, "--remote-port", &remote], more].concat();
        let ran = scene.laptop.run(&line).fails(1);
        assert_eq!(ran.out, "", "{ran:?}");
        ran.err
    };
    let port = scene.sshd.port;
    scene.sshd.know("nobody");
    let said = failed(&target, &[]);
    assert!(
        said.contains(&format!(
            " failed: the host key of [127.0.0.1]:{port} is not known here\nFix: log in once, "
        )),
        "{said}"
    );
    scene.sshd.know("other-host");
    let said = failed(&target, &[]);
    assert!(
        said.contains(" has changed: ")
            && said.contains(&format!("ssh-keygen -R '[127.0.0.1]:{port}'")),
        "{said}"
    );
    scene.sshd.know("host");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_port = taken.local_addr().unwrap().port().to_string();
    let said = failed(&target, &["--local-port", &taken_port]);
    assert!(said.contains(&format!("port {taken_port} of this machine is taken by another program\nFix: choose another one with --local-port")), "{said}");
    scene.sshd.authorize_nobody();
    let said = failed(&target, &[]);
    assert!(
        said.contains(" accepts none of the keys offered (") && said.contains("ssh-copy-id -p "),
        "{said}"
    );
    let closed = target.replace(&port.to_string(), &free_port().to_string());
    let said = failed(&closed, &[]);
    assert!(
        said.contains("nothing accepts SSH connections on 127.0.0.1 port "),
        "{said}"
    );
    let said = failed("me@no-such-host.invalid", &[]);
    assert!(said.contains("the name no-such-host.invalid does not resolve\nFix: check the name: getent hosts no-such-host.invalid"), "{said}");
    let said = failed("me@-oProxyCommand=x", &[]);
    assert!(
        said.contains("invalid SSH target: me@-oProxyCommand=x"),
        "{said}"
    );
    assert_eq!(fs::read_dir(scene.laptop.path("tmp")).unwrap().count(), 0);
}

#[test]
fn u36_commands_open_the_tunnel_by_themselves() {
    let Some(scene) = Scene::set() else { return };
    scene.configure();
    assert_eq!(
        scene.laptop.run(&["health", "--json"]).ok().json()["ok"],
        true
    );
    let first = scene.tunnel();
    assert_eq!(
        (&first["state"], &first["kept"]),
        (&json!("up"), &json!(false))
    );
    let status = scene.laptop.run(&["gateway", "status"]).ok();
    for line in [
        "Runtime: remote\n",
        "Source: config gateway.remote.sshTarget\n",
        "Credential: token (config gateway.remote.token)\n",
        &format!(
            "Transport: ssh {} (config gateway.remote.sshTarget), gateway port {} there\n",
            scene.sshd.target(),
            scene.gateway.port
        ),
        "RPC probe: ok",
    ] {
        assert!(status.out.contains(line), "{line}: {status:?}");
    }
    let status = scene.laptop.run(&["status", "--json"]).ok().json();
    let gateway = &status["gateway"];
    assert_eq!(
        [
            &gateway["mode"],
            &gateway["transport"],
            &gateway["reachable"],
            &gateway["authorized"]
        ],
        [&json!("remote"), &json!("ssh"), &json!(true), &json!(true)]
    );
    assert_eq!(gateway["tunnel"]["localPort"], first["localPort"]);
    // The page is opened on the local end, with the far token, and the tunnel stays for it.
    let dashboard = scene
        .laptop
        .run(&["dashboard", "--no-open", "--json"])
        .ok()
        .json();
    let base = format!("http://127.0.0.1:{}/", first["localPort"]);
    assert_eq!(dashboard["httpUrl"], base);
    let url = dashboard["url"].as_str().unwrap();
    assert!(url.starts_with(&format!("{base}#")), "{url}");
    assert!(!url.contains('?'), "{url}");
    let last = scene.tunnel();
    assert_eq!(
        (&last["kept"], &last["pid"], &last["reopened"]),
        (&json!(true), &first["pid"], &json!(0))
    );
}

#[test]
fn u29_a_failed_tunnel_says_why_in_every_command() {
    let Some(scene) = Scene::set() else { return };
    scene.configure();
    scene.sshd.know("nobody");
    let ran = scene.laptop.run(&["health"]).fails(1);
    assert!(ran.err.starts_with("Error: ssh tunnel to "), "{ran:?}");
    assert!(
        ran.err.contains("\nTransport: ssh ") && ran.err.contains("\nFix: log in once, compare"),
        "{ran:?}"
    );
    let status = scene.laptop.run(&["status"]).ok();
    assert!(
        status.out.contains("RPC probe: failed\n") && status.out.contains("is not known here"),
        "{status:?}"
    );
    let probe = scene
        .laptop
        .run(&["gateway", "probe", "--json"])
        .fails(1)
        .json();
    assert_eq!(probe["warnings"][0]["code"], "ssh_tunnel_failed");
    assert_eq!(probe["targets"][0]["id"], "sshTunnel");
    scene.sshd.know("host");
    // The gateway there is down: ssh works, and that is said.
    signal(u64::from(scene.gateway.running.pid()), "KILL");
    let ran = scene.laptop.run(&["health"]).fails(1);
    let there = format!(
        "The SSH host is reached; nothing listens on its 127.0.0.1:{}.",
        scene.gateway.port
    );
    assert!(ran.err.contains(&there), "{ran:?}");
    assert!(scene.far.path("gateway.log").exists());
}

#[test]
fn s13_ssh_is_not_given_the_secrets_of_the_gateway() {
    let Some(mut scene) = Scene::set() else {
        return;
    };
    let seen = scene.laptop.path("seen");
    let real = fs::read_to_string(scene.laptop.path("bin/ssh")).unwrap();
    let line = real.lines().last().unwrap();
    script(
        &scene.laptop.path("bin/ssh"),
        &format!("env >> {}\n{line}", seen.display()),
    );
    let token = scene.token.clone();
    scene.laptop.set_env("OPENCLAW_GATEWAY_TOKEN", &token);
    scene.laptop.configure(&json!({"mode": "remote", "remote": {
        "transport": "ssh",
        "sshTarget": scene.sshd.target(),
        "remotePort": scene.gateway.port,
    }}));
    scene.laptop.run(&["health"]).ok();
    let seen = fs::read_to_string(&seen).unwrap();
    assert!(seen.contains("PATH="), "{seen}");
    assert!(!seen.contains(&token), "{seen}");
    scene.laptop.run(&["tunnel", "down"]).ok();
}

#[test]
fn u29_probe_calls_ssh_only_when_asked() {
    let Some(scene) = Scene::set() else { return };
    let calls = scene.laptop.path("calls");
    let real = fs::read_to_string(scene.laptop.path("bin/ssh")).unwrap();
    let line = real.lines().last().unwrap();
    script(
        &scene.laptop.path("bin/ssh"),
        &format!("echo called >> {}\n{line}", calls.display()),
    );
    scene.laptop.configure(&json!({"mode": "remote", "remote": {
        "url": format!("ws://127.0.0.1:{}", free_port()),
        "sshTarget": scene.sshd.target(),
        "remotePort": scene.gateway.port,
        "token": scene.token,
    }}));
    scene.laptop.run(&["gateway", "probe", "--json"]).fails(1);
    assert!(!calls.exists());
    let target = scene.sshd.target();
    let probe = scene
        .laptop
        .run(&["gateway", "probe", "--json", "--ssh", &target])
        .ok()
        .json();
    assert!(calls.exists());
    assert_eq!(
        (&probe["ok"], &probe["primaryTargetId"]),
        (&json!(true), &json!("sshTunnel"))
    );
    let by_ssh = &probe["targets"][0];
    assert_eq!(
        (&by_ssh["tunnel"]["kind"], &by_ssh["tunnel"]["target"]),
        (&json!("ssh"), &json!(target))
    );
    assert_eq!(
        (&by_ssh["connect"]["ok"], &by_ssh["auth"]["capability"]),
        (&json!(true), &json!("admin"))
    );
    // It was for this look alone.
    assert_eq!(scene.tunnel(), Value::Null);
    let probe = scene
        .laptop
        .run(&["gateway", "probe", "--json", "--ssh-auto"])
        .ok()
        .json();
    assert_eq!(probe["primaryTargetId"], "sshTunnel");
    assert_eq!(scene.tunnel(), Value::Null);
}

#[test]
fn u36_a_node_host_keeps_its_tunnel() {
    let Some(scene) = Scene::set() else { return };
    scene.configure();
    let mut node = scene.laptop.start(&["node", "run"]);
    let connected = || {
        let nodes = scene.far.run(&["nodes", "status", "--json"]).json();
        nodes.to_string().contains("\"connected\":true")
    };
    until("the node is connected", connected);
    let port = scene.tunnel()["localPort"].clone();
    // Somebody closes the tunnel under it.
    scene.laptop.run(&["tunnel", "down"]).ok();
    until("the tunnel is back", || scene.tunnel()["state"] == "up");
    assert_eq!(scene.tunnel()["localPort"], port);
    until("the node is back", connected);
    node.signal("TERM");
    node.wait_for("");
}

#[test]
fn u36_by_hand_as_in_the_guides() {
    let Some(scene) = Scene::set() else { return };
    // ssh -N -L <port>:127.0.0.1:<port> user@host, with a gateway that listens elsewhere there.
    let local = free_port();
    let mut ssh = std::process::Command::new(scene.laptop.path("bin/ssh"))
        .args([
            "-N",
            "-L",
            &format!("{local}:127.0.0.1:{}", scene.gateway.port),
        ])
        .args(["-p", &scene.sshd.port.to_string()])
        .arg(scene.sshd.target().split(':').next().unwrap())
        .spawn()
        .unwrap();
    until("the tunnel is open", || {
        std::net::TcpStream::connect(("127.0.0.1", local)).is_ok()
    });
    scene
        .laptop
        .configure(&json!({"port": local, "remote": {"token": scene.token}}));
    let status = scene.laptop.run(&["status"]).ok();
    assert!(status.out.contains("RPC probe: ok\n"), "{status:?}");
    assert_eq!(
        scene.laptop.run(&["health", "--json"]).ok().json()["ok"],
        true
    );
    let dashboard = scene
        .laptop
        .run(&["dashboard", "--no-open", "--json"])
        .ok()
        .json();
    assert_eq!(dashboard["httpUrl"], format!("http://127.0.0.1:{local}/"));
    ssh.kill().unwrap();
    ssh.wait().unwrap();
}

#[test]
fn u36_install_writes_the_unit_of_the_guides() {
    let place = Place::new();
    fs::create_dir(place.path("bin")).unwrap();
    let log = place.path("systemctl.log");
    script(
        &place.path("bin/systemctl"),
        &format!("echo \"$@\" >> {}", log.display()),
    );
    let linger = place.path("linger.log");
    script(
        &place.path("bin/loginctl"),
        &format!(
            "case \"$1\" in show-user) [ -e {linger} ] && echo Linger=yes || echo Linger=no;; *) echo \"$1\" >> {linger};; esac",
            linger = linger.display()
        ),
    );
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    let place = place.with_env("PATH", &path);
    let ran = place.run(&["tunnel", "install", "user@gateway-host"]).ok();
    assert!(ran.out.contains("\nLingering is on for "), "{ran:?}");
    let unit = ".config/systemd/user/openclaw-tunnel.service";
    assert_eq!(
        place.read(unit),
        "[Unit]\nDescription=OpenClaw SSH Tunnel\nAfter=network.target\n\n\
         [Service]\nType=simple\n\
         ExecStart=/usr/bin/ssh -N -L 18789:127.0.0.1:18789 -o ServerAliveInterval=60 -o ServerAliveCountMax=3 -o ExitOnForwardFailure=yes user@gateway-host\n\
         Restart=always\nRestartSec=10\n\n\
         [Install]\nWantedBy=default.target\n"
    );
    assert_eq!(
        place.read("systemctl.log"),
        "--user show --property=Version\n--user show --property=Version\n--user daemon-reload\n--user enable openclaw-tunnel.service\n--user restart openclaw-tunnel.service\n"
    );
    assert!(
        ran.out.starts_with("Wrote ") && ran.out.contains("\nRan systemctl --user daemon-reload\n"),
        "{ran:?}"
    );
    // Once more changes nothing, another host replaces it.
    let again = place.run(&["tunnel", "install", "user@gateway-host"]).ok();
    assert!(again.out.starts_with("Unchanged: "), "{again:?}");
    assert!(!again.out.contains("inger"), "{again:?}");
    assert_eq!(place.read("linger.log"), "enable-linger\n");
    place
        .run(&[
            "tunnel",
            "install",
            "user@other:2222",
            "--local-port",
            "19000",
        ])
        .ok();
    assert!(
        place.read(unit).contains(" -L 19000:127.0.0.1:18789 ")
            && place.read(unit).contains(" -p 2222 user@other\n")
    );
    let status = place.run(&["tunnel", "status"]).ok();
    assert!(
        status
            .out
            .contains("127.0.0.1:19000 → port 18789 of user@other:2222"),
        "{status:?}"
    );
    // A profile has its own.
    place
        .run(&[
            "--profile",
            "rescue",
            "tunnel",
            "install",
            "user@gateway-host",
        ])
        .ok();
    assert!(
        place
            .path(".config/systemd/user/openclaw-tunnel-rescue.service")
            .exists()
    );
    fs::remove_file(&log).unwrap();
    for (verb, done) in [
        ("start", "Started"),
        ("stop", "Stopped"),
        ("restart", "Restarted"),
    ] {
        let ran = place.run(&["tunnel", verb]).ok();
        let line = format!("{done} systemd service: openclaw-tunnel.service\n");
        assert!(ran.out.starts_with(&line), "{ran:?}");
        assert_eq!(
            place.read("systemctl.log"),
            format!("--user {verb} openclaw-tunnel.service\n")
        );
        fs::remove_file(&log).unwrap();
    }
    let gone = place.run(&["tunnel", "uninstall"]).ok();
    assert!(gone.out.contains("Removed "), "{gone:?}");
    assert!(!place.path(unit).exists());
    assert_eq!(
        place.read("systemctl.log"),
        "--user disable --now openclaw-tunnel.service\n--user daemon-reload\n"
    );
    let nothing = place.run(&["tunnel", "start"]).fails(1);
    assert!(
        nothing.err.starts_with("Tunnel service not installed.\n")
            && nothing.err.contains("openclaw tunnel install <user@host>"),
        "{nothing:?}"
    );
    // A file of somebody else is not touched.
    place.write(unit, "[Service]\nExecStart=/bin/true\n");
    let refused = place
        .run(&["tunnel", "install", "user@gateway-host"])
        .fails(1);
    assert!(
        refused
            .err
            .contains("is not a tunnel of ours; it stays as it is"),
        "{refused:?}"
    );
}

#[test]
fn u36_install_without_systemd_shows_the_file_and_the_command() {
    let place = Place::new().with_env("PATH", "/nonexistent");
    let ran = place.run(&["tunnel", "install", "user@gateway-host"]).ok();
    for line in [
        "\nExecStart=/usr/bin/ssh -N -L 18789:127.0.0.1:18789 ",
        "\nsystemctl was not found, so nothing was started. Where it is there, run:\n  systemctl --user daemon-reload\n",
        "\nWithout a service manager: openclaw tunnel up user@gateway-host --foreground\n",
    ] {
        assert!(ran.out.contains(line), "{line}: {ran:?}");
    }
    assert!(!place.path(".config").exists());
}

#[test]
fn u36_install_beside_a_systemd_that_does_not_run_writes_nothing() {
    let place = Place::new();
    std::fs::create_dir(place.path("bin")).unwrap();
    crate::sshd::script(
        &place.path("bin/systemctl"),
        "echo 'System has not been booted with systemd as init system' >&2; exit 1",
    );
    let path = place.path("bin").display().to_string();
    let place = place.with_env("PATH", &path);
    let ran = place.run(&["tunnel", "install", "user@gateway-host"]).ok();
    for line in [
        "~/.config/systemd/user/openclaw-tunnel.service would be:\n",
        "\nExecStart=/usr/bin/ssh -N -L 18789:127.0.0.1:18789 ",
        "\nsystemd does not run here, so nothing was written or started.",
        "\nWithout a service manager: openclaw tunnel up user@gateway-host --foreground\n",
    ] {
        assert!(ran.out.contains(line), "{line}: {ran:?}");
    }
    assert!(!place.path(".config").exists());
    assert!(!place.path(".openclaw/tunnel-service.json").exists());
    assert_eq!(
        place.run(&["tunnel", "down"]).ok().out,
        "No tunnel was open.\n"
    );
}

#[test]
fn u36_a_stranger_with_the_number_of_a_dead_tunnel_is_never_signalled() {
    let place = Place::new();
    let mut stranger = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    let pid = stranger.id();
    let record = json!({
        "target": "me@gw", "localPort": 1, "remotePort": 2, "pid": pid, "startedAtMs": 1, "sshPid": pid,
        "state": "up", "sinceMs": 1, "reopened": 0, "kind": null, "reason": null, "fix": null,
        "retryAtMs": null, "gatewayNote": null,
    });
    place.write(
        ".openclaw/tunnels/0123456789abcdef.json",
        &record.to_string(),
    );
    let lock = json!({"pid": pid, "exe": "openclaw", "startedAtMs": 1});
    place.write(".openclaw/tunnels/0123456789abcdef.lock", &lock.to_string());
    assert_eq!(
        place.run(&["tunnel", "down"]).ok().out,
        "No tunnel was open.\n"
    );
    assert!(stranger.try_wait().unwrap().is_none());
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}
