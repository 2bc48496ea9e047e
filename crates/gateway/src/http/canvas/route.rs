//! What a path asks of the canvas host.

use crate::canvas::CAPABILITY_PREFIX;

const FILES: &str = "/__openclaw__/canvas";
const SOCKET: &str = "/__openclaw__/ws";

/// A request for the canvas host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route<'a> {
    /// What the address shows instead of a credential.
    pub(super) capability: Option<&'a str>,
    pub(super) wanted: Wanted,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A file, by its parts.
    File(Vec<String>),
    /// A folder, by its parts: its `index.html`.
    Folder(Vec<String>),
    /// The place that tells of changes.
    Socket,
    /// Something that is never served.
    Nothing,
}

/// Reads a path as it came over the wire; `None` for what is not ours.
pub(super) fn route(path: &str) -> Option<Route<'_>> {
    let (capability, path) = match path.strip_prefix(CAPABILITY_PREFIX) {
        None => (None, path),
        Some(rest) => {
            let at = rest.find('/')?;
            (Some(&rest[..at]), &rest[at..])
        }
    };
    let wanted = if path == SOCKET {
        Wanted::Socket
    } else {
        let below = path.strip_prefix(FILES)?;
        if !below.is_empty() && !below.starts_with('/') {
            return None;
        }
        file(below)
    };
    Some(Route { capability, wanted })
}

/// The same place without a capability.
pub(super) fn without_capability(path: &str) -> &str {
    path.strip_prefix(CAPABILITY_PREFIX)
        .and_then(|rest| rest.find('/').map(|at| &rest[at..]))
        .unwrap_or(path)
}

fn file(below: &str) -> Wanted {
    let Some(inside) = below.strip_prefix('/') else {
        // Without its last slash, relative addresses of a page lead elsewhere.
        return Wanted::File(Vec::new());
    };
    let (inside, is_folder) = match inside.strip_suffix('/') {
        Some(inside) => (inside, true),
        None => (inside, inside.is_empty()),
    };
    if inside.is_empty() {
        return if below == "/" {
            Wanted::Folder(Vec::new())
        } else {
            Wanted::Nothing
        };
    }
    let Some(parts) = inside.split('/').map(part).collect::<Option<Vec<_>>>() else {
        return Wanted::Nothing;
    };
    if is_folder {
        Wanted::Folder(parts)
    } else {
        Wanted::File(parts)
    }
}

/// One part of a path, decoded once. Hidden names, and names that mean something to a file system, are none.
fn part(text: &str) -> Option<String> {
    let bytes = decode(text.as_bytes())?;
    let name = String::from_utf8(bytes).ok()?;
    let plain = !name.is_empty()
        && !name.starts_with('.')
        && !name
            .chars()
            .any(|char| char.is_control() || matches!(char, '/' | '\\' | ':'));
    plain.then_some(name)
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = after.get(..2)?;
            decoded.extend(data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()?);
            rest = &after[2..];
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn paths_are_told_apart() {
        use Wanted::{File, Folder, Nothing, Socket};
        for (path, wanted) in [
            ("/__openclaw__/canvas", Some(File(vec![]))),
            ("/__openclaw__/canvas/", Some(Folder(vec![]))),
            (
                "/__openclaw__/canvas/a.html",
                Some(File(parts(&["a.html"]))),
            ),
            (
                "/__openclaw__/canvas/a/b%20c/",
                Some(Folder(parts(&["a", "b c"]))),
            ),
            (
                "/__openclaw__/canvas/%C3%A4.png",
                Some(File(parts(&["ä.png"]))),
            ),
            ("/__openclaw__/ws", Some(Socket)),
            ("/__openclaw__/canvas//", Some(Nothing)),
            ("/__openclaw__/canvas/a//b", Some(Nothing)),
            ("/__openclaw__/canvas/..", Some(Nothing)),
            ("/__openclaw__/canvas/../openclaw.json", Some(Nothing)),
            ("/__openclaw__/canvas/%2e%2e/openclaw.json", Some(Nothing)),
            ("/__openclaw__/canvas/..%2fopenclaw.json", Some(Nothing)),
            ("/__openclaw__/canvas/a%2f..%2f..%2fb", Some(Nothing)),
            ("/__openclaw__/canvas/.git/config", Some(Nothing)),
            ("/__openclaw__/canvas/a/%2Eenv", Some(Nothing)),
            ("/__openclaw__/canvas/a%00.html", Some(Nothing)),
            ("/__openclaw__/canvas/a%5cb", Some(Nothing)),
            ("/__openclaw__/canvas/c:x", Some(Nothing)),
            ("/__openclaw__/canvas/a%", Some(Nothing)),
            ("/__openclaw__/canvas/a%zz", Some(Nothing)),
            ("/__openclaw__/canvas/%ff", Some(Nothing)),
            ("/__openclaw__/canvasses", None),
            ("/__openclaw__/ws/", None),
            ("/__openclaw__/a2ui/", None),
            ("/__openclaw__/cap/abc", None),
            ("/", None),
        ] {
            let found = route(path).map(|route| route.wanted);
            assert_eq!(found, wanted, "{path}");
        }
    }

    #[test]
    fn a_capability_stands_before_the_path() {
        let path = "/__openclaw__/cap/n1.x/__openclaw__/canvas/a.html";
        let found = route(path).unwrap();
        assert_eq!(found.capability, Some("n1.x"));
        assert_eq!(found.wanted, Wanted::File(parts(&["a.html"])));
        assert_eq!(without_capability(path), "/__openclaw__/canvas/a.html");
        assert_eq!(
            without_capability("/__openclaw__/canvas/"),
            "/__openclaw__/canvas/"
        );
    }
}
