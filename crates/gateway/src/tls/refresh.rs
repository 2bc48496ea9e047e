//! Keeps what is served in step with the settings, the files, the addresses of this machine and the calendar.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::certificate::{Loaded, stamp_of};
use super::names::Names;
use super::{Active, Serving, TlsProblem, TlsSlot, Wanted};
use crate::listen::interface_addresses;
use crate::platform::FileStamp;
use crate::subsystems::{SubsystemState, Subsystems};

/// How often files, addresses and the calendar are looked at.
pub(crate) const INTERVAL: Duration = Duration::from_secs(3);
/// A certificate that we made is renewed this long before it ends.
const RENEW_BEFORE_MS: i64 = 30 * 86_400_000;
/// Rounds in which a new address must have been there before it is worth a new certificate: clients may have pinned the
/// old one.
const STEADY_ROUNDS: u32 = 7;
/// Rounds in which files must have been wrong before it is said, while something is served: whoever renews a pair writes one
/// file after the other.
const PATIENT_ROUNDS: u32 = 2;
/// Name of the subsystem.
const NAME: &str = "tls";

/// The one that refreshes; its rounds never overlap.
#[derive(Debug)]
pub(crate) struct Refresher {
    slot: TlsSlot,
    host: String,
    current: Option<Current>,
    /// Names that were missing in the last rounds, and in how many.
    missing: Option<(Names, u32)>,
    /// Rounds in a row that failed.
    failures: u32,
}

/// What is served.
#[derive(Debug)]
struct Current {
    wanted: Wanted,
    loaded: Loaded,
    authorities: Option<FileStamp>,
}

impl Refresher {
    pub(crate) fn new(slot: TlsSlot, host: &str) -> Self {
        Self {
            slot,
            host: host.to_owned(),
            current: None,
            missing: None,
            failures: 0,
        }
    }

    /// One round; reads and writes files. `listening` are the addresses that listen now.
    pub(crate) fn round(
        &mut self,
        wanted: Option<Wanted>,
        listening: &[SocketAddr],
        subsystems: &Subsystems,
        now_ms: i64,
    ) {
        let Some(wanted) = wanted else {
            self.current = None;
            self.failures = 0;
            self.slot.set(Serving::Off);
            subsystems.set(NAME, SubsystemState::Off);
            return;
        };
        let done = self
            .refresh(&wanted, listening, now_ms)
            .and_then(|loaded| match loaded {
                Some(loaded) => self.serve(wanted.clone(), loaded),
                None => Ok(()),
            });
        match (done, &self.current) {
            (Ok(()), Some(current)) => {
                self.failures = 0;
                let fingerprint = &current.loaded.facts.fingerprint;
                let detail = format!("on, certificate sha256 {fingerprint}");
                subsystems.set(NAME, SubsystemState::Up { detail });
            }
            (Ok(()), None) => {}
            (Err(problem), _) => self.fail(&wanted, problem, subsystems, now_ms),
        }
    }

    fn serve(&mut self, wanted: Wanted, loaded: Loaded) -> Result<(), TlsProblem> {
        let authorities = authorities_stamp(&wanted);
        let acceptor = self.slot.acceptor(&wanted, &loaded)?;
        self.slot.set(Serving::On(Arc::new(Active {
            acceptor,
            facts: loaded.facts.clone(),
            plain_http: wanted.plain_http,
        })));
        self.current = Some(Current {
            wanted,
            loaded,
            authorities,
        });
        Ok(())
    }

    /// The pair to serve, or `None` when what is served is still right.
    fn refresh(
        &mut self,
        wanted: &Wanted,
        listening: &[SocketAddr],
        now_ms: i64,
    ) -> Result<Option<Loaded>, TlsProblem> {
        let files = &wanted.files;
        let now = SystemTime::now();
        let needed = Names::of_gateway(
            &self.host,
            &wanted.domains,
            listening,
            &interface_addresses().unwrap_or_default(),
        );
        let none = !files.certificate.exists() && !files.key.exists();
        if none && wanted.may_make {
            files.make(&needed, now)?;
        }
        let unchanged = self.current.as_ref().filter(|current| {
            current.wanted == *wanted
                && current.loaded.stamp == files.stamp()
                && current.authorities == authorities_stamp(wanted)
        });
        let known = unchanged.is_some();
        let loaded = match unchanged {
            Some(current) => current.loaded.clone(),
            None => files.load()?,
        };
        let facts = &loaded.facts;
        if !(wanted.may_make && facts.own) {
            return Ok((!known).then_some(loaded));
        }
        let uncovered = !facts.names.covers(&needed) && self.is_worth_a_new_one(facts, &needed);
        if uncovered || facts.not_after_ms - now_ms < RENEW_BEFORE_MS {
            // What was covered stays covered: an address that comes and goes changes the certificate once.
            let mut names = needed;
            names.ips.extend(&facts.names.ips);
            files.make(&names, now)?;
            let fresh = files.load()?;
            tracing::info!(
                old = %facts.fingerprint, new = %fresh.facts.fingerprint,
                "tls: new certificate; clients that pinned the old one need the new fingerprint"
            );
            self.missing = None;
            return Ok(Some(fresh));
        }
        if facts.names.covers(&needed) {
            self.missing = None;
        }
        Ok((!known).then_some(loaded))
    }

    /// At the start, and for names, which come from settings, at once; for addresses once they have stayed.
    fn is_worth_a_new_one(&mut self, facts: &super::Facts, needed: &Names) -> bool {
        let first = self.current.is_none();
        first || !needed.dns.is_subset(&facts.names.dns) || self.is_steady(needed)
    }

    /// Whether the same names have been wanted for some rounds.
    fn is_steady(&mut self, needed: &Names) -> bool {
        let rounds = match &self.missing {
            Some((names, rounds)) if names == needed => rounds + 1,
            _ => 1,
        };
        self.missing = Some((needed.clone(), rounds));
        rounds >= STEADY_ROUNDS
    }

    /// Goes on with what is served, if that is what the settings still want; else others than this machine stay out.
    fn fail(&mut self, wanted: &Wanted, problem: TlsProblem, subsystems: &Subsystems, now_ms: i64) {
        let serves = self
            .current
            .as_ref()
            .is_some_and(|current| current.wanted.client_authorities == wanted.client_authorities);
        self.failures = self.failures.saturating_add(1);
        if serves && self.failures < PATIENT_ROUNDS {
            return;
        }
        let reason = if serves {
            format!("{problem}; the certificate before stays in use")
        } else {
            self.current = None;
            format!("{problem}; only this machine is served, over loopback")
        };
        let interval = i64::try_from(INTERVAL.as_millis()).unwrap_or(i64::MAX);
        let state = SubsystemState::Degraded {
            reason,
            fix: problem.fix.clone(),
            next_try_at_ms: Some(now_ms + interval),
        };
        if !serves {
            self.slot.set(Serving::Broken(Arc::new(problem)));
        }
        subsystems.set(NAME, state);
    }
}

fn authorities_stamp(wanted: &Wanted) -> Option<FileStamp> {
    stamp_of(wanted.client_authorities.as_ref()?)
}

#[cfg(test)]
mod tests;
