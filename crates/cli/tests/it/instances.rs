//! Three gateways of one person on one machine: what is seen of one, done to one and known to one stays with it.

use std::fs;

use serde_json::{Value, json};

use crate::place::{Place, Ran, Running, free_port};
use crate::sshd::until;

/// One of them.
struct Instance {
    name: &'static str,
    flags: &'static [&'static str],
    state: &'static str,
    port: u16,
    running: Option<Running>,
}

/// All of them, in one home.
struct Host {
    place: Place,
    instances: [Instance; 3],
}

impl Host {
    fn start() -> Self {
        let instance = |name, flags, state| Instance {
            name,
            flags,
            state,
            port: free_port(),
            running: None,
        };
        let mut host = Self {
            place: Place::new(),
            instances: [
                instance("default", &[], ".openclaw"),
                instance("rescue", &["--profile", "rescue"], ".openclaw-rescue"),
                instance("dev", &["--dev"], ".openclaw-dev"),
            ],
        };
        for index in 0..host.instances.len() {
            let Instance {
                name, state, port, ..
            } = host.instances[index];
            let config = json!({
                "gateway": { "mode": "local", "port": port },
                "logging": { "file": host.log(name) },
            });
            host.place
                .write(&format!("{state}/openclaw.json"), &config.to_string());
            host.begin(index, &[]);
        }
        host
    }

    /// Starts a gateway and waits until it listens.
    fn begin(&mut self, index: usize, flags: &[&str]) {
        let line = [self.instances[index].flags, &["gateway", "run"], flags].concat();
        let mut running = self.place.start(&line);
        running.wait_for("listening on ws://127.0.0.1:");
        self.instances[index].running = Some(running);
    }

    fn log(&self, name: &str) -> std::path::PathBuf {
        self.place.path(&format!("{name}.log"))
    }

    fn run(&self, index: usize, line: &[&str]) -> Ran {
        self.place
            .run(&[self.instances[index].flags, line].concat())
    }

    fn pid(&self, index: usize) -> u32 {
        self.instances[index].running.as_ref().unwrap().pid()
    }

    fn token(&self, index: usize) -> String {
        let ran = self.run(index, &["config", "get", "gateway.auth.token"]);
        ran.ok().out.trim().to_owned()
    }

    fn others(&self, index: usize) -> impl Iterator<Item = usize> {
        (0..self.instances.len()).filter(move |other| *other != index)
    }

    /// What belongs to one and must not be told by another.
    fn marks(&self, index: usize) -> [String; 4] {
        let instance = &self.instances[index];
        [
            format!("{}/", self.place.path(instance.state).display()),
            self.log(instance.name).display().to_string(),
            format!(":{}", instance.port),
            format!("pid {}", self.pid(index)),
        ]
    }

    /// None of the others was told of anything: they answer, under the process id they had, and were started once.
    fn others_are_untouched(&self, index: usize, before: &[Before]) {
        for other in self.others(index) {
            let now = Before::of(self, other);
            assert_eq!(now, before[other], "after {}", self.instances[index].name);
            self.run(other, &["health"]).ok();
            let log = fs::read_to_string(self.log(self.instances[other].name)).unwrap();
            for word in ["signal SIG", "shutting down", "restart"] {
                assert!(!log.contains(word), "{word}: {log}");
            }
        }
    }

    fn before(&self) -> Vec<Before> {
        (0..self.instances.len())
            .map(|index| Before::of(self, index))
            .collect()
    }
}

/// What may not change while another one is acted on.
#[derive(Debug, PartialEq, Eq)]
struct Before {
    pid: Value,
    config: String,
    token: String,
    starts: usize,
}

