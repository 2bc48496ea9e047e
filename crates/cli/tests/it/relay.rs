//! A reverse proxy that names another client address, as one on the way from outside does.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// Who the relayed clients seem to be.
pub(crate) const OUTSIDE: &str = "198.51.100.7";

/// Relays connections to a port of this machine; ends with the test process. Gives its own port.
pub(crate) fn start(gateway: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || serve(client, gateway));
        }
    });
    port
}

fn serve(mut client: TcpStream, gateway: u16) -> Option<()> {
    let head = request_head(&mut client)?;
    let (line, headers) = head.split_once("\r\n")?;
    let mut server = TcpStream::connect(("127.0.0.1", gateway)).ok()?;
    let head = format!("{line}\r\nX-Forwarded-For: {OUTSIDE}\r\n{headers}");
    server.write_all(head.as_bytes()).ok()?;
    let (client_out, server_in) = (client.try_clone().ok()?, server.try_clone().ok()?);
    thread::spawn(move || copy(server_in, client_out));
    copy(client, server);
    Some(())
}

/// Everything up to the empty line; a client sends nothing after it before the answer.
fn request_head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    std::io::copy(&mut from, &mut to).ok();
    to.shutdown(Shutdown::Both).ok();
}
