//! Why there is no certificate, what to do about it, and how long to leave the server alone.

use std::time::Duration;

use instant_acme::{Error, Problem};
use serde::{Deserialize, Serialize};

use super::settings::Proof;

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Advice {
    /// What is wrong.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) fix: String,
}

impl Advice {
    pub(crate) fn new(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            fix: fix.into(),
        }
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server cannot be reached, or has a problem of its own.
    Unreachable(String),
    /// The server takes no more from us for now.
    Limited {
        /// Its words.
        detail: String,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The domain could not be proven.
    Denied {
        /// How it was tried.
        proof: Proof,
        /// The server's words.
        detail: String,
    },
    /// The server does not want this account, domain or request.
    Refused(String),
    /// The account is not known there any more.
    NoAccount,
    /// Account or certificate cannot be stored; nothing was asked of the server.
    Storage(String),
    /// The extra port cannot be had; nothing was asked of the server.
    Port {
        /// The port.
        port: u16,
        /// Why.
        detail: String,
    },
    /// The attempt before ended with the process.
    Interrupted,
}

impl Failure {
    /// What an error of the protocol means. `retry_after` is what the last refused request said.
    pub(crate) fn from_error(error: &Error, retry_after: Option<Duration>) -> Self {
        match error {
            Error::Api(problem) => Self::from_problem(problem, retry_after),
            Error::Timeout(_) => {
                Self::Unreachable("the ACME server did not decide in time".to_owned())
            }
            Error::Unsupported(what) => {
                Self::Refused(format!("the ACME server does not support {what}"))
            }
            Error::Json(error) => Self::Unreachable(format!(
                "the ACME server gave an answer that is none: {error}"
            )),
            other => Self::Unreachable(format!("the ACME server cannot be used: {other}")),
        }
    }

    fn from_problem(problem: &Problem, retry_after: Option<Duration>) -> Self {
        let detail = describe(problem);
        match kind(problem) {
            "rateLimited" => Self::Limited {
                detail,
                retry_after,
            },
            "accountDoesNotExist" => Self::NoAccount,
            "serverInternal" | "badNonce" | "orderNotReady" => Self::Unreachable(detail),
            _ if problem.status.is_some_and(|status| status >= 500) => Self::Unreachable(detail),
            _ => Self::Refused(detail),
        }
    }

    /// What a domain that is not proven means.
    pub(crate) fn from_proof(proof: Proof, problem: Option<&Problem>) -> Self {
        match problem {
            Some(problem) if kind(problem) == "rateLimited" => Self::from_problem(problem, None),
            Some(problem) => Self::Denied {
                proof,
                detail: describe(problem),
            },
            None => Self::Denied {
                proof,
                detail: "the ACME server gave no reason".to_owned(),
            },
        }
    }

