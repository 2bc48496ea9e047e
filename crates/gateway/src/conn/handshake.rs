//! From an upgraded socket to an admitted connection, or to a refusal that says why.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use openclaw_protocol::error::{WireError, close};
use openclaw_protocol::frame::{FrameError, RequestFrame, encode_error, encode_event};
use openclaw_protocol::handshake::{ClientKind, ConnectParams, HelloAuth, negotiate};
use openclaw_protocol::limits;
use openclaw_protocol::scope::{Role, ScopeSet};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_websockets::{Message, WebSocketStream};
use uuid::Uuid;

use crate::auth::admission::{self, Admission, Bootstrap, Credential, Device, Method, Pairing};
use crate::auth::identity::{Identity, IdentityError};
use crate::auth::limiter::Source;
use crate::auth::proof::{self, Challenge};
use crate::auth::refusal::{self, CredentialFacts, PairingFacts, Refusal};
use crate::auth::secret;
use crate::conn::farewell::farewell;
use crate::conn::guessing::{delay, guesses, has_credential, limit};
use crate::conn::hub::{Conn, NewConn};
use crate::conn::{enroll, hello, setup};
use crate::core::Core;
use crate::live::Live;
use crate::pairing::setups::Offer;
use crate::peer::{Peer, PeerClass};
use crate::records::{AuditEvent, Change, CredentialHash};

/// A socket that was admitted.
pub(crate) struct Admitted {
    /// The connection, registered.
    pub(crate) conn: Arc<Conn>,
    /// The hello to send first.
    pub(crate) hello: String,
}

/// How a handshake ended without admission.
enum Ended {
    /// Answer and close.
    Refused {
        id: Option<String>,
        refusal: Box<Refusal>,
    },
    /// Close only.
    Closed {
        code: u16,
        reason: String,
        audit: &'static str,
    },
    /// The gateway ends; nothing is wrong with the peer.
    Restarting,
    /// The peer left, or the socket broke.
    Gone,
}

/// Runs the handshake. `None` when the socket was refused (and closed) or went away.
pub(crate) async fn run<S>(
    core: &Arc<Core>,
    socket: &mut WebSocketStream<S>,
    peer: &Peer,
) -> Option<Admitted>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let outcome =
        tokio::time::timeout(limits::HANDSHAKE_TIMEOUT, attempt(core, socket, peer)).await;
    let ended = match outcome {
        Ok(Ok(admitted)) => {
            // Strangers get small frames; from here on the announced limit holds. What lies between the announced and
            // this limit is answered with an error instead of a cut.
            socket
                .limits_mut()
                .set_max_payload_len(Some(limits::V4_MAX_PAYLOAD));
            if core.drain.closing().is_cancelled() {
                // Everybody else was told before this one was there.
                let outbox = &admitted.conn.outbox;
                outbox.close(close::SERVICE_RESTART, close::REASON_SERVICE_RESTART);
            }
            return Some(admitted);
        }
        Ok(Err(ended)) => ended,
        Err(_) => Ended::Closed {
            code: close::NORMAL,
            reason: close::REASON_HANDSHAKE_TIMEOUT.to_owned(),
            audit: "handshake-timeout",
        },
    };
    end(core, socket, peer, ended).await;
    None
}

async fn end<S>(core: &Core, socket: &mut WebSocketStream<S>, peer: &Peer, ended: Ended)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (frame, code, reason, audit) = match ended {
        Ended::Gone => return,
        Ended::Restarting => {
            let reason = close::REASON_SERVICE_RESTART;
            return farewell(socket, None, close::SERVICE_RESTART, reason).await;
        }
        Ended::Closed {
            code,
            reason,
            audit,
        } => (None, code, reason, audit),
        Ended::Refused { id, refusal } => {
            let frame = id.map(|id| encode_error(&id, &refusal.error));
            (
                frame,
                refusal.close_code,
                refusal.close_reason,
                refusal.audit_reason,
            )
        }
    };
    let address = peer
        .address
        .map_or_else(|| "control".to_owned(), |address| address.to_string());
    core.metrics.refused(audit);
    let lines = core.refusals.lock().note(core.now_ms(), &address, audit);
    for line in lines {
        tracing::warn!(peer = %line.remote_ip, reason = %line.reason, count = line.count, "connection refused");
        core.audit_lazily(line.into_event("gateway"));
    }
    farewell(socket, frame, code, &reason).await;
}

