//! Everything that can be wrong with Tailscale: the gateway serves on, says what is wrong and what to do, and is back by itself.

use std::time::Duration;

use openclaw_testkit::tailscale::{Machine, StandIn};
use serde_json::json;

use super::{PASSWORD, builder, config, proxy, serves_locally, until, until_degraded, until_up};

type Break = fn(&mut Machine);

#[tokio::test]
async fn u06_every_trouble_has_its_reason_and_its_fix_and_heals_by_itself() {
    let cases: &[(Break, &str, &str)] = &[
        (
            |machine| machine.state = "Stopped".into(),
            "Tailscale is stopped",
            "sudo tailscale up",
        ),
        (
            |machine| machine.state = "NeedsLogin".into(),
            "Tailscale is not logged in",
            "open https://login.tailscale.com/a/stand-in, or run: sudo tailscale up",
        ),
        (
            |machine| machine.state = "NeedsMachineAuth".into(),
            "waits for approval",
            "https://login.tailscale.com/admin/machines",
        ),
        (
            |machine| machine.state = "Starting".into(),
            "Tailscale is starting",
            "tailscale status",
        ),
        (
            |machine| machine.state = "InUseOtherUser".into(),
            "InUseOtherUser",
            "tailscale status",
        ),
        (
            |machine| machine.name.clear(),
            "no MagicDNS name",
            "https://login.tailscale.com/admin/dns",
        ),
        (
            |machine| machine.https = false,
            "Serve is not enabled in the tailnet",
            "open https://login.tailscale.com/f/serve?node=nSTANDIN",
        ),
        (
            |machine| machine.operator = false,
            "lets this user change nothing (serve config denied)",
            "sudo tailscale set --operator=$USER",
        ),
        (
            |machine| {
                machine.routes = json!({ "TCP": { "443": { "TCPForward": "127.0.0.1:22" } } });
            },
            "port 443 is taken by another route of Tailscale: TCP to 127.0.0.1:22",
            "openclaw config set gateway.tailscale.port 8443",
        ),
        (
            |machine| machine.contended = 1_000,
            "keeps changing the routes",
            "tailscale serve status",
        ),
        (
            |machine| machine.forgetful = true,
            "accepted the route and does not have it",
            "tailscale serve status",
        ),
        (
            |machine| machine.garbled = true,
            "could not be read",
            "tailscale status",
        ),
    ];
    for (fault, reason, fix) in cases {
        let stand_in = StandIn::start();
        stand_in.change(fault);
        let gateway = builder(&stand_in, &json!({ "mode": "serve" }))
            .start()
            .await;
        let (told, command) = until_degraded(&gateway, reason).await;
        assert!(command.contains(fix), "{told}: {command}");
        serves_locally(&gateway).await;
        stand_in.change(|machine| {
            let calls = std::mem::take(&mut machine.calls);
            *machine = Machine {
                calls,
                ..Machine::default()
            };
        });
        until_up(&gateway).await;
        assert!(proxy(&stand_in, 443).is_some(), "{reason}");
    }
}

#[tokio::test]
async fn u06_funnel_has_troubles_of_its_own() {
    let cases: &[(Break, u16, &str, &str)] = &[
        (
            |machine| machine.funnel_ports.clear(),
            443,
            "Funnel is not enabled for this machine",
            "https://login.tailscale.com/f/funnel",
        ),
        (
            |machine| machine.funnel_ports = "8443,10000".into(),
            443,
            "port 443 is not allowed for Funnel (allowed: 8443,10000)",
            "openclaw config set gateway.tailscale.port 8443",
        ),
    ];
    for (fault, port, reason, fix) in cases {
        let stand_in = StandIn::start();
        stand_in.change(fault);
        let auth = json!({ "mode": "password", "password": PASSWORD });
        let gateway = builder(&stand_in, &json!({ "mode": "funnel", "port": port }))
            .gateway("auth", auth)
            .start()
            .await;
        let (told, command) = until_degraded(&gateway, reason).await;
        assert!(command.contains(fix), "{told}: {command}");
    }
}

