//! Encryption and certificate.

use openclaw_client::target::{Host, Scheme};
use openclaw_client::walk::http::HttpSeen;
use openclaw_client::walk::tls::{Secured, Shown, TlsSeen, Trust};

use super::{date, quoted, service, span};
use crate::doctor::asked::Asked;
use crate::doctor::{Fix, Hop, Verdict};

/// Certificates that end within this many seconds are mentioned.
const SOON: i64 = 14 * 86_400;

/// Whether to go on; `plain` is what a plain request got when the handshake failed.
pub(in crate::doctor) fn judge(
    asked: &Asked,
    seen: &TlsSeen,
    plain: Option<&HttpSeen>,
) -> Option<Verdict> {
    if let Some(HttpSeen::Answer(_)) = plain {
        return Some(plain_http(asked));
    }
    match seen {
        TlsSeen::Done(secured) => certificate(asked, secured),
        TlsSeen::NotTls(bytes) if bytes.starts_with(b"HTTP/") => Some(plain_http(asked)),
        TlsSeen::NotTls(bytes) => Some(not_tls(asked, bytes)),
        TlsSeen::Alert(alert) => Some(by_alert(asked, alert)),
        TlsSeen::Incompatible(why) => Some(version(asked, why)),
        TlsSeen::Closed => Some(closed(asked)),
        TlsSeen::Silent => Some(silent(asked)),
        TlsSeen::Failed(why) => Some(
            Verdict::new(
                "tls_failed",
                Hop::Tls,
                format!(
                    "The TLS handshake with {} failed: {why}.",
                    asked.host_port()
                ),
            )
            .fix(asked.on_host(
                "see what it says about its certificate",
                "openclaw gateway status",
            ))
            .fix(Fix::run(
                "or look at the handshake",
                format!("openssl s_client -connect {}", asked.host_port()),
            )),
        ),
    }
}

/// What is worth saying about a handshake that is fine.
pub(in crate::doctor) fn note(asked: &Asked, secured: &Secured) -> Option<String> {
    let left = secured.certificate.not_after - asked.now_ms / 1000;
    (secured.trust != Trust::Pinned && left < SOON).then(|| {
        format!(
            "the certificate ends in {}: it is renewed by whoever issued it, or the gateway will be refused then",
            span(left.unsigned_abs())
        )
    })
}

fn plain_http(asked: &Asked) -> Verdict {
    let ws = asked.with_scheme(Scheme::Ws);
    Verdict::new(
        "tls_plain_http",
        Hop::Tls,
        format!(
            "{} answers plain HTTP: TLS is off there, but the URL says wss:// ({}).",
            asked.host_port(),
            asked.source
        ),
    )
    .fix(asked.on_host("turn TLS on", "openclaw config set gateway.tls.mode self"))
    .fix(asked.use_url("or, on a network that you trust, go without", &ws))
}

fn not_tls(asked: &Asked, bytes: &[u8]) -> Verdict {
    let who = service(bytes).unwrap_or("another program");
    Verdict::new(
        "other_service",
        Hop::Tls,
        format!(
            "{} is {who}, not a gateway: it said {}.",
            asked.host_port(),
            quoted(bytes)
        ),
    )
    .fixes(asked.other_program())
}

fn by_alert(asked: &Asked, alert: &str) -> Verdict {
    match alert {
        "ProtocolVersion" | "InsufficientSecurity" => version(asked, "it refused TLS 1.2 and 1.3"),
        "CertificateRequired" | "BadCertificate" | "UnknownCA" => client_certificate(asked),
        "UnrecognizedName" => unknown_name(asked),
        "HandshakeFailure" | "AccessDenied" => {
            let mut verdict = unknown_name(asked);
            verdict.id = "tls_refused";
            verdict.cause = format!(
                "{} ended the TLS handshake ({alert}): usually it has no certificate for the name {}, or its ciphers are too old.",
                asked.host_port(),
                asked.host()
            );
            verdict
        }
        _ => Verdict::new(
            "tls_refused",
            Hop::Tls,
            format!(
                "{} ended the TLS handshake with the alert {alert}.",
                asked.host_port()
            ),
        )
        .fix(asked.on_host("read why", "openclaw logs --tail 50")),
    }
}

