use std::fs;
use std::sync::Arc;

use openclaw_protocol::scope::{Role, Scope, ScopeSet};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::audit::AuditFilter;
use crate::lock::{LockInfo, StateLock};
use crate::records::CredentialHash;
use crate::store::tests::records::paths_below;
use crate::store::{OfflineBooks, SqliteStore, StorePaths, offline};

const DEVICE: &str = "83d812db99167f2d78f74849d7ea448463794d8c46fb8b20151250a87241cfcf";
/// Just before the recorded pending request ends.
const NOW: i64 = 1_795_364_561_873 + 300_000;

/// `devices/paired.json` as recorded after a scope upgrade, a role upgrade, a rotation, and a made-up role.
fn paired_devices() -> Value {
    json!({ DEVICE: {
        "deviceId": DEVICE,
        "publicKey": "xp2COGzizRT1jdQ2EPHKwouxhiWUjXg5JwnoJfhpVn8",
        "displayName": "My Phone",
        "platform": "ios 18",
        "clientId": "openclaw-ios",
        "clientMode": "ui",
        "role": "operator",
        "roles": ["operator", "node"],
        "scopes": ["operator.read", "operator.write", "x"],
        "tokens": {
            "operator": {
                "token": "f365f2212ade4b8cb822273d71a8d4a4",
                "role": "operator",
                "scopes": ["operator.read"],
                "createdAtMs": 1_795_364_562_486_i64,
                "rotatedAtMs": 1_795_364_564_247_i64,
                "lastUsedAtMs": 1_795_364_563_970_i64
            },
            "node": {
                "token": "a765603f10d74fd999db1115bd37c67e",
                "role": "node",
                "scopes": [],
                "createdAtMs": 1_795_364_563_695_i64,
                "revokedAtMs": 1_795_364_563_999_i64
            },
            "madeup": {
                "token": "ae777cfe30c7477c8f4b77a5f13f8127",
                "role": "madeup",
                "scopes": ["x"],
                "createdAtMs": 1_795_364_564_374_i64
            }
        },
        "createdAtMs": 1_795_364_562_486_i64,
        "approvedAtMs": 1_795_364_563_695_i64
    }})
}

fn pending_devices() -> Value {
    json!({ "e46b5f7e-bdfe-48f4-a4d2-765831763e95": {
        "requestId": "e46b5f7e-bdfe-48f4-a4d2-765831763e95",
        "deviceId": DEVICE,
        "publicKey": "xp2COGzizRT1jdQ2EPHKwouxhiWUjXg5JwnoJfhpVn8",
        "displayName": "My Phone",
        "platform": "ios 18",
        "clientId": "openclaw-ios",
        "clientMode": "ui",
        "role": "operator",
        "roles": ["operator"],
        "scopes": ["operator.read"],
        "silent": false,
        "isRepair": false,
        "ts": 1_795_364_561_873_i64
    }})
}

fn paired_nodes() -> Value {
    json!({ "legacy-1": {
        "nodeId": "legacy-1",
        "token": "121d7ece51934a7e8eb9a9424fc8a82e",
        "displayName": "Renamed",
        "platform": "ios",
        "version": "1.2",
        "coreVersion": "c",
        "uiVersion": "u",
        "deviceFamily": "iPhone",
        "modelIdentifier": "iPhone16,1",
        "caps": ["canvas"],
        "commands": ["canvas.present"],
        "permissions": { "camera": true, "odd": "yes" },
        "remoteIp": "192.0.2.4",
        "createdAtMs": 1_795_364_576_665_i64,
        "approvedAtMs": 1_795_364_576_665_i64
    }})
}

fn pending_nodes() -> Value {
    json!({ "r1": {
        "requestId": "r1",
        "nodeId": "legacy-2",
        "displayName": "Tablet",
        "commands": ["canvas.present"],
        "silent": true,
        "isRepair": false,
        "ts": NOW - 300_000
    }, "r0": { "requestId": "r0", "nodeId": "legacy-3", "ts": NOW - 300_001 } })
}

