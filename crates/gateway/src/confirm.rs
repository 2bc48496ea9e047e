//! Config changes that are taken back unless somebody confirms them in time.
//!
//! A record of the former file lies in the state directory before the new one is written, so that neither a kill nor a power
//! loss between the two leaves a change that nobody can take back. Whoever writes the file in the meantime wins: a newer file
//! is never overwritten.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::load::load;
use openclaw_config::store::{ConfigStore, StoreError, write_private};
use openclaw_config::{Env, Paths};
use openclaw_protocol::error::WireError;
use openclaw_protocol::methods::config::{
    CONFIRM_WITHIN_MAX_MS, ConfirmEnded, ConfirmOutcome, PendingConfirm,
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::core::Core;
use crate::records::{AuditEvent, Change};
use crate::tasks;

/// Name of the record in the state directory.
const FILE: &str = "config-confirm.json";

/// What is kept until the change is confirmed or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// What everybody may know.
    #[serde(flatten)]
    pub(crate) shown: PendingConfirm,
    /// Text of the file before the change; `None` when there was no file.
    pub(crate) former: Option<String>,
    /// Hash of it.
    pub(crate) former_hash: String,
    /// Hash of the text that was written.
    pub(crate) written_hash: String,
    /// How it ended, when no gateway ran that could tell; the next one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<ConfirmEnded>,
}

#[derive(Debug)]
struct Waiting {
    record: Record,
    due: Instant,
}

/// The change that waits, if there is one.
#[derive(Debug)]
pub struct Confirms {
    /// Held while a config method writes, so that no two changes can wait.
    pub(crate) writing: tokio::sync::Mutex<()>,
    waiting: Mutex<Option<Waiting>>,
    last: Mutex<Option<ConfirmEnded>>,
    changed: Notify,
}

/// What the start found.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    waiting: Option<Waiting>,
    ended: Option<(Record, ConfirmEnded)>,
}

fn path(paths: &Paths) -> PathBuf {
    paths.state_dir.join(FILE)
}

impl Record {
    /// Makes it durable.
    pub(crate) fn write(&self, paths: &Paths) -> Result<(), StoreError> {
        let text = serde_json::to_string(self).expect("a record has string keys only");
        write_private(&path(paths), text.as_bytes())
    }

