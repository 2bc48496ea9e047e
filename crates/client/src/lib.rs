//! Client library of the openclaw gateway: one WebSocket, requests, events, reconnection.
//!
//! Owns the target URL, the device key, TLS and plaintext rules, the handshake and the life of a
//! connection. It reads no environment and no configuration: what it may send is in [`ClientOptions`].
//!
//! ```no_run
//! use openclaw_client::{Client, ClientOptions, Credentials, Target};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let target = Target::parse("ws://127.0.0.1:18789")?;
//! let mut options = ClientOptions::operator(target, "2026.1.30");
//! options.credentials = Credentials::token("secret");
//! let client = Client::connect(options).await?;
//! let health = client.call("health", &serde_json::json!({})).await?;
//! println!("{}", health.get());
//! client.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! [`Client::connect`] is one shot: the connection ends when the gateway ends it. [`Client::spawn`]
//! keeps reconnecting as its [`ReconnectPolicy`] says. Handles are cheap to clone; the connection
//! ends with the last of them.
#![warn(missing_docs)]

mod again;
pub mod client;
pub mod error;
pub mod events;
pub mod fetch;
pub mod identity;
pub mod options;
pub mod plaintext;
mod platform;
pub mod reconnect;
mod session;
pub mod target;
pub mod tls;
pub mod tunnel;
pub mod walk;

pub use client::{Client, ConnectionState, LinkInfo, Response};
pub use error::{
    CallError, CloseInfo, ConnectError, FailureClass, Refusal, RefusalKind, TransportError,
};
pub use events::{EventItem, Events};
pub use identity::{DeviceIdentity, IdentityError, TokenCache};
pub use openclaw_protocol::frame::EventFrame as Event;
pub use openclaw_protocol::handshake::{ClientInfo, HelloOk};
pub use options::{ClientOptions, Credentials};
pub use reconnect::ReconnectPolicy;
pub use target::{Target, TargetError};
pub use tls::{ClientCertificate, Fingerprint, TlsOptions};
