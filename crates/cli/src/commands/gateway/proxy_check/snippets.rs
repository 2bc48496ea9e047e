//! Configurations of reverse proxies for the gateway as it is set up: pure text.
//!
//! Every one of them terminates TLS, passes `WebSockets` on, and overwrites what a client could have forged.

use std::fmt::Write as _;

use openclaw_config::schema::ProxyListen;

/// A reverse proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Program {
    /// nginx.
    Nginx,
    /// Caddy 2.
    Caddy,
    /// Traefik, dynamic configuration.
    Traefik,
    /// `HAProxy`.
    Haproxy,
}

/// What goes into a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    /// Name that clients use.
    pub(crate) domain: String,
    /// Port that clients use.
    pub(crate) port: u16,
    /// Where the gateway takes the proxy's connections.
    pub(crate) upstream: ProxyListen,
    /// Certificate and key, as files.
    pub(crate) certificate: (String, String),
    /// Pass the connection on with a PROXY header instead of requests with forwarding headers.
    pub(crate) tcp: bool,
    /// Header that names the signed-in user, in mode `trusted-proxy`.
    pub(crate) user_header: Option<String>,
    /// Header with the proxy's secret, when one is set.
    pub(crate) secret_header: Option<String>,
    /// Commands for the gateway, shown on top.
    pub(crate) commands: Vec<String>,
}

/// Headers that a client may have forged and that the proxy does not write itself.
const FORGED: [&str; 4] = [
    "Forwarded",
    "X-Real-IP",
    "X-Forwarded-Host",
    "X-OpenClaw-Scopes",
];

/// The configuration, or why there is none.
pub(crate) fn render(program: Program, setup: &Setup) -> Result<String, String> {
    let (body, comment) = match (program, setup.tcp) {
        (Program::Nginx, false) => (nginx(setup), "#"),
        (Program::Nginx, true) => (nginx_stream(setup), "#"),
        (Program::Caddy, false) => (caddy(setup), "#"),
        (Program::Caddy, true) => {
            return Err("Caddy sends no PROXY header without a plugin; leave --tcp out".to_owned());
        }
        (Program::Traefik, tcp) => (traefik(setup, tcp)?, "#"),
        (Program::Haproxy, false) => (haproxy(setup), "#"),
        (Program::Haproxy, true) => (haproxy_tcp(setup), "#"),
    };
    let mut text = String::new();
    if !setup.commands.is_empty() {
        line(&mut text, format_args!("{comment} On the gateway:"));
        for command in &setup.commands {
            line(&mut text, format_args!("{comment}   {command}"));
        }
    }
    text.push_str(&body);
    Ok(text)
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{what}");
}

fn nginx(setup: &Setup) -> String {
    let upstream = match &setup.upstream {
        ProxyListen::Tcp(address) => address.to_string(),
        ProxyListen::Unix(path) => format!("unix:{}", path.display()),
    };
    let mut text = format!(
        "map $http_upgrade $openclaw_connection {{
    default upgrade;
    ''      close;
}}
upstream openclaw {{
    server {upstream};
}}
server {{
    listen {port} ssl;
    server_name {domain};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{
        proxy_pass http://openclaw;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $openclaw_connection;
        # Overwritten, not appended to: what a client sends here is not to be believed.
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
",
        port = setup.port,
        domain = setup.domain,
        certificate = setup.certificate.0,
        key = setup.certificate.1,
    );
    for name in FORGED {
        line(
            &mut text,
            format_args!("        proxy_set_header {name} \"\";"),
        );
    }
    if let Some(name) = &setup.user_header {
        line(
            &mut text,
            format_args!(
                "        # The user that auth_basic, or auth_request with auth_request_set, has found."
            ),
        );
        line(
            &mut text,
            format_args!("        proxy_set_header {name} $remote_user;"),
        );
    }
    if let Some(name) = &setup.secret_header {
        line(
            &mut text,
            format_args!("        proxy_set_header {name} \"<gateway.auth.trustedProxy.secret>\";"),
        );
    }
    text.push_str(
        "        # The gateway sends a ping every 25 seconds; anything longer than that does.
        proxy_read_timeout 75s;
        proxy_send_timeout 75s;
        proxy_buffering off;
    }
}
",
    );
    text
}

