//! The Control UI as browsers, proxies and hostile programs meet it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::support::{Answer, Server, VERSION};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; \
                      connect-src 'self' ws: wss:; form-action 'none'; base-uri 'self'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'";

/// What every answer of this part carries.
fn assert_protected(answer: &Answer, what: &str) {
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        (
            "permissions-policy",
            "camera=(), microphone=(), geolocation=(), clipboard-write=(self)",
        ),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {what}");
    }
}

fn assert_document(answer: &Answer, base: &str, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        Some("text/html; charset=utf-8"),
        "{what}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-cache"), "{what}");
    assert!(
        answer.body.contains(&format!("<base href=\"{base}/\">")),
        "{what}: {}",
        answer.body
    );
    assert_protected(answer, what);
}

fn built() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist")
}

/// The first script of the page below `assets/`, as the document names it.
fn script(document: &str) -> &str {
    let at = document
        .find("assets/")
        .expect("the document names its script");
    document[at..].split('"').next().unwrap()
}

fn panel() -> Value {
    json!({"gateway": {"controlUi": {"basePath": "/panel"}}})
}

#[tokio::test]
async fn every_path_that_a_person_may_open_is_the_page() {
    let server = Server::start(json!({})).await;
    for path in [
        "/",
        "/?token=secret-in-url",
        "/overview",
        "/devices/3f2a",
        "/approve/a-b-c",
        "/settings/devices",
        "/chat",
        "/index.html",
        "/healthy",
        "/a%20b",
        "/100%",
        "/sessions//x",
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_document(&answer, "", path);
        assert!(!answer.body.contains("secret-in-url"));
        assert!(answer.body.contains(&format!("data-version=\"{VERSION}\"")));
        let head = server.ask("HEAD", path, &[]).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("etag"), answer.header("etag"));
        assert_eq!(
            head.header("content-length"),
            Some(answer.body.len().to_string().as_str())
        );
    }
}

#[tokio::test]
async fn programs_never_mistake_the_page_for_an_answer() {
    let server = Server::start(json!({})).await;
    for path in [
        "/ui",
        "/ui/x",
        "/v1/chat/completions",
        "/tools/invoke",
        "/hooks/wake",
        "/api/x",
        "/avatar/main",
        "/healthz/x",
        "/metrics/x",
        "/j/a/b",
        "/__openclaw__/a2ui/",
        "/.well-known/acme-challenge/x",
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, "Not Found"),
            "{path}"
        );
        assert_protected(&answer, path);
    }
    assert_eq!(
        server.ask("GET", "/healthz", &[]).await.body,
        r#"{"ok":true,"status":"live"}"#
    );
    assert_eq!(server.upgrade("/overview", &[]).await.0.status, 101);
}

#[tokio::test]
async fn a_browser_that_has_the_page_is_not_sent_it_again() {
    let server = Server::start(json!({})).await;
    let first = server.ask("GET", "/overview", &[]).await;
    let tag = first.header("etag").unwrap().to_owned();
    assert!(tag.starts_with('"'), "strong: {tag}");
    for sent in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"old\", {tag}"),
        "*".to_owned(),
    ] {
        let answer = server
            .ask("GET", "/devices", &[("If-None-Match", &sent)])
            .await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{sent}");
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert_eq!(answer.header("content-type"), None);
        assert_protected(&answer, "304");
    }
    for sent in ["\"old\"", "", "garbage", tag.trim_matches('"')] {
        let answer = server.ask("GET", "/", &[("If-None-Match", sent)]).await;
        assert_document(&answer, "", sent);
    }
    server.reload(&panel());
    let moved = server
        .ask("GET", "/panel/", &[("If-None-Match", &tag)])
        .await;
    assert_document(&moved, "/panel", "another base path is another document");
}

