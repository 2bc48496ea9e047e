use std::path::PathBuf;
use std::sync::Arc;

use openclaw_client::{ClientOptions, DeviceIdentity};
use openclaw_config::exec_approvals::{Ask, Security};
use openclaw_node::commands::ExecPolicy;
use openclaw_node::{
    Commands, Host, HostError, HostEvent, HostEvents, HostOptions, HostPolicy, Machine,
};
use openclaw_protocol::pairing_code::pairing_code;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::gateway::{FakeGateway, Peer};

#[derive(Debug, Default)]
struct Lines(Mutex<Vec<String>>);

impl HostEvents for Lines {
    fn event(&self, event: &HostEvent) {
        self.0.lock().push(event.to_string());
    }
}

/// A node host in a folder of its own that may run anything.
struct Node {
    folder: tempfile::TempDir,
    lines: Arc<Lines>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), HostError>>,
}

impl Node {
    fn start(gateway: &FakeGateway) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().canonicalize().unwrap();
        let machine = Machine {
            approvals_path: home.join("exec-approvals.json"),
            env: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
            cwd: home.clone(),
            home: Some(home),
            notifier: None,
        };
        let exec = ExecPolicy {
            security: Some(Security::Full),
            ask: Some(Ask::Off),
            safe_bins: None,
        };
        let policy = HostPolicy {
            exec,
            ..HostPolicy::default()
        };
        let mut client = ClientOptions::node(gateway.target(), "test");
        client.identity = Some(Arc::new(DeviceIdentity::ephemeral().unwrap()));
        client.client.display_name = Some("Box".to_owned());
        let lines = Arc::new(Lines::default());
        let shutdown = CancellationToken::new();
        let options = HostOptions {
            client,
            commands: Commands::new(machine, policy),
            events: lines.clone(),
        };
        let task = tokio::spawn(Host::run(options, shutdown.clone()));
        Self {
            folder,
            lines,
            shutdown,
            task,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn lines(&self) -> Vec<String> {
        self.lines.0.lock().clone()
    }

    /// Shuts down while the gateway takes what still comes. Returns those results and events.
    async fn stopped(self, mut peer: Peer) -> Vec<Value> {
        self.shutdown.cancel();
        let mut last = Vec::new();
        while let Some(message) = peer.message().await {
            if let Some((code, reason)) = message.as_close() {
                assert_eq!((u16::from(code), reason), (1000, ""));
                // The answer to the close frame goes out with the next look at the socket.
                assert!(peer.message().await.is_none());
                self.task.await.unwrap().unwrap();
                return last;
            }
            let Some(text) = message.as_text() else {
                continue;
            };
            let request: Value = serde_json::from_str(text).unwrap();
            peer.respond(&request, json!({"ok": true})).await;
            last.push(request["params"].clone());
        }
        panic!("no close frame");
    }
}

async fn accept(gateway: &FakeGateway) -> (Peer, Value) {
    let mut peer = gateway.accept().await;
    let params = peer.welcome(3, Value::Null).await;
    (peer, params)
}

async fn invoke(peer: &mut Peer, id: &str, command: &str, params: Value) {
    let key = format!("key of {params}");
    let payload = json!({"id": id, "nodeId": "n", "command": command,
        "paramsJSON": params.to_string(), "timeoutMs": 30_000, "idempotencyKey": key});
    peer.event("node.invoke.request", payload).await;
}

async fn run(peer: &mut Peer, id: &str, script: &str) {
    let params = json!({"command": ["/bin/sh", "-c", script], "runId": id});
    invoke(peer, id, "system.run", params).await;
}

/// The next request that is not a chore. Chores are refused, as 2026.1.30 does with what it does not know.
async fn next(peer: &mut Peer) -> Value {
    loop {
        let request = peer.recv().await.expect("a request");
        match request["method"].as_str().unwrap() {
            "node.invoke.result" => return request,
            "node.event" if request["params"]["event"] != "node.host.stats" => return request,
            method => {
                let message = format!("unknown method: {method}");
                peer.fail(
                    &request,
                    json!({"code": "INVALID_REQUEST", "message": message}),
                )
                .await;
            }
        }
    }
}

/// As [`next`], and takes it.
async fn take(peer: &mut Peer) -> Value {
    let request = next(peer).await;
    peer.respond(&request, json!({"ok": true})).await;
    request["params"].clone()
}

fn payload(params: &Value) -> Value {
    serde_json::from_str(params["payloadJSON"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn declares_itself_and_answers() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let (mut peer, params) = accept(&gateway).await;
    assert_eq!(params["role"], "node");
    assert_eq!(params["client"]["id"], "node-host");
    assert_eq!(params["client"]["mode"], "node");
    assert_eq!(params["client"]["displayName"], "Box");
    assert_eq!(params["caps"], json!(["system"]));
    assert_eq!(params["scopes"], json!([]));
    let commands = params["commands"].as_array().unwrap();
    assert!(commands.contains(&json!("system.run")) && commands.contains(&json!("system.which")));

    invoke(
        &mut peer,
        "1",
        "system.which",
        json!({"bins": ["sh", "nope"]}),
    )
    .await;
    let result = take(&mut peer).await;
    assert_eq!(
        (&result["id"], &result["nodeId"]),
        (&json!("1"), &json!("n"))
    );
    assert_eq!(result["ok"], true);
    assert!(
        payload(&result)["bins"]["sh"]
            .as_str()
            .unwrap()
            .ends_with("/sh")
    );

    invoke(&mut peer, "2", "camera.snap", json!({})).await;
    let result = take(&mut peer).await;
    assert_eq!(
        result["error"],
        json!({"code": "UNAVAILABLE", "message": "command not supported"})
    );
    assert!(node.lines()[0].starts_with("node host connected to ws://127.0.0.1:"));
    node.stopped(peer).await;
}

#[tokio::test]
async fn u26_the_result_goes_before_its_events() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let (mut peer, _) = accept(&gateway).await;
    run(&mut peer, "1", "echo hi").await;
    let result = take(&mut peer).await;
    assert_eq!(payload(&result)["stdout"], "hi\n");
    let event = take(&mut peer).await;
    assert_eq!(event["event"], "exec.finished");
    assert_eq!(payload(&event)["exitCode"], 0);
    node.stopped(peer).await;
}

#[tokio::test]
async fn calls_run_beside_each_other_up_to_a_bound() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let (mut peer, _) = accept(&gateway).await;
    for number in 0..openclaw_node::host::MAX_RUNNING {
        run(&mut peer, &format!("slow-{number}"), "sleep 600").await;
    }
    run(&mut peer, "one-more", "true").await;
    let result = take(&mut peer).await;
    assert_eq!(result["id"], "one-more");
    assert_eq!(result["error"]["code"], "UNAVAILABLE");
    let text = result["error"]["message"].as_str().unwrap();
    assert!(
        text.starts_with("node is busy: 16 commands are running"),
        "{text}"
    );

    peer.event(
        "node.invoke.cancel",
        json!({"invokeId": "slow-3", "nodeId": "n"}),
    )
    .await;
    let result = take(&mut peer).await;
    assert_eq!(result["id"], "slow-3");
    assert_eq!(result["error"]["code"], "CANCELLED");
    run(&mut peer, "now", "exit 7").await;
    loop {
        let params = take(&mut peer).await;
        if params["id"] == "now" {
            assert_eq!(payload(&params)["exitCode"], 7);
            break;
        }
    }
    node.stopped(peer).await;
}

#[tokio::test]
async fn u26_a_lost_connection_interrupts_what_runs_and_is_reported_later() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let (mut peer, _) = accept(&gateway).await;
    let script = format!("echo $$ > {}; sleep 600", node.path("pid").display());
    run(&mut peer, "1", &script).await;
    while std::fs::read_to_string(node.path("pid"))
        .unwrap_or_default()
        .is_empty()
    {
        tokio::task::yield_now().await;
    }
    peer.close(1008, "slow consumer").await;
    let (mut peer, _) = accept(&gateway).await;
    let event = take(&mut peer).await;
    assert_eq!(event["event"], "exec.finished");
    let ended = payload(&event);
    assert_eq!(
        (&ended["runId"], &ended["success"]),
        (&json!("1"), &json!(false))
    );
    let pid = std::fs::read_to_string(node.path("pid")).unwrap();
    assert!(!PathBuf::from(format!("/proc/{}", pid.trim())).exists());
    let lines = node.lines();
    assert!(lines[1].starts_with("node host gateway closed (1008): slow consumer; next try in"));
    assert_eq!(lines.len(), 3, "{lines:?}");
    node.stopped(peer).await;
}

