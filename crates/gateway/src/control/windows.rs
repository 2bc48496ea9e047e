//! Windows: no control socket.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::ControlError;
use crate::http::HttpState;
use crate::listen::Inherited;
use crate::platform::Handle;

/// A control socket; there never is one.
#[derive(Debug)]
pub enum ControlSocket {}

impl ControlSocket {
    /// There is none to open.
    #[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
    pub(crate) fn bind_or_adopt(
        _path: &Path,
        _inherited: &Inherited,
    ) -> Result<Option<Self>, ControlError> {
        Ok(None)
    }

    pub(crate) fn hand_over(&self) -> io::Result<Handle> {
        match *self {}
    }

    /// As on Unix.
    #[expect(clippy::unused_async, reason = "other systems have to wait")]
    pub async fn serve(self: Arc<Self>, _state: HttpState, _shutdown: CancellationToken) {
        match *self {}
    }
}
