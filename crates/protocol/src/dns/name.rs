//! Domain names.

use std::fmt;
use std::hash::{Hash, Hasher};

/// Longest label, bytes.
const MAX_LABEL: usize = 63;
/// Longest name on the wire, bytes, the root's zero included.
const MAX_WIRE: usize = 255;

/// Why something is no domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// An empty label inside a name.
    #[error("a label is empty")]
    EmptyLabel,
    /// A label over 63 bytes.
    #[error("a label is longer than {MAX_LABEL} bytes")]
    LongLabel,
    /// A name over 255 bytes.
    #[error("the name is longer than {MAX_WIRE} bytes")]
    LongName,
    /// An unfinished or impossible escape in text.
    #[error("an escape sequence is wrong")]
    Escape,
    /// A pointer that does not point backwards.
    #[error("a compression pointer does not point backwards")]
    Pointer,
    /// A label type that nobody uses.
    #[error("a label has an unknown type")]
    LabelType,
}

/// A domain name; compared and hashed without regard to the case of ASCII letters.
#[derive(Clone, Default)]
pub struct Name {
    labels: Vec<Box<[u8]>>,
    wire_len: usize,
}

impl Name {
    /// The root.
    pub fn root() -> Self {
        Self::default()
    }

    /// A name of these labels, the most specific first.
    pub fn from_labels<L: AsRef<[u8]>>(
        labels: impl IntoIterator<Item = L>,
    ) -> Result<Self, NameError> {
        let mut name = Self::root();
        for label in labels {
            name.push(label.as_ref())?;
        }
        Ok(name)
    }

    /// Reads the written form: labels separated by dots, `\.`, `\\` and `\DDD` escaped; a final dot changes nothing.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text == "." {
            return Ok(Self::root());
        }
        let mut name = Self::root();
        let mut label = Vec::new();
        let mut bytes = text.bytes();
        let mut ended = true;
        while let Some(byte) = bytes.next() {
            ended = false;
            match byte {
                b'.' => {
                    name.push(&label)?;
                    label.clear();
                    ended = true;
                }
                b'\\' => label.push(unescape(&mut bytes)?),
                other => label.push(other),
            }
        }
        if !ended {
            name.push(&label)?;
        }
        Ok(name)
    }

    /// Appends a label at the end nearest to the root.
    pub(super) fn push(&mut self, label: &[u8]) -> Result<(), NameError> {
        match label.len() {
            0 => return Err(NameError::EmptyLabel),
            1..=MAX_LABEL => {}
            _ => return Err(NameError::LongLabel),
        }
        let wire_len = self.wire_len + label.len() + 1;
        if wire_len + 1 > MAX_WIRE {
            return Err(NameError::LongName);
        }
        self.wire_len = wire_len;
        self.labels.push(label.into());
        Ok(())
    }

    /// This name below `parent`: `a.b` below `c` is `a.b.c`.
    pub fn below(&self, parent: &Self) -> Result<Self, NameError> {
        Self::from_labels(self.labels().chain(parent.labels()))
    }

    /// The name `label.self`.
    pub fn child(&self, label: &[u8]) -> Result<Self, NameError> {
        Self::from_labels(std::iter::once(label).chain(self.labels()))
    }

    /// The labels, the most specific first.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &[u8]> + ExactSizeIterator {
        self.labels.iter().map(AsRef::as_ref)
    }

    /// The first label as text; what is not UTF-8 is replaced.
    pub fn first_label(&self) -> String {
        self.labels
            .first()
            .map_or_else(String::new, |label| String::from_utf8_lossy(label).into())
    }

    /// Whether this is `other` or a name below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.labels.len() >= other.labels.len()
            && self
                .labels()
                .rev()
                .zip(other.labels().rev())
                .all(|(ours, theirs)| ours.eq_ignore_ascii_case(theirs))
    }
}

/// The byte that an escape stands for.
fn unescape(bytes: &mut std::str::Bytes<'_>) -> Result<u8, NameError> {
    let first = bytes.next().ok_or(NameError::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut number = u16::from(first - b'0');
    for _ in 0..2 {
        let digit = bytes.next().filter(u8::is_ascii_digit);
        number = number * 10 + u16::from(digit.ok_or(NameError::Escape)? - b'0');
    }
    u8::try_from(number).map_err(|_| NameError::Escape)
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.labels.len() == other.labels.len() && self.is_within(other)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for label in &self.labels {
            label.to_ascii_lowercase().hash(state);
        }
    }
}

impl fmt::Display for Name {
    /// The written form with a final dot; bytes that are not printable ASCII are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels.is_empty() {
            return f.write_str(".");
        }
        for label in &self.labels {
            for byte in label {
                match byte {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
                    0x21..=0x7e => write!(f, "{}", char::from(*byte))?,
                    other => write!(f, "\\{other:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}
