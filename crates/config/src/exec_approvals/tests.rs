use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::hash::sha256_hex;

const EMPTY_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn store() -> (tempfile::TempDir, ApprovalsStore) {
    let home = tempfile::tempdir().expect("temporary folder");
    let store = ApprovalsStore::new(home.path().join("state").join(FILE_NAME));
    (home, store)
}

fn file(value: &Value) -> ExecApprovalsFile {
    parse_strict(value).expect("valid file")
}

fn on_disk(store: &ApprovalsStore) -> Value {
    serde_json::from_slice(&fs::read(store.path()).expect("file")).expect("JSON")
}

#[test]
fn missing_file_reads_as_empty_and_is_created_with_a_socket() {
    let (_home, store) = store();
    let snapshot = store.read().expect("read");
    assert!(!snapshot.exists);
    assert_eq!(snapshot.hash, EMPTY_HASH);
    assert!(!store.path().exists(), "reading changes nothing");

    let created = store.ensure().expect("ensure");
    assert!(created.exists);
    let text = fs::read(store.path()).expect("file");
    assert_eq!(created.hash, sha256_hex(&text));
    let mode = fs::metadata(store.path())
        .expect("metadata")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let written = on_disk(&store);
    assert_eq!(written["version"], 1);
    assert_eq!(written["defaults"], json!({}));
    assert_eq!(written["agents"], json!({}));
    let socket_path = written["socket"]["path"].as_str().expect("socket path");
    assert!(
        socket_path.ends_with("/state/exec-approvals.sock"),
        "{socket_path}"
    );
    assert_eq!(
        written["socket"]["token"].as_str().expect("token").len(),
        32
    );

    let again = store.ensure().expect("ensure");
    assert_eq!(again.hash, created.hash, "a complete file is not rewritten");
}

#[test]
fn a_snapshot_shows_everything_but_the_token() {
    let (_home, store) = store();
    let shown: Value =
        serde_json::from_str(&store.ensure().expect("ensure").to_json()).expect("JSON");
    assert_eq!(shown["exists"], true);
    assert_eq!(shown["path"], store.path().to_str().expect("UTF-8 path"));
    assert!(shown["file"]["socket"]["path"].is_string());
    assert_eq!(shown["file"]["socket"].get("token"), None);
    let debug = format!("{:?}", store.read().expect("read"));
    let token = on_disk(&store)["socket"]["token"]
        .as_str()
        .expect("token")
        .to_owned();
    assert!(!debug.contains(&token), "{debug}");
}

#[test]
fn replacing_needs_the_current_hash_and_keeps_the_socket() {
    let (_home, store) = store();
    let first = store.ensure().expect("ensure");
    let next = file(&json!({
        "version": 1,
        "defaults": {"security": "allowlist", "ask": "on-miss", "askFallback": "deny", "autoAllowSkills": true},
        "agents": {
            "main": {"allowlist": [{"pattern": "/usr/bin/git"}]},
            "default": {"ask": "off", "allowlist": [{"pattern": "/bin/ls"}, {"pattern": "/usr/bin/git"}]}
        }
    }));
    assert!(matches!(
        store.replace(next.clone(), None),
        Err(StoreError::BaseHashRequired)
    ));
    assert!(matches!(
        store.replace(next.clone(), Some("bad")),
        Err(StoreError::Changed)
    ));
    let written = store.replace(next, Some(&first.hash)).expect("replace");
    assert_ne!(written.hash, first.hash);
    assert_eq!(written.file.socket, first.file.socket);
    let content = on_disk(&store);
    assert_eq!(content["agents"].as_object().expect("agents").len(), 1);
    let main = &content["agents"]["main"];
    assert_eq!(main["ask"], "off");
    let patterns: Vec<_> = main["allowlist"].as_array().expect("list").iter().collect();
    assert_eq!(patterns.len(), 2);
    assert_eq!(patterns[0]["pattern"], "/usr/bin/git");
    assert_eq!(patterns[1]["pattern"], "/bin/ls");
    for entry in patterns {
        assert_eq!(entry["id"].as_str().expect("id").len(), 36);
    }
    assert_eq!(store.read().expect("read").hash, written.hash);
}

#[test]
fn a_missing_file_can_be_replaced_without_a_hash() {
    let (_home, store) = store();
    store
        .replace(ExecApprovalsFile::default(), None)
        .expect("replace");
    let (_home, store) = self::store();
    store
        .replace(ExecApprovalsFile::default(), Some(EMPTY_HASH))
        .expect("replace");
}

