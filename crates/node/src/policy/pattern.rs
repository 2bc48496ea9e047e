//! Path patterns of the allowlist.

use std::path::Path;

use super::lookup::expand_home;

/// One part of a pattern.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// This character.
    Exactly(char),
    /// Any one character.
    One,
    /// Any run of characters without a slash.
    Name,
    /// Any run of characters.
    Anything,
}

/// Whether `pattern` covers the program at `path`. A pattern without a slash, backslash or tilde is
/// a mere name and covers nothing: names say too little about what would run.
pub(super) fn matches(pattern: &str, path: &Path, home: Option<&Path>, fold_case: bool) -> bool {
    let pattern = pattern.trim();
    if !pattern.contains(['/', '\\', '~']) {
        return false;
    }
    let expanded = expand_home(pattern, home);
    let (Some(pattern), Some(path)) = (expanded.to_str(), path.to_str()) else {
        return false;
    };
    let fold = |text: &str| -> Vec<char> {
        // Where a backslash separates folders, a slash does too, and people write either.
        let text = match std::path::MAIN_SEPARATOR {
            '\\' => text.replace('\\', "/"),
            _ => text.to_owned(),
        };
        if fold_case {
            text.to_lowercase().chars().collect()
        } else {
            text.chars().collect()
        }
    };
    covers(&parts(&fold(pattern)), &fold(path))
}

fn parts(pattern: &[char]) -> Vec<Part> {
    let mut parts = Vec::with_capacity(pattern.len());
    for character in pattern {
        let part = match character {
            '*' => match parts.last_mut() {
                Some(last @ (Part::Name | Part::Anything)) => {
                    *last = Part::Anything;
                    continue;
                }
                _ => Part::Name,
            },
            '?' => Part::One,
            other => Part::Exactly(*other),
        };
        parts.push(part);
    }
    parts
}

/// Remembers for every place in the text whether the pattern so far can end there, so that no
/// pattern takes more than `pattern × text` steps.
fn covers(parts: &[Part], text: &[char]) -> bool {
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for part in parts {
        let mut next = vec![false; text.len() + 1];
        let mut running = false;
        for place in 0..=text.len() {
            let before = place.checked_sub(1);
            next[place] = match part {
                Part::Exactly(wanted) => {
                    before.is_some_and(|before| ends[before] && text[before] == *wanted)
                }
                Part::One => before.is_some_and(|before| ends[before]),
                Part::Name => {
                    running &= before.is_some_and(|before| text[before] != '/');
                    running |= ends[place];
                    running
                }
                Part::Anything => {
                    running |= ends[place];
                    running
                }
            };
        }
        ends = next;
    }
    ends[text.len()]
}
