//! Properties that hold for every input.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::device::decode_base64;
use crate::error::{WireError, close_reason};
use crate::fingerprint::fingerprint_words;
use crate::frame::{
    FrameError, RequestFrame, ServerFrame, encode_error, encode_ok, encode_request,
};
use crate::handshake::ConnectParams;
use crate::methods::{RequestIdParams, approvals, config, decode_params, device, logs, node};
use crate::pairing_code::{normalize_code, pairing_code};
use crate::schema::{CONNECT_PARAMS, CONNECT_PARAMS_V4, Schema, params_schema};
use crate::scope::{Scope, ScopeSet};

type Decode = fn(&str) -> Result<(), WireError>;

/// Methods whose params a struct decodes; the struct and the schema have to agree on what is well-formed.
const DECODED: [(&str, Decode); 18] = [
    ("config.patch", |text| {
        decode_params::<config::ConfigChangeParams>("config.patch", text).map(drop)
    }),
    ("config.set", |text| {
        decode_params::<config::ConfigChangeParams>("config.set", text).map(drop)
    }),
    ("device.pair.approve", |text| {
        decode_params::<device::DevicePairApproveParams>("device.pair.approve", text).map(drop)
    }),
    ("device.pair.remove", |text| {
        decode_params::<device::DeviceIdParams>("device.pair.remove", text).map(drop)
    }),
    ("device.pair.rename", |text| {
        decode_params::<device::DeviceRename>("device.pair.rename", text).map(drop)
    }),
    ("device.token.revoke", |text| {
        decode_params::<device::DeviceTokenParams>("device.token.revoke", text).map(drop)
    }),
    ("device.token.rotate", |text| {
        decode_params::<device::DeviceTokenParams>("device.token.rotate", text).map(drop)
    }),
    ("exec.approval.request", |text| {
        decode_params::<approvals::ExecApprovalRequestParams>("exec.approval.request", text)
            .map(drop)
    }),
    ("exec.approval.resolve", |text| {
        decode_params::<approvals::ExecApprovalResolveParams>("exec.approval.resolve", text)
            .map(drop)
    }),
    ("exec.approvals.set", |text| {
        decode_params::<approvals::ExecApprovalsSetParams<'_>>("exec.approvals.set", text).map(drop)
    }),
    ("logs.tail", |text| {
        decode_params::<logs::LogsTailParams>("logs.tail", text).map(drop)
    }),
    ("node.describe", |text| {
        decode_params::<node::NodeIdParams>("node.describe", text).map(drop)
    }),
    ("node.event", |text| {
        decode_params::<node::NodeEventParams<'_>>("node.event", text).map(drop)
    }),
    ("node.invoke", |text| {
        decode_params::<node::NodeInvokeParams<'_>>("node.invoke", text).map(drop)
    }),
    ("node.pair.approve", |text| {
        decode_params::<RequestIdParams>("node.pair.approve", text).map(drop)
    }),
    ("node.pair.request", |text| {
        decode_params::<node::NodeSurface>("node.pair.request", text).map(drop)
    }),
    ("node.pair.verify", |text| {
        decode_params::<node::NodePairVerifyParams>("node.pair.verify", text).map(drop)
    }),
    ("node.rename", |text| {
        decode_params::<node::NodeRename>("node.rename", text).map(drop)
    }),
];

/// Values that are interesting to a schema.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..6000).prop_map(Value::from),
        prop_oneof![Just(json!(1.5)), Just(json!(3.0)), Just(json!(-1.0))],
        prop_oneof![
            Just(String::new()),
            Just("x".into()),
            Just("y".repeat(65)),
            any::<String>()
        ]
        .prop_map(Value::String),
        proptest::collection::vec(
            prop_oneof![Just(json!("a")), Just(json!("")), Just(json!(1))],
            0..3
        )
        .prop_map(Value::Array),
        Just(json!({})),
        Just(json!(["a", "b", "c", 1, "e"])),
        Just(json!({"version": 1})),
        Just(json!({"version": 1, "agents": {"main": {"allowlist": [{"pattern": 5}]}}})),
    ]
}

