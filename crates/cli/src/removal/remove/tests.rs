use std::os::unix::fs::symlink;

use openclaw_config::store::FileLock;

use super::*;

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn tree(path: &Path, keep: &[PathBuf]) -> Tree {
    Tree {
        keep: keep.to_vec(),
        is_state: true,
        ..Tree::of(path)
    }
}

#[test]
fn links_go_and_what_they_lead_to_stays() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("state/inner/workspace-other")).unwrap();
    fs::create_dir_all(at("precious")).unwrap();
    fs::write(at("precious/file"), "").unwrap();
    fs::write(at("state/file"), "").unwrap();
    symlink(at("precious"), at("state/link")).unwrap();
    symlink(at("precious/file"), at("state/inner/link")).unwrap();
    symlink("nowhere", at("state/dangling")).unwrap();
    symlink("state", at("alias")).unwrap();
    // Named by way of a link, it is the same directory.
    let keep = [at("alias/inner/workspace-other")];
    let kept = [Kept {
        path: at("state/inner/workspace-other"),
        why: Why::Asked,
    }];
    let state = at("state");
    assert_eq!(tree(&state, &keep).look().kept, kept);
    assert!(at("state/file").exists());
    assert_eq!(tree(&state, &keep).remove().unwrap().kept, kept);
    assert_eq!(names(&at("state")), ["inner"]);
    assert_eq!(names(&at("state/inner")), ["workspace-other"]);
    assert!(at("precious/file").exists());
    assert!(tree(&state, &[]).remove().unwrap().any);
    assert!(!exists(&state) && at("precious/file").exists());
    assert!(!tree(&state, &[]).remove().unwrap().any);
}

#[test]
fn the_locks_go_when_everything_else_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    fs::create_dir_all(path.join("identity")).unwrap();
    let lock = path.join("gateway.lock");
    let held = FileLock::acquire(&lock).unwrap();
    fs::write(path.join("gateway.sqlite"), "").unwrap();
    fs::write(path.join("node.json"), "").unwrap();
    let tree = Tree {
        last: vec![lock.clone()],
        ..tree(&path, &[])
    };
    let mut walk = Walk::new(&tree, false);
    walk.start().unwrap();
    // Nobody can start until here, and from here on nothing of theirs is removed.
    assert_eq!(names(&path), ["gateway.lock"]);
    assert!(FileLock::try_acquire(&lock).unwrap().is_none());
    drop(walk);
    assert!(tree.remove().unwrap().kept.is_empty());
    assert!(!exists(&path));
    drop(held);
}

#[test]
fn a_file_step_leaves_directories() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config");
    fs::create_dir(&path).unwrap();
    assert_eq!(file(&path), Err("it is a directory".to_owned()));
    fs::remove_dir(&path).unwrap();
    assert_eq!(file(&path), Ok(false));
}

#[test]
fn what_others_have_in_a_state_directory_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("code");
    for file in [
        "openclaw.json",
        "gateway.lock",
        "identity/device.json",
        "gateway/src/main.rs",
        "gateway/tls/gateway-cert.pem",
        "agents/main/sessions/1.jsonl",
        ".env",
        "src/lib.rs",
        "src/openclaw.json",
        "other/gateway.lock",
    ] {
        fs::create_dir_all(path.join(file).parent().unwrap()).unwrap();
        fs::write(path.join(file), "").unwrap();
    }
    let tree = Tree {
        shared: Some(PathBuf::new()),
        ..tree(&path, &[])
    };
    let told: Vec<_> = tree
        .remove()
        .unwrap()
        .kept
        .into_iter()
        .map(|kept| (kept.path, kept.why))
        .collect();
    let foreign = |name: &str| (path.join(name), Why::Foreign);
    assert_eq!(told, [".env", "gateway", "other", "src"].map(foreign));
    assert_eq!(names(&path), [".env", "gateway", "other", "src"]);
    assert_eq!(names(&path.join("gateway")), ["src"]);
    assert_eq!(names(&path.join("src")), ["lib.rs", "openclaw.json"]);
}

#[test]
fn u37_another_state_directory_within_stays_and_its_program_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state");
    fs::create_dir_all(path.join("media")).unwrap();
    let inner = path.join("deep/inner");
    let held = FileLock::acquire(&inner.join("gateway.lock")).unwrap();
    fs::write(inner.join("gateway.sqlite"), "").unwrap();
    let tree = tree(&path, &[]);
    let done = tree.look();
    assert_eq!(done.in_use.unwrap().0, inner);
    drop(held);
    assert!(tree.look().in_use.is_none());
    let done = tree.remove().unwrap();
    let kept = Kept {
        path: inner.clone(),
        why: Why::OtherState,
    };
    assert_eq!(done.kept, [kept]);
    assert_eq!(names(&path), ["deep"]);
    assert_eq!(names(&inner), ["gateway.lock", "gateway.sqlite"]);
}
