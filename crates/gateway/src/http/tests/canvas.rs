//! The canvas host as nodes, browsers and hostile programs meet it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::support::{Answer, Server};

const FILES: &str = "/__openclaw__/canvas/";
const REMOTE: (&str, &str) = ("X-Forwarded-For", "203.0.113.9");
const OPENED: [(&str, &str); 2] = [
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
];

type Damage = fn(&Path);

fn root(server: &Server) -> PathBuf {
    server.home().join(".openclaw/canvas")
}

fn write(server: &Server, name: &str, text: &str) {
    let path = root(server).join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

async fn get(server: &Server, name: &str, headers: &[(&str, &str)]) -> Answer {
    server.ask("GET", &format!("{FILES}{name}"), headers).await
}

/// The address of the socket in a page.
fn socket(page: &Answer) -> String {
    let (_, rest) = page
        .body
        .split_once("location.host + \"")
        .expect("a script");
    rest.split('"').next().unwrap().to_owned()
}

/// The next text on an upgraded connection; `None` once it is closed.
async fn message(stream: &mut TcpStream) -> Option<String> {
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).await.ok()?;
        let mut text = vec![0; usize::from(head[1])];
        stream.read_exact(&mut text).await.ok()?;
        match head[0] & 0x0f {
            1 => return Some(String::from_utf8(text).unwrap()),
            8 => return None,
            _ => {}
        }
    }
}

