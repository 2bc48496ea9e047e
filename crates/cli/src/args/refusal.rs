//! Turns a parser's complaint into the known one-line forms.

use clap::Command;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::{Parsed, Refusal};
use crate::error::CommandError;

/// Explains why `line` did not parse; a request for help is not an error.
pub(super) fn explain(tree: &Command, line: &[String], error: &Error) -> Result<Parsed, Refusal> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            return Ok(Parsed::Help(error.render().to_string()));
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            return Err(Refusal::Incomplete(group_help(tree, line)));
        }
        _ => {}
    }
    let command = innermost(tree, line);
    let message = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            unknown_command(text(error, ContextKind::InvalidSubcommand))
        }
        ErrorKind::UnknownArgument => {
            unknown_argument(command, text(error, ContextKind::InvalidArg))
        }
        ErrorKind::MissingRequiredArgument => missing(error),
        ErrorKind::InvalidValue => invalid_value(command, error),
        ErrorKind::ValueValidation => {
            let flag = flag_name(text(error, ContextKind::InvalidArg));
            format!("invalid {flag}: {}", text(error, ContextKind::InvalidValue))
        }
        ErrorKind::ArgumentConflict => format!(
            "error: option '{}' cannot be used with option '{}'",
            text(error, ContextKind::InvalidArg),
            text(error, ContextKind::PriorArg)
        ),
        _ => first_line(&error.render()),
    };
    let mut refusal = CommandError::plain(message);
    if let Some(word) = suggestion(error) {
        refusal = refusal.hint(format!("(Did you mean {word}?)"));
    }
    if error.kind() == ErrorKind::ValueValidation
        && let Some(allowed) = allowed(error)
    {
        refusal = refusal.hint(allowed);
    }
    if error.kind() == ErrorKind::InvalidSubcommand {
        refusal = refusal.hint(format!(
            "See: {} --help",
            command.get_bin_name().unwrap_or("openclaw")
        ));
    }
    Err(Refusal::Error(refusal))
}

/// What the parser of a value says is allowed, as a sentence.
fn allowed(error: &Error) -> Option<String> {
    let source = std::error::Error::source(error)?;
    if source.is::<std::num::ParseIntError>() {
        return Some("Use a whole number.".to_owned());
    }
    let text = source.to_string();
    let mut characters = text.chars();
    let first = characters.next()?.to_uppercase();
    let sentence: String = first.chain(characters).collect();
    Some(format!("{}.", sentence.trim_end_matches('.')))
}

fn unknown_command(word: &str) -> String {
    format!("error: unknown command '{word}'")
}

/// A flag nobody declares, or a word too many.
fn unknown_argument(command: &Command, word: &str) -> String {
    if word.len() > 1 && word.starts_with('-') {
        return format!("error: unknown option '{word}'");
    }
    if command.has_subcommands() {
        return unknown_command(word);
    }
    let expected = command.get_positionals().count();
    let plural = if expected == 1 { "" } else { "s" };
    format!(
        "error: too many arguments for '{}'. Expected {expected} argument{plural} but got {}.",
        command.get_name(),
        expected + 1
    )
}

fn missing(error: &Error) -> String {
    let Some(ContextValue::Strings(names)) = error.get(ContextKind::InvalidArg) else {
        return first_line(&error.render());
    };
    let name = names.first().map(String::as_str).unwrap_or_default();
    if name.starts_with('-') {
        return format!("error: required option '{name}' not specified");
    }
    let bare = name.trim_start_matches(['<', '[']);
    let bare = bare.split(['>', ']']).next().unwrap_or(bare);
    format!("error: missing required argument '{bare}'")
}

fn invalid_value(command: &Command, error: &Error) -> String {
    let arg = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    if value.is_empty() {
        return format!("error: option '{arg}' argument missing");
    }
    let choices = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => values.join(", "),
        _ => String::new(),
    };
    let declared = declared_form(command, arg);
    format!(
        "error: option '{declared}' argument '{value}' is invalid. Allowed choices are {choices}."
    )
}

/// `-s, --shell <shell>` for what the parser calls `--shell <shell>`.
fn declared_form(command: &Command, shown: &str) -> String {
    let long = flag_name(shown).trim_start_matches('-');
    command
        .get_arguments()
        .find(|arg| arg.get_long() == Some(long))
        .and_then(clap::Arg::get_short)
        .map_or_else(|| shown.to_owned(), |short| format!("-{short}, {shown}"))
}

fn flag_name(shown: &str) -> &str {
    shown.split([' ', '=']).next().unwrap_or(shown)
}

fn text(error: &Error, kind: ContextKind) -> &str {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text,
        Some(ContextValue::Strings(texts)) => texts.first().map_or("", String::as_str),
        _ => "",
    }
}

fn suggestion(error: &Error) -> Option<String> {
    [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg]
        .into_iter()
        .find_map(|kind| match error.get(kind)? {
            ContextValue::String(text) => Some(text.clone()),
            ContextValue::Strings(texts) => texts.first().cloned(),
            _ => None,
        })
}

fn first_line(rendered: &StyledStr) -> String {
    rendered
        .to_string()
        .lines()
        .next()
        .unwrap_or("error: invalid command line")
        .to_owned()
}

/// The innermost command that the line names.
fn innermost<'a>(tree: &'a Command, line: &[String]) -> &'a Command {
    line.iter()
        .map_while(|word| (!word.starts_with('-')).then_some(word.as_str()))
        .fold((tree, true), |(command, walking), word| {
            match command.find_subcommand(word).filter(|_| walking) {
                Some(inner) => (inner, true),
                None => (command, false),
            }
        })
        .0
}

fn group_help(tree: &Command, line: &[String]) -> String {
    innermost(tree, line).clone().render_help().to_string()
}
