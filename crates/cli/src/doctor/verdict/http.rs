//! Whoever answers speaks HTTP and lets the request through.

use openclaw_client::target::Scheme;
use openclaw_client::walk::http::{Answer, HttpSeen};
use openclaw_client::walk::tls::TlsSeen;
use serde_json::Value;

use super::{quoted, service, tls};
use crate::doctor::asked::Asked;
use crate::doctor::{Fix, Hop, Verdict};

/// What else was looked at, because the upgrade brought no 101.
#[derive(Debug, Default)]
pub(in crate::doctor) struct Beside {
    /// The liveness page.
    pub(in crate::doctor) live: Option<HttpSeen>,
    /// A TLS handshake, for plain URLs.
    pub(in crate::doctor) tls: Option<TlsSeen>,
}

impl Beside {
    fn is_gateway(&self) -> bool {
        matches!(&self.live, Some(HttpSeen::Answer(answer)) if answer.is_live_page())
    }
}

/// Judges an upgrade request that was not answered with 101.
pub(in crate::doctor) fn judge(asked: &Asked, seen: &HttpSeen, beside: &Beside) -> Verdict {
    if asked.url.scheme == Scheme::Ws
        && let Some(TlsSeen::Done(secured)) = &beside.tls
    {
        return tls_expected(asked, secured);
    }
    match seen {
        HttpSeen::Answer(answer) => status(asked, answer, beside),
        HttpSeen::NotHttp(bytes) => other_service(asked, bytes),
        HttpSeen::Alert(alert) if alert == "CertificateRequired" => tls::client_certificate(asked),
        HttpSeen::Alert(alert) => Verdict::new(
            "tls_refused",
            Hop::Tls,
            format!("{} ended the TLS connection with the alert {alert}.", asked.host_port()),
        )
        .fix(asked.on_host("read why", "openclaw logs --tail 50")),
        HttpSeen::Closed if asked.looks_like_tunnel() => tunnel_target_down(asked, Hop::Http),
        HttpSeen::Closed => Verdict::new(
            "http_closed",
            Hop::Http,
            format!(
                "{} accepts connections and closes them without an answer: a proxy, tunnel or port forward whose gateway is down, or a program that is no gateway.",
                asked.host_port()
            ),
        )
        .fix(asked.on_host("see whether the gateway runs and what has the port", "openclaw gateway status --deep"))
        .fix(asked.start_it()),
        HttpSeen::Silent => Verdict::new(
            "http_silent",
            Hop::Http,
            format!(
                "{} accepts connections and never answers: a proxy that waits for its gateway, a hung program, or one that is no gateway.",
                asked.host_port()
            ),
        )
        .fix(asked.on_host("see what has the port", "openclaw gateway status --deep"))
        .fix(asked.on_host("if it is a gateway that hangs, restart it", "openclaw gateway run --force")),
        HttpSeen::Broken(why) => Verdict::new(
            "http_broken",
            Hop::Http,
            format!("The connection to {} broke during the request: {why}.", asked.host_port()),
        )
        .fix(asked.on_host("see whether the gateway runs", "openclaw gateway status"))
        .fix(Fix::run("and try once more", asked.again())),
    }
}

/// The near end of a tunnel accepts and nobody is behind its far end.
pub(super) fn tunnel_target_down(asked: &Asked, hop: Hop) -> Verdict {
    Verdict::new(
        "tunnel_target_down",
        hop,
        format!(
            "{} is the near end of a tunnel: it accepts, and then closes at once. SSH works; behind its far end no gateway listens.",
            asked.host_port()
        ),
    )
    .fix(Fix::run("on the gateway host, see whether the gateway runs and on which port", "openclaw gateway status"))
    .fix(Fix::run("start it there", "openclaw up"))
    .fix(Fix::run(
        "or correct the second port of -L and bring the tunnel up again",
        format!("ssh -N -L {}:127.0.0.1:<gateway-port> <user>@<gateway-host>", asked.url.port),
    ))
}

