//! `openclaw reset`: back to before the first start, as far as is asked.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::removal::{self, Step};
use crate::service::kind::Kind;
use crate::ui::ask;

const SCOPES: [(&str, &str); 3] = [
    ("config", "the config file; it stays among its backups"),
    (
        "config+creds+sessions",
        "also the backups, paired devices, keys and sessions",
    ),
    ("full", "the whole state directory and the workspace"),
];

/// Arguments of `reset`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to reset: config, config+creds+sessions or full
    #[arg(long, value_name = "scope")]
    scope: Option<String>,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
    /// Never ask; needs --scope and --yes
    #[arg(long)]
    non_interactive: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let asks = !self.non_interactive && ask::can_ask();
        if !asks && !self.yes && !self.dry_run {
            return Err(CommandError::plain("Non-interactive mode requires --yes.")
                .hint("Fix: add --yes; to see first what would be done, add --dry-run instead"));
        }
        let scope = match self.scope {
            Some(scope) => scope,
            None if !asks => {
                return Err(
                    CommandError::plain("Non-interactive mode requires --scope.").hint(format!(
                        "Fix: --scope {}",
                        SCOPES.map(|(name, _)| name).join(", or --scope ")
                    )),
                );
            }
            None => match ask_scope(context)? {
                Some(scope) => scope,
                None => return cancelled(context),
            },
        };
        if !SCOPES.iter().any(|(name, _)| *name == scope) {
            return Err(CommandError::plain(
                "Invalid --scope. Expected \"config\", \"config+creds+sessions\", or \"full\".",
            ));
        }
        let steps = steps(context, &scope);
        if asks && !self.yes && !self.dry_run {
            removal::show(context, &steps)?;
            if !ask::confirm(&format!("Proceed with {scope} reset?"), false)? {
                return cancelled(context);
            }
        }
        let last = match scope.as_str() {
            "config" if self.dry_run => vec![],
            "config" => vec![format!(
                "A running gateway keeps its settings until it is restarted. Undo with: {}",
                context.command("openclaw config rollback")
            )],
            _ => vec![format!(
                "Next: {}",
                context.command("openclaw onboard --install-daemon")
            )],
        };
        removal::run(context, &steps, self.dry_run, &|| last.clone())
    }
}

fn ask_scope(context: &Context) -> Result<Option<String>, CommandError> {
    let ui = context.ui();
    ui.note("Reset scope:");
    for (number, (name, what)) in (1..).zip(SCOPES) {
        ui.note(format!("  {number}  {name}: {what}"));
    }
    let Some(answer) = ask::ask("Number or name, nothing to cancel: ")? else {
        return Ok(None);
    };
    let chosen = (1..)
        .zip(SCOPES)
        .find(|(number, (name, _))| answer == number.to_string() || answer == *name);
    Ok(match chosen {
        Some((_, (name, _))) => Some(name.to_owned()),
        None => Some(answer).filter(|answer| !answer.is_empty()),
    })
}

fn cancelled(context: &Context) -> Outcome {
    context.ui().line("Reset cancelled.")?;
    Ok(Exit::OK)
}

fn steps(context: &Context, scope: &str) -> Vec<Step> {
    let paths = context.paths();
    match scope {
        "config" => vec![Step::RetireConfig],
        "full" => [
            vec![Step::Stop],
            removal::config_files(context),
            vec![
                removal::state_dir(context, true),
                removal::workspace(context),
            ],
        ]
        .concat(),
        _ => {
            let files = [
                paths.identity_file.clone(),
                paths.device_auth_file.clone(),
                paths.node_file.clone(),
                Kind::Node.environment_file(&paths.state_dir),
            ];
            // Pairings of an older program would be taken over again at the next start.
            let folders = ["credentials", "devices", "nodes"].map(PathBuf::from);
            [
                vec![Step::Stop],
                removal::config_files(context),
                removal::parts(
                    context,
                    folders.into_iter().chain(sessions(&paths.state_dir)),
                ),
                files.into_iter().map(Step::RemoveFile).collect(),
                removal::database_files(context),
            ]
            .concat()
        }
    }
}

/// Where the agents keep their sessions, below the state directory; what a link leads to is not ours.
fn sessions(state_dir: &Path) -> Vec<PathBuf> {
    let agents = state_dir.join("agents");
    if agents.is_symlink() {
        return Vec::new();
    }
    let agents = std::fs::read_dir(agents).into_iter().flatten().flatten();
    agents
        .filter(|entry| !entry.path().is_symlink())
        .map(|entry| Path::new("agents").join(entry.file_name()).join("sessions"))
        .collect()
}
