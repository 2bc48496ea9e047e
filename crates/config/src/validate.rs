//! Checks a config value against the key table. Every message text is made here.
//!
//! Wrong values are errors, unknown keys are warnings: a key of another release never stops a
//! gateway.

mod base_path;
mod conflicts;
mod credential;
mod headers;
mod misspelt;
mod tree;

use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::origin::{Origin, OriginEntry};
use crate::schema::{BindChoice, BindHost, BindMode, Kind, ProxyListen};
use crate::secret::REDACTED;
use crate::suggest::nearest;
pub use conflicts::conflicts;
pub(crate) use credential::credential_lost;
pub(crate) use headers::is_value as is_header_value;
pub(crate) use misspelt::misspelt;
pub(crate) use tree::{Node, tree};

/// Longest domain of wide-area discovery: the names below it must stay under 255 bytes.
const LONGEST_DOMAIN: usize = 160;

/// One thing that is wrong with the config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// Dotted path; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What would be right: allowed values, nearest match, next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Issue {
    /// Makes an issue without a hint.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            hint: None,
        }
    }

    /// Adds a hint.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The path as shown to people: `<root>` for the file as a whole.
    pub fn shown_path(&self) -> &str {
        if self.path.is_empty() {
            "<root>"
        } else {
            &self.path
        }
    }

    /// `path: message`, without the hint.
    pub fn line(&self) -> String {
        format!("{}: {}", self.shown_path(), self.message)
    }

    /// The section that this issue makes unusable: `gateway.<key>`, else the top-level key, else
    /// `<root>`.
    pub fn section(&self) -> String {
        let mut parts = self.path.split('.');
        match (parts.next().unwrap_or_default(), parts.next()) {
            ("", _) => ROOT.to_owned(),
            ("gateway", Some(key)) => format!("gateway.{key}"),
            (top, _) => top.to_owned(),
        }
    }

    /// True when a gateway may refuse to start because of it: its path is below `gateway`, or it
    /// is the whole file.
    pub fn concerns_gateway(&self) -> bool {
        concerns_gateway(&self.section())
    }
}

/// Whether a section is the whole file, or `gateway` or a part of it.
pub(crate) fn concerns_gateway(section: &str) -> bool {
    section == ROOT || section.split('.').next() == Some("gateway")
}

impl std::fmt::Display for Issue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.shown_path(), self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// How the file as a whole is named in messages.
pub const ROOT: &str = "<root>";

/// Outcome of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Wrong values.
    pub errors: Vec<Issue>,
    /// Unknown keys and values that are ignored.
    pub warnings: Vec<Issue>,
    /// Those of the warnings about entries that are left out when the file is read, and that no change may bring in.
    pub left_out: Vec<Issue>,
}

/// Checks a whole config.
pub fn validate(config: &Value) -> Report {
    let mut report = Report::default();
    match config {
        Value::Object(object) => check_object(tree(), "", object, true, &mut report),
        other => report.errors.push(expected("", "object", other)),
    }
    cross_check(config, &mut report);
    report
}

fn check_node(node: &Node, path: &str, value: &Value, report: &mut Report) {
    match node.field.map(|field| field.kind) {
        None => check_children(node, path, value, true, report),
        Some(Kind::OpenObject) => check_children(node, path, value, false, report),
        Some(Kind::EnvBlock) => {
            check_children(node, path, value, false, report);
            for (name, entry) in value.as_object().into_iter().flatten() {
                if !node.children.contains_key(name.as_str()) && !entry.is_string() {
                    report
                        .errors
                        .push(expected(&join(path, name), "string", entry));
                }
            }
        }
        Some(kind) => {
            check_value(kind, path, value, report);
            if node.field.is_some_and(|field| field.secret) {
                check_secret(path, value, report);
            }
        }
    }
}

fn check_children(node: &Node, path: &str, value: &Value, strict: bool, report: &mut Report) {
    match value {
        Value::Object(object) => check_object(node, path, object, strict, report),
        other => report.errors.push(expected(path, "object", other)),
    }
}

fn check_object(
    node: &Node,
    path: &str,
    object: &Map<String, Value>,
    strict: bool,
    report: &mut Report,
) {
    for (key, value) in object {
        match node.children.get(key.as_str()) {
            Some(child) => check_node(child, &join(path, key), value, report),
            None if strict => {
                let issue = Issue::new(path, format!("Unrecognized key: \"{key}\""));
                let meant = nearest(key, node.children.keys().copied());
                report.warnings.push(match meant {
                    Some(meant) => issue.with_hint(format!("did you mean \"{meant}\"?")),
                    None => issue,
                });
            }
            None => {}
        }
    }
}

