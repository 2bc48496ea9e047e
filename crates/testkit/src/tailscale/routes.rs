//! `ServeConfig`: what is valid, and what the commands make of it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// The routes as `serve status` shows them to people.
pub(super) fn told(config: &Value) -> String {
    let mut text = String::new();
    for (place, web) in entries(config, "Web") {
        let funnel = get(config, "AllowFunnel", place) == Some(&Value::Bool(true));
        let reach = if funnel { "Funnel on" } else { "tailnet only" };
        let name = place.trim_end_matches(":443");
        let _never_fails = writeln!(text, "https://{name} ({reach})");
        for (mount, handler) in entries(web, "Handlers") {
            let proxy = handler.get("Proxy").and_then(Value::as_str);
            let _never_fails = writeln!(text, "|-- {mount} proxy {}", proxy.unwrap_or_default());
        }
    }
    if text.is_empty() {
        text.push_str("No serve config\n");
    }
    text
}

/// Says what is wrong with a configuration.
pub(super) fn check(config: &Value) -> Result<(), String> {
    const KEYS: [&str; 5] = ["TCP", "Web", "Services", "AllowFunnel", "Foreground"];
    let Value::Object(members) = config else {
        return if config.is_null() {
            Ok(())
        } else {
            Err("not an object".to_owned())
        };
    };
    for (key, value) in members {
        if !KEYS.contains(&key.as_str()) {
            return Err(format!("unknown key {key}"));
        }
        let entries = value
            .as_object()
            .ok_or_else(|| format!("{key} is no object"))?;
        if entries.is_empty() {
            return Err(format!("{key} is empty"));
        }
    }
    for (port, handler) in entries(config, "TCP") {
        port.parse::<u16>()
            .map_err(|_| format!("TCP: {port} is no port"))?;
        let known = ["HTTPS", "HTTP", "TCPForward", "TerminateTLS"];
        let fits =
            |handler: &Map<String, Value>| handler.keys().all(|key| known.contains(&key.as_str()));
        if !handler.as_object().is_some_and(fits) {
            return Err(format!("TCP: {port}: not a handler"));
        }
    }
    for (place, web) in entries(config, "Web") {
        let port = place
            .rsplit_once(':')
            .map(|(_, port)| port)
            .ok_or("Web: no port")?;
        if get(config, "TCP", port).is_none() {
            return Err(format!("Web: {place}: nothing listens on {port}"));
        }
        let handlers = web.get("Handlers").and_then(Value::as_object);
        let handlers = handlers.ok_or_else(|| format!("Web: {place}: no handlers"))?;
        for (mount, handler) in handlers {
            let kinds = ["Proxy", "Path", "Text"]
                .iter()
                .filter(|kind| handler.get(**kind).is_some());
            if !mount.starts_with('/') || kinds.count() != 1 {
                return Err(format!("Web: {place}{mount}: not a handler"));
            }
        }
    }
    Ok(())
}

fn entries<'a>(config: &'a Value, map: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    config
        .get(map)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// An entry of one of the maps.
pub(super) fn get<'a>(config: &'a Value, map: &str, key: &str) -> Option<&'a Value> {
    config.get(map)?.get(key)
}

fn put(config: &mut Value, map: &str, key: &str, value: Value) {
    if !config.is_object() {
        *config = json!({});
    }
    if config.get(map).is_none() {
        config[map] = json!({});
    }
    config[map][key] = value;
}

fn drop_entry(config: &mut Value, map: &str, key: &str) {
    if let Some(Value::Object(entries)) = config.get_mut(map) {
        entries.shift_remove(key);
        if entries.is_empty()
            && let Value::Object(config) = config
        {
            config.shift_remove(map);
        }
    }
}

/// `serve --bg --https=<port> <proxy>`: replaces the handler of the path, and switches Funnel as the command says.
pub(super) fn enable(
    config: &mut Value,
    host: &str,
    port: u16,
    mount: &str,
    proxy: &str,
    funnel: bool,
) -> Result<(), String> {
    let (port, place) = (port.to_string(), format!("{host}:{port}"));
    let foreground =
        entries(config, "Foreground").any(|(_, session)| get(session, "TCP", &port).is_some());
    if foreground {
        return Err("foreground already exists under this port".to_owned());
    }
    if let Some(handler) = get(config, "TCP", &port)
        && handler.get("HTTPS") != Some(&Value::Bool(true))
    {
        let kind = if handler.get("HTTP").is_some() {
            "http"
        } else {
            "tcp"
        };
        return Err(format!(
            "want to serve \"https\" but port is already serving \"{kind}\" for \"machine\""
        ));
    }
    put(config, "TCP", &port, json!({ "HTTPS": true }));
    if get(config, "Web", &place).is_none() {
        put(config, "Web", &place, json!({ "Handlers": {} }));
    }
    config["Web"][&place]["Handlers"][mount] = json!({ "Proxy": proxy });
    if funnel {
        put(config, "AllowFunnel", &place, Value::Bool(true));
    } else {
        drop_entry(config, "AllowFunnel", &place);
    }
    Ok(())
}

/// `serve --https=<port> [--set-path=<mount>] off`: without a path every handler of the port goes.
pub(super) fn disable(
    config: &mut Value,
    host: &str,
    port: u16,
    mount: Option<&str>,
) -> Result<(), String> {
    let (port, place) = (port.to_string(), format!("{host}:{port}"));
    let handlers = config
        .get_mut("Web")
        .and_then(|web| web.get_mut(&place))
        .and_then(|web| web.get_mut("Handlers"))
        .and_then(Value::as_object_mut);
    let Some(handlers) = handlers else {
        return Err("handler does not exist".to_owned());
    };
    match mount {
        Some(mount) => {
            if handlers.shift_remove(mount).is_none() {
                return Err("handler does not exist".to_owned());
            }
        }
        None => handlers.clear(),
    }
    if handlers.is_empty() {
        drop_entry(config, "Web", &place);
        drop_entry(config, "TCP", &port);
        drop_entry(config, "AllowFunnel", &place);
    }
    Ok(())
}
