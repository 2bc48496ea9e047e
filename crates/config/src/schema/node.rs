//! `nodeHost` and `tools.exec`: what the node host of this machine offers and runs.

use serde::{Deserialize, Serialize};

use super::words::{ExecAsk, ExecSecurity};

/// Executables that count as allowed under `security: allowlist` when they only see options and
/// standard input.
const SAFE_BINS: [&str; 9] = [
    "jq", "grep", "cut", "sort", "uniq", "head", "tail", "tr", "wc",
];

/// `nodeHost`. Further keys are accepted and kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeHost {
    /// Forwarding to a local browser.
    pub browser_proxy: BrowserProxy,
}

/// `nodeHost.browserProxy`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BrowserProxy {
    /// Offer the browser of this machine. Default true.
    pub enabled: bool,
    /// Browser profiles that may be used. Default: all.
    pub allow_profiles: Vec<String>,
}

impl Default for BrowserProxy {
    fn default() -> Self {
        Self {
            enabled: true,
            allow_profiles: Vec::new(),
        }
    }
}

/// `tools`. Only `exec` is read; the rest is kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Tools {
    /// Command execution.
    pub exec: ToolsExec,
}

/// `tools.exec`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ToolsExec {
    /// Which commands run. Default on a node: `allowlist`.
    pub security: Option<ExecSecurity>,
    /// When to ask. Default on a node: `on-miss`.
    pub ask: Option<ExecAsk>,
    /// Node that runs commands when a call names none. No default.
    pub node: Option<String>,
    /// Executables that need no allowlist entry. Default `jq grep cut sort uniq head tail tr wc`.
    pub safe_bins: Vec<String>,
}

impl Default for ToolsExec {
    fn default() -> Self {
        Self {
            security: None,
            ask: None,
            node: None,
            safe_bins: SAFE_BINS.iter().map(ToString::to_string).collect(),
        }
    }
}
