//! The reference page of the config, made from the key table and the list of variables.

use std::fmt::Write as _;

use crate::env::NAMES;
use crate::json_schema::section_of;
use crate::schema::{Applies, BindMode, FIELDS, Field, Kind, SECTIONS};

const HEAD: &str = "\
# Configuration reference

<!-- Made from the key table in crates/config; `OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw-config` rewrites it. -->

The config file is `~/.openclaw/openclaw.json`, JSON5: comments, trailing commas and unquoted keys are fine. `openclaw config file`
prints its path, `openclaw config set <path> <value>` changes it and keeps comments and order, `openclaw config validate` checks it,
`openclaw config rollback` brings back the version before the last change.

## Which value counts

Command-line flag, then environment variable, then this file, then the default; for the gateway and its clients alike.
`gateway status` prints where each value in use comes from. Variables come from the process environment, then from
`<state>/.env`, then from the `env` block of this file. A `.env` in the working directory is not read.
An explicit `--url` is sent what is given with it, else the token that the gateway at this very URL gave this device when it was paired. No token or password
of this file goes there.

## When something is wrong

| Found | What happens |
|---|---|
| unknown key | warning; the key is kept when the file is written |
| wrong value, while reading | its section keeps what it held when it was last valid, else the default; `status` says so |
| wrong value below `gateway` that was never valid | its section has the defaults, and the gateway serves this machine only until it is corrected |
| wrong value in a section that decides who can connect (`bind`, `auth`, `tls`, `proxy`, `trustedProxies`, `tailscale`, `controlUi`) | all of these sections keep what they held when they were last valid |
| known key that turned into an unknown one, such as `alowUsers` | an error: its section keeps what it held |
| unreadable file | the last valid version is used |
| wrong value, while writing | nothing is written; the error lists what is allowed |

## Other files and variables in texts

`\"$include\": \"./more.json5\"` (or a list of files) merges other files into an object; keys beside it win, lists are joined. Files must lie below
the directory of the config file or one named by `OPENCLAW_INCLUDE_ROOTS`.
`${NAME}` in a text is replaced by a variable when the file is read, never when it is written; `$${NAME}` stands for the text itself.

## Profiles and ports

`--profile <name>` uses `~/.openclaw-<name>` for everything, `--dev` means `--profile dev`. The port of a profile, unless set: 18789 for the default one,
19001 for `dev`, and for any other name 20000 + 20 × (first two bytes of the SHA-256 of the lower-case name, modulo 600).
Each profile has its own lock, control socket, device identity and exec approvals.

## Keys
";

/// Returns the whole page.
pub fn config_reference() -> String {
    let mut page = HEAD.to_owned();
    for section in SECTIONS {
        let rows: Vec<&Field> = FIELDS
            .iter()
            .filter(|field| section_of(field.path).is_some_and(|own| own.prefix == section.prefix))
            .filter(|field| !matches!(field.kind, Kind::Kept | Kind::OpenObject))
            .collect();
        line(&mut page, &format!("\n### {}\n", section.title));
        line(&mut page, "| Key | Holds | Default | Meaning |");
        line(&mut page, "|---|---|---|---|");
        for field in rows {
            let default = if field.default.is_empty() {
                "—".to_owned()
            } else {
                code(field.default)
            };
            line(
                &mut page,
                &format!(
                    "| {} | {} | {default} | {} |",
                    code(field.path),
                    holds(field),
                    field.help
                ),
            );
        }
    }
    line(&mut page, "\n### When a change counts\n");
    line(
        &mut page,
        &format!(
            "A running gateway takes over every key by itself, without cutting a connection whose own credential still counts, except: {}. \
             The node host reads these when it starts: {}. Commands read these when they run: {}.",
            of_class(Applies::GatewayRestart),
            of_class(Applies::NodeRestart),
            of_class(Applies::NextCommand),
        ),
    );
    let kept: Vec<String> = FIELDS
        .iter()
        .filter(|field| field.kind == Kind::Kept)
        .map(|field| code(field.path))
        .collect();
    line(&mut page, "\n### Accepted and kept\n");
    line(
        &mut page,
        &format!(
            "These keys belong to other programs or releases. They are accepted, not read and written back unchanged: {}. One value below them is read, for setups that \
             have it: `plugins.entries.device-pair.config.publicUrl` is an address of the gateway for setup codes and join links, after \
             `gateway.publicOrigin`, which is the key to set.",
            kept.join(", ")
        ),
    );
    line(&mut page, "\n## Environment variables\n");
    line(&mut page, "| Name | Older name | Meaning |");
    line(&mut page, "|---|---|---|");
    for name in NAMES {
        let legacy = name.legacy.map_or_else(|| "—".to_owned(), code);
        line(
            &mut page,
            &format!("| {} | {legacy} | {} |", code(name.name), name.help.trim()),
        );
    }
    page
}

fn of_class(class: Applies) -> String {
    let of_class = FIELDS
        .iter()
        .filter(|field| field.applies == class && !field.help.is_empty());
    let keys: Vec<String> = of_class.map(|field| code(field.path)).collect();
    keys.join(", ")
}

fn line(page: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{text}");
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn holds(field: &Field) -> String {
    let words = |words: &[&str]| {
        words
            .iter()
            .map(|word| code(word))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let secret = if field.secret { ", secret" } else { "" };
    let kind = match field.kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Int { min, max } if max > i64::from(u32::MAX) => format!("whole number ≥ {min}"),
        Kind::Int { min, max } => format!("whole number {min}–{max}"),
        Kind::Text => "text".to_owned(),
        Kind::ShortText(limit) => format!("text, at most {limit} characters"),
        Kind::Word(allowed) => words(allowed),
        Kind::Bind => format!(
            "{}, an IP address, an interface or a CIDR range",
            words(BindMode::WORDS)
        ),
        Kind::BindHost => "IP address, interface or CIDR range".to_owned(),
        Kind::IpRanges => "list of IP addresses and CIDR ranges".to_owned(),
        Kind::Origin => "web origin".to_owned(),
        Kind::Origins => "list of web origins".to_owned(),
        Kind::ProxyListen => "address with port, or path of a Unix socket".to_owned(),
        Kind::HeaderName => "name of a header".to_owned(),
        Kind::Fingerprint => "64 hex digits, with or without colons".to_owned(),
        Kind::ListsByName => "lists of texts by name".to_owned(),
        Kind::Url => "URL".to_owned(),
        Kind::DnsDomain => "DNS domain".to_owned(),
        Kind::BasePath => "path".to_owned(),
        Kind::Texts => "list of texts".to_owned(),
        Kind::TextMap | Kind::EnvBlock => "texts by name".to_owned(),
        Kind::Headers => "header values by name".to_owned(),
        Kind::OpenObject | Kind::Kept => "anything".to_owned(),
    };
    format!("{kind}{secret}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::env::{Env, OPENCLAW_UPDATE_DOCS};

    #[test]
    fn docs_config_md_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
        let wanted = config_reference();
        if Env::from_process().is_one(OPENCLAW_UPDATE_DOCS) {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &wanted).unwrap();
        }
        let held = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            held == wanted,
            "docs/config.md is out of date; run: OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw-config"
        );
    }
}