fn tls_expected(asked: &Asked, secured: &openclaw_client::walk::tls::Secured) -> Verdict {
    let wss = asked.with_scheme(Scheme::Wss);
    let verdict = Verdict::new(
        "http_tls_expected",
        Hop::Http,
        format!(
            "{} takes TLS only, but the URL says ws:// ({}).",
            asked.host_port(),
            asked.source
        ),
    )
    .fix(asked.use_url("use TLS", &wss));
    if secured.certificate.self_signed {
        verdict.fix(asked.use_pin(
            &format!(
                "and, after comparing it with \"openclaw gateway status\" on the gateway host, pin its certificate (sha256 {})",
                secured.certificate.fingerprint
            ),
            &secured.certificate.fingerprint,
        ))
    } else {
        verdict
    }
}

fn other_service(asked: &Asked, bytes: &[u8]) -> Verdict {
    let who = service(bytes).unwrap_or("another program");
    Verdict::new(
        "other_service",
        Hop::Http,
        format!(
            "{} is {who}, not a gateway: it said {}.",
            asked.host_port(),
            quoted(bytes)
        ),
    )
    .fixes(asked.other_program())
}

fn status(asked: &Asked, answer: &Answer, beside: &Beside) -> Verdict {
    let kind = answer
        .json()
        .and_then(|body| body["error"]["type"].as_str().map(str::to_owned));
    match (answer.status, kind.as_deref()) {
        (_, Some("tls_required")) => no_plain(asked),
        (403, Some("origin_not_allowed")) => origin(asked, answer),
        (421, _) | (400, Some("unknown_host" | "invalid_host")) => host(asked, answer),
        (503, Some("draining")) => Verdict::new(
            "gateway_draining",
            Hop::Http,
            "The gateway is shutting down or restarting, and takes no new connections.",
        )
        .fix(Fix::run("try again in a few seconds", asked.again()))
        .fix(asked.on_host("if it does not come back", "openclaw gateway status")),
        (429 | 503, Some("overloaded")) => Verdict::new(
            "gateway_overloaded",
            Hop::Http,
            "The gateway has as many connections as it takes.",
        )
        .fix(asked.on_host("see who is connected", "openclaw gateway status")),
        (200 | 204 | 426, _) if beside.is_gateway() => stripped(asked, answer.status),
        (400, _) if beside.is_gateway() => stripped(asked, 400),
        // On this machine's own port no proxy stands in front of the gateway.
        (400 | 404 | 405 | 410 | 501, _) if asked.is_local() && !beside.is_gateway() => {
            other_server(asked, answer)
        }
        (200..=299, _) => other_server(asked, answer),
        (300..=399, _) => redirect(asked, answer),
        (400, _) => Verdict::new(
            "http_bad_request",
            Hop::Http,
            format!(
                "{} answers 400 Bad Request{}: it is no gateway, or a proxy that does not pass WebSocket requests on.",
                asked.host_port(), by(answer)
            ),
        )
        .fix(asked.on_host("check what the gateway gets from the proxy", "openclaw gateway proxy-check"))
        .fix(asked.on_host("see the gateway's own port", "openclaw gateway status")),
        (401 | 407, _) => unauthorized(asked, answer),
        (403, _) => forbidden(asked, answer),
        (404 | 410, _) => not_found(asked, answer),
        (426, _) => Verdict::new(
            "http_upgrade_required",
            Hop::Http,
            format!("{} answers 426 Upgrade Required{}: the header that asks for a WebSocket did not reach it.", asked.host_port(), by(answer)),
        )
        .fixes(proxy_headers(asked)),
        (429, _) => rate_limited(asked, answer),
        (502, _) => bad_gateway(asked, answer),
        (503, _) => unavailable(asked, answer),
        (504, _) => Verdict::new(
            "http_gateway_timeout",
            Hop::Http,
            format!("The proxy at {}{} reaches nothing behind it in time (504): the gateway hangs, or the proxy has a wrong address or a firewall in between.", asked.host_port(), by(answer)),
        )
        .fix(asked.on_host("see whether the gateway answers", "openclaw gateway status"))
        .fix(asked.on_host("and compare its address with the proxy's upstream", "openclaw gateway proxy-check")),
        (511, _) => portal(asked, answer),
        (520..=530, _) => Verdict::new(
            "http_edge_origin_down",
            Hop::Http,
            format!("The edge network in front of {} ({}) cannot reach the gateway's machine.", asked.host(), answer.status),
        )
        .fix(asked.on_host("see whether the gateway runs", "openclaw gateway status"))
        .fix(Fix::see("and whether the edge's tunnel or origin address points at it (for Cloudflare: cloudflared tunnel info <name>)")),
        (code, _) => Verdict::new(
            "http_status",
            Hop::Http,
            format!("{} answers HTTP {code}{} instead of a WebSocket.", asked.host_port(), by(answer)),
        )
        .fix(asked.on_host("see whether the gateway runs", "openclaw gateway status"))
        .fix(Fix::run("look at the answer", format!("curl -si {}", page(asked)))),
    }
}

