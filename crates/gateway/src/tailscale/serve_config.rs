//! The routes of the daemon (`ServeConfig`) and our one among them. Everything that is not ours comes back exactly as it was.

use serde_json::{Map, Value, json};

/// The route that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// Name of this machine in the tailnet.
    pub(super) host: String,
    /// HTTPS port.
    pub(super) port: u16,
    /// Port on 127.0.0.1 that it leads to.
    pub(super) ingress: u16,
    /// From the internet too.
    pub(super) funnel: bool,
}

impl Route {
    fn host_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// The target of a route to this port.
pub(super) fn target(ingress: u16) -> String {
    format!("http://127.0.0.1:{ingress}")
}

/// What has to happen for the route to be there, and no other of ours.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Finding {
    /// Nothing.
    InPlace {
        /// Somebody else has opened it to the internet.
        foreign_funnel: bool,
    },
    /// This.
    Change(Change),
    /// Somebody else's route is in the way.
    Conflict {
        /// What it is, for people.
        what: String,
    },
}

/// A change of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The whole configuration afterwards.
    pub(super) after: Value,
    /// The same as commands for the program.
    pub(super) steps: Vec<Step>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Make the route.
    Enable(Route),
    /// Remove our route at this port.
    Remove {
        /// HTTPS port.
        port: u16,
        /// It was open to the internet by our doing.
        funnel: bool,
    },
}

/// What has to happen. `ours` are the ingress ports that mark a route as ours; `funnel_is_ours` says whether Funnel at our route
/// was switched on by us.
pub(super) fn place(config: &Value, route: &Route, ours: &[u16], funnel_is_ours: bool) -> Finding {
    let (port, host_port) = (route.port.to_string(), route.host_port());
    let conflict = |what: String| Finding::Conflict { what };
    for session in entries(config.get("Foreground")) {
        if get(session.1, "TCP", &port).is_some() {
            return conflict("a tailscale serve that runs in a terminal".to_owned());
        }
    }
    if let Some(handler) = get(config, "TCP", &port)
        && handler.get("HTTPS") != Some(&Value::Bool(true))
    {
        return conflict(describe_tcp(handler));
    }
    let handlers = get(config, "Web", &host_port).and_then(|web| web.get("Handlers"));
    for (mount, handler) in entries(handlers) {
        if !is_ours(mount, handler, ours) {
            return conflict(describe(mount, handler));
        }
    }
    let funnel = get(config, "AllowFunnel", &host_port) == Some(&Value::Bool(true));
    let there = entries(handlers).any(|(mount, handler)| is_ours(mount, handler, &[route.ingress]))
        && get(config, "TCP", &port).is_some();
    let elsewhere: Vec<_> = our_places(config, ours)
        .into_iter()
        .filter(|place| *place != host_port)
        .collect();
    let foreign_funnel = funnel && !route.funnel && !funnel_is_ours;
    if foreign_funnel && !there {
        return conflict(
            "Funnel is on there; switch it off with: tailscale funnel --https={port} off"
                .replace("{port}", &port),
        );
    }
    if there && elsewhere.is_empty() && (funnel == route.funnel || foreign_funnel) {
        return Finding::InPlace { foreign_funnel };
    }
    let mut after = object(config);
    let mut steps = Vec::new();
    for place in &elsewhere {
        steps.extend(take_out(&mut after, place, ours, funnel_is_ours));
    }
    put(&mut after, "TCP", &port, json!({ "HTTPS": true }));
    let handler = json!({ "Handlers": { "/": { "Proxy": target(route.ingress) } } });
    put(&mut after, "Web", &host_port, handler);
    if route.funnel {
        put(&mut after, "AllowFunnel", &host_port, Value::Bool(true));
    } else if !foreign_funnel {
        drop_entry(&mut after, "AllowFunnel", &host_port);
    }
    steps.push(Step::Enable(route.clone()));
    Finding::Change(Change { after, steps })
}

