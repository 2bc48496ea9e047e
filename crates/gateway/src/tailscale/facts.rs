//! What others may know about our place in the tailnet.

use std::net::IpAddr;

/// Our place in the tailnet, as Tailscale says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TailnetFacts {
    /// Our `MagicDNS` name, without a final dot; `None` while unknown.
    pub name: Option<String>,
    /// Our addresses; empty while unknown.
    pub addresses: Vec<IpAddr>,
    /// Where the gateway is reached by Serve or Funnel, such as `https://gw.tail1.ts.net`; only while that works.
    pub url: Option<String>,
}
