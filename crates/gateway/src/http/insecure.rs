//! Plain HTTP where HTTPS is wanted: where to go instead.

use axum::extract::Request;
use axum::response::Response;
use http::header::{CONNECTION, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use super::HttpState;
use super::answer;
use super::connection::{Connection, TransportRule};
use super::front::refuse_host;
use super::policy::HttpPolicy;
use super::upgrade;
use crate::peer::{Peer, RequestKind, host_verdict};

/// The answer to a request that may not be served over this connection, or `None` when it may.
pub(super) fn answer(
    state: &HttpState,
    policy: &HttpPolicy,
    peer: &Peer,
    request: &Request,
) -> Option<Response> {
    let rule = request
        .extensions()
        .get::<Connection>()
        .map_or(TransportRule::Serve, Connection::rule);
    let mut response = match rule {
        TransportRule::Serve => return None,
        TransportRule::NotReady => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "TLS is not ready on this gateway, and plain connections from other machines are not taken",
            "on the gateway, run: openclaw gateway status",
        ),
        // A link to wherever the Host header says is only made for names of ours.
        TransportRule::SendToHttps | TransportRule::RefusePlain => {
            match host_verdict(
                peer.host.as_deref(),
                peer.origin.is_some(),
                RequestKind::Http,
                peer.scheme(),
                &policy.origin,
                &policy.names,
            ) {
                Ok(()) => elsewhere(rule, peer.host.as_deref().unwrap_or_default(), request),
                Err(refused) => refuse_host(state, peer, &refused),
            }
        }
    };
    answer::set(&mut response, CONNECTION, "close");
    answer::secure(&mut response);
    Some(response)
}

fn elsewhere(rule: TransportRule, host: &str, request: &Request) -> Response {
    let wants_socket = upgrade::is_upgrade(request.headers());
    let may_redirect = matches!(*request.method(), Method::GET | Method::HEAD) && !wants_socket;
    if rule == TransportRule::SendToHttps && may_redirect {
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        if let Ok(target) = HeaderValue::from_str(&format!("https://{host}{path}")) {
            let mut response = answer::text(StatusCode::PERMANENT_REDIRECT, "use https");
            response.headers_mut().insert(LOCATION, target);
            return response;
        }
    }
    let scheme = if wants_socket { "wss" } else { "https" };
    refusal(
        StatusCode::UPGRADE_REQUIRED,
        "this port takes TLS only",
        &format!("use {scheme}://{host}"),
    )
}

fn refusal(status: StatusCode, message: &str, fix: &str) -> Response {
    let body = json!({"error": {"message": message, "type": "tls_required", "fix": fix}});
    answer::json_answer(status, &body)
}
