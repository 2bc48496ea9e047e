use super::*;

/// Recorded from release 2026.1.30.
const RECORDED_PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIH6Fp1TEH92FNiM9fV5e+wdPgs1K+nBNZxtzVbIbVBkN\n-----END PRIVATE KEY-----\n";
const RECORDED_ID: &str = "a2c98006f056be31e995b811bdf38b1674c3be1986881193cd18d352623f96b5";

fn aside(directory: &Path) -> usize {
    std::fs::read_dir(directory)
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().contains("unreadable-")
        })
        .count()
}

#[test]
fn recorded_key_signs_as_recorded() {
    let identity = DeviceIdentity::from_pem(RECORDED_PEM).unwrap();
    assert_eq!(identity.device_id(), RECORDED_ID);
    assert_eq!(
        identity.public_key_base64url(),
        "aklYjPrV-MTVYth4D5nKPLhBSWVKFM-ABnn5yCGk24k"
    );
    let payload = format!(
        "v2|{RECORDED_ID}|gateway-client|ui|operator|operator.admin,operator.approvals,operator.pairing|1795364060155|tok-a|3542ef2d-7591-4aa4-a86e-9c406458fe5c"
    );
    assert_eq!(
        identity.sign(&payload),
        "3velsBB9mIs74BbYGVHAkDOm0A_TgPbEPRFMFvwT-LNisyQ3YbjIJIAcGaRLWgV1uYoSOUoBRyfZVsJdd5SqBg"
    );
}

#[test]
fn created_once_then_loaded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("identity/device.json");
    assert!(DeviceIdentity::load(&path).unwrap().is_none());
    let created = DeviceIdentity::load_or_create(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let loaded = DeviceIdentity::load_or_create(&path).unwrap();
    assert_eq!(created.device_id(), loaded.device_id());
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let file: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(file["version"], 1);
    assert_eq!(file["deviceId"], created.device_id());
    assert_eq!(
        PublicKey::parse(file["publicKeyPem"].as_str().unwrap()),
        Some(*created.public_key())
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

#[test]
fn wrong_device_id_is_corrected_and_the_key_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("device.json");
    let file = serde_json::json!({
        "version": 1, "deviceId": "nonsense", "publicKeyPem": "", "privateKeyPem": RECORDED_PEM,
        "createdAtMs": 17,
    });
    std::fs::write(&path, file.to_string()).unwrap();
    let read_only = DeviceIdentity::load(&path).unwrap().unwrap();
    assert_eq!(read_only.device_id(), RECORDED_ID);
    assert!(std::fs::read_to_string(&path).unwrap().contains("nonsense"));
    DeviceIdentity::load_or_create(&path).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(file["deviceId"], RECORDED_ID);
    assert_eq!(file["createdAtMs"], 17);
    assert_eq!(aside(directory.path()), 0);
}

#[test]
fn u28_unreadable_file_is_kept_aside() {
    for garbage in [
        "",
        "{",
        "[]",
        r#"{"version":2}"#,
        r#"{"version":1,"privateKeyPem":"x"}"#,
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("device.json");
        std::fs::write(&path, garbage).unwrap();
        let created = DeviceIdentity::load_or_create(&path).unwrap();
        let again = DeviceIdentity::load_or_create(&path).unwrap();
        assert_eq!(created.device_id(), again.device_id());
        assert_eq!(aside(directory.path()), 1, "{garbage}");
    }
}

#[test]
fn processes_that_start_at_once_get_one_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("identity/device.json");
    let barrier = std::sync::Barrier::new(8);
    let ids: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    DeviceIdentity::load_or_create(&path)
                        .unwrap()
                        .device_id()
                        .to_owned()
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 1);
    assert_eq!(aside(path.parent().unwrap()), 0);
}

mod cache {
    use openclaw_config::Secret;
    use serde_json::{Value, json};

    use super::super::TokenCache;

    fn cache() -> (tempfile::TempDir, TokenCache) {
        let directory = tempfile::tempdir().unwrap();
        let cache = TokenCache::new(directory.path().join("identity/device-auth.json"));
        (directory, cache)
    }

