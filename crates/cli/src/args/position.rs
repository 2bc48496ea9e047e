//! Puts flags behind the command they belong to, so that `gateway --token x health` and
//! `gateway health --token x` are the same line.
//!
//! Every flag goes to the innermost command on the line. A flag that this command does not have is
//! then an error; it is never swallowed by a command further out.

use clap::{Arg, Command};

/// Rearranges `words` (after the program name): command path, flags, the rest.
///
/// `gateway` alone means `gateway run`.
pub(super) fn arrange(root: &Command, words: Vec<String>) -> Vec<String> {
    let mut path: Vec<&Command> = vec![root];
    let mut names: Vec<String> = Vec::new();
    let mut flags: Vec<String> = Vec::new();
    let mut rest: Vec<String> = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let here = path[path.len() - 1];
        if is_flag(&word) {
            let needs_value = !word.contains('=') && takes_value(&path, &word);
            flags.push(word);
            if needs_value {
                flags.extend(words.next());
            }
        } else if let Some(inner) = here.find_subcommand(&word).filter(|_| word != "--") {
            names.push(word);
            path.push(inner);
        } else {
            rest.push(word);
            rest.extend(words);
            break;
        }
    }
    let asks_help = flags.iter().any(|flag| flag == "--help" || flag == "-h");
    if names == ["gateway"] && rest.is_empty() && !asks_help {
        names.push("run".to_owned());
    }
    names.extend(flags);
    names.extend(rest);
    names
}

fn is_flag(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && word != "--"
}

/// Whether the flag is followed by a value: asked of the innermost command first, then of the
/// commands inside it, then of those around it.
fn takes_value(path: &[&Command], word: &str) -> bool {
    let here = path[path.len() - 1];
    let inside = || find_inside(here, word);
    let around = || path.iter().rev().find_map(|command| find(command, word));
    find(here, word)
        .or_else(inside)
        .or_else(around)
        .is_some_and(|arg| arg.get_action().takes_values())
}

fn find<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| {
        word.strip_prefix("--").map_or_else(
            || word.chars().nth(1) == arg.get_short() && arg.get_short().is_some(),
            |long| {
                arg.get_long() == Some(long)
                    || arg
                        .get_all_aliases()
                        .is_some_and(|aliases| aliases.contains(&long))
            },
        )
    })
}

fn find_inside<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    command
        .get_subcommands()
        .find_map(|inner| find(inner, word).or_else(|| find_inside(inner, word)))
}
