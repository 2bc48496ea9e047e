//! `openclaw gateway proxy-check`: how requests through a reverse proxy arrive, and how to set one up.

mod report;
mod snippets;

use http::header::{HeaderName, HeaderValue, ORIGIN};
use openclaw_client::target::{GatewayUrl, Scheme};
use openclaw_client::tls::TlsOptions;
use openclaw_client::walk::http::HttpSeen;
use openclaw_client::walk::network::System;
use openclaw_client::walk::socket::SocketSeen;
use openclaw_client::walk::tls::{TlsSeen, Trust};
use openclaw_client::walk::{DnsSeen, HOP_LIMIT, TcpSeen, Walker};
use openclaw_config::resolve::resolve_port;
use openclaw_config::schema::{AuthMode, ProxyListen, ProxyProtocol, Settings};
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use report::{Looked, Report};
use snippets::{Program, Setup};

/// Arguments of `gateway proxy-check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address of the proxy as clients use it, such as <https://claw.example.org> [default: gateway.publicOrigin]
    #[arg(long, value_name = "url")]
    url: Option<String>,
    /// Print a configuration for this proxy instead
    #[arg(long, value_name = "program", value_enum)]
    print: Option<Program>,
    /// With --print: name that clients use [default: that of gateway.publicOrigin]
    #[arg(long, value_name = "name", requires = "print")]
    domain: Option<String>,
    /// With --print: port that clients use
    #[arg(long, value_name = "port", requires = "print", default_value_t = 443)]
    port: u16,
    /// With --print: file of the certificate
    #[arg(long, value_name = "file", requires = "print")]
    certificate: Option<String>,
    /// With --print: file of the certificate's key
    #[arg(long, value_name = "file", requires = "print")]
    key: Option<String>,
    /// With --print: pass connections on with a PROXY protocol header
    #[arg(long, requires = "print")]
    tcp: bool,
}

/// What `--print` says where nothing is configured yet.
#[cfg(test)]
pub(crate) fn recipe(program: &str) -> String {
    use clap::ValueEnum as _;
    let program = Program::from_str(program, false).expect("a known program");
    let args = Args {
        url: None,
        print: Some(program),
        domain: Some("claw.example.org".to_owned()),
        port: 443,
        certificate: None,
        key: None,
        tcp: false,
    };
    let setup = args.setup(&Settings::default(), 18789, program);
    snippets::render(program, &setup).expect("a configuration")
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self.print {
            Some(program) => self.print(context, program),
            None => self.check(context).await,
        }
    }

    fn print(&self, context: &Context, program: Program) -> Outcome {
        let settings = context.settings()?;
        let profile = &context.paths().profile;
        let port = resolve_port(None, context.env(), settings, profile)
            .map_err(|issue| CommandError::new(issue.to_string()))?;
        let setup = self.setup(settings, port.value, program);
        let text = snippets::render(program, &setup).map_err(CommandError::new)?;
        context.ui().pass_out(text.as_bytes())?;
        Ok(Exit::OK)
    }

    fn setup(&self, settings: &Settings, port: u16, program: Program) -> Setup {
        let gateway = &settings.gateway;
        let public = gateway.public_origin.as_deref().and_then(|text| {
            let origin: openclaw_config::origin::Origin = text.parse().ok()?;
            Some(origin.authority().host.to_string())
        });
        let known = self.domain.clone().or_else(|| public.clone());
        let domain = known.unwrap_or_else(|| "claw.example.org".to_owned());
        let identity = &gateway.auth.trusted_proxy;
        let signs_in = gateway.auth.mode == Some(AuthMode::TrustedProxy);
        let folder = match program {
            Program::Haproxy => "/etc/haproxy/certs",
            _ => "/etc/ssl/openclaw",
        };
        // Caddy gets a certificate by itself.
        let file = |given: &Option<String>, kind: &str| match (given, program) {
            (Some(path), _) => path.clone(),
            (None, Program::Caddy) => String::new(),
            (None, _) => format!("{folder}/{domain}.{kind}.pem"),
        };
        let certificate = (
            file(&self.certificate, "certificate"),
            file(&self.key, "key"),
        );
        let mut commands = Vec::new();
        if public.as_deref() != Some(domain.as_str()) {
            let suffix = match self.port {
                443 => String::new(),
                port => format!(":{port}"),
            };
            commands.push(format!(
                "openclaw config set gateway.publicOrigin https://{domain}{suffix}"
            ));
        }
        let upstream = gateway.proxy.listen.clone();
        if upstream.is_none() {
            commands.push("openclaw config set gateway.proxy.listen 127.0.0.1:18790".to_owned());
        }
        let protocol = gateway.proxy.protocol;
        if self.tcp && protocol == ProxyProtocol::Off {
            commands.push("openclaw config set gateway.proxy.protocol require".to_owned());
        }
        if !self.tcp && protocol == ProxyProtocol::Require {
            commands.push("openclaw config set gateway.proxy.protocol accept".to_owned());
        }
        let fallback = if port == 18790 { 18791 } else { 18790 };
        let local = std::net::SocketAddr::from(([127, 0, 0, 1], fallback));
        Setup {
            domain,
            port: self.port,
            upstream: upstream.unwrap_or(ProxyListen::Tcp(local)),
            certificate,
            tcp: self.tcp,
            user_header: identity.user_header.clone().filter(|_| signs_in),
            secret_header: identity
                .secret
                .as_ref()
                .filter(|_| signs_in)
                .map(|_| identity.secret_header.clone()),
            commands,
        }
    }

    async fn check(self, context: &Context) -> Outcome {
        let configured = context
            .settings()
            .ok()
            .and_then(|settings| settings.gateway.public_origin.clone());
        let text = self.url.or(configured).ok_or_else(|| {
            CommandError::plain("which proxy? --url is missing, and gateway.publicOrigin is not set").hint(
                "Fix: openclaw gateway proxy-check --url https://claw.example.org, or --print nginx for a configuration",
            )
        })?;
        let url: GatewayUrl = text.parse().map_err(CommandError::new)?;
        let connection = Connection::open(context, &CallArgs::default(), needs([Scope::Read]))
            .await
            .map_err(CallFailure::into_error)?;
        let begun: Value = connection
            .call("gateway.proxyCheck", &json!({}))
            .await
            .map_err(CallFailure::into_error)?;
        let id = begun["id"].as_str().unwrap_or_default();
        let path = begun["path"].as_str().unwrap_or_default();
        let looked = look(&url, path, id).await;
        let seen: Value = connection
            .call("gateway.proxyCheck", &json!({ "id": id }))
            .await
            .map_err(CallFailure::into_error)?;
        connection.close().await;
        let requests = seen["requests"].as_array().cloned().unwrap_or_default();
        let report = Report::new(&text, &url, &looked, &requests);
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&report.to_json())?;
        } else {
            for line in report.lines() {
                ui.line(line)?;
            }
        }
        Ok(if report.is_fine() {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }
}

