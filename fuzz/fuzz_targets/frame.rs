//! Envelopes: the request frame, as the gateway reads it, and the frames that a client reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_protocol::error::WireError;
use openclaw_protocol::frame::{FrameError, RequestFrame, ServerFrame, encode_error, encode_ok};
use serde_json::Value;
use serde_json::value::RawValue;

fuzz_target!(|text: &str| {
    match RequestFrame::parse(text) {
        Ok(request) => {
            assert!(!request.method.is_empty());
            // What is passed on as raw text has to be JSON.
            for raw in [Some(request.id), request.params].into_iter().flatten() {
                serde_json::from_str::<&RawValue>(raw).expect("raw JSON");
            }
            answered(request.id, &encode_ok(request.id, request.params));
        }
        Err(FrameError::NotJson(_)) => {}
        Err(FrameError::Invalid { id, detail }) => {
            assert!(!detail.is_empty());
            if let Some(id) = id {
                answered(
                    id.get(),
                    &encode_error(id.get(), &WireError::invalid(detail)),
                );
            }
        }
    }
    if let Ok(frame) = serde_json::from_str::<ServerFrame>(text) {
        let written = serde_json::to_string(&frame).expect("a frame encodes");
        let again: ServerFrame = serde_json::from_str(&written).expect("a written frame reads");
        assert_eq!(
            serde_json::to_string(&again).expect("a frame encodes"),
            written
        );
    }
});

/// An answer is one JSON object that carries the id as it came.
fn answered(id: &str, answer: &str) {
    // Lone surrogates pass through raw text but not through a tree.
    if let Ok(id) = serde_json::from_str::<Value>(id)
        && let Ok(answer) = serde_json::from_str::<Value>(answer)
    {
        assert_eq!(answer["id"], id);
        assert_eq!(answer["type"], "res");
    }
}
