//! Live reload: a script that is added to pages, and the socket it waits at.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::MissedTickBehavior;
use tokio_websockets::Message;

use crate::http::{HttpState, Socket};

/// How often a waiting page's folder is looked at.
const LOOK: Duration = Duration::from_millis(400);
/// Looks after which a waiting page hears something: proxies close connections that say nothing for a minute.
const LOOKS_PER_PING: u32 = 60;
/// What a page is told.
const RELOAD: &str = "reload";

/// Waits at `{{socket}}`. A socket that ends after it was open means that the gateway went away: the page comes back with
/// it, and changes in between are not missed. One that never opened is tried again, without loading the page each time.
const SCRIPT: &str = "<script>(() => {\n\
const address = (location.protocol === \"https:\" ? \"wss://\" : \"ws://\") + location.host + \"{{socket}}\";\n\
let opened = false;\n\
let wait = 250;\n\
const later = (step) => { setTimeout(step, wait); wait = Math.min(wait * 2, 10000); };\n\
const back = () => fetch(location.href, { mode: \"no-cors\", cache: \"no-store\" }).then(() => location.reload(), () => later(back));\n\
const listen = () => {\n\
  const socket = new WebSocket(address);\n\
  socket.onopen = () => { opened = true; };\n\
  socket.onmessage = (event) => { if (event.data === \"reload\") location.reload(); };\n\
  socket.onclose = () => later(opened ? back : listen);\n\
};\n\
listen();\n\
})();</script>\n";

/// The address of the socket for a page that shows this version of the folder.
pub(super) fn socket_path(capability: &str, version: u64) -> String {
    format!(
        "{}{capability}/__openclaw__/ws?seen={version:016x}",
        crate::canvas::CAPABILITY_PREFIX
    )
}

/// Adds the script to a page: before the end of its body, or at its end.
pub(super) fn inject(page: &[u8], socket: &str) -> Vec<u8> {
    let script = SCRIPT.replace("{{socket}}", socket);
    let end = b"</body";
    let at = page
        .windows(end.len())
        .rposition(|window| window.eq_ignore_ascii_case(end))
        .unwrap_or(page.len());
    let mut whole = Vec::with_capacity(page.len() + script.len());
    whole.extend_from_slice(&page[..at]);
    whole.extend_from_slice(script.as_bytes());
    whole.extend_from_slice(&page[at..]);
    whole
}

/// The version that a page shows, as its address says.
pub(super) fn seen(query: Option<&str>) -> Option<u64> {
    let text = query?
        .split('&')
        .find_map(|pair| pair.strip_prefix("seen="))?;
    u64::from_str_radix(text, 16).ok()
}

/// What a socket waits for.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(super) root: PathBuf,
    /// What opened it: the socket ends when that counts no more.
    pub(super) held: String,
    /// The version that the page shows; without one, that of now.
    pub(super) seen: Option<u64>,
}

impl Waiting {
    /// Tells the page of every change until it leaves, or until the folder is no longer the one that is served.
    pub(crate) async fn serve(self, mut socket: Socket, state: &HttpState) {
        let Self {
            root,
            held,
            mut seen,
        } = self;
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut since_ping = 0;
        loop {
            tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(message)) if !message.is_close() => {}
                    _ => return,
                },
                _ = looks.tick() => {
                    let served = state.policy().canvas.clone();
                    let is_other = served.is_none_or(|folder| folder.root != root || !folder.live_reload);
                    if is_other || !super::is_held(state, &held) {
                        break;
                    }
                    let version = state.versions().current(&root).await;
                    let changed = seen.replace(version).is_some_and(|seen| seen != version);
                    since_ping = if changed { 0 } else { since_ping + 1 };
                    let message = if changed {
                        Message::text(RELOAD)
                    } else if since_ping >= LOOKS_PER_PING {
                        since_ping = 0;
                        Message::ping("")
                    } else {
                        continue;
                    };
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
            }
        }
        // Whoever does not take the farewell is gone all the same.
        drop(socket.close().await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_goes_to_the_end_of_the_body() {
        let page = |text: &str| String::from_utf8(inject(text.as_bytes(), "/s?seen=1")).unwrap();
        let body = page("<body>a</body>b</BODY></html>");
        assert!(body.starts_with("<body>a</body>b<script>"), "{body}");
        assert!(body.ends_with("</script>\n</BODY></html>"), "{body}");
        assert!(body.contains("location.host + \"/s?seen=1\""), "{body}");
        assert!(page("only text").starts_with("only text<script>"));
        assert!(page("").starts_with("<script>"));
        assert_eq!(
            inject(b"\xff", "/s")[0],
            0xff,
            "whatever the coding of the page"
        );
    }

    #[test]
    fn the_address_says_which_version_the_page_shows() {
        let path = socket_path("p0.code", 0xabc);
        assert_eq!(
            path,
            "/__openclaw__/cap/p0.code/__openclaw__/ws?seen=0000000000000abc"
        );
        assert_eq!(seen(path.split('?').nth(1)), Some(0xabc));
        for odd in [
            None,
            Some(""),
            Some("seen="),
            Some("seen=x"),
            Some("other=1"),
        ] {
            assert_eq!(seen(odd), None, "{odd:?}");
        }
    }
}
