//! Recorded traffic of the releases 2026.1.30 (`data/v3`) and 2026.9.6 (`data/v4`): every frame decodes with the types
//! of this crate and encodes to the same JSON, every refusal has the recorded wording, every real signature verifies.
//!
//! What is not the same is named in a table next to the test, and each entry of such a table must be met.

#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "golden/catalogue.rs"]
mod catalogue;
#[path = "golden/client_frames.rs"]
mod client_frames;
#[path = "golden/errors.rs"]
mod errors;
#[path = "golden/gateway_frames.rs"]
mod gateway_frames;
#[path = "golden/json.rs"]
mod json;
#[path = "golden/signatures.rs"]
mod signatures;
#[path = "golden/transcript.rs"]
mod transcript;