#[tokio::test]
async fn files_are_kept_for_ever_and_sent_in_the_smallest_form() {
    let server = Server::start(json!({})).await;
    let page = server.ask("GET", "/", &[]).await;
    let name = script(&page.body);
    let path = format!("/{name}");
    for (accept, coding, suffix) in [
        ("gzip, deflate, br, zstd", Some("br"), ".br"),
        ("gzip, deflate", Some("gzip"), ".gz"),
        ("br;q=0, gzip", Some("gzip"), ".gz"),
        ("identity", None, ""),
        ("*;q=0", None, ""),
        (",;q=;=", None, ""),
    ] {
        let sent = [("Accept-Encoding", accept)];
        let answer = server.ask("GET", &path, &sent).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-encoding"), coding, "{accept}");
        if coding.is_some() {
            let copy = std::fs::read(built().join(format!("{name}{suffix}"))).unwrap();
            assert_eq!(answer.bytes, copy);
        } else {
            assert!(answer.body.contains("import"), "a script as text");
        }
        assert_eq!(
            answer.header("content-type"),
            Some("text/javascript; charset=utf-8")
        );
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        assert_protected(&answer, accept);
        let tag = answer.header("etag").unwrap();
        let again = server
            .ask(
                "GET",
                &path,
                &[("Accept-Encoding", accept), ("If-None-Match", tag)],
            )
            .await;
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        assert_eq!(again.header("vary"), Some("Accept-Encoding"));
        let other = if coding.is_some() { "identity" } else { "br" };
        let changed = server
            .ask(
                "GET",
                &path,
                &[("Accept-Encoding", other), ("If-None-Match", tag)],
            )
            .await;
        assert_eq!(changed.status, 200, "a copy in one coding is not another");
        let head = server.ask("HEAD", &path, &sent).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(
            head.header("content-length"),
            Some(answer.bytes.len().to_string().as_str())
        );
    }
    let boot = server
        .ask("GET", "/boot.js", &[("Accept-Encoding", "br")])
        .await;
    assert_eq!(
        (boot.status, boot.header("cache-control")),
        (200, Some("no-cache"))
    );
    assert_eq!(boot.header("content-encoding"), Some("br"));
    // Under the name that the document gives it, it need not be asked for again.
    let at = page
        .body
        .find("boot.js?")
        .expect("the document names its boot script");
    let named = page.body[at..].split('"').next().unwrap();
    for (path, caching) in [
        (named, "public, max-age=31536000, immutable"),
        ("boot.js?older", "no-cache"),
    ] {
        let answer = server.ask("GET", &format!("/{path}"), &[]).await;
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (200, Some(caching)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn u31_a_file_of_an_older_page_is_gone_and_says_so() {
    let server = Server::start(json!({})).await;
    for path in [
        "/assets/index-0LDHASH0.js",
        "/assets/",
        "/assets/x",
        "/deep/assets/index-0LDHASH0.css",
        "/assets/index.html",
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert!(
            answer.body.contains("older than the gateway"),
            "{}",
            answer.body
        );
        assert_protected(&answer, path);
    }
    let page = server.ask("GET", "/", &[]).await;
    for suffix in [".br", ".gz"] {
        let copy = format!("/{}{suffix}", script(&page.body));
        assert_eq!(server.ask("GET", &copy, &[]).await.status, 404, "{copy}");
    }
}

#[tokio::test]
async fn nothing_outside_is_reached() {
    let server = Server::start(json!({})).await;
    let root = server.home().join("ui");
    std::fs::create_dir_all(root.join("assets")).unwrap();
    std::fs::write(
        root.join("index.html"),
        "<html data-base-path=\"\"><base href=\"/\">",
    )
    .unwrap();
    std::fs::write(server.home().join("secret.js"), "secret").unwrap();
    std::os::unix::fs::symlink(server.home().join("secret.js"), root.join("assets/link.js"))
        .unwrap();
    for config in [
        json!({}),
        json!({"gateway": {"controlUi": {"root": root.to_str().unwrap()}}}),
    ] {
        server.reload(&config);
        for path in [
            "/../secret.js",
            "/assets/../../secret.js",
            "/assets/..%2f..%2fsecret.js",
            "/assets/..%2F..%2Fsecret.js",
            "/%2e%2e/secret.js",
            "/assets/%2e%2e/%2e%2e/secret.js",
            "/%252e%252e%252fsecret.js",
            "/assets/..%5c..%5csecret.js",
            "/assets/link.js",
            "/assets//secret.js",
            "/assets/index.html%00.js",
            "/assets/%00",
            "/%00",
            "/assets/%0d%0aX-Injected:1",
            "/assets/a%2fb.js",
        ] {
            let answer = server.ask("GET", path, &[]).await;
            assert_eq!(answer.status, 404, "{path}");
            assert!(!answer.body.contains("secret"), "{path}: {}", answer.body);
            assert_eq!(answer.header("x-injected"), None);
            assert_protected(&answer, path);
        }
        for path in ["/secret.js", "/assets%2f..", "//secret.js", "/./secret.js"] {
            let answer = server.ask("GET", path, &[]).await;
            assert!(!answer.body.contains("secret\n"), "{path}");
            assert_ne!(answer.body, "secret", "{path}");
        }
    }
}

#[tokio::test]
async fn very_long_paths_are_answered() {
    let server = Server::start(json!({})).await;
    let long = format!("/{}", "a/".repeat(4_000));
    assert_document(&server.ask("GET", &long, &[]).await, "", "a long path");
    let asset = format!("/assets/{}.js", "a".repeat(8_000));
    assert_eq!(server.ask("GET", &asset, &[]).await.status, 404);
    let nested = format!("/%{}41", "25".repeat(4_000));
    assert_eq!(server.ask("GET", &nested, &[]).await.status, 404);
}

#[tokio::test]
async fn u30_the_base_path_is_followed_live() {
    let server = Server::start(json!({"gateway": {"controlUi": {"basePath": "panel/"}}})).await;
    for (path, location) in [("/panel", "/panel/"), ("/panel?token=x", "/panel/?token=x")] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (302, Some(location))
        );
        assert_protected(&answer, path);
    }
    for path in [
        "/panel/",
        "/panel/devices",
        "/panel/panel/",
        "/panel/nodes/a/b?x=1",
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_document(&answer, "/panel", path);
        assert!(answer.body.contains("data-base-path=\"/panel\""));
        let asset = format!("/panel/{}", script(&answer.body));
        assert_eq!(server.ask("GET", &asset, &[]).await.status, 200, "{asset}");
    }
    let page = server.ask("GET", "/panel/", &[]).await;
    let outside = format!("/{}", script(&page.body));
    for path in [
        outside.as_str(),
        "/panels/",
        "/Panel/",
        "/boot.js",
        "/overview",
        "/control-ui-config.json",
        "/panel/ui",
        "/panel/../boot.js",
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, "Not Found"),
            "{path}"
        );
        assert_protected(&answer, path);
    }
    let root = server.ask("GET", "/", &[]).await;
    assert_eq!(root.status, 404);
    assert_eq!(root.body, "The Control UI of this gateway is at /panel/\n");
    server.reload(&json!({}));
    assert_document(
        &server.ask("GET", "/panel/", &[]).await,
        "",
        "a page like any other",
    );
    server.reload(&json!({"gateway": {"controlUi": {"enabled": false}}}));
    assert_eq!(
        server.ask("HEAD", "/", &[]).await.status,
        200,
        "the landing page"
    );
    assert_eq!(server.ask("GET", "/panel/", &[]).await.status, 404);
}

