//! What every path gets that is no probe: the canvas host, the Control UI, or a landing page where that is switched off.

use std::sync::LazyLock;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderValue, Method};

use super::connection::Connection;
use super::{HttpState, answer, canvas, ui};
use crate::peer::{Authority, Peer};

const LANDING: &str = include_str!("landing.html");

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
    if canvas::is_ours(request.uri().path()) {
        let (head, _) = request.into_parts();
        return canvas::answer(&state, &policy, &peer, &head).await;
    }
    if policy.ui_enabled {
        let (head, _) = request.into_parts();
        return ui::answer(&state, &policy, &peer, &head.uri, &head.headers).await;
    }
    if request.uri().path() == "/" {
        return landing(&state, &peer, &request);
    }
    answer::not_found()
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
        .replace("{{version}}", &answer::escape(version))
        .replace("{{url}}", &answer::escape(&format!("{scheme}://{address}")))
        .replace("{{host}}", &answer::escape(bare_name))
        .replace("{{public_port}}", &public_port.to_string())
        .replace("{{tls}}", tls)
        .replace("{{port}}", &port.to_string())
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
