//! A reverse proxy on loopback that names a remote client, so that a program on this machine counts as one from elsewhere.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// The client that the proxy names; from the documentation range, so it is nobody's address.
pub(crate) const CLIENT_ADDRESS: &str = "198.51.100.7";

/// Listens until it is dropped; connections are cut then.
#[derive(Debug)]
pub(crate) struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream_port: u16,
    closing: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Relay {
    /// Relays to a port of loopback.
    pub(crate) fn to(upstream_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let shared = Arc::new(Shared {
            upstream_port,
            closing: AtomicBool::new(false),
            sockets: Mutex::new(Vec::new()),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { port, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; when this fails there is no such thread any more.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        for socket in self
            .shared
            .sockets
            .lock()
            .expect("no relay thread panics")
            .drain(..)
        {
            // Closed already is as good.
            drop(socket.shutdown(Shutdown::Both));
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            if self.closing.load(Ordering::SeqCst) {
                return;
            }
            let shared = Arc::clone(self);
            // A broken connection is the peer's business: it sees its socket close.
            thread::spawn(move || drop(shared.serve(client)));
        }
    }

    fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        let mut gateway = TcpStream::connect(("127.0.0.1", self.upstream_port))?;
        {
            let mut sockets = self.sockets.lock().expect("no relay thread panics");
            sockets.push(client.try_clone()?);
            sockets.push(gateway.try_clone()?);
        }
        gateway.write_all(&with_forwarded_for(&read_head(&mut client)?))?;
        let (mut from_gateway, mut to_client) = (gateway.try_clone()?, client.try_clone()?);
        let back = thread::spawn(move || {
            // Either end may break off; then the other one is told.
            drop(io::copy(&mut from_gateway, &mut to_client));
            drop(to_client.shutdown(Shutdown::Both));
        });
        drop(io::copy(&mut client, &mut gateway));
        drop(gateway.shutdown(Shutdown::Both));
        back.join()
            .map_err(|_| io::Error::other("the relay of the answers panicked"))
    }
}

/// Reads up to the end of the request head, and whatever came in the same packet.
fn read_head(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = client.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(&chunk[..count]);
    }
    Ok(head)
}

fn with_forwarded_for(head: &[u8]) -> Vec<u8> {
    let request_line = head
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let mut forwarded = head[..request_line].to_vec();
    forwarded.extend_from_slice(format!("X-Forwarded-For: {CLIENT_ADDRESS}\r\n").as_bytes());
    forwarded.extend_from_slice(&head[request_line..]);
    forwarded
}