#[tokio::test]
async fn u06_what_does_not_fit_together_starts_without_tailscale_and_says_so() {
    for (gateway, reason, fix) in [
        (
            json!({ "bind": "lan" }),
            "tailscale serve requires gateway bind=loopback",
            "openclaw config set gateway.bind loopback",
        ),
        (
            json!({ "auth": { "mode": "none" } }),
            "gateway.auth.mode is none",
            "openclaw config set gateway.auth.mode token",
        ),
        (
            json!({ "tailscale": { "mode": "funnel" } }),
            "tailscale funnel requires gateway auth mode=password",
            "gateway.auth.password",
        ),
    ] {
        let stand_in = StandIn::start();
        let mut prepared = builder(&stand_in, &json!({ "mode": "serve" }));
        for (key, value) in gateway.as_object().unwrap() {
            prepared = prepared.gateway(key, value.clone());
        }
        let running = prepared.start().await;
        let (_, command) = until_degraded(&running, reason).await;
        assert!(command.contains(fix), "{command}");
        running.owner().await.ok("health", json!({})).await;
        assert_eq!(stand_in.routes(), "{}");
        running.apply_config(&config(&json!({ "tailscale": { "mode": "serve" } })));
        // Where it listens is settled at the start; the rest is followed.
        if gateway.get("bind").is_none() {
            until_up(&running).await;
        }
    }
}

#[tokio::test]
async fn u06_f_a_daemon_that_comes_late_is_picked_up_without_a_restart() {
    let mut stand_in = StandIn::stopped();
    let gateway = builder(&stand_in, &json!({ "mode": "serve" }))
        .start()
        .await;
    let (_, fix) = until_degraded(&gateway, "Tailscale is not installed").await;
    assert!(
        fix.starts_with("install it from https://tailscale.com/download"),
        "{fix}"
    );
    serves_locally(&gateway).await;
    stand_in.install_program();
    let (_, fix) = until_degraded(&gateway, "the Tailscale daemon is not running").await;
    assert_eq!(fix, "sudo systemctl start tailscaled");
    stand_in.start_daemon();
    until_up(&gateway).await;
    // And it goes and comes as it likes.
    stand_in.stop_daemon();
    until_degraded(&gateway, "the Tailscale daemon is not running").await;
    stand_in.start_daemon();
    until_up(&gateway).await;
}

#[tokio::test]
async fn u06_a_slow_daemon_delays_nobody() {
    let stand_in = StandIn::start();
    stand_in.change(|machine| machine.delay = Duration::from_secs(3_600));
    let started = tokio::time::timeout(
        Duration::from_secs(5),
        builder(&stand_in, &json!({ "mode": "serve" })).start(),
    );
    let gateway = started.await.expect("the start waits for nobody");
    serves_locally(&gateway).await;
    let (reason, fix) = until_degraded(&gateway, "no answer from Tailscale within 5 s").await;
    assert!(
        fix.contains("systemctl restart tailscaled"),
        "{reason}: {fix}"
    );
    let stopped = tokio::time::timeout(Duration::from_secs(5), gateway.stop());
    stopped.await.expect("the end waits for nobody");
}

#[tokio::test]
async fn u06_e_sudo_is_used_where_it_asks_nothing() {
    // Root is never denied anything by itself: nothing to show.
    let stand_in = StandIn::start();
    stand_in.change(|machine| {
        machine.operator = false;
        machine.sudo = true;
    });
    let gateway = builder(&stand_in, &json!({ "mode": "serve" }))
        .start()
        .await;
    if rustix::process::geteuid().is_root() {
        until_degraded(&gateway, "lets this user change nothing").await;
    } else {
        until_up(&gateway).await;
        let calls = stand_in.machine().calls;
        assert!(
            calls
                .iter()
                .any(|call| call.starts_with("sudo tailscale serve --bg --yes --https=443 ")),
            "{calls:?}"
        );
    }
}

#[tokio::test]
async fn u06_a_full_disk_keeps_the_route_from_being_made_and_nothing_else() {
    let stand_in = StandIn::start();
    let prepared =
        builder(&stand_in, &json!({ "mode": "serve" })).state_file("tailscale.json/in-the-way", "");
    let gateway = prepared.start().await;
    let (_, fix) = until_degraded(&gateway, "could not be written down").await;
    assert!(fix.contains("df -h"), "{fix}");
    serves_locally(&gateway).await;
    assert_eq!(stand_in.routes(), "{}");
    std::fs::remove_dir_all(gateway.state_dir().join("tailscale.json")).unwrap();
    until(&gateway, |state| {
        format!("{state:?}").contains("serve enabled")
    })
    .await;
}
