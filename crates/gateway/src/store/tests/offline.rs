//! U01 (b): the books with the gateway down.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::records::*;
use crate::lock::{LockError, LockInfo, StateLock};
use crate::records::Change;
use crate::store::{OfflineBooks, OfflineError, Store, StoreError, now_ms, offline};

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn u01_books_can_be_changed_while_no_gateway_runs() {
    let place = Place::new();
    let request = Change::PutPendingDevice(Box::new(pending_device(1)));
    place.open().commit(vec![request]).wait().unwrap();

    let books = OfflineBooks::open(&place.paths, now_ms()).unwrap();
    assert_eq!(books.load().unwrap().pending_devices, [pending_device(1)]);
    let approve = vec![
        Change::RemovePendingDevice("request-1".to_owned()),
        put_device(1),
        line("pair.approve", 1),
    ];
    books.commit(approve).unwrap();
    books.close().unwrap();

    let gateway = place.open();
    let state = gateway.load().unwrap();
    assert_eq!((state.devices.len(), state.pending_devices.len()), (1, 0));
    assert_eq!(gateway.audit_verify().unwrap().fault, None);
}

#[test]
fn u01_running_gateway_is_named() {
    let place = Place::new();
    let info = LockInfo {
        pid: 7,
        exe: "openclaw".into(),
        started_at_ms: 0,
        address: None,
        addresses: Vec::new(),
        tls: None,
    };
    let gateway = StateLock::acquire(&place.paths.lock, info, 0).unwrap();
    let Err(OfflineError::Lock(LockError::Held { holder, .. })) =
        OfflineBooks::open(&place.paths, 1_000)
    else {
        panic!("opened under a running gateway");
    };
    assert_eq!(holder.pid, Some(7));
    assert!(!place.database().exists());
    drop(gateway);
    OfflineBooks::open(&place.paths, 1_000).unwrap();
}

#[test]
fn u28_looking_changes_no_file() {
    let place = Place::new();
    place.open().commit(vec![put_device(1)]).wait().unwrap();
    let folder = &place.paths.state_dir;
    let before = files(folder);
    for _ in 0..3 {
        assert_eq!(
            offline::view(&place.paths, now_ms()).unwrap().devices,
            [device(1)]
        );
    }
    assert_eq!(files(folder), before);

    // Beside an open store, too.
    let store = place.open();
    store.commit(vec![put_device(2)]).wait().unwrap();
    assert_eq!(
        offline::view(&place.paths, now_ms()).unwrap().devices.len(),
        2
    );
    drop(store);

    let empty = Place::new();
    assert!(
        offline::view(&empty.paths, now_ms())
            .unwrap()
            .devices
            .is_empty()
    );
    assert!(files(&empty.paths.state_dir).is_empty());
}

#[test]
fn odd_characters_in_the_path_are_fine() {
    let place = Place::new();
    let paths = paths_below(&place.paths.state_dir.join("50%?#x &y"));
    let books = OfflineBooks::open(&paths, now_ms()).unwrap();
    books.commit(vec![put_device(1)]).unwrap();
    books.close().unwrap();
    assert_eq!(offline::view(&paths, now_ms()).unwrap().devices.len(), 1);
}

#[test]
fn damaged_store_is_an_error_to_look_at() {
    let place = Place::new();
    place.open().commit(vec![put_device(1)]).wait().unwrap();
    fs::write(place.database(), "garbage").unwrap();
    let looked = offline::view(&place.paths, now_ms());
    assert!(matches!(
        looked,
        Err(OfflineError::Store(StoreError::Database { .. }))
    ));
    assert_eq!(fs::read(place.database()).unwrap(), b"garbage");
    let books = OfflineBooks::open(&place.paths, now_ms()).unwrap();
    assert_eq!(books.load().unwrap().devices, [device(1)]);
    assert!(books.store().report().recovery.is_some());
}
