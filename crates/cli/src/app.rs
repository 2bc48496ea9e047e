//! From the command line to an exit code.

use std::process::ExitCode;

use openclaw_config::paths::PathError;
use openclaw_config::{Env, Paths};

use crate::args::{self, Globals, Parsed};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Ui;

/// Version of the program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs the process.
pub(crate) fn main() -> ExitCode {
    let words = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned());
    let (globals, words) = Globals::take(words);
    let env = Env::from_process();
    let ui = Ui::new(&env, !globals.no_color, globals.json);
    let code = match run(ui, env, &globals, words) {
        Ok(exit) => exit.code(),
        Err(error) => {
            error.report(&ui);
            error.exit_code()
        }
    };
    ExitCode::from(code)
}

fn run(ui: Ui, env: Env, globals: &Globals, words: Vec<String>) -> Outcome {
    if globals.version {
        return ui.line(VERSION).map(|()| Exit::OK);
    }
    let paths = Paths::resolve(&env, &globals.profile).map_err(|error| match error {
        PathError::NoHome => CommandError::new(error),
        profile => CommandError::profile(profile.to_string()),
    })?;
    match args::parse(words) {
        Ok(Parsed::Run(command)) => command.run(&Context::new(ui, env, paths)),
        Ok(Parsed::Help(text)) => ui.line(text.trim_end()).map(|()| Exit::OK),
        Err(refusal) => Ok(refusal.report(&ui)),
    }
}
