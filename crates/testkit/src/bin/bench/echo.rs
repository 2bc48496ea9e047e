//! The bare echo server that everything is compared with: the same WebSocket library, the same runtime, nothing else.

use std::io::Write as _;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{Limits, ServerBuilder};

/// Serves until it is killed.
pub(crate) fn serve() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut output = std::io::stdout();
        writeln!(output, "{}", listener.local_addr()?)?;
        output.flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(echo(stream));
        }
    })
}

async fn echo(stream: TcpStream) {
    let builder =
        ServerBuilder::new().limits(Limits::default().max_payload_len(Some(32 * 1024 * 1024)));
    let Ok((_, mut socket)) = builder.accept(stream).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}
