//! The canvas host: the files of a folder for the canvases of nodes and for browsers.
//!
//! Its pages are not ours, and they come from the origin of the Control UI. So browsers run them without an origin (`sandbox`):
//! they can neither read what the Control UI keeps nor connect as it. A page without an origin has no credential that a
//! browser would send for it; what it loads is opened by its address, which nobody can guess, see [`crate::canvas`].

mod folder;
mod live;
mod route;

use std::borrow::Cow;
use std::io::Read as _;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, LOCATION, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::io::AsyncReadExt as _;

use self::folder::{Found, INDEX, Place};
use self::route::{Route, Wanted};
use super::policy::HttpPolicy;
use super::ui::etag;
use super::upgrade::{self, Purpose};
use super::{BearerVerdict, HttpState, answer, front, probes};
use crate::canvas::{CanvasFolder, Holder};
use crate::peer::{Authority, Origin, Peer, RequestKind, host_verdict};

pub(super) use self::folder::Versions;
pub(super) use self::live::Waiting;

const DEFAULT: &str = include_str!("canvas/default.html");
/// Larger pages are sent as they are, without live reload, in bytes.
const LARGEST_PAGE: u64 = 4 * 1024 * 1024;
/// Bytes of a file that are read at a time.
const CHUNK: usize = 64 * 1024;
/// For what may run scripts.
const DOCUMENT_POLICY: &str = "sandbox allow-scripts allow-forms allow-modals allow-pointer-lock allow-popups \
                               allow-popups-to-escape-sandbox allow-downloads; frame-ancestors 'none'";
/// For the rest; a stricter one would bind the workers that a page starts.
const FILE_POLICY: &str = "frame-ancestors 'none'";
const REALM: &str = "Bearer, Basic realm=\"OpenClaw canvas (any user name, gateway token as password)\", charset=\"UTF-8\"";

/// Whether a path belongs to the canvas host, be it on or off.
pub(super) fn is_ours(path: &str) -> bool {
    route::route(path).is_some()
}

