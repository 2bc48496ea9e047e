//! The Control UI: its document under every path that a person may open, its files, and what the gateway says about
//! itself before anybody signs in.

mod coding;
mod document;
pub(in crate::http) mod etag;
mod files;
mod route;

use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderName, LOCATION, VARY,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use openclaw_protocol::{PROTOCOL_MAX, PROTOCOL_MIN};
use serde_json::{Value, json};

pub(in crate::http) use self::files::media_type;
use self::files::{File, INDEX, Source};
use self::route::Wanted;
use super::policy::HttpPolicy;
use super::{BearerVerdict, HttpState, answer, probes};
use crate::peer::{Peer, PeerClass};

/// Scripts, styles and pictures come from the gateway alone, and nothing frames the page; it may open sockets to other
/// gateways that a person chose.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; \
                      connect-src 'self' ws: wss:; form-action 'none'; base-uri 'self'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'";
const PERMISSIONS: &str = "camera=(), microphone=(), geolocation=(), clipboard-write=(self)";
/// For what changes under its name: asked for each time, sent only when it changed.
const ASK_FIRST: &str = "no-cache";
/// For names that carry a hash of their content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const STALE: &str = "This file does not exist. The page that asked for it is older than the gateway: load it again.\n";
const NO_FILES: &str = "The Control UI is not here: the folder that gateway.controlUi.root names has no index.html.\n\
                        Build the page into it, or run on the gateway host: openclaw config unset gateway.controlUi.root\n";

/// Answers a GET or HEAD for any path that no other route takes.
pub(super) async fn answer(
    state: &HttpState,
    policy: &HttpPolicy,
    peer: &Peer,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let mut response = respond(state, policy, peer, uri, headers).await;
    protect(&mut response);
    response
}

