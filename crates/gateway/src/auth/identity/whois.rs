//! Asking the Tailscale daemon who is at an address, and remembering it for a moment.

use std::collections::HashMap;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long an answer is believed, also the answer that nobody is there.
const KEEP: Duration = Duration::from_secs(60);
/// How long a failure is not tried again.
const KEEP_FAILURE: Duration = Duration::from_secs(5);
/// Most addresses remembered.
const MAX_ADDRESSES: usize = 1_024;
/// Longest wait for one answer; shorter than a handshake may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Questions asked at the same time.
const MAX_QUESTIONS: usize = 8;

/// A user of the tailnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailnetUser {
    /// Login name.
    pub login: String,
    /// Name for people.
    pub name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
}

/// The daemon could not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WhoisError(pub String);

/// Who is at an address of the tailnet, if it is a user.
pub type Answer = Result<Option<TailnetUser>, WhoisError>;

/// Knows who is at an address of the tailnet.
pub trait Whois: Send + Sync + std::fmt::Debug {
    /// The user at this address; `None` for tagged devices and addresses outside.
    fn whois(&self, address: IpAddr) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>>;
}

/// Verifies who stands behind connections. Empty until a part that knows users has set itself in.
#[derive(Debug)]
pub struct Identities {
    source: RwLock<Option<Arc<dyn Whois>>>,
    known: Mutex<HashMap<IpAddr, Known>>,
    questions: Semaphore,
}

#[derive(Debug, Clone)]
struct Known {
    answer: Answer,
    until: Instant,
}

impl Default for Identities {
    fn default() -> Self {
        Self {
            source: RwLock::default(),
            known: Mutex::default(),
            questions: Semaphore::new(MAX_QUESTIONS),
        }
    }
}

impl Identities {
    /// Sets or takes away who is asked. What was remembered is forgotten.
    pub fn set_whois(&self, source: Option<Arc<dyn Whois>>) {
        *self.source.write() = source;
        self.known.lock().clear();
    }

    /// As [`Self::set_whois`], unless this very one is asked already: what is remembered stays.
    pub(crate) fn offer_whois(&self, source: Arc<dyn Whois>) {
        let known = self.source.read().clone();
        if known.is_none_or(|known| !Arc::ptr_eq(&known, &source)) {
            self.set_whois(Some(source));
        }
    }

    /// Forgets what is remembered: somebody else may have logged in.
    pub fn forget(&self) {
        self.known.lock().clear();
    }

    pub(super) async fn whois(&self, address: IpAddr) -> Answer {
        if let Some(answer) = self.remembered(address) {
            return answer;
        }
        let Some(source) = self.source.read().clone() else {
            return Err(WhoisError("Tailscale is not in use here".to_owned()));
        };
        let asked = async {
            let _turn = self.questions.acquire().await;
            // Somebody else may have asked while this one waited for its turn.
            match self.remembered(address) {
                Some(answer) => answer,
                None => source.whois(address).await,
            }
        };
        let answer = tokio::time::timeout(LIMIT, asked).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(WhoisError(format!(
                "no answer from the Tailscale daemon within {} s",
                LIMIT.as_secs()
            )))
        });
        self.remember(address, answer.clone());
        answer
    }

    fn remembered(&self, address: IpAddr) -> Option<Answer> {
        let known = self.known.lock();
        let found = known.get(&address)?;
        (found.until > Instant::now()).then(|| found.answer.clone())
    }

    fn remember(&self, address: IpAddr, answer: Answer) {
        let now = Instant::now();
        let mut known = self.known.lock();
        if known.len() >= MAX_ADDRESSES && !known.contains_key(&address) {
            known.retain(|_, entry| entry.until > now);
            let oldest = known.iter().min_by_key(|(_, entry)| entry.until);
            if known.len() >= MAX_ADDRESSES
                && let Some(oldest) = oldest.map(|(address, _)| *address)
            {
                known.remove(&oldest);
            }
        }
        let keep = if answer.is_ok() { KEEP } else { KEEP_FAILURE };
        known.insert(
            address,
            Known {
                answer,
                until: now + keep,
            },
        );
    }

    #[cfg(test)]
    pub(super) fn remembered_addresses(&self) -> usize {
        self.known.lock().len()
    }
}