/// The server wants a certificate of ours; with TLS 1.3 that shows only after the handshake.
pub(in crate::doctor) fn client_certificate(asked: &Asked) -> Verdict {
    Verdict::new(
        "tls_client_certificate",
        Hop::Tls,
        format!(
            "{} lets in only clients that show a certificate (mutual TLS), and this command shows none.",
            asked.host_port()
        ),
    )
    .fix(asked.on_host(
        "stop asking for it",
        "openclaw config set gateway.tls.requireClientCertificate false",
    ))
    .fix(asked.by_ssh())
}

fn version(asked: &Asked, why: &str) -> Verdict {
    Verdict::new(
        "tls_version",
        Hop::Tls,
        format!(
            "{} and this command have no TLS version in common ({why}); TLS 1.2 and 1.3 are spoken here. A gateway speaks both, so an old proxy stands in front of it.",
            asked.host_port()
        ),
    )
    .fix(Fix::see("turn on TLS 1.2 or 1.3 in the proxy; in nginx: ssl_protocols TLSv1.2 TLSv1.3;"))
    .fix(Fix::run("see what it offers", format!("openssl s_client -connect {} -tls1_2", asked.host_port())))
}

fn unknown_name(asked: &Asked) -> Verdict {
    Verdict::new(
        "tls_unknown_name",
        Hop::Tls,
        format!(
            "{} has no certificate for the name {} and ended the handshake.",
            asked.host_port(),
            asked.host()
        ),
    )
    .fix(asked.use_url(
        "use the name that the certificate is for",
        &asked.with_host("<name>"),
    ))
    .fix(asked.on_host(
        "or add the name to its certificate",
        &format!(
            "openclaw config set gateway.tls.domains '[\"{}\"]'",
            asked.host()
        ),
    ))
}

fn closed(asked: &Asked) -> Verdict {
    if asked.looks_like_tunnel() {
        return super::http::tunnel_target_down(asked, Hop::Tls);
    }
    Verdict::new(
        "tls_closed",
        Hop::Tls,
        format!(
            "{} closed the connection in the middle of the TLS handshake: a proxy or load balancer whose gateway is down, a firewall, or a port that takes no TLS.",
            asked.host_port()
        ),
    )
    .fix(asked.on_host("see whether the gateway runs and has TLS", "openclaw gateway status"))
    .fix(Fix::run("look at the handshake", format!("openssl s_client -connect {}", asked.host_port())))
}

fn silent(asked: &Asked) -> Verdict {
    Verdict::new(
        "tls_timeout",
        Hop::Tls,
        format!(
            "{} accepted the connection and then said nothing: a program that waits for something else, or a proxy that cannot reach its gateway.",
            asked.host_port()
        ),
    )
    .fix(asked.on_host("see what listens on the port", "openclaw gateway status --deep"))
    .fix(Fix::run("compare with a plain request", format!("curl -m 5 http://{}/healthz", asked.host_port())))
}

