//! The landing page, the Control UI's configuration, and what every other path gets.

use std::sync::LazyLock;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::connection::Connection;
use super::{BearerVerdict, HttpState, answer, probes};
use crate::peer::{Authority, Peer, PeerClass};

const LANDING: &str = include_str!("landing.html");
const CONFIG_FILE: &str = "/control-ui-config.json";

/// The landing page runs nothing and loads nothing: only its own style, known by its hash, applies.
static LANDING_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = LANDING
        .split_once("<style>")
        .and_then(|(_, rest)| rest.split_once("</style>"))
        .map_or("", |(style, _)| style);
    let digest = ring::digest::digest(&ring::digest::SHA256, style.as_bytes());
    let hash = data_encoding::BASE64.encode(digest.as_ref());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("a policy of ASCII text is a header value")
});

/// Answers every path that is no probe.
pub(super) async fn answer(
    State(state): State<HttpState>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return answer::read_only();
    }
    let policy = state.policy();
    let base = policy.base_path.as_str();
    let path = request.uri().path();
    let below_base = path.strip_prefix(base);
    if policy.ui_enabled {
        if below_base == Some(CONFIG_FILE) {
            return ui_config(&state, &peer, request.headers()).await;
        }
        if !base.is_empty() && path == base {
            return to_directory(base, request.uri().query());
        }
    }
    let is_landing = path == "/" || (policy.ui_enabled && below_base == Some("/"));
    if is_landing {
        return landing(&state, &peer, &request);
    }
    answer::not_found()
}

async fn ui_config(state: &HttpState, peer: &Peer, headers: &HeaderMap) -> Response {
    let verdict = match probes::bearer(headers) {
        _ if peer.class == PeerClass::Control => BearerVerdict::Allowed,
        Some(bearer) => state.bearer_verdict(bearer, peer).await,
        None => BearerVerdict::Denied,
    };
    // The page may hold a token that has been changed since; who it is does not depend on that.
    let verdict = match verdict {
        BearerVerdict::Denied if state.handler().is_identified(peer).await => {
            BearerVerdict::Allowed
        }
        verdict => verdict,
    };
    match verdict {
        BearerVerdict::Allowed => {
            answer::json_answer(StatusCode::OK, &state.handler().control_ui_config())
        }
        BearerVerdict::Denied => answer::unauthorized(),
        BearerVerdict::Limited { retry_after_secs } => answer::rate_limited(retry_after_secs),
    }
}

/// `<base>` → `<base>/`, query kept: relative addresses of the page hang on the slash.
fn to_directory(base: &str, query: Option<&str>) -> Response {
    let location = match query {
        Some(query) => format!("{base}/?{query}"),
        None => format!("{base}/"),
    };
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    let Ok(location) = HeaderValue::from_str(&location) else {
        return answer::not_found();
    };
    response.headers_mut().insert(LOCATION, location);
    answer::set(&mut response, CACHE_CONTROL, "no-store");
    response
}

fn landing(state: &HttpState, peer: &Peer, request: &Request) -> Response {
    let port = request
        .extensions()
        .get::<Connection>()
        .and_then(Connection::local_port);
    let secure = request
        .headers()
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
    // What the browser asked for is what reaches us from there. Reading it leaves only harmless characters.
    let host = peer.host.as_deref().and_then(Authority::parse);
    let html = render(
        &state.handler().readiness().version,
        host.as_ref(),
        port,
        secure,
    );
    answer::page(html, &LANDING_POLICY)
}

fn render(version: &str, host: Option<&Authority>, port: Option<u16>, secure: bool) -> String {
    let (scheme, default_port) = if secure { ("wss", 443) } else { ("ws", 80) };
    let address = host.map_or_else(|| "<gateway host>".to_owned(), ToString::to_string);
    let name = host.map_or_else(|| "<gateway host>".to_owned(), |host| host.host.to_string());
    let public_port = host.and_then(|host| host.port).unwrap_or(default_port);
    let port = port.unwrap_or(public_port);
    let bare_name = name.trim_matches(['[', ']']);
    let tls = if secure { " --tls" } else { "" };
    LANDING
        .replace("{{version}}", &escape(version))
        .replace("{{url}}", &escape(&format!("{scheme}://{address}")))
        .replace("{{host}}", &escape(bare_name))
        .replace("{{public_port}}", &public_port.to_string())
        .replace("{{tls}}", tls)
        .replace("{{port}}", &port.to_string())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_landing_page_names_the_way_the_reader_came() {
        let html = |host: &str, secure| {
            render(
                "1.2.3",
                Authority::parse(host).as_ref(),
                Some(18789),
                secure,
            )
        };
        let local = html("box.local:18789", false);
        assert!(local.contains("1.2.3"));
        assert!(local.contains("--url ws://box.local:18789"));
        assert!(local.contains("--host box.local --port 18789"));
        assert!(local.contains("ssh -N -L 18789:127.0.0.1:18789 user@box.local"));
        let proxied = html("claw.example.org", true);
        assert!(proxied.contains("--url wss://claw.example.org"));
        assert!(proxied.contains("--host claw.example.org --port 443 --tls"));
        assert!(proxied.contains("ssh -N -L 18789:127.0.0.1:18789 user@claw.example.org"));
        assert!(html("[2001:db8::1]:18789", false).contains("--host 2001:db8::1 --port 18789"));
        assert!(html("\"><b>", false).contains("&lt;gateway host&gt;"));
        for page in [local, proxied] {
            assert!(!page.contains("{{"), "{page}");
            assert!(
                !page.contains("<script") && !page.contains("src=") && !page.contains("style=")
            );
        }
    }

    #[test]
    fn the_policy_admits_only_the_page_s_own_style() {
        let policy = LANDING_POLICY.to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"));
    }
}