#[tokio::test]
async fn u23_what_runs_outlives_a_restart_and_the_second_attempt_gets_its_result() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let script = format!(
        "echo x >> {runs}; while [ ! -e {go} ]; do sleep 0.01; done; echo done",
        runs = node.path("runs").display(),
        go = node.path("go").display()
    );
    let params = json!({"command": ["/bin/sh", "-c", script]});
    let (mut peer, _) = accept(&gateway).await;
    invoke(&mut peer, "1", "system.run", params.clone()).await;
    while !node.path("runs").exists() {
        tokio::task::yield_now().await;
    }
    // Twice: it waits for its caller across more than one restart.
    for _ in 0..2 {
        peer.close(1012, "service restart").await;
        (peer, _) = accept(&gateway).await;
    }
    invoke(&mut peer, "2", "system.run", params.clone()).await;
    std::fs::write(node.path("go"), "").unwrap();
    loop {
        let result = take(&mut peer).await;
        if result["id"] == "2" {
            assert_eq!(payload(&result)["stdout"], "done\n");
            break;
        }
        assert_ne!(result["id"], "1", "nobody waits for the first attempt");
    }
    assert_eq!(std::fs::read_to_string(node.path("runs")).unwrap(), "x\n");
    // A third attempt is a new call: the outcome was delivered.
    invoke(&mut peer, "3", "system.run", params).await;
    while take(&mut peer).await["id"] != "3" {}
    assert_eq!(
        std::fs::read_to_string(node.path("runs")).unwrap(),
        "x\nx\n"
    );
    node.stopped(peer).await;
}

