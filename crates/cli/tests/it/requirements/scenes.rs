//! What lies between the lines of the document: files, looks, approvals, ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::{GATEWAY_IP, HOME, Machine, Where, World, tailnet};
use crate::place::{Ran, mode};

/// A token as people choose it for the examples of the document.
const SECRET: &str = "your-token";

/// An SSH server on the gateway host that the person with the laptop may log in to.
pub(super) fn ssh_server(world: &mut World) {
    let (far, near) = (&world.gateway, &world.laptop);
    let key = |path: &Path| {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(path)
            .status()
            .unwrap();
        assert!(made.success());
        fs::read_to_string(path.with_extension("pub")).unwrap()
    };
    fs::create_dir(near.path(".ssh")).unwrap();
    fs::set_permissions(near.path(".ssh"), fs::Permissions::from_mode(0o700)).unwrap();
    let host = key(&far.path("etc/host"));
    let person = key(&near.path(".ssh/id_ed25519"));
    fs::write(
        near.path(".ssh/known_hosts"),
        format!("gateway-host {host}"),
    )
    .unwrap();
    fs::write(far.path("etc/authorized_keys"), person).unwrap();
    let config = format!(
        "Port 22\nListenAddress {GATEWAY_IP}\nHostKey {HOME}/etc/host\nAuthorizedKeysFile {HOME}/etc/authorized_keys\n\
         PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nSetEnv OPENCLAW_IN_CONTAINER=0\n"
    );
    fs::write(far.path("etc/sshd_config"), config).unwrap();
    let line = format!("$(command -v sshd) -e -f {HOME}/etc/sshd_config");
    ok(world.gateway.run(&line));
    world.gateway.listens(&format!("{GATEWAY_IP}:22"));
}

fn ok(ran: Ran) -> Ran {
    ran.ok()
}

/// Nothing runs, and the program was never there.
pub(super) fn fresh(world: &mut World) {
    gateway_ends(world);
    world.stop(Where::Laptop);
    world.gateway.clear();
    world.laptop.clear();
    // Nobody is left who knows that a route is his.
    ok(world.gateway.run("tailscale serve reset"));
}

/// Ctrl-C on the gateway host.
pub(super) fn gateway_ends(world: &mut World) {
    world.stop(Where::Gateway);
}

/// Ctrl-C on the laptop.
pub(super) fn laptop_ends(world: &mut World) {
    world.stop(Where::Laptop);
}

fn config(machine: &Machine, text: &str) {
    let folder = machine.path(".openclaw");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("openclaw.json"), text).unwrap();
    ok(machine.run("openclaw config validate"));
}

fn is_page(ran: Ran) {
    let ran = ok(ran);
    assert!(ran.out.starts_with("<!doctype html>"), "{ran:?}");
}

/// The wizard's default, and where it is kept; the laptop gets it.
pub(super) fn token_is_carried(world: &mut World) {
    let token = world.last.trim().to_owned();
    assert!(
        token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{token}"
    );
    assert_eq!(mode(&world.gateway.path(".openclaw/openclaw.json")), 0o600);
    ok(world
        .laptop
        .run(&format!("openclaw config set gateway.remote.token {token}")));
}

/// The unit of the document.
pub(super) fn tunnel_unit(world: &mut World) {
    laptop_ends(world);
    let folder = world.laptop.path(".config/systemd/user");
    fs::create_dir_all(&folder).unwrap();
    fs::write(
        folder.join("openclaw-tunnel.service"),
        "[Unit]
Description=OpenClaw SSH Tunnel
After=network.target

[Service]
Type=simple
ExecStart=/usr/bin/ssh -N -L 18789:127.0.0.1:18789 -o ServerAliveInterval=60 user@gateway-host
Restart=always
RestartSec=10

[Install]
WantedBy=default.target
",
    )
    .unwrap();
}

/// The tunnel of the unit carries calls.
pub(super) fn tunnel_unit_carries(world: &mut World) {
    world.laptop.listens("127.0.0.1:18789");
    ok(world.laptop.run("openclaw health"));
    ok(world
        .laptop
        .run("systemctl --user stop openclaw-tunnel.service"));
}

