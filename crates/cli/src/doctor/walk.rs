//! The walk itself: sees a hop, has it judged, goes on or stops.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use openclaw_client::target::Scheme;
use openclaw_client::walk::network::Network;
use openclaw_client::walk::tls::{TlsSeen, Trust};
use openclaw_client::walk::{DnsSeen, Walker};
use openclaw_client::{
    ClientOptions, DeviceIdentity, Fingerprint, HelloOk, Target, TlsOptions, TokenCache,
};
use openclaw_config::env;
use openclaw_config::resolve::{ClientTarget, UrlSource, resolve_ssh};
use openclaw_protocol::fingerprint::fingerprint_words;
use serde_json::json;

use super::asked::Asked;
use super::verdict::{auth, config, dns, http, scope, socket, tcp, tls};
use super::{Fix, Hop, Verdict};
use crate::app::VERSION;
use crate::connect::{CallFailure, Cause, Connection, Deadline, Wish, needs};
use crate::context::Context;
use crate::service::nearby::start_command;
use crate::trust::tls_options;
use crate::ui::format::now_ms;
use openclaw_protocol::scope::Scope;

/// How to walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'a> {
    /// Whether a URL or a credential was typed.
    pub(crate) explicit: bool,
    /// Most time for one hop.
    pub(crate) limit: Duration,
    /// Resolver and TCP.
    pub(crate) network: &'a dyn Network,
    /// Roots to trust beside the public ones.
    pub(crate) tls: &'a TlsOptions,
}

/// What became of the walk.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Where it went.
    pub(crate) url: String,
    /// What chose that.
    pub(crate) source: String,
    /// Which credential is at hand.
    pub(crate) credential: String,
    /// The hops that were seen, the failing one last.
    pub(crate) steps: Vec<Step>,
    /// What is wrong; `None` when all is well.
    pub(crate) verdict: Option<Verdict>,
}

/// One hop that was seen.
#[derive(Debug)]
pub(crate) struct Step {
    /// Which.
    pub(crate) hop: Hop,
    /// How it went.
    pub(crate) state: State,
    /// What was seen, in a few words.
    pub(crate) seen: String,
    /// How long it took.
    pub(crate) took: Option<Duration>,
    /// What is worth knowing although nothing is broken.
    pub(crate) notes: Vec<String>,
}

/// How a hop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Well.
    Passed,
    /// There is nothing to do for it on this way.
    Skipped,
    /// Here the way ends.
    Failed,
}

impl Walk {
    /// A walk that ended before it began.
    pub(crate) fn not_begun(url: &str, source: &str, verdict: Verdict) -> Self {
        let mut trail = Trail::default();
        // What comes before the hop that failed was not asked for on this way.
        for hop in Hop::ALL.into_iter().filter(|hop| *hop < verdict.hop) {
            if hop == Hop::Config {
                trail.pass(hop, format!("{url} ({source})"));
            } else {
                trail.skip(hop, "not needed");
            }
        }
        trail.fail(&verdict, None);
        Self {
            url: url.to_owned(),
            source: source.to_owned(),
            credential: "none".to_owned(),
            steps: trail.steps,
            verdict: Some(verdict),
        }
    }
}

#[derive(Debug, Default)]
struct Trail {
    steps: Vec<Step>,
    began: Option<Instant>,
}

impl Trail {
    fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    fn push(&mut self, hop: Hop, state: State, seen: String) {
        let took = self.began.take().map(|began| began.elapsed());
        self.steps.push(Step {
            hop,
            state,
            seen,
            took,
            notes: Vec::new(),
        });
    }

    fn pass(&mut self, hop: Hop, seen: impl Into<String>) {
        self.push(hop, State::Passed, seen.into());
    }

    fn skip(&mut self, hop: Hop, seen: impl Into<String>) {
        self.began = None;
        self.push(hop, State::Skipped, seen.into());
    }