/// Takes every route of ours out; `None` if there is none.
pub(super) fn remove(config: &Value, ours: &[u16], funnel_is_ours: bool) -> Option<Change> {
    let places = our_places(config, ours);
    if places.is_empty() {
        return None;
    }
    let mut after = object(config);
    let steps = places
        .iter()
        .filter_map(|place| take_out(&mut after, place, ours, funnel_is_ours))
        .collect();
    Some(Change { after, steps })
}

/// `host:port` of every route of ours.
pub(super) fn our_places(config: &Value, ours: &[u16]) -> Vec<String> {
    entries(config.get("Web"))
        .filter(|(_, web)| {
            entries(web.get("Handlers")).any(|(mount, handler)| is_ours(mount, handler, ours))
        })
        .map(|(place, _)| place.to_owned())
        .collect()
}

/// A port of those that Funnel knows which nobody uses.
pub(super) fn free_port(config: &Value, candidates: &[u16]) -> Option<u16> {
    let used = |port: &u16| {
        let port = port.to_string();
        get(config, "TCP", &port).is_some()
            || entries(config.get("Foreground"))
                .any(|(_, session)| get(session, "TCP", &port).is_some())
    };
    candidates.iter().copied().find(|port| !used(port))
}

fn take_out(after: &mut Value, place: &str, ours: &[u16], funnel_is_ours: bool) -> Option<Step> {
    let port = place.rsplit_once(':')?.1.to_owned();
    let handlers = after.get_mut("Web")?.get_mut(place)?.get_mut("Handlers")?;
    let handlers = handlers.as_object_mut()?;
    handlers.retain(|mount, handler| !is_ours(mount, handler, ours));
    let mut funnel = false;
    if handlers.is_empty() {
        drop_entry(after, "Web", place);
        let suffix = format!(":{port}");
        let shared = entries(after.get("Web")).any(|(other, _)| other.ends_with(&suffix));
        if !shared {
            drop_entry(after, "TCP", &port);
        }
        if funnel_is_ours {
            funnel = get(after, "AllowFunnel", place).is_some();
            drop_entry(after, "AllowFunnel", place);
        }
    }
    Some(Step::Remove {
        port: port.parse().ok()?,
        funnel,
    })
}

/// A handler that leads the whole site to one of our ports.
fn is_ours(mount: &str, handler: &Value, ours: &[u16]) -> bool {
    let Some(proxy) = handler.get("Proxy").and_then(Value::as_str) else {
        return false;
    };
    let proxy = proxy.strip_suffix('/').unwrap_or(proxy);
    mount == "/" && ours.iter().any(|port| proxy == target(*port))
}

fn describe(mount: &str, handler: &Value) -> String {
    let text = |key: &str| handler.get(key).and_then(Value::as_str);
    let what = if let Some(proxy) = text("Proxy") {
        format!("proxy to {proxy}")
    } else if let Some(path) = text("Path") {
        format!("files of {path}")
    } else {
        "a text".to_owned()
    };
    if mount == "/" {
        what
    } else {
        format!("{what} at {mount}")
    }
}

fn describe_tcp(handler: &Value) -> String {
    match handler.get("TCPForward").and_then(Value::as_str) {
        Some(address) => format!("TCP to {address}"),
        None => "plain HTTP".to_owned(),
    }
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

fn get<'a>(config: &'a Value, map: &str, key: &str) -> Option<&'a Value> {
    config.get(map)?.get(key)
}

fn object(config: &Value) -> Value {
    if config.is_object() {
        config.clone()
    } else {
        Value::Object(Map::new())
    }
}

fn put(config: &mut Value, map: &str, key: &str, value: Value) {
    let Value::Object(config) = config else {
        return;
    };
    let entry = config
        .entry(map)
        .or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    if let Value::Object(entry) = entry {
        entry.insert(key.to_owned(), value);
    }
}

/// Removes an entry, and the map with its last one.
fn drop_entry(config: &mut Value, map: &str, key: &str) {
    let Value::Object(config) = config else {
        return;
    };
    if let Some(Value::Object(entries)) = config.get_mut(map) {
        entries.shift_remove(key);
        if entries.is_empty() {
            config.shift_remove(map);
        }
    }
}

#[cfg(test)]
mod tests;
