//! The folder: its files, and one number that changes when any of them does.

use std::collections::hash_map::DefaultHasher;
use std::fs::{File, Metadata};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use openclaw_config::platform::file_identity;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::platform::FileStamp;

/// The document of a folder.
pub(super) const INDEX: &str = "index.html";
/// Entries that are looked at for changes: a folder of pages is small, and more would cost more than it is worth.
const MOST_ENTRIES: usize = 4_000;
/// Folders inside folders that are looked into.
const DEEPEST: usize = 12;
/// How old a look may be that counts as the newest one: pages that wait together share it.
const FRESH: Duration = Duration::from_millis(200);

/// A file that may be sent.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: File,
    pub(super) metadata: Metadata,
}

/// What is at a place.
#[derive(Debug)]
pub(super) enum Place {
    File(Found),
    Folder,
    Nothing,
}

/// Looks a place up, links followed; what leads out of the folder is nothing. Blocks on the disk.
pub(super) fn find(root: &Path, parts: &[String]) -> Place {
    open(root, parts).unwrap_or(Place::Nothing)
}

fn open(root: &Path, parts: &[String]) -> Option<Place> {
    let root = root.canonicalize().ok()?;
    let asked = parts
        .iter()
        .fold(root.clone(), |path, part| path.join(part));
    let path = asked.canonicalize().ok()?;
    if !path.starts_with(&root) || has_hidden_part(&root, &path) {
        return None;
    }
    let before = path.metadata().ok()?;
    if before.is_dir() {
        return Some(Place::Folder);
    }
    // Opening a pipe or a device could wait for ever.
    if !before.is_file() {
        return None;
    }
    let file = File::open(&path).ok()?;
    let metadata = file.metadata().ok()?;
    // A part that became a link since it was looked at led to another file.
    let same = file_identity(&before) == file_identity(&metadata);
    same.then_some(Place::File(Found { file, metadata }))
}

/// A link to a hidden file does not make it public.
fn has_hidden_part(root: &Path, path: &Path) -> bool {
    path.strip_prefix(root).is_ok_and(|below| {
        below
            .iter()
            .any(|part| part.as_encoded_bytes().starts_with(b"."))
    })
}

/// Tells versions of a file apart without reading it.
pub(super) fn stamp(metadata: &Metadata) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    hash(metadata, &mut hasher);
    hasher.finish().to_be_bytes()
}

fn hash(metadata: &Metadata, hasher: &mut DefaultHasher) {
    FileStamp::of(metadata).hash(hasher);
}

/// A number that changes when a file of the folder changes, comes or goes. Hidden files do not count. Blocks on the disk.
fn version(root: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut left = MOST_ENTRIES;
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let Ok(entries) = folder.read_dir() else {
            "unreadable".hash(&mut hasher);
            continue;
        };
        // The order in which a system lists a folder may differ from time to time.
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
            .map(|entry| entry.path())
            .take(left)
            .collect();
        left -= paths.len();
        paths.sort();
        for path in paths {
            path.hash(&mut hasher);
            // Of a link, what it leads to counts; it is not followed into a folder, which may hold itself.
            let Ok(metadata) = path.metadata() else {
                continue;
            };
            if metadata.is_file() {
                hash(&metadata, &mut hasher);
            } else if metadata.is_dir() && !path.is_symlink() && depth < DEEPEST {
                folders.push((path, depth + 1));
            }
        }
    }
    hasher.finish()
}

/// Looks at the folder while pages wait for changes, once for all of them. It looks rather than have the system tell it:
/// the folder may be missing, on another machine or in another container, and may be replaced as a whole.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    last: Mutex<Option<(Instant, PathBuf, u64)>>,
}

