use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::*;

/// A node in a folder of its own.
struct Node {
    folder: tempfile::TempDir,
    commands: Commands,
}

impl Node {
    fn new() -> Self {
        Self::with(HostPolicy::default())
    }

    fn with(policy: HostPolicy) -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let home = folder.path().canonicalize().expect("folder");
        let machine = Machine {
            approvals_path: home.join(".openclaw/exec-approvals.json"),
            env: vec![
                ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
                ("OPENCLAW_GATEWAY_TOKEN".into(), "secret".into()),
            ],
            cwd: home.clone(),
            home: Some(home),
            notifier: None,
        };
        Self {
            commands: Commands::new(machine, policy),
            folder,
        }
    }

    /// A node whose approvals file says this about the agent `main`.
    fn ruled(main: &Value) -> Self {
        let node = Self::new();
        let file = json!({"version": 1, "agents": {"main": main}});
        fs::create_dir(node.home().join(".openclaw")).expect("folder");
        fs::write(node.approvals_path(), file.to_string()).expect("write");
        node
    }

    fn home(&self) -> std::path::PathBuf {
        self.folder.path().canonicalize().expect("folder")
    }

    fn approvals_path(&self) -> std::path::PathBuf {
        self.home().join(".openclaw/exec-approvals.json")
    }

    fn approvals(&self) -> Value {
        serde_json::from_slice(&fs::read(self.approvals_path()).expect("file")).expect("JSON")
    }

    fn script(&self, name: &str, text: &str) -> String {
        let path = self.home().join(name);
        fs::write(&path, text).expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("permissions");
        path.to_str().expect("UTF-8 path").to_owned()
    }

    async fn call(&self, command: &str, params: Value) -> InvokeOutcome {
        self.call_raw(command, Some(&params.to_string())).await
    }

    async fn call_raw(&self, command: &str, params: Option<&str>) -> InvokeOutcome {
        let request = request(command, params);
        self.commands
            .invoke(&request, &CancellationToken::new())
            .await
    }

    async fn ok(&self, command: &str, params: Value) -> Value {
        let answer = self.call(command, params).await.result.expect("success");
        serde_json::from_str(&answer).expect("JSON")
    }

    async fn error(&self, command: &str, params: Value) -> CommandError {
        self.call(command, params).await.result.expect_err("error")
    }
}

fn request(command: &str, params: Option<&str>) -> InvokeRequest {
    InvokeRequest {
        id: "1".to_owned(),
        node_id: "n".to_owned(),
        command: command.to_owned(),
        params_json: params.map(str::to_owned),
        timeout_ms: None,
        idempotency_key: None,
        stream: false,
    }
}

fn event(outcome: &InvokeOutcome) -> (&'static str, Value) {
    let [event] = outcome.events.as_slice() else {
        panic!("one event expected: {:?}", outcome.events);
    };
    let payload = serde_json::from_str(&event.payload_json).expect("JSON");
    (event.event, payload)
}

#[tokio::test]
async fn only_commands_that_work_here_are_declared_and_answered() {
    let node = Node::new();
    let declared = node.commands.declared();
    assert_eq!(
        declared,
        [
            "system.run",
            "system.run.prepare",
            "system.which",
            "system.execApprovals.get",
            "system.execApprovals.set"
        ]
    );
    for unknown in ["system.notify", "browser.proxy", "", "system.RUN"] {
        let error = node.error(unknown, json!({})).await;
        assert_eq!(error, CommandError::unavailable("command not supported"));
    }
    for command in declared {
        let error = node.call_raw(command, None).await.result;
        match command {
            name::APPROVALS_GET => assert!(error.is_ok()),
            _ => assert_eq!(
                error.expect_err("error").message,
                "INVALID_REQUEST: paramsJSON required",
                "{command}"
            ),
        }
    }
}

