//! Setup codes and join links, from what somebody pasted to an address that answers.

use std::time::Duration;

use openclaw_client::fetch::fetch;
use openclaw_client::{Client, ClientOptions, ConnectError, Fingerprint, RefusalKind, Target};
use openclaw_protocol::scope::Role;
use openclaw_protocol::setup_code::{SetupCode, is_join_code};
use serde_json::Value;

use crate::app::VERSION;
use crate::connect::allows_plaintext;
use crate::context::Context;
use crate::error::CommandError;
use crate::runtime::join_all;
use crate::ui::format::now_ms;

/// Time for one address.
const PATIENCE: Duration = Duration::from_secs(6);

/// What somebody pasted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pasted {
    /// A setup code.
    Code(SetupCode),
    /// A join link, and the certificate to hold it to.
    Join {
        /// The link as a WebSocket URL, which is what clients connect to.
        url: String,
        /// Fingerprint behind the `#`.
        pin: Option<String>,
    },
    /// The address of a gateway.
    Gateway(String),
}

/// Tells the three apart.
pub(crate) fn read(text: &str) -> Result<Pasted, CommandError> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let scheme = ["https://", "http://", "wss://", "ws://"]
        .into_iter()
        .find(|scheme| lower.starts_with(scheme));
    let Some(scheme) = scheme else {
        return SetupCode::parse(text).map(Pasted::Code).map_err(|error| {
            CommandError::new(error)
                .hint("Fix: paste the whole code; make a new one on the gateway with: openclaw qr")
        });
    };
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let code = address.rsplit('/').next().unwrap_or_default();
    let is_join = address.len() > scheme.len() + code.len()
        && address[..address.len() - code.len()].ends_with("/j/")
        && is_join_code(code);
    if !is_join {
        return Ok(Pasted::Gateway(address.to_owned()));
    }
    let secure = matches!(scheme, "https://" | "wss://");
    let pin = fragment.strip_prefix("sha256=").map(str::to_owned);
    Ok(Pasted::Join {
        url: format!(
            "{}://{}",
            if secure { "wss" } else { "ws" },
            &address[scheme.len()..]
        ),
        pin,
    })
}

/// A code, wherever it came from.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) code: SetupCode,
    /// What it is for, if whoever gave it said so.
    pub(crate) access: Option<String>,
}

/// Gets the code behind what was pasted; fetching a join link uses the link up.
pub(crate) async fn resolve(context: &Context, pasted: Pasted) -> Result<Found, CommandError> {
    let found = match pasted {
        Pasted::Code(code) => Found { code, access: None },
        Pasted::Gateway(url) => {
            return Err(CommandError::new(format!(
                "{url} is no setup code and no join link"
            )));
        }
        Pasted::Join { url, pin } => join(context, &url, pin).await?,
    };
    if found.code.is_expired(now_ms()) {
        return Err(CommandError::new("the setup code has expired")
            .hint("Fix: make a new one on the gateway with: openclaw qr"));
    }
    Ok(found)
}

async fn join(context: &Context, url: &str, pin: Option<String>) -> Result<Found, CommandError> {
    let target = Target::parse(url).map_err(CommandError::new)?;
    let mut options = probe_options(context, target, pin.as_deref())?;
    options.connect_timeout = PATIENCE;
    let page = fetch(&options).await.map_err(|error| {
        let failure = CommandError::new(format!(
            "the join link cannot be fetched: {}",
            error.what_happened()
        ));
        match error {
            ConnectError::Tls(_) => failure.hint(
                "Fix: the link carries no fingerprint of this certificate; copy it whole, up to and including #sha256=…",
            ),
            _ => failure.hint("Fix: check that this machine reaches the gateway, or use a setup code: openclaw qr"),
        }
    })?;
    match page.status {
        200 => {}
        404 => {
            return Err(CommandError::new(
                "the join link is unknown, expired, or was used already",
            )
            .hint("Fix: make a new one on the gateway with: openclaw devices join-code"));
        }
        429 => {
            return Err(CommandError::new(
                "too many wrong join links came from here; try again later",
            ));
        }
        status => {
            return Err(CommandError::new(format!(
                "the join link answered with HTTP {status}"
            )));
        }
    }
    let mut code = SetupCode::parse_json(&page.body).map_err(CommandError::new)?;
    let access = serde_json::from_str::<Value>(&page.body)
        .ok()
        .and_then(|body| body["access"].as_str().map(str::to_owned));
    // Whoever holds the link trusts this certificate more than anything that came over it.
    if code.tls_fingerprint.is_none() {
        code.tls_fingerprint = pin;
    }
    Ok(Found { code, access })
}

