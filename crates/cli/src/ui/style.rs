//! The few colours.

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Title of a section.
    Heading,
    /// Good news.
    Success,
    /// Something to look at.
    Warn,
    /// A failure.
    Error,
    /// Less important.
    Muted,
}

impl Style {
    /// Wraps text in the escape sequences of this style.
    pub(crate) fn apply(self, text: &str) -> String {
        let code = match self {
            Self::Heading => "1;38;2;255;90;45",
            Self::Success => "38;2;47;191;113",
            Self::Warn => "38;2;255;176;32",
            Self::Error => "38;2;226;61;45",
            Self::Muted => "38;2;139;127;119",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
