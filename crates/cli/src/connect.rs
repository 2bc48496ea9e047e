//! Connects a command to its gateway and makes its calls.
//!
//! On this machine the owner-only control socket comes first: it needs no credential and is there
//! in every bind mode. A URL or a credential on the command line goes over TCP, as typed.

mod advice;
mod failure;
mod scopes;
mod through;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openclaw_client::{
    Client, ClientOptions, ConnectError, Credentials, DeviceIdentity, Fingerprint, HelloOk,
    LinkInfo, Target, TokenCache,
};
use openclaw_config::Profile;
use openclaw_config::env;
use openclaw_config::resolve::{
    ClientTarget, MissingRemote, TlsFlags, TlsPlan, UrlSource, resolve_client_target, resolve_tls,
};
use openclaw_config::schema::GatewayMode;
use openclaw_gateway::listen::{interface_addresses, local_host};
use openclaw_gateway::lock::{LockHeld, peek};
use openclaw_gateway::tls::own_certificate;
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::app::VERSION;
use crate::args::CallArgs;
use crate::context::Context;
use crate::host::host_name;
use crate::platform::HAS_CONTROL_SOCKET;
use crate::trust::tls_options;
use crate::tunnel::Lease;
use crate::ui::format::now_ms;

pub(crate) use advice::{is_another_program, is_unreachable};
pub(crate) use failure::{CallFailure, Cause};
pub(crate) use through::{Through, through};

/// A connected command.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    target: ClientTarget,
    deadline: Deadline,
    tunnel: Option<Box<Lease>>,
    /// Whose commands are printed, when the gateway is this machine's.
    profile: Profile,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    /// Whether URL or credentials were typed; then nothing else is used.
    pub(crate) explicit: bool,
    /// Scopes needed.
    pub(crate) scopes: ScopeSet,
    /// Until when.
    pub(crate) deadline: Deadline,
    /// A look that may also be refused: no credential is no reason not to try.
    pub(crate) probe: bool,
}

/// One time limit for connecting and all calls of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    limit: Duration,
    end: Instant,
}

impl Deadline {
    /// Starts now.
    pub(crate) fn after(limit: Duration) -> Self {
        Self {
            limit,
            end: Instant::now() + limit,
        }
    }

    /// As long again, from now on.
    fn restarted(self) -> Self {
        Self::after(self.limit)
    }

    fn left(self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }
}

/// The scopes a command needs.
pub(crate) fn needs<const N: usize>(scopes: [Scope; N]) -> ScopeSet {
    scopes.into_iter().collect()
}

impl Connection {
    /// Connects to the gateway that flags, environment and config name.
    pub(crate) async fn open(
        context: &Context,
        args: &CallArgs,
        scopes: ScopeSet,
    ) -> Result<Self, CallFailure> {
        let target = context.target(args, MissingRemote::Refuse)?;
        let wish = Wish {
            explicit: args.is_explicit(),
            scopes,
            deadline: Deadline::after(args.deadline()),
            probe: false,
        };
        let local = target.is_local();
        if local && !wish.explicit {
            match Self::open_socket(context, target.clone(), wish).await {
                // Nobody behind the socket: a gateway that died, or another program's gateway.
                Err(failure) if failure.connect_error().is_some_and(is_unreachable) => {}
                other => return other,
            }
        }
        Self::open_url(context, target, wish).await
    }

    /// Connects to this machine's gateway as its owner: to the control socket, or, where there is none, to the URL of `target`.
    pub(crate) async fn open_own(
        context: &Context,
        target: ClientTarget,
        wish: Wish,
    ) -> Result<Self, CallFailure> {
        if HAS_CONTROL_SOCKET {
            Self::open_socket(context, target, wish).await
        } else {
            Self::open_url(context, target, wish).await
        }
    }

