//! From a plan to listening sockets.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::Instant;

use super::holder::PortHolders;
use super::inherited::Inherited;
use super::plan::BindPlan;
use super::socket::{self, listen_on};
use crate::platform;

/// How long a busy port is tried again while the state directory's lock is ours: an instance that just ended may still hold it.
pub const BIND_RETRY: Duration = Duration::from_secs(5);
const RETRY_STEP: Duration = Duration::from_millis(100);
/// Connections the system queues before we accept them: a herd of 10 000 clients may come back at once.
const BACKLOG: u32 = 4096;
/// How often another port is tried when the system's choice for one address is taken on another.
const EPHEMERAL_TRIES: usize = 20;

/// Sockets that listen.
#[derive(Debug)]
pub struct Listeners {
    pub(super) sockets: Vec<TcpListener>,
    missing: Vec<MissingListener>,
}

/// An optional address that could not be bound; the gateway is degraded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingListener {
    /// The address.
    pub address: SocketAddr,
    /// Why, as the system says it.
    pub reason: String,
}

impl MissingListener {
    /// What is missing when `address` of a plan cannot be bound; `None` when nobody misses it: a machine without IPv6 (or
    /// without IPv4) has no wildcard or loopback address of it, and that is fine.
    pub(crate) fn of(address: SocketAddr, source: &io::Error) -> Option<Self> {
        let is_general = address.ip().is_unspecified() || address.ip().is_loopback();
        let has_no_family = platform::lacks_family(source);
        let not_there = source.kind() == io::ErrorKind::AddrNotAvailable;
        if is_general && (has_no_family || not_there) {
            tracing::debug!(%address, error = %source, "not listened on");
            return None;
        }
        let reason = if not_there {
            "not an address of this machine now; listened on as soon as it is one".to_owned()
        } else {
            source.to_string()
        };
        Some(Self { address, reason })
    }
}

/// Why nothing is listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{holders}")]
    InUse {
        /// The address.
        address: SocketAddr,
        /// Who listens.
        holders: PortHolders,
    },
    /// The address is not one of this machine.
    #[error(
        "cannot listen on {address}: not an address of this machine\nSet gateway.customBindHost (or --bind) to an address that \
         `ip address` shows, or use --bind loopback."
    )]
    NotOurs {
        /// The address.
        address: SocketAddr,
    },
    /// Anything else the system says.
    #[error("failed to bind gateway socket on ws://{address}: {source}")]
    Other {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A Unix socket cannot be had.
    #[error("cannot listen on {}: {source}", path.display())]
    Unix {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The gateway is stopping, or does not serve yet.
    #[error("the gateway is stopping")]
    Stopping,
    /// Every address of the plan was optional and none could be bound.
    #[error("no address to listen on\nUse --bind loopback, or bring the network up.")]
    Nothing,
}

impl Listeners {
    /// Binds every address of a plan. A busy port is tried again for `retry`; returns only when all sockets listen.
    pub async fn bind(plan: &BindPlan, retry: Duration) -> Result<Self, BindError> {
        Self::bind_with(plan, retry, &Inherited::default()).await
    }

    /// The same, with sockets that listen already.
    pub async fn bind_with(
        plan: &BindPlan,
        retry: Duration,
        inherited: &Inherited,
    ) -> Result<Self, BindError> {
        // What is wider or narrower than wanted would keep us from our own port.
        let wanted: Vec<SocketAddr> = plan.addresses().collect();
        inherited.close_tcp(|open| {
            !wanted.contains(&open) && wanted.iter().any(|one| overlaps(open, *one))
        });
        let deadline = Instant::now() + retry;
        loop {
            match bind_once(plan, inherited) {
                Err(Failure { address, source })
                    if source.kind() == io::ErrorKind::AddrInUse
                        && Instant::now() < deadline
                        && !PortHolders::find(address.port()).is_lasting() =>
                {
                    tracing::debug!(%address, "port is busy; trying again");
                    tokio::time::sleep(RETRY_STEP).await;
                }
                Err(failure) => return Err(failure.explain()),
                Ok(listeners) if listeners.sockets.is_empty() => return Err(BindError::Nothing),
                Ok(listeners) => return Ok(listeners),
            }
        }
    }

    /// The addresses that listen, in the order of the plan, loopback first.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let mut addresses: Vec<_> = self
            .sockets
            .iter()
            .filter_map(|socket| socket.local_addr().ok())
            .collect();
        addresses.sort_by_key(|address| !address.ip().is_loopback());
        addresses
    }

    /// The port, the same on every address.
    pub fn port(&self) -> u16 {
        self.addresses().first().map_or(0, SocketAddr::port)
    }

    /// Optional addresses that could not be bound.
    pub fn missing(&self) -> &[MissingListener] {
        &self.missing
    }
}

