//! The rows that were measured, as a table for people and for docs/benchmarks.md.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::process;

/// What is wanted of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// At most so many times the echo of the same run.
    TimesEcho(f64),
    /// At most this much of the row's unit.
    AtMost(f64),
    /// Shown for comparison only.
    None,
}

/// One figure.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    ratio: Option<f64>,
    target: Target,
}

impl Row {
    /// A figure of its own.
    pub(crate) fn new(
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        target: Target,
    ) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            ratio: None,
            target,
        }
    }

    /// CPU time per operation beside that of an echo.
    pub(crate) fn compared(
        name: impl Into<String>,
        micros: f64,
        ratio: f64,
        target: Target,
    ) -> Self {
        Self {
            ratio: Some(ratio),
            ..Self::new(name, micros, "µs", target)
        }
    }

    /// How far the target is missed, as a share of it; `None` when it is reached or there is none.
    fn missed_by(&self) -> Option<f64> {
        let (value, limit) = match self.target {
            Target::TimesEcho(limit) => (self.ratio?, limit),
            Target::AtMost(limit) => (self.value, limit),
            Target::None => return None,
        };
        (value > limit).then(|| value / limit - 1.0)
    }

    fn cells(&self) -> [String; 5] {
        let target = match self.target {
            Target::TimesEcho(limit) => format!("≤ {limit} × echo"),
            Target::AtMost(limit) => format!("≤ {} {}", number(limit), self.unit),
            Target::None => String::from("–"),
        };
        let verdict = match (self.target, self.missed_by()) {
            (Target::None, _) => "",
            (_, None) => "ok",
            (_, Some(_)) => "MISSED",
        };
        [
            self.name.clone(),
            target,
            format!("{} {}", number(self.value), self.unit),
            self.ratio
                .map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            verdict.to_owned(),
        ]
    }
}

fn number(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
    .trim_end_matches(".00")
    .to_owned()
}

const HEADER: [&str; 5] = ["What", "Target", "Measured", "× echo", ""];

/// The table with aligned columns, Markdown that also reads well in a terminal.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut lines: Vec<[String; 5]> = vec![HEADER.map(str::to_owned)];
    lines.extend(rows.iter().map(Row::cells));
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        text.push('|');
        for (cell, width) in line.iter().zip(widths) {
            let padding = " ".repeat(width - cell.chars().count());
            write!(text, " {cell}{padding} |").expect("a string takes text");
        }
        text.push('\n');
        if index == 0 {
            text.push('|');
            for width in widths {
                text.push_str(&"-".repeat(width + 2));
                text.push('|');
            }
            text.push('\n');
        }
    }
    text
}

/// What was missed, and by how much.
pub(crate) fn misses(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        if let Some(share) = row.missed_by() {
            let percent = share * 100.0;
            writeln!(text, "- {}: by {percent:.0} %", row.name).expect("a string takes text");
        }
    }
    text
}

/// Where the generated part of the page begins; what comes before is written by hand.
const MARKER: &str = "<!-- figures: written by `cargo xtask bench --write`, do not edit below -->";

/// Replaces the generated part of the page.
pub(crate) fn write(page: &Path, rows: &[Row]) -> io::Result<()> {
    let old = std::fs::read_to_string(page)?;
    let kept = old.split(MARKER).next().unwrap_or_default().trim_end();
    let mut text = format!("{kept}\n\n{MARKER}\n\n## Machine\n\n");
    for fact in process::machine() {
        writeln!(text, "- {fact}").expect("a string takes text");
    }
    writeln!(text, "\n## Figures\n\n{}", table(rows)).expect("a string takes text");
    let misses = misses(rows);
    text.push_str("## Missed\n\n");
    text.push_str(if misses.is_empty() {
        "Nothing.\n"
    } else {
        &misses
    });
    std::fs::write(page, text)
}
