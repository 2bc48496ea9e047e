//! A connection to one of the addresses.

use std::io;
use std::net::{IpAddr, SocketAddr};

use openclaw_client::walk::{Attempt, TcpSeen};

use crate::doctor::asked::Asked;
use crate::doctor::{Fix, Hop, Verdict};

/// The address that accepted, or why none did.
pub(in crate::doctor) fn judge(asked: &Asked, attempts: &[Attempt]) -> Result<SocketAddr, Verdict> {
    if let Some(attempt) = attempts
        .iter()
        .find(|attempt| matches!(attempt.seen, TcpSeen::Connected))
    {
        return Ok(attempt.address);
    }
    // The answer that says most about the gateway wins: a refusal comes from its machine.
    let kinds = || {
        attempts
            .iter()
            .map(|attempt| (attempt, Kind::of(&attempt.seen)))
    };
    let worst = kinds().min_by_key(|(_, kind)| *kind);
    let Some((attempt, kind)) = worst else {
        return Err(Verdict::new(
            "tcp_no_address",
            Hop::Tcp,
            "There was no address to try.",
        ));
    };
    let only_v6 = attempts.iter().all(|attempt| attempt.address.is_ipv6());
    Err(match kind {
        Kind::Refused => refused(asked, attempt.address),
        Kind::TimedOut => timed_out(asked, attempt.address),
        Kind::NoRoute if only_v6 => no_ipv6(asked, attempt.address),
        Kind::Denied => denied(attempt.address, &text(&attempt.seen)),
        Kind::NoRoute | Kind::Other => unreachable(asked, attempt.address, &text(&attempt.seen)),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Refused,
    TimedOut,
    Denied,
    NoRoute,
    Other,
}

impl Kind {
    fn of(seen: &TcpSeen) -> Self {
        match seen {
            TcpSeen::Connected | TcpSeen::TimedOut => Self::TimedOut,
            TcpSeen::Failed(error) => match error.kind() {
                io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Self::Refused,
                io::ErrorKind::TimedOut => Self::TimedOut,
                io::ErrorKind::PermissionDenied => Self::Denied,
                io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::AddrNotAvailable
                | io::ErrorKind::NetworkDown => Self::NoRoute,
                _ => Self::Other,
            },
        }
    }
}

fn text(seen: &TcpSeen) -> String {
    match seen {
        TcpSeen::Failed(error) => error.to_string(),
        TcpSeen::Connected | TcpSeen::TimedOut => "no answer".to_owned(),
    }
}

fn refused(asked: &Asked, address: SocketAddr) -> Verdict {
    if asked.is_local() {
        return Verdict::new(
            "tcp_refused",
            Hop::Tcp,
            format!("Nothing listens on {address}: the gateway of this machine does not run."),
        )
        .fix(asked.start_it())
        .fix(Fix::run(
            "or see why it stopped",
            asked.command("openclaw gateway status --deep"),
        ));
    }
    if asked.looks_like_tunnel() {
        let port = asked.default_port;
        return Verdict::new(
            "tunnel_down",
            Hop::Tcp,
            format!(
                "{address} is this machine ({}), and nothing listens there: the SSH tunnel to the gateway is not up.",
                asked.source
            ),
        )
        .fix(Fix::run(
            "bring it up",
            asked.command(if asked.ssh_host {
                "openclaw tunnel up"
            } else {
                "openclaw tunnel up <user@host>"
            }),
        ))
        .fix(Fix::run(
            "or by hand",
            format!(
                "ssh -N -L {}:127.0.0.1:{port} -o ServerAliveInterval=60 <user>@<gateway-host>",
                asked.url.port
            ),
        ));
    }
    let verdict = Verdict::new(
        "tcp_refused",
        Hop::Tcp,
        format!(
            "{} is there and refuses port {}: the gateway does not run, listens on its own loopback only, or has another port.",
            address.ip(),
            address.port()
        ),
    );
    let verdict = if matches!(address.port(), 80 | 443) {
        let url = asked.with_port(asked.default_port);
        verdict.fix(asked.use_url(
            &format!(
                "the URL names no port, so {} was tried; a gateway's own port is {}",
                address.port(),
                asked.default_port
            ),
            &url,
        ))
    } else {
        verdict
    };
    verdict
        .fix(asked.on_host(
            "see whether it runs and where it listens",
            "openclaw gateway status",
        ))
        .fix(asked.on_host(
            "if it listens on loopback only, open it to the network",
            "openclaw config set gateway.bind lan",
        ))
        .fix(asked.by_ssh())
}

fn timed_out(asked: &Asked, address: SocketAddr) -> Verdict {
    let port = address.port();
    let verdict = Verdict::new(
        "tcp_timeout",
        Hop::Tcp,
        format!(
            "{address} does not answer at all: a firewall drops the packets, or the machine is off or has another address."
        ),
    );
    let verdict = if is_tailnet(address.ip()) {
        verdict.fix(Fix::run(
            "it is a tailnet address; see whether both ends are online",
            format!("tailscale ping {}", address.ip()),
        ))
    } else {
        verdict
    };
    verdict
        .fix(asked.on_host("let the port through its firewall", &format!("sudo ufw allow {port}/tcp")))
        .fix(Fix::see(format!(
            "at a cloud provider, also allow TCP port {port} in the security group or network firewall"
        )))
        .fix(asked.by_ssh())
}

fn no_ipv6(asked: &Asked, address: SocketAddr) -> Verdict {
    Verdict::new(
        "tcp_no_ipv6_route",
        Hop::Tcp,
        format!(
            "{} has only IPv6 addresses ({}), and this machine has no way to the IPv6 internet.",
            asked.host(),
            address.ip()
        ),
    )
    .fix(Fix::see(format!(
        "give {} an IPv4 address too: an A record at your DNS provider",
        asked.host()
    )))
    .fix(Fix::run("or see what IPv6 this machine has", "ip -6 route"))
    .fix(asked.by_ssh())
}

fn unreachable(asked: &Asked, address: SocketAddr, why: &str) -> Verdict {
    let verdict = Verdict::new(
        "tcp_unreachable",
        Hop::Tcp,
        format!(
            "There is no way from this machine to {}: {why}.",
            address.ip()
        ),
    );
    let verdict = if is_tailnet(address.ip()) {
        verdict.fix(Fix::run(
            "it is a tailnet address; see whether Tailscale is up on this machine",
            "tailscale status",
        ))
    } else {
        verdict.fix(Fix::run(
            "see how packets would go",
            format!("ip route get {}", address.ip()),
        ))
    };
    verdict.fix(asked.use_url(
        "or use an address that this network reaches",
        &asked.with_host("<address>"),
    ))
}

fn denied(address: SocketAddr, why: &str) -> Verdict {
    Verdict::new(
        "tcp_denied",
        Hop::Tcp,
        format!("This machine forbids the connection to {address}: {why}. A local firewall or sandbox says no before a packet is sent."),
    )
    .fix(Fix::run("see its rules", "sudo nft list ruleset | grep -n -e drop -e reject"))
}

/// Tailscale's own ranges.
fn is_tailnet(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            first == 100 && second & 0xc0 == 64
        }
        IpAddr::V6(v6) => v6.segments()[..3] == [0xfd7a, 0x115c, 0xa1e0],
    }
}
