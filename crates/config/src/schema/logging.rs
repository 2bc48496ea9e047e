//! `logging`.

use serde::{Deserialize, Serialize};

use super::words::{ConsoleStyle, LogLevel, RedactMode};

/// `logging`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Logging {
    /// Level of the file. Default `info`.
    pub level: LogLevel,
    /// Log file. Default: one file per day in the log directory.
    pub file: Option<String>,
    /// Level of the console. Default `info`.
    pub console_level: LogLevel,
    /// Form of console lines. Default `pretty` on a terminal, else `compact`.
    pub console_style: Option<ConsoleStyle>,
    /// Where sensitive text is masked. Default `tools`.
    pub redact_sensitive: RedactMode,
    /// Size in bytes at which the file is rolled. Default 104857600 (100 MiB).
    pub max_file_bytes: u64,
}

impl Default for Logging {
    fn default() -> Self {
        Self {
            level: LogLevel::Info,
            file: None,
            console_level: LogLevel::Info,
            console_style: None,
            redact_sensitive: RedactMode::Tools,
            max_file_bytes: 100 * 1024 * 1024,
        }
    }
}
