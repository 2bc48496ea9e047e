//! `gateway.metrics`: where figures are read besides the gateway's own port, and by whom.

use serde::{Deserialize, Serialize};

use super::ProxyListen;
use crate::secret::Secret;

/// `gateway.metrics`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Metrics {
    /// A listener for figures and probes alone. Default none: they are read at the gateway's own port.
    pub listen: Option<ProxyListen>,
    /// A bearer that opens `/metrics` and nothing else. Default none: the shared secret or the token of an operator does.
    pub token: Option<Secret>,
}
