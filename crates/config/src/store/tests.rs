use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::Barrier;

use super::*;
use crate::env::Env;
use crate::paths::ProfileChoice;

struct Home {
    _dir: tempfile::TempDir,
    paths: Paths,
}

fn home() -> Home {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::from_pairs([("HOME", dir.path().to_str().unwrap())]);
    Home {
        paths: Paths::resolve(&env, &ProfileChoice::unset()).unwrap(),
        _dir: dir,
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn files_and_directories_are_private() {
    let home = home();
    let path = home.paths.state_dir.join("identity").join("device.json");
    write_private(&path, b"{}").unwrap();
    assert_eq!(
        (
            mode(&path),
            mode(path.parent().unwrap()),
            mode(&home.paths.state_dir)
        ),
        (0o600, 0o700, 0o700)
    );
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    write_private(&path, b"[]").unwrap();
    assert_eq!(
        (mode(&path), fs::read(&path).unwrap().as_slice()),
        (0o600, b"[]".as_slice())
    );
    fs::set_permissions(&home.paths.state_dir, Permissions::from_mode(0o755)).unwrap();
    private_dir(&home.paths.state_dir).unwrap();
    assert_eq!(mode(&home.paths.state_dir), 0o700);
}

#[test]
fn a_failed_write_leaves_the_old_content_and_no_litter() {
    let home = home();
    private_dir(&home.paths.state_dir).unwrap();
    // A directory in the place of the file makes the rename fail after the content was written.
    let path = home.paths.state_dir.join("node.json");
    fs::create_dir(&path).unwrap();
    assert!(matches!(
        write_private(&path, b"x"),
        Err(StoreError::Io {
            action: "replace",
            ..
        })
    ));
    let names: Vec<_> = fs::read_dir(&home.paths.state_dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["node.json"]);
}

#[test]
fn u07_c_replace_compares_and_keeps_backups() {
    let home = home();
    let store = ConfigStore::new(&home.paths);
    let empty = store.read().unwrap();
    assert_eq!(
        (empty.raw, empty.hash.as_str()),
        (None, sha256_of("").as_str())
    );
    assert!(matches!(
        store.replace(Some("beef"), "{}"),
        Err(StoreError::Changed)
    ));
    let first = store.replace(None, "{a:0}").unwrap();
    assert_eq!(
        first,
        Replaced {
            hash: sha256_of("{a:0}"),
            changed: true
        }
    );
    assert!(matches!(
        store.replace(None, "{}"),
        Err(StoreError::BaseHashRequired)
    ));
    let mut hash = first.hash;
    for round in 1..=7 {
        hash = store
            .replace(Some(&hash), &format!("{{a:{round}}}"))
            .unwrap()
            .hash;
    }
    assert!(!store.replace(Some(&hash), "{a:7}").unwrap().changed);
    assert_eq!(store.backups().len(), BACKUPS);
    let texts: Vec<String> = (0..BACKUPS)
        .map(|index| store.read_backup(index).unwrap())
        .collect();
    assert_eq!(texts, ["{a:6}", "{a:5}", "{a:4}", "{a:3}", "{a:2}"]);
    assert_eq!(mode(&store.backups()[0].path), 0o600);
}

fn sha256_of(text: &str) -> String {
    crate::hash::sha256_hex(text.as_bytes())
}

#[test]
fn rollback_restores_and_can_be_undone() {
    let home = home();
    let store = ConfigStore::new(&home.paths);
    assert!(matches!(
        store.rollback::<StoreError>(0, |_| Ok(())),
        Err(StoreError::NoBackup(_))
    ));
    let hash = store.replace(None, "{a:1}").unwrap().hash;
    store.replace(Some(&hash), "{a:2}").unwrap();
    store.rollback::<StoreError>(0, |_| Ok(())).unwrap();
    assert_eq!(store.read().unwrap().raw.as_deref(), Some("{a:1}"));
    store.rollback::<StoreError>(0, |_| Ok(())).unwrap();
    assert_eq!(store.read().unwrap().raw.as_deref(), Some("{a:2}"));
    let refused = store.rollback(0, |text| Err(StoreError::NoBackup(text.into())));
    assert!(refused.is_err());
    assert_eq!(store.read().unwrap().raw.as_deref(), Some("{a:2}"));
}

#[test]
fn concurrent_writers_never_lose_an_acknowledged_write() {
    const WRITERS: usize = 4;
    const ROUNDS: usize = 10;
    let home = home();
    let store = ConfigStore::new(&home.paths);
    store.replace(None, "0").unwrap();
    let barrier = Barrier::new(WRITERS);
    let conflicts: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let (mut done, mut conflicts) = (0, 0);
                    while done < ROUNDS {
                        let stored = store.read().unwrap();
                        let count: usize = stored.raw.unwrap().parse().unwrap();
                        match store.replace(Some(&stored.hash), &(count + 1).to_string()) {
                            Ok(_) => done += 1,
                            Err(StoreError::Changed) => conflicts += 1,
                            Err(other) => panic!("{other}"),
                        }
                    }
                    conflicts
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .sum()
    });
    assert_eq!(
        store.read().unwrap().raw.unwrap(),
        (WRITERS * ROUNDS).to_string(),
        "after {conflicts} conflicts"
    );
}

