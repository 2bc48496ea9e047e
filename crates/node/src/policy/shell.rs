//! Takes a shell script apart as far as that is safe, and gives up otherwise.
//!
//! Understood are lists of pipelines of plain commands: `a && b | c ; d`. Anything through which a
//! shell could run or write something that is not visible as a word (redirections, substitutions,
//! groups, background jobs, several lines) makes the whole script unknown.

/// One word after quotes are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The characters of the word.
    pub(super) text: String,
    /// Whether the shell would turn it into something else: a variable, a file name pattern.
    pub(super) expands: bool,
}

impl Word {
    /// A word that stays as it is.
    pub(super) fn literal(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            expands: false,
        }
    }
}

/// The commands of a script, in order; none when it does more than run plain commands.
pub(super) fn split(script: &str) -> Option<Vec<Vec<Word>>> {
    let mut reader = Reader::default();
    let mut characters = script.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => loop {
                match characters.next()? {
                    '\'' => {
                        reader.word();
                        break;
                    }
                    other => reader.push(other),
                }
            },
            '"' => {
                reader.word();
                loop {
                    match characters.next()? {
                        '"' => break,
                        '\\' => match characters.next()? {
                            escaped @ ('"' | '\\' | '$' | '`') => reader.push(escaped),
                            '\n' => return None,
                            other => {
                                reader.push('\\');
                                reader.push(other);
                            }
                        },
                        '`' | '\n' | '\r' => return None,
                        '$' => {
                            if characters.peek() == Some(&'(') {
                                return None;
                            }
                            reader.push_expanding('$');
                        }
                        other => reader.push(other),
                    }
                }
            }
            '\\' => match characters.next()? {
                '\n' | '\r' => return None,
                escaped => reader.push(escaped),
            },
            '|' => match characters.peek() {
                Some('&') => return None,
                Some('|') => {
                    characters.next();
                    reader.end_command()?;
                }
                _ => reader.end_command()?,
            },
            '&' => {
                if characters.next() != Some('&') {
                    return None;
                }
                reader.end_command()?;
            }
            ';' => {
                // A closing semicolon ends the last command and starts no other.
                reader.end_command()?;
                if characters.clone().all(char::is_whitespace) && !script.contains(['\n', '\r']) {
                    return Some(reader.commands);
                }
            }
            '<' | '>' | '(' | ')' | '`' | '\n' | '\r' | '\0' => return None,
            '$' | '*' | '?' | '[' | ']' | '{' | '}' => reader.push_expanding(character),
            '~' if reader.current.is_none() => reader.push_expanding('~'),
            blank if blank.is_whitespace() => {
                // Shells split at space and tab only; other blanks would be part of a word there.
                if blank != ' ' && blank != '\t' {
                    return None;
                }
                reader.end_word();
            }
            other => reader.push(other),
        }
    }
    reader.end_command()?;
    Some(reader.commands)
}

/// The words of a line that is one command without expansions.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let mut commands = split(line)?;
    let words = commands.pop()?;
    (commands.is_empty() && words.iter().all(|word| !word.expands))
        .then(|| words.into_iter().map(|word| word.text).collect())
}

/// Whether the shell itself acts on these words instead of starting the program of that name, in a
/// way that changes what it runs next.
pub(super) fn is_shell_business(words: &[Word]) -> bool {
    const BUILTINS: [&str; 35] = [
        ".",
        ":",
        "alias",
        "bg",
        "bind",
        "builtin",
        "cd",
        "command",
        "coproc",
        "declare",
        "enable",
        "eval",
        "exec",
        "export",
        "fc",
        "function",
        "getopts",
        "hash",
        "let",
        "local",
        "mapfile",
        "popd",
        "pushd",
        "read",
        "readarray",
        "readonly",
        "set",
        "shift",
        "shopt",
        "source",
        "trap",
        "typeset",
        "unalias",
        "unset",
        "!",
    ];
    let Some(first) = words.first() else {
        return true;
    };
    let sets_variable = |word: &Word| word.text.starts_with("-v") || word.expands;
    first.expands
        || first.text.contains('=')
        || BUILTINS.contains(&first.text.as_str())
        || first.text == "printf" && words.get(1).is_some_and(sets_variable)
}

#[derive(Default)]
struct Reader {
    commands: Vec<Vec<Word>>,
    words: Vec<Word>,
    current: Option<Word>,
}

impl Reader {
    /// The word being read; quotes start one even if nothing is between them.
    fn word(&mut self) -> &mut Word {
        self.current.get_or_insert_with(|| Word::literal(""))
    }

    fn push(&mut self, character: char) {
        self.word().text.push(character);
    }

    fn push_expanding(&mut self, character: char) {
        self.push(character);
        self.word().expands = true;
    }

    fn end_word(&mut self) {
        self.words.extend(self.current.take());
    }

    fn end_command(&mut self) -> Option<()> {
        self.end_word();
        if self.words.is_empty() {
            return None;
        }
        self.commands.push(std::mem::take(&mut self.words));
        Some(())
    }
}
