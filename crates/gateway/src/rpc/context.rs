//! What a handler is given, and how it answers.

use std::sync::Arc;

use bytes::Bytes;
use openclaw_protocol::error::WireError;
use openclaw_protocol::frame::{encode_error, encode_ok, encode_ok_with};
use openclaw_protocol::schema::params_schema;
use serde::{Deserialize, Serialize};

use crate::conn::hub::Conn;
use crate::core::Core;
use crate::records::AuditEvent;

/// A successful answer.
#[derive(Debug, Clone)]
pub enum Payload {
    /// No payload member.
    Absent,
    /// Raw JSON.
    Text(String),
    /// Raw JSON, shared with others.
    Shared(Arc<str>),
    /// Raw JSON, known at build time.
    Static(&'static str),
    /// Raw JSON, after which the caller's connection is closed.
    Last {
        /// The answer.
        text: String,
        /// Close code.
        code: u16,
        /// Close reason.
        reason: &'static str,
    },
}

impl Payload {
    /// Encodes a value.
    pub fn of<T: Serialize>(value: &T) -> Self {
        Self::Text(serde_json::to_string(value).expect("answers have string keys only"))
    }

    /// The raw JSON, if there is any.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Text(text) | Self::Last { text, .. } => Some(text),
            Self::Shared(text) => Some(text),
            Self::Static(text) => Some(text),
        }
    }
}

/// What a handler returns.
pub type RpcResult = Result<Payload, WireError>;

/// One request, while it is being handled.
#[derive(Debug, Clone, Copy)]
pub struct Ctx<'a> {
    /// The gateway.
    pub core: &'a Arc<Core>,
    /// The caller.
    pub conn: &'a Arc<Conn>,
    /// Raw request id.
    pub id: &'a str,
}

impl Ctx<'_> {
    /// An answer to be given later, from anywhere. Counts as one of the answers the caller waits for.
    pub fn responder(&self) -> Result<Responder, WireError> {
        Responder::new(self.conn, self.id)
    }
}

/// One request that is handled by a task of its own.
#[derive(Debug, Clone)]
pub struct Call {
    /// The gateway.
    pub core: Arc<Core>,
    /// The caller.
    pub conn: Arc<Conn>,
    /// Raw params.
    pub params: String,
    /// Method name.
    pub method: &'static str,
}

impl Call {
    /// Decodes the params.
    pub fn params<'a, T: Deserialize<'a>>(&'a self) -> Result<T, WireError> {
        parse(self.method, &self.params)
    }

    /// An audit line about this caller.
    pub fn audit(
        &self,
        kind: &str,
        subject: Option<&str>,
        details: serde_json::Value,
    ) -> AuditEvent {
        self.core.audit_event(&self.conn, kind, subject, details)
    }
}

/// Decodes params; a failure is explained in the wording clients match on.
pub fn parse<'a, T: Deserialize<'a>>(method: &str, params: &'a str) -> Result<T, WireError> {
    // A derived type would take a list of its members, too.
    if !params.trim_start().starts_with('{') {
        return Err(WireError::invalid(format!(
            "invalid {method} params: must be object"
        )));
    }
    serde_json::from_str(params).map_err(|error| invalid_params(method, params, &error))
}

/// Decodes params after they were explained well-formed by the method's schema.
pub fn parse_checked<'a, T: Deserialize<'a>>(
    method: &str,
    params: &'a str,
) -> Result<T, WireError> {
    if let Some(schema) = params_schema(method)
        && let Ok(value) = serde_json::from_str(params)
    {
        let problems = schema.explain(&value);
        if !problems.is_empty() {
            return Err(WireError::invalid(format!(
                "invalid {method} params: {problems}"
            )));
        }
    }
    parse(method, params)
}

fn invalid_params(method: &str, params: &str, error: &serde_json::Error) -> WireError {
    let explained = params_schema(method)
        .and_then(|schema| {
            serde_json::from_str(params)
                .ok()
                .map(|value| schema.explain(&value))
        })
        .filter(|problems| !problems.is_empty());
    let problems = explained.unwrap_or_else(|| error.to_string());
    WireError::invalid(format!("invalid {method} params: {problems}"))
}

/// An answer that is still owed.
#[derive(Debug)]
pub struct Responder {
    conn: Arc<Conn>,
    id: Box<str>,
}

impl Responder {
    /// For a request of a connection.
    pub fn new(conn: &Arc<Conn>, id: &str) -> Result<Self, WireError> {
        if !conn.begin() {
            let message = format!(
                "too many requests in flight ({}); wait for answers before sending more",
                crate::conn::hub::MAX_IN_FLIGHT
            );
            return Err(WireError::unavailable(message).retryable(Some(100)));
        }
        Ok(Self {
            conn: Arc::clone(conn),
            id: id.into(),
        })
    }

    /// The caller.
    pub fn conn(&self) -> &Arc<Conn> {
        &self.conn
    }

    /// Answers with raw JSON of about `size` bytes, written in place.
    pub fn ok_with(self, size: usize, payload: impl FnOnce(&mut String)) {
        self.send(encode_ok_with(&self.id, size, payload));
    }

    /// Answers with an error.
    pub fn err(self, error: &WireError) {
        self.send(encode_error(&self.id, error));
    }

    /// Answers.
    pub fn answer(self, result: &RpcResult) {
        match result {
            Ok(payload) => self.send(encode_ok(&self.id, payload.text())),
            Err(error) => self.send(encode_error(&self.id, error)),
        }
        if let Ok(Payload::Last { code, reason, .. }) = result {
            self.conn.outbox.close(*code, reason);
        }
    }

    fn send(&self, frame: String) {
        // A caller that left does not need the answer.
        let _refused = self.conn.outbox.push(Bytes::from(frame));
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.conn.end();
    }
}
