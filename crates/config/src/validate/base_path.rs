//! Path prefixes of the Control UI.

/// First parts of paths that the gateway answers besides the Control UI.
const OWN_PATHS: [&str; 13] = [
    ".well-known",
    "__openclaw",
    "__openclaw__",
    "api",
    "assets",
    "health",
    "healthz",
    "hooks",
    "j",
    "metrics",
    "readyz",
    "startupz",
    "v1",
];

/// Whether every browser asks for a path as it is written here, and nothing else answers it.
pub(super) fn is_base_path(text: &str) -> bool {
    let bare = text.trim().trim_matches('/');
    let plain = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !matches!(part, "" | "." | "..") && part.bytes().all(is_plain)
    };
    let first = bare.split('/').next().unwrap_or_default();
    bare.is_empty() || (bare.split('/').all(plain) && !OWN_PATHS.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_plain_and_nobody_else_s() {
        for path in [
            "",
            "/",
            "/openclaw",
            "openclaw/",
            "/a/b",
            "/ui",
            "/a-1.b_c~d",
        ] {
            assert!(is_base_path(path), "{path}");
        }
        for path in [
            "/a?b", "/a#b", "/x y", "/é", "/%61", "/..", "/a/../b", "/\\evil", "/a//b", "/healthz",
            "/j", "/v1/x",
        ] {
            assert!(!is_base_path(path), "{path}");
        }
    }
}
