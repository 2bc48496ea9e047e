//! TypeScript as a person would have laid it out.

use std::fmt::Write as _;

/// `'name'`.
pub(super) fn quoted(name: &str) -> String {
    format!("'{name}'")
}

/// A union of texts.
pub(super) fn union<'a>(
    docs: &str,
    name: &str,
    members: impl IntoIterator<Item = &'a str>,
) -> String {
    let mut list = String::new();
    for member in members {
        write!(list, "\n  | {}", quoted(member)).expect("a string takes everything");
    }
    format!("\n/** {docs} */\nexport type {name} ={list};\n")
}

/// An object of numbers that do not change.
pub(super) fn numbers(docs: &str, name: &str, members: &[(&str, u64)]) -> String {
    let mut list = String::new();
    for (name, value) in members {
        writeln!(list, "  {name}: {value},").expect("a string takes everything");
    }
    format!("\n/** {docs} */\nexport const {name} = {{\n{list}}} as const;\n")
}

/// `Array<T>` as `T[]`, quotes as everywhere else.
pub(super) fn type_name(name: &str) -> String {
    let name = name.replace('"', "'");
    match name
        .strip_prefix("Array<")
        .and_then(|rest| rest.strip_suffix('>'))
    {
        Some(item) if item.chars().all(|c| c.is_ascii_alphanumeric()) => {
            format!("readonly {item}[]")
        }
        _ => name,
    }
}

/// A declaration of ts-rs (`type Name = { … };`) with one member a line.
pub(super) fn declaration(declaration: &str, docs: Option<&str>) -> String {
    let docs = docs.map(comment).unwrap_or_default();
    let (name, body) = declaration
        .trim()
        .trim_end_matches(';')
        .strip_prefix("type ")
        .and_then(|rest| rest.split_once(" = "))
        .expect("a declaration of a type");
    let body = body.trim();
    let whole = body.starts_with('{') && end_of_group(body) == Some(body.len() - 1);
    if !whole {
        return format!("\n{docs}export type {name} = {};\n", type_name(body));
    }
    let members: String = members(&body[1..body.len() - 1])
        .into_iter()
        .map(member)
        .collect();
    // An alias rather than an interface: it fits where any object with text keys is taken.
    format!("\n{docs}export type {name} = {{\n{members}}};\n")
}

/// Where the bracket that a text starts with is closed.
fn end_of_group(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '[' | '(' | '<' => depth += 1,
            '}' | ']' | ')' | '>' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The members of an object type, each with its comment.
fn members(mut text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        let (comment, rest) = match text.strip_prefix("/**").and_then(|rest| rest.find("*/")) {
            Some(end) => text.split_at(end + 5),
            None => ("", text),
        };
        let mut depth = 0_i32;
        let end = rest.char_indices().find(|(_, c)| {
            match c {
                '{' | '[' | '(' | '<' => depth += 1,
                '}' | ']' | ')' | '>' => depth -= 1,
                _ => {}
            }
            depth == 0 && *c == ','
        });
        let (member, rest) = match end {
            Some((at, _)) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        if member.trim().is_empty() {
            return found;
        }
        found.push((comment, member.trim()));
        text = rest;
    }
}

fn member((docs, member): (&str, &str)) -> String {
    let (name, type_) = member.split_once(": ").expect("a member has a type");
    // A member that may be left out is never null on this wire.
    let type_ = match name.strip_suffix('?') {
        Some(_) => type_.strip_suffix(" | null").unwrap_or(type_),
        None => type_,
    };
    let mut indented = String::new();
    for line in comment(docs).lines() {
        writeln!(indented, "  {line}").expect("a string takes everything");
    }
    let name = name.replace('"', "'");
    format!("{indented}  {name}: {};\n", lists(&type_name(type_)))
}

/// `Array<T> | null` as `T[] | null`.
fn lists(type_: &str) -> String {
    type_
        .split(" | ")
        .map(type_name)
        .collect::<Vec<_>>()
        .join(" | ")
}

/// A comment without the links of Rust, in one line if it fits.
fn comment(docs: &str) -> String {
    let lines: Vec<String> = docs
        .trim()
        .trim_start_matches("/**")
        .trim_end_matches("*/")
        .lines()
        .map(|line| line.trim().trim_start_matches('*').trim())
        .filter(|line| !line.is_empty())
        .map(without_links)
        .collect();
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("/** {line} */\n"),
        lines => {
            let mut body = String::new();
            for line in lines {
                writeln!(body, " * {line}").expect("a string takes everything");
            }
            format!("/**\n{body} */\n")
        }
    }
}

/// `` [`crate::limits::X`] `` as `` `X` ``.
fn without_links(line: &str) -> String {
    let mut parts = line.split("[`");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (path, rest) = part.split_once("`]").unwrap_or((part, ""));
        let name = path.rsplit("::").next().unwrap_or(path);
        write!(out, "`{name}`{rest}").expect("a string takes everything");
    }
    out
}

#[test]
fn declarations_are_laid_out() {
    let made = declaration(
        "type Node = { \n/**\n * Its id, see [`crate::limits::MAX`].\n */\nid: string, caps?: Array<string> | null, more: { [key in string]: boolean }, none: string | null, };",
        Some("/**\n * One.\n *\n * Two.\n */\n"),
    );
    assert_eq!(
        made,
        "\n/**\n * One.\n * Two.\n */\nexport type Node = {\n  /** Its id, see `MAX`. */\n  id: string;\n  caps?: readonly string[];\n  more: { [key in string]: boolean };\n  none: string | null;\n};\n"
    );
    assert_eq!(
        declaration("type Word = \"a\" | \"b\";", None),
        "\nexport type Word = 'a' | 'b';\n"
    );
}
