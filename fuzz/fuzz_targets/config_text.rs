//! Config text: reading it, editing it, and everything from the file to a gateway's plan.
//!
//! Input: the text of the file, and after a line `---` other text: wanted content, a path, a `.env` file.
#![no_main]

use std::cell::OnceCell;

use libfuzzer_sys::fuzz_target;
use openclaw_config::edit::{KeyPath, rewrite};
use openclaw_config::load::load;
use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
use openclaw_config::{Env, Paths, text};
use serde_json::Value;
use tempfile::TempDir;

thread_local! {
    static HOME: OnceCell<(TempDir, Env, Paths)> = const { OnceCell::new() };
}

fuzz_target!(|input: &str| {
    let (old, other) = input.split_once("\n---\n").unwrap_or((input, ""));
    let parsed = text::parse(old);
    let target = text::parse(other);
    if let (Ok(_), Ok(target)) = (&parsed, &target) {
        // Whatever was there and whatever is wanted, the text reads as wanted.
        assert_eq!(text::parse(&rewrite(old, target).text).as_ref(), Ok(target));
    }
    if let Ok(value) = &parsed {
        assert_eq!(text::parse(&text::pretty(value)).as_ref(), Ok(value));
    }
    if let (Ok(value), Ok(path)) = (&parsed, KeyPath::parse(other)) {
        let mut changed = value.clone();
        let wanted = Value::from("wanted");
        if path.set(&mut changed, wanted.clone()).is_ok() {
            assert_eq!(path.get(&changed), Some(&wanted));
        }
    }
    HOME.with(|home| {
        let (_, env, paths) = home.get_or_init(|| {
            let folder = openclaw_fuzz::scratch();
            let (env, paths) = openclaw_fuzz::home(folder.path());
            (folder, env, paths)
        });
        openclaw_fuzz::write(&paths.config_path, old.as_bytes());
        openclaw_fuzz::write(&paths.dot_env_file, other.as_bytes());
        let snapshot = load(paths, env);
        assert_eq!(snapshot.valid, snapshot.issues.is_empty());
        assert!(snapshot.exists && snapshot.raw.as_deref() == Some(old));
        if snapshot.valid {
            assert!(!snapshot.is_degraded() && parsed.is_ok());
        }
        let flags = GatewayFlags::default();
        // Any plan will do, and any reason why there is none.
        drop(resolve_gateway(
            &flags,
            &snapshot.env,
            &snapshot.settings,
            &paths.profile,
        ));
    });
});
