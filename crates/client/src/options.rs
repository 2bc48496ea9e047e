//! Everything a connection is made of; nothing is looked up anywhere else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use openclaw_config::Secret;
use openclaw_protocol::handshake::ClientInfo;
use openclaw_protocol::scope::Role;

use crate::identity::{DeviceIdentity, TokenCache};
use crate::target::Target;
use crate::tls::TlsOptions;

/// Default of [`ClientOptions::connect_timeout`]: more than a gateway allows for its handshake, so
/// that its reason is seen rather than our own time-out.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Default of [`ClientOptions::call_timeout`].
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Events kept for a subscriber that falls behind.
pub const EVENT_CAPACITY: usize = 512;

/// Secrets that may be sent. Nothing implicit is ever added, except a device token that this very
/// gateway issued earlier (see [`ClientOptions::token_cache`]).
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// Shared token.
    pub token: Option<Secret>,
    /// Shared password; always sent when set.
    pub password: Option<Secret>,
    /// Device token given by hand; wins over a cached one.
    pub device_token: Option<Secret>,
    /// Single-use token of a setup code (2026.9.6 and this gateway).
    pub bootstrap_token: Option<Secret>,
    /// Whether the caller typed the URL or a credential for this call. A typed token then wins over
    /// a cached device token, and a cached token of unknown origin is not used.
    pub explicit: bool,
}

impl Credentials {
    /// Only a shared token.
    pub fn token(token: impl Into<Secret>) -> Self {
        Self {
            token: Some(token.into()),
            ..Self::default()
        }
    }

    /// Only a shared password.
    pub fn password(password: impl Into<Secret>) -> Self {
        Self {
            password: Some(password.into()),
            ..Self::default()
        }
    }
}

/// Options of a [`crate::Client`].
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Where to connect.
    pub target: Target,
    /// Addresses to connect to instead of those that the host of the URL resolves to. Default none.
    pub addresses: Vec<SocketAddr>,
    /// What may be sent as proof.
    pub credentials: Credentials,
    /// Device key. `None` connects without a device.
    pub identity: Option<Arc<DeviceIdentity>>,
    /// Cache of device tokens; read before, written after a connect. `None` keeps none.
    pub token_cache: Option<TokenCache>,
    /// Who is calling. The instance id is random, one per options, the same over reconnects.
    pub client: ClientInfo,
    /// Role asked for.
    pub role: Role,
    /// Scopes asked for, in the order in which they are signed.
    pub scopes: Vec<String>,
    /// Capabilities.
    pub caps: Vec<String>,
    /// Commands a node declares.
    pub commands: Vec<String>,
    /// Permissions a node reports.
    pub permissions: BTreeMap<String, bool>,
    /// `PATH` of a node.
    pub path_env: Option<String>,
    /// TLS trust.
    pub tls: TlsOptions,
    /// Allows plaintext to public addresses (`OPENCLAW_ALLOW_INSECURE_PRIVATE_WS=1`). Default false.
    pub allow_insecure_plaintext: bool,
    /// Time from the first packet to the hello. Default [`CONNECT_TIMEOUT`].
    pub connect_timeout: Duration,
    /// Deadline of [`crate::Client::call`]. Default [`CALL_TIMEOUT`].
    pub call_timeout: Duration,
    /// Oldest protocol offered. Default 3.
    pub min_protocol: u32,
    /// Newest protocol offered. Default 4.
    pub max_protocol: u32,
    /// Further headers of the upgrade request.
    pub extra_headers: Vec<(HeaderName, HeaderValue)>,
    /// Events kept for a subscriber that falls behind. Default [`EVENT_CAPACITY`].
    pub event_capacity: usize,
    /// Name under which the device tokens of this gateway are kept. Default: the target. Needed where the target says nothing
    /// about the gateway, as a local port of a tunnel.
    pub gateway_name: Option<String>,
}

impl ClientOptions {
    /// A command-line operator that asks for full scopes. `version` is that of the program.
    pub fn operator(target: Target, version: impl Into<String>) -> Self {
        let scopes = ["operator.admin", "operator.approvals", "operator.pairing"];
        Self {
            scopes: scopes.map(str::to_owned).to_vec(),
            ..Self::new(target, Role::Operator, "cli", "cli", version.into())
        }
    }

    /// A headless node host. `version` is that of the program.
    pub fn node(target: Target, version: impl Into<String>) -> Self {
        Self::new(target, Role::Node, "node-host", "node", version.into())
    }

    /// Any client, without scopes; `id` and `mode` are of the lists in [`openclaw_protocol::handshake`].
    pub fn new(target: Target, role: Role, id: &str, mode: &str, version: String) -> Self {
        Self {
            target,
            addresses: Vec::new(),
            credentials: Credentials::default(),
            identity: None,
            token_cache: None,
            client: ClientInfo {
                id: id.to_owned(),
                mode: mode.to_owned(),
                version,
                platform: platform().to_owned(),
                device_family: Some(device_family().to_owned()),
                instance_id: Some(uuid::Uuid::new_v4().to_string()),
                ..ClientInfo::default()
            },
            role,
            scopes: Vec::new(),
            caps: Vec::new(),
            commands: Vec::new(),
            permissions: BTreeMap::new(),
            path_env: None,
            tls: TlsOptions::default(),
            allow_insecure_plaintext: false,
            connect_timeout: CONNECT_TIMEOUT,
            call_timeout: CALL_TIMEOUT,
            min_protocol: openclaw_protocol::PROTOCOL_MIN,
            max_protocol: openclaw_protocol::PROTOCOL_MAX,
            extra_headers: Vec::new(),
            event_capacity: EVENT_CAPACITY,
            gateway_name: None,
        }
    }

    /// Adds a header to the upgrade request; its value never shows up in `Debug` output. `None` when it is no header.
    pub fn add_header(&mut self, name: &str, value: &Secret) -> Option<()> {
        let name = HeaderName::try_from(name).ok()?;
        let mut value = HeaderValue::try_from(value.expose()).ok()?;
        value.set_sensitive(true);
        self.extra_headers.push((name, value));
        Some(())
    }

    /// The name under which device tokens of the gateway are kept.
    pub fn gateway_name(&self) -> String {
        self.gateway_name
            .clone()
            .unwrap_or_else(|| self.target.to_string())
    }
}

/// `client.platform` of this machine, in the words other clients use.
pub const fn platform() -> &'static str {
    if cfg!(target_os = "macos") {
        "darwin"
    } else if cfg!(windows) {
        "win32"
    } else {
        std::env::consts::OS
    }
}

/// `client.deviceFamily` of this machine.
pub const fn device_family() -> &'static str {
    if cfg!(target_os = "macos") {
        "Mac"
    } else if cfg!(windows) {
        "Windows"
    } else {
        "Linux"
    }
}