    /// Forgets it, in a way that outlives a power cut.
    pub(crate) fn remove(paths: &Paths) -> std::io::Result<()> {
        match std::fs::remove_file(path(paths)) {
            Ok(()) => openclaw_config::platform::sync_dir(&paths.state_dir),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Forgets it where nothing depends on that.
    pub(crate) fn drop_file(paths: &Paths) {
        if let Err(error) = Self::remove(paths) {
            let path = path(paths);
            tracing::warn!(path = %path.display(), %error, "the record of a config change could not be removed");
        }
    }

    fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let record = serde_json::from_str(&text);
        record
            .inspect_err(|error| {
                tracing::warn!(path = %path.display(), %error, "the record of a config change cannot be read; it is left");
            })
            .ok()
    }
}

/// Puts the former file back unless somebody changed it since. Blocks on the disk.
fn take_back(
    paths: &Paths,
    env: &Env,
    record: &Record,
    why: &str,
    ts: i64,
) -> Result<ConfirmEnded, StoreError> {
    let store = ConfigStore::new(paths);
    let done = store.take_back(&record.written_hash, record.former.as_deref())?;
    if done && let Err(error) = load(paths, env).remember_good(paths) {
        tracing::warn!(%error, "the last good config could not be kept");
    }
    Record::drop_file(paths);
    let (outcome, message) = if done {
        (
            ConfirmOutcome::Reverted,
            format!("{why}; the config file is what it was before"),
        )
    } else {
        (
            ConfirmOutcome::Kept,
            format!("{why}, but the config file was changed again meanwhile; the newer file stays"),
        )
    };
    Ok(ConfirmEnded {
        id: record.shown.id.clone(),
        outcome,
        message,
        keys: record.shown.keys.clone(),
        hash: store.read()?.hash,
        ts,
    })
}

const NOBODY: &str = "nobody confirmed the change in time";

/// What a record found at the start calls for.
enum Found {
    /// None, or one of a change that was never made.
    Nothing,
    /// A change whose end nobody was told of.
    Ended(Record, ConfirmEnded),
    /// A change that waits for so long still.
    Waits(Record, Duration),
}

fn find(paths: &Paths, now_ms: i64) -> Found {
    let Some(mut record) = Record::read(&path(paths)) else {
        return Found::Nothing;
    };
    if let Some(ended) = record.ended.take() {
        return Found::Ended(record, ended);
    }
    let current = ConfigStore::new(paths).read().map(|stored| stored.hash);
    if current.is_ok_and(|hash| hash == record.former_hash) {
        // The end came before the change was written, or after it was taken back.
        Record::drop_file(paths);
        return Found::Nothing;
    }
    let left_ms = record.shown.deadline_ms.saturating_sub(now_ms);
    // Nobody was given longer, whatever the clock of this machine says after a restart.
    let left_ms = u64::try_from(left_ms)
        .unwrap_or(0)
        .min(CONFIRM_WITHIN_MAX_MS);
    Found::Waits(record, Duration::from_millis(left_ms))
}

/// Takes a change back that was waiting, and leaves how it ended for the gateway that starts next.
fn end_unattended(paths: &Paths, env: &Env, mut record: Record, why: &str, now_ms: i64) -> bool {
    match take_back(paths, env, &record, why, now_ms) {
        Ok(ended) => {
            tracing::warn!("{}", ended.message);
            let reverted = ended.outcome == ConfirmOutcome::Reverted;
            record.ended = Some(ended);
            if let Err(error) = record.write(paths) {
                tracing::warn!(%error, "how a config change ended could not be kept");
            }
            reverted
        }
        Err(error) => {
            tracing::error!(%error, "a config change could not be taken back");
            false
        }
    }
}

/// Before a start reads its settings: takes a change back whose time to be confirmed is over. Says whether the config file
/// is another one now. To be called while no gateway of this state directory runs. Blocks on the disk.
pub fn before_start(paths: &Paths, env: &Env, now_ms: i64) -> bool {
    match find(paths, now_ms) {
        Found::Waits(record, left) if left.is_zero() => {
            end_unattended(paths, env, record, NOBODY, now_ms)
        }
        _ => false,
    }
}

/// A gateway that does not start with a change that nobody confirmed takes it back, so that the next start works. Says
/// whether the config file is another one than that start read. Blocks on the disk.
pub fn start_failed(paths: &Paths, env: &Env, now_ms: i64) -> bool {
    match find(paths, now_ms) {
        Found::Ended(_, ended) => ended.outcome == ConfirmOutcome::Reverted,
        Found::Waits(record, _) => {
            let why = "the gateway did not start with the change";
            end_unattended(paths, env, record, why, now_ms)
        }
        Found::Nothing => false,
    }
}

/// Whether a change waits to be confirmed, so that the file must not be written by anybody else.
pub fn is_waiting(paths: &Paths, now_ms: i64) -> bool {
    matches!(find(paths, now_ms), Found::Waits(..))
}

/// Looks for a change that waited when the last gateway of this state directory ended. One whose time is over is taken back
/// before anything else is done. Blocks on the disk.
pub(crate) fn recover(paths: &Paths, env: &Env, now_ms: i64) -> Recovered {
    match find(paths, now_ms) {
        Found::Nothing => Recovered::default(),
        Found::Ended(record, ended) => {
            Record::drop_file(paths);
            Recovered {
                waiting: None,
                ended: Some((record, ended)),
            }
        }
        Found::Waits(record, left) if left.is_zero() => {
            match take_back(paths, env, &record, NOBODY, now_ms) {
                Ok(ended) => Recovered {
                    waiting: None,
                    ended: Some((record, ended)),
                },
                Err(error) => {
                    tracing::error!(%error, "a config change that nobody confirmed could not be taken back; it is tried again");
                    Recovered {
                        waiting: Some(Waiting {
                            record,
                            due: Instant::now() + RETRY,
                        }),
                        ended: None,
                    }
                }
            }
        }
        Found::Waits(record, left) => Recovered {
            waiting: Some(Waiting {
                record,
                due: Instant::now() + left,
            }),
            ended: None,
        },
    }
}

impl Recovered {
    /// Whether the config file is another one now.
    pub(crate) fn has_reverted(&self) -> bool {
        let ended = self.ended.as_ref().map(|(_, ended)| ended.outcome);
        ended == Some(ConfirmOutcome::Reverted)
    }