/// ` (nginx/1.24)`, from the `Server` header.
fn by(answer: &Answer) -> String {
    answer
        .header("server")
        .map(|server| format!(" ({})", server.chars().take(40).collect::<String>()))
        .unwrap_or_default()
}

fn page(asked: &Asked) -> String {
    let scheme = match asked.url.scheme {
        Scheme::Ws => "http",
        Scheme::Wss => "https",
    };
    format!("{scheme}://{}{}", asked.host_port(), asked.url.path)
}

fn no_plain(asked: &Asked) -> Verdict {
    Verdict::new(
        "http_tls_expected",
        Hop::Http,
        format!(
            "{} takes TLS only, but the URL says ws:// ({}).",
            asked.host_port(),
            asked.source
        ),
    )
    .fix(asked.use_url("use TLS", &asked.with_scheme(Scheme::Wss)))
}

fn origin(asked: &Asked, answer: &Answer) -> Verdict {
    let verdict = Verdict::new(
        "ws_origin_refused",
        Hop::WebSocket,
        "The gateway refuses the Origin of this connection. Commands send none: a proxy or an extra header adds it.",
    );
    gateway_fix(asked, verdict, answer).fix(Fix::see(
        "or have the proxy pass Origin on as it came (nginx: remove proxy_set_header Origin)",
    ))
}

fn host(asked: &Asked, answer: &Answer) -> Verdict {
    let message = answer
        .json()
        .and_then(|body| body["error"]["message"].as_str().map(str::to_owned));
    let verdict = Verdict::new(
        "http_host_not_allowed",
        Hop::Http,
        match message {
            Some(message) => format!(
                "The gateway does not answer to the name {}: {message}.",
                asked.host()
            ),
            None => format!(
                "The server at {} does not answer to the name {} (421).",
                asked.host_port(),
                asked.host()
            ),
        },
    );
    gateway_fix(asked, verdict, answer)
}

/// The gateway's own advice, if it gave one.
fn gateway_fix(asked: &Asked, verdict: Verdict, answer: &Answer) -> Verdict {
    let fix = answer
        .json()
        .and_then(|body| body["error"]["fix"].as_str().map(str::to_owned));
    match fix {
        Some(command) => verdict.fix(asked.on_host("allow it", &command)),
        None => verdict.fix(asked.on_host("read what it wants", "openclaw logs --tail 50")),
    }
}

fn proxy_headers(asked: &Asked) -> Vec<Fix> {
    vec![
        Fix::see(
            "nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";",
        ),
        Fix::see(
            "Apache: ProxyPass with upgrade=websocket; Caddy, Traefik and HAProxy pass WebSockets on by themselves",
        ),
        asked.on_host(
            "or print the whole snippet for the proxy",
            "openclaw gateway proxy-check",
        ),
    ]
}

fn stripped(asked: &Asked, status: u16) -> Verdict {
    Verdict::new(
        "ws_upgrade_stripped",
        Hop::WebSocket,
        format!(
            "The gateway is there (its /healthz answers), but a WebSocket request gets HTTP {status}: a proxy in front of it drops the headers that ask for the upgrade."
        ),
    )
    .fixes(proxy_headers(asked))
}

fn other_server(asked: &Asked, answer: &Answer) -> Verdict {
    let body = answer.body.to_ascii_lowercase();
    if [
        "captive",
        "hotspot",
        "wifi login",
        "wi-fi login",
        "network login",
        "terms of use",
    ]
    .iter()
    .any(|word| body.contains(word))
    {
        return portal(asked, answer);
    }
    let title = title(&answer.body)
        .map(|title| format!(", \"{title}\""))
        .unwrap_or_default();
    Verdict::new(
        "http_other_server",
        Hop::Http,
        format!(
            "{} is a web server{}{title}, but no gateway: it answers {} and offers no WebSocket.",
            asked.host_port(),
            by(answer),
            answer.status
        ),
    )
    .fixes(asked.other_program())
    .fix(Fix::see("or have this web server pass the path on to the gateway (openclaw gateway proxy-check prints how)"))
}

