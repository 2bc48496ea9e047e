//! Finds gateways: multicast DNS on the local network, unicast DNS for the wide-area domain, merged by who they are.
//!
//! What is found was said by somebody on the network. It is shown and offered, never stored: a fingerprint that was found
//! replaces no pin.

mod ask;
mod beacon;
mod local;
mod tailnet;
mod wide_area;

use std::time::Duration;

use openclaw_protocol::discovery::LOCAL_DOMAIN;

pub(crate) use beacon::Beacon;
use beacon::{Sighting, merge};

use crate::context::Context;

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Domains that were asked.
    pub(crate) domains: Vec<String>,
    /// Gateways, sorted by name.
    pub(crate) beacons: Vec<Beacon>,
    /// Why something could not be asked.
    pub(crate) problems: Vec<String>,
}

impl Found {
    /// The first gateway that can be reached through SSH: host and port.
    pub(crate) fn ssh_target(&self) -> Option<(String, u16)> {
        self.beacons.iter().find_map(Beacon::ssh_target)
    }
}

/// Looks for gateways, for so long.
pub(crate) async fn find(context: &Context, timeout: Duration) -> Found {
    let snapshot = context.snapshot();
    let domain = openclaw_edge::dns::domain(&snapshot.settings, context.env());
    let mut domains = vec![LOCAL_DOMAIN.to_owned()];
    domains.extend(domain.iter().map(ToString::to_string));
    let wide_area = async {
        match &domain {
            Some(domain) => {
                let port = snapshot.settings.discovery.wide_area.port;
                wide_area::look(domain, port, context.env(), timeout).await
            }
            None => Vec::new(),
        }
    };
    let (near, far) = tokio::join!(local::browse(timeout), wide_area);
    let mut problems = Vec::new();
    let near = near.unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    Found {
        domains,
        beacons: merge(far.into_iter().chain(near).collect()),
        problems,
    }
}
