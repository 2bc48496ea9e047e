//! `openclaw devices approve`, and the flow that every approve command shares.

use openclaw_protocol::fingerprint::fingerprint_words;

use super::list::pending_table;
use super::short_scopes;
use crate::args::CallArgs;
use crate::books::{Books, Kind, NotFound, Pending, decided_id, find, latest};
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Ui;
use crate::ui::format::now_ms;

/// What the gateway says about a request it does not know, as `devices` commands print it.
pub(super) const NO_REQUEST: &str = "Error: unknown requestId";

/// Arguments of `devices approve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Code, request id (or at least 6 characters of it), device id or device name
    #[arg(value_name = "request")]
    request: Option<String>,
    /// Approve the newest request
    #[arg(long, conflicts_with = "request")]
    latest: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let books = Books::open(context, &self.call)
            .await
            .map_err(CallFailure::into_error)?;
        let pending = pending_of(&books, Kind::Device).await?;
        let request = match &self.request {
            Some(query) => choose(context, &pending, query, NO_REQUEST)?,
            None => newest(context, &pending, self.latest)?,
        };
        approve_flow(context, &books, &request, "Error: ").await?;
        books.close().await;
        Ok(Exit::OK)
    }
}

/// The waiting requests of one kind.
pub(crate) async fn pending_of(
    books: &Books<'_>,
    kind: Kind,
) -> Result<Vec<Pending>, CommandError> {
    let mut pending = books.pending().await.map_err(CallFailure::into_error)?;
    pending.retain(|request| request.kind == kind);
    Ok(pending)
}

/// Finds the request that `query` names; `unknown` is the whole text when there is none.
pub(crate) fn choose(
    context: &Context,
    pending: &[Pending],
    query: &str,
    unknown: &str,
) -> Result<Pending, CommandError> {
    find(pending, query).map_err(|error| match error {
        NotFound::None => CommandError::plain(unknown.to_owned()).hint(format!(
            "Fix: see what waits with: {}",
            context.command("openclaw pairing list")
        )),
        NotFound::Several(several) => {
            let lines: Vec<String> = several
                .iter()
                .map(|request| format!("  {}  {}", request.code(), request.label()))
                .collect();
            CommandError::new(format!("several requests match {query}:"))
                .with_details(lines.join("\n"))
                .hint("Fix: use one of these codes.")
        }
    })
}

/// Without a request on the line: with `--latest` the newest, else only a preview.
fn newest(context: &Context, pending: &[Pending], approve: bool) -> Result<Pending, CommandError> {
    let Some(request) = latest(pending) else {
        return Err(CommandError::new("no pending device requests"));
    };
    if approve {
        return Ok(request);
    }
    let ui = context.ui();
    if !ui.is_json() {
        ui.table(&pending_table(std::slice::from_ref(&request), now_ms()))?;
    }
    Err(
        CommandError::new("nothing approved; which request?").hint(format!(
            "Fix: {}",
            context.command(&format!("openclaw devices approve {}", request.code()))
        )),
    )
}

/// Shows a request, approves it and says so.
pub(crate) async fn approve_flow(
    context: &Context,
    books: &Books<'_>,
    request: &Pending,
    prefix: &str,
) -> Result<(), CommandError> {
    let ui = context.ui();
    if !ui.is_json() {
        show(ui, request);
    }
    let answer = books
        .approve(request)
        .await
        .map_err(|failure| failure.prefixed(prefix))?;
    if ui.is_json() {
        return ui.json(&answer);
    }
    let id = decided_id(&answer);
    let id = if id.is_empty() { &request.id } else { &id };
    match &request.name {
        Some(name) => ui.line(format!("Approved {id} ({name})")),
        None => ui.line(format!("Approved {id}")),
    }
}

/// Says on stderr what is about to be approved, with the words to compare.
pub(crate) fn show(ui: Ui, request: &Pending) {
    let scopes = short_scopes(&request.scopes);
    let wish = match request.kind {
        Kind::Device if scopes.is_empty() => format!("role {}", request.role),
        Kind::Device => format!("role {}, scopes {scopes}", request.role),
        Kind::Node => "its commands".to_owned(),
    };
    let from = request
        .remote_ip
        .as_ref()
        .map_or_else(String::new, |ip| format!(" from {ip}"));
    ui.note(format!("{} asks for {wish}{from}", request.label()));
    if let Some(words) = fingerprint_words(&request.id) {
        ui.note(format!("Words: {words}"));
    }
}
