//! The machines of the tailnet, as `tailscale status` lists them.

use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use openclaw_config::Env;
use openclaw_config::env::keep_secrets_from;
use openclaw_gateway::listen::interface_addresses;
use openclaw_gateway::listen::interfaces::tailnet_addresses;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

/// How long the program may take.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Machines that are asked.
const MAX_MACHINES: usize = 40;

/// A tailnet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tailnet {
    /// One address of each machine that is there, this one first.
    pub(super) addresses: Vec<IpAddr>,
}

/// The tailnet of this machine; `None` without one. A machine whose `tailscale` does not answer knows itself.
pub(super) async fn read(env: &Env) -> Option<Tailnet> {
    let own = tailnet_addresses(&interface_addresses().unwrap_or_default());
    let first = own.first()?;
    let mut command = Command::new("tailscale");
    keep_secrets_from(command.as_std_mut());
    command
        .args(["status", "--json"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(path) = env.get_process("PATH") {
        command.env("PATH", path);
    }
    let status = match timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => serde_json::from_slice(&output.stdout).unwrap_or_default(),
        Ok(Err(_)) | Err(_) => Value::Null,
    };
    Some(Tailnet {
        addresses: machines(*first, &status),
    })
}

fn machines(own: IpAddr, status: &Value) -> Vec<IpAddr> {
    let peers = status["Peer"]
        .as_object()
        .into_iter()
        .flat_map(|peers| peers.values());
    let there = peers.filter(|peer| peer["Online"] == true);
    let address = |peer: &Value| {
        let addresses = peer["TailscaleIPs"].as_array()?;
        let mut addresses = addresses
            .iter()
            .filter_map(|one| one.as_str()?.parse().ok());
        addresses.find(|ip: &IpAddr| ip.is_ipv4() == own.is_ipv4())
    };
    std::iter::once(own)
        .chain(there.filter_map(address).filter(|ip| *ip != own))
        .take(MAX_MACHINES)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn machines_that_are_there_are_asked() {
        let own = "100.64.0.5".parse().unwrap();
        let status = json!({ "Peer": {
            "a": { "Online": true, "TailscaleIPs": ["100.64.0.6", "fd7a:115c:a1e0::6"] },
            "b": { "Online": false, "TailscaleIPs": ["100.64.0.7"] },
            "c": { "Online": true, "TailscaleIPs": ["fd7a:115c:a1e0::8"] },
            "d": { "Online": true, "TailscaleIPs": ["nonsense"] },
            "e": { "Online": true },
        } });
        let expected: [IpAddr; 2] = [own, "100.64.0.6".parse().unwrap()];
        assert_eq!(machines(own, &status), expected);
        assert_eq!(machines(own, &Value::Null), [own]);
    }
}
