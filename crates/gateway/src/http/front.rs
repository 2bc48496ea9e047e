//! What happens to every request before it reaches a route: who is it, does it ask for us by our name, does it want the
//! WebSocket; and the headers every answer gets.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::CONNECTION;
use http::{Method, StatusCode};
use serde_json::json;

use super::HttpState;
use super::answer;
use super::canvas;
use super::connection::Connection;
use super::insecure;
use super::policy::HttpPolicy;
use super::probes;
use super::proxy_check;
use super::upgrade;
use crate::peer::{
    Facts, HostRefused, ListenerKind, Peer, RequestKind, classify, host_verdict, proxy_warning,
};

/// The outermost layer.
pub(super) async fn front(
    State(state): State<HttpState>,
    mut request: Request,
    next: Next,
) -> Response {
    let policy = state.policy();
    if let Some(response) = challenge(&state, &request) {
        return response;
    }
    let (peer, noted) = identify(&state, &policy, &request);
    let by_metrics = request
        .extensions()
        .get::<Connection>()
        .is_some_and(|connection| connection.listener() == ListenerKind::Metrics);
    if by_metrics {
        return scraped(peer, request, next).await;
    }
    if let Some(response) = insecure::answer(&state, &policy, &peer, &request) {
        return response;
    }
    if upgrade::is_upgrade(request.headers()) {
        let mut response = if canvas::is_ours(request.uri().path()) {
            canvas::upgrade(&state, &policy, peer, request).await
        } else {
            upgrade::answer(&state, &policy, peer, request)
        };
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            // A client that was refused a WebSocket has nothing else to ask on this connection.
            answer::set(&mut response, CONNECTION, "close");
            answer::secure(&mut response);
        }
        return response;
    }
    let verdict = host_verdict(
        peer.host.as_deref(),
        peer.origin.is_some(),
        RequestKind::Http,
        peer.scheme(),
        &policy.origin,
        &policy.names,
    );
    let mut response = match verdict {
        Ok(()) if noted => answer::json_answer(StatusCode::OK, &json!({"ok": true})),
        Ok(()) => {
            request.extensions_mut().insert(peer);
            next.run(request).await
        }
        Err(refused) => {
            let is_readable = matches!(refused, HostRefused::Unknown { .. });
            let probed = is_readable.then(|| probes::answer_stranger(&state, &request));
            probed
                .flatten()
                .unwrap_or_else(|| refuse_host(&state, &peer, &refused))
        }
    };
    answer::secure(&mut response);
    response
}

/// What the listener for figures serves. Scrapers ask by any name; a page that was led here by one is not local by that.
async fn scraped(peer: Peer, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_served = path == "/metrics" || probes::PATHS.iter().any(|(probe, _)| *probe == path);
    let mut response = if is_served && !upgrade::is_upgrade(request.headers()) {
        request.extensions_mut().insert(peer);
        next.run(request).await
    } else {
        answer::not_found()
    };
    answer::secure(&mut response);
    response
}

/// The answer to an ACME server, which comes in the clear and by a name that may be ours only once it has been answered.
fn challenge(state: &HttpState, request: &Request) -> Option<Response> {
    let answer = state.tls().challenges().http_answer(request.uri().path())?;
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    is_read.then(|| answer::challenge(answer))
}

/// Who is at the other end, and whether the request was sent to see how it arrives.
fn identify(state: &HttpState, policy: &HttpPolicy, request: &Request) -> (Peer, bool) {
    let connection = request.extensions().get::<Connection>();
    let facts = Facts {
        socket_peer: connection.and_then(Connection::socket_peer),
        listener: connection.map_or(ListenerKind::Main, Connection::listener),
        secure: connection.is_some_and(Connection::is_secure),
        proxied: connection.and_then(Connection::proxied),
        headers: request.headers(),
    };
    let peer = classify(&facts, &policy.peer);
    if peer.forwarded
        && let Some(warning) = proxy_warning(&facts, &policy.peer)
    {
        state.warn_about_proxy(warning);
    }
    let noted = proxy_check::note(state, policy, &facts, &peer, request);
    (peer, noted)
}

/// 400 or 421 for a name that is not ours.
pub(super) fn refuse_host(state: &HttpState, peer: &Peer, refused: &HostRefused) -> Response {
    let (status, kind, fix) = match refused {
        HostRefused::Invalid => (StatusCode::BAD_REQUEST, "invalid_host", None),
        HostRefused::Unknown { name, fix_command } => {
            if let Some(left_out) = state.inner.repeats.log_now(name) {
                tracing::warn!(
                    host = name,
                    peer = peer.address.map(tracing::field::display),
                    left_out,
                    "request for an unknown host refused; to allow it run: {fix_command}"
                );
            }
            (
                StatusCode::MISDIRECTED_REQUEST,
                "unknown_host",
                Some(fix_command),
            )
        }
    };
    let mut body = json!({"error": {"message": refused.to_string(), "type": kind}});
    if let Some(fix) = fix {
        body["error"]["fix"] = json!(fix);
    }
    answer::json_answer(status, &body)
}