#[tokio::test]
async fn u23_a_result_that_nobody_waits_for_any_more_is_kept_for_the_next_attempt() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let script = format!("echo x >> {}; echo done", node.path("runs").display());
    let params = json!({"command": ["/bin/sh", "-c", script]});
    let (mut peer, _) = accept(&gateway).await;
    invoke(&mut peer, "1", "system.run", params.clone()).await;
    // The gateway has told the caller that it restarts, and the node is not cut off yet.
    let request = next(&mut peer).await;
    peer.respond(&request, json!({"ok": true, "ignored": true}))
        .await;
    peer.close(1012, "service restart").await;
    let (mut peer, _) = accept(&gateway).await;
    invoke(&mut peer, "2", "system.run", params).await;
    loop {
        let result = take(&mut peer).await;
        if result["id"] == "2" {
            assert_eq!(payload(&result)["stdout"], "done\n");
            break;
        }
    }
    assert_eq!(std::fs::read_to_string(node.path("runs")).unwrap(), "x\n");
    node.stopped(peer).await;
}

#[tokio::test]
async fn u26_a_retry_gets_the_result_that_was_lost_on_the_way() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let script = format!("echo x >> {}; echo done", node.path("runs").display());
    let params = json!({"command": ["/bin/sh", "-c", script]});
    let (mut peer, _) = accept(&gateway).await;
    invoke(&mut peer, "1", "system.run", params.clone()).await;
    // The gateway dies with the result in its hands.
    next(&mut peer).await;
    drop(peer);
    let (mut peer, _) = accept(&gateway).await;
    invoke(&mut peer, "2", "system.run", params).await;
    loop {
        let params = take(&mut peer).await;
        if params["id"] == "2" {
            assert_eq!(payload(&params)["stdout"], "done\n");
            break;
        }
    }
    assert_eq!(std::fs::read_to_string(node.path("runs")).unwrap(), "x\n");
    node.stopped(peer).await;
}

