//! It is a WebSocket; is a gateway at its end?

use openclaw_client::walk::socket::SocketSeen;

use crate::doctor::asked::Asked;
use crate::doctor::{Fix, Hop, Verdict};

/// Clocks further apart than this are mentioned.
const SKEW_MS: i64 = 120_000;

/// The gateway's time, or why there is none.
pub(in crate::doctor) fn judge(asked: &Asked, seen: &SocketSeen) -> Result<i64, Verdict> {
    Err(match seen {
        SocketSeen::Challenge { time_ms } => return Ok(*time_ms),
        SocketSeen::WrongAccept => Verdict::new(
            "ws_wrong_accept",
            Hop::WebSocket,
            format!(
                "The 101 from {} does not belong to our request: a cache or a proxy repeats the answer to somebody else's.",
                asked.host_port()
            ),
        )
        .fix(Fix::see("turn caching off for this path in the proxy (nginx: proxy_cache off; Cloudflare: a Bypass Cache rule)"))
        .fix(asked.on_host("or print what the proxy needs", "openclaw gateway proxy-check")),
        SocketSeen::Closed(close) if close.code == 1013 => starting(asked),
        SocketSeen::Closed(close) if close.code == 1012 => Verdict::new(
            "gateway_draining",
            Hop::WebSocket,
            "The gateway is restarting.",
        )
        .fix(Fix::run("try again in a few seconds", asked.again())),
        SocketSeen::Closed(close) => Verdict::new(
            "ws_closed",
            Hop::WebSocket,
            format!(
                "The WebSocket opened and was closed at once, before a word from a gateway: {close}. A proxy, a filter on the way, or another program's WebSocket."
            ),
        )
        .fix(asked.on_host("see whether the connection gets to the gateway", "openclaw logs --follow"))
        .fix(Fix::see("if it does not: look for WebSocket limits, idle times or inspection in the proxy or security software on the way")),
        SocketSeen::Silent => Verdict::new(
            "ws_challenge_missing",
            Hop::WebSocket,
            format!(
                "{} opens a WebSocket and then says nothing; a gateway sends its challenge at once. A proxy holds the data back, or it is another program's WebSocket.",
                asked.host_port()
            ),
        )
        .fix(Fix::see("turn buffering off for this path in the proxy (nginx: proxy_buffering off;)"))
        .fix(asked.on_host("see whether the connection gets to the gateway", "openclaw logs --follow")),
        SocketSeen::Stranger(text) => Verdict::new(
            "ws_not_gateway",
            Hop::WebSocket,
            format!(
                "{} is a WebSocket server, but no gateway: it began with {}.",
                asked.host_port(),
                super::quoted(text.as_bytes())
            ),
        )
        .fixes(asked.other_program()),
        SocketSeen::Broken(why) => Verdict::new(
            "ws_broken",
            Hop::WebSocket,
            format!(
                "After the 101 came something that is no WebSocket ({why}): a proxy answers for itself, or changes what passes through it."
            ),
        )
        .fix(Fix::see("turn compression, inspection and injection off for this path in the proxy or security software on the way"))
        .fix(asked.on_host("or print what the proxy needs", "openclaw gateway proxy-check")),
    })
}

/// The gateway has only just begun.
pub(super) fn starting(asked: &Asked) -> Verdict {
    Verdict::new(
        "gateway_starting",
        Hop::WebSocket,
        "The gateway has only just started and takes no clients yet.",
    )
    .fix(Fix::run("try again in a few seconds", asked.again()))
    .fix(asked.on_host("if it stays so", "openclaw logs --tail 50"))
}

/// What is worth saying about the two clocks.
pub(in crate::doctor) fn skew(asked: &Asked, gateway_ms: i64) -> Option<String> {
    let apart = gateway_ms - asked.now_ms;
    (apart.abs() > SKEW_MS).then(|| {
        let amount = super::span(apart.unsigned_abs() / 1000);
        let which = if apart < 0 { "ahead of" } else { "behind" };
        format!("the clock of this machine is {amount} {which} the gateway's; certificates and older gateways mind")
    })
}