#[tokio::test]
async fn a_folder_replaces_the_page_of_the_program_live() {
    let server = Server::start(json!({})).await;
    let root = server.home().join(".openclaw/ui");
    server.reload(&json!({"gateway": {"controlUi": {"root": "ui"}}}));
    for path in ["/", "/overview"] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            answer.body.contains("gateway.controlUi.root")
                && answer
                    .body
                    .contains("openclaw config unset gateway.controlUi.root"),
            "{}",
            answer.body
        );
        assert!(
            !answer.body.contains(server.home().to_str().unwrap()),
            "strangers learn no paths"
        );
        assert_protected(&answer, path);
    }
    std::fs::create_dir_all(root.join("assets")).unwrap();
    std::fs::write(
        root.join("index.html"),
        "<html data-base-path=\"\" data-version=\"\"><base href=\"/\">mine",
    )
    .unwrap();
    std::fs::write(root.join("assets/mine-1.css"), "plain").unwrap();
    std::fs::write(root.join("assets/mine-1.css.gz"), "smaller").unwrap();
    let page = server.ask("GET", "/nodes", &[]).await;
    assert_document(&page, "", "the folder's page");
    assert!(page.body.ends_with("mine"));
    let gzip = [("Accept-Encoding", "gzip, br")];
    let style = server.ask("GET", "/assets/mine-1.css", &gzip).await;
    assert_eq!(
        (style.body.as_str(), style.header("content-encoding")),
        ("smaller", Some("gzip"))
    );
    let before = page.header("etag").unwrap().to_owned();
    std::fs::write(root.join("index.html"), "<base href=\"/\">changed").unwrap();
    let changed = server.ask("GET", "/", &[("If-None-Match", &before)]).await;
    assert!(changed.status == 200 && changed.body.ends_with("changed"));
    server.reload(&json!({}));
    let own = server.ask("GET", "/", &[]).await;
    assert!(
        !own.body.contains("changed"),
        "the page of the program is back"
    );
}