#[test]
fn interrupted_writes_are_ignored_and_cleared_away_later() {
    let home = home();
    let store = ConfigStore::new(&home.paths);
    let hash = store.replace(None, "{a:1}").unwrap().hash;
    let young = with_suffix(store.path(), ".1.11111111-1111-4111-8111-111111111111.tmp");
    let old = with_suffix(store.path(), ".2.22222222-2222-4222-8222-222222222222.tmp");
    fs::write(&young, "{a:").unwrap();
    fs::write(&old, "{a:").unwrap();
    let past = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    File::options()
        .write(true)
        .open(&old)
        .unwrap()
        .set_modified(past)
        .unwrap();
    assert_eq!(store.read().unwrap().hash, hash);
    store.replace(Some(&hash), "{a:2}").unwrap();
    assert_eq!((young.exists(), old.exists()), (true, false));
}

#[test]
fn a_linked_config_file_stays_a_link() {
    let home = home();
    let target = home.paths.home.join("dotfiles.json");
    private_dir(&home.paths.state_dir).unwrap();
    fs::write(&target, "{}").unwrap();
    std::os::unix::fs::symlink(&target, &home.paths.config_path).unwrap();
    let store = ConfigStore::new(&home.paths);
    store.replace(Some(&sha256_of("{}")), "{a:1}").unwrap();
    assert!(home.paths.config_path.is_symlink());
    assert_eq!(fs::read_to_string(&target).unwrap(), "{a:1}");
}

#[test]
fn locks_exclude_and_end_with_their_holder() {
    let home = home();
    let path = &home.paths.lock_file;
    let held = FileLock::try_acquire(path).unwrap();
    assert!(held.is_some());
    assert!(FileLock::try_acquire(path).unwrap().is_none());
    drop(held);
    assert!(FileLock::try_acquire(path).unwrap().is_some());
    assert_eq!(mode(path), 0o600);
}

#[test]
fn logs_go_to_the_state_dir_when_the_shared_place_is_not_ours() {
    let home = home();
    let mut paths = home.paths.clone();
    paths.log_dir = home.paths.home.join("logs-link");
    std::os::unix::fs::symlink(&home.paths.home, &paths.log_dir).unwrap();
    assert_eq!(
        usable_log_dir(&paths).unwrap(),
        paths.state_dir.join("logs")
    );
    paths.log_dir = home.paths.home.join("tmp-openclaw");
    fs::create_dir(&paths.log_dir).unwrap();
    fs::set_permissions(&paths.log_dir, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(usable_log_dir(&paths).unwrap(), paths.log_dir);
    assert_eq!(mode(&paths.log_dir), 0o700);
}

#[test]
fn a_log_directory_that_somebody_named_keeps_its_permissions() {
    let home = home();
    let mut paths = home.paths.clone();
    paths.log_dir = home.paths.home.join("var-log");
    paths.log_dir_is_named = true;
    let own = paths.state_dir.join("logs");
    // A look makes nothing.
    assert_eq!(log_dir(&paths), paths.log_dir);
    assert!(!paths.log_dir.exists());
    assert_eq!(usable_log_dir(&paths).unwrap(), paths.log_dir);
    assert_eq!(mode(&paths.log_dir), 0o700);
    for (bits, expected) in [(0o755, &paths.log_dir), (0o777, &own)] {
        fs::set_permissions(&paths.log_dir, Permissions::from_mode(bits)).unwrap();
        assert_eq!(&usable_log_dir(&paths).unwrap(), expected);
        assert_eq!(&log_dir(&paths), expected);
        assert_eq!(mode(&paths.log_dir), bits);
    }
}

#[test]
fn a_pipe_in_place_of_a_file_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("openclaw.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let error = read_text(&pipe).unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    for path in [&pipe, &folder.path().to_owned()] {
        let error = read_regular(path, 4).unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }
    let file = folder.path().join("file");
    fs::write(&file, "four").unwrap();
    assert_eq!(read_regular(&file, 4).unwrap(), b"four");
    assert!(read_regular(&file, 3).is_err());
}

#[test]
fn a_link_that_leads_nowhere_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("state");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
    let error = private_dir(&link.join("below")).unwrap_err();
    let expected = format!("{} is a link that leads nowhere", link.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(dangling(folder.path()), None);
}
