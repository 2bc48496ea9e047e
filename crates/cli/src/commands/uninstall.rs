//! `openclaw uninstall`: what this program put on the machine goes, the program itself last and by hand.

use std::path::Path;

use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::removal::{self, Step};
use crate::ui::ask;

/// Where the macOS app is.
const APP: &str = "/Applications/OpenClaw.app";

/// Arguments of `uninstall`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent flags of the command line"
)]
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The services of this profile
    #[arg(long)]
    service: bool,
    /// The config file and the state directory, without the workspace
    #[arg(long)]
    state: bool,
    /// The workspace
    #[arg(long)]
    workspace: bool,
    /// The macOS app
    #[arg(long)]
    app: bool,
    /// All of these
    #[arg(long)]
    all: bool,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
    /// Never ask; needs --yes and a selection such as --all
    #[arg(long)]
    non_interactive: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// What goes.
#[derive(Debug, Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four parts, each chosen on its own"
)]
struct Chosen {
    service: bool,
    state: bool,
    workspace: bool,
    app: bool,
}

impl Chosen {
    const fn any(self) -> bool {
        self.service || self.state || self.workspace || self.app
    }
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let asks = !self.non_interactive && ask::can_ask();
        let mut chosen = Chosen {
            service: self.service || self.all,
            state: self.state || self.all,
            workspace: self.workspace || self.all,
            app: self.app || self.all,
        };
        if !asks && !self.yes && !self.dry_run {
            return Err(CommandError::plain("Non-interactive mode requires --yes.")
                .hint("Fix: add --yes; to see first what would be done, add --dry-run instead"));
        }
        if !chosen.any() {
            if !asks {
                return Err(CommandError::plain(
                    "Non-interactive mode requires explicit scopes (use --all).",
                ));
            }
            chosen = choose(context)?;
            if !chosen.any() {
                context.ui().line("Nothing selected.")?;
                return Ok(Exit::OK);
            }
        }
        let steps = steps(context, chosen);
        if asks && !self.yes && !self.dry_run {
            removal::show(context, &steps)?;
            if !ask::confirm("Proceed with uninstall?", false)? {
                context.ui().line("Uninstall cancelled.")?;
                return Ok(Exit::OK);
            }
        }
        removal::run(context, &steps, self.dry_run, &|| last(context, chosen))
    }
}

/// What is left when everything is done.
fn last(context: &Context, chosen: Chosen) -> Vec<String> {
    let paths = context.paths();
    let mut lines = Vec::new();
    if let Ok(program) = std::env::current_exe() {
        lines.push(format!("CLI still installed: {}", program.display()));
    }
    if chosen.state && !chosen.workspace && paths.workspace_dir.exists() {
        lines.push(if removal::is_our_workspace(context) {
            "Tip: workspaces were preserved. Re-run with --workspace to remove them.".to_owned()
        } else {
            format!(
                "Tip: the workspace {} was preserved. Remove it yourself when it is not needed any more.",
                paths.display_home(&paths.workspace_dir)
            )
        });
    }
    lines
}

fn choose(context: &Context) -> Result<Chosen, CommandError> {
    let paths = context.paths();
    let path = |path: &Path| paths.display_home(path);
    Ok(Chosen {
        service: ask::confirm("Remove the services of this profile?", false)?,
        state: ask::confirm(
            &format!("Remove config and state ({})?", path(&paths.state_dir)),
            false,
        )?,
        workspace: ask::confirm(
            &format!("Remove the workspace ({})?", path(&paths.workspace_dir)),
            false,
        )?,
        app: cfg!(target_os = "macos") && ask::confirm("Remove the macOS app?", false)?,
    })
}

fn steps(context: &Context, chosen: Chosen) -> Vec<Step> {
    let mut steps = Vec::new();
    if chosen.service {
        steps.push(Step::RemoveServices);
    }
    if chosen.state {
        if !chosen.service {
            steps.push(Step::Stop);
        }
        steps.extend(removal::config_files(context));
        steps.push(removal::state_dir(context, chosen.workspace));
    }
    if chosen.workspace {
        steps.push(removal::workspace(context));
    }
    if chosen.app && cfg!(target_os = "macos") {
        steps.push(removal::directory(Path::new(APP)));
    }
    steps
}