async fn attempt<S>(
    core: &Arc<Core>,
    socket: &mut WebSocketStream<S>,
    peer: &Peer,
) -> Result<Admitted, Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let nonce = Uuid::new_v4().to_string();
    let ts = core.now_ms();
    let challenge = json!({ "nonce": nonce, "ts": ts, "capabilities": [] }).to_string();
    let frame = encode_event("connect.challenge", Some(&challenge));
    socket
        .send(Message::text(frame))
        .await
        .map_err(|_| Ended::Gone)?;
    let text = tokio::select! {
        biased;
        () = core.drain.closing().cancelled() => return Err(Ended::Restarting),
        text = first_text(socket) => text?,
    };
    let request = RequestFrame::parse(&text).map_err(|error| Ended::Closed {
        code: close::POLICY,
        reason: match error {
            FrameError::NotJson(_) => "invalid request frame: not JSON".to_owned(),
            FrameError::Invalid { .. } => "invalid request frame".to_owned(),
        },
        audit: "invalid-frame",
    })?;
    let id = request.id.to_owned();
    let refused = |refusal: Refusal| Ended::Refused {
        id: Some(id.clone()),
        refusal: Box::new(refusal),
    };
    if request.method != "connect" {
        let message = "invalid handshake: first request must be connect";
        return Err(refused(refusal::invalid(message, "not-connect")));
    }
    if let Some(page) = &peer.refused_origin {
        return Err(refused(refusal::origin(peer.origin.as_deref(), page)));
    }
    let params = ConnectParams::parse(request.params)
        .map_err(|error| refused(refusal::invalid(error.message, "invalid-params")))?;
    let admitted = admit(core, peer, &params, Challenge { nonce: &nonce, ts }, &id).await;
    admitted.map_err(refused)
}

async fn first_text<S>(socket: &mut WebSocketStream<S>) -> Result<String, Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let message = match socket.next().await {
            None | Some(Err(tokio_websockets::Error::Io(_))) => return Err(Ended::Gone),
            Some(Err(error)) => {
                // The library has queued the close frame that fits the error.
                tracing::debug!(%error, "handshake ended");
                return Err(Ended::Closed {
                    code: close::TOO_BIG,
                    reason: error.to_string(),
                    audit: "invalid-message",
                });
            }
            Some(Ok(message)) => message,
        };
        if message.is_close() {
            return Err(Ended::Gone);
        }
        if message.is_text() || message.is_binary() {
            return String::from_utf8(message.into_payload().to_vec()).map_err(|_| Ended::Closed {
                code: close::INVALID_UTF8,
                reason: "connect request is not UTF-8".to_owned(),
                audit: "invalid-utf8",
            });
        }
    }
}

/// What the sent credentials come to.
struct Evaluated {
    credential: Credential,
    token: Option<CredentialHash>,
    facts: CredentialFacts,
    /// Everything sent that may have been a guess, for the limiter; `None` when nothing sent was wrong.
    wrong: Option<CredentialHash>,
    /// A bootstrap token that is none, for the limiter of setup codes.
    wrong_setup: Option<CredentialHash>,
    /// What the setup code gives.
    offer: Option<Offer>,
    /// What the credentials were compared with.
    live: Arc<Live>,
    /// The user somebody vouches for, when the connection is admitted by that.
    identity: Option<Arc<Identity>>,
}

