//! Admission budget of connections that have not proven who they are.
//!
//! Every TCP connection takes a [`ConnectionPermit`] (bounded by the file descriptors we may open) and a share of the
//! pre-auth budget (bounded per address and in total) before a byte is read. The share is given back at hello-ok or when
//! the connection ends. A connection over its share waits a moment in a bounded room, so that a herd of honest clients that
//! reconnect together is let in one after the other; what does not fit is refused before the upgrade.
//! The control socket never asks the gate: the owner always has a way in.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::platform::fd_limit;

/// Budgets. Defaults fit a gateway on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateLimits {
    /// Unauthenticated connections of one address (IPv6: of one /64). Default 32.
    pub per_address: usize,
    /// Unauthenticated connections over loopback: tunnels and local proxies carry many users. Default 128.
    pub loopback: usize,
    /// Unauthenticated connections of all remote addresses together. Default 512.
    pub total: usize,
    /// Connections of any kind. Default: what the file descriptor limit leaves.
    pub connections: usize,
    /// Accepted connections that may wait for a share. Default 2048.
    pub waiting: usize,
    /// How long they may wait. Default 2 s, well under every client's own handshake budget.
    pub wait: Duration,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            per_address: 32,
            loopback: 128,
            total: 512,
            connections: connection_budget(fd_limit()),
            waiting: 2048,
            wait: Duration::from_secs(2),
        }
    }
}

/// File descriptors kept for the store, logs, children and outgoing connections.
const RESERVED_FDS: u64 = 128;
/// Never fewer connections than this, whatever the limit says.
const MIN_CONNECTIONS: usize = 64;

fn connection_budget(fds: u64) -> usize {
    usize::try_from(fds.saturating_sub(RESERVED_FDS))
        .unwrap_or(usize::MAX)
        .clamp(MIN_CONNECTIONS, Semaphore::MAX_PERMITS)
}

/// Whose budget a connection is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// A client address.
    Address(IpAddr),
    /// A trusted proxy: only the total counts until the client behind it is known.
    Proxy,
}

/// Why a connection was not let in. Rendered as an HTTP answer before the upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The address has too many unauthenticated connections.
    #[error("too many unauthenticated connections from this address; retry shortly")]
    Address,
    /// All addresses together have too many.
    #[error("too many unauthenticated connections; retry shortly")]
    Total,
    /// No file descriptor may be spent on another connection.
    #[error("connection limit reached; retry shortly")]
    Connections,
}

impl Refusal {
    /// HTTP status: 429 for the address's own doing, 503 for a gateway that is full.
    pub fn status(self) -> u16 {
        match self {
            Self::Address => 429,
            Self::Total | Self::Connections => 503,
        }
    }

    /// `Retry-After`, in seconds.
    pub fn retry_after_secs(self) -> u64 {
        match self {
            Self::Address => 2,
            Self::Total | Self::Connections => 5,
        }
    }
}

/// What the gate has seen, for status and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GateCounts {
    /// Open connections.
    pub connections: usize,
    /// Of these, not yet authenticated.
    pub unauthenticated: usize,
    /// Accepted and waiting for a share.
    pub waiting: usize,
    /// Let in since the start.
    pub admitted: u64,
    /// Refused because of their address.
    pub refused_address: u64,
    /// Refused because the total was spent.
    pub refused_total: u64,
    /// Refused for want of file descriptors.
    pub refused_connections: u64,
}

/// The admission gate; clones share one budget.
#[derive(Debug, Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    limits: GateLimits,
    total: Arc<Semaphore>,
    connections: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    keys: Mutex<HashMap<Key, Entry>>,
    unauthenticated: AtomicUsize,
    admitted: AtomicU64,
    refused: [AtomicU64; 3],
}

/// Budget key: one IPv4 address, one IPv6 /64, or all of loopback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Loopback,
    V4(Ipv4Addr),
    V6([u8; 8]),
}

impl Key {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::Loopback,
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let mut prefix = [0; 8];
                prefix.copy_from_slice(&address.octets()[..8]);
                Self::V6(prefix)
            }
        }
    }
}

