//! Proxies, portals, other servers, and sockets that only look right.

use openclaw_gateway::drain::Ending;
use openclaw_testkit::TestGateway;
use openclaw_testkit::fault::Broken;
use openclaw_testkit::fault::certificate::{Authority, Days};
use openclaw_testkit::fault::gateway::Talk;
use openclaw_testkit::fault::http::{Page, Reply, always, gateway_but, status, talking};
use std::sync::Arc;

use serde_json::json;

use super::stage::{Answer, Fault, Stage};

const NAME: &str = "gw.example.org";

fn at(
    made: &'static str,
    id: &'static str,
    cause: &'static str,
    fix: &'static str,
    server: Broken,
) -> Fault {
    let address = server.address();
    Fault::new(made, id, cause, fix)
        .url(format!("ws://{NAME}:{}", address.port()))
        .name(NAME, Answer::Addresses(vec![address]))
        .with(server)
}

async fn page(
    made: &'static str,
    id: &'static str,
    cause: &'static str,
    fix: &'static str,
    page: Page,
) -> Fault {
    at(made, id, cause, fix, Broken::http(page).await)
}

/// Always this status.
fn code(line: &'static str, headers: &'static str, body: &'static str) -> Page {
    always(move || status(line, headers, body))
}

pub(super) async fn all(faults: &mut Vec<Fault>) {
    answers(faults).await;
    other_programs(faults).await;
    sockets(faults).await;
    own_gateway(faults).await;
    let other = Broken::http(code("404 File not found", "Server: SimpleHTTP/0.6\r\n", "")).await;
    faults.push(
        Fault::new(
            "another program on the port of this machine's own gateway",
            "http_other_server",
            "is a web server (SimpleHTTP/0.6)",
            "config set gateway.port <port>",
        )
        .mode(Some("local"))
        .local_port(other.address().port())
        .with(other),
    );
}

