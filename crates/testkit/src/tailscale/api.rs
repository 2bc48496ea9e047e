//! The `LocalAPI`, and what the stand-in program asks of it.

use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::http::{Request, answer};
use super::{Shared, cli, routes};

pub(super) async fn serve(listener: UnixListener, shared: Shared) {
    // Ends with the daemon, connections included.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        connections.spawn(async move {
            // The other side left.
            let _gone = converse(stream, &shared).await;
        });
    }
}

async fn converse(mut stream: UnixStream, shared: &Shared) -> io::Result<()> {
    while let Some(mut request) = Request::read(&mut stream).await? {
        let body = request.body(&mut stream).await?;
        let delay = shared.machine.lock().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if request.path == "/stand-in/cli" {
            let said = cli::run(shared, &body);
            answer(&mut stream, "200 OK", &[], said.as_bytes()).await?;
            continue;
        }
        if request.path.starts_with("/localapi/v0/watch-ipn-bus") {
            return watch(stream, shared).await;
        }
        let (status, headers, body) = local_api(shared, &request, &body);
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        answer(&mut stream, status, &headers, &body).await?;
    }
    Ok(())
}

/// One message now, and one for every change.
async fn watch(mut stream: UnixStream, shared: &Shared) -> io::Result<()> {
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await?;
    let mut news = shared.news.subscribe();
    loop {
        let message = format!("{}\n", json!({ "State": shared.machine.lock().state }));
        let chunk = format!("{:x}\r\n{message}\r\n", message.len());
        stream.write_all(chunk.as_bytes()).await?;
        let mut nothing = [0; 1];
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return Ok(()) },
            _left = stream.read(&mut nothing) => return Ok(()),
        }
    }
}

type Reply = (&'static str, Vec<(&'static str, String)>, Vec<u8>);

fn text(status: &'static str, text: &str) -> Reply {
    (status, Vec::new(), format!("{text}\n").into_bytes())
}

fn local_api(shared: &Shared, request: &Request, body: &[u8]) -> Reply {
    let host = request.header("host").unwrap_or_default();
    let web = request.header("origin").is_some() || request.header("referer").is_some();
    if web || !matches!(host, "" | "local-tailscaled.sock") {
        return text("403 Forbidden", "invalid localapi request");
    }
    let Some(route) = request.path.strip_prefix("/localapi/v0/") else {
        return text("404 Not Found", "404 page not found");
    };
    let (name, query) = route.split_once('?').unwrap_or((route, ""));
    let parameter = |wanted: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    let mut machine = shared.machine.lock();
    let ok = |value: &Value, etag: Option<String>| {
        let body = if machine.garbled {
            b"<html>not JSON".to_vec()
        } else {
            value.to_string().into_bytes()
        };
        let headers = etag.map(|etag| ("Etag", etag)).into_iter();
        ("200 OK", headers.collect(), body)
    };
    match (request.method.as_str(), name) {
        ("GET", "status") => ok(&machine.status(parameter("peers") != Some("false")), None),
        ("GET", "serve-config") => ok(&machine.routes, Some(machine.etag())),
        ("POST", "serve-config") => {
            machine.calls.push("api serve-config".to_owned());
            if !machine.operator {
                return text("403 Forbidden", "serve config denied");
            }
            let Ok(config) = serde_json::from_slice(body) else {
                return text("500 Internal Server Error", "decoding config: invalid JSON");
            };
            if let Err(reason) = routes::check(&config) {
                return text(
                    "500 Internal Server Error",
                    &format!("updating config: {reason}"),
                );
            }
            let expected = request.header("if-match").unwrap_or_default();
            let late = machine.contended > 0;
            machine.contended = machine.contended.saturating_sub(1);
            if late || (!expected.is_empty() && expected != machine.etag()) {
                return text("412 Precondition Failed", "etag mismatch");
            }
            if !machine.forgetful {
                machine.routes = config;
                shared.news.send_modify(|count| *count += 1);
            }
            ("200 OK", Vec::new(), Vec::new())
        }
        ("GET", "whois") => {
            let address = parameter("addr").map(|text| {
                let alone = text.parse::<std::net::IpAddr>();
                alone.or_else(|_| {
                    text.parse::<std::net::SocketAddr>()
                        .map(|socket| socket.ip())
                })
            });
            match address {
                None => text("400 Bad Request", "missing 'addr' parameter"),
                Some(Err(_)) => text("400 Bad Request", "invalid 'addr' parameter"),
                Some(Ok(address)) => match machine.whois(address) {
                    Some(found) => ok(&found, None),
                    None => text("404 Not Found", "no match for IP:port"),
                },
            }
        }
        ("POST", "query-feature") => {
            let feature = parameter("feature").unwrap_or_default();
            let url = format!("https://login.tailscale.com/f/{feature}?node=nSTANDIN");
            ok(
                &json!({ "Complete": false, "Text": "", "URL": url, "ShouldWait": false }),
                None,
            )
        }
        _ => text("404 Not Found", "404 page not found"),
    }
}