/// One member of a well-formed connect request, replaced or removed.
fn connect_params() -> impl Strategy<Value = Value> {
    const PLACES: [&str; 27] = [
        "/minProtocol",
        "/maxProtocol",
        "/client",
        "/client/id",
        "/client/displayName",
        "/client/version",
        "/client/platform",
        "/client/deviceFamily",
        "/client/modelIdentifier",
        "/client/mode",
        "/client/instanceId",
        "/client/timeZone",
        "/caps",
        "/commands",
        "/permissions",
        "/pathEnv",
        "/role",
        "/scopes",
        "/device",
        "/device/publicKey",
        "/device/signedAt",
        "/device/nonce",
        "/auth",
        "/auth/token",
        "/auth/deviceToken",
        "/locale",
        "/userAgent",
    ];
    let newest = prop_oneof![Just(3), Just(4)];
    (newest, proptest::sample::select(&PLACES[..]), proptest::option::of(value())).prop_map(
        |(newest, place, value)| {
            let mut params = json!({
                "minProtocol": 3, "maxProtocol": newest,
                "client": {"id": "cli", "version": "1", "platform": "linux", "mode": "cli"},
                "device": {"id": "a", "publicKey": "b", "signature": "c", "signedAt": 1, "nonce": "n"},
                "auth": {},
            });
            let (parent, key) = place.rsplit_once('/').unwrap();
            let parent = params.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            match value {
                Some(value) => parent.insert(key.to_owned(), value),
                None => parent.remove(key),
            };
            params
        },
    )
}

fn scopes() -> impl Strategy<Value = ScopeSet> {
    any::<u16>().prop_map(ScopeSet::from_bits)
}

