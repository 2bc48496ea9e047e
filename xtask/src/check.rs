//! Rules of the repository that the compiler does not know: the crate graph, the length of files, the table of dependencies.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::TaskResult;
use crate::setup::root;

/// The edges drawn in ARCHITECTURE.md: a package and the workspace packages that it may use.
const GRAPH: [(&str, &[&str]); 9] = [
    ("openclaw-protocol", &[]),
    ("openclaw-config", &[]),
    ("openclaw-client", &["openclaw-config", "openclaw-protocol"]),
    (
        "openclaw-gateway",
        &["openclaw-config", "openclaw-protocol"],
    ),
    (
        "openclaw-edge",
        &["openclaw-config", "openclaw-gateway", "openclaw-protocol"],
    ),
    (
        "openclaw-node",
        &["openclaw-client", "openclaw-config", "openclaw-protocol"],
    ),
    (
        "openclaw",
        &[
            "openclaw-client",
            "openclaw-config",
            "openclaw-edge",
            "openclaw-gateway",
            "openclaw-node",
            "openclaw-protocol",
        ],
    ),
    (
        "openclaw-testkit",
        &[
            "openclaw-client",
            "openclaw-config",
            "openclaw-gateway",
            "openclaw-protocol",
        ],
    ),
    ("xtask", &[]),
];

/// The one package that any other may use in its tests.
const TESTKIT: &str = "openclaw-testkit";

const LONGEST_FILE: usize = 700;

pub(crate) fn run() -> TaskResult {
    let root = root();
    let mut problems = Vec::new();
    for folder in members(&root)? {
        let path = root.join(&folder).join("Cargo.toml");
        problems.extend(edge_problems(&read(&path)?));
    }
    file_problems(&root, &root, &mut problems)?;
    let architecture = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap_or_default();
    problems.extend(table_problems(
        &read(&root.join("Cargo.toml"))?,
        &architecture,
    ));
    if problems.is_empty() {
        println!("check: crate graph, file length and dependency table are in order");
        Ok(())
    } else {
        Err(format!("check failed:\n  {}", problems.join("\n  ")))
    }
}

/// A `key` under `[section]` of a manifest; enough TOML for manifests that rustfmt-like tools keep flat.
struct Entry<'a> {
    section: &'a str,
    key: &'a str,
    value: &'a str,
}

fn entries(manifest: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut section = "";
    manifest.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']);
            return None;
        }
        if line.starts_with('#') {
            return None;
        }
        let (key, value) = line.split_once('=')?;
        Some(Entry {
            section,
            key: key.trim(),
            value: value.trim(),
        })
    })
}

fn package_name(key: &str) -> &str {
    key.split('.').next().unwrap_or(key).trim_matches('"')
}

fn edge_problems(manifest: &str) -> Vec<String> {
    let Some(name) = entries(manifest)
        .find(|entry| entry.section == "package" && entry.key == "name")
        .map(|entry| entry.value.trim_matches('"'))
    else {
        return vec!["a member has no package name".to_owned()];
    };
    let Some((_, allowed)) = GRAPH.iter().find(|(package, _)| *package == name) else {
        return vec![format!(
            "{name} is not in the crate graph: draw it in ARCHITECTURE.md and xtask/src/check.rs"
        )];
    };
    let is_ours = |dependency: &str| GRAPH.iter().any(|(package, _)| *package == dependency);
    entries(manifest)
        .filter(|entry| entry.section.ends_with("dependencies"))
        .filter_map(|entry| {
            let dependency = package_name(entry.key);
            let in_tests = entry.section.ends_with("dev-dependencies");
            let fine = !is_ours(dependency)
                || allowed.contains(&dependency)
                || (in_tests && dependency == TESTKIT);
            (!fine).then(|| format!("{name} must not use {dependency} ([{}])", entry.section))
        })
        .collect()
}

fn table_problems(workspace: &str, architecture: &str) -> Vec<String> {
    let table = architecture
        .split("\n## ")
        .find(|section| section.starts_with("Dependencies"))
        .unwrap_or_default();
    let described: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix('|')?.split('|').next())
        .flat_map(|cell| cell.split([',', ' ']))
        .map(|word| word.trim_matches('`'))
        .filter(|word| !word.is_empty())
        .collect();
    entries(workspace)
        .filter(|entry| entry.section == "workspace.dependencies")
        .map(|entry| package_name(entry.key))
        .filter(|name| !name.starts_with("openclaw-") && !described.contains(name))
        .map(|name| format!("ARCHITECTURE.md: section \"Dependencies\" has no row for {name}"))
        .collect()
}

