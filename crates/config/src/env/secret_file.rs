//! Secrets that the environment names by file, as orchestrators mount them.
//!
//! What cannot be read is kept as a note: whoever needs that secret refuses, everybody else goes on.

use std::collections::{HashMap, HashSet};

use super::opened::Unreadable;
use super::secrets::{SECRETS, SecretNote, legacy};
use super::{non_blank, opened};

/// Longest secret, in bytes; a file that holds more was named by mistake.
const LONGEST: u64 = 4096;
/// Permissions with which others than the owner change the file.
const WRITABLE: u32 = 0o022;
/// Permissions with which everybody reads the file.
const READABLE: u32 = 0o004;

/// What was found out about the secrets of the environment.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Secrets {
    /// Variables whose value comes from the file that another one names.
    pub(super) from_file: HashMap<&'static str, &'static str>,
    /// Secrets that were given and cannot be had.
    pub(super) problems: Vec<SecretNote>,
    /// Secrets that others can get at.
    pub(super) warnings: Vec<SecretNote>,
}

/// Puts what the files hold where the variables would be. A variable that is set beats its file. `not_text` are the names
/// whose value is not UTF-8; `alone` says that nobody else has accounts here, as in a container.
pub(super) fn read_all(
    process: &mut HashMap<String, String>,
    not_text: &HashSet<String>,
    alone: bool,
) -> Secrets {
    let mut secrets = Secrets::default();
    for (name, file_name) in SECRETS {
        if non_blank(process, name).is_some() {
            continue;
        }
        let unreadable = |variable: &'static str| {
            not_text.contains(variable).then(|| SecretNote {
                secret: name,
                variable,
                what: " is not UTF-8".to_owned(),
                fix: format!("set {variable} to text, or unset it"),
                passing: false,
            })
        };
        if let Some(problem) = unreadable(name).or_else(|| unreadable(file_name)) {
            secrets.problems.push(problem);
            continue;
        }
        let Some(path) = non_blank(process, file_name).map(str::to_owned) else {
            let older = legacy(name).filter(|older| non_blank(process, older).is_none());
            secrets.problems.extend(older.and_then(unreadable));
            continue;
        };
        let note = |what: String, fix: String, passing: bool| SecretNote {
            secret: name,
            variable: file_name,
            what: format!("={path}: {what}"),
            fix,
            passing,
        };
        match read(&path) {
            Ok((secret, mode)) => {
                if let Some(who) = mode.and_then(|mode| others(mode, alone)) {
                    secrets
                        .warnings
                        .push(note(who, format!("chmod 600 {path}"), false));
                }
                process.insert(name.to_owned(), secret);
                secrets.from_file.insert(name, file_name);
            }
            Err(why) => secrets.problems.push(note(
                why.to_string(),
                format!(
                    "name a file that holds the secret alone and that this user can read, or unset {file_name}"
                ),
                why.passing,
            )),
        }
    }
    secrets
}

/// What others may do with a file of these permissions.
fn others(mode: u32, alone: bool) -> Option<String> {
    let shown = mode & 0o777;
    if mode & WRITABLE != 0 {
        Some(format!(
            "other users may change the file (mode {shown:03o})"
        ))
    } else if mode & READABLE != 0 && !alone {
        Some(format!("other users may read the file (mode {shown:03o})"))
    } else {
        None
    }
}