impl Before {
    fn of(host: &Host, index: usize) -> Self {
        let instance = &host.instances[index];
        let list = host.run(index, &["gateway", "list", "--json"]).ok().json();
        let entries = list["gateways"].as_array().unwrap();
        let own = entries
            .iter()
            .find(|entry| entry["profile"] == instance.name)
            .unwrap_or_else(|| panic!("{} in {list}", instance.name));
        let log = fs::read_to_string(host.log(instance.name)).unwrap_or_default();
        Self {
            pid: own["pid"].clone(),
            config: host
                .place
                .read(&format!("{}/openclaw.json", instance.state)),
            token: host.token(index),
            starts: log.matches("listening on ws://127.0.0.1:").count(),
        }
    }
}

#[test]
fn u37_nothing_of_one_gateway_is_told_by_another() {
    let host = Host::start();
    for index in 0..3 {
        host.run(index, &["health"]).ok();
    }
    let mut devices = Vec::new();
    for index in 0..3 {
        let instance = &host.instances[index];
        for line in [
            &["gateway", "status", "--deep"][..],
            &["status", "--all"],
            &["logs", "--tail", "200"],
            &["devices", "list"],
            &["doctor"],
            &["gateway", "probe"],
            &["config", "file"],
        ] {
            let ran = host.run(index, line);
            let told = format!("{}{}", ran.out, ran.err);
            for other in host.others(index) {
                for mark in host.marks(other) {
                    assert!(
                        !told.contains(&mark),
                        "{} {line:?} tells {mark}: {told}",
                        instance.name
                    );
                }
            }
        }
        let status = host.run(index, &["gateway", "status"]).ok().out;
        for text in [
            format!("Runtime: running (pid {},", host.pid(index)),
            format!("Probe target: ws://127.0.0.1:{}", instance.port),
            "RPC probe: ok".to_owned(),
        ] {
            assert!(status.contains(&text), "{text}: {status}");
        }
        let log = host.run(index, &["logs", "--tail", "200"]).ok().out;
        assert!(log.contains(&format!("(PID {})", host.pid(index))), "{log}");
        let list = host.run(index, &["devices", "list", "--json"]).ok().json();
        for device in list["paired"].as_array().unwrap() {
            devices.push(device["deviceId"].as_str().unwrap().to_owned());
        }
        // The list shows all of them, and which one is meant.
        let list = host.run(index, &["gateway", "list", "--json"]).ok().json();
        for gateway in list["gateways"].as_array().unwrap() {
            let other = host
                .instances
                .iter()
                .position(|other| gateway["profile"] == other.name)
                .unwrap();
            assert_eq!(gateway["pid"], host.pid(other), "{gateway}");
            assert_eq!(gateway["port"], host.instances[other].port, "{gateway}");
            assert_eq!(gateway["current"], other == index, "{gateway}");
        }
        assert_eq!(list["gateways"].as_array().unwrap().len(), 3, "{list}");
        assert_eq!(list["conflicts"], json!([]));
    }
    let count = devices.len();
    devices.sort();
    devices.dedup();
    assert!(count >= 3 && devices.len() == count, "{devices:?}");
    for file in ["gateway.sqlite", "gateway.sock"] {
        for instance in &host.instances {
            let path = host.place.path(instance.state).join(file);
            assert!(path.exists(), "{}", path.display());
        }
    }
}

#[test]
fn u37_a_token_of_one_gateway_is_refused_by_the_others() {
    let host = Host::start();
    let tokens: Vec<String> = (0..3).map(|index| host.token(index)).collect();
    for (index, token) in tokens.iter().enumerate() {
        for (other, instance) in host.instances.iter().enumerate() {
            let url = format!("ws://127.0.0.1:{}", instance.port);
            // From a home that knows none of them.
            let stranger = Place::new();
            let ran = stranger.run(&["health", "--url", &url, "--token", token]);
            if other == index {
                ran.ok();
            } else {
                let ran = ran.fails(1);
                assert!(ran.err.contains("unauthorized: invalid token"), "{ran:?}");
            }
        }
    }
}