pub(super) fn serve_config(world: &mut World) {
    config(
        &world.gateway,
        r#"{
  "gateway": {
    "bind": "loopback",
    "tailscale": {
      "mode": "serve",
      "resetOnExit": true
    },
    "auth": {
      "mode": "token",
      "token": "your-token-here",
      "allowTailscale": true
    }
  }
}"#,
    );
}

/// The page over HTTPS, at the name of the tailnet.
pub(super) fn page_over_https(world: &mut World) {
    is_page(
        world
            .laptop
            .run(&format!("curl -sk https://{}/", tailnet::NAME)),
    );
}

/// The certificate of this tailnet is no public one; once it is known, the gateway is reached: first by somebody new, who is told
/// how to get in, then by somebody whom the owner approved.
pub(super) fn probe_over_https(world: &mut World) {
    let line = format!(
        "openclaw gateway probe --url wss://{} --tls-fingerprint {}",
        tailnet::NAME,
        world.fingerprint
    );
    world.last = world.laptop.run(&line).fails(1).out;
    assert!(world.last.contains("Reachable: yes, but access is refused"));
    code_is_shown(world);
    ok(world
        .gateway
        .run(&format!("openclaw pairing approve {}", world.code)));
    let ran = ok(world.laptop.run(&line));
    assert!(ran.out.contains("Reachable: yes\n"), "{ran:?}");
}

pub(super) fn route_is_taken_back(world: &mut World) {
    gateway_ends(world);
    let ran = world.gateway.run("tailscale serve status").ok();
    assert_eq!(ran.out, "No serve config\n");
    fresh(world);
}

/// Funnel asks for a password besides what the document shows.
pub(super) fn funnel_config(world: &mut World) {
    config(
        &world.gateway,
        r#"{
  "gateway": {
    "auth": { "mode": "password", "password": "your-secure-password" },
    "tailscale": {
      "mode": "funnel"
    }
  }
}"#,
    );
}

pub(super) fn lan_config(world: &mut World) {
    config(
        &world.gateway,
        r#"{
  "gateway": {
    "mode": "local",
    "bind": "lan",
    "port": 18789,
    "auth": {
      "mode": "token",
      "token": "your-secure-token-here"
    }
  }
}"#,
    );
}

/// 64 hexadecimal digits.
pub(super) fn is_hex(world: &mut World) {
    let text = world.last.trim();
    assert!(
        text.is_empty() || text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{text}"
    );
}

/// The wizard's token is the gateway's now.
pub(super) fn token_is_generated(world: &mut World) {
    let token = world
        .gateway
        .run("openclaw config get gateway.auth.token")
        .ok();
    world.last = token.out;
    is_hex(world);
}

/// The page of the Control UI from the laptop, by the address in the network.
pub(super) fn page_on_the_lan(world: &mut World) {
    is_page(
        world
            .laptop
            .run(&format!("curl -s http://{GATEWAY_IP}:18789/")),
    );
}

/// The page of the Control UI through the tunnel.
pub(super) fn page_through_the_tunnel(world: &mut World) {
    is_page(world.laptop.run("curl -s http://127.0.0.1:18789/"));
    fresh(world);
}

/// What a device that is new to the gateway is told: a code.
pub(super) fn code_is_shown(world: &mut World) {
    let (_, rest) = world
        .last
        .split_once("openclaw pairing approve ")
        .unwrap_or_else(|| panic!("no code in {}", world.last));
    rest.split_whitespace()
        .next()
        .unwrap()
        .clone_into(&mut world.code);
}

/// Approved by the owner on the gateway host.
pub(super) fn laptop_is_approved(world: &mut World) {
    world.last = world.laptop.run("openclaw gateway probe").out;
    code_is_shown(world);
    ok(world
        .gateway
        .run(&format!("openclaw pairing approve {}", world.code)));
}

pub(super) fn tailnet_config(world: &mut World) {
    fresh(world);
    config(
        &world.gateway,
        r#"{
  "gateway": {
    "bind": "tailnet",
    "port": 18789,
    "auth": {
      "mode": "token",
      "token": "your-token"
    }
  }
}"#,
    );
}