/// An address of a code, and whether it answers.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) url: String,
    /// Why it is of no use.
    pub(crate) problem: Option<String>,
}

/// Knocks at every address of a code at once, without using it.
pub(crate) async fn check(context: &Context, code: &SetupCode) -> Vec<Checked> {
    let looks = code.urls.iter().map(|url| async move {
        let problem = knock(context, url, code.tls_fingerprint.as_deref())
            .await
            .err();
        Checked {
            url: url.clone(),
            problem,
        }
    });
    join_all(looks).await
}

/// The first address of a code that answers, all that were tried before it noted on stderr.
pub(crate) async fn first_reachable(
    context: &Context,
    code: &SetupCode,
) -> Result<String, CommandError> {
    let checked = check(context, code).await;
    let mut problems = Vec::new();
    for one in checked {
        match one.problem {
            None => {
                for problem in &problems {
                    context.ui().note(format!("not reachable: {problem}"));
                }
                return Ok(one.url);
            }
            Some(problem) => problems.push(format!("{}: {problem}", one.url)),
        }
    }
    Err(CommandError::new("no address in the setup code can be reached from here")
        .with_details(problems.join("\n"))
        .hint("Fix: join the network of the gateway (LAN, VPN, tailnet), or make a code with another address: openclaw qr --public-url <url>"))
}

/// Whether a gateway answers there. A refusal is an answer.
pub(crate) async fn knock(context: &Context, url: &str, pin: Option<&str>) -> Result<(), String> {
    let target = Target::parse(url).map_err(|error| error.to_string())?;
    let options = probe_options(context, target, pin).map_err(|error| error.to_string())?;
    match Client::connect(options).await {
        Ok(client) => {
            client.close().await;
            Ok(())
        }
        Err(ConnectError::Refused(_)) => Ok(()),
        Err(error) => Err(error.what_happened()),
    }
}

fn probe_options(
    context: &Context,
    target: Target,
    pin: Option<&str>,
) -> Result<ClientOptions, CommandError> {
    let mut options = ClientOptions::new(
        target,
        Role::Operator,
        "openclaw-probe",
        "probe",
        VERSION.to_owned(),
    );
    trust(context, &mut options, pin)?;
    options.connect_timeout = PATIENCE;
    Ok(options)
}

/// Certificate and plain text rules of a code's address.
pub(crate) fn trust(
    context: &Context,
    options: &mut ClientOptions,
    pin: Option<&str>,
) -> Result<(), CommandError> {
    let secure = options
        .target
        .url()
        .is_some_and(|url| url.scheme == openclaw_client::target::Scheme::Wss);
    options.tls.fingerprint = match pin.filter(|_| secure) {
        Some(text) => Some(text.parse::<Fingerprint>().map_err(CommandError::new)?),
        None => None,
    };
    options.allow_insecure_plaintext = allows_plaintext(context);
    Ok(())
}

/// Whether the gateway does not take the code.
pub(crate) fn is_used_up(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Refused(refusal) if refusal.kind() == RefusalKind::BootstrapTokenInvalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE";

    #[test]
    fn codes_links_and_addresses_are_told_apart() {
        let code = SetupCode {
            url: "wss://gw.example".into(),
            bootstrap_token: TOKEN.into(),
            expires_at_ms: None,
            urls: Vec::new(),
            tls_fingerprint: None,
        };
        for text in [
            code.encode(),
            code.encode_url(),
            format!(" {}\n", code.encode()),
        ] {
            assert!(matches!(read(&text).unwrap(), Pasted::Code(read) if read.url == code.url));
        }
        let join = |url: &str, pin: Option<&str>| Pasted::Join {
            url: url.into(),
            pin: pin.map(str::to_owned),
        };
        for (text, expected) in [
            (
                "https://gw.example/j/AAAAAAAAAAAAAAAAAAAAAA",
                join("wss://gw.example/j/AAAAAAAAAAAAAAAAAAAAAA", None),
            ),
            (
                "https://10.0.0.1:1/j/AAAAAAAAAAAAAAAAAAAAAA#sha256=ab",
                join("wss://10.0.0.1:1/j/AAAAAAAAAAAAAAAAAAAAAA", Some("ab")),
            ),
            (
                "http://box:1/x/j/AAAAAAAAAAAAAAAAAAAAAA",
                join("ws://box:1/x/j/AAAAAAAAAAAAAAAAAAAAAA", None),
            ),
            (
                "https://gw.example/j/short",
                Pasted::Gateway("https://gw.example/j/short".into()),
            ),
            (
                "wss://gw.example",
                Pasted::Gateway("wss://gw.example".into()),
            ),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        for bad in ["", "hello world", "oc-pair://"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
