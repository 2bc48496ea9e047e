//! Hides a short secret where it is a whole word.

/// The line with `mask` in place of `word` where nothing of a word is beside it. Of a line of JSON only texts count, and not
/// those that are keys: it has to stay JSON.
pub(super) fn mask(line: &str, word: &str, mask: &str) -> String {
    let json = line.starts_with('{');
    let texts = if json { texts(line) } else { Vec::new() };
    let mut clean = String::with_capacity(line.len());
    let mut copied = 0;
    for (start, found) in line.match_indices(word) {
        let end = start + found.len();
        let before = line[..start].chars().next_back();
        let after = line[end..].chars().next();
        let whole = !before.is_some_and(is_of_word) && !after.is_some_and(is_of_word);
        let readable = !json || texts.iter().any(|text| text.0 < start && end <= text.1);
        if whole && readable {
            clean.push_str(&line[copied..start]);
            clean.push_str(mask);
            copied = end;
        }
    }
    clean.push_str(&line[copied..]);
    clean
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// Where the texts of a line of JSON are that are no keys: from the opening quote to the closing one.
fn texts(line: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut opened = None;
    let mut escaped = false;
    for (at, character) in line.char_indices() {
        match (opened, character) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(start), '"') => {
                if !line[at + 1..].trim_start().starts_with(':') {
                    found.push((start, at));
                }
                opened = None;
            }
            (None, '"') => opened = Some(at),
            _ => {}
        }
    }
    found
}
