//! The connect request as a function of options and challenge, and what to try after a refusal.

use openclaw_config::Secret;
use openclaw_protocol::device::{ProofFields, ProofVersion};
use openclaw_protocol::handshake::{ConnectAuth, ConnectParams, DeviceProof};
use openclaw_protocol::scope::{Role, ScopeSet};
use serde::Deserialize;
use serde_json::Value;

use crate::client::CredentialUsed;
use crate::error::{Refusal, RefusalKind};
use crate::identity::CachedToken;
use crate::options::{ClientOptions, Credentials};

/// Payload of `connect.challenge`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Challenge {
    pub(crate) nonce: String,
    pub(crate) ts: i64,
    /// Only gateways of protocol 4 send this.
    #[serde(default)]
    pub(crate) capabilities: Option<Value>,
}

impl Challenge {
    /// Every gateway verifies payload v2; only one that shows protocol 4 beforehand is sent v3,
    /// so that one attempt serves all.
    fn proof_version(&self) -> ProofVersion {
        if self.capabilities.is_some() {
            ProofVersion::V3
        } else {
            ProofVersion::V2
        }
    }
}

/// Which credential an attempt carries.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// What the caller gave, which may be nothing.
    Given,
    /// A device token this gateway issued.
    Cached(CachedToken),
}

/// One attempt, and those left after it.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    proof: Proof,
    others: Vec<Proof>,
    refused: Option<Secret>,
    range: (u32, u32),
    protocol_pinned: bool,
}

impl Attempt {
    pub(crate) fn first(options: &ClientOptions, cached: Option<CachedToken>) -> Self {
        let mut proofs = proofs(&options.credentials, options, cached);
        let proof = proofs.remove(0);
        Self {
            proof,
            others: proofs,
            refused: None,
            range: (options.min_protocol, options.max_protocol),
            protocol_pinned: false,
        }
    }

    pub(crate) const fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The cached token that an earlier attempt of this connect was refused with.
    pub(crate) const fn refused_token(&self) -> Option<&Secret> {
        self.refused.as_ref()
    }

    /// What to try after `refusal`, if anything.
    pub(crate) fn after(&self, refusal: &Refusal) -> Option<Self> {
        let mut next = self.clone();
        match refusal.kind() {
            RefusalKind::ProtocolMismatch if !self.protocol_pinned => {
                let expected = refusal.expected_protocol()?;
                let speaks = openclaw_protocol::PROTOCOL_MIN..=openclaw_protocol::PROTOCOL_MAX;
                next.range = speaks.contains(&expected).then_some((expected, expected))?;
                next.protocol_pinned = true;
                (next.range != self.range).then_some(next)
            }
            kind if is_about_the_credential(kind, refusal) && !self.others.is_empty() => {
                if let Proof::Cached(cached) = &self.proof {
                    next.refused = Some(cached.token.clone());
                }
                next.proof = next.others.remove(0);
                Some(next)
            }
            _ => None,
        }
    }

    /// What the attempt proves itself with, for status output.
    pub(crate) fn credential(&self, options: &ClientOptions) -> CredentialUsed {
        let given = &options.credentials;
        let set = |secret: &Option<Secret>| secret.as_ref().is_some_and(|s| !s.is_empty());
        match &self.proof {
            Proof::Cached(_) => CredentialUsed::DeviceToken,
            Proof::Given if set(&given.token) => CredentialUsed::Token,
            Proof::Given if set(&given.device_token) => CredentialUsed::DeviceToken,
            Proof::Given if set(&given.bootstrap_token) => CredentialUsed::BootstrapToken,
            Proof::Given if set(&given.password) => CredentialUsed::Password,
            Proof::Given => CredentialUsed::None,
        }
    }
}