fn nginx_stream(setup: &Setup) -> String {
    let upstream = match &setup.upstream {
        ProxyListen::Tcp(address) => address.to_string(),
        ProxyListen::Unix(path) => format!("unix:{}", path.display()),
    };
    format!(
        "# Beside the http block of nginx.conf, not in it.
stream {{
    server {{
        listen {port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        proxy_pass {upstream};
        proxy_protocol on;
        proxy_timeout 75s;
    }}
}}
",
        port = setup.port,
        certificate = setup.certificate.0,
        key = setup.certificate.1,
    )
}

fn caddy(setup: &Setup) -> String {
    let upstream = match &setup.upstream {
        ProxyListen::Tcp(address) => address.to_string(),
        ProxyListen::Unix(path) => format!("unix/{}", path.display()),
    };
    let site = if setup.port == 443 {
        setup.domain.clone()
    } else {
        format!("{}:{}", setup.domain, setup.port)
    };
    let mut text = format!("{site} {{\n");
    if !setup.certificate.0.is_empty() {
        line(
            &mut text,
            format_args!("    tls {} {}", setup.certificate.0, setup.certificate.1),
        );
    }
    line(&mut text, format_args!("    reverse_proxy {upstream} {{"));
    line(
        &mut text,
        format_args!("        # Caddy overwrites X-Forwarded-For and X-Forwarded-Proto by itself."),
    );
    for name in FORGED.iter().filter(|name| **name != "X-Forwarded-Host") {
        line(&mut text, format_args!("        header_up -{name}"));
    }
    if let Some(name) = &setup.user_header {
        line(
            &mut text,
            format_args!(
                "        # The user that basicauth has found; with forward_auth use copy_headers instead."
            ),
        );
        line(
            &mut text,
            format_args!("        header_up {name} {{http.auth.user.id}}"),
        );
    }
    if let Some(name) = &setup.secret_header {
        line(
            &mut text,
            format_args!("        header_up {name} \"<gateway.auth.trustedProxy.secret>\""),
        );
    }
    text.push_str("        flush_interval -1\n    }\n}\n");
    text
}

fn traefik(setup: &Setup, tcp: bool) -> Result<String, String> {
    let ProxyListen::Tcp(address) = &setup.upstream else {
        return Err(
            "Traefik connects to no Unix socket; set gateway.proxy.listen to an address, such as 127.0.0.1:18790"
                .to_owned(),
        );
    };
    let domain = &setup.domain;
    if tcp {
        return Ok(format!(
            "tcp:
  routers:
    openclaw:
      rule: \"HostSNI(`{domain}`)\"
      entryPoints: [websecure]
      tls: {{}}
      service: openclaw
  services:
    openclaw:
      loadBalancer:
        proxyProtocol:
          version: 2
        servers:
          - address: \"{address}\"
"
        ));
    }
    let mut text = format!(
        "http:
  routers:
    openclaw:
      rule: \"Host(`{domain}`)\"
      entryPoints: [websecure]
      tls: {{}}
      middlewares: [openclaw]
      service: openclaw
  middlewares:
    openclaw:
      headers:
        # An empty value removes a header. Traefik overwrites X-Forwarded-* of clients that its entry point does not trust.
        customRequestHeaders:
"
    );
    for name in FORGED
        .iter()
        .filter(|name| !name.starts_with("X-Forwarded") && **name != "X-Real-IP")
    {
        line(&mut text, format_args!("          {name}: \"\""));
    }
    if let Some(name) = &setup.secret_header {
        line(
            &mut text,
            format_args!("          {name}: \"<gateway.auth.trustedProxy.secret>\""),
        );
    }
    if let Some(name) = &setup.user_header {
        line(
            &mut text,
            format_args!(
                "        # {name} comes from a forwardAuth middleware: list it under authResponseHeaders, and put that middleware first."
            ),
        );
    }
    let _ = write!(
        text,
        "  services:
    openclaw:
      loadBalancer:
        passHostHeader: true
        servers:
          - url: \"http://{address}\"
"
    );
    Ok(text)
}

fn haproxy_server(setup: &Setup) -> String {
    match &setup.upstream {
        ProxyListen::Tcp(address) => address.to_string(),
        ProxyListen::Unix(path) => format!("unix@{}", path.display()),
    }
}

fn haproxy(setup: &Setup) -> String {
    let mut text = format!(
        "frontend openclaw
    mode http
    # One file with the certificate and its key.
    bind :{port} ssl crt {certificate}
    timeout client 75s
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto https
",
        port = setup.port,
        certificate = setup.certificate.0,
    );
    for name in FORGED {
        line(
            &mut text,
            format_args!("    http-request del-header {name}"),
        );
    }
    if let Some(name) = &setup.user_header {
        line(
            &mut text,
            format_args!("    # The user that was signed in before, such as by http_auth."),
        );
        line(
            &mut text,
            format_args!("    http-request set-header {name} %[http_auth_user]"),
        );
    }
    if let Some(name) = &setup.secret_header {
        line(
            &mut text,
            format_args!(
                "    http-request set-header {name} \"<gateway.auth.trustedProxy.secret>\""
            ),
        );
    }
    let _ = write!(
        text,
        "    default_backend openclaw

backend openclaw
    mode http
    timeout connect 5s
    timeout server 75s
    # WebSockets live in a tunnel; the gateway sends a ping every 25 seconds.
    timeout tunnel 75s
    server gateway {}
",
        haproxy_server(setup)
    );
    text
}

fn haproxy_tcp(setup: &Setup) -> String {
    format!(
        "frontend openclaw
    mode tcp
    # One file with the certificate and its key.
    bind :{port} ssl crt {certificate}
    timeout client 75s
    default_backend openclaw

backend openclaw
    mode tcp
    timeout connect 5s
    timeout server 75s
    server gateway {server} send-proxy-v2-ssl
",
        port = setup.port,
        certificate = setup.certificate.0,
        server = haproxy_server(setup)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> Setup {
        Setup {
            domain: "claw.example.org".to_owned(),
            port: 443,
            upstream: ProxyListen::parse("18790").unwrap(),
            certificate: ("/tls/cert.pem".to_owned(), "/tls/key.pem".to_owned()),
            tcp: false,
            user_header: Some("X-Forwarded-User".to_owned()),
            secret_header: Some("X-OpenClaw-Proxy-Secret".to_owned()),
            commands: vec![
                "openclaw config set gateway.publicOrigin https://claw.example.org".to_owned(),
            ],
        }
    }

    #[test]
    fn every_program_names_gateway_and_commands() {
        for program in [
            Program::Nginx,
            Program::Caddy,
            Program::Traefik,
            Program::Haproxy,
        ] {
            let text = render(program, &setup()).unwrap();
            assert!(
                text.starts_with("# On the gateway:\n#   openclaw config set "),
                "{text}"
            );
            for part in [
                "127.0.0.1:18790",
                "X-Forwarded-User",
                "X-OpenClaw-Proxy-Secret",
                "Forwarded",
                "X-OpenClaw-Scopes",
            ] {
                assert!(text.contains(part), "{program:?} {part}: {text}");
            }
        }
    }

    #[test]
    fn what_a_program_cannot_do_is_said() {
        let socket = Setup {
            upstream: ProxyListen::parse("/run/openclaw/proxy.sock").unwrap(),
            ..setup()
        };
        assert!(
            render(Program::Traefik, &socket)
                .unwrap_err()
                .contains("no Unix socket")
        );
        assert!(
            render(Program::Nginx, &socket)
                .unwrap()
                .contains("server unix:/run/openclaw/proxy.sock;")
        );
        assert!(
            render(Program::Caddy, &socket)
                .unwrap()
                .contains("reverse_proxy unix//run/openclaw/proxy.sock")
        );
        assert!(
            render(Program::Haproxy, &socket)
                .unwrap()
                .contains("unix@/run/openclaw/proxy.sock")
        );
        let tcp = Setup {
            tcp: true,
            ..setup()
        };
        assert!(render(Program::Caddy, &tcp).is_err());
        assert!(
            render(Program::Haproxy, &tcp)
                .unwrap()
                .contains("send-proxy-v2")
        );
        assert!(
            render(Program::Nginx, &tcp)
                .unwrap()
                .contains("proxy_protocol on;")
        );
        assert!(
            render(Program::Traefik, &tcp)
                .unwrap()
                .contains("version: 2")
        );
    }
}
