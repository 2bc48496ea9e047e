//! `/metrics`: for this machine, and for whoever shows its own token, the shared secret or the token of an operator.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};

use super::probes::bearer;
use super::{BearerVerdict, HttpState, answer};
use crate::peer::Peer;

pub(super) async fn answer(
    State(state): State<HttpState>,
    Extension(peer): Extension<Peer>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return answer::read_only();
    }
    if !peer.is_local() {
        let verdict = match bearer(&headers) {
            Some(bearer) if state.handler().is_metrics_token(bearer) => BearerVerdict::Allowed,
            Some(bearer) => state.bearer_verdict(bearer, &peer).await,
            None => BearerVerdict::Denied,
        };
        match verdict {
            BearerVerdict::Allowed => {}
            BearerVerdict::Denied => return answer::unauthorized(),
            BearerVerdict::Limited { retry_after_secs } => {
                return answer::rate_limited(retry_after_secs);
            }
        }
    }
    let page = state.handler().metrics(state.gate().counts());
    answer::figures(StatusCode::OK, page)
}
