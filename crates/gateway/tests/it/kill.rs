//! Kill -9 in a loop: a gateway in a process of its own, killed at random moments under pairing and approval traffic.

mod ledger;
mod traffic;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use openclaw_testkit::TestGateway;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use ledger::Ledger;
use traffic::Stage;

/// Names the home that the child serves; set only for the child.
const CHILD_HOME: &str = "OPENCLAW_KILL_TEST_HOME";
/// Repeats a failed run.
const SEED: &str = "OPENCLAW_KILL_TEST_SEED";
/// Homes that are tortured side by side.
const HOMES: u64 = 2;
/// Kills per home.
const KILLS: u32 = 110;
/// Longest time between ready and the kill, in microseconds.
const LONGEST_LIFE_US: u64 = 60_000;
/// Longest time between start and the kill when it is killed while it starts, in microseconds.
const LONGEST_START_US: u64 = 60_000;

/// The gateway process: started by the test below, does nothing when it is run as a test.
#[tokio::test]
async fn child() {
    let Some(home) = std::env::var_os(CHILD_HOME) else {
        return;
    };
    let gateway = TestGateway::builder()
        .gateway("trustedProxies", serde_json::json!(["127.0.0.1"]))
        .start_in(Path::new(&home))
        .await;
    assert_eq!(
        gateway.core().store.report().recovery,
        None,
        "the store was damaged"
    );
    println!("\nready {}", gateway.addresses()[0]);
    // Ends with the parent, should it forget to kill.
    let end =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    drop(end.await);
}

#[test]
fn u01_u28_nothing_acknowledged_is_lost_by_kill_9() {
    let seed = std::env::var(SEED)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| {
            std::time::UNIX_EPOCH
                .elapsed()
                .map_or(1, |since| since.as_secs())
        });
    println!("seed {seed}; to repeat: {SEED}={seed}");
    let runs: Vec<_> = (0..HOMES)
        .map(|home| {
            std::thread::spawn(move || {
                tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap()
                    .block_on(torture(Random::new(seed.wrapping_mul(HOMES) + home)))
            })
        })
        .collect();
    let mut kills = 0;
    for run in runs {
        let ledger = run
            .join()
            .unwrap_or_else(|_| panic!("failed with {SEED}={seed}"));
        println!("{ledger}");
        kills += ledger.kills;
    }
    assert!(kills >= 200, "{kills} kills");
}

async fn torture(mut random: Random) -> Ledger {
    let home = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::default();
    while ledger.kills < KILLS {
        if random.one_in(8) {
            let mut gateway = Running::spawn(home.path());
            tokio::time::sleep(random.up_to(LONGEST_START_US)).await;
            gateway.kill().await;
            ledger.kills += 1;
            continue;
        }
        let mut gateway = Running::start(home.path()).await;
        ledger.check_touched(&gateway, &mut random).await;
        let stage = Stage::new(&gateway, ledger, &mut random);
        let life = random.up_to(LONGEST_LIFE_US);
        tokio::select! {
            () = stage.play() => unreachable!("traffic ends with the gateway"),
            () = tokio::time::sleep(life) => {}
        }
        gateway.kill().await;
        ledger = stage.into_ledger();
        ledger.kills += 1;
    }
    let mut gateway = Running::start(home.path()).await;
    ledger.check_everything(&gateway).await;
    gateway.kill().await;
    ledger
}

/// A gateway process.
pub(crate) struct Running {
    child: Child,
    /// Where it listens, empty before it is ready.
    pub(crate) address: String,
    /// Its control socket.
    pub(crate) control: PathBuf,
}

impl Running {
    fn spawn(home: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD_HOME, home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            child,
            address: String::new(),
            control: home.join(".openclaw/gateway.sock"),
        }
    }

    pub(crate) async fn start(home: &Path) -> Self {
        let mut gateway = Self::spawn(home);
        let stdout = gateway.child.stdout.take().unwrap();
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(address) = line.strip_prefix("ready ") {
                address.clone_into(&mut gateway.address);
                return gateway;
            }
        }
        let mut said = String::new();
        let stderr = gateway.child.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut said).await.unwrap();
        panic!("the gateway did not start again: {said}");
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A small generator (xorshift64*), so that a run can be repeated.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end.max(1)
    }

    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.next())
    }

    fn up_to(&mut self, longest_us: u64) -> Duration {
        Duration::from_micros(self.next() % longest_us)
    }
}