    /// What is to be audited.
    pub(crate) fn line(&self) -> Option<AuditEvent> {
        let (record, ended) = self.ended.as_ref()?;
        Some(line(record, ended, "gateway", None))
    }
}

fn line(
    record: &Record,
    ended: &ConfirmEnded,
    actor: &str,
    remote_ip: Option<String>,
) -> AuditEvent {
    AuditEvent {
        ts: ended.ts,
        kind: match ended.outcome {
            ConfirmOutcome::Confirmed => "config.confirm",
            ConfirmOutcome::Reverted | ConfirmOutcome::Kept => "config.revert",
        }
        .to_owned(),
        actor: actor.to_owned(),
        remote_ip,
        subject: Some(record.shown.id.clone()),
        details: json!({ "outcome": ended.outcome, "keys": record.shown.keys, "hash": ended.hash }),
    }
}

impl Confirms {
    /// From what the start found.
    pub(crate) fn new(recovered: Recovered) -> Self {
        Self {
            writing: tokio::sync::Mutex::default(),
            waiting: Mutex::new(recovered.waiting),
            last: Mutex::new(recovered.ended.map(|(_, ended)| ended)),
            changed: Notify::new(),
        }
    }

    /// What waits to be confirmed.
    pub fn pending(&self) -> Option<PendingConfirm> {
        let waiting = self.waiting.lock();
        waiting.as_ref().map(|waiting| waiting.record.shown.clone())
    }

    /// How the last one ended, since the start.
    pub fn last(&self) -> Option<ConfirmEnded> {
        self.last.lock().clone()
    }

    /// Refuses a further change while one waits.
    pub(crate) fn refuse_second(&self) -> Result<(), WireError> {
        let Some(pending) = self.pending() else {
            return Ok(());
        };
        let message = format!(
            "a config change of {} waits for confirmation ({}); confirm it (openclaw config confirm) or undo it \
             (openclaw config confirm --undo) before changing more",
            pending.by,
            pending.keys.join(", "),
        );
        Err(WireError::invalid(message)
            .with_details(json!({ "code": "CONFIRM_PENDING", "pendingConfirm": pending })))
    }

    /// A change was written whose record is durable already.
    pub(crate) fn begin(&self, record: Record, within: Duration) {
        let due = Instant::now() + within;
        *self.waiting.lock() = Some(Waiting { record, due });
        self.changed.notify_one();
    }

    /// Puts back what was taken, with the time that it had.
    fn resume(&self, waiting: Waiting) {
        *self.waiting.lock() = Some(waiting);
        self.changed.notify_one();
    }

    fn due(&self) -> Option<Instant> {
        self.waiting.lock().as_ref().map(|waiting| waiting.due)
    }