async fn answers(faults: &mut Vec<Fault>) {
    let nginx = "Server: nginx/1.24\r\n";
    faults.extend([
        page(
            "a proxy that sends plain HTTP on to HTTPS",
            "http_redirect_https",
            "sends plain requests on to HTTPS",
            "gateway.remote.url wss://gw.example.org",
            code(
                "301 Moved Permanently",
                "Location: https://gw.example.org/\r\n",
                "",
            ),
        )
        .await,
        page(
            "a redirect to another host",
            "http_redirect_elsewhere",
            "http://www.parked.example/",
            "log in to the network",
            code("302 Found", "Location: http://www.parked.example/\r\n", ""),
        )
        .await,
        page(
            "a redirect to another path",
            "http_redirect",
            "sends the request on to /openclaw/",
            "/openclaw/",
            code("308 Permanent Redirect", "Location: /openclaw/\r\n", ""),
        )
        .await,
        page(
            "a proxy that wants a login (redirect to it)",
            "http_edge_auth",
            "it sends to the login page https://sso.example.org/login",
            "gateway.remote.edgeAuth",
            code(
                "302 Found",
                "Location: https://sso.example.org/login?ticket=1\r\n",
                "",
            ),
        )
        .await,
        page(
            "a proxy with Basic authentication",
            "http_edge_auth",
            "Basic authentication (401)",
            "gateway.remote.edgeAuth",
            code(
                "401 Unauthorized",
                "WWW-Authenticate: Basic realm=\"x\"\r\n",
                "",
            ),
        )
        .await,
        page(
            "a proxy that forbids the request",
            "http_forbidden",
            "forbids the request with 403",
            "allow the address of this machine",
            code("403 Forbidden", nginx, ""),
        )
        .await,
        page(
            "Cloudflare forbids the request",
            "http_forbidden",
            "Cloudflare in front of the gateway forbids",
            "service token",
            code("403 Forbidden", "CF-Ray: 8\r\nServer: cloudflare\r\n", ""),
        )
        .await,
        page(
            "a proxy without the path",
            "http_not_found",
            "has nothing at the path",
            "gateway.controlUi.basePath",
            code("404 Not Found", nginx, ""),
        )
        .await,
        page(
            "a gateway asked by a name it does not know (421)",
            "http_host_not_allowed",
            "does not answer to the name gw.example.org",
            "gateway.controlUi.allowedOrigins",
            code(
                "421 Misdirected Request",
                "Content-Type: application/json\r\n",
                r#"{"error":{"message":"unknown host gw.example.org","type":"unknown_host","fix":"openclaw config set gateway.controlUi.allowedOrigins '[\"https://gw.example.org\"]'"}}"#,
            ),
        )
        .await,
        page(
            "a server that answers 400",
            "http_bad_request",
            "400 Bad Request",
            "proxy-check",
            code("400 Bad Request", "", ""),
        )
        .await,
        page(
            "a proxy that limits connections",
            "http_rate_limited",
            "It says to come back in 30 s",
            "gateway auth unlock",
            code("429 Too Many Requests", "Retry-After: 30\r\n", ""),
        )
        .await,
        page(
            "a proxy whose gateway is down (502)",
            "http_bad_gateway",
            "the gateway behind it is not reachable",
            "openclaw gateway status",
            code("502 Bad Gateway", nginx, ""),
        )
        .await,
        page(
            "a proxy that has no gateway to send to (503)",
            "http_unavailable",
            "has no gateway to send the request to",
            "readyz",
            code("503 Service Unavailable", "", ""),
        )
        .await,
        page(
            "a proxy whose gateway hangs (504)",
            "http_gateway_timeout",
            "reaches nothing behind it in time",
            "openclaw gateway status",
            code("504 Gateway Timeout", nginx, ""),
        )
        .await,
        page(
            "an edge network that cannot reach the machine (523)",
            "http_edge_origin_down",
            "cannot reach the gateway's machine",
            "cloudflared tunnel info",
            code("523 Origin Unreachable", "", ""),
        )
        .await,
        page(
            "a proxy that answers 500",
            "http_status",
            "answers HTTP 500",
            "curl -si",
            code("500 Internal Server Error", "", ""),
        )
        .await,
        page(
            "a network that wants a login first (511)",
            "http_captive_portal",
            "wants a login first",
            "neverssl.com",
            code("511 Network Authentication Required", "", ""),
        )
        .await,
        page(
            "a network whose login page answers for everybody",
            "http_captive_portal",
            "wants a login first",
            "neverssl.com",
            code(
                "200 OK",
                "Content-Type: text/html\r\n",
                "<html><title>Hotel WiFi Login</title></html>",
            ),
        )
        .await,
        page(
            "a proxy that drops the upgrade (200)",
            "ws_upgrade_stripped",
            "drops the headers that ask for the upgrade",
            "proxy_set_header Upgrade",
            gateway_but(|| status("200 OK", "", "<html></html>")),
        )
        .await,
        page(
            "a proxy that drops the upgrade (426)",
            "ws_upgrade_stripped",
            "gets HTTP 426",
            "proxy_set_header Upgrade",
            gateway_but(|| status("426 Upgrade Required", "", "")),
        )
        .await,
        page(
            "a proxy that drops the upgrade (400)",
            "ws_upgrade_stripped",
            "gets HTTP 400",
            "proxy_set_header Upgrade",
            gateway_but(|| status("400 Bad Request", "", "")),
        )
        .await,
    ]);
}

async fn other_programs(faults: &mut Vec<Fault>) {
    faults.extend([
        page(
            "a web server that is no gateway",
            "http_other_server",
            "\"Router\", but no gateway",
            "openclaw gateway status",
            code(
                "200 OK",
                "Server: lighttpd\r\n",
                "<html><title>Router</title></html>",
            ),
        )
        .await,
        at(
            "the port of an SSH server",
            "other_service",
            "an SSH server, not a gateway",
            "openclaw gateway status",
            Broken::greeting(b"SSH-2.0-OpenSSH_9.6\r\n").await,
        ),
        at(
            "the port of a Redis server",
            "other_service",
            "a Redis server",
            "openclaw gateway status",
            Broken::answering(b"-ERR unknown command\r\n").await,
        ),
        at(
            "a server that closes every connection",
            "http_closed",
            "closes them without an answer",
            "openclaw up",
            Broken::hanging_up().await,
        ),
        at(
            "a server that never answers",
            "http_silent",
            "never answers",
            "openclaw gateway run --force",
            Broken::silent().await,
        )
        .impatient(),
    ]);
}

