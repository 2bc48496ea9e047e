//! What a path below the base path asks for.

/// First parts of paths that are no pages: programs ask there, and an HTML answer would mislead them.
const RESERVED: [&str; 18] = [
    ".well-known",
    "__openclaw",
    "__openclaw__",
    "api",
    "avatar",
    "health",
    "healthz",
    "hooks",
    "j",
    "mcp",
    "metrics",
    "ready",
    "readyz",
    "startup",
    "startupz",
    "tools",
    "ui",
    "v1",
];

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// What the gateway says about itself.
    Facts,
    /// A file that keeps its name for ever, by its path in the folder of files.
    Asset(&'a str),
    /// A page, unless a file at the root has this name.
    Page(&'a str),
    /// Nothing that is served here.
    Nothing,
}

/// Reads a path that starts with a slash, as it came over the wire.
pub(super) fn wanted(path: &str) -> Wanted<'_> {
    let Some(inside) = path.strip_prefix('/') else {
        return Wanted::Nothing;
    };
    let first = inside.split('/').next().unwrap_or_default();
    // An empty first part hides what the second one is.
    let hidden = first.is_empty() && !inside.is_empty();
    if hidden || RESERVED.contains(&first) || leads_out(path) {
        return Wanted::Nothing;
    }
    if inside == "control-ui-config.json" {
        return Wanted::Facts;
    }
    // Whatever stands before it: a page whose base is wrong still finds its parts.
    match path.rfind("/assets/") {
        Some(at) => Wanted::Asset(&path[at + 1..]),
        None => Wanted::Page(inside),
    }
}

/// Times that a path is decoded before it is given up.
const ROUNDS: usize = 4;

/// Whether a path, decoded as often as something behind us might, could name something outside: it has no business here.
fn leads_out(path: &str) -> bool {
    let mut text = path.as_bytes().to_vec();
    for _ in 0..ROUNDS {
        let odd = text
            .iter()
            .any(|byte| byte.is_ascii_control() || *byte == b'\\');
        let climbs = text.split(|byte| *byte == b'/').any(|part| part == b"..");
        if odd || climbs {
            return true;
        }
        let decoded = decode(&text);
        if decoded.len() == text.len() {
            return false;
        }
        text = decoded;
    }
    true
}

/// One round of percent-decoding; what is no escape stays.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok());
        if let Some(byte) = escaped {
            decoded.extend(byte);
            rest = &after[2..];
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::Wanted::{Asset, Facts, Nothing, Page};
    use super::*;

    #[test]
    fn paths_are_told_apart() {
        for (path, expected) in [
            ("/", Page("")),
            ("/overview", Page("overview")),
            ("//j/code", Nothing),
            ("/devices/ab%20cd", Page("devices/ab%20cd")),
            ("/boot.js", Page("boot.js")),
            ("/healthy", Page("healthy")),
            ("/control-ui-config.json", Facts),
            (
                "/x/control-ui-config.json",
                Page("x/control-ui-config.json"),
            ),
            ("/assets/a-1.js", Asset("assets/a-1.js")),
            ("/devices/assets/a-1.js", Asset("assets/a-1.js")),
            ("/assets/", Asset("assets/")),
            ("/assets", Page("assets")),
            ("/100%", Page("100%")),
            ("/a%zz", Page("a%zz")),
            ("", Nothing),
            ("x", Nothing),
            ("/ui", Nothing),
            ("/ui/x", Nothing),
            ("/v1/chat/completions", Nothing),
            ("/tools/invoke", Nothing),
            ("/healthz/x", Nothing),
            ("/__openclaw__/canvas/", Nothing),
        ] {
            assert_eq!(wanted(path), expected, "{path}");
        }
    }

    #[test]
    fn what_leads_out_is_nothing() {
        for path in [
            "/../etc/passwd",
            "/assets/../../etc/passwd",
            "/..%2f..%2fetc/passwd",
            "/%2e%2e/etc/passwd",
            "/%252e%252e%252fetc/passwd",
            "/a%5c..%5cb",
            "/a%00.js",
            "/a%2500.js",
            "/assets/x%0d%0aSet-Cookie:a",
        ] {
            assert_eq!(wanted(path), Nothing, "{path}");
        }
        let nested = format!("/%{}", "25".repeat(4_000));
        assert_eq!(wanted(&nested), Nothing, "nobody decodes that often");
        let long = format!("/{}", "%25".repeat(4_000));
        assert!(matches!(wanted(&long), Page(_)));
    }
}
