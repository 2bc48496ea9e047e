//! The bill of materials of one program, as `CycloneDX` 1.5: what `cargo tree` says is linked for that system, with the
//! checksums of `Cargo.lock`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use crate::setup::{cargo, root};

/// Name and version.
type Id = (String, String);

#[derive(Debug, Default, PartialEq, Eq)]
struct Package {
    licence: String,
    uses: BTreeSet<Id>,
}

/// Makes the text for a target.
pub(super) fn make(triple: &str, version: &str) -> Result<String, String> {
    let output = cargo(&[
        "tree",
        "--locked",
        "--package",
        "openclaw",
        "--edges",
        "normal",
        "--prefix",
        "depth",
        "--charset",
        "ascii",
        "--format",
        " {p}|{l}",
        "--target",
        triple,
    ])
    .output()
    .map_err(|error| format!("dist: cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "dist: cargo tree: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    let packages = read_tree(&String::from_utf8_lossy(&output.stdout))?;
    let lock = fs::read_to_string(root().join("Cargo.lock"))
        .map_err(|error| format!("dist: Cargo.lock: {error}"))?;
    Ok(render(&packages, &checksums(&lock), version))
}

/// Packages of lines such as `2 serde v1.0.229|MIT OR Apache-2.0`; the number is the depth.
fn read_tree(text: &str) -> Result<BTreeMap<Id, Package>, String> {
    let mut packages: BTreeMap<Id, Package> = BTreeMap::new();
    let mut above: Vec<Id> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let wrong = || format!("dist: cargo tree says \"{line}\"");
        let (depth, rest) = line.split_once(' ').ok_or_else(wrong)?;
        let depth: usize = depth.parse().map_err(|_| wrong())?;
        let (package, licence) = rest.split_once('|').ok_or_else(wrong)?;
        let mut words = package.split(' ');
        let name = words.next().ok_or_else(wrong)?;
        let version = words
            .next()
            .and_then(|word| word.strip_prefix('v'))
            .ok_or_else(wrong)?;
        let id = (name.to_owned(), version.to_owned());
        let licence = licence.trim_end_matches("(*)").trim().replace('/', " OR ");
        packages.entry(id.clone()).or_default().licence = licence;
        above.truncate(depth);
        if let Some(user) = above.last() {
            packages
                .entry(user.clone())
                .or_default()
                .uses
                .insert(id.clone());
        }
        above.push(id);
    }
    Ok(packages)
}

fn checksums(lock: &str) -> BTreeMap<Id, String> {
    let value = |block: &str, key: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
            .map(|value| value.trim_matches('"').to_owned())
    };
    lock.split("[[package]]")
        .filter_map(|block| {
            let id = (value(block, "name")?, value(block, "version")?);
            Some((id, value(block, "checksum")?))
        })
        .collect()
}

fn render(
    packages: &BTreeMap<Id, Package>,
    checksums: &BTreeMap<Id, String>,
    version: &str,
) -> String {
    let own = ("openclaw".to_owned(), version.to_owned());
    let mut text = String::from(
        "{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,\n",
    );
    let _ = writeln!(
        text,
        "  \"metadata\": {{\"component\": {{\"type\": \"application\", \"bom-ref\": {0}, \"name\": \"openclaw\", \"version\": {1}, \"purl\": {0}}}}},",
        json(&purl(&own)),
        json(version)
    );
    text.push_str("  \"components\": [\n");
    let components: Vec<String> = packages
        .iter()
        .filter(|(id, _)| **id != own)
        .map(|(id, package)| component(id, package, checksums.get(id)))
        .collect();
    text.push_str(&components.join(",\n"));
    text.push_str("\n  ],\n  \"dependencies\": [\n");
    let edges: Vec<String> = packages
        .iter()
        .map(|(id, package)| {
            let uses: Vec<String> = package.uses.iter().map(|id| json(&purl(id))).collect();
            format!(
                "    {{\"ref\": {}, \"dependsOn\": [{}]}}",
                json(&purl(id)),
                uses.join(", ")
            )
        })
        .collect();
    text.push_str(&edges.join(",\n"));
    text.push_str("\n  ]\n}\n");
    text
}

fn component(id: &Id, package: &Package, checksum: Option<&String>) -> String {
    let reference = json(&purl(id));
    let mut text = format!(
        "    {{\"type\": \"library\", \"bom-ref\": {reference}, \"name\": {}, \"version\": {}, \"purl\": {reference}",
        json(&id.0),
        json(&id.1)
    );
    if !package.licence.is_empty() {
        let _ = write!(
            text,
            ", \"licenses\": [{{\"expression\": {}}}]",
            json(&package.licence)
        );
    }
    if let Some(checksum) = checksum {
        let _ = write!(
            text,
            ", \"hashes\": [{{\"alg\": \"SHA-256\", \"content\": {}}}]",
            json(checksum)
        );
    }
    text.push('}');
    text
}

/// The `+` of build metadata is a blank in a URL unless it is encoded.
fn purl((name, version): &Id) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

fn json(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "0 openclaw v0.1.0 (/src/crates/cli)|MIT\n1 clap v4.6.9|MIT OR Apache-2.0\n2 strsim v0.11.1|MIT\n1 ring v0.17.14|Apache-2.0 AND ISC\n1 thing v1.0.0+spec (proc-macro)|MIT/Apache-2.0\n2 strsim v0.11.1|MIT (*)\n";

    #[test]
    fn everything_that_is_linked_is_listed_with_what_it_uses() {
        let packages = read_tree(TREE).unwrap();
        let id = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        assert_eq!(packages.len(), 5);
        assert_eq!(packages[&id("openclaw", "0.1.0")].uses.len(), 3);
        assert!(
            packages[&id("thing", "1.0.0+spec")]
                .uses
                .contains(&id("strsim", "0.11.1"))
        );
        let lock = "[[package]]\nname = \"ring\"\nversion = \"0.17.14\"\nsource = \"x\"\nchecksum = \"a4\"\n\n[[package]]\nname = \"openclaw\"\nversion = \"0.1.0\"\n";
        let text = render(&packages, &checksums(lock), "0.1.0");
        for part in [
            "\"specVersion\": \"1.5\"",
            "\"purl\": \"pkg:cargo/thing@1.0.0%2Bspec\", \"licenses\": [{\"expression\": \"MIT OR Apache-2.0\"}]",
            "\"licenses\": [{\"expression\": \"Apache-2.0 AND ISC\"}], \"hashes\": [{\"alg\": \"SHA-256\", \"content\": \"a4\"}]",
            "{\"ref\": \"pkg:cargo/clap@4.6.9\", \"dependsOn\": [\"pkg:cargo/strsim@0.11.1\"]}",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("/src/crates"), "{text}");
        assert!(read_tree("garbage").is_err());
    }

    #[test]
    fn text_is_quoted() {
        assert_eq!(json("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
    }
}
