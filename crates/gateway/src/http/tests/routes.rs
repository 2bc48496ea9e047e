use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::support::{Answer, Server, VERSION};

fn assert_secure(answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(
        answer.header("permissions-policy"),
        Some("camera=(), microphone=(self), geolocation=()")
    );
}

#[tokio::test]
async fn u41_probes_answer_everybody_and_explain_to_few() {
    let server = Server::start(json!({})).await;
    let remote = ("X-Forwarded-For", "203.0.113.9");
    for path in ["/health", "/healthz"] {
        for headers in [&[][..], &[remote][..]] {
            let answer = server.ask("GET", path, headers).await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (200, r#"{"ok":true,"status":"live"}"#)
            );
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(
                answer.header("content-type"),
                Some("application/json; charset=utf-8")
            );
            assert_secure(&answer);
        }
    }
    for path in ["/ready", "/readyz"] {
        let local = server.ask("GET", path, &[]).await.json();
        assert_eq!(
            local,
            json!({"ready": true, "failing": [], "version": VERSION, "uptimeMs": 5})
        );
        assert_eq!(
            server.ask("GET", path, &[remote]).await.json(),
            json!({"ready": true})
        );
        let wrong = server
            .ask("GET", path, &[remote, ("Authorization", "Bearer wrong")])
            .await;
        assert_eq!(wrong.json(), json!({"ready": true}));
        let right = server
            .ask("GET", path, &[remote, ("Authorization", "Bearer right")])
            .await;
        assert_eq!(right.json(), local);
    }
    for path in ["/startup", "/startupz"] {
        let local = server.ask("GET", path, &[]).await.json();
        assert_eq!(
            local,
            json!({"ok": true, "status": "started", "version": VERSION, "uptimeMs": 5})
        );
        assert_eq!(
            server.ask("GET", path, &[remote]).await.json(),
            json!({"ok": true, "status": "started"})
        );
    }
}

#[tokio::test]
async fn u41_health_checks_of_platforms_ask_by_names_of_their_own_and_learn_no_details() {
    let server = Server::start(json!({})).await;
    let host = ("Host", "healthcheck.platform.example");
    for (path, body) in [
        ("/healthz", json!({"ok": true, "status": "live"})),
        ("/readyz", json!({"ready": true})),
        ("/startupz", json!({"ok": true, "status": "started"})),
    ] {
        // From this machine too, where a page of that name may have been led to us.
        for headers in [&[host][..], &[host, ("Authorization", "Bearer right")]] {
            let answer = server.ask("GET", path, headers).await;
            assert_eq!((answer.status, answer.json()), (200, body.clone()));
            assert_secure(&answer);
        }
        assert_eq!(server.ask("POST", path, &[host]).await.status, 405);
        assert_eq!(
            server.ask("GET", path, &[("Host", "a b")]).await.status,
            400
        );
    }
}

#[tokio::test]
async fn probes_can_only_be_read() {
    let server = Server::start(json!({})).await;
    let head = server.ask("HEAD", "/healthz", &[]).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for verb in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = server.ask(verb, "/readyz", &[]).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD")),
            "{verb}"
        );
    }
}

#[tokio::test]
async fn u41_probes_are_never_good_while_draining() {
    let server = Server::start(json!({})).await;
    *server.echo.draining.lock() = true;
    assert_eq!(server.ask("GET", "/healthz", &[]).await.status, 200);
    let ready = server.ask("GET", "/readyz", &[]).await;
    assert_eq!(
        (ready.status, &ready.json()["failing"]),
        (503, &json!(["draining"]))
    );
    let startup = server.ask("GET", "/startupz", &[]).await;
    assert_eq!(
        (startup.status, &startup.json()["status"]),
        (503, &json!("draining"))
    );
}

#[tokio::test]
async fn the_landing_page_is_honest_and_harmless() {
    let server = Server::start(json!({"gateway": {"controlUi": {"enabled": false}}})).await;
    let page = server.ask("GET", "/?token=secret-in-url", &[]).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("frame-ancestors 'none'")
    );
    assert!(page.body.contains(VERSION) && page.body.contains(&server.host()));
    assert!(page.body.contains("gateway.controlUi.enabled true"));
    assert!(!page.body.contains("secret-in-url"));
    assert_secure(&page);
    let head = server.ask("HEAD", "/", &[]).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(
        head.header("content-type"),
        Some("text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn unknown_paths_and_verbs_are_told_apart() {
    let server = Server::start(json!({"gateway": {"controlUi": {"enabled": false}}})).await;
    for path in [
        "/nope",
        "/assets/index.js",
        "/chat",
        "/control-ui-config.json",
        "/..%2f..%2fetc/passwd",
        "/__openclaw__/a2ui/",
        "/healthz/x",
    ] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, "Not Found"),
            "{path}"
        );
        assert_secure(&answer);
    }
    for config in [
        json!({}),
        json!({"gateway": {"controlUi": {"enabled": false}}}),
    ] {
        server.reload(&config);
        for (verb, path) in [
            ("POST", "/"),
            ("PUT", "/x"),
            ("OPTIONS", "/"),
            ("TRACE", "/assets/x.js"),
            ("POST", "/tools/invoke"),
        ] {
            let answer = server.ask(verb, path, &[]).await;
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some("GET, HEAD")),
                "{verb} {path}"
            );
            assert_eq!(answer.body, "Method Not Allowed");
        }
    }
}

