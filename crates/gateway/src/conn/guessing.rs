//! What guessing costs: credentials that are none are counted, delay the next try, and end in a refusal for a while.

use openclaw_protocol::handshake::ConnectParams;
use parking_lot::Mutex;

use crate::auth::limiter::{Limiter, Source, Verdict};
use crate::auth::refusal::{self, Refusal};
use crate::auth::secret;
use crate::core::Core;
use crate::peer::Peer;
use crate::records::CredentialHash;

/// Whether anything was sent that may be a guess.
pub(super) fn has_credential(params: &ConnectParams) -> bool {
    params
        .auth
        .as_ref()
        .is_some_and(|auth| auth.password().is_some() || auth.signed_token().is_some())
}

/// How long this caller waits before what it sent is looked at.
pub(super) fn delay(core: &Core, peer: &Peer, params: &ConnectParams) -> std::time::Duration {
    let now_ms = core.now_ms();
    let setup = (params.auth.as_ref()).is_some_and(|auth| auth.bootstrap_token().is_some());
    let of_setups = if setup {
        core.setup_limiter.lock().delay(Source::of(peer), now_ms)
    } else {
        std::time::Duration::ZERO
    };
    let other = (params.auth.as_ref()).is_some_and(|auth| {
        auth.password().is_some() || auth.token().is_some() || auth.device_token().is_some()
    });
    if !other {
        return of_setups;
    }
    let of_secrets = core.limiter.lock().delay(Source::of(peer), now_ms);
    of_secrets.max(of_setups)
}

/// Counts a wrong credential; the refusal, if there were too many.
pub(super) fn limit(
    core: &Core,
    limiter: &Mutex<Limiter>,
    peer: &Peer,
    wrong: CredentialHash,
) -> Option<Refusal> {
    match limiter.lock().wrong(Source::of(peer), wrong, core.now_ms()) {
        Verdict::Wrong => None,
        Verdict::Limited { retry_after_ms } => Some(refusal::rate_limited(retry_after_ms)),
    }
}

/// One hash over every sent credential but the right one: whichever member a guess travels in, the next guess differs.
pub(super) fn guesses(
    sent: [Option<&str>; 3],
    right: Option<CredentialHash>,
) -> Option<CredentialHash> {
    let wrong = sent.map(|credential| {
        credential
            .map(secret::hash)
            .filter(|hash| right.is_none_or(|right| !secret::same(*hash, right)))
    });
    let any = wrong.iter().any(Option::is_some);
    any.then(|| secret::hash(&format!("{wrong:?}")))
}
