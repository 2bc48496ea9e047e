//! Which lines are shown. Pure.

use openclaw_config::schema::LogLevel;

use super::entry::Entry;

/// Shows what both of its sides admit.
#[derive(Debug)]
pub(super) struct Filter {
    least: Option<u8>,
    subsystems: Vec<String>,
}

/// Reads `--level`.
pub(super) fn level(text: &str) -> Result<LogLevel, String> {
    LogLevel::parse(&text.to_ascii_lowercase())
        .filter(|level| *level != LogLevel::Silent)
        .ok_or_else(|| "use trace, debug, info, warn, error or fatal".to_owned())
}

impl Filter {
    pub(super) fn new(level: Option<LogLevel>, subsystems: &[String]) -> Self {
        Self {
            least: level.map(severity),
            subsystems: subsystems
                .iter()
                .map(|name| name.trim().trim_matches('/').to_ascii_lowercase())
                .filter(|name| !name.is_empty())
                .collect(),
        }
    }

    /// Whether everything is shown.
    pub(super) fn is_open(&self) -> bool {
        self.least.is_none() && self.subsystems.is_empty()
    }

    /// Whether a line is shown. A line that is no record has neither level nor part.
    pub(super) fn admits(&self, entry: &Entry) -> bool {
        let level = match self.least {
            None => true,
            Some(least) => entry
                .level()
                .and_then(LogLevel::parse)
                .is_some_and(|level| severity(level) >= least),
        };
        let part = self.subsystems.is_empty()
            || entry
                .part()
                .is_some_and(|part| self.subsystems.iter().any(|name| is_part(part, name)));
        level && part
    }
}

const fn severity(level: LogLevel) -> u8 {
    match level {
        LogLevel::Trace => 0,
        LogLevel::Debug => 1,
        LogLevel::Info => 2,
        LogLevel::Warn => 3,
        LogLevel::Error => 4,
        LogLevel::Fatal | LogLevel::Silent => 5,
    }
}

/// `gateway/conn` is named by itself, by what is before it, and by its last word.
fn is_part(part: &str, name: &str) -> bool {
    let part = part.to_ascii_lowercase();
    part == name
        || part
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('/'))
        || part
            .strip_suffix(name)
            .is_some_and(|rest| rest.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_by_level_and_part() {
        let line = |level: &str, part: &str| {
            Entry::parse(&format!(
                r#"{{"1":"text","_meta":{{"name":"{{\"subsystem\":\"{part}\"}}","logLevelName":"{level}"}}}}"#
            ))
        };
        for (level, names, expected) in [
            (None, &[][..], [true, true, true, true]),
            (Some(LogLevel::Warn), &[], [false, true, true, false]),
            (Some(LogLevel::Trace), &[], [true, true, true, false]),
            (None, &["conn"], [true, true, false, false]),
            (None, &["gateway"], [true, true, true, false]),
            (None, &["Gateway/Conn/", "none"], [true, true, false, false]),
            (None, &["on", "gate"], [false, false, false, false]),
            (
                Some(LogLevel::Error),
                &["conn"],
                [false, false, false, false],
            ),
        ] {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let filter = Filter::new(level, &names);
            let lines = [
                line("INFO", "gateway/conn"),
                line("WARN", "gateway/conn"),
                line("ERROR", "gateway"),
                Entry::parse("no record"),
            ];
            assert_eq!(
                lines.map(|line| filter.admits(&line)),
                expected,
                "{level:?} {names:?}"
            );
        }
        assert!(level("WARN").is_ok() && level("silent").is_err() && level("loud").is_err());
    }
}
