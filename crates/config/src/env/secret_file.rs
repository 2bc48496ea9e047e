//! Secrets that the environment names by file, as orchestrators mount them.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;

use super::{
    OPENCLAW_GATEWAY_PASSWORD, OPENCLAW_GATEWAY_PASSWORD_FILE, OPENCLAW_GATEWAY_TOKEN,
    OPENCLAW_GATEWAY_TOKEN_FILE, non_blank,
};

/// A variable, and the one that names a file with its value.
const SECRETS: [(&str, &str); 2] = [
    (OPENCLAW_GATEWAY_TOKEN, OPENCLAW_GATEWAY_TOKEN_FILE),
    (OPENCLAW_GATEWAY_PASSWORD, OPENCLAW_GATEWAY_PASSWORD_FILE),
];

/// Longest secret, in bytes; a file that holds more was named by mistake.
const LONGEST: u64 = 4096;

/// Puts what the files hold where the variables would be. A variable that is set beats its file.
pub(super) fn read_all(process: &mut HashMap<String, String>) -> Result<(), String> {
    for (name, file_name) in SECRETS {
        if non_blank(process, name).is_some() {
            continue;
        }
        let Some(path) = non_blank(process, file_name) else {
            continue;
        };
        let secret = read(path).map_err(|why| format!("{file_name}={path}: {why}"))?;
        process.insert(name.to_owned(), secret);
    }
    Ok(())
}

fn read(path: &str) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let mut text = String::new();
    let file = fs::File::open(path).map_err(cannot)?;
    file.take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    if text.len() as u64 > LONGEST {
        return Err(format!("longer than {LONGEST} bytes; this is no secret"));
    }
    match text.trim() {
        "" => Err("the file is empty".to_owned()),
        secret if secret.contains(['\n', '\r', '\0']) => {
            Err("more than one line; write the secret alone into the file".to_owned())
        }
        secret => Ok(secret.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u18_secrets_are_read_from_files_or_the_reason_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let good = file("good", " s3cret \n");
        let empty = file("empty", "\n");
        let lines = file("lines", "a\nb\n");
        let long = file("long", &"x".repeat(5000));
        let missing = folder.path().join("missing").display().to_string();
        for (path, set, expected) in [
            (&good, None, Ok(Some("s3cret"))),
            (&good, Some("own"), Ok(Some("own"))),
            (&missing, Some("own"), Ok(Some("own"))),
            (&missing, None, Err("cannot be read")),
            (&empty, None, Err("the file is empty")),
            (&lines, None, Err("more than one line")),
            (&long, None, Err("longer than 4096 bytes")),
        ] {
            let mut process: HashMap<String, String> =
                [(OPENCLAW_GATEWAY_TOKEN_FILE.to_owned(), path.clone())].into();
            if let Some(value) = set {
                process.insert(OPENCLAW_GATEWAY_TOKEN.to_owned(), value.to_owned());
            }
            match (read_all(&mut process), expected) {
                (Ok(()), Ok(value)) => {
                    assert_eq!(
                        process.get(OPENCLAW_GATEWAY_TOKEN).map(String::as_str),
                        value
                    );
                }
                (Err(said), Err(part)) => {
                    assert!(
                        said.starts_with(&format!("{OPENCLAW_GATEWAY_TOKEN_FILE}={path}: "))
                            && said.contains(part),
                        "{said}"
                    );
                }
                (got, expected) => panic!("{path}: {got:?}, expected {expected:?}"),
            }
        }
    }
}