struct Failure {
    address: SocketAddr,
    source: io::Error,
}

impl Failure {
    fn explain(self) -> BindError {
        let Self { address, source } = self;
        match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse {
                address,
                holders: PortHolders::find(address.port()),
            },
            io::ErrorKind::AddrNotAvailable => BindError::NotOurs { address },
            _ => BindError::Other { address, source },
        }
    }
}

/// Whether whoever holds the sockets `open` already could bind the rest of the plan, too. Nothing listens for it.
///
/// # Errors
/// The first address that cannot be had, and who has it.
pub(crate) fn check_rest(plan: &BindPlan, open: &[SocketAddr]) -> Result<(), BindError> {
    let required = plan.required.iter().map(|address| (*address, true));
    let optional = plan.optional.iter().map(|address| (*address, false));
    for (address, is_required) in required.chain(optional) {
        if open.contains(&address) {
            continue;
        }
        if open.iter().any(|own| overlaps(*own, address)) {
            // Their own sockets keep nobody from it, but they hide who else would.
            let mut holders = PortHolders::find(address.port());
            let own = Some(std::process::id());
            holders
                .holders
                .retain(|holder| holder.pid != own && overlaps(holder.address, address));
            if holders.holders.is_empty() {
                continue;
            }
            return Err(BindError::InUse { address, holders });
        }
        let bound = socket::tcp(address).and_then(|socket| socket.bind(address));
        if let Err(source) = bound
            && (is_required || source.kind() == io::ErrorKind::AddrInUse)
        {
            return Err(Failure { address, source }.explain());
        }
    }
    Ok(())
}

/// Binds the plan once. With port 0 the first address takes a port of the system's choice and the others follow.
fn bind_once(plan: &BindPlan, inherited: &Inherited) -> Result<Listeners, Failure> {
    let mut tries = EPHEMERAL_TRIES;
    loop {
        tries -= 1;
        match bind_all(plan, inherited) {
            Err(BindAll::PortTakenElsewhere(_)) if tries > 0 => {}
            Err(BindAll::PortTakenElsewhere(failure) | BindAll::Failed(failure)) => {
                return Err(failure);
            }
            Ok(listeners) => return Ok(listeners),
        }
    }
}

enum BindAll {
    Failed(Failure),
    /// The port the system chose for one address is taken on another one.
    PortTakenElsewhere(Failure),
}

fn bind_all(plan: &BindPlan, inherited: &Inherited) -> Result<Listeners, BindAll> {
    let mut listeners = Listeners {
        sockets: Vec::new(),
        missing: Vec::new(),
    };
    let mut chosen = None;
    let required = plan.required.iter().map(|address| (*address, true));
    let optional = plan.optional.iter().map(|address| (*address, false));
    for (mut address, is_required) in required.chain(optional) {
        if let Some(port) = chosen {
            address.set_port(port);
        }
        let had_choice = chosen.is_some();
        let listening = match inherited.take_tcp(address) {
            Some(socket) => Ok(socket),
            None => listen(address),
        };
        match listening {
            Ok(socket) => {
                if address.port() == 0 {
                    chosen = socket.local_addr().ok().map(|bound| bound.port());
                }
                listeners.sockets.push(socket);
            }
            // A busy port is never passed over: half a gateway, with a stranger on the other half, helps nobody.
            Err(source) if is_required || source.kind() == io::ErrorKind::AddrInUse => {
                let busy = source.kind() == io::ErrorKind::AddrInUse;
                let failure = Failure { address, source };
                return Err(if had_choice && busy {
                    BindAll::PortTakenElsewhere(failure)
                } else {
                    BindAll::Failed(failure)
                });
            }
            Err(source) => listeners
                .missing
                .extend(MissingListener::of(address, &source)),
        }
    }
    Ok(listeners)
}

/// Listens on `address`, also where our own sockets `beside` it have the port on a wider or narrower address: the system
/// hands a connection to the narrower one, so that neither interrupts the other.
pub(super) fn listen_beside(
    address: SocketAddr,
    beside: &[Arc<TcpListener>],
) -> Result<TcpListener, BindError> {
    let failed = |source| Failure { address, source }.explain();
    let in_the_way: Vec<_> = beside
        .iter()
        .filter(|socket| {
            socket
                .local_addr()
                .is_ok_and(|own| overlaps(own, address) && own != address)
        })
        .collect();
    if in_the_way.is_empty() {
        return listen(address).map_err(failed);
    }
    let share = |shared: bool| {
        for socket in &in_the_way {
            if let Err(error) = platform::set_shared(socket, shared) {
                tracing::debug!(%error, shared, "port sharing not changed");
            }
        }
    };
    share(true);
    let listening = socket::tcp(address).and_then(|socket| {
        platform::share_port(&socket)?;
        socket.bind(address)?;
        let listening = socket.listen(BACKLOG)?;
        // Shared with ourselves for this moment only: another program must find the port busy.
        platform::set_shared(&listening, false)?;
        Ok(listening)
    });
    share(false);
    listening.map_err(failed)
}

