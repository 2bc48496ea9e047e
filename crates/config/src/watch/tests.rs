use std::fs;

use serde_json::json;

use super::*;
use crate::edit::ConfigEditor;
use crate::paths::ProfileChoice;

struct Home {
    _dir: tempfile::TempDir,
    env: Env,
    paths: Paths,
}

fn home(text: &str) -> Home {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::from_pairs([("HOME", dir.path().to_str().unwrap())]);
    let paths = Paths::resolve(&env, &ProfileChoice::unset()).unwrap();
    crate::store::write_private(&paths.config_path, text.as_bytes()).unwrap();
    Home {
        _dir: dir,
        env,
        paths,
    }
}

impl Home {
    fn write(&self, text: &str) {
        crate::store::write_private(&self.paths.config_path, text.as_bytes()).unwrap();
    }
}

/// Waits for an announced config that fits. The limit is only there to end a failing test.
async fn until(
    receiver: &mut watch::Receiver<Arc<Snapshot>>,
    fits: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let wait = receiver.wait_for(|snapshot| fits(snapshot));
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect("announced in time")
        .unwrap()
        .clone()
}

#[tokio::test]
async fn u07_a_bad_file_keeps_the_settings_and_reports() {
    let home = home("{gateway: {port: 4000, reload: {debounceMs: 1}}, logging: {level: 'debug'}}");
    let watcher = ConfigWatcher::start(&home.paths, &home.env);
    assert_eq!(watcher.failure(), None);
    let mut receiver = watcher.subscribe();
    home.write("{gateway: {port: 4001, reload: {debounceMs: 1}}, logging: {level: 'debug'}}");
    until(&mut receiver, |snapshot| {
        snapshot.settings.gateway.port == Some(4001)
    })
    .await;
    home.write("{gateway: {port: 4002, ");
    let bad = until(&mut receiver, |snapshot| !snapshot.valid).await;
    assert_eq!(
        (bad.settings.gateway.port, bad.fell_back.as_slice()),
        (Some(4001), ["<root>".to_owned()].as_slice())
    );
    home.write("{gateway: {port: 4003, reload: {debounceMs: 1}}, logging: {level: 5}}");
    let partly = until(&mut receiver, |snapshot| {
        snapshot.settings.gateway.port == Some(4003)
    })
    .await;
    assert_eq!(partly.settings.logging.level.as_str(), "debug");
    fs::remove_file(&home.paths.config_path).unwrap();
    let missing = until(&mut receiver, |snapshot| !snapshot.exists).await;
    assert_eq!(missing.settings.gateway.port, Some(4003));
    assert_eq!(watcher.reload_now().settings.gateway.port, Some(4003));
    home.write("{gateway: {port: 4004}}");
    let mended = until(&mut receiver, |snapshot| snapshot.valid).await;
    assert_eq!(
        (
            mended.settings.gateway.port,
            mended.settings.logging.level.as_str()
        ),
        (Some(4004), "info")
    );
}

#[tokio::test]
async fn included_files_and_dotenv_are_followed() {
    let home = home("{gateway: {$include: './sub/g.json5', auth: {token: '${TOK}'}}}");
    let sub = home.paths.state_dir.join("sub");
    fs::create_dir(&sub).unwrap();
    fs::write(sub.join("g.json5"), "{port: 1, reload: {debounceMs: 1}}").unwrap();
    fs::write(&home.paths.dot_env_file, "TOK=a").unwrap();
    let watcher = ConfigWatcher::start(&home.paths, &home.env);
    let mut receiver = watcher.subscribe();
    fs::write(sub.join("g.json5"), "{port: 2, reload: {debounceMs: 1}}").unwrap();
    until(&mut receiver, |snapshot| {
        snapshot.settings.gateway.port == Some(2)
    })
    .await;
    fs::write(&home.paths.dot_env_file, "TOK=b").unwrap();
    until(&mut receiver, |snapshot| {
        snapshot
            .settings
            .gateway
            .auth
            .token
            .as_ref()
            .is_some_and(|token| token.expose() == "b")
    })
    .await;
}

#[tokio::test]
async fn u02_b_a_changed_token_is_announced_without_a_restart() {
    let home = home("{gateway: {reload: {debounceMs: 1}, auth: {token: 'a'}}}");
    let watcher = ConfigWatcher::start(&home.paths, &home.env);
    let mut receiver = watcher.subscribe();
    ConfigEditor::new(&home.paths, &home.env)
        .set("gateway.auth.token", json!("b"))
        .unwrap();
    until(&mut receiver, |snapshot| {
        snapshot
            .settings
            .gateway
            .auth
            .token
            .as_ref()
            .is_some_and(|token| token.expose() == "b")
    })
    .await;
}

#[test]
fn rewrites_that_change_nothing_are_not_announced() {
    // `off` keeps the file events out of this test; reloading by hand works in every mode.
    let home = home("{gateway: {port: 1, reload: {mode: 'off'}}}");
    let watcher = ConfigWatcher::start(&home.paths, &home.env);
    let mut receiver = watcher.subscribe();
    receiver.borrow_and_update();
    for text in [
        "{\n  // comment\n  gateway: {port: 1, reload: {mode: 'off'}},\n}",
        "{gateway: {port: 1, reload: {mode: 'off'}}, meta: {lastTouchedAt: 'now'}}",
    ] {
        home.write(text);
        let snapshot = watcher.reload_now();
        assert_eq!(snapshot.raw.as_deref(), Some(text));
        assert!(!receiver.has_changed().unwrap(), "{text}");
        assert_eq!(watcher.current().hash, snapshot.hash);
    }
    home.write("{gateway: {port: 2, reload: {mode: 'off'}}}");
    watcher.reload_now();
    assert!(receiver.has_changed().unwrap());
    receiver.borrow_and_update();
    home.write("{gateway: {port: 2, reload: {mode: 'off'}, odd: 1}}");
    watcher.reload_now();
    assert!(receiver.has_changed().unwrap());
}

#[test]
fn valid_configs_become_the_last_good_one() {
    let home = home("{gateway: {port: 1, reload: {mode: 'off'}}}");
    let watcher = ConfigWatcher::start(&home.paths, &home.env);
    home.write("{gateway: {port: 2, reload: {mode: 'off'}}}");
    watcher.reload_now();
    home.write("{gateway: {port: 'x'}}");
    watcher.reload_now();
    drop(watcher);
    assert_eq!(load(&home.paths, &home.env).settings.gateway.port, Some(2));
}

#[tokio::test]
async fn listeners_end_with_the_watcher() {
    let home = home("{}");
    let watcher = ConfigWatcher::start(&home.paths, &home.env);
    let mut receiver = watcher.subscribe();
    drop(watcher);
    assert!(receiver.changed().await.is_err());
}