    fn note(&mut self, note: Option<String>) {
        if let (Some(step), Some(note)) = (self.steps.last_mut(), note) {
            step.notes.push(note);
        }
    }

    fn fail(&mut self, verdict: &Verdict, took: Option<Duration>) {
        // A later look may show that an earlier hop is the one: its first judgement is withdrawn.
        self.steps.retain(|step| step.hop < verdict.hop);
        let first = verdict.cause.lines().next().unwrap_or_default();
        self.steps.push(Step {
            hop: verdict.hop,
            state: State::Failed,
            seen: first.to_owned(),
            took,
            notes: Vec::new(),
        });
    }
}

/// Walks to a target.
pub(crate) async fn walk(context: &Context, target: &ClientTarget, how: How<'_>) -> Walk {
    let mut trail = Trail::default();
    let verdict = go(context, target, how, &mut trail).await.err();
    if let Some(verdict) = &verdict {
        let took = trail.began.take().map(|began| began.elapsed());
        trail.fail(verdict, took);
    }
    Walk {
        url: target.url.clone(),
        source: target.url_source.to_string(),
        credential: credential(target),
        steps: trail.steps,
        verdict,
    }
}

fn credential(target: &ClientTarget) -> String {
    match (&target.token, &target.password) {
        (Some(token), Some(password)) => {
            format!("token ({}) + password ({})", token.source, password.source)
        }
        (Some(token), None) => format!("token ({})", token.source),
        (None, Some(password)) => format!("password ({})", password.source),
        (None, None) => "no shared credential".to_owned(),
    }
}

async fn go(
    context: &Context,
    target: &ClientTarget,
    how: How<'_>,
    trail: &mut Trail,
) -> Result<(), Verdict> {
    let profile = &context.paths().profile;
    let Ok(Target::Url(url)) = Target::parse(&target.url) else {
        return Err(config::bad_url(&target.url, target.url_source, profile));
    };
    let pin = match &target.tls_fingerprint {
        None => None,
        Some(text) => match text.parse::<Fingerprint>() {
            Ok(pin) => Some(pin),
            Err(_) => return Err(config::bad_pin(text, target.url_source, profile)),
        },
    };
    let mut asked = Asked::new(target, url.clone(), pin, profile, now_ms());
    if asked.is_local() {
        asked.start = start_command(context.env(), context.paths());
    }
    // As `tunnel up` finds its host.
    asked.ssh_host = context.settings().is_ok_and(|settings| {
        resolve_ssh(&settings.gateway.remote, Some(&target.url), profile).is_some()
    });
    if let Some(verdict) = config::judge(&asked) {
        return Err(verdict);
    }
    trail.pass(
        Hop::Config,
        format!(
            "{} ({}), {}",
            target.url,
            target.url_source,
            credential(target)
        ),
    );

    let is_remote = target.url_source == UrlSource::Remote;
    let mut options = tls_options(context, pin, is_remote).unwrap_or_else(|_| TlsOptions {
        fingerprint: pin,
        ..TlsOptions::default()
    });
    options.roots.extend(how.tls.roots.iter().cloned());
    // What a proxy in front of the gateway wants, as every connection to it sends.
    let mut sent = ClientOptions::operator(Target::Url(url.clone()), VERSION);
    for (name, value) in &target.edge_headers {
        if sent.add_header(name, value).is_none() {
            return Err(config::bad_header(name, profile));
        }
    }
    let walker = Walker {
        url: &url,
        network: how.network,
        tls: &options,
        headers: &sent.extra_headers,
        limit: how.limit,
    };
    trail.begin();
    let address = reach(context, &asked, &walker, trail).await?;
    secure(&asked, &walker, address, trail).await?;
    upgrade(&asked, &walker, address, trail).await?;

    if let Ok(identity) = DeviceIdentity::load_or_create(&context.paths().identity_file) {
        let id = identity.device_id();
        asked.device_words = fingerprint_words(id);
        asked.device_token = TokenCache::new(&context.paths().device_auth_file)
            .get(id, &url.to_string(), "operator", !how.explicit)
            .is_some();
    }
    trail.begin();
    let connection = login(context, target, &asked, how, address).await?;
    let hello = connection.hello();
    if let Some(hello) = hello.as_deref() {
        trail.pass(Hop::Auth, let_in(hello, &connection));
        trail.begin();
        if let Some(verdict) = scope::judge(&asked, hello) {
            connection.close().await;
            return Err(verdict);
        }
        let called = connection.call_raw("health", &json!({})).await;
        connection.close().await;
        if let Err(failure) = called {
            return Err(scope::call_failed(&asked, failure.message()));
        }
        let (seen, note) = scopes(hello);
        trail.pass(Hop::Scope, seen);
        trail.note(note);
    }
    Ok(())
}