#[tokio::test]
async fn files_are_served_as_what_they_are() {
    let server = Server::start(json!({})).await;
    write(&server, "index.html", "<body>one</body>");
    write(&server, "app/main.js", "let a;");
    write(&server, "app/index.html", "<p>app");
    write(&server, "a b.svg", "<svg/>");
    for (name, media_type, text) in [
        ("", "text/html; charset=utf-8", "<body>one<script>"),
        (
            "index.html",
            "text/html; charset=utf-8",
            "<body>one<script>",
        ),
        ("app/", "text/html; charset=utf-8", "<p>app<script>"),
        ("app/main.js", "text/javascript; charset=utf-8", "let a;"),
        ("a%20b.svg", "image/svg+xml", "<svg/>"),
    ] {
        let answer = get(&server, name, &[]).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        assert_eq!(answer.header("content-type"), Some(media_type), "{name}");
        assert!(answer.body.starts_with(text), "{name}: {}", answer.body);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some("same-origin")
        );
        let sandboxed = answer
            .header("content-security-policy")
            .unwrap()
            .contains("sandbox");
        assert_eq!(sandboxed, !media_type.contains("javascript"), "{name}");
        assert!(
            !answer
                .header("content-security-policy")
                .unwrap()
                .contains("allow-same-origin")
        );
        let path = format!("{FILES}{name}");
        let head = server.ask("HEAD", &path, &[]).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{name}");
        let length = answer.bytes.len().to_string();
        assert_eq!(
            head.header("content-length"),
            Some(length.as_str()),
            "{name}"
        );
        let tag = answer.header("etag").unwrap();
        let again = get(&server, name, &[("If-None-Match", tag)]).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{name}");
        assert_eq!(server.ask("POST", &path, &[]).await.status, 405, "{name}");
    }
    for (path, to) in [
        ("/__openclaw__/canvas", "/__openclaw__/canvas/"),
        (
            "/__openclaw__/canvas/app?a=1",
            "/__openclaw__/canvas/app/?a=1",
        ),
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (302, Some(to)));
    }
    fs::create_dir(root(&server).join("bare")).unwrap();
    for name in ["none.html", "bare/", "app/none.js", "index.html/"] {
        assert_eq!(get(&server, name, &[]).await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn large_files_come_whole() {
    let server = Server::start(json!({})).await;
    let text = "0123456789".repeat(50_000);
    write(&server, "film.mp4", &text);
    let answer = get(&server, "film.mp4", &[]).await;
    assert_eq!(answer.header("content-type"), Some("video/mp4"));
    assert_eq!(answer.header("content-length"), Some("500000"));
    assert_eq!(answer.body, text);
}

#[tokio::test]
async fn nothing_outside_and_nothing_hidden_is_served() {
    let server = Server::start(json!({})).await;
    write(&server, "index.html", "page");
    write(&server, ".env", "secret");
    write(&server, ".git/config", "secret");
    fs::write(server.home().join("secret.txt"), "secret").unwrap();
    symlink(
        server.home().join("secret.txt"),
        root(&server).join("out.txt"),
    )
    .unwrap();
    symlink(server.home(), root(&server).join("up")).unwrap();
    symlink(root(&server).join(".env"), root(&server).join("env.txt")).unwrap();
    for name in [
        ".env",
        ".git/config",
        "%2eenv",
        "env.txt",
        "out.txt",
        "up/secret.txt",
        "up/",
        "up/.openclaw/openclaw.json",
        "../openclaw.json",
        "..%2fopenclaw.json",
        "%2e%2e/openclaw.json",
        "%2e%2e%2fopenclaw.json",
        "a/..%2f..%2fopenclaw.json",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "index.html%00",
        "..%5copenclaw.json",
    ] {
        let answer = get(&server, name, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, "Not Found"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_empty_folder_says_what_belongs_into_it() {
    let server = Server::start(json!({})).await;
    let folder = root(&server).display().to_string();
    for prepare in [false, true] {
        if prepare {
            fs::create_dir_all(root(&server)).unwrap();
        }
        let answer = get(&server, "", &[]).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(&folder), "{}", answer.body);
        assert!(answer.body.contains("<code>index.html</code>"));
        assert!(!answer.body.contains("{{"), "{}", answer.body);
        let far = get(&server, "", &[REMOTE, ("Authorization", "Bearer right")]).await;
        assert_eq!(far.status, 200);
        assert!(!far.body.contains(&folder), "{}", far.body);
        assert!(far.body.contains("canvasHost.root"));
    }
}

#[tokio::test]
async fn from_elsewhere_a_credential_is_asked_for() {
    let server = Server::start(json!({})).await;
    write(&server, "index.html", "page");
    for name in ["", "index.html", "none", ".env"] {
        let answer = get(&server, name, &[REMOTE]).await;
        assert_eq!(answer.status, 401, "{name}");
        let asked = answer.header("www-authenticate").unwrap();
        assert!(
            asked.contains("Bearer") && asked.contains("Basic realm="),
            "{asked}"
        );
        assert!(!answer.body.contains("page"));
    }
    for (credential, status) in [
        ("Bearer right", 200),
        ("Basic YW55OnJpZ2h0", 200),
        ("Bearer wrong", 401),
        ("Basic YW55Ondyb25n", 401),
        ("Basic cmlnaHQ=", 401),
        ("Bearer storm", 429),
    ] {
        let answer = get(&server, "", &[REMOTE, ("Authorization", credential)]).await;
        assert_eq!(answer.status, status, "{credential}");
    }
    let upgrade = server.upgrade("/__openclaw__/ws", &[REMOTE]).await.0;
    assert_eq!(upgrade.status, 401);
}

#[tokio::test]
async fn s11_s12_pages_of_others_read_nothing() {
    let server = Server::start(json!({})).await;
    write(&server, "data.js", "secret");
    let own = format!("http://{}", server.host());
    for (headers, status) in [
        (&[("Origin", "https://evil.example")][..], 403),
        (&[("Origin", "null")], 403),
        (
            &[
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Mode", "no-cors"),
            ],
            403,
        ),
        (
            &[("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors")],
            403,
        ),
        (
            &[
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Mode", "navigate"),
                ("Sec-Fetch-Dest", "iframe"),
            ],
            403,
        ),
        (&[("Host", "rebound.example")], 421),
        (&[("Origin", own.as_str())], 200),
        (
            &[
                ("Sec-Fetch-Site", "same-origin"),
                ("Sec-Fetch-Mode", "no-cors"),
            ],
            200,
        ),
    ] {
        let answer = get(&server, "data.js", headers).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{headers:?}"
        );
        assert_eq!(answer.body.contains("secret"), status == 200, "{headers:?}");
    }
    for (origin, status) in [("https://evil.example", 403), ("null", 403), (&own, 101)] {
        let headers = [("Origin", origin)];
        let (answer, _) = server.upgrade("/__openclaw__/ws", &headers).await;
        assert_eq!(answer.status, status, "{origin}");
    }
    let headers = [
        ("Origin", "http://rebound.example"),
        ("Host", "rebound.example"),
    ];
    assert_eq!(
        server.upgrade("/__openclaw__/ws", &headers).await.0.status,
        421
    );
}

#[tokio::test]
async fn a_browser_gets_an_address_that_opens_what_the_page_loads() {
    let server = Server::start(json!({})).await;
    write(&server, "app/index.html", "page");
    write(&server, "app/data.json", "[1]");
    let answer = get(&server, "app/?a=1", &OPENED).await;
    assert_eq!(answer.status, 302);
    let place = answer.header("location").unwrap().to_owned();
    assert!(
        place.starts_with("/__openclaw__/cap/p") && place.ends_with("/canvas/app/?a=1"),
        "{place}"
    );
    // What a page without an origin asks for, wherever the browser is.
    let foreign = [("Origin", "null"), ("Sec-Fetch-Site", "cross-site"), REMOTE];
    let data = place.replace("?a=1", "data.json");
    for (path, text) in [(&place, "page<script>"), (&data, "[1]")] {
        let answer = server.ask("GET", path, &foreign).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.starts_with(text), "{path}: {}", answer.body);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
    // Pages of before a restart show again who they are.
    let stale = place.replace("/cap/p0.", "/cap/p0.A");
    assert_eq!(server.ask("GET", &stale, &[]).await.status, 404);
    let answer = server.ask("GET", &stale, &OPENED).await;
    assert_eq!(
        answer.header("location"),
        Some("/__openclaw__/canvas/app/?a=1")
    );
    let remote = [OPENED[0], OPENED[1], REMOTE];
    assert_eq!(get(&server, "app/", &remote).await.status, 401);
    // They end with the credential that opened them, and so do their sockets.
    let page = server.ask("GET", &place, &foreign).await;
    let (answer, mut stream) = server.upgrade(&socket(&page), &foreign).await;
    assert_eq!(answer.status, 101);
    server.capabilities.credential_changed();
    assert_eq!(server.ask("GET", &place, &foreign).await.status, 404);
    assert_eq!(message(&mut stream).await, None, "closed");
}

#[tokio::test]
async fn a_node_s_address_counts_while_it_is_connected() {
    let server = Server::start(json!({})).await;
    write(&server, "index.html", "page");
    for (conn_id, status) in [("connected", 200), ("gone", 404)] {
        let capability = server.capabilities.of_node(conn_id);
        let base = format!("/__openclaw__/cap/{capability}/__openclaw__");
        let answer = server
            .ask("GET", &format!("{base}/canvas/"), &[REMOTE])
            .await;
        assert_eq!(answer.status, status, "{conn_id}");
        let socket = server.upgrade(&format!("{base}/ws"), &[REMOTE]).await.0;
        assert_eq!(
            socket.status,
            if status == 200 { 101 } else { 404 },
            "{conn_id}"
        );
        // It opens nothing else.
        let other = server
            .ask("GET", &format!("{base}/../metrics"), &[REMOTE])
            .await;
        assert_eq!(other.status, 404);
    }
}

#[tokio::test]
async fn pages_learn_of_every_change() {
    let server = Server::start(json!({})).await;
    write(&server, "index.html", "one");
    let page = get(&server, "", &[]).await;
    let address = socket(&page);
    // As a page without an origin connects.
    let headers = [("Origin", "null"), REMOTE];
    let (answer, mut stream) = server.upgrade(&address, &headers).await;
    assert_eq!(answer.status, 101, "{}", answer.body);
    write(&server, "style.css", "body {}");
    assert_eq!(message(&mut stream).await.as_deref(), Some("reload"));
    write(&server, "style.css", "body { color: red }");
    assert_eq!(message(&mut stream).await.as_deref(), Some("reload"));
    // What changed between the page and its socket is told at once.
    let (_, mut late) = server.upgrade(&address, &headers).await;
    assert_eq!(message(&mut late).await.as_deref(), Some("reload"));
    // The folder may go as a whole, and come back.
    fs::remove_dir_all(root(&server)).unwrap();
    assert_eq!(message(&mut stream).await.as_deref(), Some("reload"));
    write(&server, "index.html", "two");
    assert_eq!(message(&mut stream).await.as_deref(), Some("reload"));
    assert_eq!(
        server.echo.peers.lock().len(),
        0,
        "it is no client of the gateway"
    );
    server.reload(&json!({"canvasHost": {"enabled": false}}));
    assert_eq!(message(&mut stream).await, None, "closed");
}

#[tokio::test]
async fn a_stopping_gateway_does_not_wait_for_pages() {
    let server = Server::start(json!({})).await;
    let (answer, mut stream) = server.upgrade("/__openclaw__/ws", &[]).await;
    assert_eq!(answer.status, 101);
    server.shutdown.cancel();
    assert_eq!(message(&mut stream).await, None);
}

#[tokio::test]
async fn live_reload_can_be_off() {
    let server = Server::start(json!({"canvasHost": {"liveReload": false}})).await;
    write(&server, "index.html", "page");
    assert_eq!(get(&server, "", &[]).await.body, "page");
    assert_eq!(server.upgrade("/__openclaw__/ws", &[]).await.0.status, 404);
    assert_eq!(server.ask("GET", "/__openclaw__/ws", &[]).await.status, 404);
    server.reload(&json!({}));
    assert!(get(&server, "", &[]).await.body.contains("<script>"));
    let plain = server.ask("GET", "/__openclaw__/ws", &[]).await;
    assert_eq!(
        (plain.status, plain.body.as_str()),
        (426, "upgrade required")
    );
}

#[tokio::test]
async fn what_is_off_or_would_show_secrets_is_not_there() {
    let server = Server::start(json!({})).await;
    write(&server, "index.html", "page");
    let elsewhere = server.home().join("pages");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("index.html"), "elsewhere").unwrap();
    for config in [
        json!({"enabled": false}),
        json!({"root": "."}),
        json!({"root": "/"}),
        json!({"root": server.home()}),
        json!({"root": "identity"}),
    ] {
        server.reload(&json!({ "canvasHost": config }));
        for path in [
            FILES,
            "/__openclaw__/canvas/openclaw.json",
            "/__openclaw__/ws",
        ] {
            assert_eq!(
                server.ask("GET", path, &[]).await.status,
                404,
                "{config} {path}"
            );
        }
        assert_eq!(server.upgrade("/__openclaw__/ws", &[]).await.0.status, 404);
    }
    server.reload(&json!({"canvasHost": {"root": elsewhere}}));
    assert!(get(&server, "", &[]).await.body.starts_with("elsewhere"));
    server.reload(&json!({}));
    assert!(get(&server, "", &[]).await.body.starts_with("page"));
}

#[tokio::test]
async fn a_damaged_folder_harms_nothing_else() {
    let server = Server::start(json!({})).await;
    let folder = root(&server);
    let damage: [(&str, Damage); 4] = [
        ("a file", |path| fs::write(path, "no folder").unwrap()),
        ("a link to itself", |path| symlink(path, path).unwrap()),
        ("a link to nowhere", |path| {
            symlink("nowhere", path).unwrap();
        }),
        ("a page that is a folder", |path| {
            fs::create_dir_all(path.join("index.html")).unwrap();
        }),
    ];
    for (what, make) in damage {
        make(&folder);
        let index = get(&server, "", &[]).await;
        assert!(
            [200, 404].contains(&index.status),
            "{what}: {}",
            index.status
        );
        assert_eq!(get(&server, "a.js", &[]).await.status, 404, "{what}");
        assert_eq!(
            server.upgrade("/__openclaw__/ws", &[]).await.0.status,
            101,
            "{what}"
        );
        assert_eq!(
            server.ask("GET", "/readyz", &[]).await.status,
            200,
            "{what}"
        );
        if folder.is_dir() {
            fs::remove_dir_all(&folder).unwrap();
        } else {
            fs::remove_file(&folder).unwrap();
        }
    }
}