fn check_value(kind: Kind, path: &str, value: &Value, report: &mut Report) {
    let issue = match kind {
        Kind::Bool => (!value.is_boolean()).then(|| expected(path, "boolean", value)),
        Kind::Int { min, max } => check_int(path, value, min, max),
        Kind::Text => (!value.is_string()).then(|| expected(path, "string", value)),
        Kind::ShortText(limit) => check_short_text(path, value, limit),
        Kind::Word(words) => check_word(path, value, words, "", |text| words.contains(&text)),
        Kind::Bind => check_word(
            path,
            value,
            BindMode::WORDS,
            ", an IP address, an interface such as wg0 or a CIDR range",
            |text| BindChoice::parse(text).is_some(),
        ),
        Kind::BindHost => check_bind_host(path, value),
        Kind::Url => check_text(
            path,
            value,
            "a URL that starts with ws://, wss://, http:// or https://",
            is_url,
        ),
        Kind::Origin => check_text(
            path,
            value,
            "an origin such as https://claw.example.org",
            |text| text.parse::<Origin>().is_ok(),
        ),
        // A bare port is a number to whoever writes it.
        Kind::ProxyListen
            if value
                .as_u64()
                .is_some_and(|port| (1..=65535).contains(&port)) =>
        {
            None
        }
        Kind::ProxyListen => check_text(
            path,
            value,
            "an address with port such as 127.0.0.1:18790, a port, or the absolute path of a Unix socket",
            |text| ProxyListen::parse(text).is_some(),
        ),
        Kind::HeaderName => check_text(
            path,
            value,
            "the name of a header such as x-forwarded-user",
            is_header_name,
        ),
        Kind::Fingerprint => return check_fingerprint(path, value, report),
        Kind::DnsDomain => check_text(
            path,
            value,
            "a DNS domain such as openclaw.internal; .local belongs to multicast DNS",
            is_dns_domain,
        ),
        Kind::BasePath => check_text(
            path,
            value,
            "a path such as /openclaw: parts of letters, digits and - . _ ~, and no path that the gateway itself answers",
            base_path::is_base_path,
        ),
        Kind::IpRanges => return check_ranges(path, value, report),
        Kind::Origins => return check_origins(path, value, report),
        Kind::ListsByName => return check_lists(path, value, report),
        Kind::Texts => return check_texts(path, value, report),
        Kind::TextMap => return check_text_map(path, value, report),
        Kind::Headers => return headers::check(path, value, report),
        Kind::OpenObject | Kind::EnvBlock | Kind::Kept => None,
    };
    report.errors.extend(issue);
}

fn check_int(path: &str, value: &Value, min: i64, max: i64) -> Option<Issue> {
    let Value::Number(number) = value else {
        return Some(expected(path, "number", value));
    };
    let range = if max > i64::from(u32::MAX) {
        format!("a whole number, at least {min}")
    } else {
        format!("a whole number from {min} to {max}")
    };
    let Some(number) = number.as_i64() else {
        return Some(
            Issue::new(path, "Invalid input: expected int, received number").with_hint(range),
        );
    };
    if number < min {
        let relation = if min == 1 {
            ">0".to_owned()
        } else {
            format!(">={min}")
        };
        Some(
            Issue::new(path, format!("Too small: expected number to be {relation}"))
                .with_hint(range),
        )
    } else if number > max {
        Some(Issue::new(path, format!("Too big: expected number to be <={max}")).with_hint(range))
    } else {
        None
    }
}

fn check_bind_host(path: &str, value: &Value) -> Option<Issue> {
    match value.as_str() {
        None => Some(expected(path, "string", value)),
        // A reference that could not be filled in is reported by the substitution step.
        Some(text) if text.contains("${") => None,
        Some(text) => BindHost::parse(text)
            .err()
            .map(|reason| Issue::new(path, "Invalid input").with_hint(reason)),
    }
}

fn check_short_text(path: &str, value: &Value, limit: usize) -> Option<Issue> {
    match value.as_str() {
        None => Some(expected(path, "string", value)),
        Some(text) if text.chars().count() > limit => Some(Issue::new(
            path,
            format!("Too big: expected string to have <={limit} characters"),
        )),
        Some(_) => None,
    }
}

fn check_word(
    path: &str,
    value: &Value,
    words: &[&str],
    also: &str,
    accept: impl Fn(&str) -> bool,
) -> Option<Issue> {
    let text = value.as_str();
    if text.is_some_and(accept) {
        return None;
    }
    let mut hint = format!("allowed: {}{also}", words.join(", "));
    if let Some(meant) = text.and_then(|text| nearest(text, words.iter().copied())) {
        hint = format!("{hint}; did you mean \"{meant}\"?");
    }
    Some(Issue::new(path, "Invalid input").with_hint(hint))
}