#[test]
fn unreadable_files_count_as_empty_and_survive_a_write() {
    for original in [
        "{ not json",
        r#"{"version":2,"agents":{"main":{"security":"full"}}}"#,
        "[]",
    ] {
        let (_home, store) = store();
        fs::create_dir_all(store.path().parent().expect("parent")).expect("folder");
        fs::write(store.path(), original).expect("write");
        let snapshot = store.ensure().expect("ensure");
        assert_eq!(snapshot.file, ExecApprovalsFile::default(), "{original}");
        assert!(!snapshot.issues.is_empty(), "{original}");
        assert_eq!(snapshot.hash, sha256_hex(original.as_bytes()));
        let kept = fs::read_to_string(store.path()).expect("file");
        assert_eq!(kept, original, "loading alone never writes");

        for _ in 0..2 {
            store
                .modify(|file| {
                    file.allow(DEFAULT_AGENT, "/bin/ls");
                })
                .expect("modify");
        }
        let aside = store
            .path()
            .with_file_name(format!("{FILE_NAME}.invalid-{}", &snapshot.hash[..12]));
        assert_eq!(fs::read_to_string(&aside).expect("copy"), original);
        assert_eq!(
            on_disk(&store)["agents"]["main"]["allowlist"][0]["pattern"],
            "/bin/ls"
        );
    }
}

#[test]
fn unknown_members_survive_a_round_trip() {
    let (_home, store) = store();
    let value = json!({
        "version": 1,
        "socket": {"path": "/s", "token": "t", "kind": "x"},
        "defaults": {"security": "full", "later": [1]},
        "agents": {"*": {"note": "n", "allowlist": [
            {"id": "1", "pattern": "/a", "source": "allow-always", "lastUsedAt": 5}
        ]}},
        "policy": {"deep": true}
    });
    store.replace(file(&value), None).expect("replace");
    assert_eq!(on_disk(&store), value);
    store
        .modify(|file| {
            file.allow("ops", "/b");
        })
        .expect("modify");
    let after = on_disk(&store);
    assert_eq!(after["policy"], value["policy"]);
    assert_eq!(after["agents"]["*"], value["agents"]["*"]);
}

#[test]
fn strict_reading_names_every_problem() {
    let table = [
        (json!([]), "must be object"),
        (json!({}), "must have required property 'version'"),
        (
            json!({"version": 2}),
            "at /version: must be equal to constant",
        ),
        (
            json!({"version": 1, "socket": 5}),
            "at /socket: must be object",
        ),
        (
            json!({"version": 1, "defaults": {"security": "all"}}),
            "at /defaults/security: must be one of deny, allowlist, full",
        ),
        (
            json!({"version": 1, "defaults": {"ask": 1}}),
            "at /defaults/ask: must be string",
        ),
        (
            json!({"version": 1, "defaults": {"autoAllowSkills": "yes"}}),
            "at /defaults/autoAllowSkills: must be boolean",
        ),
        (
            json!({"version": 1, "agents": {"a/b": {"askFallback": "x"}}}),
            "at /agents/a~1b/askFallback: must be one of deny, allowlist, full",
        ),
        (
            json!({"version": 1, "agents": {"a": {"allowlist": {}}}}),
            "at /agents/a/allowlist: must be array",
        ),
        (
            json!({"version": 1, "agents": {"a": {"allowlist": [{}]}}}),
            "at /agents/a/allowlist/0: must have required property 'pattern'",
        ),
        (
            json!({"version": 1, "agents": {"a": {"allowlist": [{"pattern": " "}]}}}),
            "at /agents/a/allowlist/0/pattern: must NOT have fewer than 1 characters",
        ),
        (
            json!({"version": 1, "agents": {"a": {"allowlist": [{"pattern": "/a", "lastUsedAt": -1}]}}}),
            "at /agents/a/allowlist/0/lastUsedAt: must be integer >= 0",
        ),
    ];
    for (value, expected) in table {
        let issues = parse_strict(&value).expect_err("invalid");
        let text: Vec<_> = issues.iter().map(ToString::to_string).collect();
        assert_eq!(text, [expected], "{value}");
    }
    let two = json!({"version": 1, "defaults": {"security": 1, "ask": "never"}});
    assert_eq!(parse_strict(&two).expect_err("invalid").len(), 2);
}

