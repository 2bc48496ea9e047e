//! The program that follows this one after a restart. Nothing is handed to it: it opens the addresses anew, so that whoever
//! connects in between is refused and tries again.

use std::io;
use std::process::Command;

use openclaw_config::Env;
use openclaw_gateway::listen::{HandedOver, Inherited};

use crate::error::{CommandError, Exit, Outcome};
use crate::server::Program;

/// Nobody passes sockets here.
pub(crate) fn take(_env: &Env) -> Inherited {
    Inherited::default()
}

/// What is known of an order to end when nobody receives them any more: nothing. Between two programs of a restart a Ctrl-C
/// may be lost; the next one ends the new program.
#[derive(Debug)]
pub(crate) struct ToldToEnd;

impl ToldToEnd {
    /// Nothing to be done.
    #[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self)
    }
}

/// Nothing waits to be let in.
#[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
pub(crate) fn release() -> io::Result<()> {
    Ok(())
}

/// The program that follows this one.
#[derive(Debug)]
pub(crate) struct Successor {
    program: Program,
}

impl Successor {
    /// A program; there is nothing that it is given.
    pub(crate) fn new(program: Program, _handed_over: HandedOver, _told_to_end: ToldToEnd) -> Self {
        Self { program }
    }

    /// Starts that program with the same arguments and waits for it: whoever started this process, a console or the task
    /// scheduler, sees one program that runs on. Its end is ours.
    pub(crate) fn take_over(self) -> Outcome {
        let path = self.program.path();
        let cannot = |error: io::Error| {
            CommandError::plain(format!("cannot restart as {}: {error}", path.display()))
                .hint("The gateway has stopped; start it again.")
        };
        let status = Command::new(path)
            .args(std::env::args_os().skip(1))
            .status()
            .map_err(cannot)?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(Exit::FAILED, Exit::remote))
    }
}