proptest! {
    #[test]
    fn parsing_never_panics(text in any::<String>()) {
        drop(RequestFrame::parse(&text));
        drop(serde_json::from_str::<ServerFrame>(&text));
        drop(decode_base64(&text));
        drop(fingerprint_words(&text));
    }

    #[test]
    fn any_json_is_a_request_or_explained(kind in value(), id in value(), method in value(), params in value()) {
        let frame = json!({"type": kind, "id": id, "method": method, "params": params}).to_string();
        let well_formed = kind == "req"
            && id.as_str().is_some_and(|id| !id.is_empty())
            && method.as_str().is_some_and(|method| !method.is_empty());
        match RequestFrame::parse(&frame) {
            Ok(_) => prop_assert!(well_formed),
            Err(FrameError::Invalid { id: kept, detail }) => {
                prop_assert!(!well_formed && !detail.is_empty());
                let kept = kept.map(|raw| serde_json::from_str::<Value>(raw.get()).unwrap());
                prop_assert_eq!(kept.unwrap_or_default(), id);
            }
            Err(FrameError::NotJson(error)) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn ids_come_back(id in ".+", method in ".+", message in any::<String>()) {
        let text = encode_request(&id, &method, Some(r#"{"a":[1,2]}"#));
        let request = RequestFrame::parse(&text).unwrap();
        prop_assert_eq!(request.method.as_ref(), method.as_str());
        prop_assert_eq!(request.params_text(), r#"{"a":[1,2]}"#);
        for answer in [
            encode_ok(request.id, Some("null")),
            encode_error(request.id, &WireError::invalid(message)),
        ] {
            let ServerFrame::Response(response) = serde_json::from_str(&answer).unwrap() else {
                panic!("{answer}");
            };
            prop_assert_eq!(&response.id, &id);
        }
    }

    #[test]
    fn structs_and_schemas_agree(
        (index, chosen) in (0..DECODED.len()).prop_flat_map(|index| {
            (Just(index), proptest::collection::vec(proptest::option::weighted(0.7, value()), 12))
        })
    ) {
        let (method, decode) = DECODED[index];
        let schema = params_schema(method).unwrap();
        let Schema::Object { fields, .. } = schema else { panic!("{method}") };
        let params: Map<String, Value> = fields
            .iter()
            .zip(chosen)
            .filter_map(|(field, value)| Some((field.name.to_owned(), value?)))
            .collect();
        let params = Value::Object(params);
        let explained = schema.explain(&params);
        match decode(&params.to_string()) {
            Ok(()) => prop_assert_eq!(explained, "", "{} {}", method, params),
            Err(error) => prop_assert_eq!(
                error.message,
                format!("invalid {method} params: {explained}"),
                "{}",
                params
            ),
        }
    }

    #[test]
    fn connect_params_and_schema_agree(params in connect_params()) {
        let newer = params["maxProtocol"].as_f64().is_some_and(|newest| newest >= 4.0);
        let schema = if newer { CONNECT_PARAMS_V4 } else { CONNECT_PARAMS };
        let explained = schema.explain(&params);
        let raw = RawValue::from_string(params.to_string()).unwrap();
        match ConnectParams::parse(Some(raw.get())) {
            Ok(_) => prop_assert_eq!(explained, "", "{}", params),
            Err(error) => prop_assert_eq!(
                error.message,
                format!("invalid connect params: {explained}"),
                "{}",
                params
            ),
        }
    }

    #[test]
    fn limits_are_within_both(held in scopes(), asked in scopes()) {
        let limited = held.limit(asked);
        prop_assert!(limited.iter().all(|scope| asked.has(scope)));
        prop_assert!(held.covers(limited));
        prop_assert_eq!(held.limit(limited), limited);
        prop_assert_eq!(limited == asked, held.covers(asked));
    }

    #[test]
    fn grants_stay_within_what_is_held_and_what_was_asked(held in scopes(), asked in scopes()) {
        let granted = held.grant(asked);
        prop_assert!(held.covers(granted));
        prop_assert!(asked.covers(granted));
        prop_assert!(granted.covers(held.limit(asked)));
        prop_assert!(!held.covers(asked) || granted == asked);
    }

    #[test]
    fn implication_is_monotone(held in scopes(), more in scopes()) {
        for scope in Scope::ALL {
            prop_assert!(!held.has(scope) || held.allows(scope));
            prop_assert!(!held.allows(scope) || held.union(more).allows(scope));
            prop_assert!(!held.has(Scope::Admin) || held.allows(scope));
        }
        prop_assert!(!held.has(Scope::Write) || (held.allows(Scope::Read) && held.allows(Scope::Talk)));
        prop_assert!(ScopeSet::EMPTY.limit(held).is_empty());
        prop_assert_eq!(ScopeSet::FULL.limit(held), held);
    }

    #[test]
    fn scope_names_come_back(held in scopes(), junk in any::<String>()) {
        let names = held.names();
        prop_assert!(names.is_sorted());
        prop_assume!(Scope::parse(&junk).is_none());
        let with_junk = names.into_iter().chain([junk.as_str()]);
        prop_assert_eq!(ScopeSet::parse(with_junk), held);
        prop_assert_eq!(ScopeSet::from_bits(held.bits()), held);
    }

    #[test]
    fn every_base64_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        for encoding in [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD] {
            prop_assert_eq!(decode_base64(&encoding.encode(&bytes)), Some(bytes.clone()));
        }
    }

    #[test]
    fn pairing_codes_are_easy_to_type(request_id in any::<String>()) {
        let code = pairing_code(&request_id);
        prop_assert_eq!(code.len(), 8);
        prop_assert!(code.chars().all(|c| c.is_ascii_uppercase() && !"IO".contains(c) || ('2'..='9').contains(&c)));
        let typed = format!("{}-{} ", code[..4].to_lowercase(), &code[4..]);
        prop_assert_eq!(normalize_code(&typed), code);
    }

    #[test]
    fn close_reasons_fit(text in any::<String>(), repeat in 1_usize..40) {
        let text = text.repeat(repeat);
        let reason = close_reason(&text);
        prop_assert!(reason.len() <= 123);
        prop_assert!(text.starts_with(reason));
        prop_assert!(reason.len() == text.len() || reason.len() > 123 - 4);
    }
}