/// From the name to an address that accepts.
async fn reach(
    context: &Context,
    asked: &Asked,
    walker: &Walker<'_>,
    trail: &mut Trail,
) -> Result<SocketAddr, Verdict> {
    let seen = walker.resolve().await;
    let literal = matches!(seen, DnsSeen::Literal(_));
    let addresses = dns::judge(asked, seen)?;
    let allowed = context
        .env()
        .get_process(env::OPENCLAW_ALLOW_INSECURE_PRIVATE_WS)
        == Some("1");
    if let Some(verdict) = config::plaintext(asked, &addresses, allowed) {
        return Err(verdict);
    }
    let listed: Vec<String> = addresses
        .iter()
        .map(|address| address.ip().to_string())
        .collect();
    let listed = listed.join(", ");
    if literal {
        trail.skip(Hop::Dns, format!("{listed} is an address already"));
    } else {
        trail.pass(Hop::Dns, format!("{} is {listed}", asked.host()));
    }
    trail.begin();
    let attempts = walker.connect(&addresses).await;
    let address = tcp::judge(asked, &attempts)?;
    trail.pass(Hop::Tcp, format!("{address} accepts"));
    let dead: Vec<String> = attempts
        .iter()
        .filter(|attempt| attempt.address != address)
        .map(|attempt| attempt.address.to_string())
        .collect();
    trail.note((!dead.is_empty()).then(|| {
        format!(
            "{} did not accept before it: every connection may wait for that",
            dead.join(", ")
        )
    }));
    Ok(address)
}

async fn secure(
    asked: &Asked,
    walker: &Walker<'_>,
    address: SocketAddr,
    trail: &mut Trail,
) -> Result<(), Verdict> {
    if asked.url.scheme == Scheme::Ws {
        trail.skip(Hop::Tls, "ws:// is not encrypted");
        return Ok(());
    }
    trail.begin();
    let seen = walker.secure(address).await.map_err(|error| {
        Verdict::new(
            "tls_failed",
            Hop::Tls,
            format!("TLS cannot be set up here: {error}."),
        )
        .fix(asked.use_url("correct the host in the URL", &asked.with_host("<host>")))
    })?;
    let plain = match &seen {
        TlsSeen::Done(_) | TlsSeen::Alert(_) | TlsSeen::Incompatible(_) => None,
        _ => Some(walker.live_page(address, Scheme::Ws).await),
    };
    if let Some(verdict) = tls::judge(asked, &seen, plain.as_ref()) {
        return Err(verdict);
    }
    if let TlsSeen::Done(secured) = &seen {
        let trust = match secured.trust {
            Trust::Pinned => "the pinned certificate".to_owned(),
            _ => format!("certificate for {}", secured.certificate.names.join(", ")),
        };
        trail.pass(Hop::Tls, format!("{}, {trust}", secured.version));
        trail.note(tls::note(asked, secured));
    }
    Ok(())
}

