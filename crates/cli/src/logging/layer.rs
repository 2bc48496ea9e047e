//! Takes events from `tracing` to the file and the console.

use std::io::Write;
use std::sync::Arc;

use clap::ValueEnum;
use jiff::Timestamp;
use openclaw_config::schema::{ConsoleStyle, LogLevel};
use parking_lot::RwLock;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::record::{Record, subsystem};
use super::redact::Redactor;

/// How much of the traffic shows on the console.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WsLog {
    /// As much as of everything else.
    #[default]
    Auto,
    /// All of it.
    Full,
    /// Only what is wrong.
    Compact,
}

/// What is kept, by destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Levels {
    file: LevelFilter,
    console: LevelFilter,
    traffic: LevelFilter,
}

impl Levels {
    /// From the words of the config.
    pub(crate) fn new(file: LogLevel, console: LogLevel, ws_log: WsLog) -> Self {
        let console = filter(console);
        Self {
            file: filter(file),
            console,
            traffic: match ws_log {
                WsLog::Auto => console,
                WsLog::Full => LevelFilter::TRACE,
                WsLog::Compact => console.min(LevelFilter::WARN),
            },
        }
    }

    fn most(self) -> LevelFilter {
        self.file.max(self.console).max(self.traffic)
    }

    fn on_console(self, target: &str) -> LevelFilter {
        if is_traffic(target) {
            self.traffic
        } else {
            self.console
        }
    }
}

const fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Silent => LevelFilter::OFF,
        LogLevel::Fatal | LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

fn is_traffic(target: &str) -> bool {
    [
        "openclaw_gateway::conn",
        "openclaw_gateway::http",
        "openclaw_gateway::rpc",
    ]
    .iter()
    .any(|module| target.starts_with(module))
}

/// Libraries talk about themselves; only what is wrong there matters here.
fn is_ours(target: &str) -> bool {
    target.starts_with("openclaw") || matches!(target, "gateway" | "node" | "canvas")
}

/// The two streams of the console.
#[derive(Debug)]
pub(super) struct Console {
    pub(super) out: NonBlocking,
    pub(super) err: NonBlocking,
    /// Whether the terminal shows colours.
    pub(super) colour: bool,
}

/// What a change of the config changes while lines are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) levels: Levels,
    pub(super) style: ConsoleStyle,
}

/// The layer.
#[derive(Debug)]
pub(super) struct LogLayer {
    pub(super) file: NonBlocking,
    pub(super) console: Console,
    pub(super) form: Arc<RwLock<Form>>,
    pub(super) redactor: Arc<Redactor>,
    pub(super) host: String,
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let most = if is_ours(metadata.target()) {
            self.form.read().levels.most()
        } else {
            LevelFilter::WARN
        };
        *metadata.level() <= most
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.form.read().levels.most())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let level = *metadata.level();
        let mut values = Values::default();
        event.record(&mut values);
        let record = Record {
            time: Timestamp::now(),
            level,
            subsystem: subsystem(metadata.target()),
            message: values.message,
            fields: values.fields,
        };
        let Form { levels, style } = *self.form.read();
        if level <= levels.file {
            write(
                &self.file,
                &self.redactor.clean(record.file_line(&self.host)),
            );
        }
        if level <= levels.on_console(metadata.target()) {
            let colour = self.console.colour && style != ConsoleStyle::Json;
            let line = record.console_line(style, colour);
            let stream = if level <= Level::WARN {
                &self.console.err
            } else {
                &self.console.out
            };
            write(stream, &self.redactor.clean(line));
        }
    }
}

/// The writer behind it drops lines when its buffer is full; there is nobody to tell.
fn write(writer: &NonBlocking, line: &str) {
    writer.clone().write_all(line.as_bytes()).ok();
}

/// Collects the message and the fields of an event.
#[derive(Debug, Default)]
struct Values {
    message: String,
    fields: Map<String, Value>,
}

impl Values {
    fn set(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            self.message = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
        } else {
            self.fields.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Values {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.set(field, json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, json!(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        self.set(field, json!(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_by_destination() {
        let levels = Levels::new(LogLevel::Info, LogLevel::Warn, WsLog::Full);
        assert_eq!(levels.most(), LevelFilter::TRACE);
        assert_eq!(
            levels.on_console("openclaw_gateway::conn::actor"),
            LevelFilter::TRACE
        );
        assert_eq!(
            levels.on_console("openclaw_gateway::pairing"),
            LevelFilter::WARN
        );
        let quiet = Levels::new(LogLevel::Silent, LogLevel::Info, WsLog::Compact);
        assert_eq!(quiet.on_console("openclaw_gateway::rpc"), LevelFilter::WARN);
        assert_eq!(quiet.most(), LevelFilter::INFO);
    }
}