fn title(body: &str) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower.get(start..)?.find("</title>")?;
    let title: String = body.get(start..end)?.trim().chars().take(60).collect();
    (!title.is_empty()).then_some(title)
}

fn portal(asked: &Asked, answer: &Answer) -> Verdict {
    let place = answer
        .header("location")
        .map(|place| format!(" ({})", short(place)))
        .unwrap_or_default();
    Verdict::new(
        "http_captive_portal",
        Hop::Http,
        format!(
            "The network that this machine is in answers in place of {}: it wants a login first{place}.",
            asked.host()
        ),
    )
    .fix(Fix::run("open any page in a browser and log in to the network", "xdg-open http://neverssl.com"))
    .fix(Fix::run("then try again", asked.again()))
}

fn redirect(asked: &Asked, answer: &Answer) -> Verdict {
    let place = answer.header("location").unwrap_or_default();
    let lower = place.to_ascii_lowercase();
    let same_host = host_of(&lower).is_none_or(|host| host == asked.host().to_ascii_lowercase());
    if lower.starts_with("https://") && same_host && asked.url.scheme == Scheme::Ws {
        let port = lower
            .strip_prefix("https://")
            .and_then(|rest| rest.split('/').next())
            .and_then(|authority| authority.rsplit_once(':'))
            .and_then(|(_, port)| port.parse::<u16>().ok());
        let mut url = asked.url.clone();
        url.scheme = Scheme::Wss;
        url.port = port.unwrap_or(443);
        return Verdict::new(
            "http_redirect_https",
            Hop::Http,
            format!(
                "{} sends plain requests on to HTTPS{}; a WebSocket does not follow, and the token is not sent unencrypted.",
                asked.host_port(), by(answer)
            ),
        )
        .fix(asked.use_url("use TLS at once", &url.to_string()));
    }
    if [
        "login",
        "auth",
        "sso",
        "oauth",
        "signin",
        "cloudflareaccess",
        "/cdn-cgi/access",
    ]
    .iter()
    .any(|word| lower.contains(word))
    {
        return edge(
            asked,
            answer,
            &format!("it sends to the login page {}", short(place)),
        );
    }
    if !same_host {
        let mut verdict = portal(asked, answer);
        verdict.id = "http_redirect_elsewhere";
        verdict.cause = format!(
            "{} sends the request on to {}: another server has the name, or the network wants a login first.",
            asked.host_port(),
            short(place)
        );
        return verdict.fix(asked.use_url(
            "or, if the gateway has moved, use its new address",
            &asked.with_host("<host>"),
        ));
    }
    Verdict::new(
        "http_redirect",
        Hop::Http,
        format!(
            "{} sends the request on to {}, which a WebSocket does not follow.",
            asked.host_port(),
            short(place)
        ),
    )
    .fix(asked.use_url("use that address", &asked.with_path(place)))
}

fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?']).next()?;
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    Some(host.to_owned())
}

fn short(text: &str) -> String {
    // The query of a login page holds one-time values.
    let text = text.split('?').next().unwrap_or_default();
    text.chars().take(80).collect()
}

fn unauthorized(asked: &Asked, answer: &Answer) -> Verdict {
    let wanted = answer
        .header("www-authenticate")
        .and_then(|header| header.split(' ').next())
        .unwrap_or("a login");
    edge(
        asked,
        answer,
        &format!("it wants {wanted} authentication ({})", answer.status),
    )
}

fn edge(asked: &Asked, answer: &Answer, what: &str) -> Verdict {
    Verdict::new(
        "http_edge_auth",
        Hop::Http,
        format!(
            "Something in front of the gateway asks for a login of its own{}: {what}. The gateway never saw the request, and its token does not help there.",
            by(answer)
        ),
    )
    .fix(Fix::run(
        "send what it wants along with every request, such as a service token",
        asked.command("openclaw config set gateway.remote.edgeAuth.<Header-Name> <value>"),
    ))
    .fix(Fix::see("or have the proxy let the gateway's path through without a login: the gateway asks for its own token"))
    .fix(asked.by_ssh())
}