#[tokio::test]
async fn everybody_may_know_how_to_sign_in_and_no_more() {
    let server = Server::start(panel()).await;
    let path = "/panel/control-ui-config.json";
    let expected = json!({
        "v": 1,
        "product": "openclaw",
        "version": VERSION,
        "protocol": {"min": 3, "max": 4},
        "basePath": "/panel",
        "auth": {"modes": ["token", "tailscale"]},
        "secure": false,
    });
    let remote = ("X-Forwarded-For", "203.0.113.9");
    for headers in [&[][..], &[remote], &[("X-Forwarded-Proto", "https")]] {
        let answer = server.ask("GET", path, headers).await;
        assert_eq!((answer.status, answer.json()), (200, expected.clone()));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_protected(&answer, path);
    }
    // Only a proxy that is believed can say that the way to it is encrypted.
    server.reload(&json!({"gateway": {
        "controlUi": {"basePath": "/panel"},
        "trustedProxies": ["127.0.0.1"],
    }}));
    let proxied = [remote, ("X-Forwarded-Proto", "https")];
    let secure = server.ask("GET", path, &proxied).await.json();
    assert_eq!(secure["secure"], true);
}

#[tokio::test]
async fn s07_what_the_later_page_reads_wants_a_bearer() {
    let server = Server::start(json!({})).await;
    let with = |bearer: &'static str| [("Authorization", bearer)];
    let path = "/control-ui-config.json";
    let bare = server.ask("GET", path, &[]).await;
    assert_eq!(
        (bare.status, &bare.json()["assistantName"]),
        (200, &Value::Null)
    );
    let wrong = server.ask("GET", path, &with("Bearer wrong")).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(
        wrong.json(),
        json!({"error": {"message": "Unauthorized", "type": "unauthorized"}})
    );
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
    assert_eq!(wrong.header("cache-control"), Some("no-store"));
    let limited = server.ask("GET", path, &with("Bearer storm")).await;
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("17"))
    );
    let right = server.ask("GET", path, &with("Bearer right")).await;
    assert_eq!(
        (right.status, &right.json()["assistantName"]),
        (200, &json!("Assistant"))
    );
    assert_eq!(right.json()["product"], "openclaw");
}

#[tokio::test]
async fn a_folder_with_private_files_is_never_the_page() {
    let server = Server::start(json!({})).await;
    let state = server.home().join(".openclaw");
    std::fs::create_dir_all(state.join("identity")).unwrap();
    std::fs::write(state.join("identity/device.json"), "key").unwrap();
    std::fs::write(state.join("openclaw.json"), "token").unwrap();
    std::fs::write(state.join("index.html"), "<html>").unwrap();
    std::fs::write(server.home().join("index.html"), "<html>").unwrap();
    for root in [".", "..", "identity", "/", "identity/.."] {
        server.reload(&json!({"gateway": {"controlUi": {"root": root}}}));
        for path in [
            "/openclaw.json",
            "/identity/device.json",
            "/device.json",
            "/.openclaw/openclaw.json",
        ] {
            let answer = server.ask("GET", path, &[]).await;
            assert!(
                !answer.body.contains("token\n") && answer.body != "token" && answer.body != "key",
                "{root} {path}: {}",
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn what_is_no_page_may_neither_run_nor_be_framed() {
    let server = Server::start(json!({})).await;
    for (method, path) in [
        ("POST", "/"),
        ("GET", "/healthz"),
        ("GET", "/assets/none.js"),
        ("GET", "/v1"),
    ] {
        let answer = server.ask(method, path, &[]).await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("default-src 'none'"),
            "{method} {path}: {policy}"
        );
        assert_eq!(
            answer.header("x-frame-options"),
            Some("DENY"),
            "{method} {path}"
        );
    }
}