async fn respond(
    state: &HttpState,
    policy: &HttpPolicy,
    peer: &Peer,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response {
    let (base, path) = (policy.base_path.as_str(), uri.path());
    let Some(below) = path.strip_prefix(base) else {
        return outside(base, path);
    };
    if below.is_empty() {
        return to_directory(base, uri.query());
    }
    let source = match &policy.ui_root {
        Some(folder) => Source::Folder(folder.clone()),
        None => Source::Embedded,
    };
    match route::wanted(below) {
        Wanted::Nothing => outside(base, path),
        Wanted::Facts => config(state, policy, peer, headers).await,
        Wanted::Asset(name) => match find(&source, name, headers).await {
            Some(file) => send(file, name, FOR_EVER, headers),
            None => answer::text(StatusCode::NOT_FOUND, STALE),
        },
        Wanted::Page(name) => {
            if name != INDEX
                && let Some(file) = find(&source, name, headers).await
            {
                let named_by_content = uri.query() == Some(etag::short(&file.digest).as_str());
                let caching = if named_by_content {
                    FOR_EVER
                } else {
                    ASK_FIRST
                };
                return send(file, name, caching, headers);
            }
            document(state, policy, &source, headers).await
        }
    }
}

async fn find(source: &Source, name: &str, headers: &HeaderMap) -> Option<File> {
    if !files::file_name(name) || files::media_type(name).is_none() {
        return None;
    }
    let codings: Vec<_> = coding::accepted(headers).collect();
    source.find(name, &codings).await
}

fn send(file: File, name: &str, caching: &'static str, headers: &HeaderMap) -> Response {
    let coding = file.coding.map(coding::Coding::name);
    let tag = etag::tag(&file.digest, coding);
    let mut response = if etag::is_known(headers, &tag) {
        not_modified()
    } else {
        let media_type = files::media_type(name).unwrap_or("application/octet-stream");
        let mut response = answer::with_type(StatusCode::OK, media_type, file.bytes);
        if let Some(coding) = coding {
            answer::set(&mut response, CONTENT_ENCODING, coding);
        }
        response
    };
    answer::set(&mut response, VARY, "Accept-Encoding");
    answer::set(&mut response, CACHE_CONTROL, caching);
    response.headers_mut().insert(ETAG, tag);
    response
}

/// The document is small and differs by base path: it is sent as it is, and a browser that has it gets a 304.
async fn document(
    state: &HttpState,
    policy: &HttpPolicy,
    source: &Source,
    headers: &HeaderMap,
) -> Response {
    let built = source.find(INDEX, &[]).await;
    let html = built.and_then(|file| String::from_utf8(file.bytes.to_vec()).ok());
    let Some(html) = html else {
        if let Some(left_out) = state.inner.repeats.log_now("gateway.controlUi.root") {
            tracing::warn!(folder = ?policy.ui_root, left_out, "gateway.controlUi.root has no index.html; the Control UI is not served");
        }
        return answer::text(StatusCode::NOT_FOUND, NO_FILES);
    };
    let boot = source.find(document::BOOT, &[]).await;
    let html = document::render(
        &html,
        &policy.base_path,
        &state.handler().readiness().version,
        boot.map(|file| etag::short(&file.digest)).as_deref(),
    );
    let digest = ring::digest::digest(&ring::digest::SHA256, html.as_bytes());
    let tag = etag::tag(digest.as_ref(), None);
    let mut response = if etag::is_known(headers, &tag) {
        not_modified()
    } else {
        answer::with_type(StatusCode::OK, "text/html; charset=utf-8", html)
    };
    answer::set(&mut response, CACHE_CONTROL, ASK_FIRST);
    response.headers_mut().insert(ETAG, tag);
    response
}

fn not_modified() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

/// 404. Who opens the gateway at its root is told where the page is; it is no secret, see [`facts`].
fn outside(base: &str, path: &str) -> Response {
    if path == "/" && !base.is_empty() {
        return answer::text(
            StatusCode::NOT_FOUND,
            format!("The Control UI of this gateway is at {base}/\n"),
        );
    }
    answer::not_found()
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

/// `control-ui-config.json`: the facts for everybody, and what the page of the later release reads for those who may know.
async fn config(
    state: &HttpState,
    policy: &HttpPolicy,
    peer: &Peer,
    headers: &HeaderMap,
) -> Response {
    let handler = state.handler();
    let facts = facts(
        &handler.readiness().version,
        &policy.base_path,
        &handler.sign_in_modes(),
        peer,
    );
    let sent = probes::bearer(headers);
    let verdict = match sent {
        _ if peer.class == PeerClass::Control => BearerVerdict::Allowed,
        Some(bearer) => state.bearer_verdict(bearer, peer).await,
        None => BearerVerdict::Denied,
    };
    // The page may hold a token that has been changed since; who it is does not depend on that.
    let verdict = match verdict {
        BearerVerdict::Denied if handler.is_identified(peer).await => BearerVerdict::Allowed,
        verdict => verdict,
    };
    match verdict {
        BearerVerdict::Allowed => {
            let mut body = handler.control_ui_config();
            if let (Some(body), Value::Object(facts)) = (body.as_object_mut(), facts) {
                body.extend(facts);
            }
            answer::json_answer(StatusCode::OK, &body)
        }
        // Who shows a credential learns that it is wrong.
        BearerVerdict::Denied if sent.is_some() => answer::unauthorized(),
        BearerVerdict::Denied => answer::json_answer(StatusCode::OK, &facts),
        BearerVerdict::Limited { retry_after_secs } => answer::rate_limited(retry_after_secs),
    }
}

/// What a stranger may know: enough to say how to sign in, nothing about this machine.
fn facts(version: &str, base_path: &str, modes: &[&str], peer: &Peer) -> Value {
    json!({
        "v": 1,
        "product": "openclaw",
        "version": version,
        "protocol": {"min": PROTOCOL_MIN, "max": PROTOCOL_MAX},
        "basePath": base_path,
        "auth": {"modes": modes},
        "secure": peer.secure == Some(true),
    })
}

/// The headers of every answer of this part, whatever it is.
fn protect(response: &mut Response) {
    answer::set(response, CONTENT_SECURITY_POLICY, POLICY);
    answer::set(response, X_FRAME_OPTIONS, "DENY");
    let permissions = HeaderName::from_static("permissions-policy");
    answer::set(response, permissions, PERMISSIONS);
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    answer::set(response, opener, "same-origin");
}
