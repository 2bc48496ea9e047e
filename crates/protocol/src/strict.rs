//! Serde helpers that refuse what the schemas refuse: empty texts, `null` for absent, numbers out of range.
//!
//! They let a decode into a struct be the whole check of well-formed params; [`crate::schema`] only explains failures.

use std::borrow::Cow;
use std::fmt;

use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A struct that is an object on the wire: serde would take an array of its members as well.
pub(crate) struct Object<T>(pub(crate) T);

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A struct that is an object on the wire.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// Like [`object`], for a member that may be absent but not `null`.
pub(crate) fn some_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    object(deserializer).map(Some)
}

/// Like [`object`], for a member that may be absent or `null`.
pub(crate) fn object_or_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let object = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(object.map(|Object(value)| value))
}

/// A member that may be absent but not `null`.
pub(crate) fn some<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

fn refuse_empty<T: AsRef<str>, E: Error>(text: T) -> Result<T, E> {
    if text.as_ref().is_empty() {
        return Err(E::custom("must not be empty"));
    }
    Ok(text)
}

/// A text of at least one character.
pub(crate) fn nonempty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    String::deserialize(deserializer).and_then(refuse_empty)
}

/// A text of at least one character, or an absent member.
pub(crate) fn some_nonempty<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    nonempty(deserializer).map(Some)
}

/// A list of texts of at least one character, or an absent member.
pub(crate) fn some_nonempty_list<'de, D>(deserializer: D) -> Result<Option<Vec<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.iter().any(String::is_empty) {
        return Err(D::Error::custom("must not hold empty texts"));
    }
    Ok(Some(texts))
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A text that borrows from the input where it has no escapes.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    deserializer.deserialize_str(TextVisitor)
}

/// Like [`text`], of at least one character.
pub(crate) fn nonempty_text<'de, D>(deserializer: D) -> Result<Cow<'de, str>, D::Error>
where
    D: Deserializer<'de>,
{
    text(deserializer).and_then(refuse_empty)
}

/// Like [`text`], for a member that may be absent.
pub(crate) fn some_text<'de, D>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error>
where
    D: Deserializer<'de>,
{
    text(deserializer).map(Some)
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        Ok(i64::try_from(number).unwrap_or(i64::MAX))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, which is what a number out of every range should do"
    )]
    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        if number.fract() == 0.0 {
            Ok(number as i64)
        } else {
            Err(E::custom("must be an integer"))
        }
    }
}

/// An integer from `MIN` to `MAX`; `3.0` is one, as it is for script engines.
pub(crate) fn between<'de, D, T, const MIN: i64, const MAX: i64>(
    deserializer: D,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let number = deserializer.deserialize_any(IntegerVisitor)?;
    if !(MIN..=MAX).contains(&number) {
        return Err(D::Error::custom(format_args!(
            "must be from {MIN} to {MAX}"
        )));
    }
    T::try_from(number).map_err(|_| D::Error::custom("out of range"))
}

/// Like [`between`], for a member that may be absent.
pub(crate) fn some_between<'de, D, T, const MIN: i64, const MAX: i64>(
    deserializer: D,
) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    between::<D, T, MIN, MAX>(deserializer).map(Some)
}

/// Like [`between`] without an upper end.
pub(crate) fn at_least<'de, D, T, const MIN: i64>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    between::<D, T, MIN, { i64::MAX }>(deserializer)
}

/// Like [`at_least`], for a member that may be absent.
pub(crate) fn some_at_least<'de, D, T, const MIN: i64>(
    deserializer: D,
) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    between::<D, T, MIN, { i64::MAX }>(deserializer).map(Some)
}