fn check_text(
    path: &str,
    value: &Value,
    hint: &str,
    accept: impl Fn(&str) -> bool,
) -> Option<Issue> {
    match value.as_str() {
        None => Some(expected(path, "string", value)),
        // A reference that could not be filled in is reported by the substitution step.
        Some(text) if text.contains("${") || accept(text.trim()) => None,
        Some(_) => Some(Issue::new(path, "Invalid input").with_hint(hint)),
    }
}

fn check_texts(path: &str, value: &Value, report: &mut Report) {
    let Value::Array(entries) = value else {
        return report.errors.push(expected(path, "array", value));
    };
    for (index, entry) in entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| !entry.is_string())
    {
        report
            .errors
            .push(expected(&join(path, &index.to_string()), "string", entry));
    }
}

fn check_ranges(path: &str, value: &Value, report: &mut Report) {
    check_texts(path, value, report);
    for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
        if entry.as_str().is_some_and(|text| !is_ip_range(text.trim())) {
            leave_out(
                report,
                Issue::new(
                    join(path, &index.to_string()),
                    "entry ignored: not an IP address or CIDR range",
                )
                .with_hint("for example 10.0.0.5 or 10.0.0.0/8"),
            );
        }
    }
}

/// A wrong entry of a list costs that entry when the file is read, and is refused when it is written.
fn leave_out(report: &mut Report, issue: Issue) {
    report.left_out.push(issue.clone());
    report.warnings.push(issue);
}

fn check_origins(path: &str, value: &Value, report: &mut Report) {
    check_texts(path, value, report);
    for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
        let Some(text) = entry.as_str().filter(|text| !text.contains("${")) else {
            continue;
        };
        let path = join(path, &index.to_string());
        match text.parse::<OriginEntry>() {
            Err(error) => leave_out(report, Issue::new(path, format!("entry ignored: {error}"))),
            Ok(OriginEntry::Any) => report.warnings.push(
                Issue::new(path, "\"*\" lets every web page connect")
                    .with_hint("list the origins of your pages"),
            ),
            Ok(OriginEntry::Origins(origins)) => {
                report
                    .warnings
                    .extend(origin_advice(text, &origins).map(|advice| Issue::new(path, advice)));
            }
        }
    }
}

/// What an operator may have meant otherwise.
fn origin_advice(text: &str, origins: &[Origin]) -> Option<String> {
    let read: Vec<String> = origins.iter().map(ToString::to_string).collect();
    let read = read.join(" and ");
    let entry = OriginEntry::Origins(origins.to_vec());
    if !entry.is_written_as(text.trim()) {
        return Some(format!("{text:?} is read as {read}"));
    }
    // Plain HTTP on port 80 is rarely a gateway; browsers send the port with every other one.
    let plain = origins
        .iter()
        .any(|origin| origin.scheme() == "http" && origin.authority().port.is_none());
    plain.then(|| format!("{read} means port 80; add the port if your page has another one"))
}

fn check_lists(path: &str, value: &Value, report: &mut Report) {
    let Value::Object(entries) = value else {
        return report.errors.push(expected(path, "record", value));
    };
    for (name, entry) in entries {
        check_texts(&join(path, name), entry, report);
    }
}

/// Whether a text is a token as HTTP defines it.
fn is_header_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn check_text_map(path: &str, value: &Value, report: &mut Report) {
    let Value::Object(entries) = value else {
        return report.errors.push(expected(path, "record", value));
    };
    for (name, entry) in entries.iter().filter(|(_, entry)| !entry.is_string()) {
        report
            .errors
            .push(expected(&join(path, name), "string", entry));
    }
}

/// A credential must be text, and not the stand-in that readers of the config get to see.
fn check_secret(path: &str, value: &Value, report: &mut Report) {
    if value.is_object() && value.get("source").is_some() {
        if let Some(issue) = report.errors.last_mut().filter(|issue| issue.path == path) {
            issue.hint =
                Some("secret references are not supported; write the text or ${NAME}".to_owned());
        }
    } else if value.as_str() == Some(REDACTED) {
        report.errors.push(
            Issue::new(
                path,
                "Invalid input: the redacted placeholder is not a value",
            )
            .with_hint("enter the real value"),
        );
    }
}