    fn take(&self, id: Option<&str>) -> Option<Waiting> {
        let mut waiting = self.waiting.lock();
        if id.is_some_and(|id| {
            waiting
                .as_ref()
                .is_none_or(|held| held.record.shown.id != id)
        }) {
            return None;
        }
        waiting.take()
    }
}

/// Who ends the waiting.
#[derive(Debug)]
pub(crate) struct By {
    pub(crate) actor: String,
    pub(crate) remote_ip: Option<String>,
}

/// Why work on the disk was not done.
fn reason<T, E: std::fmt::Display>(failed: Option<Result<T, E>>) -> String {
    match failed {
        Some(Err(error)) => error.to_string(),
        _ => "the gateway is stopping".to_owned(),
    }
}

/// Keeps the change of this id for good, or takes it back at once.
pub(crate) async fn decide(
    core: &Arc<Core>,
    id: &str,
    keep: bool,
    by: By,
) -> Result<ConfirmEnded, WireError> {
    // No further change may begin between the end of this one and its record's.
    let writing = core.confirms.writing.lock().await;
    let Some(waiting) = core.confirms.take(Some(id)) else {
        let last = core.confirms.last().filter(|last| last.id == id);
        let message = last.map_or_else(
            || "no config change waits for confirmation under this id".to_owned(),
            |last| format!("this change does not wait any more: {}", last.message),
        );
        return Err(WireError::invalid(message));
    };
    core.confirms.changed.notify_one();
    if !keep {
        return revert(core, waiting, "the change was undone", by, &writing).await;
    }
    let paths = Arc::clone(&core.server.paths);
    // Gone for good before anybody is told so.
    let removed = tasks::blocking("config confirm", move || {
        Record::remove(&paths)?;
        let hash = ConfigStore::new(&paths).read().map(|stored| stored.hash);
        Ok::<_, std::io::Error>(hash.unwrap_or_default())
    });
    let hash = match removed.await {
        Some(Ok(hash)) => hash,
        failed => {
            let error = reason(failed);
            core.confirms.resume(waiting);
            return Err(WireError::unavailable(format!(
                "the change could not be confirmed: its record in the state directory cannot be removed ({error}); free \
                 space or mend the directory, and confirm again before the time is over"
            )));
        }
    };
    let record = waiting.record;
    let ended = ConfirmEnded {
        id: record.shown.id.clone(),
        outcome: ConfirmOutcome::Confirmed,
        message: "the change stays".to_owned(),
        keys: record.shown.keys.clone(),
        hash,
        ts: core.now_ms(),
    };
    tell(core, &record, &ended, by).await;
    Ok(ended)
}

async fn revert(
    core: &Arc<Core>,
    waiting: Waiting,
    why: &'static str,
    by: By,
    _writing: &tokio::sync::MutexGuard<'_, ()>,
) -> Result<ConfirmEnded, WireError> {
    let (paths, env) = (Arc::clone(&core.server.paths), core.snapshot().env.clone());
    let (record, ts) = (waiting.record, core.now_ms());
    let work = {
        let record = record.clone();
        tasks::blocking("config revert", move || {
            take_back(&paths, &env, &record, why, ts)
        })
    };
    let ended = match work.await {
        Some(Ok(ended)) => ended,
        failed => {
            let error = reason(failed);
            tracing::error!(%error, "a config change could not be taken back; it is tried again");
            core.confirms.begin(record, RETRY);
            return Err(WireError::unavailable(format!(
                "the former config could not be written: {error}"
            )));
        }
    };
    if ended.outcome == ConfirmOutcome::Reverted {
        *core.written_config.lock() = Some(ended.hash.clone());
        core.server.reload.now();
    }
    tell(core, &record, &ended, by).await;
    Ok(ended)
}

/// When a file that could not be written is tried again.
const RETRY: Duration = Duration::from_secs(5);

async fn tell(core: &Core, record: &Record, ended: &ConfirmEnded, by: By) {
    tracing::info!(id = %ended.id, outcome = ?ended.outcome, "{}", ended.message);
    *core.confirms.last.lock() = Some(ended.clone());
    let line = line(record, ended, &by.actor, by.remote_ip);
    // The file says so already; a log that cannot be written has its own warning.
    let _stored = core.commit(vec![Change::Audit(Box::new(line))]).await;
    let event = match ended.outcome {
        ConfirmOutcome::Confirmed => "config.confirmed",
        ConfirmOutcome::Reverted | ConfirmOutcome::Kept => "config.reverted",
    };
    core.broadcast_typed(event, ended);
}

/// Takes back what nobody confirms in time.
pub(crate) async fn watch(core: Arc<Core>) {
    loop {
        let over = async {
            match core.confirms.due() {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = core.confirms.changed.notified() => {}
            () = over => {
                let writing = core.confirms.writing.lock().await;
                // Somebody may have decided it, and begun another one, while the lock was waited for.
                if core.confirms.due().is_some_and(|due| due <= Instant::now())
                    && let Some(waiting) = core.confirms.take(None)
                {
                    let by = By { actor: "gateway".to_owned(), remote_ip: None };
                    // What went wrong is in the log, and it is tried again.
                    let _tried = revert(&core, waiting, NOBODY, by, &writing).await;
                }
            }
        }
    }
}
