//! What goes wrong stops nothing, is said with a fix, and heals.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use openclaw_gateway::subsystems::SubsystemState;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::pebble::{self, Pebble, Setup, free_port};
use crate::stage::{
    DOMAIN, acme, assert_serves, config, folder, gateway, is_up, issued, record, shown, until,
    until_degraded, wait_for,
};

/// Names the home that the child serves; set only for the child.
const CHILD_HOME: &str = "OPENCLAW_ACME_TEST_HOME";
/// `gateway.tls` of the child.
const CHILD_TLS: &str = "OPENCLAW_ACME_TEST_TLS";

#[tokio::test]
async fn d17_a_server_that_is_away_is_waited_for() {
    if !pebble::is_installed() {
        return;
    }
    let (port, http_port) = (free_port(), free_port());
    let setup = Setup {
        port,
        http_port,
        ..Setup::default()
    };
    // The authority of the server is known before the server runs.
    let first = Pebble::start(setup.clone()).await;
    let ca = tempfile::tempdir().unwrap();
    let ca_file = ca.path().join("ca.pem");
    fs::copy(first.authority(), &ca_file).unwrap();
    let mut settings = first.settings();
    drop(first);
    settings["caFile"] = json!(ca_file);
    settings["httpPort"] = json!(http_port);
    let gateway_ = gateway(acme(&settings)).start().await;
    let (reason, fix, next_try) = until_degraded(&gateway_, "acme").await;
    assert!(
        reason.contains("the ACME server cannot be used"),
        "{reason}"
    );
    assert!(fix.contains("tried again by itself"), "{fix}");
    assert!(next_try > 0);
    assert_serves(&gateway_).await;
    until(&gateway_, "tls", is_up).await;
    let own = shown(&gateway_, DOMAIN).await;
    assert_eq!(Some(own), gateway_.gateway.core().tls.pin_for(DOMAIN));

    let second = Pebble::start(setup).await;
    fs::copy(second.authority(), &ca_file).unwrap();
    until(&gateway_, "acme", is_up).await;
    assert_eq!(shown(&gateway_, DOMAIN).await, issued(&gateway_));
}

#[tokio::test]
async fn u33_a_domain_that_is_not_proven_is_left_alone_also_after_restarts() {
    if !pebble::is_installed() {
        return;
    }
    let pebble = Pebble::start(Setup::default()).await;
    let mut settings = pebble.settings();
    settings["challenge"] = json!("http-01");
    let tls = acme(&settings);
    let gateway_ = gateway(tls.clone()).start().await;
    let (reason, fix, next_try) = until_degraded(&gateway_, "acme").await;
    assert!(
        reason.contains(&format!(
            "could not see that {DOMAIN} is this gateway (http-01)"
        )),
        "{reason}"
    );
    assert!(
        fix.contains("openclaw config set gateway.tls.acme.httpPort 80"),
        "{fix}"
    );
    let now_ms = gateway_.gateway.core().now_ms();
    assert!(next_try - now_ms > 4 * 60_000, "{}", next_try - now_ms);
    assert_serves(&gateway_).await;
    // The domain is served all the same, and that part is in order.
    shown(&gateway_, DOMAIN).await;
    until(&gateway_, "tls", is_up).await;
    let before = record(gateway_.state_dir());
    let orders = pebble.logged("orders in the db");
    assert!(orders > 0);

    // A loop of restarts asks nobody anything.
    let mut home = gateway_.stop().await.1;
    for _ in 0..3 {
        let again = gateway(tls.clone()).home(home).start().await;
        let (_, _, again_at) = until_degraded(&again, "acme").await;
        // It is told as a time from now, which is rounded.
        assert!((again_at - next_try).abs() < 1_000, "{again_at} {next_try}");
        home = again.stop().await.1;
    }
    assert_eq!(
        record(&home.path().join(".openclaw"))["refusedAtMs"],
        before["refusedAtMs"]
    );
    assert_eq!(pebble.logged("orders in the db"), orders);

    // Other settings are tried at once, and the account is the same.
    let account = folder(&home.path().join(".openclaw")).join("account.json");
    let account_before = fs::read(&account).unwrap();
    let port = free_port();
    let mut settings = pebble.settings();
    settings["challenge"] = json!("tls-alpn-01");
    settings["tlsPort"] = json!(port);
    let other = gateway(acme(&settings)).home(home).start().await;
    let degraded = |state: &SubsystemState| matches!(state, SubsystemState::Degraded { reason, .. } if reason.contains("tls-alpn-01"));
    until(&other, "acme", degraded).await;
    assert_eq!(fs::read(&account).unwrap(), account_before);
}

