//! The HTTPS side: what a device of the tailnet, or somebody on the internet, meets.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::http::{Request, answer};
use super::{Shared, StandIn, Task, routes};

/// Who visits, and how.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// Address in the tailnet, or on the internet.
    pub from: IpAddr,
    /// HTTPS port of the machine.
    pub port: u16,
    /// By Funnel.
    pub funnel: bool,
    /// With TLS; without it only the test saves some work, what is forwarded is the same.
    pub tls: bool,
}

impl Visit {
    /// A device of the tailnet at port 443, without TLS.
    ///
    /// # Panics
    /// When that is no address.
    pub fn from(address: &str) -> Self {
        Self {
            from: address.parse().expect("an address"),
            port: 443,
            funnel: false,
            tls: false,
        }
    }
}

impl StandIn {
    /// Opens the machine's HTTPS port for one visitor; the second value is the SHA-256 of the certificate.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn front(&self, visit: Visit) -> (SocketAddr, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (acceptor, fingerprint) = acceptor();
        let shared = self.shared.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, acceptor) = (shared.clone(), acceptor.clone());
                connections.spawn(async move {
                    // A connection that cannot be forwarded ends.
                    let _ended = if visit.tls {
                        match acceptor.accept(stream).await {
                            Ok(stream) => forward(stream, visit, &shared).await,
                            Err(error) => Err(error),
                        }
                    } else {
                        forward(stream, visit, &shared).await
                    };
                });
            }
        });
        self.fronts.lock().push(Task(task));
        (address, fingerprint)
    }
}

fn acceptor() -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed([super::HOST.to_owned(), "127.0.0.1".to_owned()])
        .expect("a certificate");
    let der = made.cert.der().clone();
    let digest = ring::digest::digest(&ring::digest::SHA256, &der);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![der], key)
        .expect("a usable certificate");
    (
        TlsAcceptor::from(Arc::new(config)),
        data_encoding::HEXLOWER.encode(digest.as_ref()),
    )
}

/// Where a request goes: the port of the proxy, and the headers about the visitor.
fn route(shared: &Shared, visit: Visit) -> Option<(u16, Vec<(&'static str, String)>)> {
    let machine = shared.machine.lock();
    let place = format!("{}:{}", machine.name, visit.port);
    let https = routes::get(&machine.routes, "TCP", &visit.port.to_string())?.get("HTTPS");
    let allowed = routes::get(&machine.routes, "AllowFunnel", &place) == Some(&Value::Bool(true));
    if https != Some(&Value::Bool(true)) || (visit.funnel && !allowed) {
        return None;
    }
    let proxy = routes::get(&machine.routes, "Web", &place)?
        .get("Handlers")?
        .get("/")?
        .get("Proxy")?
        .as_str()?;
    let port = proxy
        .strip_prefix("http://127.0.0.1:")?
        .trim_end_matches('/')
        .parse()
        .ok()?;
    let mut headers = vec![
        ("X-Forwarded-For", visit.from.to_string()),
        ("X-Forwarded-Proto", "https".to_owned()),
    ];
    if visit.funnel {
        headers.push(("Tailscale-Funnel-Request", "?1".to_owned()));
    } else if let Some(someone) = machine
        .people
        .get(&visit.from)
        .filter(|someone| someone.tags.is_empty())
    {
        headers.push(("Tailscale-User-Login", someone.login.clone()));
        headers.push(("Tailscale-User-Name", someone.name.clone()));
        headers.push(("Tailscale-User-Profile-Pic", String::new()));
        headers.push((
            "Tailscale-Headers-Info",
            "https://tailscale.com/s/serve-headers".to_owned(),
        ));
    }
    Some((port, headers))
}

/// What a client may not bring along.
fn is_ours_to_say(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("tailscale-") || name.starts_with("x-forwarded-") || name == "forwarded"
}

async fn forward(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    visit: Visit,
    shared: &Shared,
) -> io::Result<()> {
    let Some(request) = Request::read(&mut client).await? else {
        return Ok(());
    };
    let Some((port, added)) = route(shared, visit) else {
        // The real one refuses the connection; here it is too late for that.
        return answer(
            &mut client,
            "502 Bad Gateway",
            &[("Connection", "close")],
            b"no route\n",
        )
        .await;
    };
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else {
        return answer(
            &mut client,
            "502 Bad Gateway",
            &[("Connection", "close")],
            b"",
        )
        .await;
    };
    let upgrade = request.header("upgrade").is_some();
    let host = request.header("host").unwrap_or_default().to_owned();
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    let mut line = |name: &str, value: &str| {
        head.extend([name, ": ", value, "\r\n"]);
    };
    for (name, value) in &request.headers {
        let hop = !upgrade && name.eq_ignore_ascii_case("connection");
        if !is_ours_to_say(name) && !hop {
            line(name, value);
        }
    }
    if !upgrade {
        // One request for each connection is enough here.
        line("Connection", "close");
    }
    line("X-Forwarded-Host", &host);
    for (name, value) in &added {
        line(name, value);
    }
    head.push_str("\r\n");
    server.write_all(head.as_bytes()).await?;
    server.write_all(&request.rest).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
