//! `openclaw qr`: a code that lets one phone or machine in.

use std::path::PathBuf;

use openclaw_config::store::write_private;
use openclaw_gateway::qr::Matrix;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::setup_code::{SCHEME, SetupCode};
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::setup::{self, Checked, Pasted};
use crate::ui::format::{now_ms, short_id};

/// Arguments of `qr`.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one switch of the command line"
)]
pub(crate) struct Args {
    /// Print the setup code alone
    #[arg(long)]
    setup_code_only: bool,
    /// Leave the drawing out
    #[arg(long)]
    no_ascii: bool,
    /// For a phone that may look and act, but not administer
    #[arg(long, conflicts_with = "node")]
    limited: bool,
    /// For a machine that only serves commands
    #[arg(long, visible_alias = "voice-node")]
    node: bool,
    /// Address that goes into the code instead of what the gateway finds out
    #[arg(long, value_name = "url")]
    public_url: Option<String>,
    /// Prefer gateway.remote.url
    #[arg(long)]
    remote: bool,
    /// Make a code even if nobody else could reach the gateway with it
    #[arg(long)]
    force: bool,
    /// Try every address of the new code, or of this one, from here; uses nothing up
    #[arg(long, value_name = "code", num_args = 0..=1, default_missing_value = "")]
    check: Option<String>,
    /// Also write the code as a PNG image
    #[arg(long, value_name = "file")]
    png: Option<PathBuf>,
    /// Also write the code as an SVG image
    #[arg(long, value_name = "file")]
    svg: Option<PathBuf>,
    /// How long it works, in seconds, at most an hour [default: 600]
    #[arg(long, value_name = "seconds")]
    ttl: Option<u32>,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        if let Some(code) = self.check.as_deref().filter(|code| !code.is_empty()) {
            return check_given(context, code).await;
        }
        let answer = mint(context, &self.call, &self.params()).await?;
        let text = answer["setupCode"].as_str().unwrap_or_default().to_owned();
        let code = SetupCode::parse(&text).map_err(CommandError::new)?;
        let matrix = Matrix::of(&text).map_err(CommandError::new)?;
        for (file, bytes) in [
            (&self.png, matrix.png()),
            (&self.svg, matrix.svg().into_bytes()),
        ] {
            if let Some(file) = file {
                // The image is as good as the code.
                write_private(file, &bytes).map_err(CommandError::new)?;
                context.ui().note(format!("wrote {}", file.display()));
            }
        }
        let checked = match self.check {
            Some(_) => Some(setup::check(context, &code).await),
            None => None,
        };
        let ui = context.ui();
        if ui.is_json() {
            let mut shown = json!({
                "setupCode": text,
                "gatewayUrl": code.url,
                "auth": answer["auth"],
                "urlSource": answer["urlSource"],
                "access": answer["access"],
                "setupId": answer["setupId"],
                "expiresAtMs": code.expires_at_ms,
                "gatewayUrls": code.urls,
                "unreachable": answer["unreachable"],
            });
            for name in ["tlsFingerprint", "accessDowngraded"] {
                if !answer[name].is_null() {
                    shown[name] = answer[name].clone();
                }
            }
            if let Some(checked) = &checked {
                shown["checked"] = checked.iter().map(to_json).collect();
            }
            ui.json(&shown)?;
        } else if self.setup_code_only {
            ui.line(&text)?;
        } else {
            if !self.no_ascii {
                ui.painted_line(
                    matrix
                        .blocks(ui.is_colourful(), false)
                        .trim_end_matches('\n'),
                )?;
            }
            explain(context, &answer, &code, &text)?;
            if let Some(checked) = &checked {
                show_checked(context, checked)?;
            }
        }
        let works = checked.is_none_or(|checked| checked.iter().any(|one| one.problem.is_none()));
        Ok(if works { Exit::OK } else { Exit::FAILED })
    }

    fn params(&self) -> Value {
        let mut params = json!({ "includeQr": false });
        if self.limited {
            params["bootstrapProfile"] = json!("limited");
        } else if self.node {
            params["bootstrapProfile"] = json!("node");
        }
        if let Some(url) = &self.public_url {
            params["publicUrl"] = json!(url);
        }
        if self.remote {
            params["preferRemoteUrl"] = json!(true);
        }
        if self.force {
            params["force"] = json!(true);
        }
        if let Some(seconds) = self.ttl {
            params["ttlMs"] = json!(i64::from(seconds) * 1000);
        }
        params
    }
}

