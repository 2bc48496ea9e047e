//! `device.pair.setup*` and join links: codes that let one device in, made by whoever may do so.

mod code;

use openclaw_protocol::error::WireError;
use openclaw_protocol::limits::{SETUP_TTL_MAX_MS, SETUP_TTL_MIN_MS, SETUP_TTL_MS};
use openclaw_protocol::scope::{Scope, ScopeSet};
use openclaw_protocol::setup_code::SetupCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::limiter::{Source, Verdict};
use crate::auth::secret;
use crate::conn::setup::completion;
use crate::core::Core;
use crate::http::JoinAnswer;
use crate::pairing::setups::{Joined, Mint, Standing, standing};
use crate::peer::Peer;
use crate::qr::Matrix;
use crate::reach::{self, Wish};
use crate::records::{AuditEvent, Change, SetupRecord};
use crate::rpc::context::{Call, Ctx, Payload, RpcResult, parse_checked};
use crate::rpc::router::{Methods, missing_scope};

use code::{Access, choose};

pub(super) fn register(methods: &mut Methods) {
    methods.later("device.pair.setupCode", crate::later!(setup_code));
    methods.now("device.pair.setupStatus", status);
    methods.now("device.pair.setupList", list);
    methods.later("device.pair.setupRevoke", crate::later!(revoke));
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one member of the params"
)]
struct Params {
    kind: Option<String>,
    bootstrap_profile: Option<String>,
    scopes: Option<Vec<String>>,
    ttl_ms: Option<i64>,
    public_url: Option<String>,
    prefer_remote_url: bool,
    include_qr: bool,
    join_url: bool,
    force: bool,
}

/// What the code may give at most: never more than whoever makes it holds.
fn operator_scopes(
    call: &Call,
    access: Access,
    params: &Params,
) -> Result<Option<ScopeSet>, WireError> {
    let Some(most) = access.operator() else {
        return match &params.scopes {
            Some(_) => Err(WireError::invalid(
                "a node has no scopes; leave scopes out, or ask for kind operator",
            )),
            None => Ok(None),
        };
    };
    let held = call.conn.scopes();
    let Some(names) = &params.scopes else {
        return Ok(Some(held.limit(most)));
    };
    if let Some(unknown) = names.iter().find(|name| Scope::parse(name).is_none()) {
        return Err(WireError::invalid(format!("unknown scope: {unknown}")));
    }
    let asked = ScopeSet::parse(names);
    if let Some(beyond) = asked.iter().find(|scope| !held.allows(*scope)) {
        return Err(missing_scope(call.conn.protocol, beyond));
    }
    Ok(Some(most.limit(asked)))
}

