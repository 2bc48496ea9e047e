//! What we see of a request that somebody sends to find out how a proxy in front of us does its work.
//!
//! The request carries an id that an operator was given a moment ago; only then is anything noted, and only the operator
//! is told what. Whoever merely sends the request learns nothing from the answer that it did not know.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::Request;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::HttpState;
use super::policy::HttpPolicy;
use super::upgrade;
use crate::peer::{
    Claim, Facts, ListenerKind, Peer, PeerClass, RequestKind, host_verdict, origin_verdict,
    proxy_warning,
};

/// Where such requests go.
pub const PATH: &str = "/__openclaw__/proxy-check";
/// How long an id is good for.
pub const LIFETIME: Duration = Duration::from_secs(60);
/// Ids that are good at the same time.
const MAX_CHECKS: usize = 16;
/// Requests noted for one id.
const MAX_REQUESTS: usize = 8;

/// The ids that were given out, and what came with them.
#[derive(Debug, Default)]
pub struct ProxyChecks(Mutex<VecDeque<Check>>);

#[derive(Debug)]
struct Check {
    id: String,
    until: Instant,
    seen: Vec<Value>,
}

impl ProxyChecks {
    /// Gives out an id.
    pub fn begin(&self) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let mut checks = self.0.lock();
        checks.retain(|check| check.until > Instant::now());
        while checks.len() >= MAX_CHECKS {
            checks.pop_front();
        }
        checks.push_back(Check {
            id: id.clone(),
            until: Instant::now() + LIFETIME,
            seen: Vec::new(),
        });
        id
    }

    /// What came with an id; `None` when it is not good.
    pub fn seen(&self, id: &str) -> Option<Vec<Value>> {
        self.with(id, |check| check.seen.clone())
    }

    /// Whether requests with this id are noted.
    pub(crate) fn awaits(&self, id: &str) -> bool {
        self.with(id, |check| check.seen.len() < MAX_REQUESTS) == Some(true)
    }

    pub(crate) fn note(&self, id: &str, request: Value) {
        self.with(id, |check| {
            if check.seen.len() < MAX_REQUESTS {
                check.seen.push(request);
            }
        });
    }

    fn with<T>(&self, id: &str, f: impl FnOnce(&mut Check) -> T) -> Option<T> {
        let mut checks = self.0.lock();
        let now = Instant::now();
        let check = checks
            .iter_mut()
            .find(|check| check.id == id && check.until > now)?;
        Some(f(check))
    }
}

/// Notes a request that carries a good id; returns whether it did.
pub(super) fn note(
    state: &HttpState,
    policy: &HttpPolicy,
    facts: &Facts<'_>,
    peer: &Peer,
    request: &Request,
) -> bool {
    if request.uri().path() != PATH {
        return false;
    }
    let id = request
        .uri()
        .query()
        .and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("id=")));
    let Some(id) = id.filter(|id| state.handler().awaits_proxy_check(id)) else {
        return false;
    };
    state
        .handler()
        .note_proxy_check(id, describe(policy, facts, peer, request));
    true
}