fn certificate(asked: &Asked, secured: &Secured) -> Option<Verdict> {
    let shown = &secured.certificate;
    let verdict = match &secured.trust {
        Trust::Pinned | Trust::Authority => return None,
        Trust::PinMismatch(pin) => Verdict::new(
            "tls_pin_mismatch",
            Hop::Tls,
            format!(
                "{} shows another certificate than the pinned one. It was renewed, or somebody stands in between: compare before you change the pin.\n  pinned: {pin}\n  shown:  {}",
                asked.host_port(), shown.fingerprint
            ),
        )
        .fix(asked.on_host("read its fingerprint there", "openclaw gateway status"))
        .fix(asked.use_pin("only if both are the same, pin it", &shown.fingerprint)),
        Trust::Expired => renew(
            asked,
            Verdict::new(
                "tls_expired",
                Hop::Tls,
                format!(
                    "The certificate of {} ended on {}.",
                    asked.host_port(),
                    date(shown.not_after, asked.now_ms)
                ),
            ),
        )
        .fix(Fix::run("if it should still be valid, check the clock of this machine", "date -u")),
        Trust::NotYetValid => Verdict::new(
            "tls_not_yet_valid",
            Hop::Tls,
            format!(
                "The certificate of {} begins on {}: the clock of this machine is behind, or that of the gateway was ahead when it was made.",
                asked.host_port(),
                date(shown.not_before, asked.now_ms)
            ),
        )
        .fix(Fix::run("check the clock of this machine", "timedatectl"))
        .fix(asked.on_host("and that of the gateway", "timedatectl")),
        Trust::WrongName => wrong_name(asked, shown),
        Trust::UnknownIssuer if shown.self_signed => Verdict::new(
            "tls_self_signed",
            Hop::Tls,
            format!(
                "The certificate of {} is self-signed, as a gateway makes it by itself; it has to be pinned once.\n  sha256: {}",
                asked.host_port(), shown.fingerprint
            ),
        )
        .fix(asked.on_host("read its fingerprint there", "openclaw gateway status"))
        .fix(asked.use_pin("if both are the same, pin it", &shown.fingerprint)),
        Trust::UnknownIssuer => Verdict::new(
            "tls_unknown_ca",
            Hop::Tls,
            format!(
                "The certificate of {} is signed by \"{}\", which this command does not know: a private authority, a chain without its intermediate certificate, or a device that opens TLS on the way.\n  sha256: {}",
                asked.host_port(), shown.issuer, shown.fingerprint
            ),
        )
        .fix(Fix::see("if it is a public authority, serve the full chain (fullchain.pem, not cert.pem)"))
        .fix(asked.on_host("otherwise read the fingerprint there", "openclaw gateway status"))
        .fix(asked.use_pin("and, if both are the same, pin it", &shown.fingerprint)),
        Trust::Other(why) => renew(
            asked,
            Verdict::new(
                "tls_bad_certificate",
                Hop::Tls,
                format!("The certificate of {} cannot be used: {why}.", asked.host_port()),
            ),
        )
        .fix(asked.use_pin("or, after comparing, pin it as it is", &shown.fingerprint)),
    };
    Some(verdict)
}

fn renew(asked: &Asked, verdict: Verdict) -> Verdict {
    verdict
        .fix(asked.on_host(
            "see which certificate is served and why it was not renewed",
            "openclaw gateway status",
        ))
        .fix(Fix::see(
            "with a proxy in front, renew there (certbot renew, or reload the proxy after it)",
        ))
}

fn wrong_name(asked: &Asked, shown: &Shown) -> Verdict {
    let names = if shown.names.is_empty() {
        "no name at all".to_owned()
    } else {
        shown.names.join(", ")
    };
    let verdict = Verdict::new(
        "tls_wrong_name",
        Hop::Tls,
        format!(
            "The certificate of {} is for {names}, not for {}.",
            asked.host_port(),
            asked.host()
        ),
    );
    let named = shown
        .names
        .iter()
        .find(|name| !name.contains('*') && name.parse::<std::net::IpAddr>().is_err());
    let verdict = match (named, &asked.url.host) {
        (Some(name), _) => verdict.fix(asked.use_url("use its name", &asked.with_host(name))),
        _ => verdict,
    };
    let verdict = if let Host::Name(name) = &asked.url.host {
        verdict.fix(asked.on_host(
            "or add this name to the certificate that the gateway makes",
            &format!("openclaw config set gateway.tls.domains '[\"{name}\"]'"),
        ))
    } else {
        verdict
    };
    verdict.fix(asked.use_pin(
        "or, after comparing it with the gateway's, pin it",
        &shown.fingerprint,
    ))
}
