//! A question to one DNS server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use openclaw_protocol::dns::{Data, Edns, Flags, Message, Name, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use uuid::Uuid;

/// Largest answer that is taken by UDP, bytes.
const UDP_SIZE: u16 = 1_232;

/// Asks; no answer in time, or none that fits, is an error.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    kind: u16,
    patience: Duration,
) -> io::Result<Message> {
    let random = Uuid::new_v4().into_bytes();
    let id = u16::from_be_bytes([random[0], random[1]]);
    let edns = Edns {
        udp_size: UDP_SIZE,
        version: 0,
    };
    let query = Message::query(id, name.clone(), kind, true, Some(edns));
    timeout(patience, by_udp(server, &query)).await?
}

async fn by_udp(server: SocketAddr, query: &Message) -> io::Result<Message> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // A port of the system's choice, and answers from this server only.
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let bytes = query.encode();
    socket.send(&bytes).await?;
    let mut buffer = [0; UDP_SIZE as usize];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let Ok(answer) = Message::decode(&buffer[..length]) else {
            continue;
        };
        if !fits(query, &answer) {
            continue;
        }
        if answer.flags.has(Flags::TRUNCATED) {
            return by_tcp(server, query, &bytes).await;
        }
        return Ok(answer);
    }
}

async fn by_tcp(server: SocketAddr, query: &Message, bytes: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let size = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream
        .write_all(&[&size.to_be_bytes()[..], bytes].concat())
        .await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    let answer = Message::decode(&answer).map_err(io::Error::other)?;
    if fits(query, &answer) {
        Ok(answer)
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// Whether this is the answer to that question.
fn fits(query: &Message, answer: &Message) -> bool {
    answer.is_response() && answer.id == query.id && answer.questions == query.questions
}

/// The data of every record of this name.
pub(super) fn data_of<'a>(records: &'a [Record], name: &'a Name) -> impl Iterator<Item = &'a Data> {
    records
        .iter()
        .filter(move |record| record.name == *name)
        .map(|record| &record.data)
}
