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

use openclaw_config::schema::{ConsoleStyle, LogLevel, Logging};
use openclaw_config::store::usable_log_dir;
use openclaw_config::{Env, Paths, env};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use crate::error::CommandError;
use file::{CurrentFile, Place, RollingFile};
use layer::{Console, LogLayer};
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
    _guards: Vec<WorkerGuard>,
}

impl LogHandle {
    /// The file that is written now.
    pub(crate) fn current(&self) -> CurrentFile {
        self.current.clone()
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
    let (file, file_guard) = non_blocking(file);
    let (out, out_guard) = non_blocking(std::io::stdout());
    let (err, err_guard) = non_blocking(std::io::stderr());
    let style = options.settings.console_style.unwrap_or(options.style);
    let layer = LogLayer {
        file,
        console: Console {
            out,
            err,
            style,
            colour: options.colour && style != ConsoleStyle::Json,
        },
        levels: levels(options),
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
        _guards: vec![file_guard, out_guard, err_guard],
    })
}

fn non_blocking(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(BUFFERED_LINES)
        .lossy(true)
        .finish(writer)
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
