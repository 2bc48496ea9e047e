//! Which folder is served, and which addresses open it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use openclaw_config::load::load;
use openclaw_config::{Env, Paths, ProfileChoice};
use serde_json::{Value, json};

use super::*;

fn folder(
    home: &Path,
    config: &Value,
    variables: &[(&str, &str)],
) -> Result<Option<PathBuf>, String> {
    let mut all = vec![("HOME", home.to_str().unwrap())];
    all.extend_from_slice(variables);
    let env = Env::from_pairs(all);
    let paths = Paths::resolve(&env, &ProfileChoice::unset()).unwrap();
    std::fs::create_dir_all(paths.state_dir.join("identity")).unwrap();
    std::fs::write(
        &paths.config_path,
        json!({ "canvasHost": config }).to_string(),
    )
    .unwrap();
    let snapshot = load(&paths, &env);
    assert!(snapshot.valid, "{:?}", snapshot.issues);
    let found = CanvasFolder::from_snapshot(&snapshot, &paths.state_dir)?;
    Ok(found.map(|found| found.root))
}

#[test]
fn the_folder_is_the_one_of_the_config_or_of_the_state() {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join(".openclaw");
    let outside = tempfile::tempdir().unwrap();
    for (config, expected) in [
        (json!({}), Some(state.join("canvas"))),
        (json!({ "root": " " }), Some(state.join("canvas"))),
        (
            json!({ "root": "canvas/app" }),
            Some(state.join("canvas/app")),
        ),
        (
            json!({ "root": "workspace/canvas" }),
            Some(state.join("workspace/canvas")),
        ),
        (json!({ "root": "../pages" }), Some(state.join("../pages"))),
        (
            json!({ "root": "~/pages" }),
            Some(home.path().join("pages")),
        ),
        (
            json!({ "root": outside.path() }),
            Some(outside.path().to_owned()),
        ),
        (json!({ "enabled": false }), None),
    ] {
        assert_eq!(folder(home.path(), &config, &[]), Ok(expected), "{config}");
    }
    let skipped = folder(
        home.path(),
        &json!({}),
        &[("OPENCLAW_SKIP_CANVAS_HOST", "1")],
    );
    assert_eq!(skipped, Ok(None));
}

#[test]
fn a_folder_with_secrets_is_not_served() {
    let home = tempfile::tempdir().unwrap();
    let link = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join(".openclaw")).unwrap();
    std::os::unix::fs::symlink(home.path().join(".openclaw"), link.path().join("pages")).unwrap();
    for root in [
        json!("."),
        json!("/"),
        json!("~"),
        json!(".."),
        json!("identity"),
        json!("canvas/../identity"),
        json!("not-there-yet"),
        json!(link.path().join("pages")),
        json!(link.path().join("pages/identity")),
    ] {
        let refused = folder(home.path(), &json!({ "root": root }), &[]);
        let reason = refused.expect_err(&root.to_string());
        assert!(reason.contains("not served"), "{root}: {reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_capability_is_its_holder_s_alone_and_ends() {
    let (ours, theirs) = (Capabilities::default(), Capabilities::default());
    let node = ours.of_node("a-b");
    assert_eq!(ours.holder(&node), Some(Holder::Node("a-b".to_owned())));
    assert_eq!(theirs.holder(&node), None, "another start");
    assert_eq!(ours.holder(&node.replace("na-b", "na-c")), None);
    let page = ours.of_page();
    assert_eq!(ours.holder(&page), Some(Holder::Page));
    for odd in [
        "",
        ".",
        "p0",
        "p0.",
        "p0.AAAA",
        "x.AAAAAAAAAAAAAAAAAAAAAA",
        &page[1..],
    ] {
        assert_eq!(ours.holder(odd), None, "{odd}");
    }
    tokio::time::advance(Duration::from_secs(PAGE_PERIOD_SECS)).await;
    assert_eq!(
        ours.holder(&page),
        Some(Holder::Page),
        "a page that is open goes on"
    );
    tokio::time::advance(Duration::from_secs(PAGE_PERIOD_SECS)).await;
    assert_eq!(ours.holder(&page), None);
    assert_eq!(ours.holder(&ours.of_page()), Some(Holder::Page));
}

#[tokio::test(start_paused = true)]
async fn a_page_ends_with_the_credential_that_opened_it() {
    let ours = Capabilities::default();
    let (node, page) = (ours.of_node("a-b"), ours.of_page());
    ours.clone().credential_changed();
    assert_eq!(ours.holder(&page), None);
    assert_eq!(ours.holder(&ours.of_page()), Some(Holder::Page));
    assert_eq!(ours.holder(&node), Some(Holder::Node("a-b".to_owned())));
}
