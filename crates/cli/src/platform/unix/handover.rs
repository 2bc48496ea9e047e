//! Sockets that this process was given open, and the program that takes them over in its place.
//!
//! They travel as systemd passes sockets: numbers from `LISTEN_FDS_FIRST_FD` on, `LISTEN_FDS` of them, for the process in
//! `LISTEN_PID`. The lock of the state directory is no socket; it comes as a message that waits in one.

mod signals;

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::net::UnixStream;

use listenfd::ListenFd;
use openclaw_config::{Env, env};
use openclaw_gateway::listen::{HandedOver, Inherited};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketType, recvmsg, sendmsg,
};

use super::supervisor;
use crate::error::{CommandError, Exit, Outcome};
use crate::server::Program;
pub(crate) use signals::{ToldToEnd, release};

/// Name of a listening socket of ours.
const SOCKET: &str = "openclaw";
/// Name of the socket in which the lock waits.
const LOCK: &str = "openclaw-lock";
/// Numbers tried for the first of them; the sockets of the process before may still be at one of them.
const FIRST: [RawFd; 8] = [32, 64, 128, 192, 256, 384, 512, 768];

/// Takes the sockets that are for this process, once, before it has threads, and lets the signals for a running gateway wait.
pub(crate) fn take(env: &Env) -> Inherited {
    if let Err(error) = signals::hold_until_it_runs() {
        tracing::warn!(%error, "signals are not held back during the start");
    }
    let inherited = Inherited::default();
    let own = std::process::id().to_string();
    if env.get_process(env::LISTEN_PID) != Some(own.as_str()) {
        return inherited;
    }
    let names = env.get_process(env::LISTEN_FDNAMES).unwrap_or_default();
    let names: Vec<&str> = names.split(':').collect();
    let mut passed = ListenFd::from_env();
    for index in 0..passed.len() {
        let taken = match names.get(index) {
            Some(&LOCK) => take_lock(&mut passed, index, &inherited),
            _ => take_socket(&mut passed, index, &inherited),
        };
        if let Err(error) = taken {
            tracing::warn!(%error, index, "an inherited socket is of no use");
        }
    }
    inherited
}

fn take_socket(passed: &mut ListenFd, index: usize, inherited: &Inherited) -> io::Result<()> {
    if let Ok(Some(socket)) = passed.take_tcp_listener(index) {
        return inherited.add_tcp(socket);
    }
    match passed.take_unix_listener(index)? {
        Some(socket) => inherited.add_unix(socket),
        None => Ok(()),
    }
}

fn take_lock(passed: &mut ListenFd, index: usize, inherited: &Inherited) -> io::Result<()> {
    let family = i32::from(AddressFamily::UNIX.as_raw());
    let kind = i32::try_from(SocketType::STREAM.as_raw()).map_err(io::Error::other)?;
    let courier: Option<UnixStream> =
        passed.take_custom(index, family, kind, "socket with a lock")?;
    if let Some(courier) = courier {
        inherited.set_lock(receive(&courier)?);
    }
    Ok(())
}

/// Puts a descriptor into the queue of a socket; it stays open there.
fn post(descriptor: &OwnedFd) -> io::Result<UnixStream> {
    let (sender, courier) = UnixStream::pair()?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    if !message.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(
        &sender,
        &[IoSlice::new(b"l")],
        &mut message,
        SendFlags::empty(),
    )?;
    Ok(courier)
}