/// The same entries without their ids as keys.
fn as_list(map: &Value) -> Value {
    map.as_object().unwrap().values().cloned().collect()
}

struct StateDir {
    folder: TempDir,
    paths: StorePaths,
}

impl StateDir {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths_below(folder.path());
        Self { folder, paths }
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn put_all(&self, shape: fn(&Value) -> Value) {
        let files = [
            ("devices/paired.json", paired_devices()),
            ("devices/pending.json", pending_devices()),
            ("nodes/paired.json", paired_nodes()),
            ("nodes/pending.json", pending_nodes()),
        ];
        for (path, content) in files {
            self.put(
                path,
                &serde_json::to_string_pretty(&shape(&content)).unwrap(),
            );
        }
    }

    fn import(&self) -> (StoredState, ImportReport) {
        let store = SqliteStore::open(&self.paths.database).unwrap();
        let state = store.load().unwrap();
        let report = run(&store, &state, self.folder.path(), NOW).unwrap();
        (store.load().unwrap(), report)
    }
}

fn hash_of(token: &str) -> CredentialHash {
    CredentialHash(
        digest(&SHA256, token.as_bytes())
            .as_ref()
            .try_into()
            .unwrap(),
    )
}

fn check_imported(state: &StoredState) {
    let [device] = &state.devices[..] else {
        panic!("{:?}", state.devices);
    };
    assert_eq!(device.device_id, DEVICE);
    assert_eq!(
        device.public_key,
        "xp2COGzizRT1jdQ2EPHKwouxhiWUjXg5JwnoJfhpVn8"
    );
    assert_eq!(device.facts.display_name.as_deref(), Some("My Phone"));
    assert_eq!(device.facts.client_mode.as_deref(), Some("ui"));
    assert_eq!(device.roles, [Role::Operator, Role::Node]);
    assert_eq!(
        device.scopes,
        [Scope::Read, Scope::Write].into_iter().collect()
    );
    assert_eq!(device.approved_via, "imported");
    assert_eq!(device.approved_at_ms, 1_795_364_563_695);
    let [operator, node] = &device.tokens[..] else {
        panic!("{:?}", device.tokens);
    };
    assert_eq!(operator.hash, hash_of("f365f2212ade4b8cb822273d71a8d4a4"));
    assert_eq!(operator.rotated_at_ms, Some(1_795_364_564_247));
    assert_eq!(operator.revoked_at_ms, None);
    assert_eq!(node.hash, hash_of("a765603f10d74fd999db1115bd37c67e"));
    assert_eq!(node.revoked_at_ms, Some(1_795_364_563_999));
    assert_eq!(node.scopes, ScopeSet::EMPTY);

    let [request] = &state.pending_devices[..] else {
        panic!("{:?}", state.pending_devices);
    };
    assert_eq!((request.role, request.silent), (Role::Operator, false));

    let [node] = &state.nodes[..] else {
        panic!("{:?}", state.nodes);
    };
    assert_eq!(
        node.token_hash,
        Some(hash_of("121d7ece51934a7e8eb9a9424fc8a82e"))
    );
    assert_eq!(node.display_name.as_deref(), Some("Renamed"));
    assert_eq!(node.commands, ["canvas.present"]);
    assert_eq!(
        node.permissions.iter().collect::<Vec<_>>(),
        [(&"camera".to_owned(), &true)]
    );
    assert_eq!(node.facts.remote_ip.as_deref(), Some("192.0.2.4"));

    let [request] = &state.pending_nodes[..] else {
        panic!("{:?}", state.pending_nodes);
    };
    assert_eq!(
        (&*request.node_id, request.legacy, request.silent),
        ("legacy-2", true, true)
    );
}

