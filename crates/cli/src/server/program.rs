//! The program file that a restart runs: the one that is there then, after proving that it starts.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use openclaw_config::env::keep_secrets_from;
use tokio::process::Command;
use tokio::time::timeout;

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// The file this process was started from, by the name that an upgrade replaces.
#[derive(Debug, Clone)]
pub(crate) struct Program(PathBuf);

impl Program {
    /// Of this process. To be asked at the start: later the file may be another one.
    pub(crate) fn of_this_process() -> Self {
        // Roots without /proc do not say which file it is.
        let running = std::env::current_exe().ok().map(named);
        let typed = std::env::args_os().next().unwrap_or_default();
        let folder = std::env::current_dir().unwrap_or_default();
        let is_running = |path: &Path| match &running {
            Some(running) => match path.canonicalize() {
                Ok(path) => running.canonicalize().is_ok_and(|running| running == path),
                // It went after this process was started from it; the next program will be there.
                Err(error) => error.kind() == std::io::ErrorKind::NotFound,
            },
            None => path.is_file(),
        };
        let path = as_typed(&typed, &folder, is_running).or_else(|| running.clone());
        Self(path.unwrap_or_else(|| PathBuf::from(&typed)))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Runs it to see that it starts; gives its version.
    pub(crate) async fn version(&self) -> Result<String, String> {
        let shown = format!("{} --version", self.0.display());
        let mut command = Command::new(&self.0);
        keep_secrets_from(command.as_std_mut());
        command
            .arg("--version")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = match timeout(PATIENCE, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(format!("{shown} cannot be run: {error}")),
            Err(_) => {
                return Err(format!(
                    "{shown} does not end within {} s",
                    PATIENCE.as_secs()
                ));
            }
        };
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("nothing").to_owned();
            return Err(format!("{shown} fails ({}): {said}", output.status));
        }
        if text.is_empty() || text.lines().count() > 1 {
            return Err(format!("{shown} does not say a version"));
        }
        Ok(text)
    }
}

/// The system marks a program whose file is gone; an upgrade puts the next one at the same place.
fn named(running: PathBuf) -> PathBuf {
    let text = running.to_string_lossy();
    match text.strip_suffix(" (deleted)") {
        Some(path) if !running.exists() => PathBuf::from(path),
        _ => running,
    }
}

/// The path that was typed, or that a service file names, when it leads to the running program: an upgrade may replace a link
/// on it.
fn as_typed(typed: &OsStr, folder: &Path, is_running: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let path = Path::new(typed);
    // A bare name was looked up; where, nobody knows any more.
    if path.components().count() < 2 {
        return None;
    }
    let path = folder.join(path);
    is_running(&path).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn u23_the_typed_path_is_kept_when_it_leads_to_the_running_program() {
        let is_running = |path: &Path| path == Path::new("/opt/oc/openclaw");
        for (typed, expected) in [
            ("/opt/oc/openclaw", Some("/opt/oc/openclaw")),
            ("./openclaw", None),
            ("oc/openclaw", Some("/opt/oc/openclaw")),
            ("openclaw", None),
            ("/usr/bin/other", None),
            ("", None),
        ] {
            let path = as_typed(OsStr::new(typed), Path::new("/opt"), is_running);
            assert_eq!(path.as_deref(), expected.map(Path::new), "{typed}");
        }
    }

    #[tokio::test]
    async fn u23_a_program_that_does_not_start_is_told_apart() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("openclaw");
        let program = Program(path.clone());
        let missing = program.version().await.unwrap_err();
        assert!(missing.contains("cannot be run"), "{missing}");
        for (script, expected) in [
            ("#!/bin/sh\necho 1.2.3\n", Ok("1.2.3")),
            ("#!/bin/sh\necho broken >&2; exit 3\n", Err("broken")),
            ("#!/bin/sh\n", Err("does not say a version")),
        ] {
            // A fresh file each time: the system refuses to run one that is open for writing.
            let version = home.path().join(format!("v{}", script.len()));
            fs::write(&version, script).unwrap();
            fs::set_permissions(&version, fs::Permissions::from_mode(0o755)).unwrap();
            drop(fs::remove_file(&path));
            symlink(&version, &path).unwrap();
            match (program.version().await, expected) {
                (Ok(version), Ok(expected)) => assert_eq!(version, expected),
                (Err(reason), Err(expected)) => assert!(reason.contains(expected), "{reason}"),
                (other, expected) => panic!("{other:?} {expected:?}"),
            }
        }
    }
}
