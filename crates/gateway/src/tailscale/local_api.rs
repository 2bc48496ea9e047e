//! The daemon by its `LocalAPI`: HTTP over a Unix socket, on Windows over a named pipe.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use futures_util::StreamExt;
use http::header::{CONTENT_TYPE, ETAG, HOST, IF_MATCH};
use http::{Method, Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::daemon::{Applied, Asked, Daemon, Routes, Status, user};
use super::serve_config::Change;
use super::trouble::{Trouble, first_line, link};
use crate::auth::identity::TailnetUser;
use crate::platform::connect_tailscale;
use crate::tasks;

/// What the daemon calls itself; it answers to nothing else.
const NAME: &str = "local-tailscaled.sock";
/// Longest wait for an answer.
const LIMIT: Duration = Duration::from_secs(5);
/// Longest answer, in bytes; a status with thousands of peers is below.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// The daemon behind a socket.
#[derive(Debug, Clone)]
pub(super) struct LocalApi {
    socket: PathBuf,
}

/// An answer that came.
struct Answer {
    status: StatusCode,
    etag: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self, what: &str) -> Result<Value, Trouble> {
        serde_json::from_slice(&self.body).map_err(|_| Trouble::Garbled {
            what: what.to_owned(),
        })
    }
}

impl LocalApi {
    pub(super) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    async fn connect(&self) -> Result<(http1::SendRequest<Body>, AbortOnDropHandle<()>), Trouble> {
        let stream = connect_tailscale(&self.socket)
            .await
            .map_err(|error| match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    Trouble::Denied(format!("{} may not be opened", self.socket.display()))
                }
                _ => Trouble::DaemonDown,
            })?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Trouble::DaemonDown)?;
        let driving = tasks::spawn_owned("tailscale api", async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection to the Tailscale daemon ended");
            }
        });
        Ok((sender, driving))
    }

    async fn ask(&self, request: Request<Body>, what: &str) -> Result<Answer, Trouble> {
        let asked = async {
            let (mut sender, _driving) = self.connect().await?;
            let broken = |_| Trouble::DaemonDown;
            let response = sender.send_request(request).await.map_err(broken)?;
            let (head, body) = response.into_parts();
            let body =
                to_bytes(Body::new(body), MAX_ANSWER)
                    .await
                    .map_err(|_| Trouble::Garbled {
                        what: what.to_owned(),
                    })?;
            let etag = head.headers.get(ETAG);
            Ok(Answer {
                status: head.status,
                etag: etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned),
                body: body.to_vec(),
            })
        };
        timeout(LIMIT, asked).await.unwrap_or_else(|_| {
            Err(Trouble::Slow {
                what: what.to_owned(),
                seconds: LIMIT.as_secs(),
            })
        })
    }

    async fn get(&self, path: &str, what: &str) -> Result<Answer, Trouble> {
        let answer = self.ask(request(Method::GET, path), what).await?;
        refused(&answer, what)?;
        Ok(answer)
    }

    async fn read_status(&self, path: &str) -> Result<Status, Trouble> {
        let answer = self.get(path, "status").await?;
        check(&answer, "status")?;
        Status::read(&answer.json("status")?).ok_or_else(|| Trouble::Garbled {
            what: "status".to_owned(),
        })
    }

    /// Tells when the daemon's state has changed, until the connection breaks.
    pub(super) async fn watch(&self) -> Result<Watch, Trouble> {
        let opened = async {
            let (mut sender, driving) = self.connect().await?;
            // Initial state, no private keys, and few messages about the network map.
            let request = request(Method::GET, "watch-ipn-bus?mask=274");
            let response = sender
                .send_request(request)
                .await
                .map_err(|_| Trouble::DaemonDown)?;
            if response.status() != StatusCode::OK {
                return Err(Trouble::Failed {
                    what: "watch".to_owned(),
                    text: response.status().to_string(),
                });
            }
            let mut chunks = Body::new(response.into_body()).into_data_stream();
            let (told, news) = mpsc::channel(1);
            let reading = tasks::spawn_owned("tailscale watch", async move {
                let _open = (sender, driving);
                while let Some(Ok(chunk)) = chunks.next().await {
                    // News that nobody has taken yet are news enough.
                    if mentions_state(&chunk)
                        && let Err(TrySendError::Closed(())) = told.try_send(())
                    {
                        return;
                    }
                }
            });
            Ok(Watch {
                news,
                _reading: reading,
            })
        };
        timeout(LIMIT, opened).await.unwrap_or_else(|_| {
            Err(Trouble::Slow {
                what: "watch".to_owned(),
                seconds: LIMIT.as_secs(),
            })
        })
    }
}