async fn upgrade(
    asked: &Asked,
    walker: &Walker<'_>,
    address: SocketAddr,
    trail: &mut Trail,
) -> Result<(), Verdict> {
    trail.begin();
    let (seen, socket_seen) = walker.upgrade(address).await;
    let Some(socket_seen) = socket_seen else {
        let beside = look_beside(asked, walker, address, &seen).await;
        return Err(http::judge(asked, &seen, &beside));
    };
    trail.pass(Hop::Http, "101 Switching Protocols");
    trail.begin();
    let gateway_ms = socket::judge(asked, &socket_seen)?;
    trail.pass(Hop::WebSocket, "the gateway's challenge came");
    trail.note(socket::skew(asked, gateway_ms));
    Ok(())
}

/// What tells more when the upgrade did not come about.
async fn look_beside(
    asked: &Asked,
    walker: &Walker<'_>,
    address: SocketAddr,
    seen: &openclaw_client::walk::http::HttpSeen,
) -> http::Beside {
    use openclaw_client::walk::http::HttpSeen;
    let plain = asked.url.scheme == Scheme::Ws;
    let mut beside = http::Beside::default();
    match seen {
        HttpSeen::Answer(answer) => {
            beside.live = Some(walker.live_page(address, asked.url.scheme).await);
            // nginx and others answer 400 in plain text on a TLS port.
            if plain && answer.status == 400 {
                beside.tls = walker.secure(address).await.ok();
            }
        }
        HttpSeen::NotHttp(bytes) if plain && matches!(bytes.first(), Some(20..=23)) => {
            beside.tls = walker.secure(address).await.ok();
        }
        HttpSeen::Closed | HttpSeen::Broken(_) if plain => {
            beside.tls = walker.secure(address).await.ok();
        }
        _ => {}
    }
    beside
}

async fn login(
    context: &Context,
    target: &ClientTarget,
    asked: &Asked,
    how: How<'_>,
    address: SocketAddr,
) -> Result<Connection, Verdict> {
    let wish = Wish {
        explicit: how.explicit,
        scopes: needs([Scope::Read]),
        deadline: Deadline::after(how.limit),
        probe: true,
    };
    let opened = Connection::open_at(context, target.clone(), wish, vec![address]).await;
    opened.map_err(|failure| refused(asked, &failure))
}

fn refused(asked: &Asked, failure: &CallFailure) -> Verdict {
    match failure.cause() {
        Cause::Connect(error) => auth::judge(asked, error),
        _ => Verdict::new(
            "auth_no_identity",
            Hop::Auth,
            format!(
                "The login could not be prepared on this side: {}.",
                failure.message()
            ),
        )
        .fix(Fix::run(
            "see the key of this device",
            "ls -l ~/.openclaw/identity",
        )),
    }
}

fn let_in(hello: &HelloOk, connection: &Connection) -> String {
    use openclaw_client::client::CredentialUsed;
    let with = match connection.link().map(|link| link.credential) {
        Some(CredentialUsed::Token) => "with the shared token",
        Some(CredentialUsed::Password) => "with the shared password",
        Some(CredentialUsed::DeviceToken) => "with the token of this device",
        Some(CredentialUsed::BootstrapToken) => "with a setup code",
        Some(CredentialUsed::None) | None => "without a credential",
    };
    format!("let in {with}; gateway {}", hello.server.version)
}

fn scopes(hello: &HelloOk) -> (String, Option<String>) {
    let auth = hello.auth.as_ref();
    let names: Vec<&str> = auth
        .map(|auth| auth.scopes.iter().map(String::as_str).collect())
        .unwrap_or_default();
    let pending = auth.and_then(|auth| auth.pending_request_id.as_deref());
    let note = pending.map(|request| {
        format!(
            "more was asked for and waits for approval: openclaw pairing approve {}",
            openclaw_protocol::pairing_code::pairing_code(request)
        )
    });
    (names.join(", "), note)
}