/// Has the gateway make a code. Its advice is part of the failure.
pub(crate) async fn mint(
    context: &Context,
    call: &CallArgs,
    params: &Value,
) -> Result<Value, CommandError> {
    let connection = Connection::open(context, call, needs([Scope::Admin]))
        .await
        .map_err(CallFailure::into_error)?;
    let answer = connection.call("device.pair.setupCode", params).await;
    connection.close().await;
    answer.map_err(|failure| {
        let fix = failure.rpc().and_then(|error| {
            error
                .details
                .as_ref()?
                .get("fix")?
                .as_str()
                .map(str::to_owned)
        });
        let error = failure.into_error();
        match fix {
            Some(fix) => error.hint(format!("Fix: {fix}")),
            None => error,
        }
    })
}

fn explain(
    context: &Context,
    answer: &Value,
    code: &SetupCode,
    text: &str,
) -> Result<(), CommandError> {
    let ui = context.ui();
    let what = match answer["access"].as_str().unwrap_or_default() {
        "node" => "a machine that serves commands",
        "limited" => "a phone that may look and act, but not administer",
        _ => "a phone of yours, with everything",
    };
    ui.line(format!("For: {what}"))?;
    if answer["accessDowngraded"] == true {
        ui.note("Full access is only given over TLS; without it this code is a limited one. Fix: openclaw config set gateway.tls.enabled true");
    }
    ui.line(format!("Gateway: {}", code.urls.join(", ")))?;
    if let Some(pin) = &code.tls_fingerprint {
        ui.line(format!("Certificate: SHA-256 {pin}"))?;
    }
    let seconds = (code.expires_at_ms.unwrap_or_default() - now_ms()).max(0) / 1000;
    ui.line(format!(
        "Works once, for the first device that uses it, within {} min",
        (seconds + 59) / 60
    ))?;
    ui.blank()?;
    ui.line("Scan it with the app, or paste this setup code there:")?;
    ui.line(text)?;
    ui.blank()?;
    let command = if answer["access"] == "node" {
        "openclaw node run --pair"
    } else {
        "openclaw connect"
    };
    ui.line(format!("On another machine: {command} {SCHEME}{text}"))?;
    let id = answer["setupId"].as_str().unwrap_or_default();
    ui.line(format!(
        "Withdraw it: {} {}",
        context.command("openclaw devices revoke-code"),
        short_id(id)
    ))?;
    for left_out in answer["unreachable"].as_array().into_iter().flatten() {
        ui.note(format!(
            "not in the code: {} ({})",
            left_out["url"].as_str().unwrap_or_default(),
            left_out["reason"].as_str().unwrap_or_default()
        ));
    }
    Ok(())
}

fn to_json(checked: &Checked) -> Value {
    json!({ "url": checked.url, "ok": checked.problem.is_none(), "problem": checked.problem })
}

fn show_checked(context: &Context, checked: &[Checked]) -> Result<(), CommandError> {
    for one in checked {
        let verdict = one.problem.as_deref().unwrap_or("a gateway answers");
        let mark = if one.problem.is_none() { "ok " } else { "bad" };
        context
            .ui()
            .line(format!("{mark} {}: {verdict}", one.url))?;
    }
    Ok(())
}

/// `--check <code>`: reads the code, then knocks at every address in it.
async fn check_given(context: &Context, text: &str) -> Outcome {
    let Pasted::Code(code) = setup::read(text)? else {
        return Err(CommandError::new(
            "only setup codes can be checked; looking at a join link would use it up",
        ));
    };
    let expired = code.is_expired(now_ms());
    let checked = setup::check(context, &code).await;
    let reachable = checked.iter().any(|one| one.problem.is_none());
    let ui = context.ui();
    if ui.is_json() {
        let shown: Vec<_> = checked.iter().map(to_json).collect();
        ui.json(&json!({
            "ok": reachable && !expired,
            "expired": expired,
            "expiresAtMs": code.expires_at_ms,
            "tlsFingerprint": code.tls_fingerprint,
            "checked": shown,
        }))?;
    } else {
        ui.line(if expired {
            "bad the code has expired"
        } else {
            "ok  the code can be read and has not expired"
        })?;
        show_checked(context, &checked)?;
    }
    Ok(if reachable && !expired {
        Exit::OK
    } else {
        Exit::FAILED
    })
}