/// Whether one of two addresses takes connections to the other.
fn overlaps(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port()
        && one.is_ipv4() == other.is_ipv4()
        && (one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    listen_on(address, BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openclaw_config::schema::BindMode;

    fn plan(required: &[&str], optional: &[&str]) -> BindPlan {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        BindPlan {
            mode: BindMode::Loopback,
            required: parse(required),
            optional: parse(optional),
            waiting: None,
            refused: Vec::new(),
            warnings: Vec::new(),
        }
    }

    #[tokio::test]
    async fn u39_both_families_share_a_port() {
        let plan = plan(&["127.0.0.1:0"], &["127.0.0.2:0", "127.0.0.3:0"]);
        let listeners = Listeners::bind(&plan, Duration::ZERO).await.unwrap();
        let addresses = listeners.addresses();
        assert_eq!(addresses.len(), 3);
        assert!(
            addresses
                .iter()
                .all(|address| address.port() == listeners.port())
        );
        assert_ne!(listeners.port(), 0);
    }

    /// The IPv4 wildcard is required, so a `[::]` that took both families would fail the plan. Nobody misses the second one
    /// on a machine without IPv6.
    #[tokio::test]
    async fn u39_wildcards_do_not_take_each_other_s_port() {
        let has_v6 = std::net::TcpListener::bind("[::1]:0").is_ok();
        for plan in [
            plan(&["0.0.0.0:0"], &["[::]:0"]),
            plan(&["127.0.0.1:0"], &["[::1]:0"]),
        ] {
            let listeners = Listeners::bind(&plan, Duration::ZERO).await.unwrap();
            let bound = listeners.addresses().len();
            assert_eq!(
                (bound, listeners.missing().len()),
                if has_v6 { (2, 0) } else { (1, 0) }
            );
        }
    }

    #[tokio::test]
    async fn u35_a_missing_optional_address_is_reported_not_replaced() {
        let plan = plan(&["127.0.0.1:0"], &["192.0.2.77:0"]);
        let listeners = Listeners::bind(&plan, Duration::ZERO).await.unwrap();
        assert_eq!(listeners.addresses().len(), 1);
        assert_eq!(
            listeners.missing()[0].address.ip().to_string(),
            "192.0.2.77"
        );
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_refused() {
        let plan = plan(&["127.0.0.1:0", "192.0.2.77:0"], &[]);
        let error = Listeners::bind(&plan, Duration::ZERO).await.unwrap_err();
        assert!(matches!(error, BindError::NotOurs { .. }));
        assert!(
            error
                .to_string()
                .starts_with("cannot listen on 192.0.2.77:"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn u08_a_busy_port_names_its_holder() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap().to_string();
        let error = Listeners::bind(&plan(&[&address], &[]), Duration::ZERO)
            .await
            .unwrap_err();
        let BindError::InUse { holders, .. } = &error else {
            panic!("{error:?}");
        };
        let own = std::process::id();
        assert!(
            holders.holders.iter().any(|holder| holder.pid == Some(own)),
            "{holders:?}"
        );
        assert!(
            error.to_string().contains(&format!("- pid {own} ")),
            "{error}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn u08_a_busy_port_is_tried_again() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap().to_string();
        let releaser = crate::tasks::spawn_owned("releases the port", async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            drop(other);
        });
        let listeners = Listeners::bind(&plan(&[&address], &[]), BIND_RETRY)
            .await
            .unwrap();
        assert_eq!(listeners.addresses()[0].to_string(), address);
        releaser.await.unwrap();
    }

    #[tokio::test]
    async fn u08_a_port_in_time_wait_is_taken_at_once() {
        let first = Listeners::bind(&plan(&["127.0.0.1:0"], &[]), Duration::ZERO)
            .await
            .unwrap();
        let address = first.addresses()[0];
        let client = tokio::net::TcpStream::connect(address).await.unwrap();
        let (server, _) = first.sockets[0].accept().await.unwrap();
        drop(server);
        drop(client);
        drop(first);
        let again = Listeners::bind(&plan(&[&address.to_string()], &[]), Duration::ZERO).await;
        assert_eq!(again.unwrap().addresses(), [address]);
    }

    #[tokio::test]
    async fn nothing_to_listen_on_is_an_error() {
        let error = Listeners::bind(&plan(&[], &["192.0.2.77:0"]), Duration::ZERO)
            .await
            .unwrap_err();
        assert!(matches!(error, BindError::Nothing));
    }
}