#[test]
fn u28_both_shapes_are_imported() {
    for shape in [Value::clone as fn(&Value) -> Value, as_list] {
        let dir = StateDir::new();
        dir.put_all(shape);
        let (state, report) = dir.import();
        check_imported(&state);
        assert_eq!(report.files.len(), 4);
        assert_eq!(report.records(), 4);
        assert!(
            report
                .files
                .iter()
                .all(|file| file.broken.is_none() && file.skipped.is_empty())
        );
    }
}

#[test]
fn import_happens_once_and_files_stay_as_they_are() {
    let dir = StateDir::new();
    dir.put_all(Value::clone);
    dir.put("identity/device.json", "{}");
    dir.put("exec-approvals.json", r#"{"version":1}"#);
    let files = [
        "devices/paired.json",
        "devices/pending.json",
        "nodes/paired.json",
        "exec-approvals.json",
    ];
    let read = || files.map(|path| fs::read(dir.folder.path().join(path)).unwrap());
    let before = read();
    dir.import();
    let store = SqliteStore::open(&dir.paths.database).unwrap();
    store
        .commit(vec![Change::RemoveDevice(DEVICE.to_owned())])
        .wait()
        .unwrap();
    let lines = store.audit_list(&AuditFilter::default()).unwrap();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| line.event.kind == "store.imported"));
    drop(store);
    let (state, report) = dir.import();
    assert_eq!(report, ImportReport::default());
    assert_eq!(state.devices, []);
    assert_eq!(before, read());
}

#[test]
fn u28_broken_file_stops_no_other_and_is_tried_again() {
    let whole = paired_devices().to_string();
    for broken in [
        "",
        "{",
        "null",
        "7",
        &whole[..whole.len() / 2],
        "\u{0}\u{0}\u{0}",
    ] {
        let dir = StateDir::new();
        dir.put_all(Value::clone);
        dir.put("devices/paired.json", broken);
        let (state, report) = dir.import();
        assert_eq!(state.devices, [], "{broken:?}");
        assert_eq!(state.nodes.len(), 1);
        assert!(report.files[0].broken.is_some());
        assert_eq!(
            fs::read_to_string(dir.folder.path().join("devices/paired.json")).unwrap(),
            broken
        );

        dir.put("devices/paired.json", &format!("\u{feff}{whole}"));
        let (state, report) = dir.import();
        check_imported(&state);
        assert_eq!(report.files.len(), 1);
    }
}

#[test]
fn odd_entries_are_skipped_by_name() {
    let dir = StateDir::new();
    let mut devices = paired_devices();
    let map = devices.as_object_mut().unwrap();
    map.insert("a-number".to_owned(), json!(7));
    map.insert("b-no-key".to_owned(), json!({ "deviceId": "b-no-key" }));
    map.insert(
        "c-bare".to_owned(),
        json!({ "publicKey": "short", "roles": "odd", "tokens": 3, "createdAtMs": 1.5 }),
    );
    dir.put("devices/paired.json", &devices.to_string());
    dir.put("nodes/paired.json", "[]");
    let (state, report) = dir.import();
    assert_eq!(
        report.files[0].skipped,
        ["a-number: not an object", "b-no-key: no public key"]
    );
    assert_eq!(
        report.files[1],
        ImportedFile {
            records: 0,
            ..report.files[1].clone()
        }
    );
    let bare = state
        .devices
        .iter()
        .find(|device| device.device_id == "c-bare")
        .unwrap();
    assert_eq!(
        (&*bare.public_key, bare.created_at_ms, bare.roles.len()),
        ("short", 1, 0)
    );
}

#[test]
fn every_cut_and_flip_of_a_file_is_survived() {
    let whole = serde_json::to_string_pretty(&paired_devices()).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut flipped = whole.clone().into_bytes();
        flipped[at] ^= 0x11;
        for bytes in [whole.as_bytes()[..at].to_vec(), flipped] {
            if let Ok(text) = String::from_utf8(bytes) {
                drop(parse::paired_devices(&text, NOW));
            }
        }
    }
}