fn forbidden(asked: &Asked, answer: &Answer) -> Verdict {
    let cloud = answer.header("cf-ray").is_some()
        || answer.body.to_ascii_lowercase().contains("cloudflare");
    let who = if cloud {
        "Cloudflare"
    } else {
        "A proxy or firewall"
    };
    Verdict::new(
        "http_forbidden",
        Hop::Http,
        format!(
            "{who} in front of the gateway forbids the request with 403{}: an allow-list of addresses, a rule against WebSockets or bots, or a login of its own.",
            by(answer)
        ),
    )
    .fix(Fix::see("allow the address of this machine, or WebSockets, in the rules of the proxy"))
    .fix(Fix::run(
        "or send what it wants along with every request, such as a service token",
        asked.command("openclaw config set gateway.remote.edgeAuth.<Header-Name> <value>"),
    ))
    .fix(asked.on_host("see whether the request gets to the gateway", "openclaw logs --follow"))
}

fn not_found(asked: &Asked, answer: &Answer) -> Verdict {
    Verdict::new(
        "http_not_found",
        Hop::Http,
        format!(
            "{} has nothing at the path {}{}: the proxy hands the gateway another path, or the path in the URL is wrong.",
            asked.host_port(), asked.url.path, by(answer)
        ),
    )
    .fix(asked.use_url("use the path that the proxy hands on", &asked.with_path("/<path>")))
    .fix(asked.on_host("see the base path of the gateway's pages", "openclaw config get gateway.controlUi.basePath"))
    .fix(asked.on_host("or print what the proxy needs", "openclaw gateway proxy-check"))
}

fn rate_limited(asked: &Asked, answer: &Answer) -> Verdict {
    let wait = answer
        .header("retry-after")
        .map(|seconds| format!(" It says to come back in {} s.", short(seconds)))
        .unwrap_or_default();
    let ours = answer
        .json()
        .is_some_and(|body| body["error"]["type"] == "rate_limited");
    let who = if ours {
        "The gateway"
    } else {
        "The proxy in front of the gateway"
    };
    Verdict::new(
        "http_rate_limited",
        Hop::Http,
        format!(
            "{who} takes no more connections from this address for now (429{}).{wait}",
            by(answer)
        ),
    )
    .fix(asked.on_host(
        "if wrong credentials were the reason, forget them",
        "openclaw gateway auth unlock",
    ))
    .fix(Fix::see(
        "look for a client that reconnects all the time from this address, and stop it",
    ))
}

fn bad_gateway(asked: &Asked, answer: &Answer) -> Verdict {
    Verdict::new(
        "http_bad_gateway",
        Hop::Http,
        format!(
            "The proxy at {}{} is up, but the gateway behind it is not reachable for it (502).",
            asked.host_port(),
            by(answer)
        ),
    )
    .fix(asked.on_host(
        "see whether the gateway runs and on which port",
        "openclaw gateway status",
    ))
    .fix(asked.start_it())
    .fix(asked.on_host(
        "and compare its port with the proxy's upstream",
        "openclaw gateway proxy-check",
    ))
}

fn unavailable(asked: &Asked, answer: &Answer) -> Verdict {
    let message = answer
        .json()
        .and_then(|body: Value| body["error"]["message"].as_str().map(str::to_owned));
    Verdict::new(
        "http_unavailable",
        Hop::Http,
        match message {
            Some(message) => format!("The gateway cannot serve now (503): {message}."),
            None => format!(
                "The proxy at {}{} has no gateway to send the request to (503): it was taken out of service, or its health check fails.",
                asked.host_port(), by(answer)
            ),
        },
    )
    .fix(asked.on_host("see whether the gateway is well", "openclaw gateway status"))
    .fix(asked.on_host("and what its readiness says", "curl -s http://127.0.0.1:18789/readyz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_answers() {
        assert_eq!(
            title("<html><Title> Router </title>").as_deref(),
            Some("Router")
        );
        assert_eq!(title("<title>x"), None);
        assert_eq!(
            host_of("https://a.example:8443/x").as_deref(),
            Some("a.example")
        );
        assert_eq!(host_of("/x"), None);
        assert_eq!(short("https://a/login?ticket=1"), "https://a/login");
    }
}
