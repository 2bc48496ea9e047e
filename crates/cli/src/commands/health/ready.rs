//! `openclaw health --exit-code`: one request to `/readyz`, for supervisors that only look at the exit code.

use std::time::Duration;

use openclaw_client::fetch::{Page, fetch, fetch_by_socket};
use openclaw_client::target::GatewayUrl;
use openclaw_client::{ClientOptions, ConnectError, Fingerprint, Target};
use openclaw_config::resolve::{ClientTarget, MissingRemote};
use serde_json::{Value, json};

use crate::app::VERSION;
use crate::args::CallArgs;
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::trust::tls_options;

const PAGE: &str = "/readyz";

/// What the gateway said.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    ready: bool,
    /// Parts that keep it from being ready, as far as it tells them to us.
    failing: Vec<String>,
}

pub(super) async fn run(context: &Context, args: &CallArgs) -> Outcome {
    let target = context
        .target(args, MissingRemote::Refuse)
        .map_err(CallFailure::into_error)?;
    let page = ask(context, args, &target).await?;
    let verdict = read(&page).ok_or_else(|| {
        CommandError::new(format!(
            "what answers at {} is no gateway (HTTP {})",
            target.url, page.status
        ))
    })?;
    let ui = context.ui();
    if ui.is_json() {
        ui.json(&json!({ "ready": verdict.ready, "failing": verdict.failing }))?;
    } else if verdict.ready {
        ui.line("ready")?;
    }
    if verdict.ready {
        return Ok(Exit::OK);
    }
    let why = match verdict.failing.as_slice() {
        [] => String::new(),
        parts => format!(": {}", parts.join(", ")),
    };
    ui.note(format!("the gateway is not ready{why}"));
    Ok(Exit::FAILED)
}

/// The control socket first, which tells the reasons and needs no certificate; what was typed is used as typed.
async fn ask(
    context: &Context,
    args: &CallArgs,
    target: &ClientTarget,
) -> Result<Page, CommandError> {
    let limit = args.deadline();
    if target.is_local() && !args.is_explicit() {
        let socket = &context.paths().control_socket;
        if let Ok(page) = fetch_by_socket(socket, PAGE, limit).await {
            return Ok(page);
        }
    }
    let options = options(context, target, limit)?;
    fetch(&options).await.map_err(|error| {
        let failure = CommandError::new(format!(
            "no answer from {}: {}",
            target.url,
            error.what_happened()
        ));
        match error {
            ConnectError::Tls(_) => {
                failure.hint("Fix: name its certificate with --tls-fingerprint")
            }
            _ => failure.hint(format!("See why: {}", status_of(context, args))),
        }
    })
}

/// The command that looks at the same gateway; a credential is named, never printed.
fn status_of(context: &Context, args: &CallArgs) -> String {
    let mut command = "openclaw gateway status".to_owned();
    if let Some(url) = &args.url {
        command = format!("{command} --url {url} --token <token>");
    }
    context.command(&command)
}

fn options(
    context: &Context,
    target: &ClientTarget,
    limit: Duration,
) -> Result<ClientOptions, CommandError> {
    let Target::Url(url) = Target::parse(&target.url).map_err(CommandError::new)? else {
        return Err(CommandError::new(format!("{} has no pages", target.url)));
    };
    let url = GatewayUrl {
        path: format!("{}{PAGE}", url.path.trim_end_matches('/')),
        query: None,
        ..url
    };
    let pin = target
        .tls_fingerprint
        .as_deref()
        .map(str::parse::<Fingerprint>)
        .transpose()
        .map_err(CommandError::new)?;
    let mut options = ClientOptions::operator(Target::Url(url), VERSION);
    options.tls = tls_options(context, pin, !target.is_local())?;
    options.connect_timeout = limit;
    Ok(options)
}

fn read(page: &Page) -> Option<Verdict> {
    let body: Value = serde_json::from_str(&page.body).ok()?;
    let ready = body["ready"].as_bool()? && page.status == 200;
    let failing = body["failing"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    Some(Verdict { ready, failing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_ready_gateway_is_ready() {
        let read = |status, body: &str| {
            read(&Page {
                status,
                body: body.to_owned(),
            })
        };
        let verdict = |ready, failing: &[&str]| {
            Some(Verdict {
                ready,
                failing: failing.iter().map(ToString::to_string).collect(),
            })
        };
        assert_eq!(read(200, r#"{"ready":true}"#), verdict(true, &[]));
        assert_eq!(
            read(503, r#"{"ready":false,"failing":["draining"]}"#),
            verdict(false, &["draining"])
        );
        // A proxy that answers for a gateway that is gone.
        assert_eq!(read(503, r#"{"ready":true}"#), verdict(false, &[]));
        assert_eq!(read(502, "<html>Bad Gateway</html>"), None);
        assert_eq!(read(200, r#"{"ok":true}"#), None);
    }
}