#[tokio::test]
async fn u31_a_result_over_the_limit_is_an_error_not_the_end() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let (mut peer, _) = accept(&gateway).await;
    run(&mut peer, "1", "head -c 190000 /dev/zero").await;
    let result = take(&mut peer).await;
    let text = result["error"]["message"].as_str().unwrap();
    assert!(text.contains("larger than the 524288 bytes"), "{text}");
    node.stopped(peer).await;
}

#[tokio::test]
async fn shutdown_cancels_reports_and_says_goodbye() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let (mut peer, _) = accept(&gateway).await;
    run(&mut peer, "1", "sleep 600").await;
    run(&mut peer, "2", "true").await;
    while take(&mut peer).await["id"] != "2" {}
    let last = node.stopped(peer).await;
    let cancelled = last.iter().position(|params| params["id"] == "1").unwrap();
    assert_eq!(last[cancelled]["error"]["code"], "CANCELLED");
    let ended = &last[cancelled + 1..];
    assert!(
        ended
            .iter()
            .any(|params| params["event"] == "exec.finished")
    );
}

#[tokio::test(start_paused = true)]
async fn u05_waits_for_approval_and_says_so_once() {
    let gateway = FakeGateway::local();
    let node = Node::start(&gateway);
    let error = json!({"code": "NOT_PAIRED", "message": "pairing required",
        "details": {"requestId": "r-1"}});
    for _ in 0..4 {
        let peer = gateway.accept().await;
        peer.refuse(3, 1008, "pairing required", error.clone())
            .await;
    }
    let (peer, _) = accept(&gateway).await;
    while node.lines().len() < 2 {
        tokio::task::yield_now().await;
    }
    let lines = node.lines();
    let start = format!(
        "pairing required: approve on the gateway host with: openclaw pairing approve {} (fingerprint: ",
        pairing_code("r-1")
    );
    assert!(lines[0].starts_with(&start), "{lines:?}");
    assert!(lines[1].starts_with("node host connected"), "{lines:?}");
    node.stopped(peer).await;
}

#[tokio::test(start_paused = true)]
async fn commands_that_wait_for_approval_are_told_and_asked_for_again() {
    let gateway = FakeGateway::local();
    let node = Node::start(&gateway);
    let mut peer = gateway.accept().await;
    let mut hello = crate::gateway::hello(4);
    hello["features"]["methods"] = json!(["node.skills.update"]);
    let request = peer.challenge(4).await;
    peer.respond(&request, hello).await;
    let waiting = "node capability surface is awaiting operator approval; run `openclaw nodes approve r-2` (see `openclaw nodes pending`), then this node retries automatically";
    let mut asked = 0;
    let mut seen = Vec::new();
    while asked < 3 {
        let request = peer.recv().await.unwrap();
        let method = request["method"].as_str().unwrap().to_owned();
        if method == "node.runnerInventory.update" {
            asked += 1;
            if asked < 3 {
                peer.fail(&request, json!({"code": "UNAVAILABLE", "message": waiting}))
                    .await;
                continue;
            }
        } else if method == "node.event" {
            assert_eq!(request["params"]["event"], "node.host.stats");
            assert!(payload(&request["params"])["cpuCount"].as_u64().unwrap() >= 1);
        }
        seen.push(method);
        peer.respond(&request, json!({"ok": true, "bins": []}))
            .await;
    }
    assert!(seen.contains(&"node.skills.update".to_owned()));
    assert!(!seen.contains(&"node.pluginTools.update".to_owned()));
    while node.lines().len() < 3 {
        tokio::task::yield_now().await;
    }
    let approve = format!(
        "the commands of this node wait for approval: approve on the gateway host with: openclaw pairing approve {}",
        pairing_code("r-2")
    );
    assert_eq!(
        node.lines()[1..],
        [approve, "the commands of this node are approved".to_owned()]
    );
    node.stopped(peer).await;
}

