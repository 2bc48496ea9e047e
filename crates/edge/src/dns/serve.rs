//! The sockets of the responder: UDP and TCP on one address, under limits.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openclaw_gateway::listen::{listen_on, receive_on};
use openclaw_gateway::tasks::spawn_owned;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::answer::{Transport, answer};
use super::limit::Limit;
use super::plan::Plan;
use super::zone::Zone;

/// Largest query, bytes; ours fit into a tenth.
const MAX_QUERY: usize = 4_096;
/// Connections at once, on one address of ours.
const MAX_CONNECTIONS: usize = 32;
/// Queries on one connection.
const MAX_QUERIES: usize = 64;
/// How long a connection may take for its next query, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that the system queues.
const BACKLOG: u32 = 128;
/// Pause after the system refused a connection for want of something.
const BREATH: Duration = Duration::from_millis(100);

/// What the sockets serve now.
#[derive(Debug, Clone)]
pub(super) struct Served {
    /// Whom, where.
    pub(super) plan: Arc<Plan>,
    /// What.
    pub(super) zone: Arc<Zone>,
}

/// One address that is served; closed when dropped.
#[derive(Debug)]
pub(super) struct Listener {
    tasks: [AbortOnDropHandle<()>; 2],
}

impl Listener {
    /// Opens both sockets, or says why not.
    pub(super) fn open(
        address: SocketAddr,
        served: &watch::Receiver<Served>,
        limit: &Arc<Mutex<Limit>>,
    ) -> io::Result<Self> {
        let udp = receive_on(address)?;
        // The same port, also when the system chose it.
        let tcp = listen_on(udp.local_addr()?, BACKLOG)?;
        let by_udp = datagrams(udp, served.clone(), Arc::clone(limit));
        let by_tcp = connections(tcp, served.clone(), Arc::clone(limit));
        Ok(Self {
            tasks: [
                spawn_owned("dns udp", by_udp),
                spawn_owned("dns tcp", by_tcp),
            ],
        })
    }

    /// Whether both sockets still serve.
    pub(super) fn is_alive(&self) -> bool {
        self.tasks.iter().all(|task| !task.is_finished())
    }
}

async fn datagrams(socket: UdpSocket, served: watch::Receiver<Served>, limit: Arc<Mutex<Limit>>) {
    let mut buffer = [0; MAX_QUERY];
    loop {
        let (length, source) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) if is_about_one_packet(&error) => continue,
            Err(error) => {
                tracing::debug!(%error, "the dns socket failed");
                return;
            }
        };
        let now = served.borrow().clone();
        if !now.plan.answers(source.ip()) || !limit.lock().allows(source.ip(), Instant::now()) {
            continue;
        }
        if let Some(reply) = answer(&now.zone, &buffer[..length], Transport::Udp) {
            // Whoever asked asks again.
            drop(socket.send_to(&reply, source).await);
        }
    }
}

/// Whether an error of a datagram socket concerns a packet sent earlier, not the socket.
fn is_about_one_packet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
    )
}

async fn connections(
    listener: TcpListener,
    served: watch::Receiver<Served>,
    limit: Arc<Mutex<Limit>>,
) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, source)) => {
                if !served.borrow().plan.answers(source.ip()) {
                    continue;
                }
                let (served, limit) = (served.clone(), Arc::clone(&limit));
                // The set owns the task: it ends with the listener.
                tasks.spawn(async move {
                    converse(stream, source, served, limit).await;
                    drop(permit);
                });
            }
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
}

/// Answers the queries of one connection, one after the other.
async fn converse(
    mut stream: TcpStream,
    source: SocketAddr,
    served: watch::Receiver<Served>,
    limit: Arc<Mutex<Limit>>,
) {
    let mut buffer = vec![0; MAX_QUERY];
    for _ in 0..MAX_QUERIES {
        let Ok(Ok(length)) = timeout(PATIENCE, read(&mut stream, &mut buffer)).await else {
            return;
        };
        if !limit.lock().allows(source.ip(), Instant::now()) {
            return;
        }
        let zone = Arc::clone(&served.borrow().zone);
        let Some(reply) = answer(&zone, &buffer[..length], Transport::Tcp) else {
            return;
        };
        let size = u16::try_from(reply.len()).unwrap_or(u16::MAX);
        let framed = [&size.to_be_bytes()[..], &reply].concat();
        if !matches!(
            timeout(PATIENCE, stream.write_all(&framed)).await,
            Ok(Ok(()))
        ) {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let length = usize::from(stream.read_u16().await?);
    let Some(query) = buffer.get_mut(..length) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    stream.read_exact(query).await
}