fn is_about_the_credential(kind: RefusalKind, refusal: &Refusal) -> bool {
    match kind {
        RefusalKind::TokenMissing
        | RefusalKind::TokenMismatch
        | RefusalKind::PasswordMissing
        | RefusalKind::PasswordMismatch
        | RefusalKind::DeviceTokenMismatch
        | RefusalKind::ScopeMismatch
        | RefusalKind::BootstrapTokenInvalid
        | RefusalKind::Unauthorized => true,
        // A shared secret may be allowed to widen what a device token may not.
        RefusalKind::PairingRequired => refusal.pairing_reason() == Some("scope-upgrade"),
        _ => false,
    }
}

/// Credentials in the order in which they are tried; never empty.
fn proofs(given: &Credentials, options: &ClientOptions, cached: Option<CachedToken>) -> Vec<Proof> {
    let has_token = [&given.token, &given.device_token, &given.bootstrap_token]
        .into_iter()
        .flatten()
        .any(|secret| !secret.is_empty());
    match cached {
        None => vec![Proof::Given],
        Some(_) if has_token && given.explicit => vec![Proof::Given],
        Some(cached) if !has_token => vec![Proof::Cached(cached)],
        Some(cached) if covers(&cached, options) => vec![Proof::Cached(cached), Proof::Given],
        Some(cached) => vec![Proof::Given, Proof::Cached(cached)],
    }
}

fn covers(cached: &CachedToken, options: &ClientOptions) -> bool {
    options.role == Role::Node
        || ScopeSet::parse(&cached.scopes).covers(ScopeSet::parse(&options.scopes))
}

/// The connect params. Only members that every gateway knows, so that the strict ones accept them.
pub(crate) fn connect_params(
    options: &ClientOptions,
    attempt: &Attempt,
    challenge: &Challenge,
) -> ConnectParams {
    let auth = connect_auth(&options.credentials, &attempt.proof);
    let device = device_proof(options, challenge, auth.signed_token().unwrap_or_default());
    let empty =
        auth.token().is_none() && auth.password().is_none() && auth.bootstrap_token().is_none();
    let node = options.role == Role::Node;
    ConnectParams {
        min_protocol: attempt.range.0,
        max_protocol: attempt.range.1,
        client: options.client.clone(),
        role: Some(options.role.name().to_owned()),
        scopes: Some(options.scopes.clone()),
        caps: Some(options.caps.clone()),
        commands: node.then(|| options.commands.clone()),
        permissions: (!options.permissions.is_empty()).then(|| options.permissions.clone()),
        path_env: options.path_env.clone(),
        device,
        auth: (!empty).then_some(auth),
        ..ConnectParams::default()
    }
}

/// A device token travels in `token`: every gateway looks for it there.
fn connect_auth(given: &Credentials, proof: &Proof) -> ConnectAuth {
    let text = |secret: &Secret| Some(secret.expose().to_owned()).filter(|text| !text.is_empty());
    let of = |secret: &Option<Secret>| secret.as_ref().and_then(text);
    let (token, bootstrap_token) = match proof {
        Proof::Cached(cached) => (text(&cached.token), None),
        Proof::Given => match of(&given.token).or_else(|| of(&given.device_token)) {
            Some(token) => (Some(token), None),
            None => (None, of(&given.bootstrap_token)),
        },
    };
    ConnectAuth {
        token,
        password: of(&given.password),
        device_token: None,
        bootstrap_token,
    }
}

fn device_proof(
    options: &ClientOptions,
    challenge: &Challenge,
    token: &str,
) -> Option<DeviceProof> {
    let identity = options.identity.as_ref()?;
    let fields = ProofFields {
        device_id: identity.device_id(),
        client_id: &options.client.id,
        client_mode: &options.client.mode,
        role: options.role.name(),
        scopes: &options.scopes,
        signed_at: challenge.ts,
        token,
        nonce: &challenge.nonce,
        platform: &options.client.platform,
        device_family: options.client.device_family.as_deref().unwrap_or_default(),
    };
    Some(DeviceProof {
        id: identity.device_id().to_owned(),
        public_key: identity.public_key_base64url(),
        signature: identity.sign(&fields.payload(challenge.proof_version())),
        signed_at: challenge.ts,
        nonce: Some(challenge.nonce.clone()),
    })
}

#[cfg(test)]
mod tests;
