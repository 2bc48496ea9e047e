//! Changing the config file: by path, by merge patch, or as a whole.
//!
//! Every change happens under the lock of the file, keeps comments and order, leaves `${VAR}` as
//! written, adds no defaults, is validated as a whole before anything is written, and stamps
//! `meta.lastTouchedVersion` and `meta.lastTouchedAt`.

mod changed;
mod document;
mod patch;
mod path;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::env::Env;
use crate::load::{Prepared, prepare};
use crate::paths::Paths;
use crate::redact::restore_redacted;
use crate::store::{ConfigStore, Replaced, StoreError, Stored};
use crate::text::{self, SyntaxError};
use crate::validate::{Issue, credential_lost, misspelt};
use crate::{dotenv, legacy};

pub use changed::{Difference, changed_keys, differences};
pub(crate) use document::parse as parse_document;
pub use document::{Rewritten, rewrite};
pub use patch::apply_merge_patch;
pub use path::{KeyPath, KeyPathError};

/// Why the config was not changed. The texts follow `Error: ` on the command line and are the
/// messages of the config RPC.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The path cannot be used.
    #[error(transparent)]
    Path(#[from] KeyPathError),
    /// The new value is not JSON5.
    #[error("Failed to parse JSON5 value: {0}")]
    Value(SyntaxError),
    /// The given text is not JSON5.
    #[error(transparent)]
    Syntax(SyntaxError),
    /// The file as it is cannot be read, so it cannot be changed in part.
    #[error(
        "invalid config; fix before patching (JSON5 parse failed: {0}; correct the file, or run: openclaw config rollback)"
    )]
    Unreadable(SyntaxError),
    /// A merge patch must be an object.
    #[error("config.patch raw must be an object")]
    PatchNotAnObject,
    /// The result would not be valid; nothing was written.
    #[error("Config validation failed: {}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Invalid(Vec<Issue>),
    /// There is nothing to go back to.
    #[error("no earlier config that can be used is kept")]
    NoGood,
    /// Reading or writing failed, or somebody else wrote in between.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a change must start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base<'a> {
    /// Whatever the file holds, for people at the command line.
    Current,
    /// The text with this hash; `None` only when there is no file.
    Hash(Option<&'a str>),
}

/// A change that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// Hash of the text now in the file.
    pub hash: String,
    /// False when the file already said so.
    pub changed: bool,
    /// Things to tell: unknown keys, unset variables, older problems of the file, lost comments.
    pub warnings: Vec<Issue>,
}

/// Sees the file as it is and the text that is about to replace it, while nobody else can write; an error stops the change.
#[derive(Clone)]
struct BeforeWrite(Arc<BeforeWriteFn>);

type BeforeWriteFn = dyn Fn(&Stored, &str) -> Result<(), StoreError> + Send + Sync;

impl std::fmt::Debug for BeforeWrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BeforeWrite")
    }
}

/// Changes one config file.
#[derive(Debug, Clone)]
pub struct ConfigEditor {
    paths: Paths,
    env: Env,
    version: String,
    before_write: Option<BeforeWrite>,
}

impl ConfigEditor {
    /// An editor of the config of `paths` that stamps the version of this package.
    pub fn new(paths: &Paths, env: &Env) -> Self {
        Self {
            paths: paths.clone(),
            env: env.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            before_write: None,
        }
    }

