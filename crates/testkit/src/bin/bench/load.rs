//! Load from pipelining clients, and what an operation of it costs the server.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::client::{Who, admitted, is_answer, is_ok};
use crate::server::Server;
use crate::socket::Socket;
use crate::stats::{median, micros_each};

/// Connections of a load.
pub(crate) const CONNECTIONS: u32 = 8;
/// Requests that each keeps in flight.
pub(crate) const WINDOW: u32 = 16;

/// Bytes that an echo connection may have in flight.
const IN_FLIGHT: usize = 1024 * 1024;

/// A request text around its number.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    head: String,
    tail: String,
}

impl Template {
    /// A request of the protocol.
    pub(crate) fn request(method: &str, params: Option<&str>) -> Self {
        let params = params.map_or_else(String::new, |params| format!(r#","params":{params}"#));
        Self {
            head: r#"{"type":"req","id":""#.to_owned(),
            tail: format!(r#"","method":"{method}"{params}}}"#),
        }
    }

    /// `bytes` of anything, for an echo.
    pub(crate) fn filler(bytes: usize) -> Self {
        Self {
            head: String::new(),
            tail: "x".repeat(bytes.saturating_sub(5)),
        }
    }

    fn len(&self) -> usize {
        self.head.len() + 5 + self.tail.len()
    }

    fn write(&self, number: u32, text: &mut Vec<u8>) {
        text.clear();
        write!(text, "{}{number:05}{}", self.head, self.tail).expect("a vector takes bytes");
    }

    /// Queues one request.
    pub(crate) fn queue(&self, number: u32, socket: &mut Socket) {
        let mut text = Vec::new();
        self.write(number, &mut text);
        socket.queue(&text);
    }
}

/// Sends `total` requests, `window` of them in flight, and waits for every answer.
///
/// # Panics
/// When the connection ends, or a request fails.
pub(crate) async fn pipeline(
    socket: &mut Socket,
    template: &Template,
    total: u32,
    window: u32,
    plain: bool,
) {
    let (mut sent, mut answered, mut text) = (0, 0, Vec::new());
    while answered < total {
        while sent < total && sent - answered < window {
            template.write(sent, &mut text);
            socket.queue(&text);
            sent += 1;
        }
        socket.flush().await.expect("the server reads");
        socket.fill().await.expect("the server answers");
        while let Some(message) = socket.buffered().expect("the server stays") {
            if plain || is_answer(&message) {
                assert!(
                    plain || is_ok(&message),
                    "a request failed: {}",
                    String::from_utf8_lossy(&message)
                );
                answered += 1;
            }
        }
    }
}

/// Connections that are used for one load after the other.
#[derive(Debug)]
pub(crate) struct Crowd {
    sockets: Vec<Socket>,
    plain: bool,
}

impl Crowd {
    /// To an echo server.
    pub(crate) async fn plain(address: SocketAddr) -> Self {
        let mut sockets = Vec::new();
        for _ in 0..CONNECTIONS {
            sockets.push(Socket::open(address).await.expect("the echo server serves"));
        }
        Self {
            sockets,
            plain: true,
        }
    }

    /// Operators of a gateway.
    pub(crate) async fn operators(address: SocketAddr, count: u32) -> Self {
        let mut sockets = Vec::new();
        for _ in 0..count {
            sockets.push(admitted(address, &Who::CLI).await.0);
        }
        Self {
            sockets,
            plain: false,
        }
    }

    /// Sends `total` requests, shared evenly.
    pub(crate) async fn run(&mut self, template: &Template, total: u32, window: u32) {
        let count = u32::try_from(self.sockets.len()).expect("a crowd is small");
        let (each, plain) = (total / count, self.plain);
        let mut work = JoinSet::new();
        for mut socket in self.sockets.drain(..) {
            let template = template.clone();
            work.spawn(async move {
                pipeline(&mut socket, &template, each, window, plain).await;
                socket
            });
        }
        self.sockets = work.join_all().await;
    }
}

/// CPU time per operation, and how it compares with an echo in the same rounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Microseconds.
    pub(crate) micros: f64,
    /// Times the echo.
    pub(crate) ratio: f64,
}

/// The echo side of every comparison.
#[derive(Debug)]
pub(crate) struct Yardstick {
    server: Server,
    crowd: Crowd,
    template: Template,
    messages: u32,
    window: u32,
    rounds: usize,
}

impl Yardstick {
    /// Echoes of `bytes`, the length of a short request when `None`.
    pub(crate) async fn start(bytes: Option<usize>, messages: u32, rounds: usize) -> Self {
        let server = Server::echo();
        let crowd = Crowd::plain(server.address).await;
        let template = bytes.map_or_else(
            || Template::request("last-heartbeat", None),
            Template::filler,
        );
        // An echo server that writes does not read: what is in flight has to fit the buffers of the system.
        let fitting = IN_FLIGHT / template.len();
        let mut yardstick = Self {
            server,
            crowd,
            template,
            messages,
            window: WINDOW.min(u32::try_from(fitting).unwrap_or(WINDOW)).max(1),
            rounds,
        };
        // Buffers and code warm up.
        let warm_up = messages / 100;
        yardstick
            .crowd
            .run(&yardstick.template, warm_up, yardstick.window)
            .await;
        yardstick
    }

    /// Microseconds per echo, now.
    pub(crate) async fn measure(&mut self) -> f64 {
        let before = self.server.cpu();
        self.crowd
            .run(&self.template, self.messages, self.window)
            .await;
        micros_each(self.server.cpu_since(before), self.messages)
    }

    /// Rounds of an echo and of `work`, one after the other; the median counts. `work` returns how many operations it did;
    /// `settle` is how long the server may go on with them afterwards.
    pub(crate) async fn compare(
        &mut self,
        server: &Server,
        settle: Duration,
        mut work: impl AsyncFnMut() -> u32,
    ) -> Cost {
        let (mut micros, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let echo = self.measure().await;
            let before = server.cpu();
            let operations = work().await;
            tokio::time::sleep(settle).await;
            let own = micros_each(server.cpu_since(before), operations);
            micros.push(own);
            ratios.push(own / echo);
        }
        Cost {
            micros: median(micros),
            ratio: median(ratios),
        }
    }
}