#[test]
fn a_mistake_in_the_file_never_widens_what_may_run() {
    let value = json!({
        "version": 1,
        "defaults": {"security": "full", "ask": "off"},
        "agents": {"main": {"security": "dney", "ask": "allways"}, "ops": 5}
    });
    let (file, issues) = parse_lenient(&value);
    let file = file.expect("readable");
    assert_eq!(issues.len(), 3);
    let main = file.resolve(None, &Overrides::default());
    assert_eq!((main.security, main.ask), (Security::Deny, Ask::Always));
    assert_eq!(
        file.resolve(Some("ops"), &Overrides::default()).security,
        Security::Deny
    );
    assert_eq!(
        file.resolve(Some("else"), &Overrides::default()).security,
        Security::Full
    );
}

#[test]
fn settings_are_looked_up_agent_first_and_built_in_last() {
    let file = file(&json!({
        "version": 1,
        "defaults": {"ask": "always", "askFallback": "full"},
        "agents": {
            "*": {"security": "full", "allowlist": [{"pattern": "/any"}]},
            "main": {"security": "allowlist", "allowlist": [{"pattern": "/main"}]}
        }
    }));
    let overrides = Overrides {
        security: Some(Security::Allowlist),
        ask: Some(Ask::Off),
        auto_allow_skills: Some(true),
        ..Overrides::default()
    };
    let main = file.resolve(Some(" "), &overrides);
    assert_eq!(main.agent_id, "main");
    assert_eq!(main.security, Security::Allowlist);
    assert_eq!(main.ask, Ask::Always);
    assert_eq!(main.ask_fallback, Security::Full);
    assert!(main.auto_allow_skills);
    let patterns: Vec<_> = main.allowlist.iter().map(|e| e.pattern.as_str()).collect();
    assert_eq!(patterns, ["/any", "/main"]);
    let other = file.resolve(Some("other"), &overrides);
    assert_eq!(other.security, Security::Full);
    assert_eq!(file.resolve(Some("*"), &overrides).allowlist.len(), 1);

    let empty = ExecApprovalsFile::default();
    let host = empty.resolve(None, &overrides);
    assert_eq!((host.security, host.ask), (Security::Allowlist, Ask::Off));
    let bare = empty.resolve(None, &Overrides::default());
    assert_eq!(
        (
            bare.security,
            bare.ask,
            bare.ask_fallback,
            bare.auto_allow_skills
        ),
        (Security::Deny, Ask::OnMiss, Security::Deny, false)
    );
}

#[test]
fn levels_are_ordered_and_tighten() {
    assert!(Security::Deny < Security::Allowlist && Security::Allowlist < Security::Full);
    assert!(Ask::Off < Ask::OnMiss && Ask::OnMiss < Ask::Always);
    assert_eq!(
        Security::Full.tightest(Security::Allowlist),
        Security::Allowlist
    );
    assert_eq!(Ask::Off.tightest(Ask::Always), Ask::Always);
    for word in ["deny", "allowlist", "full"] {
        assert_eq!(word.parse::<Security>().expect("known").to_string(), word);
        assert_eq!(json!(word.parse::<Security>().expect("known")), json!(word));
    }
    for word in ["off", "on-miss", "always"] {
        assert_eq!(word.parse::<Ask>().expect("known").to_string(), word);
        assert_eq!(json!(word.parse::<Ask>().expect("known")), json!(word));
    }
}

#[test]
fn patterns_are_added_once_and_empty_agents_disappear() {
    let mut file = ExecApprovalsFile::default();
    assert!(file.allow("*", " /bin/ls "));
    assert!(!file.allow("*", "/bin/ls"));
    assert!(!file.disallow("*", "/bin/cat"));
    assert!(file.disallow("*", "/bin/ls"));
    assert!(file.agents.is_empty());
}

#[test]
fn entries_that_bind_arguments_are_recognised() {
    let list = file(&json!({"version": 1, "agents": {"main": {"allowlist": [
        {"pattern": "/usr/bin/curl", "argPattern": "^x$"},
        {"pattern": "/usr/bin/curl", "source": "allow-always"}
    ]}}}));
    let entries = &list.agents["main"].allowlist;
    assert!(entries[0].is_restricted());
    assert!(!entries[1].is_restricted());
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let (_home, store) = store();
    let store = Arc::new(store);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                for round in 0..10 {
                    store
                        .modify(|file| {
                            file.allow(DEFAULT_AGENT, &format!("/{writer}/{round}"));
                        })
                        .expect("modify");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("writer");
    }
    let file = store.read().expect("read").file;
    assert_eq!(file.agents[DEFAULT_AGENT].allowlist.len(), 40);
}