/// Who is in the tailnet gets in; who is only in the same network does not.
pub(super) fn only_the_tailnet_gets_in(world: &mut World) {
    laptop_is_approved(world);
    ok(world.laptop.run("openclaw health"));
    let ran = world
        .laptop
        .run(&format!("curl -s http://{GATEWAY_IP}:18789/"));
    assert_eq!(ran.code, Some(7), "{ran:?}");
    fresh(world);
}

/// Flags beat the environment, which beats the file, which beats what is built in.
pub(super) fn precedence(world: &mut World) {
    lan_config(world);
    for (line, wanted) in [
        (
            "openclaw gateway status --no-probe",
            "bind=lan (config gateway.bind), port=18789 (config gateway.port)",
        ),
        (
            "OPENCLAW_GATEWAY_BIND=loopback OPENCLAW_GATEWAY_PORT=18800 openclaw gateway status --no-probe",
            "bind=loopback (env OPENCLAW_GATEWAY_BIND), port=18800 (env OPENCLAW_GATEWAY_PORT)",
        ),
        (
            "OPENCLAW_GATEWAY_TOKEN=abc123 openclaw gateway status --no-probe",
            "env OPENCLAW_GATEWAY_TOKEN",
        ),
        (
            "OPENCLAW_STATE_DIR=$HOME/.openclaw-elsewhere openclaw config file",
            "/mnt/.openclaw-elsewhere/openclaw.json",
        ),
        (
            "OPENCLAW_CONFIG_PATH=$HOME/.openclaw/other.json openclaw config file",
            "/mnt/.openclaw/other.json",
        ),
    ] {
        let ran = ok(world.gateway.run(line));
        assert!(ran.out.contains(wanted), "{line}: {ran:?}");
    }
    let mut going = world
        .gateway
        .start("OPENCLAW_GATEWAY_PORT=18800 openclaw gateway --bind loopback --port 18801");
    going.running.find("listening on ws://127.0.0.1:18801");
    world.going.push((Where::Gateway, going));
    fresh(world);
}

/// A gateway for clients in remote mode.
pub(super) fn gateway_on_the_lan(world: &mut World) {
    gateway_with(world, SECRET);
}

/// The same, with the token that the summary of the document has: a placeholder, which only a test accepts the risk of.
pub(super) fn gateway_of_the_summary(world: &mut World) {
    gateway_with(world, "token --i-know");
}

fn gateway_with(world: &mut World, token: &str) {
    fresh(world);
    let mut going = world
        .gateway
        .start(&format!("openclaw gateway --bind lan --token {token}"));
    going.running.find("listening on ws://0.0.0.0:18789");
    world.going.push((Where::Gateway, going));
}

/// What the wizard wrote.
pub(super) fn remote_is_written(world: &mut World) {
    for (path, value) in [
        ("gateway.mode", "remote"),
        ("gateway.remote.url", "ws://gateway-host:18789"),
        ("gateway.remote.token", SECRET),
    ] {
        let ran = ok(world.laptop.run(&format!("openclaw config get {path}")));
        assert_eq!(ran.out.trim(), value);
    }
    world.laptop.clear();
}

pub(super) fn insecure_config(world: &mut World) {
    fresh(world);
    config(
        &world.gateway,
        r#"{
  "gateway": {
    "controlUi": {
      "allowInsecureAuth": true
    },
    "auth": {
      "mode": "token",
      "token": "your-strong-token"
    }
  }
}"#,
    );
    let mut going = world.gateway.start("openclaw gateway --bind lan");
    going.running.find("listening on ws://0.0.0.0:18789");
    world.going.push((Where::Gateway, going));
    page_on_the_lan(world);
}

/// A device that asks: the laptop, which is new to this gateway.
pub(super) fn laptop_asks(world: &mut World) {
    gateway_on_the_lan(world);
    for line in [
        "openclaw config set gateway.mode remote",
        "openclaw config set gateway.remote.url ws://gateway-host:18789",
        "openclaw config set gateway.remote.token your-token",
    ] {
        ok(world.laptop.run(line));
    }
    world.last = world.laptop.run("openclaw health").fails(1).err;
    code_is_shown(world);
}