/// Shares of one key; gone as soon as nobody holds or awaits one.
#[derive(Debug)]
struct Entry {
    shares: Arc<Semaphore>,
    users: usize,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(GateLimits::default())
    }
}

impl Gate {
    /// A gate with nobody inside.
    pub fn new(limits: GateLimits) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits));
        Self {
            inner: Arc::new(Inner {
                total: semaphore(limits.total),
                connections: semaphore(limits.connections),
                waiting: semaphore(limits.waiting),
                limits,
                keys: Mutex::default(),
                unauthenticated: AtomicUsize::new(0),
                admitted: AtomicU64::new(0),
                refused: Default::default(),
            }),
        }
    }

    /// Takes the file descriptor budget of one connection; hold it as long as the socket is open.
    pub fn connection(&self) -> Result<ConnectionPermit, Refusal> {
        match Arc::clone(&self.inner.connections).try_acquire_owned() {
            Ok(permit) => Ok(ConnectionPermit { _permit: permit }),
            Err(_) => Err(self.refuse(Refusal::Connections)),
        }
    }

    /// Takes a share of the pre-auth budget if one is free now. A refusal is not counted: the caller may wait.
    pub fn try_enter(
        &self,
        charge: Charge,
        connection: ConnectionPermit,
    ) -> Result<PreAuthPermit, (Refusal, ConnectionPermit)> {
        match self.take_share(charge) {
            Ok(share) => Ok(self.admit(share, connection)),
            Err(refusal) => Err((refusal, connection)),
        }
    }

    /// Takes a place in the waiting room, if it has one left.
    pub fn waiting_room(&self) -> Option<WaitingPlace> {
        let permit = Arc::clone(&self.inner.waiting).try_acquire_owned().ok()?;
        Some(WaitingPlace { _permit: permit })
    }

    /// Takes a share of the pre-auth budget, waiting for one for at most [`GateLimits::wait`], first come first served. The
    /// caller keeps its place until the connection is served or told off.
    pub async fn enter(
        &self,
        charge: Charge,
        connection: ConnectionPermit,
        _place: &WaitingPlace,
    ) -> Result<PreAuthPermit, Refusal> {
        let deadline = tokio::time::Instant::now() + self.inner.limits.wait;
        let address = match charge {
            Charge::Address(address) => {
                let key = Key::of(address);
                let mut share = self.join_key(key);
                let shares = Arc::clone(&share.shares);
                match tokio::time::timeout_at(deadline, shares.acquire_owned()).await {
                    Ok(Ok(permit)) => share.permit = Some(permit),
                    _ => return Err(self.refuse(Refusal::Address)),
                }
                Some(share)
            }
            Charge::Proxy => None,
        };
        let counts_in_total = address
            .as_ref()
            .is_none_or(|share| share.key != Key::Loopback);
        let total = if counts_in_total {
            let total = Arc::clone(&self.inner.total).acquire_owned();
            match tokio::time::timeout_at(deadline, total).await {
                Ok(Ok(permit)) => Some(permit),
                _ => return Err(self.refuse(Refusal::Total)),
            }
        } else {
            None
        };
        let share = Share {
            _address: address,
            _total: total,
        };
        Ok(self.admit(share, connection))
    }

    /// Counts a refusal that was really sent.
    pub fn refuse(&self, refusal: Refusal) -> Refusal {
        self.inner.refused[refusal as usize].fetch_add(1, Ordering::Relaxed);
        refusal
    }

    /// What the gate has seen.
    pub fn counts(&self) -> GateCounts {
        let inner = &self.inner;
        let refused = |refusal: Refusal| inner.refused[refusal as usize].load(Ordering::Relaxed);
        GateCounts {
            connections: inner.limits.connections - inner.connections.available_permits(),
            unauthenticated: inner.unauthenticated.load(Ordering::Relaxed),
            waiting: inner.limits.waiting - inner.waiting.available_permits(),
            admitted: inner.admitted.load(Ordering::Relaxed),
            refused_address: refused(Refusal::Address),
            refused_total: refused(Refusal::Total),
            refused_connections: refused(Refusal::Connections),
        }
    }

    fn admit(&self, share: Share, connection: ConnectionPermit) -> PreAuthPermit {
        self.inner.admitted.fetch_add(1, Ordering::Relaxed);
        self.inner.unauthenticated.fetch_add(1, Ordering::Relaxed);
        PreAuthPermit {
            gate: Some(self.clone()),
            share: Some(share),
            _connection: Some(connection),
        }
    }

    fn take_share(&self, charge: Charge) -> Result<Share, Refusal> {
        let address = match charge {
            Charge::Address(address) => {
                let mut share = self.join_key(Key::of(address));
                let permit = Arc::clone(&share.shares)
                    .try_acquire_owned()
                    .map_err(|_| Refusal::Address)?;
                share.permit = Some(permit);
                Some(share)
            }
            Charge::Proxy => None,
        };
        let counts_in_total = address
            .as_ref()
            .is_none_or(|share| share.key != Key::Loopback);
        let total = if counts_in_total {
            let total = Arc::clone(&self.inner.total).try_acquire_owned();
            Some(total.map_err(|_| Refusal::Total)?)
        } else {
            None
        };
        Ok(Share {
            _address: address,
            _total: total,
        })
    }

    fn join_key(&self, key: Key) -> AddressShare {
        let limits = &self.inner.limits;
        let mut keys = self.inner.keys.lock();
        let entry = keys.entry(key).or_insert_with(|| Entry {
            shares: Arc::new(Semaphore::new(match key {
                Key::Loopback => limits.loopback,
                Key::V4(_) | Key::V6(_) => limits.per_address,
            })),
            users: 0,
        });
        entry.users += 1;
        AddressShare {
            gate: self.clone(),
            key,
            shares: Arc::clone(&entry.shares),
            permit: None,
        }
    }
}

