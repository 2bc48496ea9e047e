//! Logs of the gateway process: a file that every release's `logs` command can read, and the
//! console. Writing never blocks the gateway, and no live secret gets through.

mod file;
mod layer;
mod pattern;
mod record;
mod redact;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::schema::{ConsoleStyle, LogLevel, Logging, RedactMode};
use openclaw_config::store::usable_log_dir;
use openclaw_config::{Env, Paths, env};
use parking_lot::{Mutex, RwLock};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use crate::error::CommandError;
use file::{CurrentFile, Place, Redirect, RollingFile};
use layer::{Console, Form, LogLayer};
pub(crate) use layer::{Levels, WsLog};
pub(crate) use redact::Redactor;

/// Lines kept for a disk or terminal that is slower than the gateway; beyond that lines are lost.
const BUFFERED_LINES: usize = 8192;

/// How the process logs.
#[derive(Debug)]
pub(crate) struct LogOptions<'a> {
    /// Where files belong.
    pub(crate) paths: &'a Paths,
    /// For `OPENCLAW_LOG_LEVEL`.
    pub(crate) env: &'a Env,
    /// `logging` of the config.
    pub(crate) settings: &'a Logging,
    /// `--verbose`.
    pub(crate) verbose: bool,
    /// `--ws-log`.
    pub(crate) ws_log: WsLog,
    /// Style when the config names none.
    pub(crate) style: ConsoleStyle,
    /// Level of the console when neither config nor `--verbose` asks for more.
    pub(crate) console_level: Option<LogLevel>,
    /// Whether the console shows colours.
    pub(crate) colour: bool,
}

/// Keeps the writers alive; when dropped, what is buffered is written.
#[derive(Debug)]
pub(crate) struct LogHandle {
    current: CurrentFile,
    redactor: Arc<Redactor>,
    redirect: Redirect,
    form: Arc<RwLock<Form>>,
    applied: Mutex<Logging>,
    _guards: Vec<WorkerGuard>,
}

impl LogHandle {
    /// The file that is written now.
    pub(crate) fn current(&self) -> CurrentFile {
        self.current.clone()
    }

    /// Takes changed settings into use. A file that cannot be opened is an error; the lines then go where they went.
    pub(crate) fn apply(&self, options: &LogOptions<'_>) -> Result<(), CommandError> {
        let form = form(options);
        if std::mem::replace(&mut *self.form.write(), form).levels != form.levels {
            // What is worth recording at all was decided once for each place in the program.
            tracing::callsite::rebuild_interest_cache();
        }
        let wanted = options.settings;
        self.redactor
            .set_known_only(wanted.redact_sensitive == RedactMode::Off);
        let mut applied = self.applied.lock();
        if (&applied.file, applied.max_file_bytes) != (&wanted.file, wanted.max_file_bytes) {
            self.redirect
                .to(place(options)?, wanted.max_file_bytes)
                .map_err(|error| CommandError::new(format!("cannot open the log file: {error}")))?;
        }
        applied.clone_from(wanted);
        Ok(())
    }

    /// What must never appear in a log.
    pub(crate) fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }
}

/// Starts logging for the rest of the process.
pub(crate) fn start(
    options: &LogOptions<'_>,
    redactor: Redactor,
) -> Result<LogHandle, CommandError> {
    let redactor = Arc::new(redactor);
    let place = place(options)?;
    let current = CurrentFile::default();
    let file = RollingFile::open(place, options.settings.max_file_bytes, current.clone())
        .map_err(|error| CommandError::new(format!("cannot open the log file: {error}")))?;
    let redirect = file.redirect();
    let form = Arc::new(RwLock::new(form(options)));
    let (file, file_guard) = non_blocking(file);
    let (out, out_guard) = non_blocking(std::io::stdout());
    let (err, err_guard) = non_blocking(std::io::stderr());
    let layer = LogLayer {
        file,
        console: Console {
            out,
            err,
            colour: options.colour,
        },
        form: Arc::clone(&form),
        redactor: Arc::clone(&redactor),
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
    };
    tracing::subscriber::set_global_default(Registry::default().with(layer))
        .map_err(CommandError::new)?;
    Ok(LogHandle {
        current,
        redactor,
        redirect,
        form,
        applied: Mutex::new(options.settings.clone()),
        _guards: vec![file_guard, out_guard, err_guard],
    })
}

fn non_blocking(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .lossy(true)
        .finish(writer)
}

fn form(options: &LogOptions<'_>) -> Form {
    Form {
        levels: levels(options),
        style: options.settings.console_style.unwrap_or(options.style),
    }
}

fn levels(options: &LogOptions<'_>) -> Levels {
    let named = options
        .env
        .get(env::OPENCLAW_LOG_LEVEL)
        .and_then(LogLevel::parse);
    let console = options
        .console_level
        .unwrap_or(options.settings.console_level);
    Levels::new(
        named.unwrap_or(options.settings.level),
        if options.verbose {
            LogLevel::Debug
        } else {
            console
        },
        options.ws_log,
    )
}

/// The file of the config, else one per day in a directory that only this user can enter.
fn place(options: &LogOptions<'_>) -> Result<Place, CommandError> {
    if let Some(file) = &options.settings.file {
        return Ok(Place::Fixed(PathBuf::from(file)));
    }
    let dir = usable_log_dir(options.paths).map_err(CommandError::new)?;
    Ok(Place::Daily {
        dir,
        paths: Box::new(options.paths.clone()),
        today: file::today,
    })
}