fn read(path: &str) -> Result<(String, Option<u32>), Unreadable> {
    let found = opened::read(path, LONGEST + 1)?;
    if found.bytes.len() as u64 > LONGEST {
        return Err(Unreadable::lasting(format!(
            "longer than {LONGEST} bytes; this is no secret"
        )));
    }
    let text = String::from_utf8(found.bytes)
        .map_err(|_| Unreadable::lasting("cannot be read: it is not UTF-8"))?;
    match text.trim() {
        "" => Err(Unreadable::lasting("the file is empty")),
        secret if secret.contains(['\n', '\r', '\0']) => Err(Unreadable::lasting(
            "more than one line; write the secret alone into the file",
        )),
        secret => Ok((secret.to_owned(), found.mode)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::env::{OPENCLAW_GATEWAY_TOKEN, OPENCLAW_GATEWAY_TOKEN_FILE};

    fn read_with(pairs: &[(&str, &str)], not_text: &[&str]) -> (Option<String>, Secrets) {
        let mut process = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let not_text = not_text.iter().map(|name| (*name).to_owned()).collect();
        let secrets = read_all(&mut process, &not_text, false);
        (process.remove(OPENCLAW_GATEWAY_TOKEN), secrets)
    }

    fn write(folder: &Path, name: &str, text: &[u8], mode: u32) -> String {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    }

    #[test]
    fn u18_secrets_are_read_from_files_or_the_reason_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &[u8]| write(folder.path(), name, text, 0o600);
        let good = file("good", b" s3cret \n");
        let empty = file("empty", b"\n");
        let lines = file("lines", b"a\nb\n");
        let long = file("long", "x".repeat(5000).as_bytes());
        let bytes = file("bytes", b"\xff\xfe");
        let missing = folder.path().join("missing").display().to_string();
        let pipe = folder.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let pipe = pipe.display().to_string();
        let below = folder.path().display().to_string();
        for (path, set, expected) in [
            (&good, None, Ok("s3cret")),
            (&good, Some("own"), Ok("own")),
            (&missing, Some("own"), Ok("own")),
            (&missing, None, Err("cannot be read")),
            (&empty, None, Err("the file is empty")),
            (&lines, None, Err("more than one line")),
            (&long, None, Err("longer than 4096 bytes")),
            (&bytes, None, Err("not UTF-8")),
            (&pipe, None, Err("a pipe, not a file")),
            (&below, None, Err("a folder, not a file")),
            (
                &"/dev/zero".to_owned(),
                None,
                Err("a device or a socket, not a file"),
            ),
        ] {
            let mut pairs = vec![(OPENCLAW_GATEWAY_TOKEN_FILE, path.as_str())];
            pairs.extend(set.map(|value| (OPENCLAW_GATEWAY_TOKEN, value)));
            let (value, secrets) = read_with(&pairs, &[]);
            assert!(secrets.warnings.is_empty(), "{path}: {secrets:?}");
            match expected {
                Ok(expected) => {
                    assert_eq!(value.as_deref(), Some(expected), "{path}");
                    assert_eq!(secrets.problems, [], "{path}");
                    assert_eq!(secrets.from_file.is_empty(), set.is_some(), "{path}");
                }
                Err(part) => {
                    assert_eq!(value, None, "{path}");
                    let said = secrets.problems[0].to_string();
                    assert!(
                        said.starts_with(&format!("{OPENCLAW_GATEWAY_TOKEN_FILE}={path}: "))
                            && said.contains(part),
                        "{said}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_file_that_others_get_at_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, alone, expected) in [
            (0o600, false, None),
            (0o640, false, None),
            (
                0o644,
                false,
                Some("other users may read the file (mode 644)"),
            ),
            (0o444, true, None),
            (
                0o666,
                true,
                Some("other users may change the file (mode 666)"),
            ),
            (
                0o620,
                false,
                Some("other users may change the file (mode 620)"),
            ),
        ] {
            let path = write(folder.path(), &format!("{mode:o}"), b"secret", mode);
            let mut process = [(OPENCLAW_GATEWAY_TOKEN_FILE.to_owned(), path.clone())].into();
            let secrets = read_all(&mut process, &HashSet::new(), alone);
            let told: Vec<String> = secrets.warnings.iter().map(ToString::to_string).collect();
            let expected: Vec<String> = expected
                .into_iter()
                .map(|what| format!("{OPENCLAW_GATEWAY_TOKEN_FILE}={path}: {what}"))
                .collect();
            assert_eq!(told, expected, "{mode:o}");
        }
    }

    #[test]
    fn a_secret_that_is_no_text_is_not_passed_over() {
        let older = "CLAWDBOT_GATEWAY_TOKEN";
        for (pairs, not_text, expected) in [
            (&[][..], OPENCLAW_GATEWAY_TOKEN, true),
            (&[], OPENCLAW_GATEWAY_TOKEN_FILE, true),
            (&[], older, true),
            (&[(OPENCLAW_GATEWAY_TOKEN, "good")], older, false),
            (&[], "OTHER", false),
        ] {
            let problems = read_with(pairs, &[not_text]).1.problems;
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let text = format!("{not_text} is not UTF-8");
            assert_eq!(told, Vec::from_iter(expected.then_some(text)), "{not_text}");
        }
    }
}