#[test]
fn u37_what_is_done_to_one_gateway_happens_to_no_other() {
    const RESCUE: usize = 1;
    const DEV: usize = 2;
    let mut host = Host::start();
    let before = host.before();

    // Restarted by a command: in place, under the same process id.
    let pid = host.pid(RESCUE);
    let ran = host.run(RESCUE, &["gateway", "restart"]).ok();
    assert!(ran.out.contains(&format!("(pid {pid})")), "{ran:?}");
    host.others_are_untouched(RESCUE, &before);

    // Restarted by a signal: another start in its own log alone.
    let log = host.log("rescue");
    let starts = || {
        let text = fs::read_to_string(&log).unwrap();
        text.matches("listening on ws://127.0.0.1:").count()
    };
    let so_far = starts();
    host.instances[RESCUE]
        .running
        .as_ref()
        .unwrap()
        .signal("USR1");
    until("rescue restarts", || starts() > so_far);
    host.run(RESCUE, &["health"]).ok();
    host.others_are_untouched(RESCUE, &before);

    // Replaced by force.
    let first = host.instances[RESCUE].running.take().unwrap();
    host.begin(RESCUE, &["--force"]);
    assert!(first.wait().0.success());
    assert_ne!(host.pid(RESCUE), pid);
    host.run(RESCUE, &["health"]).ok();
    host.others_are_untouched(RESCUE, &before);
    // Not even by force does it take the port of another one.
    let taken = host.instances[DEV].port.to_string();
    let ran = host
        .run(RESCUE, &["gateway", "run", "--force", "--port", &taken])
        .fails(1);
    assert!(
        ran.err
            .contains(&format!("Port {taken} is already in use.")),
        "{ran:?}"
    );
    host.others_are_untouched(RESCUE, &before);

    // Its settings, doctor's repairs and its credentials.
    host.begin(RESCUE, &["--force"]);
    host.run(RESCUE, &["doctor", "--fix", "--yes"]);
    host.run(
        RESCUE,
        &[
            "config",
            "set",
            "gateway.auth.token",
            "another-token-of-some-length",
        ],
    )
    .ok();
    host.run(RESCUE, &["gateway", "auth", "unlock"]).ok();
    host.others_are_untouched(RESCUE, &before);

    // Stopped, taken away, forgotten.
    let running = host.instances[RESCUE].running.take().unwrap();
    host.run(RESCUE, &["gateway", "stop"]).ok();
    assert!(running.wait().0.success());
    // There is no second one to stop.
    host.run(RESCUE, &["gateway", "stop"]).fails(1);
    host.run(RESCUE, &["gateway", "uninstall"]);
    host.others_are_untouched(RESCUE, &before);
    host.run(RESCUE, &["reset", "--scope", "full", "--yes"])
        .ok();
    assert!(!host.place.path(".openclaw-rescue/openclaw.json").exists());
    host.others_are_untouched(RESCUE, &before);

    // The default one is left when the dev profile is taken away too.
    host.run(DEV, &["uninstall", "--all", "--yes"]).ok();
    assert!(!host.place.path(".openclaw-dev").exists());
    host.instances[DEV].running.take().unwrap().wait();
    let now = Before::of(&host, 0);
    assert_eq!(now, before[0]);
    host.run(0, &["health"]).ok();
}

#[test]
fn u37_a_neighbour_on_the_same_port_is_not_taken_for_ones_own() {
    let mut host = Host::start();
    // The default one ends, and its config has the port of another one.
    let running = host.instances[0].running.take().unwrap();
    assert!(running.terminate().0.success());
    let port = host.instances[1].port.to_string();
    host.run(0, &["config", "set", "gateway.port", &port]).ok();
    let told = "down · not reachable (its port is in use by the gateway of profile rescue)";
    for line in [&["gateway", "status"][..], &["status"]] {
        let ran = host.run(0, line).ok();
        assert!(ran.out.lines().next().unwrap().contains(told), "{ran:?}");
    }
    let ran = host.run(0, &["gateway", "stop"]).fails(1);
    assert!(ran.err.contains("Gateway stop failed"), "{ran:?}");
    host.run(1, &["health"]).ok();
}