/// Answers a GET or HEAD.
pub(super) async fn answer(
    state: &HttpState,
    policy: &HttpPolicy,
    peer: &Peer,
    head: &Parts,
) -> Response {
    let path = head.uri.path();
    let (Some(folder), Some(route)) = (&policy.canvas, route::route(path)) else {
        return answer::not_found();
    };
    if route.wanted == Wanted::Socket {
        let status = if folder.live_reload {
            StatusCode::UPGRADE_REQUIRED
        } else {
            StatusCode::NOT_FOUND
        };
        return answer::text(status, "upgrade required");
    }
    let opens = is_navigation(&head.headers);
    // Before it is looked at who asks: a credential that is changed meanwhile takes with it what it opened.
    let page = state.capabilities().of_page();
    if let Some(capability) = route.capability {
        if !is_held(state, capability) {
            // A bookmark, or a page of before a restart: it shows who it is, and goes on.
            return if opens {
                redirect(route::without_capability(path), head.uri.query())
            } else {
                answer::not_found()
            };
        }
    } else {
        if let Err(refusal) = admit(state, peer, &head.headers).await {
            return refusal;
        }
        // What a browser shows gets an address that opens what it loads, too.
        if opens {
            let prefix = crate::canvas::CAPABILITY_PREFIX;
            let place = format!("{prefix}{page}{path}");
            return redirect(&place, head.uri.query());
        }
    }
    let capability = route.capability.unwrap_or(&page);
    let mut response = serve(state, folder, peer, head, &route, capability).await;
    answer::set(&mut response, CACHE_CONTROL, "private, no-cache");
    if route.capability.is_some() {
        answer::set(&mut response, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else {
        let readers = HeaderName::from_static("cross-origin-resource-policy");
        answer::set(&mut response, readers, "same-origin");
    }
    response
}

/// Answers an upgrade of the socket for live reload.
pub(super) async fn upgrade(
    state: &HttpState,
    policy: &HttpPolicy,
    peer: Peer,
    request: Request,
) -> Response {
    let route = route::route(request.uri().path());
    let (
        Some(folder),
        Some(Route {
            capability,
            wanted: Wanted::Socket,
        }),
    ) = (&policy.canvas, route)
    else {
        return answer::not_found();
    };
    if !folder.live_reload {
        return answer::not_found();
    }
    let verdict = host_verdict(
        peer.host.as_deref(),
        peer.origin.is_some(),
        RequestKind::Upgrade,
        peer.scheme(),
        &policy.origin,
        &policy.names,
    );
    if let Err(refused) = verdict {
        return front::refuse_host(state, &peer, &refused);
    }
    let page = state.capabilities().of_page();
    let held = capability.map_or(page, str::to_owned);
    let admitted = match capability {
        Some(capability) if is_held(state, capability) => Ok(()),
        Some(_) => Err(answer::not_found()),
        None => {
            let headers = request.headers().clone();
            admit(state, &peer, &headers).await
        }
    };
    if let Err(refusal) = admitted {
        return refusal;
    }
    let waiting = Waiting {
        root: folder.root.clone(),
        held,
        seen: live::seen(request.uri().query()),
    };
    upgrade::switch(state, policy, peer, request, |_| {
        Ok(Purpose::Canvas(waiting))
    })
}

fn is_held(state: &HttpState, capability: &str) -> bool {
    match state.capabilities().holder(capability) {
        Some(Holder::Page) => true,
        Some(Holder::Node(conn_id)) => state.handler().is_connected_node(&conn_id),
        None => false,
    }
}

/// Whether somebody may read: this machine, and who shows what opens the rest of the HTTP surface. Web pages of others may
/// not, not even in a browser that may: they could load what it holds as a script.
async fn admit(state: &HttpState, peer: &Peer, headers: &HeaderMap) -> Result<(), Response> {
    if is_foreign(peer, headers) {
        return Err(answer::error(
            StatusCode::FORBIDDEN,
            "origin_not_allowed",
            "files of the canvas are not for pages of other sites; open the address itself",
        ));
    }
    if peer.is_local() {
        return Ok(());
    }
    let sent = credential(headers);
    let verdict = match &sent {
        Some(sent) => state.bearer_verdict(sent, peer).await,
        None => BearerVerdict::Denied,
    };
    match verdict {
        BearerVerdict::Allowed => Ok(()),
        BearerVerdict::Limited { retry_after_secs } => Err(answer::rate_limited(retry_after_secs)),
        BearerVerdict::Denied if state.handler().is_identified(peer).await => Ok(()),
        BearerVerdict::Denied => {
            let mut response = answer::unauthorized();
            answer::set(&mut response, WWW_AUTHENTICATE, REALM);
            Err(response)
        }
    }
}

/// The bearer, or the password of a browser that asked for one.
fn credential(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    if let Some(bearer) = probes::bearer(headers) {
        return Some(Cow::Borrowed(bearer));
    }
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, pair) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = data_encoding::BASE64.decode(pair.trim().as_bytes()).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (_, password) = pair.split_once(':')?;
    (!password.is_empty()).then(|| Cow::Owned(password.to_owned()))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a browser opens the address, rather than a page load a part of itself.
fn is_navigation(headers: &HeaderMap) -> bool {
    text(headers, "sec-fetch-mode") == Some("navigate")
        && matches!(text(headers, "sec-fetch-dest"), None | Some("document"))
}

/// Whether a web page of another site is behind the request.
fn is_foreign(peer: &Peer, headers: &HeaderMap) -> bool {
    if let Some(origin) = &peer.origin {
        return !is_of_host(origin, peer.host.as_deref());
    }
    let elsewhere = matches!(
        text(headers, "sec-fetch-site"),
        Some("cross-site" | "same-site")
    );
    elsewhere && !is_navigation(headers)
}

fn is_of_host(origin: &str, host: Option<&str>) -> bool {
    let host = host.and_then(Authority::parse);
    match (origin.parse::<Origin>(), host) {
        (Ok(origin), Some(host)) => origin.is_host(&host),
        _ => false,
    }
}

/// To another path of ours; the query stays.
fn redirect(path: &str, query: Option<&str>) -> Response {
    let location = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let Ok(location) = HeaderValue::from_str(&location) else {
        return answer::not_found();
    };
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    response.headers_mut().insert(LOCATION, location);
    answer::set(&mut response, CACHE_CONTROL, "no-store");
    response
}

async fn serve(
    state: &HttpState,
    folder: &CanvasFolder,
    peer: &Peer,
    head: &Parts,
    route: &Route<'_>,
    capability: &str,
) -> Response {
    let (parts, is_folder) = match &route.wanted {
        Wanted::File(parts) => (parts.clone(), false),
        Wanted::Folder(parts) => {
            let index = std::iter::once(INDEX.to_owned());
            (parts.iter().cloned().chain(index).collect(), true)
        }
        Wanted::Nothing | Wanted::Socket => return answer::not_found(),
    };
    // Before the file is read: a change in between loads the page once more, and none is missed.
    let version = state.versions().current(&folder.root).await;
    let name = parts.last().cloned().unwrap_or_default();
    let is_first = is_folder && parts.len() == 1;
    let root = folder.root.clone();
    let looked = crate::tasks::blocking("canvas file", move || folder::find(&root, &parts)).await;
    let live = folder
        .live_reload
        .then(|| live::socket_path(capability, version));
    match looked.unwrap_or(Place::Nothing) {
        Place::File(found) => send(found, &name, live.as_deref(), head).await,
        Place::Folder if !is_folder => redirect(&format!("{}/", head.uri.path()), head.uri.query()),
        // The folder itself need not exist to say what it is for.
        Place::Nothing if is_first => page(default_page(folder, peer), live.as_deref(), head),
        Place::Nothing if route.wanted == Wanted::File(Vec::new()) => {
            redirect(&format!("{}/", head.uri.path()), head.uri.query())
        }
        Place::Folder | Place::Nothing => answer::not_found(),
    }
}

/// What is shown while there is no page. Where the folder is on this machine is for those who are on it.
fn default_page(folder: &CanvasFolder, peer: &Peer) -> Vec<u8> {
    let place = if peer.is_local() {
        let path = folder.root.display().to_string();
        format!("the folder <code>{}</code>", answer::escape(&path))
    } else {
        "the folder that <code>canvasHost.root</code> names (<code>canvas</code> in the state directory unless it is set)"
            .to_owned()
    };
    let reload = if folder.live_reload {
        "This page shows it as soon as it is there."
    } else {
        "Then load this page again."
    };
    DEFAULT
        .replace("{{folder}}", &place)
        .replace("{{reload}}", reload)
        .into_bytes()
}

async fn send(found: Found, name: &str, live: Option<&str>, head: &Parts) -> Response {
    let media_type = folder::media_type(name);
    let length = found.metadata.len();
    if media_type.starts_with("text/html") && length <= LARGEST_PAGE {
        let read = move || {
            let mut bytes = Vec::new();
            let mut file = found.file.take(LARGEST_PAGE);
            file.read_to_end(&mut bytes).ok().map(|_| bytes)
        };
        return match crate::tasks::blocking("canvas page", read).await.flatten() {
            Some(bytes) => page(bytes, live, head),
            None => answer::not_found(),
        };
    }
    let tag = etag::tag(&folder::stamp(&found.metadata), None);
    if etag::is_known(&head.headers, &tag) {
        return not_modified(tag);
    }
    let body = if head.method == Method::HEAD {
        Body::empty()
    } else {
        stream(found.file, length)
    };
    let mut response = answer::with_type(StatusCode::OK, media_type, body);
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(length));
    let scripted = matches!(media_type, "image/svg+xml" | "application/xml")
        || media_type.starts_with("text/html");
    let policy = if scripted {
        DOCUMENT_POLICY
    } else {
        FILE_POLICY
    };
    answer::set(&mut response, CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(ETAG, tag);
    response
}

/// A page, with the script for live reload.
fn page(bytes: Vec<u8>, live: Option<&str>, head: &Parts) -> Response {
    let bytes = match live {
        Some(socket) => live::inject(&bytes, socket),
        None => bytes,
    };
    let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
    let tag = etag::tag(digest.as_ref(), None);
    if etag::is_known(&head.headers, &tag) {
        return not_modified(tag);
    }
    let mut response = answer::with_type(StatusCode::OK, "text/html; charset=utf-8", bytes);
    // Pages say themselves in which coding they are, unless they are in this one anyway.
    answer::set(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
    answer::set(&mut response, CONTENT_SECURITY_POLICY, DOCUMENT_POLICY);
    response.headers_mut().insert(ETAG, tag);
    response
}

fn not_modified(tag: HeaderValue) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(ETAG, tag);
    response
}

/// The first `length` bytes of a file, as they are read: what it grew by since is not sent.
fn stream(file: std::fs::File, length: u64) -> Body {
    let file = tokio::fs::File::from_std(file).take(length);
    let chunks = futures_util::stream::try_unfold(file, |mut file| async move {
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let read = file.read_buf(&mut chunk).await?;
        let next: Option<(Bytes, _)> = (read > 0).then(|| (chunk.freeze(), file));
        Ok::<_, std::io::Error>(next)
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_send_the_token_as_a_password() {
        for (sent, expected) in [
            ("Bearer right", Some("right")),
            ("Basic YW55OnJpZ2h0", Some("right")),
            ("basic OnJpOmdodA==", Some("ri:ght")),
            ("Basic cmlnaHQ=", None),
            ("Basic YW55Og==", None),
            ("Basic ?", None),
            ("Digest x", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, sent.parse().unwrap());
            assert_eq!(credential(&headers).as_deref(), expected, "{sent}");
        }
        assert_eq!(credential(&HeaderMap::new()), None);
    }
}
