//! One line of a log file, in the shape that gateways of every release write.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::ui::format::printable;
use crate::ui::{Style, Ui};

/// What a log line says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    time: Option<String>,
    level: Option<String>,
    subsystem: Option<String>,
    module: Option<String>,
    /// `None` for a line that is not a log record.
    message: Option<String>,
}

impl Entry {
    /// Reads a line. Anything that is not a record is kept as it is.
    pub(super) fn parse(line: &str) -> Self {
        let Ok(record @ Value::Object(_)) = serde_json::from_str::<Value>(line) else {
            return Self::default();
        };
        let meta = &record["_meta"];
        let name: Value = meta["name"]
            .as_str()
            .and_then(|name| serde_json::from_str(name).ok())
            .unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let subsystem = text(&name["subsystem"]);
        let mut parts: Vec<String> = (0..)
            .map_while(|index: usize| record.get(index.to_string()))
            .map(|value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            })
            .collect();
        // The first argument of a subsystem's logger repeats the subsystem.
        let is_name = |part: &String| {
            serde_json::from_str::<Value>(part).is_ok_and(|value| value.get("subsystem").is_some())
        };
        if parts.len() > 1 && parts.first().is_some_and(is_name) {
            parts.remove(0);
        }
        let message = if parts.is_empty() {
            text(&record["message"])
        } else {
            Some(parts.join(" "))
        };
        Self {
            time: text(&record["time"]).or_else(|| text(&meta["date"])),
            level: text(&meta["logLevelName"]).map(|level| level.to_ascii_lowercase()),
            module: text(&name["module"]),
            subsystem,
            message,
        }
    }

    /// How severe, in lower case.
    pub(super) fn level(&self) -> Option<&str> {
        self.level.as_deref()
    }

    /// Which part of the program.
    pub(super) fn part(&self) -> Option<&str> {
        self.subsystem.as_deref().or(self.module.as_deref())
    }

    /// `<time> <level> <subsystem> <message>`; `clock` shows the local time of day only.
    pub(super) fn to_text(&self, ui: Ui, raw: &str, clock: bool) -> String {
        let Some(message) = &self.message else {
            return printable(raw).into_owned();
        };
        let time = self.time.as_deref().unwrap_or_default();
        let time = if clock {
            time_of_day(time)
        } else {
            time.to_owned()
        };
        let level = self.level.as_deref().unwrap_or_default();
        let source = self.part().unwrap_or_default();
        // Painted last: what a record holds must not steer the terminal.
        let [time, level] = [time.as_str(), level].map(printable);
        let [source, message] = [source, message.as_str()].map(printable);
        let (time, level) = if clock {
            let (muted, of_level) = (Style::Muted, style(&level));
            (
                ui.paint(muted, &time).into(),
                ui.paint(of_level, &level).into(),
            )
        } else {
            (time, level)
        };
        [time, level, source, message]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The JSON form of a line.
    pub(super) fn to_json(&self, raw: &str) -> Value {
        let Some(message) = &self.message else {
            return json!({ "type": "raw", "raw": raw });
        };
        let mut line = json!({ "type": "log", "time": self.time, "level": self.level });
        if let Some(subsystem) = &self.subsystem {
            line["subsystem"] = json!(subsystem);
        }
        if let Some(module) = &self.module {
            line["module"] = json!(module);
        }
        line["message"] = json!(message);
        line["raw"] = json!(raw);
        line
    }
}

fn time_of_day(time: &str) -> String {
    time.parse::<Timestamp>().map_or_else(
        |_| time.to_owned(),
        |time| {
            time.to_zoned(TimeZone::system())
                .strftime("%H:%M:%S")
                .to_string()
        },
    )
}

fn style(level: &str) -> Style {
    match level {
        "error" | "fatal" => Style::Error,
        "warn" => Style::Warn,
        "info" => Style::Success,
        _ => Style::Muted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_every_release() {
        let subsystem = r#"{"0":"{\"subsystem\":\"gateway/ws\"}","1":"closed","_meta":{"name":"{\"subsystem\":\"gateway/ws\"}","logLevelName":"WARN","date":"d"},"time":"2026-11-22T16:00:00.000Z"}"#;
        assert_eq!(
            Entry::parse(subsystem).to_json(subsystem),
            json!({"type": "log", "time": "2026-11-22T16:00:00.000Z", "level": "warn",
                "subsystem": "gateway/ws", "message": "closed", "raw": subsystem})
        );
        let plain =
            r#"{"0":"hello","1":{"a":1},"_meta":{"logLevelName":"INFO","date":"2026-11-22"}}"#;
        let entry = Entry::parse(plain);
        assert_eq!(entry.message.as_deref(), Some(r#"hello {"a":1}"#));
        assert_eq!(entry.time.as_deref(), Some("2026-11-22"));
        for raw in ["not json", "[1]", "{}"] {
            assert_eq!(
                Entry::parse(raw).to_json(raw),
                json!({"type": "raw", "raw": raw})
            );
        }
    }
}