fn request(method: Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(format!("/localapi/v0/{path}"))
        .header(HOST, NAME)
        .body(Body::empty())
        .expect("a path of ours is a request")
}

fn refused(answer: &Answer, what: &str) -> Result<(), Trouble> {
    if matches!(
        answer.status,
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED
    ) {
        tracing::debug!(what, "the Tailscale daemon refuses");
        return Err(Trouble::Denied(first_line(&answer.text())));
    }
    Ok(())
}

fn check(answer: &Answer, what: &str) -> Result<(), Trouble> {
    if answer.status.is_success() {
        return Ok(());
    }
    Err(Trouble::Failed {
        what: what.to_owned(),
        text: first_line(&answer.text()),
    })
}

impl Daemon for LocalApi {
    fn status(&self) -> Asked<'_, Status> {
        Box::pin(self.read_status("status?peers=false"))
    }

    fn routes(&self) -> Asked<'_, Routes> {
        Box::pin(async {
            let answer = self.get("serve-config", "serve config").await?;
            check(&answer, "serve config")?;
            Ok(Routes {
                config: answer.json("serve config")?,
                etag: answer.etag,
            })
        })
    }

    fn apply<'a>(&'a self, before: &'a Routes, change: &'a Change) -> Asked<'a, Applied> {
        Box::pin(async {
            let mut request = request(Method::POST, "serve-config");
            let headers = request.headers_mut();
            headers.insert(
                CONTENT_TYPE,
                http::HeaderValue::from_static("application/json"),
            );
            if let Some(etag) = before.etag.as_deref().and_then(|etag| etag.parse().ok()) {
                headers.insert(IF_MATCH, etag);
            }
            *request.body_mut() = Body::from(change.after.to_string());
            let answer = self.ask(request, "serve config").await?;
            refused(&answer, "serve config")?;
            if answer.status == StatusCode::PRECONDITION_FAILED {
                return Err(Trouble::Contended);
            }
            check(&answer, "serve config")?;
            Ok(Applied::default())
        })
    }

    fn whois(&self, address: IpAddr) -> Asked<'_, Option<TailnetUser>> {
        Box::pin(async move {
            let answer = self
                .get(&format!("whois?proto=tcp&addr={address}"), "whois")
                .await?;
            if answer.status == StatusCode::NOT_FOUND {
                // Some daemons do not find the machine they run on.
                let status = self.read_status("status").await?;
                let own = status.addresses.contains(&address);
                return Ok(status.own_user.filter(|_| own));
            }
            check(&answer, "whois")?;
            Ok(user(&answer.json("whois")?))
        })
    }

    fn enable_link(&self, feature: &'static str) -> Asked<'_, Option<String>> {
        Box::pin(async move {
            let request = request(Method::POST, &format!("query-feature?feature={feature}"));
            let answer = self.ask(request, "query feature").await?;
            if !answer.status.is_success() {
                return Ok(None);
            }
            let json = answer.json("query feature")?;
            let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
            Ok(link(text("URL")).or_else(|| link(text("Text"))))
        })
    }
}

/// Messages of the daemon about its state.
#[derive(Debug)]
pub(super) struct Watch {
    news: mpsc::Receiver<()>,
    _reading: AbortOnDropHandle<()>,
}

impl Watch {
    /// Waits for news; `false` when the daemon is gone. What the news is, is asked separately.
    pub(super) async fn changed(&mut self) -> bool {
        self.news.recv().await.is_some()
    }
}

/// Most messages are about peers; those about the state of the daemon itself name it.
fn mentions_state(chunk: &[u8]) -> bool {
    const KEYS: [&[u8]; 3] = [b"\"State\":", b"\"Prefs\":", b"\"ErrMessage\":"];
    KEYS.iter()
        .any(|key| chunk.windows(key.len()).any(|window| window == *key))
}
