//! `openclaw reset`: back to before the first start, as far as is asked.

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
    /// What goes: config, config+creds+sessions or full
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
            return Err(CommandError::plain("Non-interactive mode requires --yes."));
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
        if asks && !self.yes && !self.dry_run {
            context.ui().note(format!(
                "State directory: {}",
                context.paths().display_home(&context.paths().state_dir)
            ));
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
        removal::run(context, &steps(context, &scope), self.dry_run, &last)
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
    let state = |name: &str| paths.state_dir.join(name);
    match scope {
        "config" => vec![Step::RetireConfig],
        "full" => [
            vec![Step::Stop],
            removal::config_files(context),
            vec![
                removal::state_dir(context, true),
                Step::remove(paths.workspace_dir.clone()),
            ],
        ]
        .concat(),
        _ => {
            let credentials = [
                state("credentials"),
                paths.identity_file.clone(),
                paths.device_auth_file.clone(),
                paths.node_file.clone(),
                Kind::Node.environment_file(&paths.state_dir),
                // Of an older program: they would be taken over again at the next start.
                state("devices"),
                state("nodes"),
            ];
            let agents = std::fs::read_dir(state("agents")).into_iter().flatten();
            let sessions = agents.flatten().map(|entry| entry.path().join("sessions"));
            [
                vec![Step::Stop],
                removal::config_files(context),
                credentials
                    .into_iter()
                    .chain(sessions)
                    .chain(paths.database_files())
                    .map(Step::remove)
                    .collect(),
            ]
            .concat()
        }
    }
}