/// Takes the descriptor that waits in a socket.
fn receive(courier: &UnixStream) -> io::Result<File> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut messages = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(
        courier,
        &mut [IoSliceMut::new(&mut byte)],
        &mut messages,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let mut descriptors = messages.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let descriptor = descriptors.next().and_then(|mut found| found.next());
    descriptor
        .map(File::from)
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// The program that takes the place of this one; this one again where it is gone by then.
#[derive(Debug)]
pub(crate) struct Successor {
    program: Program,
    handed_over: HandedOver,
    told_to_end: ToldToEnd,
}

impl Successor {
    /// A program, what it is given, and what is known of the signals meanwhile.
    pub(crate) fn new(program: Program, handed_over: HandedOver, told_to_end: ToldToEnd) -> Self {
        Self {
            program,
            handed_over,
            told_to_end,
        }
    }

    /// Becomes that program: same process, same arguments, same sockets. Returns only when that fails, or when the process is
    /// told to end at the last moment.
    pub(crate) fn take_over(self) -> Outcome {
        let program = self.program.path().display().to_string();
        let told_to_end = self.told_to_end.clone();
        let error = match signals::hold() {
            Ok(()) if told_to_end.is_set() => {
                supervisor::stopping();
                return Ok(Exit::OK);
            }
            Ok(()) => match self.exec() {
                Ok(never) => match never {},
                Err(error) => error,
            },
            Err(error) => error,
        };
        // Whoever ends it now shall not wait for a program that does not come.
        release()?;
        Err(
            CommandError::plain(format!("cannot restart as {program}: {error}"))
                .hint("The gateway has stopped; start it again."),
        )
    }

    /// The mask of signals goes along, which `Command` would clear.
    fn exec(self) -> io::Result<Infallible> {
        let Self {
            program,
            handed_over,
            ..
        } = self;
        let mut names = vec![SOCKET; handed_over.sockets.len()];
        let mut sockets: Vec<OwnedFd> = handed_over.sockets.into_iter().map(|(_, fd)| fd).collect();
        if let Some(lock) = &handed_over.lock {
            names.push(LOCK);
            sockets.push(post(lock)?.into());
        }
        let (first, placed) = place(&sockets)?;
        for socket in &placed {
            fcntl_setfd(socket, FdFlags::empty())?;
        }
        let told = [
            (env::LISTEN_PID, std::process::id().to_string()),
            ("LISTEN_FDS", placed.len().to_string()),
            ("LISTEN_FDS_FIRST_FD", first.to_string()),
            (env::LISTEN_FDNAMES, names.join(":")),
        ];
        let path = CString::new(program.path().as_os_str().as_bytes())?;
        let arguments = std::env::args_os()
            .map(|word| CString::new(word.into_vec()))
            .collect::<Result<Vec<_>, _>>()?;
        let environment = environment(&told)?;
        let Err(error) = nix::unistd::execve(&path, &arguments, &environment);
        // It was there when the restart began. The file of this process is still open, whatever became of its name.
        let Err(_) = nix::unistd::execve(c"/proc/self/exe", &arguments, &environment);
        Err(error.into())
    }
}

/// The environment of this process with these variables.
fn environment(told: &[(&str, String)]) -> io::Result<Vec<CString>> {
    let is_told = |name: &OsStr| told.iter().any(|(told, _)| name == *told);
    let kept = openclaw_config::platform::process_variables()
        .into_iter()
        .filter(|(name, _)| !is_told(name));
    let told = told
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    kept.chain(told)
        .map(|(mut variable, value)| {
            variable.push("=");
            variable.push(value);
            Ok(CString::new(variable.into_vec())?)
        })
        .collect()
}

/// Duplicates with consecutive numbers.
fn place(sockets: &[OwnedFd]) -> io::Result<(RawFd, Vec<OwnedFd>)> {
    for first in FIRST {
        let mut placed = Vec::with_capacity(sockets.len());
        for (number, socket) in (first..).zip(sockets) {
            let duplicate = fcntl_dupfd_cloexec(socket, number)?;
            if duplicate.as_raw_fd() != number {
                break;
            }
            placed.push(duplicate);
        }
        if placed.len() == sockets.len() {
            return Ok((first, placed));
        }
    }
    Err(io::Error::other("no room for the sockets"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn u23_sockets_are_passed_on_with_consecutive_numbers() {
        let sockets: Vec<OwnedFd> = (0..5)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap().into())
            .collect();
        let (first, placed) = place(&sockets).unwrap();
        let numbers: Vec<RawFd> = placed.iter().map(std::os::fd::AsRawFd::as_raw_fd).collect();
        let expected: Vec<RawFd> = (first..).take(5).collect();
        assert_eq!(numbers, expected);
        // The next ones go elsewhere.
        let (second, _) = place(&sockets).unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn u23_a_lock_survives_on_its_way() {
        use rustix::fs::{FlockOperation, flock};
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let lock = File::create(&path).unwrap();
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        let lock = OwnedFd::from(lock);
        let courier = post(&lock).unwrap();
        drop(lock);
        let other = File::open(&path).unwrap();
        let taken = || flock(&other, FlockOperation::NonBlockingLockExclusive).is_ok();
        assert!(!taken(), "it is held while it waits in the socket");
        let lock = receive(&courier).unwrap();
        drop(courier);
        assert!(!taken());
        drop(lock);
        assert!(taken());
    }

    #[test]
    fn u23_sockets_for_another_process_are_left_alone() {
        for pid in ["1", "", "x"] {
            let env = Env::from_pairs([("LISTEN_PID", pid), ("LISTEN_FDS", "3")]);
            assert!(!take(&env).has_lock());
        }
    }
}
