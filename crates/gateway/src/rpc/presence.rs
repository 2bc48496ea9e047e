//! `system-presence` and `system-event`.

use openclaw_protocol::error::WireError;
use serde_json::{Map, Value};

use crate::presence::Entry;
use crate::rpc::context::{Ctx, Payload, RpcResult, parse};
use crate::rpc::router::Methods;

pub(super) fn register(methods: &mut Methods) {
    methods.now("system-presence", |ctx, _| {
        Ok(Payload::Shared(
            ctx.core.presence.list_json(ctx.core.now_ms()),
        ))
    });
    methods.now("system-event", system_event);
}

/// Longest text taken in, in characters.
const MAX_TEXT: usize = 2_000;

fn system_event(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let params: Map<String, Value> = parse("system-event", params)?;
    let text_of = |key: &str| {
        params
            .get(key)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let text: String = text_of("text")
        .ok_or_else(|| WireError::invalid("text required"))?
        .chars()
        .take(MAX_TEXT)
        .collect();
    let told = parse_text(&text);
    let pick = |key: &str, parsed: Option<String>| text_of(key).map(str::to_owned).or(parsed);
    let host = pick("host", told.host);
    let ip = pick("ip", told.ip);
    let (device_id, instance_id) = (pick("deviceId", None), pick("instanceId", None));
    let key = device_id
        .clone()
        .or_else(|| instance_id.clone())
        .or_else(|| host.clone())
        .or_else(|| ip.clone());
    let key = key.unwrap_or_else(|| text.chars().take(64).collect());
    let update = |entry: &mut Entry| {
        let put = |slot: &mut Option<String>, value: Option<String>| {
            if value.is_some() {
                *slot = value;
            }
        };
        put(&mut entry.host, host.clone());
        put(&mut entry.ip, ip.clone());
        put(&mut entry.version, pick("version", told.version.clone()));
        put(&mut entry.mode, pick("mode", told.mode.clone()));
        put(&mut entry.reason, pick("reason", told.reason.clone()));
        put(&mut entry.platform, pick("platform", None));
        put(&mut entry.device_family, pick("deviceFamily", None));
        put(&mut entry.model_identifier, pick("modelIdentifier", None));
        put(&mut entry.device_id, device_id.clone());
        put(&mut entry.instance_id, instance_id.clone());
        let seconds = params
            .get("lastInputSeconds")
            .and_then(Value::as_u64)
            .or(told.last_input_seconds);
        entry.last_input_seconds = seconds.or(entry.last_input_seconds);
        for (key, slot) in [("roles", &mut entry.roles), ("scopes", &mut entry.scopes)] {
            if let Some(list) = params.get(key).and_then(Value::as_array) {
                *slot = list
                    .iter()
                    .filter_map(|item| item.as_str().map(str::to_owned))
                    .collect();
            }
        }
        entry.text = Some(text.clone());
    };
    ctx.core.presence.report(&key, update, ctx.core.now_ms());
    if !text.starts_with("Node:") {
        ctx.core.system.queue_event(&text);
    }
    ctx.core.broadcast_presence();
    Ok(Payload::Static(r#"{"ok":true}"#))
}

#[derive(Debug, Default, PartialEq)]
struct Told {
    host: Option<String>,
    ip: Option<String>,
    version: Option<String>,
    mode: Option<String>,
    reason: Option<String>,
    last_input_seconds: Option<u64>,
}

/// Reads `Node: <host> (<ip>) · app <v> · last input <n>s ago · mode <m> · reason <r>`.
fn parse_text(text: &str) -> Told {
    let Some(rest) = text.strip_prefix("Node:") else {
        return Told::default();
    };
    let mut told = Told::default();
    for (index, part) in rest.split('·').map(str::trim).enumerate() {
        if index == 0 {
            let (host, ip) = part
                .split_once(" (")
                .map_or((part, None), |(host, ip)| (host, ip.strip_suffix(')')));
            told.host = Some(host.trim().to_owned()).filter(|host| !host.is_empty());
            told.ip = ip.map(str::to_owned);
        } else if let Some(version) = part.strip_prefix("app ") {
            told.version = Some(version.to_owned());
        } else if let Some(ago) = part.strip_prefix("last input ") {
            told.last_input_seconds = ago
                .strip_suffix("s ago")
                .and_then(|seconds| seconds.parse().ok());
        } else if let Some(mode) = part.strip_prefix("mode ") {
            told.mode = Some(mode.to_owned());
        } else if let Some(reason) = part.strip_prefix("reason ") {
            told.reason = Some(reason.to_owned());
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_lines_are_read_into_fields() {
        let told = parse_text(
            "Node: Mac (192.0.2.7) · app 1.2 · last input 12s ago · mode ui · reason periodic",
        );
        assert_eq!(told.host.as_deref(), Some("Mac"));
        assert_eq!(told.ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(told.version.as_deref(), Some("1.2"));
        assert_eq!(told.last_input_seconds, Some(12));
        assert_eq!(
            (told.mode.as_deref(), told.reason.as_deref()),
            (Some("ui"), Some("periodic"))
        );
        assert_eq!(parse_text("hello · mode x"), Told::default());
    }
}
