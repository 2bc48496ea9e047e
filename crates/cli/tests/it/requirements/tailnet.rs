//! The tailnet of the document: a Tailscale daemon for its gateway host, and the HTTPS port of that host.

use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use openclaw_testkit::tailscale::{StandIn, Visit};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Name of the gateway host there.
pub(super) const NAME: &str = "gateway-host.your-tailnet.ts.net";
/// Its address, and that of the laptop.
pub(super) const ADDRESS: &str = "100.64.1.42";
pub(super) const LAPTOP: &str = "100.64.0.7";

/// The daemon runs as long as this value lives.
pub(super) struct Tailnet {
    /// With the sockets and programs of the daemon.
    pub(super) folder: PathBuf,
    place: Sender<File>,
    fingerprint: Receiver<String>,
    _life: tokio::sync::oneshot::Sender<()>,
}

impl Tailnet {
    pub(super) fn start() -> Self {
        let (place, placed) = channel::<File>();
        let (tell, told) = channel();
        let (say, fingerprint) = channel();
        let (life, end) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let stand_in = StandIn::start();
                stand_in.change(|machine| {
                    NAME.clone_into(&mut machine.name);
                    ADDRESS.clone_into(&mut machine.addresses[0]);
                });
                own_programs(&stand_in.bin());
                let folder = stand_in.bin().parent().map(PathBuf::from);
                tell.send(folder.unwrap()).unwrap();
                let Ok(network) = placed.recv() else { return };
                move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
                    .unwrap();
                let visit = Visit {
                    tls: true,
                    ..Visit::from(LAPTOP)
                };
                let (front, fingerprint) = stand_in.front(visit).await;
                let listener = TcpListener::bind((ADDRESS, 443)).await.unwrap();
                say.send(fingerprint).unwrap();
                let mut visits = tokio::task::JoinSet::new();
                let serve = async {
                    while let Ok((mut client, _)) = listener.accept().await {
                        visits.spawn(async move {
                            let mut server = TcpStream::connect(front).await?;
                            copy_bidirectional(&mut client, &mut server).await
                        });
                    }
                };
                tokio::select! {
                    () = serve => {}
                    _ = end => {}
                }
            });
        });
        Self {
            folder: told.recv().unwrap(),
            place,
            fingerprint,
            _life: life,
        }
    }

    /// Opens the HTTPS port in this network; gives the SHA-256 of its certificate.
    pub(super) fn serve(&self, network: File) -> String {
        self.place.send(network).unwrap();
        self.fingerprint.recv().unwrap()
    }
}

/// Copies instead of links: where the links lead to is not seen on the machine.
fn own_programs(bin: &std::path::Path) {
    for entry in fs::read_dir(bin).unwrap() {
        let link = entry.unwrap().path();
        let program = fs::canonicalize(&link).unwrap();
        fs::remove_file(&link).unwrap();
        fs::copy(program, &link).unwrap();
    }
}
