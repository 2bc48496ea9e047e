//! Logs of the gateway process: a file that every release's `logs` command can read, and the
//! console. Writing never blocks the gateway, and no live secret gets through.

mod file;
mod layer;
mod open;
mod pattern;
mod record;
mod redact;
mod word;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_config::schema::{ConsoleStyle, LogLevel, Logging, RedactMode};
use openclaw_config::store::{StoreError, private_dir, usable_log_dir};
use openclaw_config::{Env, Paths, env};
use parking_lot::{Mutex, RwLock};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

use crate::error::CommandError;
pub(crate) use file::Lost;
use file::{CurrentFile, Losses, Place, Redirect, RollingFile};
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
    control: LogControl,
    _guards: Vec<WorkerGuard>,
}

impl LogHandle {
    /// What changes the log while it is written.
    pub(crate) fn control(&self) -> &LogControl {
        &self.control
    }
}

/// Why the log is not where the config wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What is wrong, and where the lines go.
    pub(crate) reason: String,
    /// Whether no file is written at all.
    pub(crate) console_only: bool,
}

/// Settings of the log in effect, shared with whoever changes or reads them.
#[derive(Debug, Clone)]
pub(crate) struct LogControl {
    current: CurrentFile,
    redactor: Arc<Redactor>,
    redirect: Redirect,
    losses: Losses,
    form: Arc<RwLock<Form>>,
    applied: Arc<Mutex<Applied>>,
}

/// The settings of the file in effect.
#[derive(Debug)]
struct Applied {
    settings: Logging,
    /// What is wrong with their file.
    trouble: Option<Trouble>,
    /// What is wrong with the file that is wanted now.
    wanted_trouble: Option<Trouble>,
}

impl LogControl {
    /// The file that is written now.
    pub(crate) fn current(&self) -> CurrentFile {
        self.current.clone()
    }

    /// Takes changed settings into use. A file that cannot be opened is an error; the lines then go where they went. May wait for
    /// the disk.
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
        let Applied {
            settings,
            trouble,
            wanted_trouble,
        } = &mut *applied;
        let is_same =
            (&settings.file, settings.max_file_bytes) == (&wanted.file, wanted.max_file_bytes);
        if is_same && trouble.is_none() {
            *wanted_trouble = None;
        } else {
            if let Err(problem) = self.redirect(options) {
                let at = self.current.path();
                let console_only = trouble.as_ref().is_some_and(|one| one.console_only);
                let reason = if console_only {
                    format!("{problem}; lines go to the console alone")
                } else {
                    format!("{problem}; lines go to {}", at.display())
                };
                *wanted_trouble = Some(Trouble {
                    reason,
                    console_only,
                });
                return Err(CommandError::new(problem));
            }
            (*trouble, *wanted_trouble) = (None, None);
        }
        settings.clone_from(wanted);
        Ok(())
    }

    fn redirect(&self, options: &LogOptions<'_>) -> Result<(), String> {
        let place = place(options).map_err(|error| error.to_string())?;
        let path = place.today();
        self.redirect
            .to(place, options.settings.max_file_bytes)
            .map_err(|error| unusable(&path, &error))
    }

    /// What is wrong with the file that the config wants.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.applied.lock().wanted_trouble.clone()
    }

    /// What becomes of the lines of the file.
    pub(crate) fn losses(&self) -> Losses {
        self.losses.clone()
    }

    /// What must never appear in a log.
    pub(crate) fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> String {
    format!("cannot open the log file {}: {error}", path.display())
}

/// The file of the settings; else one in the state directory; else none. A log that cannot be written stops no gateway.
fn open_first(options: &LogOptions<'_>, current: &CurrentFile) -> (RollingFile, Option<Trouble>) {
    let max_bytes = options.settings.max_file_bytes;
    let open = |place: Place| {
        let path = place.today();
        RollingFile::open(place, max_bytes, current.clone())
            .map_err(|error| unusable(&path, &error))
    };
    let wanted = place(options).map_err(|error| error.to_string());
    let problem = match wanted.and_then(open) {
        Ok(file) => return (file, None),
        Err(problem) => problem,
    };
    let own = options.paths.state_dir.join("logs");
    let instead = || Place::daily(own.clone(), options.paths);
    let opened = private_dir(&own)
        .map_err(|error| error.to_string())
        .and_then(|()| open(instead()));
    match opened {
        Ok(file) => {
            let reason = format!("{problem}; lines go to {}", current.path().display());
            let trouble = Trouble {
                reason,
                console_only: false,
            };
            (file, Some(trouble))
        }
        Err(other) => {
            let file = RollingFile::nowhere(instead(), max_bytes, current.clone());
            let trouble = Trouble {
                reason: format!("{problem}; {other}; lines go to the console alone"),
                console_only: true,
            };
            (file, Some(trouble))
        }
    }
}

/// Starts logging for the rest of the process.
pub(crate) fn start(
    options: &LogOptions<'_>,
    redactor: Redactor,
) -> Result<LogHandle, CommandError> {
    let redactor = Arc::new(redactor);
    let current = CurrentFile::default();
    let (file, trouble) = open_first(options, &current);
    let (redirect, losses) = (file.redirect(), file.losses());
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
        host: openclaw_config::platform::host_name(),
    };
    tracing::subscriber::set_global_default(Registry::default().with(layer))
        .map_err(CommandError::new)?;
    Ok(LogHandle {
        control: LogControl {
            current,
            redactor,
            redirect,
            losses,
            form,
            applied: Arc::new(Mutex::new(Applied {
                settings: options.settings.clone(),
                wanted_trouble: trouble.clone(),
                trouble,
            })),
        },
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
fn place(options: &LogOptions<'_>) -> Result<Place, StoreError> {
    if let Some(file) = &options.settings.file {
        return Ok(Place::Fixed(PathBuf::from(file)));
    }
    usable_log_dir(options.paths).map(|dir| Place::daily(dir, options.paths))
}
