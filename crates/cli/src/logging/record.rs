//! One log record as text: the line of the file, the line of the console. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use openclaw_config::schema::ConsoleStyle;
use serde_json::{Map, Value, json};
use tracing::Level;

use crate::ui::Style;

/// What was logged.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// When.
    pub(super) time: Timestamp,
    /// How severe.
    pub(super) level: Level,
    /// Which part of the program.
    pub(super) subsystem: String,
    /// The text.
    pub(super) message: String,
    /// Everything that came with it.
    pub(super) fields: Map<String, Value>,
}

/// Name of a level, and its number in the file.
const fn level_name(level: Level) -> (&'static str, u8) {
    match level {
        Level::ERROR => ("ERROR", 5),
        Level::WARN => ("WARN", 4),
        Level::INFO => ("INFO", 3),
        Level::DEBUG => ("DEBUG", 2),
        Level::TRACE => ("TRACE", 1),
    }
}

/// The subsystem for a module path: `openclaw_gateway::conn::actor` → `gateway/conn`.
pub(super) fn subsystem(target: &str) -> String {
    let mut parts = target.split("::");
    let top = parts.next().unwrap_or_default();
    let Some(part) = top.strip_prefix("openclaw_") else {
        return top.to_owned();
    };
    match parts.next() {
        Some(module) if module != part => format!("{part}/{module}"),
        _ => part.to_owned(),
    }
}

impl Record {
    /// The line of the file, in the shape that every release's `logs` command reads.
    pub(super) fn file_line(&self, host: &str) -> String {
        let (name, number) = level_name(self.level);
        let time = iso(self.time);
        let source = json!({ "subsystem": self.subsystem }).to_string();
        let mut line = Map::new();
        line.insert("0".to_owned(), json!(source));
        if self.fields.is_empty() {
            line.insert("1".to_owned(), json!(self.message));
        } else {
            line.insert("1".to_owned(), Value::Object(self.fields.clone()));
            line.insert("2".to_owned(), json!(self.message));
        }
        line.insert(
            "_meta".to_owned(),
            json!({
                "runtime": "rust",
                "hostname": host,
                "name": source,
                "parentNames": ["openclaw"],
                "date": time,
                "logLevelId": number,
                "logLevelName": name,
            }),
        );
        line.insert("time".to_owned(), json!(time));
        // For readers that show one text: 2026.9.6 takes it before anything else, 2026.1.30 where "1" is no text.
        line.insert("message".to_owned(), json!(self.text()));
        format!("{}\n", Value::Object(line))
    }

    /// The line of the console.
    pub(super) fn console_line(&self, style: ConsoleStyle, colour: bool) -> String {
        let (name, _) = level_name(self.level);
        let part = display_subsystem(&self.subsystem);
        match style {
            ConsoleStyle::Json => {
                let mut line = json!({
                    "time": iso(self.time),
                    "level": name.to_ascii_lowercase(),
                    "subsystem": self.subsystem,
                    "message": self.message,
                });
                for (key, value) in &self.fields {
                    line[key] = value.clone();
                }
                format!("{line}\n")
            }
            ConsoleStyle::Compact => format!("{} [{part}] {}\n", iso(self.time), self.text()),
            ConsoleStyle::Pretty => {
                let clock = self
                    .time
                    .to_zoned(TimeZone::system())
                    .strftime("%H:%M:%S")
                    .to_string();
                let text = self.text();
                if !colour {
                    return format!("{clock} [{part}] {text}\n");
                }
                let text = match self.level {
                    Level::ERROR => Style::Error.apply(&text),
                    Level::WARN => Style::Warn.apply(&text),
                    _ => text,
                };
                format!("{} [{part}] {text}\n", Style::Muted.apply(&clock))
            }
        }
    }

    /// Message and fields.
    fn text(&self) -> String {
        let mut text = self.message.clone();
        for (key, value) in &self.fields {
            text.push(' ');
            text.push_str(key);
            text.push('=');
            match value.as_str() {
                Some(value) if !value.contains([' ', '"']) && !value.is_empty() => {
                    text.push_str(value);
                }
                _ => text.push_str(&value.to_string()),
            }
        }
        text
    }
}

/// The console drops the part that all have in common.
fn display_subsystem(subsystem: &str) -> &str {
    subsystem.strip_prefix("gateway/").unwrap_or(subsystem)
}

fn iso(time: Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            time: "2026-11-22T16:13:24.124Z".parse().unwrap(),
            level: Level::WARN,
            subsystem: "gateway/conn".to_owned(),
            message: "slow consumer".to_owned(),
            fields: Map::new(),
        }
    }

    #[test]
    fn file_lines_have_the_known_shape() {
        let line: Value = serde_json::from_str(&record().file_line("gw")).unwrap();
        assert_eq!(line["0"], r#"{"subsystem":"gateway/conn"}"#);
        assert_eq!(line["1"], "slow consumer");
        assert_eq!(line["time"], "2026-11-22T16:13:24.124Z");
        assert_eq!(line["message"], "slow consumer");
        assert_eq!(line["_meta"]["logLevelName"], "WARN");
        assert_eq!(line["_meta"]["logLevelId"], 4);
        assert_eq!(line["_meta"]["name"], line["0"]);
        assert_eq!(line["_meta"]["hostname"], "gw");
        let mut with_fields = record();
        with_fields.fields.insert("conn".to_owned(), json!(7));
        let line: Value = serde_json::from_str(&with_fields.file_line("gw")).unwrap();
        assert_eq!(
            (&line["1"], &line["2"]),
            (&json!({"conn": 7}), &json!("slow consumer"))
        );
        assert_eq!(line["message"], "slow consumer conn=7");
    }

    #[test]
    fn console_lines() {
        let mut record = record();
        record
            .fields
            .insert("reason".to_owned(), json!("two words"));
        record.fields.insert("n".to_owned(), json!(1));
        assert_eq!(
            record.console_line(ConsoleStyle::Compact, false),
            "2026-11-22T16:13:24.124Z [conn] slow consumer reason=\"two words\" n=1\n"
        );
        assert_eq!(
            record.console_line(ConsoleStyle::Json, false),
            "{\"time\":\"2026-11-22T16:13:24.124Z\",\"level\":\"warn\",\"subsystem\":\"gateway/conn\",\"message\":\"slow consumer\",\"reason\":\"two words\",\"n\":1}\n"
        );
        let pretty = record.console_line(ConsoleStyle::Pretty, false);
        assert_eq!(
            &pretty[8..],
            " [conn] slow consumer reason=\"two words\" n=1\n"
        );
    }

    #[test]
    fn subsystems() {
        for (target, expected) in [
            ("openclaw_gateway::conn::actor", "gateway/conn"),
            ("openclaw_gateway::gateway::start", "gateway"),
            ("openclaw_node::host", "node/host"),
            ("gateway", "gateway"),
            ("canvas", "canvas"),
            ("hyper::proto", "hyper"),
        ] {
            assert_eq!(subsystem(target), expected, "{target}");
        }
    }
}