impl Versions {
    /// The number of now.
    pub(super) async fn current(&self, root: &Path) -> u64 {
        let known = self.last.lock().clone();
        if let Some((at, of, version)) = known
            && of == root
            && at.elapsed() < FRESH
        {
            return version;
        }
        // Taken before the look: a change during it is found by the next one.
        let at = Instant::now();
        let folder = root.to_owned();
        let looked = crate::tasks::blocking("canvas folder", move || version(&folder)).await;
        let version = looked.unwrap_or_default();
        *self.last.lock() = Some((at, root.to_owned(), version));
        version
    }
}

/// The media type of a file, by the end of its name.
pub(super) fn media_type(name: &str) -> &'static str {
    if let Some(known) = super::super::ui::media_type(name) {
        return known;
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "htm" | "html" | "xhtml" => "text/html; charset=utf-8",
        "avif" => "image/avif",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" | "oga" => "audio/ogg",
        "wav" => "audio/wav",
        "otf" => "font/otf",
        "ttf" => "font/ttf",
        "woff" => "font/woff",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        "csv" => "text/csv; charset=utf-8",
        "md" | "log" | "jsonl" => "text/plain; charset=utf-8",
        "geojson" | "gltf" => "application/json; charset=utf-8",
        "glb" => "model/gltf-binary",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn parts(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn a_folder_gives_its_own_files_only() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("canvas");
        fs::create_dir_all(root.join("a/.git")).unwrap();
        fs::write(root.join("a/in.txt"), "in").unwrap();
        fs::write(root.join("a/.git/config"), "hidden").unwrap();
        fs::write(home.path().join("out.txt"), "out").unwrap();
        symlink(root.join("a/in.txt"), root.join("in.txt")).unwrap();
        symlink(home.path().join("out.txt"), root.join("out.txt")).unwrap();
        symlink("../../out.txt", root.join("a/out.txt")).unwrap();
        symlink(home.path(), root.join("up")).unwrap();
        symlink(root.join("a/.git"), root.join("git")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        for path in ["a/in.txt", "in.txt"] {
            assert!(
                matches!(find(&root, &parts(path)), Place::File(_)),
                "{path}"
            );
        }
        assert!(matches!(find(&root, &parts("a")), Place::Folder));
        assert!(matches!(find(&root, &[]), Place::Folder));
        for path in [
            "out.txt",
            "a/out.txt",
            "up/out.txt",
            "up",
            "git/config",
            "loop",
            "none",
        ] {
            assert!(
                matches!(find(&root, &parts(path)), Place::Nothing),
                "{path}"
            );
        }
        assert!(matches!(
            find(&home.path().join("gone"), &[]),
            Place::Nothing
        ));
    }

    #[test]
    fn the_version_changes_with_every_file_that_is_served() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("canvas");
        let missing = version(&root);
        fs::create_dir_all(root.join("a")).unwrap();
        let empty = version(&root);
        fs::write(root.join("a/page.html"), "one").unwrap();
        let one = version(&root);
        fs::write(root.join("a/page.html"), "longer").unwrap();
        let changed = version(&root);
        fs::write(root.join("a/.page.html.swp"), "editor").unwrap();
        assert_eq!(version(&root), changed, "hidden files do not count");
        symlink(&root, root.join("a/again")).unwrap();
        let linked = version(&root);
        fs::remove_file(root.join("a/page.html")).unwrap();
        let removed = version(&root);
        let all = [missing, empty, one, changed, linked, removed];
        for (index, version) in all.iter().enumerate() {
            assert!(!all[..index].contains(version), "{index}: {all:?}");
        }
    }

    #[test]
    fn media_types_are_known_in_any_case() {
        for (name, expected) in [
            ("a.html", "text/html; charset=utf-8"),
            ("A.HTML", "text/html; charset=utf-8"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mp4", "video/mp4"),
            ("a.GIF", "image/gif"),
            ("a.svg", "image/svg+xml"),
            ("a.exe", "application/octet-stream"),
            ("noext", "application/octet-stream"),
        ] {
            assert_eq!(media_type(name), expected, "{name}");
        }
    }
}
