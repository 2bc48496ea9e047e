//! One connection: transport, handshake, and the loop that carries calls and events.

pub(crate) mod handshake;
pub(crate) mod run;
mod transport;
pub(crate) mod wire;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use openclaw_config::Secret;
use openclaw_protocol::error::close;
use openclaw_protocol::frame::{ResponseFrame, ServerFrame, encode_request};
use openclaw_protocol::handshake::HelloOk;
use serde_json::value::RawValue;
use tokio::time::timeout;
use tokio_websockets::{CloseCode, Message, WebSocketStream};

use crate::client::LinkInfo;
use crate::error::{CloseInfo, ConnectError, Refusal, RefusalKind, TransportError};
use crate::options::ClientOptions;
use handshake::{Attempt, Challenge, Proof};
use transport::Counted;
pub(crate) use transport::{Transport, open_tcp, open_unix, server_name};

/// The WebSocket under a connection.
pub(crate) type Socket = WebSocketStream<Counted>;

/// A connection after its hello.
pub(crate) struct Session {
    pub(crate) socket: Socket,
    pub(crate) hello: HelloOk,
    pub(crate) link: LinkInfo,
}

/// How long a refusing gateway gets to send its close frame.
const CLOSE_WAIT: Duration = Duration::from_secs(1);
/// How often a gateway that is still starting is asked again within one connect.
const STARTING_RETRIES: u32 = 20;
/// Pause before that when the gateway names none.
const STARTING_PAUSE: Duration = Duration::from_millis(500);
/// Id of the connect request; calls count from 1 with another prefix.
const CONNECT_ID: &str = "connect";

/// Connects and shakes hands. Tries the credentials at hand in turn, the protocol the gateway asks
/// for, and waits for a gateway that is starting; anything else is the caller's to retry.
pub(crate) async fn establish(
    options: &ClientOptions,
    transport: &Transport,
) -> Result<Session, ConnectError> {
    let cached = cached_token(options);
    let mut attempt = Attempt::first(options, cached);
    let mut starting = 0;
    let mut given_error = None;
    loop {
        let error = match try_once(options, transport, &attempt).await {
            Ok(session) => {
                keep_token(options, &attempt, &session.hello);
                return Ok(session);
            }
            Err(error) => error,
        };
        if is_starting(&error) && starting < STARTING_RETRIES {
            starting += 1;
            tokio::time::sleep(error.retry_after().unwrap_or(STARTING_PAUSE)).await;
            continue;
        }
        if let Some(refusal) = error.refusal() {
            drop_stale_token(options, &attempt, refusal);
        }
        let next = error.refusal().and_then(|refusal| attempt.after(refusal));
        // Of two refusals the one about what the user configured is worth reading.
        let reported = match given_error.take() {
            Some(earlier) if matches!(attempt.proof(), Proof::Cached(_)) => earlier,
            _ => error,
        };
        match next {
            Some(next) => attempt = next,
            None => return Err(reported),
        }
        given_error = Some(reported);
    }
}

fn is_starting(error: &ConnectError) -> bool {
    match error {
        ConnectError::Refused(refusal) => refusal.kind() == RefusalKind::Starting,
        ConnectError::Closed(info) => {
            matches!(info.code, close::TRY_AGAIN | close::SERVICE_RESTART)
        }
        _ => false,
    }
}

fn cached_token(options: &ClientOptions) -> Option<crate::identity::CachedToken> {
    let identity = options.identity.as_ref()?;
    options.token_cache.as_ref()?.get(
        identity.device_id(),
        &options.gateway_name(),
        options.role.name(),
        !options.credentials.explicit,
    )
}

/// Stores the device tokens of a hello. A cache that cannot be written costs the next connect, not this one.
fn keep_token(options: &ClientOptions, attempt: &Attempt, hello: &HelloOk) {
    let (Some(identity), Some(cache)) = (&options.identity, &options.token_cache) else {
        return;
    };
    let gateway = options.gateway_name();
    let Some(auth) = hello.auth.as_ref() else {
        return;
    };
    let Some(token) = auth.device_token.as_deref() else {
        if let Some(stale) = attempt.refused_token() {
            remove_token(options, stale);
        }
        return;
    };
    let stored = cache.store(
        identity.device_id(),
        &gateway,
        &auth.role,
        &Secret::from(token),
        &auth.scopes,
    );
    if let Err(error) = stored {
        tracing::warn!(path = %cache.path().display(), %error, "cannot store the device token");
    }
}