/// The file descriptor budget of one connection.
#[derive(Debug)]
pub struct ConnectionPermit {
    _permit: OwnedSemaphorePermit,
}

/// A place in the waiting room.
#[derive(Debug)]
pub struct WaitingPlace {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Share {
    _address: Option<AddressShare>,
    _total: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
struct AddressShare {
    gate: Gate,
    key: Key,
    shares: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for AddressShare {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut keys = self.gate.inner.keys.lock();
        if let Some(entry) = keys.get_mut(&self.key) {
            entry.users -= 1;
            if entry.users == 0 {
                keys.remove(&self.key);
            }
        }
    }
}

/// A connection's place among the unauthenticated ones; also keeps its file descriptor budget.
///
/// Call [`PreAuthPermit::authenticated`] at hello-ok and keep the permit until the socket is closed.
#[derive(Debug)]
pub struct PreAuthPermit {
    gate: Option<Gate>,
    share: Option<Share>,
    _connection: Option<ConnectionPermit>,
}

impl PreAuthPermit {
    /// A permit that counts nowhere: for the control socket.
    pub fn unlimited() -> Self {
        Self {
            gate: None,
            share: None,
            _connection: None,
        }
    }

    /// Gives the pre-auth share back; the connection still counts as open.
    pub fn authenticated(&mut self) {
        if self.share.take().is_some()
            && let Some(gate) = &self.gate
        {
            gate.inner.unauthenticated.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Charges the client behind a trusted proxy instead of the proxy.
    pub fn charge_client(&mut self, address: IpAddr) -> Result<(), Refusal> {
        let Some(gate) = self.gate.clone() else {
            return Ok(());
        };
        // The proxy's share goes first: a full total must not refuse a client that already counts in it.
        if self.share.take().is_none() {
            return Ok(());
        }
        match gate.take_share(Charge::Address(address)) {
            Ok(share) => {
                self.share = Some(share);
                Ok(())
            }
            Err(refusal) => {
                gate.inner.unauthenticated.fetch_sub(1, Ordering::Relaxed);
                Err(gate.refuse(refusal))
            }
        }
    }
}

impl Drop for PreAuthPermit {
    fn drop(&mut self) {
        self.authenticated();
    }
}

#[cfg(test)]
mod tests;
