//! The way to a gateway through an SSH host.

use super::{Resolved, Source};
use crate::paths::{Profile, default_port};
use crate::schema::{Remote, SshHostKeyPolicy};

/// Where an SSH tunnel goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshRoute {
    /// `[user@]host[:port]`, as written.
    pub target: Resolved<String>,
    /// Key file, as written. `None` leaves the choice to ssh.
    pub identity: Option<String>,
    /// Which host keys are accepted.
    pub host_keys: SshHostKeyPolicy,
    /// Port of the gateway on the SSH host, where it listens on 127.0.0.1.
    pub remote_port: u16,
}

impl std::fmt::Display for SshRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ssh {} ({}), gateway port {} there",
            self.target.value, self.target.source, self.remote_port
        )
    }
}

/// Reads the route from the config: `sshTarget`, else the host of the URL when that is another machine. `url` is normalised.
/// `None` when nothing names a host.
pub fn resolve_ssh(remote: &Remote, url: Option<&str>, profile: &Profile) -> Option<SshRoute> {
    let named = url.and_then(authority);
    let target = if let Some(target) = non_blank(remote.ssh_target.as_ref()) {
        Resolved::new(
            target,
            Source::Config("gateway.remote.sshTarget".to_owned()),
        )
    } else {
        let (host, _) = named.as_ref().filter(|(host, _)| !is_loopback(host))?;
        Resolved::new(
            host.clone(),
            Source::Config("gateway.remote.url".to_owned()),
        )
    };
    let of_url = named.and_then(|(_, port)| port);
    Some(SshRoute {
        target,
        identity: non_blank(remote.ssh_identity.as_ref()),
        host_keys: remote
            .ssh_host_key_policy
            .unwrap_or(SshHostKeyPolicy::Strict),
        remote_port: remote
            .remote_port
            .or(of_url)
            .unwrap_or_else(|| default_port(profile)),
    })
}

/// Host, with the brackets of IPv6, and the port that is written.
fn authority(url: &str) -> Option<(String, Option<u16>)> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let authority = authority.rsplit('@').next()?;
    let end = match authority.rfind(']') {
        Some(end) => end + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let port = port.strip_prefix(':').and_then(|port| port.parse().ok());
    Some((host.to_owned(), port))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

fn non_blank(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u36_the_route_comes_from_the_target_or_the_url() {
        let profile = Profile::default();
        for (target, url, port, expected) in [
            (Some("me@gw"), None, None, Some(("me@gw", 18789))),
            (
                Some("me@gw:2222"),
                Some("ws://127.0.0.1:19000"),
                None,
                Some(("me@gw:2222", 19000)),
            ),
            (
                None,
                Some("ws://gw.example:18789"),
                None,
                Some(("gw.example", 18789)),
            ),
            (
                None,
                Some("wss://gw.example"),
                None,
                Some(("gw.example", 18789)),
            ),
            (
                None,
                Some("ws://[2001:db8::1]:5"),
                None,
                Some(("[2001:db8::1]", 5)),
            ),
            (
                Some(" gw "),
                Some("ws://other:7"),
                Some(4000),
                Some(("gw", 4000)),
            ),
            (None, Some("ws://127.0.0.1:18789"), None, None),
            (None, Some("ws://localhost:18789"), None, None),
            (None, Some("ws://[::1]:18789"), None, None),
            (None, None, None, None),
        ] {
            let remote = Remote {
                ssh_target: target.map(str::to_owned),
                remote_port: port,
                ..Remote::default()
            };
            let route = resolve_ssh(&remote, url, &profile);
            let found = route
                .as_ref()
                .map(|route| (route.target.value.as_str(), route.remote_port));
            assert_eq!(found, expected, "{target:?} {url:?}");
        }
    }
}
