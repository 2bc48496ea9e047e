//! `cargo xtask dist`: the files of a release, in `target/dist`.
//!
//! Zig links for every system from one machine; it comes as a Python package and stays below `target/tools`. Archives hold the
//! same bytes whenever they are made from the same commit by the same tools. What cannot be built is said, the rest is built,
//! and the task then fails.

mod binary;
mod sbom;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::TaskResult;
use crate::setup::{cargo, root, run as run_command, target, works};
use binary::Form;
use tools::Tools;

/// A system that releases are made for.
#[derive(Debug)]
struct Target {
    /// As in the name of the archive.
    name: &'static str,
    triple: &'static str,
    form: Form,
}

const TARGETS: [Target; 4] = [
    Target {
        name: "linux-x86_64",
        triple: "x86_64-unknown-linux-musl",
        form: Form::StaticElf { machine: 0x3e },
    },
    Target {
        name: "linux-aarch64",
        triple: "aarch64-unknown-linux-musl",
        form: Form::StaticElf { machine: 0xb7 },
    },
    Target {
        name: "macos-aarch64",
        triple: "aarch64-apple-darwin",
        form: Form::MachO,
    },
    Target {
        name: "windows-x86_64",
        triple: "x86_64-pc-windows-gnu",
        form: Form::Pe,
    },
];

/// What the command line says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    /// Cargo profile.
    profile: String,
    /// Names of targets; none means all.
    only: Vec<String>,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            profile: "release".to_owned(),
            only: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--profile" => {
                    let name = arguments
                        .next()
                        .ok_or("dist: --profile needs a name, such as dev")?;
                    options.profile.clone_from(name);
                }
                name if TARGETS.iter().any(|target| target.name == name) => {
                    options.only.push(name.to_owned());
                }
                other => {
                    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
                    return Err(format!(
                        "dist: unknown target {other}; known: {}",
                        names.join(", ")
                    ));
                }
            }
        }
        Ok(options)
    }

    fn wants(&self, target: &Target) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == target.name)
    }

    /// Folder of the build below that of the target.
    fn folder(&self) -> &str {
        match self.profile.as_str() {
            "dev" => "debug",
            profile => profile,
        }
    }
}

pub(crate) fn run(arguments: &[String]) -> TaskResult {
    let options = Options::parse(arguments)?;
    let tools = Tools::install()?;
    let version = version()?;
    let out = target().join("dist");
    let problem = |error: std::io::Error| format!("dist: {}: {error}", out.display());
    if out.exists() {
        fs::remove_dir_all(&out).map_err(problem)?;
    }
    fs::create_dir_all(&out).map_err(problem)?;

    let mut built = Vec::new();
    let mut left_out = Vec::new();
    for target in TARGETS.iter().filter(|target| options.wants(target)) {
        println!("\n== dist: {}", target.name);
        match build(target, &options, &tools) {
            Ok(program) => built.push((target, program)),
            Err(why) => {
                println!("== dist: {} was not built: {why}", target.name);
                left_out.push(format!("  {}: {why}", target.name));
            }
        }
    }
    if !built.is_empty() {
        let extras = extras(&built)?;
        for (target, program) in &built {
            pack(target, program, &extras, &version, &out)?;
        }
        fs::copy(root().join("install.sh"), out.join("install.sh")).map_err(problem)?;
        Tools::pack(&["sums", &out.display().to_string()])?;
        println!("\ndist: in {}", out.display());
        print!(
            "{}",
            fs::read_to_string(out.join("SHA256SUMS")).map_err(problem)?
        );
    }
    if left_out.is_empty() {
        Ok(())
    } else {
        Err(format!("dist: not built:\n{}", left_out.join("\n")))
    }
}

/// Builds the program for one system and looks at what came out.
fn build(target: &Target, options: &Options, tools: &Tools) -> Result<PathBuf, String> {
    add_target(target.triple)?;
    let mut command = tools.cargo_zigbuild();
    command
        .args(["build", "--locked", "--package", "openclaw"])
        .args(["--profile", &options.profile, "--target", target.triple])
        .current_dir(root())
        .env("RUSTFLAGS", remap())
        .env("SOURCE_DATE_EPOCH", commit_time())
        .stdin(Stdio::null());
    if target.form == Form::MachO {
        // Taking symbols out afterwards would break the signature that the linker makes, and macOS starts nothing without one.
        command.env("CARGO_PROFILE_RELEASE_STRIP", "none");
    }
    run_command(&mut command)?;
    let mut program = crate::setup::target()
        .join(target.triple)
        .join(options.folder())
        .join("openclaw");
    if target.form == Form::Pe {
        program.set_extension("exe");
    }
    let bytes = fs::read(&program).map_err(|error| format!("{}: {error}", program.display()))?;
    target.form.check(&bytes)?;
    Ok(program)
}

/// The standard library for a system, by rustup where that is what manages toolchains.
fn add_target(triple: &str) -> TaskResult {
    let mut command = Command::new("rustup");
    command
        .args(["target", "add", triple])
        .current_dir(root())
        .stdin(Stdio::null());
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!(
            "rustup target add {triple}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        // Without rustup the toolchain has it or the build says that it has not.
        Err(_) => Ok(()),
    }
}