#[test]
fn s16_s17_imported_tokens_are_nowhere_in_the_store() {
    let dir = StateDir::new();
    dir.put_all(Value::clone);
    dir.import();
    let tokens = [
        "f365f2212ade4b8cb822273d71a8d4a4",
        "a765603f10d74fd999db1115bd37c67e",
        "ae777cfe30c7477c8f4b77a5f13f8127",
        "121d7ece51934a7e8eb9a9424fc8a82e",
    ];
    let mut files = 0;
    for entry in fs::read_dir(dir.paths.database.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for token in tokens {
            assert!(!text.contains(token), "{}", path.display());
        }
        files += 1;
    }
    assert!(files >= 2);
}

#[test]
fn offline_books_import_and_view_agree() {
    let dir = StateDir::new();
    dir.put_all(Value::clone);
    let viewed = offline::view(&dir.paths, NOW).unwrap();
    assert!(!dir.paths.database.exists() && !dir.paths.lock.exists());
    check_imported(&viewed);
    let books = OfflineBooks::open(&dir.paths, NOW).unwrap();
    assert_eq!(books.import().records(), 4);
    check_imported(&books.load().unwrap());
}

#[test]
fn an_import_is_taken_back_but_for_what_was_decided_since() {
    let dir = StateDir::new();
    dir.put_all(Value::clone);
    let lock = StateLock::acquire(&dir.paths.lock, LockInfo::of_this_process(NOW), NOW).unwrap();
    let books = OfflineBooks::under(Arc::new(lock), &dir.paths).unwrap();
    assert_eq!(books.load().unwrap().devices.len(), 0);
    let (changes, report) = plan(&books.load().unwrap(), &dir.paths.state_dir, NOW);
    let trace = Trace::of(&changes);
    books.commit(changes.clone()).unwrap();

    // A connect is no decision.
    books
        .commit(vec![Change::TouchDevice {
            device_id: DEVICE.to_owned(),
            token: None,
            at_ms: NOW,
            reason: "connect",
        }])
        .unwrap();
    let back = trace.take_back(&books.load().unwrap(), NOW);
    assert_eq!((back.removed, back.kept.len()), (report.records(), 0));
    books.commit(back.changes).unwrap();
    let state = books.load().unwrap();
    assert_eq!((state.devices.len(), state.nodes.len()), (0, 0));
    assert_eq!(
        (state.pending_devices.len(), state.pending_nodes.len()),
        (0, 0)
    );
    let again = trace.take_back(&state, NOW);
    assert!(again.changes.is_empty(), "{again:?}");

    // The files can be imported again; what is approved anew then stays.
    let (changes, again) = plan(&state, &dir.paths.state_dir, NOW);
    assert_eq!(again.records(), report.records());
    books.commit(changes).unwrap();
    let mut device = books.load().unwrap().devices.remove(0);
    device.approved_at_ms += 1;
    books
        .commit(vec![Change::PutDevice(Box::new(device))])
        .unwrap();
    let back = trace.take_back(&books.load().unwrap(), NOW);
    assert_eq!(back.kept, [format!("device {DEVICE}")]);
    assert_eq!(back.removed, report.records() - 1);
}

#[test]
fn only_files_of_a_bounded_size_are_read() {
    let dir = StateDir::new();
    dir.put_all(Value::clone);
    let file = dir.paths.state_dir.join("devices/paired.json");
    let huge = fs::OpenOptions::new().write(true).open(&file).unwrap();
    huge.set_len(MAX_FILE_BYTES + 1).unwrap();
    let (_, report) = plan(&StoredState::default(), &dir.paths.state_dir, NOW);
    let broken: Vec<_> = report
        .files
        .iter()
        .filter_map(|file| file.broken.clone())
        .collect();
    assert_eq!(broken, ["larger than 32 MiB; move it away"]);
}