fn file_problems(root: &Path, folder: &Path, problems: &mut Vec<String>) -> TaskResult {
    let listing = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in listing {
        let path = entry
            .map_err(|error| format!("{}: {error}", folder.display()))?
            .path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !matches!(&*name, "target" | ".git" | "node_modules") {
                file_problems(root, &path, problems)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let shown = path.strip_prefix(root).unwrap_or(&path);
            problems.extend(length_problem(shown, &read(&path)?));
        }
    }
    Ok(())
}

fn length_problem(path: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let is_test = path.file_name().is_some_and(|name| name == "tests.rs")
        || path.components().any(|part| part.as_os_str() == "tests");
    let is_table = text
        .lines()
        .take(3)
        .any(|line| line.starts_with("//! Table:"));
    (lines > LONGEST_FILE && !is_test && !is_table).then(|| {
        format!(
            "{}: {lines} lines, at most {LONGEST_FILE}: split it",
            path.display()
        )
    })
}

fn members(root: &Path) -> Result<Vec<PathBuf>, String> {
    let manifest = read(&root.join("Cargo.toml"))?;
    let list = manifest
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(list, _)| list)
        .ok_or("Cargo.toml: no list of members")?;
    Ok(list
        .split(',')
        .map(|member| member.trim().trim_matches('"'))
        .filter(|member| !member.is_empty())
        .map(PathBuf::from)
        .collect())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, section: &str, dependency: &str) -> String {
        format!(
            "[package]\nname = \"{name}\"\n\n[{section}]\n{dependency}.workspace = true\nserde = \"1\"\n"
        )
    }

    #[test]
    fn only_drawn_edges_pass() {
        let cases = [
            ("openclaw-client", "dependencies", "openclaw-protocol", true),
            (
                "openclaw-protocol",
                "dependencies",
                "openclaw-config",
                false,
            ),
            ("openclaw-gateway", "dependencies", "openclaw-client", false),
            (
                "openclaw-gateway",
                "dependencies",
                "openclaw-testkit",
                false,
            ),
            (
                "openclaw-gateway",
                "dev-dependencies",
                "openclaw-testkit",
                true,
            ),
            (
                "openclaw-gateway",
                "dev-dependencies",
                "openclaw-client",
                false,
            ),
            (
                "openclaw-gateway",
                "target.'cfg(unix)'.dependencies",
                "openclaw-client",
                false,
            ),
            ("openclaw", "dependencies", "openclaw-gateway", true),
            ("stranger", "dependencies", "serde", false),
        ];
        for (name, section, dependency, passes) in cases {
            let problems = edge_problems(&manifest(name, section, dependency));
            assert_eq!(
                problems.is_empty(),
                passes,
                "{name} [{section}] {dependency}: {problems:?}"
            );
        }
    }

    #[test]
    fn every_dependency_needs_a_row() {
        let workspace = "[workspace.dependencies]\nopenclaw-config = { path = \"x\" }\nserde = \"1\"\ntokio = \"1\"\n";
        let described = "# A\n\n## Dependencies\n\n| crate | why |\n|---|---|\n| `serde`, `tokio` | wire types |\n\n## Next\n";
        assert!(table_problems(workspace, described).is_empty());
        let missing =
            "# A\n\n## Dependencies\n\n| `serde` | tokio is not here |\n\n## Next\n\n| tokio | |\n";
        assert_eq!(
            table_problems(workspace, missing),
            ["ARCHITECTURE.md: section \"Dependencies\" has no row for tokio"]
        );
    }

    #[test]
    fn long_files_fail_unless_tests_or_tables() {
        let long = "//\n".repeat(LONGEST_FILE + 1);
        let table = format!("//! Table: names.\n{long}");
        assert!(length_problem(Path::new("crates/a/src/lib.rs"), &long).is_some());
        assert!(length_problem(Path::new("crates/a/src/lib.rs"), &table).is_none());
        assert!(length_problem(Path::new("crates/a/src/lib/tests.rs"), &long).is_none());
        assert!(length_problem(Path::new("crates/a/tests/it/main.rs"), &long).is_none());
        assert!(length_problem(Path::new("crates/a/src/lib.rs"), "//\n").is_none());
    }
}
