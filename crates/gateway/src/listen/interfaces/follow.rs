//! Follows the addresses of this machine: the kernel says when one comes or goes, and nothing runs in between.

use std::io;
use std::time::Duration;

use tokio::sync::watch;

use super::{InterfaceAddress, interface_addresses};

/// Addresses often change several at a time: they are read once it has been quiet this long.
const QUIET: Duration = Duration::from_millis(100);
/// How often addresses are read where the kernel does not say when they change.
const PERIOD: Duration = Duration::from_secs(3);

/// Publishes every change of this machine's addresses; never ends.
pub(crate) async fn follow(addresses: &watch::Sender<Vec<InterfaceAddress>>) {
    let mut notices = Notices::open()
        .inspect_err(|error| {
            tracing::debug!(%error, "no notices of address changes; looking every {} s", PERIOD.as_secs());
        })
        .ok();
    loop {
        // What changed before the notices were open is seen too.
        publish(addresses);
        match &mut notices {
            Some(open) => match open.next().await {
                Ok(()) => tokio::time::sleep(QUIET).await,
                Err(error) => {
                    tracing::debug!(%error, "notices of address changes ended");
                    notices = None;
                }
            },
            None => tokio::time::sleep(PERIOD).await,
        }
    }
}

fn publish(addresses: &watch::Sender<Vec<InterfaceAddress>>) {
    match interface_addresses() {
        Ok(found) => {
            addresses.send_if_modified(|known| {
                let changed = *known != found;
                *known = found;
                changed
            });
        }
        Err(error) => tracing::debug!(%error, "network interfaces could not be listed"),
    }
}

#[cfg(target_os = "linux")]
use linux::Notices;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;

    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
    use tokio::io::unix::AsyncFd;

    use super::io;

    /// Multicast groups of `rtnetlink(7)`: links, IPv4 and IPv6 addresses.
    const GROUPS: u32 = 0x1 | 0x10 | 0x100;

    /// A netlink socket that hears of every change.
    pub(super) struct Notices(AsyncFd<OwnedFd>);

    impl Notices {
        pub(super) fn open() -> io::Result<Self> {
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
            bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
            #[expect(
                deprecated,
                reason = "an OwnedFd is always the same open descriptor; the replacement needs unsafe code"
            )]
            let socket = AsyncFd::new(socket)?;
            Ok(Self(socket))
        }

        /// Waits for a change; several at once are one.
        pub(super) async fn next(&mut self) -> io::Result<()> {
            use rustix::io::Errno;
            let mut buffer = [0; 8192];
            let mut heard = false;
            loop {
                let mut ready = self.0.readable().await?;
                match recv(self.0.get_ref(), &mut buffer[..], RecvFlags::empty()) {
                    // Which change it was does not matter: the addresses are read anew.
                    Ok(_) | Err(Errno::NOBUFS) => heard = true,
                    Err(Errno::AGAIN) if heard => return Ok(()),
                    Err(Errno::AGAIN) => ready.clear_ready(),
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
struct Notices;

#[cfg(not(target_os = "linux"))]
impl Notices {
    fn open() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn next(&mut self) -> io::Result<()> {
        std::future::pending().await
    }
}