/// Rules between keys. They are warnings, because keys are set one after the other.
fn cross_check(config: &Value, report: &mut Report) {
    let text = |pointer: &str| config.pointer(pointer).and_then(Value::as_str);
    if text("/gateway/bind") == Some("custom") && text("/gateway/customBindHost").is_none() {
        report.warnings.push(
            Issue::new(
                "gateway.bind",
                "gateway.bind=custom requires gateway.customBindHost",
            )
            .with_hint("set gateway.customBindHost, or put the address into gateway.bind"),
        );
    }
    if text("/gateway/auth/mode") == Some("trusted-proxy")
        && text("/gateway/auth/trustedProxy/userHeader").is_none()
    {
        report.warnings.push(Issue::new(
            "gateway.auth.trustedProxy.userHeader",
            "auth mode trusted-proxy requires the name of the user header",
        ));
    }
    check_tls(config, report);
    let has_edge_headers = config
        .pointer("/gateway/remote/edgeAuth")
        .and_then(Value::as_object)
        .is_some_and(|headers| !headers.is_empty());
    if let Some(url) = text("/gateway/remote/url").filter(|_| has_edge_headers)
        && crate::resolve::normalize_url(url).is_ok_and(|url| url.starts_with("ws://"))
    {
        report.warnings.push(
            Issue::new(
                "gateway.remote.edgeAuth",
                "headers are not sent, because gateway.remote.url is not encrypted",
            )
            .with_hint("use a wss:// URL"),
        );
    }
    if config.pointer("/env/shellEnv/enabled") == Some(&Value::Bool(true)) {
        report.warnings.push(
            Issue::new(
                "env.shellEnv.enabled",
                "variables are not imported from a login shell",
            )
            .with_hint("put them into the .env file of the state directory"),
        );
    }
}

/// TLS rules between keys.
fn check_tls(config: &Value, report: &mut Report) {
    let tls = |key: &str| config.pointer(&format!("/gateway/tls/{key}"));
    let mode = tls("mode").and_then(Value::as_str);
    let mut warn = |path: &str, message: &str, hint: &str| {
        report
            .warnings
            .push(Issue::new(path, message).with_hint(hint));
    };
    if let (Some(mode), Some(enabled)) = (mode, tls("enabled").and_then(Value::as_bool))
        && (mode != "off") != enabled
    {
        warn(
            "gateway.tls.enabled",
            "it has no effect: gateway.tls.mode decides",
            "openclaw config unset gateway.tls.enabled",
        );
    }
    let domains: Vec<&str> = tls("domains")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for domain in &domains {
        if crate::resolve::domain_name(domain).is_none() {
            warn(
                "gateway.tls.domains",
                &format!("entry ignored: \"{domain}\" is not a DNS name"),
                "for example claw.example.org",
            );
        }
    }
    if mode != Some("acme") {
        return;
    }
    if domains.is_empty() {
        warn(
            "gateway.tls.domains",
            "gateway.tls.mode=acme needs a domain",
            "openclaw config set gateway.tls.domains '[\"claw.example.org\"]'",
        );
    }
    if tls("acme/agreeToTerms") != Some(&Value::Bool(true)) {
        warn(
            "gateway.tls.acme.agreeToTerms",
            "gateway.tls.mode=acme orders nothing before the terms of the authority are agreed to",
            "read them, then: openclaw config set gateway.tls.acme.agreeToTerms true",
        );
    }
}

fn expected(path: &str, wanted: &str, value: &Value) -> Issue {
    let received = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Issue::new(
        path,
        format!("Invalid input: expected {wanted}, received {received}"),
    )
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// A fingerprint that is none lets no connection come about: it is refused when it is written, and a file that has one
/// is read, so that a gateway on this machine starts all the same.
fn check_fingerprint(path: &str, value: &Value, report: &mut Report) {
    match value.as_str() {
        None => report.errors.push(expected(path, "string", value)),
        Some(text) if text.contains("${") || text.trim().is_empty() || is_fingerprint(text) => {}
        Some(_) => leave_out(
            report,
            Issue::new(path, "Invalid input: not the SHA-256 of a certificate").with_hint(
                "64 hex digits, with or without colons, as openclaw gateway status shows them on the gateway host",
            ),
        ),
    }
}

/// Reads what a client reads as a fingerprint: 64 hex digits; colons, spaces, case and a prefix do not matter.
fn is_fingerprint(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let rest = ["sha256 fingerprint=", "sha-256:", "sha256:", "sha256="]
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix))
        .unwrap_or(&lower);
    let mut digits = rest.chars().filter(|c| !matches!(c, ':' | ' '));
    digits.clone().count() == 64 && digits.all(|digit| digit.is_ascii_hexdigit())
}

fn is_url(text: &str) -> bool {
    crate::resolve::normalize_url(text).is_ok()
}

/// True for a domain of unicast DNS with room for the names below it.
pub fn is_dns_domain(text: &str) -> bool {
    let bare = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let last = bare.rsplit('.').next().unwrap_or_default();
    bare.len() <= LONGEST_DOMAIN
        && bare.split('.').all(is_label)
        && !last.eq_ignore_ascii_case("local")
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// True for an IP address, alone or with a prefix length that fits it.
pub fn is_ip_range(text: &str) -> bool {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| {
        prefix.bytes().all(|byte| byte.is_ascii_digit())
            && prefix.parse::<u8>().is_ok_and(|bits| bits <= longest)
    })
}

#[cfg(test)]
mod tests;
