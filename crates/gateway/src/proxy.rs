//! The listeners beside the main ones, for reverse proxies (`gateway.proxy.listen`) and for scrapers (`gateway.metrics.listen`):
//! opened, moved and closed as the config says. A place that cannot be had is told and tried again, and keeps nobody else waiting.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::platform::user_id;
use openclaw_config::schema::{ProxyListen, Settings};

use crate::core::Core;
use crate::listen::{BindError, ListenerHandle, Place};
use crate::peer::ListenerKind;
use crate::platform::give_to_group;
use crate::subsystems::{Backoff, Part};

/// Who may connect to the Unix socket: the user of the gateway and the group.
const MODE: u32 = 0o660;

/// One of these listeners.
#[derive(Clone, Copy)]
pub(crate) struct Beside {
    /// Its name among the parts of the gateway.
    pub(crate) name: &'static str,
    kind: ListenerKind,
    /// The key of the config that says where it is.
    key: &'static str,
    wanted: fn(&Settings) -> Wanted,
}

/// The listener for reverse proxies.
pub(crate) const PROXIES: Beside = Beside {
    name: "proxy",
    kind: ListenerKind::Proxy,
    key: "gateway.proxy.listen",
    wanted: |settings| {
        let proxy = &settings.gateway.proxy;
        Wanted {
            listen: proxy.listen.clone(),
            group: proxy.group.clone(),
            purpose: format!("for reverse proxies, PROXY protocol {}", proxy.protocol),
        }
    },
};

/// The listener for scrapers.
pub(crate) const SCRAPERS: Beside = Beside {
    name: "metrics",
    kind: ListenerKind::Metrics,
    key: "gateway.metrics.listen",
    wanted: |settings| Wanted {
        listen: settings.gateway.metrics.listen.clone(),
        group: None,
        purpose: "for /metrics and the probes".to_owned(),
    },
};

/// What the config says about one.
struct Wanted {
    listen: Option<ProxyListen>,
    group: Option<String>,
    /// What it is for, in a few words.
    purpose: String,
}

/// Follows the config until the gateway stops.
pub(crate) async fn follow(core: Arc<Core>, beside: Beside) {
    let part = core.part(beside.name);
    let mut config = core.config.clone();
    let mut backoff = Backoff::default();
    let mut open: Option<Open> = None;
    loop {
        let wanted = (beside.wanted)(&config.borrow_and_update().settings);
        let retry = round(&core, &part, beside, &wanted, &mut open, &mut backoff).await;
        let again = async {
            match retry {
                Some(delay) => tokio::time::sleep(delay).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = config.changed() => if changed.is_err() { return },
            () = again => {}
        }
    }
}

struct Open {
    handle: ListenerHandle,
    place: Place,
    group: Option<String>,
}

/// Makes what is open what is wanted; returns when to try again.
async fn round(
    core: &Core,
    part: &Part,
    beside: Beside,
    wanted: &Wanted,
    open: &mut Option<Open>,
    backoff: &mut Backoff,
) -> Option<Duration> {
    let place = wanted.listen.as_ref().map(place);
    let group = wanted.group.clone();
    let Some(place) = place else {
        if let Some(open) = open.take() {
            part.stopping();
            open.handle.close().await;
        }
        backoff.reset();
        part.off();
        return None;
    };
    if open
        .as_ref()
        .is_some_and(|open| open.place == place && open.group == group)
    {
        part.up(detail(open.as_ref()?.handle.place(), wanted));
        return None;
    }
    part.starting();
    // Another place is opened before the old one closes; the same place has to be free first.
    let moving = open.take_if(|open| open.place != place);
    if let Some(same) = open.take() {
        same.handle.close().await;
    }
    let opened = match core.listeners.open(beside.kind, place.clone()).await {
        Ok(handle) => set_group(&place, group.as_deref()).map(|()| handle),
        Err(error) => Err(failure(beside, &place, &error)),
    };
    match opened {
        Ok(handle) => {
            backoff.reset();
            part.up(detail(handle.place(), wanted));
            *open = Some(Open {
                handle,
                place,
                group,
            });
            if let Some(old) = moving {
                old.handle.close().await;
            }
            None
        }
        Err(Failure { reason, fix }) => {
            // Whoever still uses the old place keeps it until there is a new one.
            *open = moving;
            let delay = backoff.next_delay();
            part.degraded(reason, fix, Some(delay));
            Some(delay)
        }
    }
}

fn place(listen: &ProxyListen) -> Place {
    match listen {
        ProxyListen::Tcp(address) => Place::Tcp(*address),
        ProxyListen::Unix(path) => Place::Unix {
            path: path.clone(),
            mode: MODE,
        },
    }
}

fn detail(place: &Place, wanted: &Wanted) -> String {
    format!("listens on {place} {}", wanted.purpose)
}

struct Failure {
    reason: String,
    fix: String,
}

fn failure(beside: Beside, place: &Place, error: &BindError) -> Failure {
    let text = error.to_string();
    let mut lines = text.lines();
    let reason = lines.next().unwrap_or_default().to_owned();
    let elsewhere = format!("openclaw config set {}", beside.key);
    let fix = match (place, error) {
        (Place::Unix { path, .. }, BindError::Unix { source, .. }) => {
            let folder = path.parent().unwrap_or(Path::new("/")).display();
            match source.kind() {
                std::io::ErrorKind::NotFound => format!("mkdir -p {folder}"),
                std::io::ErrorKind::PermissionDenied => format!(
                    "chown {} {folder}, or choose another path: {elsewhere} /path/to/{}.sock",
                    user_id(),
                    beside.name
                ),
                _ => format!("{elsewhere} /another/path/{}.sock", beside.name),
            }
        }
        (Place::Tcp(address), BindError::InUse { .. }) => {
            format!(
                "free the port, or choose another one: {elsewhere} {}:<port>",
                host(address.ip())
            )
        }
        _ => format!("{elsewhere} 127.0.0.1:<port>"),
    };
    Failure { reason, fix }
}

fn host(address: std::net::IpAddr) -> String {
    match address {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// Gives the socket to the group whose members may connect.
fn set_group(place: &Place, group: Option<&str>) -> Result<(), Failure> {
    let (Place::Unix { path, .. }, Some(name)) = (place, group) else {
        return Ok(());
    };
    let listed = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let Some(id) = group_id(name, &listed) else {
        return Err(Failure {
            reason: format!("there is no group {name:?} on this machine"),
            fix: "openclaw config set gateway.proxy.group <name or number>; `getent group` lists them"
                .to_owned(),
        });
    };
    give_to_group(path, id).map_err(|error| Failure {
        reason: format!("{} cannot be given to the group {name}: {error}", path.display()),
        fix: format!(
            "make the user of the gateway a member of the group: usermod -aG {name} <user>, and log in again"
        ),
    })
}

/// The number of a group, by its number or its name in the text of `/etc/group`.
fn group_id(name: &str, listed: &str) -> Option<u32> {
    if let Ok(id) = name.parse() {
        return Some(id);
    }
    listed.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name))
            .then(|| fields.nth(1)?.parse().ok())
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_name_and_number() {
        let listed = "root:x:0:\nwww-data:x:33:nginx,caddy\nbroken:x\n";
        assert_eq!(group_id("www-data", listed), Some(33));
        assert_eq!(group_id("1000", listed), Some(1000));
        assert_eq!(group_id("www", listed), None);
        assert_eq!(group_id("broken", listed), None);
    }
}
