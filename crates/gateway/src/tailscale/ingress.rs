//! Who may speak at the listener that is for Tailscale alone.
//!
//! It listens on loopback, where every user of the machine can connect. What comes from there says who the user is, so only
//! processes of the daemon's user, of root and of ourselves are let in: the others could name whom they like.

use std::net::{SocketAddr, SocketAddrV4};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use crate::platform::{self, is_own_user};
use crate::tasks;

/// Where Linux lists TCP connections with their owners.
const TABLE: &str = "/proc/net/tcp";

/// The users whose processes may speak for Tailscale.
#[derive(Debug, Default)]
pub(crate) struct Vouchers {
    daemon: RwLock<Option<u32>>,
    warned: AtomicBool,
}

impl Vouchers {
    /// The daemon is the owner of this socket.
    pub(super) fn set_socket(&self, socket: &Path) {
        if let Ok(metadata) = socket.metadata() {
            *self.daemon.write() = platform::owner(&metadata);
        }
    }

    fn admit(&self, uid: u32) -> bool {
        uid == 0 || is_own_user(uid) || *self.daemon.read() == Some(uid)
    }

    /// Whether the process at the other end of a connection may speak for Tailscale. Where the system does not tell whose a
    /// connection is, everybody may.
    pub(crate) async fn vouch(&self, peer: SocketAddr, local: SocketAddr) -> bool {
        let (SocketAddr::V4(peer), SocketAddr::V4(local)) = (peer, local) else {
            return true;
        };
        let read = tasks::blocking("connection owner", move || {
            let table = std::fs::read_to_string(TABLE).ok()?;
            Some(owner(&table, peer, local))
        });
        match read.await.flatten() {
            None => true,
            Some(owner) => {
                let admitted = owner.is_some_and(|uid| self.admit(uid));
                if !admitted && !self.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(target: "gateway", uid = ?owner, "a process that is not Tailscale connected to the listener for Tailscale; it is not served");
                }
                admitted
            }
        }
    }
}

/// The user whose socket is bound to `peer` and connected to `local`.
fn owner(table: &str, peer: SocketAddrV4, local: SocketAddrV4) -> Option<u32> {
    let (from, to) = (written(peer), written(local));
    table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let matches = columns.next()? == from && columns.next()? == to;
        // State, queues, timer and retransmissions stand between.
        matches.then(|| columns.nth(4)?.parse().ok()).flatten()
    })
}

/// As the kernel writes an address: the bytes of the network as a number of this machine.
fn written(address: SocketAddrV4) -> String {
    let number = u32::from_ne_bytes(address.ip().octets());
    format!("{number:08X}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u17_the_owner_of_a_connection_is_found_by_both_its_ends() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:4E21 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0\n\
            1: 0100007F:D431 0100007F:4E21 01 00000000:00000000 00:00000000 00000000  4711        0 2 1 0 20 4 30 10 -1\n\
            2: 0100007F:4E21 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 20 4 30 10 -1\n";
        let at = |text: &str| text.parse::<SocketAddrV4>().unwrap();
        if cfg!(target_endian = "little") {
            let ingress = at("127.0.0.1:20001");
            assert_eq!(owner(table, at("127.0.0.1:54321"), ingress), Some(4711));
            assert_eq!(owner(table, at("127.0.0.1:54322"), ingress), None);
        }
        let vouchers = Vouchers::default();
        assert!(vouchers.admit(0) && vouchers.admit(rustix::process::geteuid().as_raw()));
        assert!(!vouchers.admit(4711));
        *vouchers.daemon.write() = Some(4711);
        assert!(vouchers.admit(4711));
    }
}
