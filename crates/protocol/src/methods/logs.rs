//! `logs.tail`.

use serde::{Deserialize, Serialize};

use crate::strict;

/// Lines of one answer when nothing else is asked for.
pub const LOGS_LIMIT: u32 = 500;
/// Bytes of one answer when nothing else is asked for.
pub const LOGS_MAX_BYTES: u32 = 250_000;

/// Params of `logs.tail`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LogsTailParams {
    /// Where the last answer ended, in bytes; without it the end of the file is shown.
    #[serde(
        default,
        deserialize_with = "strict::some_at_least::<_, _, 0>",
        skip_serializing_if = "Option::is_none"
    )]
    pub cursor: Option<u64>,
    /// Most lines, 1 to 5000; [`LOGS_LIMIT`] without it.
    #[serde(
        default,
        deserialize_with = "strict::some_between::<_, _, 1, 5000>",
        skip_serializing_if = "Option::is_none"
    )]
    pub limit: Option<u32>,
    /// Most bytes, 1 to 1 000 000; [`LOGS_MAX_BYTES`] without it.
    #[serde(
        default,
        deserialize_with = "strict::some_between::<_, _, 1, 1_000_000>",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_bytes: Option<u32>,
}

/// Result of `logs.tail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogsTail {
    /// The log file.
    pub file: String,
    /// Where to go on, in bytes.
    pub cursor: u64,
    /// Size of the file, in bytes.
    pub size: u64,
    /// Lines as they are in the file.
    pub lines: Vec<String>,
    /// Whether older lines were left out.
    pub truncated: bool,
    /// Whether the cursor no longer fits the file.
    pub reset: bool,
}
