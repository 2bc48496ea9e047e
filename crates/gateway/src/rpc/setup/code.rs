//! What a setup code is for, and which addresses go into it. Pure.

use openclaw_protocol::error::WireError;
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::setup_code::{MAX_URLS, SetupCode};
use serde_json::{Value, json};

use crate::reach::{Endpoint, Source, Survey, Unreachable};

/// Text that clients of 2026.9.6 know for a gateway that only its own machine can reach.
const ONLY_LOOPBACK: &str = "Gateway is only bound to loopback. Set gateway.bind=lan, enable tailscale serve, or configure \
                             plugins.entries.device-pair.config.publicUrl.";

/// Who is to come in with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// A phone of the owner: node, and operator with everything.
    Full,
    /// A phone: node, and operator without administration.
    Limited,
    /// A machine that serves commands.
    Node,
    /// A program or page of the owner.
    Operator,
    /// The owner's own browser.
    Owner,
}

impl Access {
    /// What a limited phone may do.
    pub(super) const LIMITED: ScopeSet = ScopeSet::from_bits(
        1 << Scope::Approvals as u16
            | 1 << Scope::Read as u16
            | 1 << Scope::TalkSecrets as u16
            | 1 << Scope::Write as u16,
    );

    /// From the params of either form.
    pub(super) fn of(profile: Option<&str>, kind: Option<&str>) -> Result<Self, WireError> {
        match profile.or(kind) {
            None | Some("full" | "phone" | "mobile") => Ok(Self::Full),
            Some("limited") => Ok(Self::Limited),
            Some("node") => Ok(Self::Node),
            Some("operator" | "cli" | "browser") => Ok(Self::Operator),
            Some("owner") => Ok(Self::Owner),
            Some(other) => Err(WireError::invalid(format!(
                "unknown kind of setup code: {other} (full, limited, node, operator or owner)"
            ))),
        }
    }

    /// Wire name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Limited => "limited",
            Self::Node => "node",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }

    /// Whether it admits as a node.
    pub(super) const fn is_node(self) -> bool {
        matches!(self, Self::Full | Self::Limited | Self::Node)
    }

    /// What it gives an operator at most; `None` when it admits no operator.
    pub(super) const fn operator(self) -> Option<ScopeSet> {
        match self {
            Self::Full | Self::Operator | Self::Owner => Some(ScopeSet::FULL),
            Self::Limited => Some(Self::LIMITED),
            Self::Node => None,
        }
    }
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) access: Access,
    /// Also with addresses that nobody could reach.
    pub(super) force: bool,
    /// A code without any address will do.
    pub(super) bare: bool,
    pub(super) public_url: Option<&'a str>,
    pub(super) port: u16,
    /// Fingerprint of our own certificate.
    pub(super) tls: Option<String>,
}

/// The addresses of a code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// First is tried first.
    pub(super) list: Vec<Endpoint>,
    pub(super) unreachable: Vec<Unreachable>,
}

/// Decides which addresses go into a code.
pub(super) fn choose(survey: Survey, request: &Request<'_>) -> Result<Chosen, WireError> {
    let Survey {
        endpoints: mut list,
        mut unreachable,
    } = survey;
    if list.is_empty() && request.force {
        let url = request
            .public_url
            .map_or_else(|| loopback(request), str::to_owned);
        list.push(Endpoint {
            tls_fingerprint: request.tls.clone().filter(|_| url.starts_with("wss://")),
            url,
            source: if request.public_url.is_some() {
                Source::Request
            } else {
                Source::Loopback
            },
            proven: false,
        });
    }
    if list.is_empty() && !request.bare {
        return Err(nowhere(&unreachable, request));
    }
    // With everything in it, a code does not lead over plain text when there is another way.
    let plain = |endpoint: &Endpoint| endpoint.url.starts_with("ws://");
    if request.access == Access::Full && list.iter().any(|endpoint| !plain(endpoint)) {
        list.sort_by_key(plain);
        let dropped: Vec<_> = list.extract_if(.., |endpoint| plain(endpoint)).collect();
        unreachable.extend(dropped.into_iter().map(|endpoint| Unreachable {
            url: endpoint.url,
            source: endpoint.source,
            reason: "left out: full access goes over TLS only".to_owned(),
        }));
    }
    // A code holds one fingerprint, and clients hold every wss address to it.
    if let Some(pin) = list
        .iter()
        .find(|endpoint| !plain(endpoint))
        .map(|endpoint| endpoint.tls_fingerprint.clone())
    {
        let others: Vec<_> = list
            .extract_if(.., |endpoint| {
                !plain(endpoint) && endpoint.tls_fingerprint != pin
            })
            .collect();
        unreachable.extend(others.into_iter().map(|endpoint| Unreachable {
            url: endpoint.url,
            source: endpoint.source,
            reason: "left out: it shows another certificate than the address before it, and a code holds one fingerprint"
                .to_owned(),
        }));
    }
    list.truncate(MAX_URLS);
    Ok(Chosen { list, unreachable })
}

