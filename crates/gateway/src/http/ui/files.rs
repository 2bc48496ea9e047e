//! The files of the Control UI: those in the program, or those in a folder.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rust_embed::Embed;

use super::coding::Coding;

/// The built page. Debug builds embed it too, so that every binary stands alone.
#[derive(Embed)]
#[folder = "../../ui/dist"]
struct Embedded;

/// The name of the document.
pub(super) const INDEX: &str = "index.html";

/// No file of a page is or unpacks to more, in bytes.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Where files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The program.
    Embedded,
    /// A folder, see `gateway.controlUi.root`.
    Folder(PathBuf),
}

/// A file in the form in which it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) bytes: Bytes,
    /// Tells versions of the file apart, whatever its coding.
    pub(super) digest: Vec<u8>,
    pub(super) coding: Option<Coding>,
}

impl Source {
    /// The smallest copy of a file in one of these codings, or the file itself. `name` must be a [`file_name`].
    pub(super) async fn find(&self, name: &str, codings: &[Coding]) -> Option<File> {
        match self {
            Self::Embedded => embedded(name, codings),
            Self::Folder(folder) => {
                let (folder, name) = (folder.clone(), name.to_owned());
                let codings = codings.to_vec();
                let read = move || in_folder(&folder, &name, &codings);
                tokio::task::spawn_blocking(read).await.ok().flatten()
            }
        }
    }
}

fn embedded(name: &str, codings: &[Coding]) -> Option<File> {
    pick(name, codings, |name| {
        Some(match Embedded::get(name)?.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        })
    })
}

fn in_folder(folder: &Path, name: &str, codings: &[Coding]) -> Option<File> {
    // Links are followed before the comparison: what they lead to counts.
    let folder = folder.canonicalize().ok()?;
    // A folder without the document is no page: none of its files is meant for strangers.
    let has_document = ["", Coding::Gzip.suffix(), Coding::Brotli.suffix()]
        .iter()
        .any(|suffix| folder.join(format!("{INDEX}{suffix}")).is_file());
    if !has_document {
        return None;
    }
    pick(name, codings, |name| {
        let path = folder.join(name).canonicalize().ok()?;
        let facts = path.metadata().ok()?;
        let sent = path.starts_with(&folder) && facts.is_file() && facts.len() <= LARGEST;
        sent.then(|| std::fs::read(path).ok())
            .flatten()
            .map(Bytes::from)
    })
}

/// The first copy that there is, else the file itself. The built page holds most files in their copies only; few clients
/// take neither, and for those the gzip copy is unpacked.
fn pick(name: &str, codings: &[Coding], read: impl Fn(&str) -> Option<Bytes>) -> Option<File> {
    let copy = |coding: Coding| read(&format!("{name}{}", coding.suffix()));
    // The same whatever is sent: every build writes the copies anew.
    let identity = copy(Coding::Gzip).or_else(|| read(name))?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &identity);
    let found = codings
        .iter()
        .find_map(|coding| Some((Some(*coding), copy(*coding)?)));
    let (coding, bytes) = match found {
        Some(found) => found,
        None => (None, read(name).or_else(|| unpack(&identity))?),
    };
    Some(File {
        digest: digest.as_ref().to_vec(),
        bytes,
        coding,
    })
}

fn unpack(gzip: &[u8]) -> Option<Bytes> {
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(gzip).take(LARGEST + 1);
    reader.read_to_end(&mut bytes).ok()?;
    // A part of a file is worse than none.
    (bytes.len() as u64 <= LARGEST).then(|| bytes.into())
}

/// The media type of a file, by the end of its name; `None` for what is not served. Copies in a coding are none of these.
pub(in crate::http) fn media_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    let media_type = match extension {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "jpg" | "jpeg" => "image/jpeg",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json; charset=utf-8",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => return None,
    };
    Some(media_type)
}

/// Whether a path without its first slash can name a file: plain parts, none of them hidden.
pub(super) fn file_name(path: &str) -> bool {
    path.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_looked_for() {
        for name in ["boot.js", "assets/index-BY_east2.css", "a/b/c.d"] {
            assert!(file_name(name), "{name}");
        }
        for name in [
            "",
            "/etc/passwd",
            "../x.js",
            "assets/../x.js",
            "assets//x.js",
            "assets/",
            ".git/config",
            "assets/.x.js",
            "a%2fb.js",
            "a\\b.js",
            "c:x.js",
            "a\0.js",
            "ä.js",
        ] {
            assert!(!file_name(name), "{name}");
        }
    }

    #[test]
    fn a_folder_gives_its_own_files_only() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("ui");
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        std::fs::write(home.path().join("secret.js"), "secret").unwrap();
        std::fs::write(folder.join("assets/a-1.js"), "plain").unwrap();
        assert_eq!(in_folder(&folder, "assets/a-1.js", &[]), None, "no page");
        std::fs::write(folder.join(INDEX), "page").unwrap();
        std::fs::write(folder.join("assets/a-1.js.gz"), "gzipped").unwrap();
        std::os::unix::fs::symlink(home.path().join("secret.js"), folder.join("out.js")).unwrap();
        std::os::unix::fs::symlink(home.path(), folder.join("up")).unwrap();
        std::os::unix::fs::symlink(folder.join("assets/a-1.js"), folder.join("in.js")).unwrap();
        let bytes = |name: &str, codings: &[Coding]| {
            in_folder(&folder, name, codings).map(|file| file.bytes)
        };
        assert_eq!(bytes("assets/a-1.js", &[]).unwrap(), "plain");
        let both = [Coding::Brotli, Coding::Gzip];
        assert_eq!(bytes("assets/a-1.js", &both).unwrap(), "gzipped");
        assert_eq!(bytes("in.js", &[]).unwrap(), "plain");
        for name in [
            "out.js",
            "up/secret.js",
            "../secret.js",
            "assets",
            "none.js",
        ] {
            assert_eq!(bytes(name, &[]), None, "{name}");
        }
        let packed = [
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 4, 0, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0,
        ];
        std::fs::write(folder.join("assets/b-1.js.gz"), packed).unwrap();
        assert_eq!(bytes("assets/b-1.js", &[]).unwrap(), "a", "unpacked");
        assert_eq!(bytes("assets/b-1.js", &both).unwrap(), &packed[..]);
        std::fs::write(folder.join("assets/c-1.js.gz"), "no gzip").unwrap();
        assert_eq!(bytes("assets/c-1.js", &[]), None);
        let gone = home.path().join("gone");
        assert_eq!(in_folder(&gone, INDEX, &[]), None);
    }
}