#[tokio::test]
async fn d17_without_room_nothing_is_ordered_until_there_is_some() {
    if !pebble::is_installed() {
        return;
    }
    let http_port = free_port();
    let pebble = Pebble::start(Setup {
        http_port,
        ..Setup::default()
    })
    .await;
    let mut settings = pebble.settings();
    settings["httpPort"] = json!(http_port);
    let gateway_ = gateway(json!({ "mode": "self" })).start().await;
    let acme_folder = gateway_.state_dir().join("gateway/acme");
    let Some(full) = FullDisk::mount(&acme_folder) else {
        return;
    };
    gateway_.apply_config(&config(&acme(&settings)));
    let (reason, _, next_try) = until_degraded(&gateway_, "acme").await;
    assert!(
        reason.starts_with("certificates cannot be stored: "),
        "{reason}"
    );
    assert!(next_try > 0);
    assert_serves(&gateway_).await;
    assert_eq!(pebble.logged("accounts in memory"), 0, "nobody was asked");
    full.make_room();
    until(&gateway_, "acme", is_up).await;
    assert_eq!(shown(&gateway_, DOMAIN).await, issued(&gateway_));
    gateway_.stop().await;
    drop(full);
}

/// A small file system without room; unmounted when dropped.
struct FullDisk(std::path::PathBuf);

impl FullDisk {
    fn mount(path: &Path) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
            .arg(path)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            let why = "needs root, to mount a small file system";
            assert!(std::env::var_os("CI").is_none(), "not run: {why}");
            println!("not run: {why}");
            return None;
        }
        let disk = Self(path.to_owned());
        let filled = fs::write(disk.filler(), vec![0; 512 * 1024]);
        assert!(filled.is_err(), "the file system is full");
        Some(disk)
    }

    fn filler(&self) -> std::path::PathBuf {
        self.0.join("filler")
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        drop(
            std::process::Command::new("umount")
                .arg("--lazy")
                .arg(&self.0)
                .output(),
        );
    }
}

/// The gateway process: started by the test below, does nothing when it is run as a test.
#[tokio::test]
async fn child() {
    let (Some(home), Some(tls)) = (std::env::var_os(CHILD_HOME), std::env::var_os(CHILD_TLS))
    else {
        return;
    };
    let tls: Value = serde_json::from_str(&tls.into_string().unwrap()).unwrap();
    let _gateway = gateway(tls).start_in(Path::new(&home)).await;
    // Ends with the parent, should it forget to kill.
    let end =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    drop(end.await);
}

#[tokio::test]
async fn u33_kill_9_in_the_middle_of_an_order_loses_neither_account_nor_order() {
    if !pebble::is_installed() {
        return;
    }
    let http_port = free_port();
    // It thinks for a while, so that there is a middle.
    let pebble = Pebble::start(Setup {
        http_port,
        thinks_secs: 2,
        ..Setup::default()
    })
    .await;
    let mut settings = pebble.settings();
    settings["httpPort"] = json!(http_port);
    let tls = acme(&settings);
    let home = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let state = home.path().join(".openclaw");
    let mut accounts = Vec::new();
    for _ in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::child", "--nocapture"])
            .env(CHILD_HOME, home.path())
            .env(CHILD_TLS, tls.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        wait_for("an order under way, or a certificate", || {
            state.join("gateway/acme").is_dir()
                && fs::read_dir(state.join("gateway/acme"))
                    .unwrap()
                    .next()
                    .is_some()
                && folder(&state).join(DOMAIN).join("record.json").exists()
                && (record(&state)["order"].is_object()
                    || folder(&state).join(DOMAIN).join("certificate.pem").exists())
        })
        .await;
        child.start_kill().unwrap();
        child.wait().await.unwrap();
        accounts.push(fs::read(folder(&state).join("account-key.json")).unwrap());
    }
    let gateway_ = gateway(tls).home(home).start().await;
    until(&gateway_, "acme", is_up).await;
    assert_eq!(shown(&gateway_, DOMAIN).await, issued(&gateway_));
    let key = fs::read(folder(gateway_.state_dir()).join("account-key.json")).unwrap();
    assert!(accounts.iter().all(|before| *before == key));
    assert_eq!(pebble.logged("There are now 1 accounts in memory"), 1);
    assert_eq!(pebble.logged("There are now 2 accounts in memory"), 0);
    assert!(record(gateway_.state_dir())["order"].is_null());
}