/// Asks twice through the proxy: as a command line does, and as a page that was loaded from there does.
async fn look(url: &GatewayUrl, path: &str, id: &str) -> Looked {
    let url = GatewayUrl {
        path: format!("{}{path}", url.path.trim_end_matches('/')),
        query: Some(format!("id={id}")),
        ..url.clone()
    };
    let mut looked = Looked::default();
    let mut options = TlsOptions::default();
    let addresses = match walker(&url, &options, &[]).resolve().await {
        DnsSeen::Literal(address) => vec![address],
        DnsSeen::Found(addresses) if !addresses.is_empty() => addresses,
        DnsSeen::Found(_) => return looked.failed("the name resolves to no address"),
        DnsSeen::Failed(error) => {
            return looked.failed(format!("the name does not resolve: {error}"));
        }
        DnsSeen::TimedOut => return looked.failed("the name does not resolve in time"),
    };
    let attempts = walker(&url, &options, &[]).connect(&addresses).await;
    let Some(last) = attempts.last() else {
        return looked.failed("nothing to connect to");
    };
    match &last.seen {
        TcpSeen::Connected => {}
        TcpSeen::Failed(error) => {
            return looked.failed(format!("no connection to {}: {error}", last.address));
        }
        TcpSeen::TimedOut => return looked.failed(format!("no answer from {}", last.address)),
    }
    let address = last.address;
    if url.scheme == Scheme::Wss {
        match walker(&url, &options, &[]).secure(address).await {
            Ok(TlsSeen::Done(secured)) => {
                looked.tls = Some(secured.version.clone());
                looked.untrusted = match &secured.trust {
                    Trust::Pinned | Trust::Authority => None,
                    other => Some(format!("{other:?}")),
                };
                if looked.untrusted.is_some() {
                    // No credential is sent, so that looking through it is safe.
                    options.fingerprint = Some(secured.certificate.fingerprint);
                }
            }
            Ok(other) => return looked.failed(format!("no TLS: {other:?}")),
            Err(error) => return looked.failed(format!("no TLS: {error}")),
        }
    }
    let origin = web_origin(&url);
    let page: Vec<(HeaderName, HeaderValue)> = HeaderValue::from_str(&origin)
        .map(|value| (ORIGIN, value))
        .into_iter()
        .collect();
    for (browser, headers) in [(false, &[][..]), (true, page.as_slice())] {
        let (answer, socket) = walker(&url, &options, headers).upgrade(address).await;
        let outcome = match (answer, socket) {
            (_, Some(SocketSeen::Challenge { .. })) => Ok(()),
            (HttpSeen::Answer(answer), None) => Err(report::answer(&answer)),
            (HttpSeen::Answer(_), Some(other)) => Err(format!("the WebSocket broke: {other:?}")),
            (other, _) => Err(format!("no HTTP answer: {other:?}")),
        };
        if browser {
            looked.page = Some(outcome);
        } else {
            looked.socket = Some(outcome);
        }
    }
    looked
}

fn walker<'a>(
    url: &'a GatewayUrl,
    tls: &'a TlsOptions,
    headers: &'a [(HeaderName, HeaderValue)],
) -> Walker<'a> {
    Walker {
        url,
        network: &System,
        tls,
        headers,
        limit: HOP_LIMIT,
    }
}

fn web_origin(url: &GatewayUrl) -> String {
    let (scheme, default) = match url.scheme {
        Scheme::Ws => ("http", 80),
        Scheme::Wss => ("https", 443),
    };
    let host = url.host.header();
    if url.port == default {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}:{}", url.port)
    }
}