fn drop_stale_token(options: &ClientOptions, attempt: &Attempt, refusal: &Refusal) {
    if let Proof::Cached(cached) = attempt.proof()
        && refusal.kind() == RefusalKind::DeviceTokenMismatch
    {
        remove_token(options, &cached.token);
    }
}

fn remove_token(options: &ClientOptions, token: &Secret) {
    let (Some(identity), Some(cache)) = (&options.identity, &options.token_cache) else {
        return;
    };
    let removed = cache.remove(
        identity.device_id(),
        &options.gateway_name(),
        options.role.name(),
        token,
    );
    if let Err(error) = removed {
        tracing::warn!(path = %cache.path().display(), %error, "cannot drop the device token");
    }
}

async fn try_once(
    options: &ClientOptions,
    transport: &Transport,
    attempt: &Attempt,
) -> Result<Session, ConnectError> {
    let (mut socket, mut link) = transport.open(options).await?;
    link.credential = attempt.credential(options);
    let challenge = await_challenge(&mut socket).await?;
    let params = handshake::connect_params(options, attempt, &challenge);
    let params = serde_json::to_string(&params)
        .map_err(|error| ConnectError::Protocol(error.to_string()))?;
    let request = encode_request(CONNECT_ID, "connect", Some(&params));
    socket.send(Message::text(request)).await.map_err(broken)?;
    let response = await_response(&mut socket).await?;
    if let Some(error) = response.error {
        let close = timeout(CLOSE_WAIT, await_close(&mut socket)).await;
        let close = close.ok().flatten();
        return Err(ConnectError::Refused(Box::new(Refusal { error, close })));
    }
    let hello = response.payload.as_deref().map(RawValue::get);
    let hello = serde_json::from_str(hello.unwrap_or("null"))
        .map_err(|error| ConnectError::Protocol(format!("unreadable hello: {error}")))?;
    Ok(Session {
        socket,
        hello,
        link,
    })
}

async fn await_challenge(socket: &mut Socket) -> Result<Challenge, ConnectError> {
    loop {
        let message = next_message(socket).await?;
        if let Some(ServerFrame::Event(event)) = wire::parse(&message)
            && event.event == "connect.challenge"
        {
            let payload = event.payload.as_deref().map_or("null", RawValue::get);
            return serde_json::from_str(payload)
                .map_err(|error| ConnectError::Protocol(format!("unreadable challenge: {error}")));
        }
    }
}

async fn await_response(socket: &mut Socket) -> Result<ResponseFrame, ConnectError> {
    loop {
        let message = next_message(socket).await?;
        if let Some(ServerFrame::Response(response)) = wire::parse(&message)
            && response.id == CONNECT_ID
        {
            return Ok(response);
        }
    }
}

/// The next data or ping message; a close is an error.
async fn next_message(socket: &mut Socket) -> Result<Message, ConnectError> {
    match socket.next().await {
        Some(Ok(message)) => match close_of(&message) {
            Some(close) => Err(ConnectError::Closed(close)),
            None => Ok(message),
        },
        Some(Err(error)) => Err(broken(error)),
        None => Err(ConnectError::Closed(CloseInfo::abnormal())),
    }
}

async fn await_close(socket: &mut Socket) -> Option<CloseInfo> {
    while let Some(Ok(message)) = socket.next().await {
        if let Some(close) = close_of(&message) {
            // Polled once more so that the answer to the close frame goes out.
            drop(socket.next().await);
            return Some(close);
        }
    }
    None
}

pub(crate) fn close_of(message: &Message) -> Option<CloseInfo> {
    message.as_close().map(|(code, reason)| CloseInfo {
        code: code.into(),
        reason: reason.to_owned(),
    })
}

pub(crate) fn close_message(code: u16, reason: &str) -> Message {
    Message::close(CloseCode::try_from(code).ok(), reason)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used as a function of map_err"
)]
fn broken(error: tokio_websockets::Error) -> ConnectError {
    ConnectError::Unreachable(TransportError::Broken(error.to_string()))
}
