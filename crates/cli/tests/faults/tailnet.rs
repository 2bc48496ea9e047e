//! A stand-in Tailscale on a thread of its own.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use openclaw_testkit::StandIn;
use tokio::sync::oneshot;

/// Ends with this value.
pub(crate) struct Tailnet {
    pub(crate) socket: PathBuf,
    pub(crate) bin: PathBuf,
    _stop: oneshot::Sender<()>,
}

impl Tailnet {
    /// `flapping` switches it between running and stopped four times a second, and the daemon off and on every two seconds.
    pub(crate) fn start(flapping: bool, prepare: fn(&mut StandIn)) -> Self {
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut stand_in = StandIn::start();
                prepare(&mut stand_in);
                let (stop, mut stopped) = oneshot::channel();
                let tailnet = Self {
                    socket: stand_in.socket(),
                    bin: stand_in.bin(),
                    _stop: stop,
                };
                tell.send(tailnet).unwrap();
                let mut clock = tokio::time::interval(Duration::from_millis(250));
                for round in 0_u64.. {
                    tokio::select! {
                        _ended = &mut stopped => return,
                        _ = clock.tick(), if flapping => {}
                    }
                    let state = if round.is_multiple_of(2) {
                        "Stopped"
                    } else {
                        "Running"
                    };
                    stand_in.change(|machine| state.clone_into(&mut machine.state));
                    match round % 16 {
                        8 => stand_in.stop_daemon(),
                        15 => stand_in.start_daemon(),
                        _ => {}
                    }
                }
            });
        });
        told.recv().unwrap()
    }
}
