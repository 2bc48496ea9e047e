//! At which addresses this gateway can be reached from elsewhere, each proven by connecting to it ourselves.
//!
//! [`candidates`] lists what is worth trying, best first, from plain facts; [`survey`] tries all of them at once and keeps
//! those at which this very gateway answered. What was left out, and why, is part of the answer.

mod candidates;
mod prove;

use std::net::SocketAddr;

use data_encoding::HEXLOWER;
use openclaw_config::schema::PlainHttp;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde_json::Value;

use crate::core::Core;
use crate::listen::{InterfaceAddress, interface_addresses};
use crate::peer::Authority;
use crate::subsystems::SubsystemState;

pub use candidates::{Candidate, Facts, candidates};
pub use prove::prove_all;

/// Request header with a nonce, and answer header with the proof that it was us who answered.
pub const WITNESS_HEADER: &str = "x-openclaw-reach";
/// Characters of a nonce.
const NONCE_CHARS: usize = 32;

/// Where an address comes from; `urlSource` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The request named it.
    Request,
    /// The page that the operator looks at came from there.
    InUse,
    /// The operator's program asked for us by this name.
    Asked,
    /// `gateway.publicOrigin`.
    PublicOrigin,
    /// `plugins.entries.device-pair.config.publicUrl`.
    PluginPublicUrl,
    /// Tailscale Serve or Funnel.
    Tailscale,
    /// `gateway.remote.url`.
    RemoteUrl,
    /// A name of the certificate (`gateway.tls.domains`).
    Domain,
    /// An address of a tailnet.
    Tailnet,
    /// Another address of this machine.
    Lan,
    /// The name that is announced over multicast DNS.
    Mdns,
    /// This machine only.
    Loopback,
}

impl Source {
    /// Wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::InUse => "in-use",
            Self::Asked => "asked",
            Self::PublicOrigin => "public-origin",
            Self::PluginPublicUrl => "plugin-public-url",
            Self::Tailscale => "tailscale",
            Self::RemoteUrl => "remote-url",
            Self::Domain => "domain",
            Self::Tailnet => "tailnet",
            Self::Lan => "lan",
            Self::Mdns => "mdns",
            Self::Loopback => "loopback",
        }
    }
}

/// An address at which this gateway answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// `ws(s)://host[:port][/path]`.
    pub url: String,
    /// Where it comes from.
    pub source: Source,
    /// SHA-256 of our own certificate, when that is what it shows; `None` for plain and for publicly trusted ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_fingerprint: Option<String>,
    /// False when it was only taken on trust.
    pub proven: bool,
}

/// An address that is of no use, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unreachable {
    /// The address.
    pub url: String,
    /// Where it comes from.
    pub source: Source,
    /// What is wrong with it.
    pub reason: String,
}

/// Everything that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Survey {
    /// In the order in which clients try them.
    pub endpoints: Vec<Endpoint>,
    /// What was left out.
    pub unreachable: Vec<Unreachable>,
}

/// Proves to this gateway that it was itself who answered: only it knows the key.
pub struct Witness(hmac::Key);

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Witness")
    }
}

impl Default for Witness {
    /// A key of this start.
    ///
    /// # Panics
    /// When the operating system has no randomness.
    fn default() -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .expect("the operating system provides randomness");
        Self(key)
    }
}

impl Witness {
    /// A nonce to send.
    ///
    /// # Panics
    /// When the operating system has no randomness.
    pub fn nonce() -> String {
        let mut bytes = [0; NONCE_CHARS / 2];
        SystemRandom::new()
            .fill(&mut bytes)
            .expect("the operating system provides randomness");
        HEXLOWER.encode(&bytes)
    }

    /// What this gateway answers to a nonce; `None` for what is no nonce.
    pub fn answer(&self, nonce: &str) -> Option<String> {
        let plausible =
            nonce.len() == NONCE_CHARS && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
        plausible.then(|| HEXLOWER.encode(hmac::sign(&self.0, nonce.as_bytes()).as_ref()))
    }
}

/// What a caller wants to know of its own way in.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Address that the request names; then nothing else is tried.
    pub url: Option<String>,
    /// `Origin` of the operator's page, when it is one that this gateway served.
    pub origin: Option<String>,
    /// `Host` that the operator's program asked for.
    pub host: Option<String>,
    /// Whether `gateway.remote.url` comes before what this machine finds out by itself.
    pub prefer_remote: bool,
}

/// Finds out at which addresses this gateway answers now. Takes a few seconds at most.
pub async fn survey(core: &Core, wish: Wish) -> Survey {
    let interfaces = interface_addresses().unwrap_or_else(|error| {
        tracing::warn!(%error, "network interfaces could not be listed");
        Vec::new()
    });
    let listening = core.listening.borrow().clone();
    let list = candidates(&facts(core, &wish, &interfaces, &listening));
    prove_all(core, list).await
}

fn facts<'a>(
    core: &Core,
    wish: &Wish,
    interfaces: &'a [InterfaceAddress],
    listening: &'a [SocketAddr],
) -> Facts<'a> {
    let snapshot = core.snapshot();
    let gateway = &snapshot.settings.gateway;
    let plugin = plugin_url(&snapshot.resolved);
    let (tls, plain) = match core.tls.serving() {
        crate::tls::Serving::On(active) => (true, active.plain_http == PlainHttp::Allow),
        crate::tls::Serving::Off => (false, true),
        crate::tls::Serving::Broken(_) => (false, false),
    };
    Facts {
        requested: wish.url.clone(),
        origin: wish.origin.clone(),
        asked: wish.host.as_deref().and_then(Authority::parse),
        public_origin: gateway.public_origin.clone(),
        plugin_url: plugin,
        tailscale: core.tailnet_facts().url.clone(),
        remote_url: gateway.remote.url.clone(),
        prefer_remote: wish.prefer_remote,
        domains: gateway.tls.domains.clone(),
        mdns: mdns_name(core),
        base_path: gateway.control_ui.base_path.clone(),
        port: core.port(),
        tls,
        plain,
        interfaces,
        listening,
        // Its addresses mean nothing outside.
        in_container: snapshot.env.container().is_some(),
    }
}

/// The key that older setups keep their public address under; it is none of this program's settings.
fn plugin_url(config: &Value) -> Option<String> {
    let url = config.pointer("/plugins/entries/device-pair/config/publicUrl")?;
    url.as_str()
        .map(str::trim)
        .filter(|url| !url.is_empty())
        .map(str::to_owned)
}

fn mdns_name(core: &Core) -> Option<String> {
    let up = matches!(core.subsystems.get("mdns"), Some(SubsystemState::Up { .. }));
    let host = core.server.host.split('.').next()?;
    (up && !host.is_empty()).then(|| format!("{}.local", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_gateway_can_answer_its_nonce() {
        let (one, two) = (Witness::default(), Witness::default());
        let nonce = Witness::nonce();
        assert_eq!(one.answer(&nonce), one.answer(&nonce));
        assert_ne!(one.answer(&nonce), two.answer(&nonce));
        for bad in ["", "short", &"g".repeat(32), &"a".repeat(33)] {
            assert_eq!(one.answer(bad), None, "{bad}");
        }
    }
}