fn loopback(request: &Request<'_>) -> String {
    let scheme = if request.tls.is_some() { "wss" } else { "ws" };
    format!("{scheme}://127.0.0.1:{}", request.port)
}

fn nowhere(unreachable: &[Unreachable], request: &Request<'_>) -> WireError {
    let details = |fix: &str| json!({ "code": "NO_REACHABLE_ENDPOINT", "unreachable": unreachable, "fix": fix });
    if unreachable.is_empty() {
        let fix = "openclaw config set gateway.bind lan, or openclaw gateway --tailscale serve, or set \
                   gateway.publicOrigin; --force makes a code for this machine alone";
        return WireError::invalid(ONLY_LOOPBACK).with_details(details(fix));
    }
    let reasons: Vec<_> = unreachable
        .iter()
        .map(|one| format!("{}: {}", one.url, one.reason))
        .collect();
    let what = if request.public_url.is_some() {
        "the gateway cannot be reached there"
    } else {
        "no address of this gateway can be reached from elsewhere"
    };
    let fix = "see openclaw gateway status; --force makes a code all the same";
    WireError::invalid(format!("{what} ({})", reasons.join("; "))).with_details(details(fix))
}

impl Chosen {
    /// Whether the first address is plain text to another machine.
    pub(super) fn is_plain(&self) -> bool {
        self.list.first().is_some_and(|endpoint| {
            endpoint.url.starts_with("ws://") && endpoint.source != Source::Loopback
        })
    }

    pub(super) fn url(&self) -> Option<&str> {
        self.list.first().map(|endpoint| endpoint.url.as_str())
    }

