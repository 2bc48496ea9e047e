//! The `canvasHost` section.

use serde::{Deserialize, Serialize};

/// `canvasHost`: the folder whose files the gateway serves for the canvases of nodes.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CanvasHost {
    /// Serve the folder. Default true.
    pub enabled: bool,
    /// The folder; relative to the folder of the config file. Default `<state>/canvas`.
    pub root: Option<String>,
    /// Pages load themselves again when a file of the folder changes. Default true.
    pub live_reload: bool,
}

impl Default for CanvasHost {
    fn default() -> Self {
        Self {
            enabled: true,
            root: None,
            live_reload: true,
        }
    }
}