async fn sockets(faults: &mut Vec<Fault>) {
    faults.extend([
        page(
            "a WebSocket that is closed at once",
            "ws_closed",
            "was closed at once",
            "openclaw logs --follow",
            talking(|| Talk::Close(1011, "upstream gone")),
        )
        .await,
        page(
            "a gateway that has only just started",
            "gateway_starting",
            "only just started",
            "try again in a few seconds",
            talking(|| Talk::Close(1013, "gateway starting")),
        )
        .await,
        page(
            "a gateway that restarts",
            "gateway_draining",
            "is restarting",
            "try again in a few seconds",
            talking(|| Talk::Close(1012, "service restart")),
        )
        .await,
        page(
            "a proxy that holds back what the gateway sends",
            "ws_challenge_missing",
            "then says nothing",
            "proxy_buffering off",
            talking(|| Talk::Silence),
        )
        .await
        .impatient(),
        page(
            "a WebSocket server that is no gateway",
            "ws_not_gateway",
            "but no gateway: it began with",
            "openclaw gateway status",
            talking(|| Talk::Say(r#"{"hello":"world"}"#)),
        )
        .await,
        page(
            "a cache that repeats an old 101",
            "ws_wrong_accept",
            "does not belong to our request",
            "turn caching off",
            gateway_but(|| Reply::WrongAccept),
        )
        .await,
        page(
            "a proxy that changes what passes through it",
            "ws_broken",
            "something that is no WebSocket",
            "inspection",
            gateway_but(|| Reply::Garbage(b"<html>blocked by policy</html>")),
        )
        .await,
    ]);
}

/// A real gateway in a wrong state, or asked in a wrong way.
async fn own_gateway(faults: &mut Vec<Fault>) {
    let stopping = TestGateway::start().await;
    stopping.gateway.core().drain.begin(Ending::Stop);
    let address = stopping.address();
    faults.push(
        Fault::new(
            "our own gateway while it shuts down",
            "gateway_draining",
            "takes no new connections",
            "try again in a few seconds",
        )
        .url(format!("ws://localhost:{}", address.port()))
        .with(stopping),
    );
    let gateway = Arc::new(TestGateway::start().await);
    let address = gateway.address();
    let proxy = Broken::proxy(address, "Origin: https://evil.example.org\r\n").await;
    faults.push(
        Fault::new(
            "a proxy that adds an Origin our gateway does not know",
            "ws_origin_refused",
            "refuses the Origin",
            "gateway.controlUi.allowedOrigins",
        )
        .url(format!("ws://localhost:{}", proxy.address().port()))
        .with(proxy)
        .with(gateway),
    );
}

#[tokio::test]
async fn headers_for_the_edge_are_sent_on_the_walk() {
    let authority = Authority::new("Test Authority");
    let config = authority.sign(&[NAME], Days::NOW).server();
    let page: Page = Arc::new(|asked| {
        if asked.has("X-Edge: let me through") {
            Reply::WebSocket(Talk::Close(1013, "gateway starting"))
        } else {
            status("401 Unauthorized", "", "")
        }
    });
    let server = Broken::https(config, page).await;
    let address = server.address();
    for (headers, expected) in [
        (json!({}), "http_edge_auth"),
        (json!({ "X-Edge": "let me through" }), "gateway_starting"),
    ] {
        let fault = Fault::new("", "", "", "")
            .url(format!("wss://{NAME}:{}", address.port()))
            .name(NAME, Answer::Addresses(vec![address]))
            .trusts(authority.certificate.clone())
            .remote("edgeAuth", headers);
        let walk = Stage::set(fault).walk().await;
        assert_eq!(walk.verdict.map(|verdict| verdict.id), Some(expected));
    }
}