    /// Calls `announce` with the file as it is and the new text just before the text is written, if it differs. Nobody else
    /// can write in between; an error stops the change.
    #[must_use]
    pub fn before_write(
        self,
        announce: impl Fn(&Stored, &str) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            before_write: Some(BeforeWrite(Arc::new(announce))),
            ..self
        }
    }

    /// Stamps `version` instead.
    #[must_use]
    pub fn with_version(self, version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            ..self
        }
    }

    /// Puts `value` at `path`.
    pub fn set(&self, path: &str, value: Value) -> Result<Edited, EditError> {
        self.set_all(&[(path, value)])
    }

    /// Puts several values in one write.
    pub fn set_all(&self, values: &[(&str, Value)]) -> Result<Edited, EditError> {
        let values: Vec<(KeyPath, &Value)> = values
            .iter()
            .map(|(path, value)| Ok((KeyPath::parse(path)?, value)))
            .collect::<Result<_, KeyPathError>>()?;
        self.change(Base::Current, |config| {
            values
                .iter()
                .try_for_each(|(path, value)| Ok(path.set(config, (*value).clone())?))
        })
    }

    /// Puts those of the values in one write for which there is nothing yet. Somebody else may be faster.
    pub fn set_missing(&self, values: &[(&str, Value)]) -> Result<Edited, EditError> {
        let values: Vec<(KeyPath, &Value)> = values
            .iter()
            .map(|(path, value)| Ok((KeyPath::parse(path)?, value)))
            .collect::<Result<_, KeyPathError>>()?;
        self.change(Base::Current, |config| {
            for (path, value) in &values {
                let is_there = match path.get(config) {
                    None | Some(Value::Null) => false,
                    Some(Value::String(text)) => !text.trim().is_empty(),
                    Some(_) => true,
                };
                if !is_there {
                    path.set(config, (*value).clone())?;
                }
            }
            Ok(())
        })
    }

    /// Removes what lies at `path`.
    pub fn unset(&self, path: &str) -> Result<Edited, EditError> {
        let path = KeyPath::parse(path)?;
        self.change(Base::Current, |config| {
            path.unset(config)?;
            path.unset_empty_parents(config);
            Ok(())
        })
    }

    /// Applies a merge patch given as JSON5 text.
    pub fn patch(&self, base: Base<'_>, raw: &str) -> Result<Edited, EditError> {
        self.check_base(base)?;
        let patch = text::parse(raw).map_err(EditError::Syntax)?;
        if !patch.is_object() {
            return Err(EditError::PatchNotAnObject);
        }
        self.change(base, |config| {
            apply_merge_patch(config, &patch);
            Ok(())
        })
    }

    /// Replaces the whole file by JSON5 text. Redacted placeholders keep the stored values.
    pub fn replace(&self, base: Base<'_>, raw: &str) -> Result<Edited, EditError> {
        self.write(base, |stored| {
            let mut wanted = text::parse(raw).map_err(EditError::Syntax)?;
            let old = stored
                .raw
                .as_deref()
                .and_then(|raw| text::parse(raw).ok())
                .unwrap_or_default();
            let mut merged = self.prepare(old.clone()).parsed;
            legacy::migrate(&mut merged);
            restore_redacted(&mut wanted, &[&old, &merged]);
            Ok((raw.to_owned(), old, wanted))
        })
    }

    /// Changes the content of the main file, as written there, in any way.
    pub fn change(
        &self,
        base: Base<'_>,
        change: impl FnOnce(&mut Value) -> Result<(), EditError>,
    ) -> Result<Edited, EditError> {
        self.write(base, |stored| {
            let raw = stored.raw.clone().unwrap_or_default();
            let old = match &stored.raw {
                Some(raw) => text::parse(raw).map_err(EditError::Unreadable)?,
                None => Value::Object(Map::new()),
            };
            let mut wanted = old.clone();
            change(&mut wanted)?;
            Ok((raw, old, wanted))
        })
    }

    /// Puts a backup back, 0 being the newest. A backup that would not load is refused.
    pub fn rollback(&self, index: usize) -> Result<Replaced, EditError> {
        self.check_writable()?;
        let store = ConfigStore::new(&self.paths);
        let replaced = store.rollback(index, |raw| {
            let errors = self
                .prepare(text::parse(raw).map_err(EditError::Syntax)?)
                .issues;
            if errors.is_empty() {
                Ok(())
            } else {
                Err(EditError::Invalid(errors))
            }
        })?;
        crate::load::load(&self.paths, &self.env).remember_good(&self.paths)?;
        Ok(replaced)
    }

    /// The newest config that was right: the last good one, else the newest backup that can be used.
    pub fn good_text(&self) -> Option<String> {
        let store = ConfigStore::new(&self.paths);
        let backups = store.backups().into_iter();
        let backups = backups.filter_map(|backup| store.read_backup(backup.index).ok());
        store
            .last_good()
            .into_iter()
            .chain(backups)
            .find(|raw| text::parse(raw).is_ok_and(|value| self.prepare(value).issues.is_empty()))
    }

    /// Puts the newest config that was right back, and keeps what is there beside it; gives the name of that.
    pub fn restore_good(&self, now_ms: i64) -> Result<PathBuf, EditError> {
        self.check_writable()?;
        let store = ConfigStore::new(&self.paths);
        // A secret that was replaced in the damaged file counts already, and goes on to.
        crate::load::load(&self.paths, &self.env).remember_good(&self.paths)?;
        let good = self.good_text().ok_or(EditError::NoGood)?;
        let aside = store.set_aside(&good, now_ms)?;
        crate::load::load(&self.paths, &self.env).remember_good(&self.paths)?;
        Ok(aside)
    }

    fn write(
        &self,
        base: Base<'_>,
        plan: impl FnOnce(&Stored) -> Result<(String, Value, Value), EditError>,
    ) -> Result<Edited, EditError> {
        self.check_writable()?;
        let store = ConfigStore::new(&self.paths);
        let mut warnings = Vec::new();
        let mut good = None;
        let replaced = store.update(|stored| {
            matches_base(base, stored)?;
            let (raw, old, mut wanted) = plan(stored)?;
            let result = self.check(&old, &wanted, &mut warnings)?;
            if wanted == old && stored.raw.as_deref() == Some(raw.as_str()) {
                return Ok::<_, EditError>(raw);
            }
            self.stamp(&mut wanted);
            if result.issues.is_empty() {
                let mut parsed = result.parsed;
                self.stamp(&mut parsed);
                good = Some(text::pretty(&parsed));
            }
            let rewritten = rewrite(&raw, &wanted);
            if !rewritten.comments_kept {
                warnings.push(Issue::new(
                    "",
                    "the file had to be written anew; its comments are only in the backup",
                ));
            }
            if let Some(BeforeWrite(announce)) = &self.before_write
                && stored.raw.as_deref() != Some(rewritten.text.as_str())
            {
                announce(stored, &rewritten.text)?;
            }
            Ok(rewritten.text)
        })?;
        if let Some(good) = good {
            store.remember_good(&good)?;
        }
        Ok(Edited {
            hash: replaced.hash,
            changed: replaced.changed,
            warnings,
        })
    }

    /// Refuses problems that the change brings in. Problems that were there before become warnings:
    /// several broken keys must be mendable one by one.
    fn check(
        &self,
        old: &Value,
        wanted: &Value,
        warnings: &mut Vec<Issue>,
    ) -> Result<Prepared, EditError> {
        let before = self.prepare(old.clone());
        let mut after = self.prepare(wanted.clone());
        let (known, mut new): (Vec<Issue>, Vec<Issue>) = after
            .issues
            .iter()
            .chain(&after.conflicts)
            .cloned()
            .partition(|issue| before.issues.contains(issue) || before.conflicts.contains(issue));
        let left_out = after.left_out.iter().cloned();
        new.extend(left_out.filter(|issue| !before.left_out.contains(issue)));
        new.extend(misspelt(&before.resolved, &after.resolved));
        new.extend(credential_lost(&before, &after));
        if !new.is_empty() || !wanted.is_object() {
            return Err(EditError::Invalid(new));
        }
        warnings.extend(known);
        warnings.append(&mut after.missing);
        warnings.append(&mut after.warnings);
        Ok(after)
    }

    fn prepare(&self, authored: Value) -> Prepared {
        let (env, _) = dotenv::layer(&self.env, &self.paths.dot_env_file);
        prepare(authored, &self.paths, &env)
    }

    fn stamp(&self, config: &mut Value) {
        let Value::Object(config) = config else {
            return;
        };
        let meta = config
            .entry("meta")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(meta) = meta {
            meta.insert("lastTouchedVersion".to_owned(), json!(self.version));
            meta.insert(
                "lastTouchedAt".to_owned(),
                json!(format!("{:.3}", jiff::Timestamp::now())),
            );
        }
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        if self.env.config_read_only() {
            return Err(StoreError::ReadOnly(self.paths.config_path.clone()));
        }
        Ok(())
    }

    fn check_base(&self, base: Base<'_>) -> Result<(), EditError> {
        if base != Base::Current {
            matches_base(base, &ConfigStore::new(&self.paths).read()?)?;
        }
        Ok(())
    }
}

fn matches_base(base: Base<'_>, stored: &Stored) -> Result<(), StoreError> {
    match (base, &stored.raw) {
        (Base::Hash(None), Some(_)) => Err(StoreError::BaseHashRequired),
        (Base::Hash(Some(hash)), _) if hash != stored.hash => Err(StoreError::Changed),
        _ => Ok(()),
    }
}

/// Reads a value as typed on the command line: JSON5, or with `strict` unset the text itself.
pub fn parse_value(typed: &str, strict: bool) -> Result<Value, EditError> {
    match text::parse(typed) {
        Ok(value) => Ok(value),
        Err(error) if strict => Err(EditError::Value(error)),
        Err(_) => Ok(Value::String(typed.to_owned())),
    }
}

#[cfg(test)]
mod tests;
