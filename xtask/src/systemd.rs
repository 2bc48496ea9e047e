//! `cargo xtask systemd`: the services in a Debian root whose own systemd is booted, from the first install to the last trace.
//!
//! The root has the release binary and nothing else of ours; it sees no network but its loopback. Every step is printed with what
//! was seen; the first that goes wrong ends the task, with the end of the journal in there. On request only: it needs root, a
//! Debian mirror and some minutes.

mod failures;
mod journey;
mod machine;
mod machine_service;
mod root;
mod user_service;

use std::path::PathBuf;

use crate::TaskResult;
use crate::setup::target;
use journey::Journey;
use machine::Machine;

/// What the command line says.
#[derive(Debug)]
struct Options {
    /// The program to install; by default the release of this checkout, which is built.
    binary: Option<PathBuf>,
    /// Release of Debian.
    suite: String,
    mirror: String,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            binary: None,
            suite: "bookworm".to_owned(),
            mirror: "http://deb.debian.org/debian".to_owned(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = arguments.next().cloned();
            let value = value.ok_or_else(|| format!("systemd: {argument} needs a value"));
            match argument.as_str() {
                "--binary" => options.binary = Some(value?.into()),
                "--suite" => options.suite = value?,
                "--mirror" => options.mirror = value?,
                other => {
                    return Err(format!(
                        "systemd: unknown flag {other}; known: --binary <path>, --suite <name>, --mirror <url>"
                    ));
                }
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(arguments: &[String]) -> TaskResult {
    let options = Options::parse(arguments)?;
    root::check_tools()?;
    let binary = match options.binary {
        Some(binary) => binary,
        None => release()?,
    };
    let root = root::fresh(&options.suite, &options.mirror, &binary)?;
    let mut journey = Journey::begin(Machine::new(root), &binary)?;
    let outcome = user_service::run(&mut journey)
        .and_then(|()| failures::run(&mut journey))
        .and_then(|()| user_service::reboot_and_remove(&mut journey))
        .and_then(|()| machine_service::run(&mut journey));
    journey.end(outcome)
}

/// The release of this checkout for this machine.
fn release() -> Result<PathBuf, String> {
    let (name, triple) = match std::env::consts::ARCH {
        "x86_64" => ("linux-x86_64", "x86_64-unknown-linux-musl"),
        "aarch64" => ("linux-aarch64", "aarch64-unknown-linux-musl"),
        other => return Err(format!("systemd: no release is made for {other}")),
    };
    crate::dist::run(&[name.to_owned()])?;
    Ok(target().join(triple).join("release").join("openclaw"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_values() {
        let parse = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            Options::parse(&words)
        };
        let options = parse(&["--suite", "trixie", "--binary", "/b"]).expect("both are known");
        assert_eq!(
            (options.suite.as_str(), options.binary),
            ("trixie", Some("/b".into()))
        );
        assert!(
            parse(&["--suite"])
                .expect_err("no value")
                .contains("needs a value")
        );
        assert!(
            parse(&["--fast", "1"])
                .expect_err("no such flag")
                .contains("unknown flag")
        );
    }
}
