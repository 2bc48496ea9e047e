//! The reference page of the command line, made from the command tree.

use std::fmt::Write;

use clap::{Arg, Command};

const HEAD: &str = "# Command line

<!-- Made from the command tree in crates/cli; `OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw reference` rewrites it. -->

Flags work at any position: `openclaw gateway --token x health` and `openclaw gateway health --token x` are the same.
`--` ends flags: what follows belongs to the remote program of `nodes run`. `openclaw gateway` alone means `openclaw gateway run`.

Data goes to stdout, everything else to stderr; with `--json` stdout holds JSON and nothing else. Where a device, node or
request is asked for, its id, at least 6 characters of its id, or its name will do; requests also go by their code.

| exit code | meaning |
|---|---|
| 0 | done; also when the reader of the output went away |
| 1 | failed, and the reason with what to do is on stderr; or the answer is bad news (`gateway probe`, `audit verify`, `config validate`) |
| 2 | wrong use of `--profile` or `--dev` |
| 78 | the gateway must not start: wrong configuration, a refused bind, or another gateway holds the state directory |
| 127 | `nodes run`: the program could not be started on the node |
| 130, 143 | ended by SIGINT, SIGTERM (gateway and node host end with 0) |
| other | `nodes run`: the exit code of the program |
";

/// The whole page.
fn page(root: &Command) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Flags of every command\n\n");
    push_flags(&mut page, root.get_arguments().filter(|arg| is_shown(arg)));
    for command in root.get_subcommands() {
        push_command(&mut page, "openclaw", command);
    }
    page
}

fn push_command(page: &mut String, parent: &str, command: &Command) {
    let name = format!("{parent} {}", command.get_name());
    if command.is_hide_set() || command.get_name() == "help" {
        return;
    }
    let about = command
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    if command.has_subcommands() {
        write!(page, "\n## {name}\n\n{about}.\n").ok();
        for inner in command.get_subcommands() {
            push_command(page, &name, inner);
        }
        return;
    }
    let level = if parent == "openclaw" { "##" } else { "###" };
    let positionals: Vec<String> = command
        .get_positionals()
        .filter(|arg| is_shown(arg))
        .map(|arg| {
            let name = value_name(arg);
            if arg.is_required_set() {
                format!(" <{name}>")
            } else {
                format!(" [{name}]")
            }
        })
        .collect();
    write!(
        page,
        "\n{level} {name}{}\n\n{about}.\n",
        positionals.concat()
    )
    .ok();
    let own = |arg: &&Arg| is_shown(arg) && !arg.is_global_set() && arg.get_id() != "help";
    let talks = command
        .get_arguments()
        .any(|arg| arg.get_id() == "tls_fingerprint")
        && command.get_arguments().any(|arg| arg.get_id() == "timeout")
        && command.get_arguments().any(|arg| arg.get_id() == "url");
    let shared = ["url", "token", "password", "tls_fingerprint", "timeout"];
    let rows: Vec<&Arg> = command
        .get_arguments()
        .filter(own)
        .filter(|arg| !talks || !shared.contains(&arg.get_id().as_str()) || arg.is_positional())
        .collect();
    if !rows.is_empty() {
        page.push('\n');
        push_flags(page, rows.into_iter());
    }
    if talks {
        page.push_str("\nTalks to the gateway: `--url`, `--token`, `--password`, `--tls-fingerprint`, `--timeout`.\n");
    }
}

fn push_flags<'a>(page: &mut String, args: impl Iterator<Item = &'a Arg>) {
    page.push_str("| flag | meaning |\n|---|---|\n");
    for arg in args {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.replace('|', "\\|");
        let choices: Vec<String> = arg
            .get_possible_values()
            .iter()
            .filter(|_| arg.get_action().takes_values())
            .map(|value| value.get_name().to_owned())
            .collect();
        let choices = if choices.is_empty() {
            String::new()
        } else {
            format!(" ({})", choices.join(", "))
        };
        let default: Vec<&str> = arg
            .get_default_values()
            .iter()
            .filter(|_| arg.get_action().takes_values())
            .filter_map(|value| value.to_str())
            .collect();
        let default = if default.is_empty() {
            String::new()
        } else {
            format!("; default `{}`", default.join(" "))
        };
        writeln!(page, "| `{}` | {help}{choices}{default} |", form(arg)).ok();
    }
}

/// `-s, --shell <shell>`, or `<path>` for what has no dash.
fn form(arg: &Arg) -> String {
    if arg.is_positional() {
        return format!("<{}>", value_name(arg));
    }
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let mut form = short.into_iter().chain(long).collect::<Vec<_>>().join(", ");
    if arg.get_action().takes_values() {
        form = format!("{form} <{}>", value_name(arg));
    }
    form
}

fn value_name(arg: &Arg) -> String {
    arg.get_value_names()
        .and_then(|names| names.first())
        .map_or_else(|| arg.get_id().to_string(), ToString::to_string)
}

fn is_shown(arg: &Arg) -> bool {
    !arg.is_hide_set()
}

#[test]
fn the_reference_page_is_current() {
    use openclaw_config::{Env, env};

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let page = page(&super::tree());
    if Env::from_process().is_one(env::OPENCLAW_UPDATE_DOCS) {
        std::fs::write(path, &page).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap_or_default() == page,
        "docs/cli.md is out of date; run: OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw reference"
    );
}
