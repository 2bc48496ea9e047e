//! The exec-approvals file: whatever is in it, reading never fails, never widens, and settles after one write.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_config::exec_approvals::{ApprovalsStore, parse_lenient, parse_strict};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let folder = openclaw_fuzz::scratch();
    let path = openclaw_fuzz::write(&folder.path().join("exec-approvals.json"), bytes);
    let store = ApprovalsStore::new(&path);
    let first = store.read().expect("a file that is there is read");
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        let (lenient, issues) = parse_lenient(&value);
        match parse_strict(&value) {
            Ok(file) => {
                assert!(issues.is_empty(), "{issues:?}");
                assert_eq!(lenient, Some(file));
            }
            Err(complaints) => assert_eq!(complaints, issues),
        }
    }
    let shown: Value = serde_json::from_str(&first.to_json()).expect("a snapshot is JSON");
    assert!(shown["file"]["socket"].get("token").is_none());
    // Writing what was read settles the file: from then on it is sound and reads the same.
    let hash = first.hash.clone();
    let written = store
        .replace(first.file.clone(), Some(&hash))
        .expect("the file is replaced");
    let again = store.read().expect("a written file is read");
    assert!(again.issues.is_empty(), "{:?}", again.issues);
    assert_eq!(again.hash, written.hash);
    assert_eq!(again.file, written.file);
    assert_eq!(store.ensure().expect("a sound file").hash, written.hash);
});
