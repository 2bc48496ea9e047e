//! Probes for supervisors and uptime tools. They are cheap, never cached, and tell details only to those who may know.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::json;

use super::answer;
use super::{BearerVerdict, HttpState, Readiness};
use crate::peer::Peer;
use crate::reach::WITNESS_HEADER;

/// What a probe asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    /// Is the process alive?
    Live,
    /// Can it do its work?
    Ready,
    /// Has it started, and does it not stop?
    Startup,
}

/// Every probe path.
pub(super) const PATHS: [(&str, Probe); 6] = [
    ("/health", Probe::Live),
    ("/healthz", Probe::Live),
    ("/ready", Probe::Ready),
    ("/readyz", Probe::Ready),
    ("/startup", Probe::Startup),
    ("/startupz", Probe::Startup),
];

/// Answers a probe.
pub(super) async fn answer(
    State(state): State<HttpState>,
    Extension(probe): Extension<Probe>,
    Extension(peer): Extension<Peer>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return answer::read_only();
    }
    let readiness = state.handler().readiness();
    let may_know = match bearer(&headers) {
        _ if peer.is_local() => true,
        Some(bearer) => state.bearer_verdict(bearer, &peer).await == BearerVerdict::Allowed,
        None => false,
    };
    let (status, body) = report(probe, &readiness, may_know);
    let mut response = answer::json_answer(status, &body);
    let nonce = headers
        .get(WITNESS_HEADER)
        .and_then(|nonce| nonce.to_str().ok());
    if let Some(proof) = nonce.and_then(|nonce| state.handler().witness(nonce))
        && let Ok(proof) = HeaderValue::from_str(&proof)
    {
        response.headers_mut().insert(WITNESS_HEADER, proof);
    }
    response
}

/// The answer to a probe that asks for us by a name that is not ours, as health checks of platforms do. A web page that was
/// led here by such a name learns no more than that something runs.
pub(super) fn answer_stranger(state: &HttpState, request: &Request) -> Option<Response> {
    let path = request.uri().path();
    let (_, probe) = PATHS.iter().find(|(known, _)| *known == path)?;
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Some(answer::read_only());
    }
    let (status, body) = report(*probe, &state.handler().readiness(), false);
    Some(answer::json_answer(status, &body))
}

fn report(probe: Probe, readiness: &Readiness, details: bool) -> (StatusCode, serde_json::Value) {
    let ready = readiness.ready && !readiness.draining;
    let (up, mut body) = match probe {
        Probe::Live => return (StatusCode::OK, json!({"ok": true, "status": "live"})),
        Probe::Ready => (ready, json!({"ready": ready})),
        Probe::Startup => {
            let status = if readiness.draining {
                "draining"
            } else {
                "started"
            };
            let up = !readiness.draining;
            (up, json!({"ok": up, "status": status}))
        }
    };
    if details {
        if probe == Probe::Ready {
            let mut failing = readiness.failing.clone();
            let named = failing.iter().any(|part| part == "draining");
            if readiness.draining && !named {
                failing.push("draining".to_owned());
            }
            body["failing"] = json!(failing);
        }
        body["version"] = json!(readiness.version);
        body["uptimeMs"] = json!(readiness.uptime_ms);
    }
    let status = if up {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, body)
}

/// The bearer of `Authorization`, if there is one.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, bearer) = text.split_once(' ')?;
    let bearer = bearer.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !bearer.is_empty()).then_some(bearer)
}

#[cfg(test)]
mod tests {
    use super::Probe::{Live, Ready, Startup};
    use super::*;

    #[test]
    fn u41_probes_say_no_more_than_they_may() {
        let up = Readiness {
            ready: true,
            failing: vec![],
            uptime_ms: 7,
            draining: false,
            version: "1.2.3".to_owned(),
        };
        let broken = Readiness {
            ready: false,
            failing: vec!["store".to_owned()],
            ..up.clone()
        };
        let draining = Readiness {
            draining: true,
            ..up.clone()
        };
        let cases = [
            (Live, &up, false, 200, r#"{"ok":true,"status":"live"}"#),
            (Live, &draining, true, 200, r#"{"ok":true,"status":"live"}"#),
            (Ready, &up, false, 200, r#"{"ready":true}"#),
            (
                Ready,
                &up,
                true,
                200,
                r#"{"ready":true,"failing":[],"version":"1.2.3","uptimeMs":7}"#,
            ),
            (Ready, &broken, false, 503, r#"{"ready":false}"#),
            (
                Ready,
                &broken,
                true,
                503,
                r#"{"ready":false,"failing":["store"],"version":"1.2.3","uptimeMs":7}"#,
            ),
            (Ready, &draining, false, 503, r#"{"ready":false}"#),
            (
                Ready,
                &draining,
                true,
                503,
                r#"{"ready":false,"failing":["draining"],"version":"1.2.3","uptimeMs":7}"#,
            ),
            (
                Startup,
                &up,
                false,
                200,
                r#"{"ok":true,"status":"started"}"#,
            ),
            (
                Startup,
                &up,
                true,
                200,
                r#"{"ok":true,"status":"started","version":"1.2.3","uptimeMs":7}"#,
            ),
            (
                Startup,
                &broken,
                false,
                200,
                r#"{"ok":true,"status":"started"}"#,
            ),
            (
                Startup,
                &draining,
                false,
                503,
                r#"{"ok":false,"status":"draining"}"#,
            ),
        ];
        for (probe, readiness, details, status, body) in cases {
            let (got_status, got_body) = report(probe, readiness, details);
            assert_eq!(
                (got_status.as_u16(), got_body.to_string().as_str()),
                (status, body),
                "{probe:?}"
            );
        }
    }

    #[test]
    fn bearers_are_read() {
        let cases = [
            (Some("Bearer tok"), Some("tok")),
            (Some("bearer  tok "), Some("tok")),
            (Some("Bearer "), None),
            (Some("Bearer"), None),
            (Some("Basic dG9rOg=="), None),
            (None, None),
        ];
        for (header, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(AUTHORIZATION, header.parse().unwrap());
            }
            assert_eq!(bearer(&headers), expected);
        }
    }
}
