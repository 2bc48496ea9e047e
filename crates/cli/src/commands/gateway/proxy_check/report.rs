//! What a check found, as lines and as JSON.

use openclaw_client::target::{GatewayUrl, Scheme};
use openclaw_client::walk::http::Answer;
use serde_json::{Value, json};

/// What was seen from the outside.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Why nothing could be asked.
    pub(super) failure: Option<String>,
    /// Version of TLS.
    pub(super) tls: Option<String>,
    /// Why the certificate is not trusted.
    pub(super) untrusted: Option<String>,
    /// The WebSocket as a command line opens it.
    pub(super) socket: Option<Result<(), String>>,
    /// The WebSocket as a page opens it.
    pub(super) page: Option<Result<(), String>>,
}

impl Looked {
    pub(super) fn failed(self, reason: impl Into<String>) -> Self {
        Self {
            failure: Some(reason.into()),
            ..self
        }
    }
}

/// A refusal in one line: status, message and the command that helps, as far as the answer says.
pub(super) fn answer(answer: &Answer) -> String {
    let error = answer.json().unwrap_or_default()["error"].clone();
    let mut text = format!("HTTP {}", answer.status);
    if let Some(message) = error["message"].as_str() {
        text = format!("{text}: {message}");
    }
    if answer.status == 200 || answer.status == 404 || answer.status == 400 && error.is_null() {
        text.push_str("; does the proxy pass the headers Upgrade and Connection on?");
    }
    text
}

/// The whole.
#[derive(Debug)]
pub(super) struct Report {
    json: Value,
    lines: Vec<String>,
    problems: Vec<String>,
}

impl Report {
    pub(super) fn new(text: &str, url: &GatewayUrl, looked: &Looked, requests: &[Value]) -> Self {
        let mut report = Self {
            json: Value::Null,
            lines: vec![format!("Proxy: {text}")],
            problems: Vec::new(),
        };
        report.outside(url, looked);
        match requests.first() {
            Some(request) => report.inside(request, requests.last().unwrap_or(request)),
            None if looked.failure.is_none() => report.problem(
                "the request did not arrive at this gateway: the proxy sends it elsewhere, or answers itself".to_owned(),
            ),
            None => {}
        }
        report.say(
            "Idle time",
            "the gateway sends a ping every 25 s; the proxy's time-out for silent WebSockets must be longer",
        );
        let outcome = |outcome: &Option<Result<(), String>>| {
            outcome.as_ref().map(|outcome| match outcome {
                Ok(()) => json!({ "ok": true }),
                Err(reason) => json!({ "ok": false, "reason": reason }),
            })
        };
        report.json = json!({
            "url": text,
            "ok": report.problems.is_empty(),
            "problems": report.problems,
            "failure": looked.failure,
            "tls": looked.tls,
            "certificateNotTrusted": looked.untrusted,
            "webSocket": outcome(&looked.socket),
            "webSocketOfPage": outcome(&looked.page),
            "requests": requests,
        });
        report
    }

    fn say(&mut self, what: &str, text: impl AsRef<str>) {
        self.lines.push(format!("{what}: {}", text.as_ref()));
    }

    fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    fn outside(&mut self, url: &GatewayUrl, looked: &Looked) {
        if let Some(failure) = &looked.failure {
            self.problem(failure.clone());
            return;
        }
        match (&looked.tls, &looked.untrusted) {
            (Some(version), None) => self.say("TLS at the proxy", version),
            (Some(version), Some(reason)) => {
                self.say(
                    "TLS at the proxy",
                    format!("{version}, certificate not trusted here ({reason})"),
                );
            }
            (None, _) if url.scheme == Scheme::Ws => {
                self.say(
                    "TLS at the proxy",
                    "none: everything can be read on the way",
                );
            }
            (None, _) => {}
        }
        match &looked.socket {
            Some(Ok(())) => self.say("WebSocket", "works"),
            Some(Err(reason)) => self.problem(format!("WebSocket: {reason}")),
            None => {}
        }
        match &looked.page {
            Some(Ok(())) => self.say("WebSocket of a page", "works"),
            Some(Err(reason)) => self.problem(format!("WebSocket of a page: {reason}")),
            None => {}
        }
    }

    fn inside(&mut self, request: &Value, page: &Value) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let listener = text(&request["listener"]).unwrap_or_default();
        let peer = text(&request["peer"]).unwrap_or_else(|| "a Unix socket".to_owned());
        let trusted = match (listener.as_str(), &request["trusted"]) {
            ("proxy", _) => "by the listener for proxies",
            (_, Value::Bool(true)) => "a trusted proxy",
            _ => "not a trusted proxy",
        };
        self.say("Came from", format!("{peer}, {trusted}"));
        if let Some(header) = request["proxyHeader"].as_object() {
            let client = header["client"].as_str().unwrap_or("nobody");
            self.say("PROXY header", format!("names {client}"));
        }
        for (name, values) in request["headers"].as_object().into_iter().flatten() {
            let values: Vec<_> = values
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            self.say(&format!("  {name}"), values.join(" | "));
        }
        let client = text(&request["client"]).unwrap_or_else(|| "unknown".to_owned());
        let class = text(&request["class"]).unwrap_or_default();
        self.say("Client", format!("{client}, {class}"));
        if class == "local" {
            self.problem(
                "the request counts as local: the proxy sends no forwarding header; make it set X-Forwarded-For".to_owned(),
            );
        }
        let secure = match request["secure"].as_bool() {
            Some(true) => "yes",
            Some(false) => "no",
            None => "the proxy does not say (X-Forwarded-Proto)",
        };
        self.say("TLS seen by the client", secure);
        for (what, verdict, value) in [
            ("Host", &request["hostVerdict"], &request["host"]),
            ("Origin", &page["originVerdict"], &page["origin"]),
        ] {
            let value = value.as_str().unwrap_or("-");
            if verdict["ok"] == true {
                self.say(what, format!("{value}, accepted"));
            } else {
                let message = verdict["message"].as_str().unwrap_or("refused");
                let fix = verdict["fix"].as_str().map(|fix| format!("; run: {fix}"));
                self.say(what, format!("{value}, refused"));
                self.problem(format!(
                    "{what} {value}: {message}{}",
                    fix.unwrap_or_default()
                ));
            }
        }
        if let Some(user) = request["identity"]["user"].as_str() {
            self.say("User", user);
        } else if let Some(message) = request["identity"]["message"].as_str() {
            let hint = request["identity"]["hint"].as_str().unwrap_or_default();
            self.say("User", format!("none: {message} ({hint})"));
        }
        if let Some(warning) = request["warning"].as_str() {
            self.problem(warning.to_owned());
        }
    }

    pub(super) fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn to_json(&self) -> &Value {
        &self.json
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.lines.clone();
        if self.problems.is_empty() {
            lines.push("Everything is in order.".to_owned());
        } else {
            lines.push(String::new());
            lines.extend(
                self.problems
                    .iter()
                    .map(|problem| format!("Problem: {problem}")),
            );
        }
        lines
    }
}
