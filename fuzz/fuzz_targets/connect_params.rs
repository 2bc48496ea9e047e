//! The params of the first request of every connection: what decodes is what the schema calls well-formed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_protocol::handshake::{ConnectParams, negotiate};
use openclaw_protocol::schema::{CONNECT_PARAMS, CONNECT_PARAMS_V4};
use serde_json::value::RawValue;

fuzz_target!(|text: &str| {
    let Ok(raw) = RawValue::from_string(text.to_owned()) else {
        return;
    };
    match ConnectParams::parse(Some(raw.get())) {
        Ok(params) => {
            let schema = if params.max_protocol >= 4 {
                CONNECT_PARAMS_V4
            } else {
                CONNECT_PARAMS
            };
            // Members that nobody knows may hold numbers beyond every type.
            if let Ok(value) = serde_json::from_str(text) {
                assert_eq!(schema.explain(&value), "");
            }
            if let Some(protocol) = negotiate(params.min_protocol, params.max_protocol) {
                assert!((params.min_protocol..=params.max_protocol).contains(&protocol));
            }
            let written = serde_json::to_string(&params).expect("params encode");
            let again = RawValue::from_string(written.clone()).expect("written params are JSON");
            let again = ConnectParams::parse(Some(again.get())).expect("written params read");
            assert_eq!(
                serde_json::to_string(&again).expect("params encode"),
                written
            );
        }
        Err(error) => assert!(error.message.starts_with("invalid connect params: ")),
    }
});
