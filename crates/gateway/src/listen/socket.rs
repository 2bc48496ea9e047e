//! Sockets on one address, of one family: `IPV6_V6ONLY` is set on every IPv6 socket and never left to the system's default, so
//! that `[::]` does not take a port from `0.0.0.0`, and an IPv4 client never looks like an IPv6 one.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};

use crate::platform;

/// A TCP socket of the family of an address, to be bound to it.
pub(crate) fn tcp(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        let socket = TcpSocket::new_v6()?;
        SockRef::from(&socket).set_only_v6(true)?;
        socket
    };
    platform::reuse_address(&socket)?;
    Ok(socket)
}

/// Listens on an address; the system queues at most `backlog` connections.
pub fn listen_on(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = tcp(address)?;
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Receives datagrams at an address.
pub fn receive_on(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const BACKLOG: u32 = 4;

    #[tokio::test]
    async fn u38_both_wildcards_have_one_port_because_each_socket_has_one_family() {
        let wide = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let Ok(v6) = listen_on(wide, BACKLOG) else {
            // A machine without IPv6 has no port to share.
            return;
        };
        assert!(SockRef::from(&v6).only_v6().unwrap());
        let port = v6.local_addr().unwrap().port();
        let v4 = listen_on(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), BACKLOG).unwrap();
        assert_eq!(v4.local_addr().unwrap().port(), port);
        let client = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
        let (_, peer) = v4.accept().await.unwrap();
        assert!(peer.is_ipv4() && client.is_ok());

        let v6 = receive_on(wide).unwrap();
        assert!(SockRef::from(&v6).only_v6().unwrap());
        let port = v6.local_addr().unwrap().port();
        receive_on(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))).unwrap();
    }
}
