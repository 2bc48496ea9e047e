//! The environment of a child: that of this program, changed only in harmless ways.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use openclaw_config::env::is_own_secret;
use openclaw_config::platform::PATH_SEPARATOR;

/// Variables a caller cannot set, because they make programs load or run something else.
const FORBIDDEN: [&str; 13] = [
    "NODE_OPTIONS",
    "PYTHONHOME",
    "PYTHONPATH",
    "PERL5LIB",
    "PERL5OPT",
    "RUBYOPT",
    // Read by shells when they start; without them a listed shell command stays what it says.
    "BASH_ENV",
    "ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "IFS",
    "CDPATH",
];
/// Beginnings of such variables.
const FORBIDDEN_PREFIXES: [&str; 3] = ["DYLD_", "LD_", "BASH_FUNC_"];
/// What a service manager gave this program alone: a child that speaks to it would be taken for this program.
const OWN_SUPERVISION: [&str; 7] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDS_FIRST_FD",
    "LISTEN_FDNAMES",
];

/// The environment of a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildEnv {
    /// All variables.
    pub variables: Vec<(OsString, OsString)>,
    /// `PATH` of the child.
    pub path: OsString,
    /// `PATH` of this program.
    pub host_path: OsString,
}

/// Puts `overrides` over `base`. Forbidden names are left out, and a `PATH` too unless it only adds
/// folders before that of this program.
pub fn child_env(base: &[(OsString, OsString)], overrides: &BTreeMap<String, String>) -> ChildEnv {
    let mut variables: BTreeMap<OsString, OsString> = base
        .iter()
        .filter(|(name, _)| {
            // Children have no use for the secrets of this program.
            let secret = name.to_str().is_some_and(is_own_secret);
            !secret && !OWN_SUPERVISION.iter().any(|own| name == own)
        })
        .cloned()
        .collect();
    let host_path = variables
        .get(OsStr::new("PATH"))
        .cloned()
        .unwrap_or_default();
    for (name, value) in overrides {
        let accepted = if name.eq_ignore_ascii_case("PATH") {
            name == "PATH" && extends(value, &host_path)
        } else {
            is_harmless(name) && !value.contains('\0')
        };
        if accepted {
            variables.insert(name.into(), value.into());
        }
    }
    let path = variables
        .get(OsStr::new("PATH"))
        .cloned()
        .unwrap_or_default();
    ChildEnv {
        variables: variables.into_iter().collect(),
        path,
        host_path,
    }
}

fn extends(path: &str, host_path: &OsStr) -> bool {
    let Some(host_path) = host_path.to_str().filter(|path| !path.is_empty()) else {
        return false;
    };
    path == host_path
        || path
            .strip_suffix(host_path)
            .is_some_and(|added| added.ends_with(PATH_SEPARATOR))
}

fn is_harmless(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    !name.is_empty()
        && !name.contains(['=', '\0'])
        && !FORBIDDEN.contains(&upper.as_str())
        && !FORBIDDEN_PREFIXES
            .iter()
            .any(|prefix| upper.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(overrides: &[(&str, &str)]) -> ChildEnv {
        let base = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/me"),
            ("OPENCLAW_GATEWAY_TOKEN", "secret"),
        ];
        let base: Vec<_> = base
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        let overrides = overrides
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        child_env(&base, &overrides)
    }

    fn value<'a>(env: &'a ChildEnv, name: &str) -> Option<&'a str> {
        env.variables
            .iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, value)| value.to_str())
    }

    #[test]
    fn overrides_win_and_secrets_stay_here() {
        let env = with(&[("HOME", "/tmp"), ("LANG", "C")]);
        assert_eq!(value(&env, "HOME"), Some("/tmp"));
        assert_eq!(value(&env, "LANG"), Some("C"));
        assert_eq!(value(&env, "OPENCLAW_GATEWAY_TOKEN"), None);
    }

    #[test]
    fn no_secret_of_this_program_reaches_a_child() {
        let others = ["MOLTBOT_GATEWAY_TOKEN", "OPENCLAW_METRICS_TOKEN_FILE"];
        for name in openclaw_config::env::secret_names().chain(others) {
            let base = [(OsString::from(name), OsString::from("secret"))];
            let env = child_env(&base, &BTreeMap::new());
            assert_eq!(env.variables, [], "{name}");
        }
        let base = [(OsString::from("GITHUB_TOKEN"), OsString::from("theirs"))];
        assert_eq!(child_env(&base, &BTreeMap::new()).variables, base);
    }

    #[test]
    fn variables_that_change_what_programs_load_are_dropped() {
        for name in [
            "NODE_OPTIONS",
            "PYTHONHOME",
            "PYTHONPATH",
            "PERL5LIB",
            "PERL5OPT",
            "RUBYOPT",
            "LD_PRELOAD",
            "ld_preload",
            "DYLD_INSERT_LIBRARIES",
            "BASH_ENV",
            "BASH_FUNC_ls%%",
            "Path",
            "",
            "A=B",
        ] {
            assert_eq!(
                with(&[(name, "x")]).variables,
                with(&[]).variables,
                "{name}"
            );
        }
    }

    #[test]
    fn path_can_only_grow_at_its_front() {
        let table = [
            ("/usr/bin:/bin", "/usr/bin:/bin"),
            ("/opt/bin:/usr/bin:/bin", "/opt/bin:/usr/bin:/bin"),
            ("/usr/bin:/bin:/opt/bin", "/usr/bin:/bin"),
            ("/opt/usr/bin:/bin", "/usr/bin:/bin"),
            ("/opt", "/usr/bin:/bin"),
            ("", "/usr/bin:/bin"),
        ];
        for (asked, expected) in table {
            let env = with(&[("PATH", asked)]);
            assert_eq!(env.path, expected, "{asked}");
            assert_eq!(env.host_path, "/usr/bin:/bin");
        }
    }
}