async fn admit(
    core: &Arc<Core>,
    peer: &Peer,
    params: &ConnectParams,
    challenge: Challenge<'_>,
    id: &str,
) -> Result<Admitted, Refusal> {
    let protocol = negotiate(params.min_protocol, params.max_protocol)
        .ok_or_else(|| refusal::protocol_mismatch(params))?;
    let role = params
        .role
        .as_deref()
        .map_or(Some(Role::Operator), Role::parse);
    let role = role.ok_or_else(|| refusal::invalid("invalid role", "invalid-role"))?;
    if !core.drain.lets_in() {
        return Err(refusal::unavailable(
            "gateway stopping; retry shortly",
            1_000,
        ));
    }
    let live = core.live();
    let kind = params.client.kind();
    let ignores_device = kind == ClientKind::ControlUi && live.policy.disable_device_auth;
    let key = if ignores_device {
        None
    } else {
        proof::verify(params, role, peer.class, challenge, core.now_ms()).map_err(refusal::proof)?
    };
    let proven = key.map(|key| (key.device_id(), key.to_base64url()));
    let device_id = proven.as_ref().map(|(device_id, _)| device_id.as_str());
    if has_credential(params) && !shows_only_its_token(core, params, role, device_id) {
        // Guessing costs time; a device that shows the token it was given is not guessing.
        let delay = delay(core, peer, params);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }
    let vouched = identify(core, peer, role).await;
    // From here to the decision nothing waits: what is compared is what holds now.
    let live = core.live();
    let device = proven
        .as_ref()
        .map_or(Device::Absent, |(device_id, public_key)| {
            Device::Proven(
                core.books
                    .devices
                    .lock()
                    .standing(device_id, public_key, role),
            )
        });
    let evaluated = evaluate(core, &live, params, role, device_id);
    let identity = vouched.as_ref().ok().and_then(Option::as_ref);
    let asked = admission::requested_scopes(role, params.scopes.as_deref());
    // A proxy may leave less; what it leaves never adds anything.
    let requested = peer.scope_cap.map_or(asked, |cap| cap.common(asked));
    let request = admission::Request {
        peer: peer.class,
        browser: peer.origin.is_some(),
        kind,
        role,
        requested,
        device,
        credential: evaluated.credential,
        identity: identity.map(|identity| identity.source),
        identity_scopes: identity.and_then(|identity| live.identity_scopes(&identity.user)),
    };
    let guesses = [
        (&core.limiter, evaluated.wrong),
        (&core.setup_limiter, evaluated.wrong_setup),
    ];
    for (limiter, wrong) in guesses {
        let limited = wrong.and_then(|wrong| limit(core, limiter, peer, wrong));
        let counts = matches!(evaluated.credential, Credential::Wrong);
        if let Some(refusal) = limited.filter(|_| counts) {
            return Err(refusal);
        }
    }
    match admission::decide(&request, &live.policy) {
        Admission::CredentialMissing => Err(match &vouched {
            Err(error) if live.policy.accepts(error.source()) => refusal::identity(error),
            _ => refusal::credential(CredentialFacts {
                missing: true,
                ..evaluated.facts
            }),
        }),
        Admission::CredentialWrong => Err(match &vouched {
            // The right secret, where it is not what counts: say what does.
            Err(error)
                if evaluated.credential == Credential::Shared
                    && live.policy.accepts(error.source()) =>
            {
                refusal::identity(error)
            }
            _ => refusal::credential(evaluated.facts),
        }),
        Admission::DeviceRequired => Err(refusal::device_required()),
        Admission::ControlUiDeviceRequired => Err(refusal::control_ui_device_required()),
        Admission::PairingRequired(reason) => {
            let (device_id, public_key) = proven.as_ref().ok_or_else(refusal::device_required)?;
            let ask = enroll::ask(params, peer, device_id, public_key, role, request.requested);
            let filed = enroll::file(core, ask, Some(params)).await?;
            let (approved_roles, approved_scopes) = core
                .books
                .devices
                .lock()
                .get(device_id)
                .map(|device| (device.roles.clone(), device.scopes))
                .unwrap_or_default();
            Err(refusal::pairing_required(PairingFacts {
                reason,
                request_id: &filed.request_id,
                device_id,
                role,
                scopes: filed.scopes,
                approved_roles: &approved_roles,
                approved_scopes,
                protocol,
                // A page and a node host wait for their approval; others are for people to run again.
                keeps_retrying: kind == ClientKind::ControlUi || role == Role::Node,
                expires_at_ms: filed.expires_at_ms(),
            }))
        }
        Admission::Admit {
            scopes,
            method,
            pairing,
            limited,
        } => {
            let right = !matches!(evaluated.credential, Credential::None | Credential::Wrong);
            if right && evaluated.wrong.is_none() {
                // Whoever was given a code has proven nothing about the shared secret.
                let limiter = match evaluated.credential {
                    Credential::Bootstrap(_) => &core.setup_limiter,
                    _ => &core.limiter,
                };
                limiter.lock().right(Source::of(peer));
            }
            let grant = Grant {
                protocol,
                role,
                scopes,
                method,
                pairing,
                limited: limited || requested != asked,
            };
            // Whoever showed a credential of its own came by that.
            let identity = matches!(method, Method::Identity(_)).then(|| vouched.ok().flatten());
            let evaluated = Evaluated {
                identity: identity.flatten().map(Arc::new),
                ..evaluated
            };
            welcome(core, peer, params, proven, grant, &evaluated, id).await
        }
    }
}