    fn token(cache: &TokenCache, gateway: &str, any: bool) -> Option<String> {
        cache
            .get("dev", gateway, "operator", any)
            .map(|entry| entry.token.expose().to_owned())
    }

    fn scopes() -> Vec<String> {
        vec!["operator.read".into(), "operator.admin".into()]
    }

    #[test]
    fn two_gateways_do_not_overwrite_each_other() {
        let (_directory, cache) = cache();
        for (gateway, text) in [("ws://a", "ta"), ("ws://b", "tb")] {
            let new = cache.store("dev", gateway, "operator", &Secret::new(text), &scopes());
            assert!(new.unwrap());
        }
        assert_eq!(token(&cache, "ws://a", true).as_deref(), Some("ta"));
        assert_eq!(token(&cache, "ws://b", true).as_deref(), Some("tb"));
        assert_eq!(token(&cache, "ws://c", true), None);
        let file: Value = serde_json::from_slice(&std::fs::read(cache.path()).unwrap()).unwrap();
        let newest = &file["tokens"]["operator"];
        assert_eq!(newest["token"], "tb");
        assert_eq!(newest["role"], "operator");
        assert_eq!(newest["scopes"], json!(["operator.admin", "operator.read"]));
        assert_eq!(file["deviceId"], "dev");
    }

    #[test]
    fn file_of_another_client_is_used_unless_the_caller_was_explicit() {
        let (_directory, cache) = cache();
        std::fs::create_dir_all(cache.path().parent().unwrap()).unwrap();
        let entry = json!({"token": "old", "role": "operator", "scopes": [], "updatedAtMs": 1});
        let file = json!({"version": 1, "deviceId": "dev", "tokens": {"operator": entry}});
        std::fs::write(cache.path(), file.to_string()).unwrap();
        assert_eq!(token(&cache, "ws://a", true).as_deref(), Some("old"));
        assert_eq!(token(&cache, "ws://a", false), None);
        assert!(cache.get("other", "ws://a", "operator", true).is_none());
        assert!(cache.get("dev", "ws://a", "node", true).is_none());
    }

    #[test]
    fn u28_same_token_writes_nothing() {
        let (_directory, cache) = cache();
        let secret = Secret::new("t");
        assert!(
            cache
                .store("dev", "ws://a", "operator", &secret, &scopes())
                .unwrap()
        );
        std::fs::remove_file(cache.path().with_file_name(".lock")).unwrap();
        assert!(
            !cache
                .store("dev", "ws://a", "operator", &secret, &[])
                .unwrap()
        );
        assert!(!cache.path().with_file_name(".lock").exists());
    }

    #[test]
    fn only_the_named_token_is_removed() {
        let (_directory, cache) = cache();
        for gateway in ["ws://a", "ws://b"] {
            cache
                .store("dev", gateway, "operator", &Secret::new(gateway), &[])
                .unwrap();
        }
        cache
            .remove("dev", "ws://a", "operator", &Secret::new("stale"))
            .unwrap();
        assert!(token(&cache, "ws://a", false).is_some());
        cache
            .remove("dev", "ws://a", "operator", &Secret::new("ws://a"))
            .unwrap();
        assert_eq!(token(&cache, "ws://a", false), None);
        assert!(token(&cache, "ws://b", false).is_some());
    }

    #[test]
    fn garbage_and_other_devices_start_afresh() {
        for garbage in [
            "",
            "[]",
            "{",
            r#"{"version":1,"deviceId":"other","tokens":{"operator":{"token":"x"}}}"#,
        ] {
            let (_directory, cache) = cache();
            std::fs::create_dir_all(cache.path().parent().unwrap()).unwrap();
            std::fs::write(cache.path(), garbage).unwrap();
            assert_eq!(token(&cache, "ws://a", true), None, "{garbage}");
            cache
                .store("dev", "ws://a", "operator", &Secret::new("t"), &[])
                .unwrap();
            assert_eq!(token(&cache, "ws://a", false).as_deref(), Some("t"));
        }
    }
}