#[tokio::test]
async fn u25_a_wrong_token_ends_it_with_the_reason() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let message = "unauthorized: gateway token mismatch (provide gateway auth token)";
    let error = json!({"code": "INVALID_REQUEST", "message": message});
    gateway.accept().await.refuse(3, 1008, message, error).await;
    let ended = node.task.await.unwrap().unwrap_err();
    assert_eq!(
        ended.to_string(),
        format!("gateway closed (1008): {message}")
    );
}

async fn run_watched(peer: &mut Peer, id: &str, script: &str) {
    let params = json!({"command": ["/bin/sh", "-c", script]});
    let payload = json!({"id": id, "nodeId": "n", "command": "system.run", "stream": true,
        "paramsJSON": params.to_string(), "timeoutMs": 30_000, "idempotencyKey": id});
    peer.event("node.invoke.request", payload).await;
}

/// The next piece of output, taken; or the result.
async fn piece(peer: &mut Peer) -> Result<Value, Value> {
    loop {
        let request = peer.recv().await.expect("a request");
        let params = request["params"].clone();
        match request["method"].as_str().unwrap() {
            "node.invoke.progress" => {
                peer.respond(&request, json!({"ok": true})).await;
                return Ok(params);
            }
            "node.invoke.result" => {
                peer.respond(&request, json!({"ok": true})).await;
                return Err(params);
            }
            _ => {
                peer.respond(&request, json!({"ok": true, "bins": []}))
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn a_watched_run_shows_its_output_while_it_runs_and_all_of_it_at_the_end() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let (mut peer, _) = accept(&gateway).await;
    let go = node.path("go");
    let script = format!(
        "echo one; until [ -e '{}' ]; do sleep 0.01; done; echo two >&2",
        go.display()
    );
    run_watched(&mut peer, "w1", &script).await;
    let first = piece(&mut peer).await.unwrap();
    assert_eq!(
        first,
        json!({"invokeId": "w1", "nodeId": "n", "seq": 0, "chunk": "one\n", "stream": "stdout"}),
        "while it runs"
    );
    std::fs::write(&go, "").unwrap();
    let second = piece(&mut peer).await.unwrap();
    assert_eq!(
        (&second["seq"], &second["chunk"]),
        (&json!(1), &json!("two\n"))
    );
    assert_eq!(second["stream"], "stderr");
    let result = payload(&piece(&mut peer).await.unwrap_err());
    assert_eq!(
        (&result["stdout"], &result["stderr"]),
        (&json!("one\n"), &json!("two\n"))
    );
    assert_eq!(result["exitCode"], 0);
    node.stopped(peer).await;
}

#[tokio::test]
async fn a_watched_run_that_is_cancelled_ends_and_a_gateway_that_does_not_watch_gets_the_result() {
    let gateway = FakeGateway::bind().await;
    let node = Node::start(&gateway);
    let (mut peer, _) = accept(&gateway).await;
    run_watched(&mut peer, "w1", "echo begun; exec sleep 1000000").await;
    assert_eq!(piece(&mut peer).await.unwrap()["chunk"], "begun\n");
    peer.event("node.invoke.cancel", json!({"id": "w1", "nodeId": "n"}))
        .await;
    let ended = piece(&mut peer).await.unwrap_err();
    assert_eq!(ended["error"]["code"], "CANCELLED");

    run_watched(&mut peer, "w2", "echo a; sleep 0.2; echo b").await;
    let result = loop {
        let request = peer.recv().await.expect("a request");
        match request["method"].as_str().unwrap() {
            // As 2026.1.30 answers what it does not know.
            "node.invoke.progress" => {
                let error = json!({"code": "INVALID_REQUEST", "message": "unknown method"});
                peer.fail(&request, error).await;
            }
            "node.invoke.result" => {
                peer.respond(&request, json!({"ok": true})).await;
                break payload(&request["params"]);
            }
            _ => {
                peer.respond(&request, json!({"ok": true, "bins": []}))
                    .await;
            }
        }
    };
    assert_eq!(result["stdout"], "a\nb\n");
    node.stopped(peer).await;
}