#[tokio::test]
async fn s15_a_bearer_waits_before_it_is_looked_at() {
    let server = Server::start(json!({})).await;
    let delay = Duration::from_millis(200);
    *server.echo.delay.lock() = delay;
    let remote = ("X-Forwarded-For", "203.0.113.9");
    for (path, bearer) in [
        ("/control-ui-config.json", "Bearer wrong"),
        ("/control-ui-config.json", "Bearer right"),
        ("/readyz", "Bearer wrong"),
    ] {
        let asked = Instant::now();
        server
            .ask("GET", path, &[remote, ("Authorization", bearer)])
            .await;
        assert!(asked.elapsed() >= delay, "{path} {bearer} was not slowed");
    }
}

#[tokio::test]
async fn s12_every_route_asks_for_a_name_of_ours() {
    let server =
        Server::start(json!({"gateway": {"publicOrigin": "https://claw.example.org"}})).await;
    for path in ["/", "/metrics", "/control-ui-config.json", "/nope"] {
        let answer = server
            .ask("GET", path, &[("Host", "rebound.example:18789")])
            .await;
        assert_eq!(answer.status, 421, "{path}");
        let fix = &answer.json()["error"]["fix"];
        assert_eq!(
            fix,
            "openclaw config set gateway.controlUi.allowedOrigins '[\"http://rebound.example:18789\"]'"
        );
        assert_secure(&answer);
        assert_eq!(
            server.ask("GET", path, &[("Host", "a b")]).await.status,
            400,
            "{path}"
        );
    }
    for host in [
        "studio.local",
        "STUDIO",
        "localhost",
        "192.168.1.5:18789",
        "[::1]",
        "claw.example.org",
    ] {
        assert_eq!(
            server
                .ask("GET", "/healthz", &[("Host", host)])
                .await
                .status,
            200,
            "{host}"
        );
    }
    let tailnet = [("Host", "box.tail1.ts.net")];
    assert_eq!(server.ask("GET", "/healthz", &tailnet).await.status, 200);
    server.reload(
        &json!({"gateway": {"controlUi": {"allowedOrigins": ["http://rebound.example:18789"]}}}),
    );
    assert_eq!(
        server
            .ask("GET", "/healthz", &[("Host", "rebound.example:18789")])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn join_links_are_taken_once_by_programs_and_never_by_a_look() {
    let server = Server::start(json!({})).await;
    let path = "/j/AAAAAAAAAAAAAAAAAAAAAA";
    for (verb, headers) in [
        ("HEAD", &[][..]),
        ("POST", &[]),
        ("OPTIONS", &[]),
        ("GET", &[("User-Agent", "Slackbot 1.0")]),
        ("GET", &[("Accept", "text/html")]),
    ] {
        let answer = server.ask(verb, path, headers).await;
        let expected = if verb == "GET" { 200 } else { 404 };
        assert_eq!(answer.status, expected, "{verb}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_secure(&answer);
    }
    assert!(server.echo.joined.lock().is_empty(), "nothing was taken");
    let answer = server.ask("GET", path, &[]).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"url": "ws://a"}))
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    for path in [path, "/j/BBBBBBBBBBBBBBBBBBBBBB", "/j/short"] {
        let answer = server.ask("GET", path, &[]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, r#"{"error":"not_found"}"#)
        );
    }
    let answer = server.ask("GET", "/j/storm-storm-storm-stor", &[]).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("17"))
    );
}

#[tokio::test]
async fn a_probe_proves_to_us_that_it_was_us() {
    let server = Server::start(json!({})).await;
    let answer = server
        .ask("GET", "/healthz", &[("X-OpenClaw-Reach", "nonce")])
        .await;
    assert_eq!(answer.header("x-openclaw-reach"), Some("proof"));
    let answer = server
        .ask("GET", "/healthz", &[("X-OpenClaw-Reach", "else")])
        .await;
    assert_eq!(answer.header("x-openclaw-reach"), None);
}
