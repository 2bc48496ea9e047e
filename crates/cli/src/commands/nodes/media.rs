//! Pictures and recordings of nodes, written to files of this user.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use openclaw_config::store::write_private;
use serde_json::Value;

use super::wrong;
use crate::context::Context;
use crate::error::CommandError;

/// A picture or recording as a node sends it.
#[derive(Debug)]
pub(super) struct Media {
    format: String,
    bytes: Vec<u8>,
}

impl Media {
    /// Reads `{format, base64}`.
    pub(super) fn read(payload: &Value, command: &str) -> Result<Self, CommandError> {
        let text = |name: &str| payload[name].as_str();
        let bytes = text("base64").and_then(|text| BASE64.decode(text.as_bytes()).ok());
        match (text("format"), bytes) {
            (Some(format), Some(bytes)) if is_extension(format) => Ok(Self {
                format: format.to_owned(),
                bytes,
            }),
            _ => Err(wrong(command, "the node sent no usable media")),
        }
    }

    /// Writes it to `out`, or to a new file in the directory for temporary files; 0600.
    pub(super) fn save(
        &self,
        context: &Context,
        name: &str,
        out: Option<&Path>,
        command: &str,
    ) -> Result<PathBuf, CommandError> {
        let path = match out {
            Some(path) => context.env().absolute(&path.to_string_lossy()),
            None => context.env().temp_dir().join(format!(
                "openclaw-{name}-{}.{}",
                uuid::Uuid::new_v4(),
                self.format
            )),
        };
        write_private(&path, &self.bytes).map_err(|error| wrong(command, error))?;
        Ok(path)
    }
}

/// The format becomes part of a file name and comes from another machine.
fn is_extension(format: &str) -> bool {
    (1..=5).contains(&format.len()) && format.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_plain_formats_are_taken() {
        let media =
            Media::read(&json!({"format": "jpg", "base64": "aGk="}), "camera snap").unwrap();
        assert_eq!(
            (media.format.as_str(), media.bytes.as_slice()),
            ("jpg", &b"hi"[..])
        );
        for payload in [
            json!({"format": "../x", "base64": "aGk="}),
            json!({"format": "jpg", "base64": "?"}),
            json!({"format": "", "base64": "aGk="}),
            json!({}),
        ] {
            assert!(Media::read(&payload, "camera snap").is_err(), "{payload}");
        }
    }
}
