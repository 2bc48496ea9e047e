//! The process that keeps one tunnel open, and what binds `ssh` to its life.

use std::ffi::OsString;
use std::time::Duration;

use openclaw_client::tunnel::{TunnelEvent, TunnelSpec, supervise};
use openclaw_gateway::lock::{LockError, LockInfo, StateLock};
use tokio_util::sync::CancellationToken;

use super::place::{Place, Record, State};
use crate::error::{CommandError, Exit, Outcome};
use crate::platform::Ends;
use crate::ui::format::now_ms;

/// How often an unused tunnel looks for users.
const LOOK_FOR_USERS: Duration = Duration::from_secs(5);

/// What the process is to do.
#[derive(Debug)]
pub(crate) struct Guard {
    /// Where the state goes.
    pub(crate) place: Place,
    /// The tunnel.
    pub(crate) spec: TunnelSpec,
    /// Ends after this long without a user, unless the tunnel is kept.
    pub(crate) idle: Option<Duration>,
}

/// What is put in front of `ssh`, so that it never outlives this process, however that ends.
pub(crate) fn bound_to_this_process() -> Vec<OsString> {
    let program = if cfg!(target_os = "linux") {
        // Right also after the file was replaced by a newer one.
        OsString::from("/proc/self/exe")
    } else {
        std::env::current_exe().map_or_else(|_| OsString::from("openclaw"), OsString::from)
    };
    let parent = std::process::id().to_string();
    let mut words = vec![program];
    words.extend(["tunnel", "exec", "--parent", &parent, "--"].map(OsString::from));
    words
}

/// Keeps the tunnel open until a signal, or until nobody needs it. Every change goes to the record and to `on_event`.
pub(crate) async fn run(guard: Guard, mut on_event: impl FnMut(&TunnelEvent)) -> Outcome {
    let Guard { place, spec, idle } = guard;
    place.prepare().map_err(CommandError::new)?;
    let started_at_ms = now_ms();
    let mut info = LockInfo::of_this_process(started_at_ms);
    info.address = Some(format!("127.0.0.1:{}", spec.local_port));
    let lock = match StateLock::acquire(&place.lock_file(), info, started_at_ms) {
        Ok(lock) => lock,
        Err(LockError::Held { holder, .. }) => {
            return Err(CommandError::config(format!(
                "a tunnel to {} is open already ({holder})",
                spec.target
            ))
            .hint("Fix: close that one first: openclaw tunnel down"));
        }
        Err(error) => return Err(CommandError::new(error)),
    };
    let mut record = Record {
        target: spec.target.to_string(),
        local_port: spec.local_port,
        remote_port: spec.remote_port,
        pid: std::process::id(),
        started_at_ms,
        ssh_pid: None,
        state: State::Opening,
        since_ms: started_at_ms,
        reopened: 0,
        kind: None,
        reason: None,
        fix: None,
        retry_at_ms: None,
        gateway_note: None,
    };
    if place.last_port() != Some(spec.local_port) {
        // Not remembered costs the same port next time, nothing else.
        place.remember_port(spec.local_port).ok();
    }
    let mut was_up = false;
    let cancel = CancellationToken::new();
    let mut ends = Ends::listen()?;
    let ended = {
        let supervised = supervise(&spec, &cancel, |event| {
            note(&mut record, &event, &mut was_up);
            // A full disk costs the record, not the tunnel.
            place.write(&record).ok();
            on_event(&event);
        });
        tokio::pin!(supervised);
        let unused = unused(&place, idle);
        tokio::pin!(unused);
        loop {
            tokio::select! {
                ended = &mut supervised => break ended,
                () = &mut unused, if !cancel.is_cancelled() => cancel.cancel(),
                _ = ends.next() => cancel.cancel(),
            }
        }
    };
    let outcome = match ended {
        Ok(()) => {
            place.forget();
            Ok(Exit::OK)
        }
        Err(failure) => {
            record.state = State::Failed;
            record.since_ms = now_ms();
            record.kind = Some(failure.kind.name().to_owned());
            record.reason = Some(failure.reason.clone());
            record.fix = Some(failure.fix.clone());
            place.write(&record).ok();
            Err(
                CommandError::plain(format!("ssh tunnel to {} failed: {failure}", spec.target))
                    .with_details(failure.said.join("\n"))
                    .hint(format!("Fix: {}", failure.fix)),
            )
        }
    };
    // Only now may another take its place.
    drop(lock);
    outcome
}

/// Puts an event into the record.
fn note(record: &mut Record, event: &TunnelEvent, was_up: &mut bool) {
    let now = now_ms();
    match event {
        TunnelEvent::Opening => {
            record.retry_at_ms = None;
            if !*was_up {
                record.state = State::Opening;
            }
        }
        TunnelEvent::Up { pid } => {
            record.reopened += u32::from(*was_up);
            *was_up = true;
            record.ssh_pid = Some(*pid);
            record.state = State::Up;
            record.since_ms = now;
            record.kind = None;
            record.reason = None;
            record.fix = None;
            record.gateway_note = None;
        }
        TunnelEvent::GatewayUnreachable(line) => record.gateway_note = Some(line.clone()),
        TunnelEvent::Down { failure, retry_in } => {
            if record.state != State::Degraded {
                record.since_ms = now;
            }
            record.state = State::Degraded;
            record.ssh_pid = None;
            record.kind = Some(failure.kind.name().to_owned());
            record.reason = Some(failure.reason.clone());
            record.fix = Some(failure.fix.clone());
            record.retry_at_ms =
                Some(now + i64::try_from(retry_in.as_millis()).unwrap_or_default());
        }
    }
}

/// Ends when nobody has used the tunnel for `idle`.
async fn unused(place: &Place, idle: Option<Duration>) {
    let Some(idle) = idle else {
        return std::future::pending().await;
    };
    let pause = LOOK_FOR_USERS.min(idle);
    let mut quiet = Duration::ZERO;
    while quiet < idle {
        tokio::time::sleep(pause).await;
        if place.is_kept() || !place.is_unused() {
            quiet = Duration::ZERO;
        } else {
            quiet += pause;
        }
    }
}

#[cfg(test)]
mod tests {
    use openclaw_client::tunnel::{SshFailure, SshFailureKind};

    use super::*;

    #[test]
    fn u36_the_record_follows_the_tunnel() {
        let mut record = Record {
            target: "gw".to_owned(),
            local_port: 1,
            remote_port: 2,
            pid: 3,
            started_at_ms: 0,
            ssh_pid: None,
            state: State::Opening,
            since_ms: 0,
            reopened: 0,
            kind: None,
            reason: None,
            fix: None,
            retry_at_ms: None,
            gateway_note: None,
        };
        let mut was_up = false;
        let mut see = |event| {
            note(&mut record, &event, &mut was_up);
            (record.state, record.reopened, record.reason.clone())
        };
        assert_eq!(see(TunnelEvent::Opening), (State::Opening, 0, None));
        assert_eq!(see(TunnelEvent::Up { pid: 9 }), (State::Up, 0, None));
        let failure = SshFailure {
            kind: SshFailureKind::Lost,
            reason: "gone".to_owned(),
            fix: "wait".to_owned(),
            said: Vec::new(),
        };
        let down = TunnelEvent::Down {
            failure,
            retry_in: Duration::from_secs(1),
        };
        let degraded = (State::Degraded, 0, Some("gone".to_owned()));
        assert_eq!(see(down), degraded);
        // Trying again is no news until it works.
        assert_eq!(see(TunnelEvent::Opening), degraded);
        assert_eq!(see(TunnelEvent::Up { pid: 10 }), (State::Up, 1, None));
    }
}
