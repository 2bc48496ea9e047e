//! Names and TCP.

use std::io::ErrorKind;
use std::net::SocketAddr;

use openclaw_testkit::fault::{Broken, Closed, Full};

use super::stage::{Answer, Fault};

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

pub(super) async fn all(faults: &mut Vec<Fault>) {
    let named = |made, id, cause, fix, answer| {
        Fault::new(made, id, cause, fix)
            .url("wss://gw.example.org")
            .name("gw.example.org", answer)
    };
    faults.extend([
        named(
            "a name that does not exist",
            "dns_not_found",
            "There is no name gw.example.org",
            "getent hosts gw.example.org",
            Answer::Fails("failed to lookup address information: Name or service not known"),
        ),
        Fault::new(
            "a MagicDNS name while Tailscale is down here",
            "dns_not_found",
            "gw.tail1234.ts.net",
            "tailscale status",
        )
        .url("wss://gw.tail1234.ts.net")
        .name(
            "gw.tail1234.ts.net",
            Answer::Fails("failed to lookup address information: Name or service not known"),
        ),
        Fault::new(
            "an mDNS name outside its network",
            "dns_not_found",
            "studio.local",
            "openclaw gateway discover",
        )
        .url("ws://studio.local:18789")
        .name(
            "studio.local",
            Answer::Fails("failed to lookup address information: Name or service not known"),
        ),
        named(
            "a resolver that cannot be reached",
            "dns_unavailable",
            "cannot be reached",
            "resolvectl query gw.example.org",
            Answer::Fails(
                "failed to lookup address information: Temporary failure in name resolution",
            ),
        ),
        named(
            "a resolver that never answers",
            "dns_timeout",
            "did not answer in time",
            "resolvectl query gw.example.org",
            Answer::Nothing,
        )
        .impatient(),
        named(
            "a name without an address",
            "dns_no_address",
            "has no address",
            "add an A or AAAA record",
            Answer::Addresses(Vec::new()),
        ),
        named(
            "a name that a filter answers with 0.0.0.0",
            "dns_unusable_address",
            "ad blockers",
            "gateway.remote.url wss://<address>",
            Answer::Addresses(vec![address("0.0.0.0:443"), address("[::]:443")]),
        ),
        named(
            "a name with IPv6 addresses only, and no IPv6 here",
            "tcp_no_ipv6_route",
            "only IPv6 addresses (2001:db8::7)",
            "an A record",
            Answer::Addresses(vec![address("[2001:db8::7]:443")]),
        )
        .unreachable(ErrorKind::NetworkUnreachable),
        Fault::new(
            "an address that no route leads to",
            "tcp_unreachable",
            "There is no way from this machine to 10.99.0.7",
            "ip route get 10.99.0.7",
        )
        .url("ws://10.99.0.7:18789")
        .unreachable(ErrorKind::HostUnreachable),
        Fault::new(
            "a tailnet address while Tailscale is down here",
            "tcp_unreachable",
            "100.64.1.42",
            "tailscale status",
        )
        .url("ws://100.64.1.42:18789")
        .unreachable(ErrorKind::NetworkUnreachable),
        Fault::new(
            "a local firewall that forbids the connection",
            "tcp_denied",
            "forbids the connection",
            "nft list ruleset",
        )
        .url("ws://10.99.0.7:18789")
        .unreachable(ErrorKind::PermissionDenied),
    ]);
    let nothing = Closed::start();
    let closed = nothing.address();
    faults.push(
        Fault::new(
            "a port where nothing listens",
            "tcp_refused",
            "refuses port",
            "openclaw gateway status",
        )
        .url(format!("wss://gw.example.org:{}", closed.port()))
        .name("gw.example.org", Answer::Addresses(vec![closed])),
    );
    faults.push(
        Fault::new(
            "a URL without a port, and nothing on 443",
            "tcp_refused",
            "refuses port 443",
            "a gateway's own port is 18789",
        )
        .url("wss://gw.example.org")
        .name(
            "gw.example.org",
            Answer::Addresses(vec![address("127.0.0.1:443")]),
        )
        .unreachable(ErrorKind::ConnectionRefused),
    );
    faults.push(
        Fault::new(
            "this machine's own gateway, which does not run",
            "tcp_refused",
            "the gateway of this machine does not run",
            "openclaw up",
        )
        .mode(Some("local"))
        .local_port(closed.port()),
    );
    faults.push(
        Fault::new(
            "an SSH tunnel that is not up",
            "tunnel_down",
            "the SSH tunnel to the gateway is not up",
            "openclaw tunnel up <user@host>",
        )
        .url(format!("ws://127.0.0.1:{}", closed.port()))
        .with(nothing),
    );
    let full = Full::start();
    faults.push(
        Fault::new(
            "a firewall that drops packets (a full accept queue)",
            "tcp_timeout",
            "does not answer at all",
            "ufw allow",
        )
        .url(format!("wss://gw.example.org:{}", full.address().port()))
        .name("gw.example.org", Answer::Addresses(vec![full.address()]))
        .with(full)
        .impatient(),
    );
    let closing = Broken::hanging_up().await;
    faults.push(
        Fault::new(
            "a tunnel whose far end reaches no gateway",
            "tunnel_target_down",
            "behind its far end no gateway listens",
            "on the gateway host",
        )
        .url(format!("ws://{}", closing.address()))
        .with(closing),
    );
}