fn describe(policy: &HttpPolicy, facts: &Facts<'_>, peer: &Peer, request: &Request) -> Value {
    let is_upgrade = upgrade::is_upgrade(facts.headers);
    let kind = if is_upgrade {
        RequestKind::Upgrade
    } else {
        RequestKind::Http
    };
    let host = host_verdict(
        peer.host.as_deref(),
        peer.origin.is_some(),
        // A page has to be loaded before it can connect.
        RequestKind::Http,
        peer.scheme(),
        &policy.origin,
        &policy.names,
    );
    let origin = origin_verdict(
        peer.origin.as_deref(),
        peer.host.as_deref(),
        peer.class,
        &policy.origin,
        &policy.names,
    );
    let listener = match facts.listener {
        ListenerKind::Main => "main",
        ListenerKind::Control => "control",
        ListenerKind::Ingress => "ingress",
        ListenerKind::Proxy => "proxy",
        ListenerKind::Metrics => "metrics",
    };
    let identity = match &peer.claim {
        None => Value::Null,
        Some(Claim::Vouched(identity)) => json!({ "user": identity.user }),
        Some(Claim::Tailscale(claim)) => json!({ "user": claim.login, "unverified": true }),
        Some(Claim::Rejected(error)) => {
            json!({ "reason": error.reason(), "message": error.to_string(), "hint": error.hint() })
        }
    };
    json!({
        "upgrade": kind == RequestKind::Upgrade,
        "version": format!("{:?}", request.version()),
        "listener": listener,
        "peer": facts.socket_peer.map(|address| address.to_canonical().to_string()),
        "trusted": facts.listener == ListenerKind::Proxy
            || facts.proxied.is_some()
            || facts.socket_peer.is_some_and(|address| policy.peer.trusts(address)),
        "proxyHeader": facts.proxied.map(|proxied| json!({
            "client": proxied.client.map(|client| client.to_string()),
            "tls": proxied.secure,
        })),
        "headers": headers(policy, facts),
        "class": match peer.class {
            PeerClass::Control => "control",
            PeerClass::DirectLocal => "local",
            PeerClass::Remote => "remote",
        },
        "forwarded": peer.forwarded,
        "client": peer.address.map(|address| address.to_string()),
        "clientNamed": peer.reported_ip.is_some(),
        "secure": peer.secure,
        "connectionSecure": facts.secure,
        "host": peer.host,
        "hostVerdict": verdict(host.as_ref().err().map(|refused| {
            let fix = match refused {
                crate::peer::HostRefused::Unknown { fix_command, .. } => Some(fix_command.as_str()),
                crate::peer::HostRefused::Invalid => None,
            };
            (refused.to_string(), fix)
        })),
        "origin": peer.origin,
        "originVerdict": verdict(origin.as_ref().err().map(|refused| {
            (refused.reason.to_owned(), refused.fix_command.as_deref())
        })),
        "identity": identity,
        "scopeCap": peer.scope_cap,
        "warning": proxy_warning(facts, &policy.peer).map(|warning| warning.text(&policy.peer)),
    })
}

fn verdict(refused: Option<(String, Option<&str>)>) -> Value {
    match refused {
        None => json!({ "ok": true }),
        Some((message, fix)) => json!({ "ok": false, "message": message, "fix": fix }),
    }
}

/// The headers that proxies write; of the one with the secret only that it is there.
fn headers(policy: &HttpPolicy, facts: &Facts<'_>) -> Value {
    let rules = policy.peer.identity.as_ref();
    let user = rules.and_then(|rules| rules.user_header.as_ref());
    let secret = rules.map(|rules| &rules.secret_header);
    let mut shown = Map::new();
    for name in facts.headers.keys() {
        let text = name.as_str();
        let values: Vec<_> = if secret == Some(name) {
            vec!["(hidden)".to_owned()]
        } else if crate::peer::is_forwarding_header(text)
            || text.starts_with("x-openclaw-")
            || user == Some(name)
        {
            let values = facts.headers.get_all(name).iter();
            values
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect()
        } else {
            continue;
        };
        shown.insert(text.to_owned(), json!(values));
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_ids_that_were_given_out_are_good_and_for_a_minute() {
        let checks = ProxyChecks::default();
        assert!(!checks.awaits("x"));
        let id = checks.begin();
        for n in 0..20 {
            checks.note(&id, json!(n));
        }
        assert_eq!(checks.seen(&id).unwrap().len(), MAX_REQUESTS);
        assert!(!checks.awaits(&id));
        let later = checks.begin();
        assert!(checks.awaits(&later));
        tokio::time::advance(LIFETIME).await;
        assert_eq!(checks.seen(&id), None);
        assert!(!checks.awaits(&later));
        for _ in 0..100 {
            checks.begin();
        }
        assert_eq!(checks.0.lock().len(), MAX_CHECKS);
    }
}
