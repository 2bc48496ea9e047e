//! Content codings: which of the copies of a file a client gets.

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// A coding of which copies exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    /// The better one first.
    const BY_SIZE: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// Name in `Content-Encoding`, and of entity tags.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// What the names of such copies end with.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
        }
    }

    fn is_named(self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name())
            || self == Self::Gzip && name.eq_ignore_ascii_case("x-gzip")
    }
}

/// The codings that a client takes, the smallest first. It always gets the plain file when there is no other copy: a file
/// that it did not ask for in this form is worth more than a refusal.
pub(super) fn accepted(headers: &HeaderMap) -> impl Iterator<Item = Coding> {
    let lists: Vec<&str> = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    Coding::BY_SIZE
        .into_iter()
        .filter(move |coding| weight(&lists, *coding) > 0.0)
}

/// What the client says of a coding: its own entry counts before `*`.
fn weight(lists: &[&str], coding: Coding) -> f32 {
    let mut of_all = None;
    for entry in lists.iter().flat_map(|list| list.split(',')) {
        let mut parts = entry.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(quality).unwrap_or(1.0);
        if coding.is_named(name) {
            return weight;
        }
        if name == "*" {
            of_all = Some(weight);
        }
    }
    of_all.unwrap_or(0.0)
}

/// `q=0.5`; what cannot be read counts as refused.
fn quality(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value = value.trim().parse::<f32>().unwrap_or(0.0);
    Some(if (0.0..=1.0).contains(&value) {
        value
    } else {
        0.0
    })
}

#[cfg(test)]
mod tests {
    use super::Coding::{Brotli, Gzip};
    use super::*;

    #[test]
    fn the_best_copy_that_the_client_takes_comes_first() {
        let cases: [(&str, &[Coding]); 17] = [
            ("gzip, deflate, br, zstd", &[Brotli, Gzip]),
            ("gzip, deflate", &[Gzip]),
            ("BR", &[Brotli]),
            ("x-gzip", &[Gzip]),
            ("identity", &[]),
            ("", &[]),
            ("br;q=0, gzip", &[Gzip]),
            ("br; q=0.000 ,gzip;q=0", &[]),
            ("*", &[Brotli, Gzip]),
            ("*;q=0", &[]),
            ("*, br;q=0", &[Gzip]),
            ("br;q=0, *", &[Gzip]),
            ("gzip;q=0.1", &[Gzip]),
            ("gzip;q=nonsense", &[]),
            ("gzip;q=NaN, br;q=-1", &[]),
            ("gzip;q=inf", &[]),
            (";;,=,br ;x=y; Q=1", &[Brotli]),
        ];
        for (sent, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, sent.parse().unwrap());
            assert_eq!(accepted(&headers).collect::<Vec<_>>(), expected, "{sent}");
        }
        assert_eq!(accepted(&HeaderMap::new()).count(), 0);
    }
}