    /// What to tell the operator. `own_port` is the gateway's.
    pub(crate) fn advice(&self, domain: &str, own_port: u16) -> Advice {
        match self {
            Self::Unreachable(reason) => Advice::new(
                reason.clone(),
                "check that this machine reaches the ACME server; it is tried again by itself",
            ),
            Self::Limited { detail, .. } => Advice::new(
                format!("the ACME server takes no more orders for now: {detail}"),
                "nothing: it is tried again when the server allows it; to try settings out meanwhile: openclaw config set gateway.tls.acme.staging true",
            ),
            Self::Denied { proof, detail } => {
                let public = match proof {
                    Proof::Http => 80,
                    Proof::Tls => 443,
                };
                let key = match proof {
                    Proof::Http => "httpPort",
                    Proof::Tls => "tlsPort",
                };
                Advice::new(
                    format!(
                        "the ACME server could not see that {domain} is this gateway ({}): {detail}",
                        proof.name()
                    ),
                    format!(
                        "let {domain} lead here, with port {public} forwarded to {own_port}; or open it here: openclaw config set gateway.tls.acme.{key} {public}"
                    ),
                )
            }
            Self::Refused(detail) => Advice::new(
                format!("the ACME server refuses: {detail}"),
                "correct gateway.tls.domains or gateway.tls.acme: openclaw config get gateway.tls",
            ),
            Self::NoAccount => Advice::new(
                "the ACME server does not know the account",
                "nothing: a new one is made by itself",
            ),
            Self::Storage(reason) => Advice::new(
                format!("certificates cannot be stored: {reason}"),
                "make room and let the user of the gateway write there; see: openclaw gateway status",
            ),
            Self::Port { port, detail } => Advice::new(
                format!("port {port} cannot be opened for the ACME server: {detail}"),
                format!(
                    "allow it (sudo setcap cap_net_bind_service=+ep \"$(command -v openclaw)\") or free the port; or forward it to {own_port} and: openclaw config unset gateway.tls.acme"
                ),
            ),
            Self::Interrupted => Advice::new(
                "the attempt before ended with the gateway",
                "nothing: it is tried again by itself",
            ),
        }
    }
}

/// The last part of the problem's type.
fn kind(problem: &Problem) -> &str {
    let whole = problem.r#type.as_deref().unwrap_or_default();
    whole.rsplit(':').next().unwrap_or_default()
}

fn describe(problem: &Problem) -> String {
    let mut text = problem
        .detail
        .clone()
        .unwrap_or_else(|| "no reason given".to_owned());
    for below in &problem.subproblems {
        if let Some(detail) = &below.detail {
            text.push_str("; ");
            text.push_str(detail);
        }
    }
    let kind = kind(problem);
    if !kind.is_empty() {
        text = format!("{text} ({kind})");
    }
    // Words of a stranger: one line, no control characters, not without end.
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(500)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(kind: &str, status: u16) -> Problem {
        serde_json::from_value(json!({
            "type": format!("urn:ietf:params:acme:error:{kind}"),
            "detail": "words\nof the server", "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn u33_every_problem_of_the_server_has_a_meaning_and_a_fix() {
        let hour = Some(Duration::from_secs(3_600));
        for (kind, status, expected) in [
            ("rateLimited", 429, "limited"),
            ("serverInternal", 500, "unreachable"),
            ("somethingElse", 503, "unreachable"),
            ("accountDoesNotExist", 400, "account"),
            ("rejectedIdentifier", 400, "refused"),
            ("externalAccountRequired", 403, "refused"),
            ("unauthorized", 403, "refused"),
        ] {
            let failure = Failure::from_problem(&problem(kind, status), hour);
            let class = match &failure {
                Failure::Limited { retry_after, .. } => {
                    assert_eq!(*retry_after, hour);
                    "limited"
                }
                Failure::Unreachable(_) => "unreachable",
                Failure::NoAccount => "account",
                Failure::Refused(_) => "refused",
                other => panic!("{kind}: {other:?}"),
            };
            assert_eq!(class, expected, "{kind}");
            let advice = failure.advice("a.example", 18789);
            assert!(!advice.reason.contains('\n') && !advice.fix.is_empty());
        }
    }

    #[test]
    fn u33_a_domain_that_is_not_proven_names_the_port_to_forward() {
        let denied = Failure::from_proof(Proof::Http, Some(&problem("connection", 400)));
        let advice = denied.advice("claw.example.org", 18789);
        assert!(advice.reason.contains(
            "claw.example.org is this gateway (http-01): words of the server (connection)"
        ));
        assert!(advice.fix.contains("port 80 forwarded to 18789"));
        assert!(
            advice
                .fix
                .ends_with("openclaw config set gateway.tls.acme.httpPort 80")
        );
        let denied = Failure::from_proof(Proof::Tls, None);
        assert!(
            denied
                .advice("a.example", 1)
                .fix
                .ends_with("gateway.tls.acme.tlsPort 443")
        );
    }
}
