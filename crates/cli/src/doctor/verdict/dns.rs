//! From a name to addresses.

use std::net::{IpAddr, SocketAddr};

use openclaw_client::target::Host;
use openclaw_client::walk::DnsSeen;

use crate::doctor::asked::Asked;
use crate::doctor::{Fix, Hop, Verdict};

/// The addresses to try, or why there are none.
pub(in crate::doctor) fn judge(asked: &Asked, seen: DnsSeen) -> Result<Vec<SocketAddr>, Verdict> {
    match seen {
        DnsSeen::Literal(address) => usable(asked, vec![address]),
        DnsSeen::Found(addresses) if addresses.is_empty() => Err(no_address(asked)),
        DnsSeen::Found(addresses) => usable(asked, addresses),
        DnsSeen::TimedOut => Err(unavailable(asked, "dns_timeout", "did not answer in time")),
        DnsSeen::Failed(error) => Err(match Failure::of(&error.to_string()) {
            Failure::Unknown => not_found(asked),
            Failure::NoAddress => no_address(asked),
            Failure::Unavailable => unavailable(asked, "dns_unavailable", "cannot be reached"),
            Failure::Other => unavailable(asked, "dns_unavailable", &error.to_string()),
        }),
    }
}

/// What resolvers say, by their fixed texts: the system gives no codes.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    Unknown,
    NoAddress,
    Unavailable,
    Other,
}

impl Failure {
    fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        if has(&[
            "name or service not known",
            "nodename nor servname",
            "name does not resolve",
            "no such host",
            "host not found",
        ]) {
            Self::Unknown
        } else if has(&["no address associated", "no usable address", "no data"]) {
            Self::NoAddress
        } else if has(&[
            "temporary failure",
            "try again",
            "non-recoverable",
            "server failure",
            "unreachable",
        ]) {
            Self::Unavailable
        } else {
            Self::Other
        }
    }
}

fn not_found(asked: &Asked) -> Verdict {
    let host = asked.host();
    let verdict = Verdict::new(
        "dns_not_found",
        Hop::Dns,
        format!(
            "There is no name {host}: the resolver of this machine does not know it ({}).",
            asked.source
        ),
    );
    let url = asked.with_host("<right-name>");
    if is_tailnet_name(asked) {
        verdict
            .fix(Fix::run(
                "names of a tailnet are known only while Tailscale is up on this machine",
                "tailscale status",
            ))
            .fix(asked.use_url("or correct the name", &url))
    } else if host.strip_suffix(".local").is_some() {
        verdict
            .fix(Fix::run(
                "names in .local are known only on the gateway's own network; see what is announced here",
                asked.command("openclaw gateway discover"),
            ))
            .fix(asked.use_url("or use its address", &asked.with_host("<address>")))
    } else {
        verdict
            .fix(asked.use_url("correct the name", &url))
            .fix(Fix::run(
                "see what the resolver says",
                format!("getent hosts {host}"),
            ))
    }
}

fn no_address(asked: &Asked) -> Verdict {
    let host = asked.host();
    Verdict::new(
        "dns_no_address",
        Hop::Dns,
        format!("The name {host} exists, but has no address (neither A nor AAAA record)."),
    )
    .fix(Fix::see(format!(
        "add an A or AAAA record with the gateway's address for {host} at your DNS provider"
    )))
    .fix(asked.use_url("or use its address", &asked.with_host("<address>")))
}

fn unavailable(asked: &Asked, id: &'static str, what: &str) -> Verdict {
    let host = asked.host();
    Verdict::new(
        id,
        Hop::Dns,
        format!(
            "The resolver of this machine {what}; {host} may well exist. Is this machine online?"
        ),
    )
    .fix(Fix::run(
        "see which resolver is used and ask it",
        format!("resolvectl query {host} || cat /etc/resolv.conf"),
    ))
    .fix(asked.use_url("or go by address for now", &asked.with_host("<address>")))
}

fn usable(asked: &Asked, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Verdict> {
    let (good, bad): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| is_usable(address.ip()));
    if !good.is_empty() {
        return Ok(good);
    }
    let host = asked.host();
    let listed: Vec<String> = bad.iter().map(|address| address.ip().to_string()).collect();
    let listed = listed.join(", ");
    let (cause, text) = if matches!(asked.url.host, Host::Name(_)) {
        (
            format!(
                "{host} resolves to {listed}, which is no machine's address: ad blockers and parental filters answer so for names they block."
            ),
            "allow the name in the blocker, or use the gateway's address",
        )
    } else {
        (
            format!(
                "{listed} means \"every address of this machine\" or a group: one can listen there, not connect to it."
            ),
            "use the address that the gateway has on its network",
        )
    };
    Err(Verdict::new("dns_unusable_address", Hop::Dns, cause)
        .fix(asked.use_url(text, &asked.with_host("<address>")))
        .fix(asked.on_host("see its addresses", "openclaw gateway status")))
}

fn is_usable(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !ip.is_unspecified() && !ip.is_multicast() && !broadcast
}

fn is_tailnet_name(asked: &Asked) -> bool {
    let host = asked.host();
    host.ends_with(".ts.net") || host.ends_with(".beta.tailscale.net")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_several_systems_are_known() {
        for (text, failure) in [
            (
                "failed to lookup address information: Name or service not known",
                Failure::Unknown,
            ),
            (
                "failed to lookup address information: nodename nor servname provided, or not known",
                Failure::Unknown,
            ),
            (
                "failed to lookup address information: Name does not resolve",
                Failure::Unknown,
            ),
            (
                "failed to lookup address information: Temporary failure in name resolution",
                Failure::Unavailable,
            ),
            (
                "failed to lookup address information: Try again",
                Failure::Unavailable,
            ),
            (
                "failed to lookup address information: No address associated with hostname",
                Failure::NoAddress,
            ),
            (
                "failed to lookup address information: Name has no usable address",
                Failure::NoAddress,
            ),
            ("something else", Failure::Other),
        ] {
            assert_eq!(Failure::of(text), failure, "{text}");
        }
    }
}