    /// Connects to the control socket of this machine's gateway.
    pub(crate) async fn open_socket(
        context: &Context,
        mut target: ClientTarget,
        wish: Wish,
    ) -> Result<Self, CallFailure> {
        let socket = &context.paths().control_socket;
        let mut options = ClientOptions::operator(Target::unix(socket), VERSION);
        options.scopes = names(wish.scopes);
        options.connect_timeout = wish.deadline.left();
        match Client::connect(options).await {
            Ok(client) => {
                target.url = format!("unix:{}", socket.display());
                Ok(Self {
                    client,
                    target,
                    deadline: wish.deadline,
                    tunnel: None,
                    profile: context.paths().profile.clone(),
                })
            }
            Err(error) => Err(CallFailure::connect(error, &target, None)),
        }
    }

    /// Connects to the URL of a target.
    pub(crate) async fn open_url(
        context: &Context,
        target: ClientTarget,
        wish: Wish,
    ) -> Result<Self, CallFailure> {
        let local = target.is_local();
        let opened = Self::open_at(context, target, wish, Vec::new()).await;
        // Commands for this machine are printed with the profile that they are about.
        opened.map_err(|failure| {
            if local {
                failure.for_profile(&context.paths().profile)
            } else {
                failure
            }
        })
    }

    /// Connects to the URL of a target at these addresses; none means those that its host resolves to.
    pub(crate) async fn open_at(
        context: &Context,
        target: ClientTarget,
        wish: Wish,
        addresses: Vec<SocketAddr>,
    ) -> Result<Self, CallFailure> {
        let Wish {
            explicit,
            scopes,
            mut deadline,
            probe,
        } = wish;
        if !explicit && !probe {
            for name in [env::OPENCLAW_GATEWAY_TOKEN, env::OPENCLAW_GATEWAY_PASSWORD] {
                context.needs_secret(name).map_err(CallFailure::command)?;
            }
        }
        let url = match Target::parse(&target.url) {
            Ok(url) => url,
            Err(error) => return Err(CallFailure::target(&error)),
        };
        let by_ssh = match (&target.ssh, url.url()) {
            (Some(route), Some(url)) => {
                let reached = through(context, route, url, false).await;
                // Opening a tunnel takes time of its own.
                deadline = deadline.restarted();
                Some(reached.map_err(|problem| CallFailure::tunnel(&problem, &target))?)
            }
            _ => None,
        };
        let url = by_ssh.as_ref().map_or(url, |ssh| ssh.target.clone());
        let gateway_name = by_ssh
            .as_ref()
            .map_or_else(|| url.to_string(), |ssh| ssh.gateway_name.clone());
        let identity = DeviceIdentity::load_or_create(&context.paths().identity_file)
            .map_err(|error| CallFailure::target(&error))?;
        let identity = Arc::new(identity);
        let cache = TokenCache::new(&context.paths().device_auth_file);
        let cached = cache.get(identity.device_id(), &gateway_name, "operator", !explicit);
        let shows_nothing = target.token.is_none() && target.password.is_none();
        let typed_url = matches!(target.url_source, UrlSource::Flag | UrlSource::Env);
        if typed_url && shows_nothing && cached.is_none() && !probe {
            return Err(CallFailure::credentials_required(target.url_source));
        }
        let remote = !target.is_local();
        let mut options = ClientOptions::operator(url, VERSION);
        options.addresses = addresses;
        options.gateway_name = Some(gateway_name);
        for (name, value) in &target.edge_headers {
            if options.add_header(name, value).is_none() {
                return Err(CallFailure::target(&format!(
                    "gateway.remote.edgeAuth.{name}: not a header"
                )));
            }
        }
        options.client.display_name = Some(device_name(context));
        if probe {
            "probe".clone_into(&mut options.client.mode);
        }
        options.scopes = scopes::choose(
            scopes,
            cached.as_ref().map(|cached| cached.scopes.as_slice()),
            remote,
        );
        options.credentials = Credentials {
            token: target.token.as_ref().map(|token| token.value.clone()),
            password: target
                .password
                .as_ref()
                .map(|password| password.value.clone()),
            explicit,
            ..Credentials::default()
        };
        let pin = target.tls_fingerprint.as_deref().map(str::parse);
        let pin: Option<Fingerprint> = match pin.transpose() {
            Ok(pin) => pin,
            Err(error) => return Err(CallFailure::target(&error)),
        };
        let is_remote = target.url_source == UrlSource::Remote;
        options.tls = tls_options(context, pin, is_remote).map_err(CallFailure::command)?;
        options.tls.server_name = by_ssh.as_ref().and_then(|ssh| ssh.server_name.clone());
        options.allow_insecure_plaintext = allows_plaintext(context);
        options.connect_timeout = deadline.left();
        options.identity = Some(Arc::clone(&identity));
        options.token_cache = Some(cache);
        match Client::connect(options).await {
            Ok(client) => Ok(Self {
                client,
                target,
                deadline,
                tunnel: by_ssh.map(|ssh| Box::new(ssh.lease)),
                profile: context.paths().profile.clone(),
            }),
            Err(error) => {
                let error = match error {
                    ConnectError::Timeout(_) => ConnectError::Timeout(deadline.limit),
                    other => other,
                };
                let silent = is_unreachable(&error) || error.close_info().is_some();
                let failure = CallFailure::connect(error, &target, Some(identity.device_id()));
                Err(match by_ssh {
                    Some(ssh) if silent => failure.behind_tunnel(&ssh.lease).await,
                    _ => failure,
                })
            }
        }
    }