async fn setup_code(call: Call) -> RpcResult {
    let params: Params = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let mut access = Access::of(params.bootstrap_profile.as_deref(), params.kind.as_deref())?;
    let mut operator = operator_scopes(&call, access, &params)?;
    let ttl_ms = params.ttl_ms.unwrap_or(SETUP_TTL_MS);
    if !(SETUP_TTL_MIN_MS..=SETUP_TTL_MAX_MS).contains(&ttl_ms) {
        return Err(WireError::invalid(format!(
            "ttlMs must be from {SETUP_TTL_MIN_MS} to {SETUP_TTL_MAX_MS}"
        )));
    }
    let live = core.live();
    if live.shared_secret().is_none() && access != Access::Owner {
        return Err(WireError::invalid(
            "Gateway auth is not configured (no token or password).",
        ));
    }
    let survey = if access == Access::Owner && params.public_url.is_none() {
        reach::Survey::default()
    } else {
        let conn = &call.conn;
        let wish = Wish {
            url: params.public_url.clone(),
            origin: conn.origin.clone(),
            host: conn.host.clone().filter(|_| conn.origin.is_none()),
            prefer_remote: params.prefer_remote_url,
        };
        reach::survey(core, wish).await
    };
    let request = code::Request {
        access,
        force: params.force,
        // The page of this gateway knows where it is; everybody else needs an address.
        bare: params.kind.is_some() || access == Access::Owner,
        public_url: params.public_url.as_deref(),
        port: core.port(),
        tls: core.tls.facts().map(|facts| facts.fingerprint),
    };
    let chosen = choose(survey, &request)?;
    let downgraded = access == Access::Full && chosen.is_plain();
    if downgraded {
        access = Access::Limited;
        operator = operator.map(|scopes| scopes.limit(Access::LIMITED));
    }
    let now_ms = core.now_ms();
    let minted = core.books.setups.lock().mint(
        Mint {
            access: access.name(),
            node: access.is_node(),
            operator,
            endpoints: chosen.endpoints().to_string(),
            minted_by: call.conn.actor(),
            ttl_ms,
            join: params.join_url,
        },
        now_ms,
    );
    let mut minted = minted.map_err(|error| WireError::invalid(error.to_string()))?;
    let details = json!({
        "access": access.name(),
        "scopes": operator,
        "expiresAtMs": minted.record.expires_at_ms,
        "url": chosen.url(),
        "joinLink": minted.join_code.is_some(),
    });
    minted.changes.push(Change::Audit(Box::new(call.audit(
        "setup.create",
        Some(&minted.record.setup_id),
        details,
    ))));
    core.commit(std::mem::take(&mut minted.changes)).await?;
    let join_url = minted
        .join_code
        .as_deref()
        .and_then(|code| chosen.join_url(code));
    if params.join_url && join_url.is_none() {
        // Nobody could use it; what was made is taken back at once.
        return Err(WireError::invalid(
            "a join link needs an address of this gateway; see unreachable of device.pair.setupCode without joinUrl",
        ));
    }
    let code = chosen.code(&minted.token, minted.record.expires_at_ms);
    let mut answer = json!({
        "setupId": minted.record.setup_id,
        "access": access.name(),
        "auth": if live.password.is_some() && live.token.is_none() { "password" } else { "token" },
        "expiresAtMs": minted.record.expires_at_ms,
        "endpoints": chosen.list,
        "unreachable": chosen.unreachable,
    });
    let text = code
        .as_ref()
        .map_or_else(|| minted.token.clone(), SetupCode::encode);
    answer["code"] = json!(text);
    if let Some(code) = &code {
        answer["setupCode"] = json!(text);
        answer["gatewayUrl"] = json!(code.url);
        if code.urls.len() > 1 {
            answer["gatewayUrls"] = json!(code.urls);
        }
        answer["url"] = json!(code.url);
        answer["urlSource"] = json!(chosen.source());
        if let Some(fingerprint) = &code.tls_fingerprint {
            answer["tlsFingerprint"] = json!(fingerprint);
        }
    }
    if access == Access::Owner {
        answer["bootstrapToken"] = json!(minted.token);
    }
    if downgraded {
        answer["accessDowngraded"] = json!(true);
    }
    if let Some(url) = join_url {
        answer["joinUrl"] = json!(url);
    }
    if params.include_qr {
        let matrix = Matrix::of(&text).map_err(|error| WireError::invalid(error.to_string()))?;
        answer["qrDataUrl"] = json!(matrix.data_url());
    }
    Ok(Payload::of(&answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetupId {
    setup_id: String,
}

fn status(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let SetupId { setup_id } = parse_checked("device.pair.setupStatus", params)?;
    let core = ctx.core;
    let now_ms = core.now_ms();
    let record = core.books.setups.lock().get(&setup_id).cloned();
    let Some(record) = record else {
        return Ok(Payload::of(&json!({ "state": "unknown" })));
    };
    let state = standing(&record, now_ms);
    let mut answer = json!({ "state": state.name() });
    match state {
        Standing::Completed => answer["completion"] = completion(&record),
        Standing::Used => {
            let connected = core
                .hub
                .select(|conn| conn.setup_id.as_deref() == Some(setup_id.as_str()));
            if connected.is_empty() {
                answer["deliveryUncertain"] = completion(&record);
            }
        }
        Standing::Waiting | Standing::Expired => {}
    }
    Ok(Payload::of(&answer))
}

fn list(ctx: &Ctx<'_>, _params: &str) -> RpcResult {
    let now_ms = ctx.core.now_ms();
    let setups = ctx.core.books.setups.lock();
    let shown: Vec<_> = setups
        .all()
        .into_iter()
        .map(|record| entry(record, now_ms))
        .collect();
    Ok(Payload::of(&json!({ "setups": shown })))
}

fn entry(record: &SetupRecord, now_ms: i64) -> Value {
    let endpoints: Value = serde_json::from_str(&record.endpoints).unwrap_or_default();
    let mut shown = json!({
        "setupId": record.setup_id,
        "access": record.access,
        "state": standing(record, now_ms).name(),
        "scopes": record.operator,
        "node": record.node,
        "mintedBy": record.minted_by,
        "createdAtMs": record.created_at_ms,
        "expiresAtMs": record.expires_at_ms,
        "joinLink": record.join_hash.is_some(),
    });
    for (name, value) in [
        ("url", endpoints["url"].clone()),
        ("deviceId", json!(record.device_id)),
        ("usedAtMs", json!(record.used_at_ms)),
        ("joinFetchedAtMs", json!(record.join_taken_at_ms)),
    ] {
        if !value.is_null() {
            shown[name] = value;
        }
    }
    shown
}

async fn revoke(call: Call) -> RpcResult {
    let SetupId { setup_id } = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let now_ms = core.now_ms();
    let mut changes = Vec::new();
    let mut revoked = Vec::new();
    {
        let mut setups = core.books.setups.lock();
        let ids: Vec<String> = if setup_id == "all" {
            let waiting = setups.all().into_iter();
            waiting
                .filter(|record| standing(record, now_ms) == Standing::Waiting)
                .map(|record| record.setup_id.clone())
                .collect()
        } else {
            vec![setup_id]
        };
        for id in ids {
            let (record, change) = setups
                .revoke(&id)
                .map_err(|error| WireError::invalid(error.to_string()))?;
            let details = json!({ "access": record.access });
            changes.push(change);
            changes.push(Change::Audit(Box::new(call.audit(
                "setup.revoke",
                Some(&id),
                details,
            ))));
            revoked.push(id);
        }
    }
    core.commit(changes).await?;
    Ok(Payload::of(&json!({ "revoked": revoked })))
}

/// Takes what a join link gives. It is durable that it was taken before anybody sees it.
pub(crate) async fn join(core: &Core, code: &str, peer: &Peer) -> JoinAnswer {
    let delay = core
        .setup_limiter
        .lock()
        .delay(Source::of(peer), core.now_ms());
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let now_ms = core.now_ms();
    let taken = core.books.setups.lock().take_join(code, now_ms);
    let Some(Joined {
        record,
        token,
        mut changes,
    }) = taken
    else {
        let mut limiter = core.setup_limiter.lock();
        return match limiter.wrong(Source::of(peer), secret::hash(code), now_ms) {
            Verdict::Wrong => JoinAnswer::Nothing,
            Verdict::Limited { retry_after_ms } => JoinAnswer::Limited {
                retry_after_secs: retry_after_ms.div_ceil(1_000),
            },
        };
    };
    changes.push(Change::Audit(Box::new(AuditEvent {
        ts: now_ms,
        kind: "setup.fetch".to_owned(),
        actor: "join link".to_owned(),
        remote_ip: peer.reported_ip.clone(),
        subject: Some(record.setup_id.clone()),
        details: json!({ "access": record.access }),
    })));
    if core.commit(changes).await.is_err() {
        return JoinAnswer::Limited {
            retry_after_secs: 1,
        };
    }
    let mut body: Value = serde_json::from_str(&record.endpoints).unwrap_or_else(|_| json!({}));
    body["bootstrapToken"] = json!(token);
    body["expiresAtMs"] = json!(record.expires_at_ms);
    body["access"] = json!(record.access);
    JoinAnswer::Taken(body)
}
