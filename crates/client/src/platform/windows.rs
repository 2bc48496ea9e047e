//! Windows.

use std::io;
use std::path::Path;

use tokio::net::TcpStream;
use tokio::process::Child;

/// Neither gateways nor clients use Unix sockets here; whoever names one is told.
pub(crate) async fn connect_unix(_path: &Path) -> io::Result<TcpStream> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "there are no Unix sockets on Windows; name an address",
    ))
}

/// Programs without a window cannot be asked here.
pub(crate) fn ask_to_end(_child: &Child) -> bool {
    false
}