    /// Calls a method and decodes its result.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &Value,
    ) -> Result<T, CallFailure> {
        let raw = self.call_raw(method, params).await?;
        serde_json::from_str(raw.get()).map_err(|error| {
            CallFailure::answer(
                format!("unexpected answer to {method}: {error}"),
                &self.target,
            )
        })
    }

    /// Calls a method; its result stays as it came.
    pub(crate) async fn call_raw(
        &self,
        method: &str,
        params: &Value,
    ) -> Result<Box<RawValue>, CallFailure> {
        self.call_within(method, params, self.deadline).await
    }

    /// Calls a method with a time limit of its own.
    pub(crate) async fn call_within(
        &self,
        method: &str,
        params: &Value,
        deadline: Deadline,
    ) -> Result<Box<RawValue>, CallFailure> {
        let answered = self
            .client
            .call_with_timeout(method, params, deadline.left());
        self.answer(answered.await, deadline)
    }

    /// Calls a method that does no harm twice: when the gateway restarts meanwhile, the call is made again.
    pub(crate) async fn call_through_restarts(
        &self,
        method: &str,
        params: &Value,
        deadline: Deadline,
    ) -> Result<Box<RawValue>, CallFailure> {
        let answered = self
            .client
            .call_through_restarts(method, params, deadline.left());
        self.answer(answered.await, deadline)
    }

    /// The result as it came, or the failure with what is known about the gateway.
    fn answer(
        &self,
        answered: Result<openclaw_client::Response, openclaw_client::CallError>,
        deadline: Deadline,
    ) -> Result<Box<RawValue>, CallFailure> {
        answered
            .map(openclaw_client::Response::into_raw)
            .map_err(|error| {
                let hello = self.hello();
                let failure =
                    CallFailure::call(error, deadline.limit, &self.target, hello.as_deref());
                if self.target.is_local() {
                    failure.for_profile(&self.profile)
                } else {
                    failure
                }
            })
    }

    /// The time limit of the command.
    pub(crate) const fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// What the gateway said when it let us in.
    pub(crate) fn hello(&self) -> Option<Arc<HelloOk>> {
        self.client.hello()
    }

    /// Address, certificate and credential of the connection.
    pub(crate) fn link(&self) -> Option<LinkInfo> {
        self.client.link()
    }

    /// The tunnel it goes through.
    pub(crate) fn tunnel(&self) -> Option<&Lease> {
        self.tunnel.as_deref()
    }

    /// Where we are connected.
    pub(crate) const fn target(&self) -> &ClientTarget {
        &self.target
    }

    /// Ends the connection in good order.
    pub(crate) async fn close(self) {
        self.client.close().await;
    }
}

/// The name under which this device asks to be paired: the one it has as a node, because both are the
/// same device to the gateway.
pub(crate) fn device_name(context: &Context) -> String {
    std::fs::read_to_string(&context.paths().node_file)
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .and_then(|file| Some(file["displayName"].as_str()?.to_owned()))
        .unwrap_or_else(host_name)
}

fn names(scopes: ScopeSet) -> Vec<String> {
    scopes.names().into_iter().map(str::to_owned).collect()
}