/// Who is behind the connection, if somebody may vouch for it. Asks the voucher, which may take a moment.
async fn identify(core: &Core, peer: &Peer, role: Role) -> Result<Option<Identity>, IdentityError> {
    match &peer.claim {
        Some(claim) if role == Role::Operator && core.live().policy.accepts(claim.source()) => {
            core.identities.verify(claim).await.map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether all that was sent are tokens this device was given.
fn shows_only_its_token(
    core: &Core,
    params: &ConnectParams,
    role: Role,
    device_id: Option<&str>,
) -> bool {
    let (Some(auth), Some(device_id)) = (&params.auth, device_id) else {
        return false;
    };
    let devices = core.books.devices.lock();
    auth.password().is_none()
        && auth.bootstrap_token().is_none()
        && [auth.token(), auth.device_token()]
            .into_iter()
            .flatten()
            .all(|sent| devices.token_scopes(device_id, role, sent).is_some())
}

fn evaluate(
    core: &Core,
    live: &Arc<Live>,
    params: &ConnectParams,
    role: Role,
    device_id: Option<&str>,
) -> Evaluated {
    let auth = params.auth.as_ref();
    let (token, password) = (
        auth.and_then(|auth| auth.token()),
        auth.and_then(|auth| auth.password()),
    );
    let device_token = auth.and_then(|auth| auth.device_token());
    let bootstrap = auth.and_then(|auth| auth.bootstrap_token());
    let mode = live.policy.mode;
    let shared = live.is_shared_secret([token, password].into_iter().flatten());
    // A device token may travel in either member; protocol 3 knows only `token`.
    let held = device_id.and_then(|device_id| {
        let devices = core.books.devices.lock();
        let scopes_of = |sent: &str| devices.token_scopes(device_id, role, sent);
        device_token
            .and_then(scopes_of)
            .or_else(|| token.and_then(scopes_of))
    });
    let offer = device_id.zip(bootstrap).and_then(|(device_id, token)| {
        let setups = core.books.setups.lock();
        setups.offer(token, device_id, core.now_ms())
    });
    let mode_member = if mode == admission::AuthMode::Password {
        password
    } else {
        token
    };
    let first = token.or(device_token).or(bootstrap).or(password);
    let facts = CredentialFacts {
        mode,
        configured: live.shared_secret().is_some(),
        kind: params.client.kind(),
        has_device: device_id.is_some(),
        device_token: device_token.is_some() && mode_member.is_none(),
        bootstrap_token: bootstrap.is_some() && mode_member.is_none() && device_token.is_none(),
        missing: mode_member.is_none() && device_token.is_none() && bootstrap.is_none(),
    };
    let credential = match (shared, held, &offer, first) {
        (true, _, _, _) => Credential::Shared,
        (false, Some((_, scopes)), _, _) => Credential::DeviceToken(scopes),
        (false, None, Some(offer), _) => Credential::Bootstrap(Bootstrap {
            node: offer.node,
            operator: offer.operator,
        }),
        (false, None, None, None) => Credential::None,
        (false, None, None, Some(_)) => Credential::Wrong,
    };
    // A wrong credential counts even when another one is right: a bogus token must not hide guessing.
    let sent = [token, device_token, password];
    let guessed = match (credential, held) {
        (Credential::Shared | Credential::None, _) => None,
        (Credential::DeviceToken(_), Some((right, _))) => guesses(sent, Some(right)),
        _ => guesses(sent, None),
    };
    let token = held
        .filter(|_| matches!(credential, Credential::DeviceToken(_)))
        .map(|(hash, _)| hash);
    Evaluated {
        credential,
        token,
        facts,
        wrong: guessed,
        // Without a device a code is not even looked up, so that it tells nothing; it counts as a guess all the same.
        wrong_setup: bootstrap.filter(|_| offer.is_none()).map(secret::hash),
        offer: offer.filter(|_| matches!(credential, Credential::Bootstrap(_))),
        live: Arc::clone(live),
        identity: None,
    }
}

/// What was decided about a caller that may come in.
#[derive(Clone, Copy)]
struct Grant {
    protocol: u32,
    role: Role,
    scopes: ScopeSet,
    method: Method,
    pairing: Pairing,
    limited: bool,
}

async fn welcome(
    core: &Arc<Core>,
    peer: &Peer,
    params: &ConnectParams,
    proven: Option<(String, String)>,
    grant: Grant,
    evaluated: &Evaluated,
    id: &str,
) -> Result<Admitted, Refusal> {
    let Grant {
        protocol,
        role,
        scopes,
        method,
        pairing,
        limited,
    } = grant;
    let facts = enroll::facts(params, peer);
    // The owner at the control socket needs no code, whatever it sends.
    let offer = (evaluated.offer.as_ref()).filter(|_| method == Method::Bootstrap);
    let mut auth = HelloAuth {
        method: (protocol >= 4).then(|| method.name().to_owned()),
        role: role.name().to_owned(),
        scopes: scopes.names().into_iter().map(str::to_owned).collect(),
        scope_limited: limited.then_some(true),
        ..HelloAuth::default()
    };
    let mut token = evaluated.token;
    if let Some((device_id, public_key)) = &proven {
        let ask = enroll::ask(params, peer, device_id, public_key, role, scopes);
        let enrolled = match offer {
            Some(offer) => enroll::redeem(core, ask, offer, params).await?,
            None => enroll::settle(core, ask, pairing, method, token, params).await?,
        };
        auth.device_tokens = enrolled.further;
        if let Some((plain, hash, issued_at_ms)) = enrolled.token {
            auth.device_token = Some(plain);
            auth.issued_at_ms = Some(issued_at_ms);
            token = token.or(Some(hash));
        } else if method == Method::DeviceToken {
            // The client knows it already; clients store what the hello says.
            let sent = params
                .auth
                .as_ref()
                .and_then(|auth| auth.device_token().or_else(|| auth.token()));
            auth.device_token = sent.map(str::to_owned);
            auth.issued_at_ms = token.and_then(|hash| issued_at(core, device_id, hash));
        }
        auth.pending_request_id = enrolled.pending_request_id;
    }
    // From here to the insert nothing waits: whoever removes, revokes or rotates later finds the connection and closes it.
    if !still_holds(core, peer, params, proven.as_ref(), &grant, evaluated) {
        return Err(enroll::changed_meanwhile());
    }
    let device_id = proven.map(|(device_id, _)| device_id);
    let conn = core.hub.insert(NewConn {
        id: Uuid::new_v4().to_string(),
        protocol,
        role,
        scopes,
        facts,
        instance_id: params.client.instance_id.clone(),
        device_id,
        peer: peer.class,
        secure: peer.secure,
        via: peer.via,
        method,
        token,
        identity: evaluated.identity.clone(),
        origin: peer.origin.clone().filter(|_| peer.is_same_origin()),
        host: peer
            .host
            .clone()
            .filter(|_| peer.class == PeerClass::Remote),
        setup_id: offer.map(|offer| offer.setup_id.clone()),
        connected_at_ms: core.now_ms(),
    });
    if role == Role::Node
        && let Err(error) = enroll::register_node(core, &conn, params, pairing, method).await
    {
        core.hub.remove(conn.number);
        return Err(store_refusal(&error));
    }
    core.presence.connected(&conn, core.now_ms());
    if let (Method::DeviceToken, Some(device_id)) = (method, &conn.device_id) {
        let open = core.books.setups.lock().open_of(device_id);
        if let Some(setup_id) = open {
            setup::received(core, &setup_id);
        }
    }
    core.metrics.admitted(role);
    audit_connect(core, &conn, params, peer);
    let hello = hello::encode(core, &conn, peer, id, &auth);
    Ok(Admitted { conn, hello })
}

/// When a device was given a token.
fn issued_at(core: &Core, device_id: &str, hash: CredentialHash) -> Option<i64> {
    let devices = core.books.devices.lock();
    let mut tokens = devices.get(device_id)?.tokens.iter();
    let token = tokens.find(|token| token.hash == hash)?;
    Some(token.rotated_at_ms.unwrap_or(token.created_at_ms))
}

/// Whether what the decision rests on is still so after its pairing step has been stored.
fn still_holds(
    core: &Core,
    peer: &Peer,
    params: &ConnectParams,
    proven: Option<&(String, String)>,
    grant: &Grant,
    evaluated: &Evaluated,
) -> bool {
    let owner = peer.class == PeerClass::Control;
    if let Method::Identity(source) = grant.method {
        if !core.live().policy.accepts(source) {
            return false;
        }
    } else if !owner
        && !matches!(grant.method, Method::DeviceToken | Method::Bootstrap)
        && core.live().shared_secret_changed(&evaluated.live)
    {
        return false;
    }
    let Some((device_id, public_key)) = proven.filter(|_| grant.pairing != Pairing::None) else {
        return true;
    };
    if grant.method == Method::DeviceToken && !shows_its_token(core, params, grant.role, device_id)
    {
        return false;
    }
    if let (Method::Bootstrap, Some(offer)) = (grant.method, &evaluated.offer) {
        let setups = core.books.setups.lock();
        if !setups.is_bound(&offer.setup_id, device_id, core.now_ms()) {
            return false;
        }
    }
    let devices = core.books.devices.lock();
    match devices.standing(device_id, public_key, grant.role) {
        admission::Standing::Paired(granted) => granted.covers(grant.scopes),
        admission::Standing::Unknown | admission::Standing::OtherRole => false,
    }
}

/// Whether one of the tokens that were sent is a live one of this device.
fn shows_its_token(core: &Core, params: &ConnectParams, role: Role, device_id: &str) -> bool {
    let devices = core.books.devices.lock();
    let auth = params.auth.as_ref();
    auth.into_iter()
        .flat_map(|auth| [auth.token(), auth.device_token()])
        .flatten()
        .any(|sent| devices.token_scopes(device_id, role, sent).is_some())
}

fn audit_connect(core: &Core, conn: &Conn, params: &ConnectParams, peer: &Peer) {
    let details = json!({
        "role": conn.role,
        "scopes": conn.scopes(),
        "method": conn.method.name(),
        "client": params.client.id,
        "mode": params.client.mode,
        "protocol": conn.protocol,
        "peer": match peer.class {
            PeerClass::Control => "control",
            PeerClass::DirectLocal => "local",
            PeerClass::Remote => "remote",
        },
        "user": conn.identity.as_ref().map(|identity| identity.user.as_str()),
    });
    let event: AuditEvent = core.audit_event(conn, "connect", Some(&conn.id), details);
    core.store
        .commit_lazily(vec![Change::Audit(Box::new(event))]);
}

/// A store failure during the handshake.
pub(crate) fn store_refusal(error: &WireError) -> Refusal {
    refusal::unavailable(&error.message, error.retry_after_ms.unwrap_or(1_000))
}