/// Keeps the paths of this machine out of the program.
fn remap() -> String {
    let mut places = vec![(root().display().to_string(), "/openclaw")];
    let home = std::env::var("CARGO_HOME")
        .ok()
        .or_else(|| Some(format!("{}/.cargo", std::env::var("HOME").ok()?)));
    if let Some(home) = home {
        places.push((home, "/cargo"));
    }
    let flags: Vec<String> = places
        .iter()
        .map(|(from, to)| format!("--remap-path-prefix={from}={to}"))
        .collect();
    flags.join(" ")
}

/// Seconds of the commit: the one time that goes into a release.
fn commit_time() -> String {
    let output = Command::new("git")
        .args(["log", "-1", "--format=%ct"])
        .current_dir(root())
        .output();
    let seconds = output.ok().and_then(|output| {
        let text = String::from_utf8(output.stdout).ok()?;
        text.trim().parse::<u64>().ok()
    });
    seconds.unwrap_or_default().to_string()
}

/// Completions and manual pages, by a program that runs here.
fn extras(built: &[(&Target, PathBuf)]) -> Result<PathBuf, String> {
    let runs_here = built
        .iter()
        .map(|(_, program)| program)
        .find(|program| works(Command::new(program).arg("--version")));
    let program = if let Some(program) = runs_here {
        program.clone()
    } else {
        run_command(&mut cargo(&["build", "--locked", "--package", "openclaw"]))?;
        target().join("debug/openclaw")
    };
    let folder = target().join("dist-extras");
    let problem = |error: std::io::Error| format!("dist: {}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(problem)?;
    }
    let completions = folder.join("completions");
    fs::create_dir_all(&completions).map_err(problem)?;
    for (shell, file) in [
        ("bash", "openclaw.bash"),
        ("zsh", "_openclaw"),
        ("fish", "openclaw.fish"),
        ("powershell", "openclaw.ps1"),
    ] {
        let output = quiet(&program)
            .args(["completion", "--shell", shell])
            .output()
            .map_err(problem)?;
        if !output.status.success() || output.stdout.is_empty() {
            return Err(format!("dist: no completion for {shell}"));
        }
        fs::write(completions.join(file), output.stdout).map_err(problem)?;
    }
    let manual = folder.join("man/man1");
    run_command(
        quiet(&program)
            .args(["completion", "--man"])
            .arg(&manual)
            .stdout(Stdio::null()),
    )?;
    Ok(folder)
}

/// The program with nothing of this user's settings.
fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", target())
        .stdin(Stdio::null());
    command
}

fn pack(target: &Target, program: &Path, extras: &Path, version: &str, out: &Path) -> TaskResult {
    let name = format!("openclaw-{version}-{}", target.name);
    let kind = match target.form {
        Form::Pe => "zip",
        Form::StaticElf { .. } | Form::MachO => "tar.gz",
    };
    let archive = out.join(format!("{name}.{kind}"));
    let bill = out.join(format!("{name}.cdx.json"));
    fs::write(&bill, sbom::make(target.triple, version)?)
        .map_err(|error| format!("dist: {}: {error}", bill.display()))?;
    let root = root();
    let shown = |path: &Path| path.display().to_string();
    let contents = [
        shown(program),
        shown(&root.join("README.md")),
        shown(&root.join("LICENSE")),
        shown(&root.join("CHANGELOG.md")),
        shown(&root.join("deploy")),
        shown(&extras.join("completions")),
        shown(&extras.join("man")),
    ];
    let mut words = vec!["archive".to_owned(), shown(&archive), name, commit_time()];
    words.extend(contents);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Tools::pack(&words)
}

/// The version of the workspace.
fn version() -> Result<String, String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml"))
        .map_err(|error| format!("dist: Cargo.toml: {error}"))?;
    manifest
        .split_once("[workspace.package]")
        .and_then(|(_, rest)| {
            rest.lines()
                .find_map(|line| line.strip_prefix("version = "))
        })
        .map(|version| version.trim_matches('"').to_owned())
        .ok_or_else(|| "dist: Cargo.toml names no version".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_chosen_by_name() {
        let parse = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            Options::parse(&words)
        };
        let all = parse(&[]).unwrap();
        assert_eq!(all.folder(), "release");
        assert!(TARGETS.iter().all(|target| all.wants(target)));
        let one = parse(&["linux-aarch64", "--profile", "dev"]).unwrap();
        assert_eq!(one.folder(), "debug");
        let wanted: Vec<&str> = TARGETS
            .iter()
            .filter(|target| one.wants(target))
            .map(|target| target.name)
            .collect();
        assert_eq!(wanted, ["linux-aarch64"]);
        assert!(parse(&["plan9"]).unwrap_err().contains("linux-x86_64"));
        assert!(parse(&["--profile"]).is_err());
    }

    #[test]
    fn the_version_is_that_of_the_workspace() {
        assert_eq!(version().unwrap(), env!("CARGO_PKG_VERSION"));
    }
}