pub(super) fn laptop_is_in(world: &mut World) {
    ok(world.laptop.run("openclaw health"));
}

pub(super) fn password_config(world: &mut World) {
    fresh(world);
    config(
        &world.gateway,
        r#"{
  "gateway": {
    "auth": {
      "mode": "password",
      "password": "your-secure-password"
    }
  }
}"#,
    );
    fresh(world);
}

/// A gateway that runs as a service and is open to the network.
pub(super) fn service_on_the_lan(world: &mut World) {
    fresh(world);
    lan_config(world);
    ok(world.gateway.run("openclaw gateway install"));
    world.gateway.listens("0.0.0.0:18789");
}

/// After the fix for a wrong interface, nothing but loopback is open.
pub(super) fn only_loopback_is_open(world: &mut World) {
    world.gateway.listens("127.0.0.1:18789");
    let ran = ok(world.gateway.run("ss -Hltn"));
    assert!(!ran.out.contains("0.0.0.0:18789"), "{ran:?}");
}

pub(super) fn service_ends(world: &mut World) {
    ok(world.gateway.run("openclaw gateway uninstall"));
    fresh(world);
}

/// A gateway behind Tailscale Serve.
pub(super) fn serve_runs(world: &mut World) {
    serve_config(world);
    let mut going = world
        .gateway
        .start("openclaw gateway --bind loopback --tailscale serve");
    going.running.find("tailscale: serve enabled: ");
    world.going.push((Where::Gateway, going));
}

/// What a container runs.
pub(super) fn container(world: &mut World) {
    fresh(world);
    let mut going = world
        .gateway
        .start("OPENCLAW_GATEWAY_TOKEN=abc123 OPENCLAW_GATEWAY_BIND=lan openclaw gateway");
    going.running.find("listening on ws://0.0.0.0:18789");
    world.going.push((Where::Gateway, going));
    gateway_ends(world);
    let mut going = world
        .gateway
        .start("OPENCLAW_GATEWAY_TOKEN=abc123 openclaw gateway --bind lan --port 3000");
    going.running.find("listening on ws://0.0.0.0:3000");
    world.going.push((Where::Gateway, going));
    fresh(world);
}

/// Where the dev profile keeps things, and its canvas, which is on the gateway's own port.
pub(super) fn dev_is_apart(world: &mut World) {
    assert!(world.gateway.path(".openclaw-dev/openclaw.json").exists());
    assert!(!world.gateway.path(".openclaw/openclaw.json").exists());
    let ran = ok(world
        .gateway
        .run("curl -s http://127.0.0.1:19001/__openclaw__/canvas/"));
    assert!(ran.out.contains('<'), "{ran:?}");
}

/// Each instance has a state, a config and a service of its own.
pub(super) fn instances_are_apart(world: &mut World) {
    for profile in ["main", "rescue"] {
        let folder = format!(".openclaw-{profile}");
        assert!(
            world
                .gateway
                .path(&format!("{folder}/openclaw.json"))
                .exists()
        );
        let line = format!("openclaw --profile {profile}");
        ok(world.gateway.run(&format!("{line} health")));
        ok(world.gateway.run(&format!("{line} gateway stop")));
    }
    gateway_ends(world);
    for profile in ["main", "rescue"] {
        let line = format!("openclaw --profile {profile} gateway");
        let ran = ok(world.gateway.run(&format!("{line} install")));
        let unit = format!("openclaw-gateway-{profile}.service");
        assert!(ran.out.contains(&unit), "{ran:?}");
        assert!(
            world
                .gateway
                .path(&format!(".config/systemd/user/{unit}"))
                .exists()
        );
        ok(world.gateway.run(&format!("{line} uninstall")));
    }
    fresh(world);
}

/// The gateway is announced to its network.
pub(super) fn announced(world: &mut World) {
    gateway_on_the_lan(world);
    world.says("mdns: announced as ");
}

/// The folder of logs is its owner's alone.
pub(super) fn logs_are_private(world: &mut World) {
    assert_eq!(mode(&world.gateway.path("tmp/openclaw")), 0o700);
    fresh(world);
}