#[tokio::test]
async fn notifications_go_to_the_program_of_the_desktop() {
    let node = Node::new();
    let out = node.home().join("shown");
    let program = node.script(
        "notify-send",
        &format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {}\n", out.display()),
    );
    let mut machine = node.commands.shared.machine.clone();
    machine.notifier = Some(Notifier::NotifySend(program.into()));
    let commands = Commands::new(machine.clone(), HostPolicy::default());
    assert!(commands.declared().contains(&"system.notify"));
    let call = request("system.notify", Some(r#"{"title":"a","body":"b"}"#));
    let outcome = commands.invoke(&call, &CancellationToken::new()).await;
    assert_eq!(outcome.result.as_deref(), Ok(r#"{"ok":true}"#));
    let shown = fs::read_to_string(out).expect("arguments");
    assert_eq!(shown, "--app-name\nOpenClaw\n--urgency\nnormal\n--\na\nb\n");

    let failing = node.script("failing", "#!/bin/sh\necho no bus >&2\nexit 1\n");
    machine.notifier = Some(Notifier::NotifySend(failing.into()));
    let commands = Commands::new(machine, HostPolicy::default());
    let outcome = commands.invoke(&call, &CancellationToken::new()).await;
    assert_eq!(
        outcome.result.expect_err("error").message,
        "notification failed: no bus"
    );
}

#[tokio::test]
async fn which_finds_programs_by_bare_name() {
    let node = Node::new();
    let answer = node
        .ok(
            "system.which",
            json!({"bins": ["sh", " env ", "no-such-bin", "/bin/sh", "../sh", "", 5]}),
        )
        .await;
    let bins = answer["bins"].as_object().expect("bins");
    assert_eq!(bins.keys().collect::<Vec<_>>(), ["env", "sh"]);
    for path in bins.values() {
        assert!(Path::new(path.as_str().expect("path")).is_absolute());
    }
    for params in [json!({}), json!({"bins": "sh"})] {
        let error = node.error("system.which", params).await;
        assert_eq!(
            error,
            CommandError::invalid("INVALID_REQUEST: bins required")
        );
    }
}

#[tokio::test]
async fn a_new_node_asks_before_it_runs_what_is_not_listed() {
    let node = Node::new();
    let outcome = node
        .call("system.run", json!({"command": ["/bin/echo", "hi"]}))
        .await;
    assert_eq!(
        outcome.result.clone().expect_err("error"),
        CommandError::unavailable("SYSTEM_RUN_DENIED: approval required")
    );
    let (event, payload) = event(&outcome);
    assert_eq!(event, "exec.denied");
    assert_eq!(payload["sessionKey"], "node");
    assert_eq!(payload["host"], "node");
    assert_eq!(payload["command"], "/bin/echo hi");
    assert_eq!(payload["reason"], "approval-required");
    assert_eq!(payload["runId"].as_str().expect("run id").len(), 36);
    assert!(node.approvals_path().exists(), "created on first use");
}

#[tokio::test]
async fn an_approved_run_answers_and_reports_like_the_known_node_host() {
    let node = Node::new();
    let outcome = node
        .call(
            "system.run",
            json!({
                "command": ["/bin/sh", "-c", "echo out; echo err >&2; exit 3"],
                "timeoutMs": 300_000, "sessionKey": "agent:main:main", "runId": "r1",
                "approved": true, "later": {"x": 1}
            }),
        )
        .await;
    assert_eq!(
        outcome.result.as_deref(),
        Ok(
            r#"{"exitCode":3,"timedOut":false,"success":false,"stdout":"out\n","stderr":"err\n","error":null}"#
        )
    );
    assert_eq!(
        outcome.events[0].payload_json,
        r#"{"sessionKey":"agent:main:main","runId":"r1","host":"node","command":"/bin/sh -c \"echo out; echo err >&2; exit 3\"","exitCode":3,"timedOut":false,"success":false,"output":"out\n\nerr"}"#
    );
    assert_eq!(outcome.events[0].event, "exec.finished");
}

#[tokio::test]
async fn u27_the_allowlist_is_honoured_and_notes_its_use() {
    let node = Node::ruled(&json!({"ask": "off", "allowlist": [{"pattern": "/**/printf"}]}));
    let result = node
        .ok("system.run", json!({"command": ["printf", "%s", "a b"]}))
        .await;
    assert_eq!(result["stdout"], "a b");
    let entry = &node.approvals()["agents"]["main"]["allowlist"][0];
    assert_eq!(entry["lastUsedCommand"], "printf %s \"a b\"");
    assert!(entry["lastUsedAt"].as_u64().expect("time") > 0);
    let resolved = entry["lastResolvedPath"].as_str().expect("path");
    assert!(resolved.ends_with("/printf"), "{resolved}");

    let outcome = node.call("system.run", json!({"command": ["ls"]})).await;
    assert_eq!(event(&outcome).1["reason"], "allowlist-miss");
    assert_eq!(
        outcome.result.expect_err("error").message,
        "SYSTEM_RUN_DENIED: allowlist miss"
    );
}

#[tokio::test]
async fn u27_deny_stands_whatever_the_caller_says() {
    let node = Node::ruled(&json!({"security": "deny"}));
    let outcome = node
        .call(
            "system.run",
            json!({"command": ["ls"], "approved": true, "approvalDecision": "allow-always"}),
        )
        .await;
    assert_eq!(event(&outcome).1["reason"], "security=deny");
    assert_eq!(
        outcome.result.expect_err("error"),
        CommandError::unavailable("SYSTEM_RUN_DISABLED: security=deny")
    );
}

#[tokio::test]
async fn u27_allow_always_is_kept_for_the_next_run() {
    let node = Node::new();
    let params = json!({"command": ["printf", "x"], "agentId": "ops"});
    let mut first = params.clone();
    first["approvalDecision"] = json!("allow-always");
    assert_eq!(node.ok("system.run", first).await["stdout"], "x");
    let list = &node.approvals()["agents"]["ops"]["allowlist"];
    assert_eq!(list.as_array().expect("list").len(), 1);
    assert_eq!(node.ok("system.run", params.clone()).await["stdout"], "x");
    let mut other_agent = params;
    other_agent["agentId"] = json!("main");
    assert!(node.call("system.run", other_agent).await.result.is_err());
}

#[tokio::test]
async fn a_denied_question_is_no_approval() {
    let node = Node::new();
    let params = json!({"command": ["ls"], "approved": true, "approvalDecision": "deny"});
    let error = node.error("system.run", params).await;
    assert_eq!(error.message, "SYSTEM_RUN_DENIED: approval required");
}

#[tokio::test]
async fn the_configuration_counts_where_the_file_is_silent() {
    let full = ExecPolicy {
        security: Some(Security::Full),
        ask: Some(Ask::Off),
        safe_bins: None,
    };
    let node = Node::with(HostPolicy {
        agents: BTreeMap::from([("ops".to_owned(), full.clone())]),
        ..HostPolicy::default()
    });
    let run = |agent: &str| json!({"command": ["printf", "x"], "agentId": agent});
    assert!(node.call("system.run", run("ops")).await.result.is_ok());
    assert!(node.call("system.run", run("main")).await.result.is_err());
    node.commands.set_policy(HostPolicy {
        exec: full,
        ..HostPolicy::default()
    });
    assert!(node.call("system.run", run("main")).await.result.is_ok());
    node.commands.set_policy(HostPolicy {
        exec: ExecPolicy {
            ask: Some(Ask::Off),
            safe_bins: Some(vec!["printf".to_owned()]),
            ..ExecPolicy::default()
        },
        ..HostPolicy::default()
    });
    assert!(node.call("system.run", run("main")).await.result.is_ok());
}

#[tokio::test]
async fn wrong_requests_say_what_is_wrong() {
    let node = Node::ruled(&json!({"security": "full", "ask": "off"}));
    let table = [
        (json!({}), "command required"),
        (json!({"command": []}), "command required"),
        (json!({"command": [" "]}), "command required"),
        (json!({"command": null}), "command required"),
        (
            json!({"command": ["ls"], "rawCommand": "rm"}),
            "rawCommand does not match command",
        ),
        (
            json!({"command": ["ls"], "timeoutMs": -1}),
            "INVALID_REQUEST: timeoutMs must be 0 or more milliseconds",
        ),
    ];
    for (params, message) in table {
        let error = node.error("system.run", params.clone()).await;
        assert_eq!(error, CommandError::invalid(message), "{params}");
    }
    let error = node.error("system.run", json!({"command": "ls"})).await;
    assert!(error.message.starts_with("invalid system.run params: "));
    let error = node
        .error(
            "system.run",
            json!({"command": ["ls"], "needsScreenRecording": true}),
        )
        .await;
    assert_eq!(
        error,
        CommandError::unavailable("PERMISSION_MISSING: screenRecording")
    );
}

#[tokio::test]
async fn the_child_sees_its_directory_and_harmless_variables_only() {
    let node = Node::ruled(&json!({"security": "full", "ask": "off"}));
    fs::create_dir(node.home().join("work")).expect("folder");
    let script = "pwd -P; echo \"$COLOUR|$LD_PRELOAD|$OPENCLAW_GATEWAY_TOKEN\"";
    for cwd in ["work", "~/work"] {
        let result = node
            .ok(
                "system.run",
                json!({
                    "command": ["/bin/sh", "-c", script], "cwd": cwd,
                    "env": {"COLOUR": "blue", "LD_PRELOAD": "/x.so"}
                }),
            )
            .await;
        let expected = format!("{}\nblue||\n", node.home().join("work").display());
        assert_eq!(result["stdout"], expected);
    }
}

#[tokio::test]
async fn a_program_that_cannot_start_is_an_answer_with_an_error() {
    let node = Node::ruled(&json!({"security": "full", "ask": "off"}));
    let outcome = node
        .call("system.run", json!({"command": ["no-such-program-here"]}))
        .await;
    assert_eq!(
        outcome.result.as_deref(),
        Ok(
            r#"{"timedOut":false,"success":false,"stdout":"","stderr":"","error":"command not found: no-such-program-here"}"#
        )
    );
    assert_eq!(
        event(&outcome).1["output"],
        "command not found: no-such-program-here"
    );
}

#[tokio::test]
async fn u26_the_run_limit_extends_the_callers_limit() {
    let node = Node::ruled(&json!({"security": "full", "ask": "off"}));
    let gate = node.home().join("gate");
    let made = std::process::Command::new("mkfifo").arg(&gate).status();
    assert!(made.expect("mkfifo").success());
    for inner in [2_400_000, 0] {
        let params = json!({"command": ["cat", gate], "timeoutMs": inner}).to_string();
        let mut call = request("system.run", Some(&params));
        // Over before the program can have answered, if it counted.
        call.timeout_ms = Some(1);
        let cancel = CancellationToken::new();
        let gate = gate.clone();
        let write = tokio::task::spawn_blocking(move || {
            let mut gate = fs::OpenOptions::new().write(true).open(gate)?;
            std::io::Write::write_all(&mut gate, b"late")
        });
        let (outcome, written) = tokio::join!(node.commands.invoke(&call, &cancel), write);
        written.expect("task").expect("write");
        let result = outcome.result.expect("success");
        assert!(
            result.contains(r#""exitCode":0,"timedOut":false"#),
            "{result}"
        );
        assert!(result.contains("late"), "{result}");
    }
}

#[tokio::test]
async fn u26_cancelling_a_call_ends_its_program() {
    let node = Node::ruled(&json!({"security": "full", "ask": "off"}));
    let fifo = node.home().join("alive");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.expect("mkfifo").success());
    let script = format!("exec 9>'{}'; sleep 1000000", fifo.display());
    let params = json!({"command": ["sh", "-c", script], "timeoutMs": 0}).to_string();
    let call = request("system.run", Some(&params));
    let cancel = CancellationToken::new();
    let (outcome, ()) = tokio::join!(node.commands.invoke(&call, &cancel), async {
        let mut pipe = tokio::task::spawn_blocking(move || fs::File::open(fifo))
            .await
            .expect("task")
            .expect("pipe");
        cancel.cancel();
        tokio::task::spawn_blocking(move || std::io::Read::read_to_end(&mut pipe, &mut Vec::new()))
            .await
            .expect("task")
            .expect("closed");
    });
    assert_eq!(outcome.result, Err(CommandError::cancelled()));
    assert_eq!(outcome.events[0].event, "exec.finished");
}

#[tokio::test]
async fn approvals_are_shown_and_replaced_by_whoever_knows_their_state() {
    let node = Node::new();
    let shown = node.ok("system.execApprovals.get", json!({})).await;
    assert_eq!(shown["path"], node.approvals_path().to_str().expect("path"));
    assert_eq!(shown["exists"], true);
    assert_eq!(shown["file"]["socket"].get("token"), None);
    let file = json!({"version": 1, "agents": {"main": {"security": "full", "ask": "off"}}});
    let table = [
        (json!({"baseHash": "x"}), "exec approvals file required"),
        (json!({"file": 5}), "exec approvals file required"),
        (
            json!({"file": file}),
            "exec approvals base hash required; reload and retry",
        ),
        (
            json!({"file": file, "baseHash": "bad"}),
            "exec approvals changed; reload and retry",
        ),
        (
            json!({"file": {"version": 2}, "baseHash": shown["hash"]}),
            "exec approvals file invalid: at /version: must be equal to constant",
        ),
    ];
    for (params, message) in table {
        let error = node.error("system.execApprovals.set", params).await;
        assert_eq!(error.code, "INVALID_REQUEST");
        assert_eq!(error.message, format!("INVALID_REQUEST: {message}"));
    }
    let params = json!({"file": file, "baseHash": shown["hash"]});
    let written = node.ok("system.execApprovals.set", params).await;
    assert_ne!(written["hash"], shown["hash"]);
    assert_eq!(written["file"]["agents"], file["agents"]);
    let again = node.ok("system.execApprovals.get", json!({"any": 1})).await;
    assert_eq!(again, written);
    let token = node.approvals()["socket"]["token"].clone();
    assert!(token.is_string(), "the token stays in the file");
    let ran = node.ok("system.run", json!({"command": ["true"]})).await;
    assert_eq!(ran["success"], true, "the new rules hold at once");
}

#[tokio::test]
async fn a_prepared_run_is_pinned_and_then_accepted() {
    let node = Node::ruled(&json!({"security": "full", "ask": "always"}));
    let prepared = node
        .ok(
            "system.run.prepare",
            json!({"command": ["printf", "%s", "two words"], "cwd": "~", "agentId": "main"}),
        )
        .await;
    let plan = &prepared["plan"];
    let program = plan["argv"][0].as_str().expect("program");
    assert!(Path::new(program).is_absolute(), "{program}");
    assert_eq!(plan["cwd"], node.home().to_str().expect("path"));
    assert_eq!(plan["commandText"], format!("{program} %s \"two words\""));
    assert_eq!(plan["agentId"], "main");
    assert_eq!(plan["sessionKey"], Value::Null);
    assert_eq!(plan["mutableFileOperand"]["argvIndex"], 0);
    assert_eq!(plan["mutableFileOperand"]["path"], program);
    assert_eq!(plan["commandPreview"], Value::Null);
    assert_eq!(
        prepared["execPolicy"],
        json!({"security": "full", "ask": "always"})
    );
    let run = json!({
        "command": plan["argv"], "rawCommand": plan["commandText"], "cwd": plan["cwd"],
        "systemRunPlan": plan, "approved": true, "approvalDecision": "allow-once"
    });
    assert_eq!(
        node.ok("system.run", run.clone()).await["stdout"],
        "two words"
    );

    let mut other = run;
    other["command"] = json!([program, "x"]);
    other["rawCommand"] = Value::Null;
    let error = node.error("system.run", other).await;
    assert_eq!(
        error,
        CommandError::invalid("systemRunPlan does not match command")
    );

    let shell = json!({"command": ["/bin/sh", "-lc", "echo hi"], "rawCommand": "echo hi"});
    let plan = &node.ok("system.run.prepare", shell).await["plan"];
    assert_eq!(plan["argv"], json!(["/bin/sh", "-lc", "echo hi"]));
    assert_eq!(plan["commandText"], "/bin/sh -lc \"echo hi\"");
    assert_eq!(plan["commandPreview"], "echo hi");
    assert_eq!(plan["cwd"], node.home().to_str().expect("path"));
    assert_eq!(plan.get("mutableFileOperand"), None);
    let error = node
        .error("system.run.prepare", json!({"command": []}))
        .await;
    assert_eq!(error, CommandError::invalid("command required"));
}

#[tokio::test]
async fn a_script_that_changed_after_the_approval_does_not_run() {
    let node = Node::ruled(&json!({"security": "full", "ask": "always"}));
    let script = node.script("job.sh", "#!/bin/sh\necho one\n");
    for (command, index) in [(json!([script]), 0), (json!(["sh", "job.sh"]), 1)] {
        node.script("job.sh", "#!/bin/sh\necho one\n");
        let prepared = node
            .ok("system.run.prepare", json!({"command": command}))
            .await;
        let plan = &prepared["plan"];
        assert_eq!(plan["mutableFileOperand"]["argvIndex"], index);
        assert_eq!(plan["mutableFileOperand"]["path"], script.as_str());
        let run = json!({"command": plan["argv"], "systemRunPlan": plan, "approved": true});
        assert_eq!(node.ok("system.run", run.clone()).await["stdout"], "one\n");
        node.script("job.sh", "#!/bin/sh\necho two\n");
        let outcome = node.call("system.run", run).await;
        assert_eq!(event(&outcome).0, "exec.denied");
        assert_eq!(
            outcome.result.expect_err("error").message,
            "SYSTEM_RUN_DENIED: approval script operand changed before execution"
        );
    }
}

#[tokio::test]
async fn u27_a_broken_approvals_file_runs_nothing_unasked_and_is_not_lost() {
    let node = Node::new();
    fs::create_dir(node.home().join(".openclaw")).expect("folder");
    fs::write(node.approvals_path(), "{ broken").expect("write");
    let error = node.error("system.run", json!({"command": ["ls"]})).await;
    assert_eq!(error.message, "SYSTEM_RUN_DENIED: approval required");
    let run = json!({"command": ["printf", "x"], "approvalDecision": "allow-always"});
    assert_eq!(node.ok("system.run", run).await["stdout"], "x");
    let kept: Vec<_> = fs::read_dir(node.home().join(".openclaw"))
        .expect("folder")
        .filter_map(Result::ok)
        .filter(|file| file.file_name().to_string_lossy().contains(".invalid-"))
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(
        fs::read_to_string(kept[0].path()).expect("copy"),
        "{ broken"
    );
}