impl Context {
    /// Resolves the gateway of a command.
    pub(crate) fn target(
        &self,
        args: &CallArgs,
        missing_remote: MissingRemote,
    ) -> Result<ClientTarget, CallFailure> {
        let settings = self.settings().map_err(CallFailure::command)?;
        let mut target = resolve_client_target(
            &args.client_flags(),
            self.env(),
            settings,
            self.paths(),
            missing_remote,
        )
        .map_err(|error| CallFailure::target(&error))?;
        self.follow_running(&mut target);
        Ok(target)
    }

    /// The target of `gateway.remote.url`, whatever `gateway.mode` says.
    pub(crate) fn remote_target(&self, args: &CallArgs) -> Result<ClientTarget, CallFailure> {
        let mut settings = self.settings().map_err(CallFailure::command)?.clone();
        settings.gateway.mode = Some(GatewayMode::Remote);
        resolve_client_target(
            &args.client_flags(),
            self.env(),
            &settings,
            self.paths(),
            MissingRemote::Refuse,
        )
        .map_err(|error| CallFailure::target(&error))
    }

    /// Points a target of this machine at the port on which its gateway really listens, and pins the certificate that
    /// this machine's gateway has.
    pub(crate) fn follow_running(&self, target: &mut ClientTarget) {
        if !target.is_local() {
            return;
        }
        let plan = self.tls_plan();
        if target.tls_fingerprint.is_none() {
            target.tls_fingerprint = plan.as_ref().and_then(|plan| self.own_fingerprint(plan));
        }
        let (scheme, rest) = target.url.split_once("://").unwrap_or(("ws", &target.url));
        let scheme = match &plan {
            Some(plan) if plan.is_on() => "wss",
            Some(_) => "ws",
            None => scheme,
        };
        let rest = match self.running_port() {
            Some(port) => {
                let (host, _) = rest.rsplit_once(':').unwrap_or((rest, ""));
                let host = if self.running_without_ipv4() {
                    "[::1]"
                } else {
                    host
                };
                format!("{host}:{port}")
            }
            None => rest.to_owned(),
        };
        target.url = format!("{scheme}://{rest}");
    }

    /// What the gateway of this machine does about TLS: as the running one was started, else as environment and config say.
    pub(crate) fn tls_plan(&self) -> Option<TlsPlan> {
        let flags = TlsFlags {
            mode: self.running().and_then(|holder| holder.tls),
            ..TlsFlags::default()
        };
        resolve_tls(&flags, self.env(), self.settings().ok()?).ok()
    }

    /// Fingerprint of the certificate that the gateway of this machine shows to those who come by address.
    pub(crate) fn own_fingerprint(&self, plan: &TlsPlan) -> Option<String> {
        let facts = own_certificate(plan, self.settings().ok()?, self.paths())?;
        Some(facts.fingerprint)
    }

    /// The gateway that holds this state directory.
    fn running(&self) -> Option<LockHeld> {
        peek(&self.paths().lock_file, now_ms()).ok().flatten()
    }

    /// Whether the gateway that holds this state directory is reached over IPv6 alone: on a host that has nothing else.
    fn running_without_ipv4(&self) -> bool {
        let addresses = self
            .running()
            .map_or_else(Vec::new, |holder| holder.addresses);
        let listening: Vec<SocketAddr> =
            addresses.iter().filter_map(|at| at.parse().ok()).collect();
        let interfaces = interface_addresses().unwrap_or_default();
        local_host(&listening, &interfaces) != "127.0.0.1"
    }

    /// Port of the gateway that holds this state directory, which may have been started with
    /// another one than the config says. A port in the environment is meant as it is.
    fn running_port(&self) -> Option<u16> {
        if self.env().get(env::OPENCLAW_GATEWAY_PORT).is_some() {
            return None;
        }
        self.running()?.address?.rsplit_once(':')?.1.parse().ok()
    }
}

/// Whether this person takes the risk of plain `ws://` to public addresses.
pub(crate) fn allows_plaintext(context: &Context) -> bool {
    context
        .env()
        .get_process(env::OPENCLAW_ALLOW_INSECURE_PRIVATE_WS)
        == Some("1")
}