    pub(super) fn source(&self) -> Option<&'static str> {
        self.list.first().map(|endpoint| endpoint.source.name())
    }

    fn pin(&self) -> Option<&String> {
        self.list
            .iter()
            .find_map(|endpoint| endpoint.tls_fingerprint.as_ref())
    }

    /// What is kept with the code: nothing secret.
    pub(super) fn endpoints(&self) -> Value {
        let Some(url) = self.url() else {
            return json!({});
        };
        let urls: Vec<_> = self.list.iter().map(|endpoint| &endpoint.url).collect();
        let mut kept = json!({ "url": url });
        if urls.len() > 1 {
            kept["urls"] = json!(urls);
        }
        if let Some(pin) = self.pin() {
            kept["tlsFingerprint"] = json!(pin);
        }
        kept
    }

    /// The code, if there is an address to put into it.
    pub(super) fn code(&self, token: &str, expires_at_ms: i64) -> Option<SetupCode> {
        let url = self.url()?.to_owned();
        let urls: Vec<_> = self
            .list
            .iter()
            .map(|endpoint| endpoint.url.clone())
            .collect();
        Some(SetupCode {
            url,
            bootstrap_token: token.to_owned(),
            expires_at_ms: Some(expires_at_ms),
            urls: if urls.len() > 1 { urls } else { Vec::new() },
            tls_fingerprint: self.pin().cloned(),
        })
    }

    /// The address of a join link: over TLS where there is any, else where the first address is.
    pub(super) fn join_url(&self, code: &str) -> Option<String> {
        let secure = self
            .list
            .iter()
            .find(|endpoint| endpoint.url.starts_with("wss://"));
        let endpoint = secure.or(self.list.first())?;
        let rest = endpoint.url.split_once("://").map(|(_, rest)| rest)?;
        let scheme = if secure.is_some() { "https" } else { "http" };
        // Behind the # nothing is sent: the certificate to expect travels with the link and not over the wire.
        let pin = secure.and_then(|endpoint| endpoint.tls_fingerprint.as_ref());
        let pin = pin.map_or_else(String::new, |pin| format!("#sha256={pin}"));
        Some(format!(
            "{scheme}://{}/j/{code}{pin}",
            rest.trim_end_matches('/')
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str, pin: Option<&str>) -> Endpoint {
        Endpoint {
            url: url.into(),
            source: Source::Lan,
            tls_fingerprint: pin.map(str::to_owned),
            proven: true,
        }
    }

    fn request(access: Access) -> Request<'static> {
        Request {
            access,
            force: false,
            bare: false,
            public_url: None,
            port: 18789,
            tls: None,
        }
    }

    fn survey(endpoints: Vec<Endpoint>) -> Survey {
        Survey {
            endpoints,
            unreachable: Vec::new(),
        }
    }

    #[test]
    fn u24_nothing_is_printed_that_nobody_can_reach() {
        let error = choose(Survey::default(), &request(Access::Node)).unwrap_err();
        assert!(
            error
                .message
                .starts_with("Gateway is only bound to loopback. Set gateway.bind=lan"),
            "{}",
            error.message
        );
        let dead = Survey {
            endpoints: Vec::new(),
            unreachable: vec![Unreachable {
                url: "ws://10.0.0.1:1".into(),
                source: Source::Lan,
                reason: "no answer".into(),
            }],
        };
        let error = choose(dead.clone(), &request(Access::Node)).unwrap_err();
        assert!(
            error.message.contains("ws://10.0.0.1:1: no answer"),
            "{}",
            error.message
        );
        let forced = choose(
            dead.clone(),
            &Request {
                force: true,
                ..request(Access::Node)
            },
        )
        .unwrap();
        assert_eq!(forced.url(), Some("ws://127.0.0.1:18789"));
        let bare = choose(
            dead,
            &Request {
                bare: true,
                ..request(Access::Node)
            },
        )
        .unwrap();
        assert_eq!(bare.code("t", 1), None);
    }

    #[test]
    fn full_access_goes_over_tls() {
        let both = vec![
            endpoint("ws://10.0.0.1:1", None),
            endpoint("wss://gw.example", None),
        ];
        let chosen = choose(survey(both.clone()), &request(Access::Full)).unwrap();
        assert_eq!(chosen.list, [both[1].clone()]);
        assert!(!chosen.is_plain());
        let node = choose(survey(both), &request(Access::Node)).unwrap();
        assert_eq!((node.list.len(), node.is_plain()), (2, true));
        let plain = choose(
            survey(vec![endpoint("ws://10.0.0.1:1", None)]),
            &request(Access::Full),
        )
        .unwrap();
        assert!(plain.is_plain(), "the caller makes it limited");
    }

    #[test]
    fn a_code_holds_one_fingerprint() {
        let pin = "ab".repeat(32);
        let mixed = vec![
            endpoint("wss://10.0.0.1:1", Some(&pin)),
            endpoint("wss://proxy.example", None),
            endpoint("wss://10.0.0.2:1", Some(&pin)),
        ];
        let chosen = choose(survey(mixed), &request(Access::Full)).unwrap();
        let code = chosen.code("t", 1).unwrap();
        assert_eq!(code.urls, ["wss://10.0.0.1:1", "wss://10.0.0.2:1"]);
        assert_eq!(code.tls_fingerprint, Some(pin));
        assert!(chosen.unreachable[0].reason.contains("another certificate"));
        assert_eq!(
            chosen.join_url("CODE").as_deref(),
            Some(format!("https://10.0.0.1:1/j/CODE#sha256={}", "ab".repeat(32)).as_str())
        );
    }

    #[test]
    fn s04_a_limited_code_administers_nothing() {
        assert_eq!(
            Access::LIMITED.names(),
            [
                "operator.approvals",
                "operator.read",
                "operator.talk.secrets",
                "operator.write"
            ]
        );
        assert_eq!(
            Access::of(Some("node"), Some("operator")).unwrap(),
            Access::Node
        );
        assert!(Access::of(None, Some("root")).is_err());
        assert_eq!(Access::Node.operator(), None);
    }
}
