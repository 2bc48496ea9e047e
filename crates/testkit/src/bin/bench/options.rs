//! The command line of the benchmark program.

/// What to measure, and how thoroughly.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Names of scenarios; empty means all.
    pub(crate) names: Vec<String>,
    /// Fewer operations and one round: to see that everything runs, not to quote.
    pub(crate) quick: bool,
    /// Rounds of a comparison; the median counts.
    pub(crate) rounds: usize,
    /// Rewrite the table of docs/benchmarks.md.
    pub(crate) write: bool,
    /// Only cases whose name contains this.
    pub(crate) only: Option<String>,
    /// Run the gateway inside this program instead of the `openclaw` next to it.
    pub(crate) embedded: bool,
}

pub(crate) const USAGE: &str = "usage: cargo xtask bench [scenario…] [--quick] [--rounds N] [--only TEXT] [--write] [--embedded]

  --quick      fewer operations, one round
  --rounds N   rounds of a comparison, of which the median counts (default 3)
  --only TEXT  only the cases of a scenario whose name contains this
  --write      put the table into docs/benchmarks.md
  --embedded   measure the gateway library in a process of this program instead of the `openclaw` beside it
";

impl Options {
    /// Reads the arguments; the error is the text to print.
    pub(crate) fn parse(arguments: &[String], known: &[&str]) -> Result<Self, String> {
        let mut options = Self {
            names: Vec::new(),
            quick: false,
            rounds: 3,
            write: false,
            only: None,
            embedded: false,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--quick" => {
                    options.quick = true;
                    options.rounds = 1;
                }
                "--rounds" => {
                    let number = rest.next().and_then(|text| text.parse().ok());
                    options.rounds = number
                        .filter(|number| *number > 0)
                        .ok_or("--rounds needs a number above 0")?;
                }
                "--only" => {
                    let text = rest.next().ok_or("--only needs a part of a name")?;
                    options.only = Some(text.clone());
                }
                "--write" => options.write = true,
                "--embedded" => options.embedded = true,
                name if known.contains(&name) => options.names.push(name.to_owned()),
                other => {
                    return Err(format!(
                        "unknown argument: {other}\n\n{USAGE}\nscenarios: {}",
                        known.join(" ")
                    ));
                }
            }
        }
        Ok(options)
    }

    /// Whether a scenario was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }

    /// Whether a case of a scenario was asked for.
    pub(crate) fn wants_case(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|part| name.contains(part.as_str()))
    }

    /// A number of operations: all of them, or a tenth for a quick look.
    pub(crate) fn count(&self, full: u32) -> u32 {
        if self.quick { (full / 10).max(1) } else { full }
    }
}
