use std::io::Read as _;

use super::*;

const FOR_EVER: &str = "1000000";

fn shell(script: &str) -> Run {
    Run {
        argv: vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()],
        env: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
        ..Run::default()
    }
}

async fn outcome(run: Run) -> Finished {
    super::run(run, &CancellationToken::new()).await
}

/// A place where processes can be seen to live: reading ends when the last one that has it open is
/// gone.
struct Vital {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Vital {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("alive");
        let made = std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .expect("mkfifo");
        assert!(made.success());
        Self {
            _folder: folder,
            path,
        }
    }

    /// A program with a child in the background; both hold the pipe open and never end.
    fn script(&self) -> Run {
        shell(&format!(
            "exec 9>'{}'; sleep {FOR_EVER} & sleep {FOR_EVER}",
            self.path.display()
        ))
    }

    /// Returns once something has opened the other end.
    async fn opened(&self) -> std::fs::File {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || std::fs::File::open(path))
            .await
            .expect("task")
            .expect("pipe")
    }
}

async fn until_closed(mut pipe: std::fs::File) {
    tokio::task::spawn_blocking(move || pipe.read_to_end(&mut Vec::new()))
        .await
        .expect("task")
        .expect("read");
}

#[tokio::test]
async fn output_and_exit_code_come_back() {
    let finished = outcome(shell("echo out; echo err >&2; exit 3")).await;
    assert!(!finished.cancelled);
    assert_eq!(
        serde_json::to_string(&finished.result).expect("JSON"),
        r#"{"exitCode":3,"timedOut":false,"success":false,"stdout":"out\n","stderr":"err\n","error":null}"#
    );
    let finished = outcome(shell("exit 0")).await;
    assert!(finished.result.success);
    assert_eq!(finished.result.exit_code, Some(0));
}

#[tokio::test]
async fn no_shell_sees_the_arguments() {
    let mut run = shell("");
    run.argv = ["printf", "%s|", "$HOME", "*", "a;b"]
        .map(str::to_owned)
        .to_vec();
    assert_eq!(outcome(run).await.result.stdout, "$HOME|*|a;b|");
}

#[tokio::test]
async fn the_child_gets_its_directory_its_environment_and_no_input() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut run = shell("pwd -P; cat; echo \"$COLOUR-$HOME-\"");
    run.cwd = Some(folder.path().to_owned());
    run.env.push(("COLOUR".into(), "blue".into()));
    let stdout = outcome(run).await.result.stdout;
    let real = folder.path().canonicalize().expect("folder");
    assert_eq!(stdout, format!("{}\nblue--\n", real.display()));
}

#[tokio::test]
async fn the_given_program_runs_under_the_asked_name() {
    let mut run = shell("echo $0");
    run.program = Some(PathBuf::from("/bin/sh"));
    run.argv[0] = "my-shell".to_owned();
    assert_eq!(outcome(run).await.result.stdout, "my-shell\n");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let mut missing = shell("");
    missing.argv = vec!["no-such-program-here".to_owned()];
    let mut folder = shell("true");
    folder.cwd = Some(PathBuf::from("/no/such/folder"));
    let mut not_executable = shell("");
    not_executable.argv = vec!["/etc/passwd".to_owned()];
    for (run, text) in [
        (missing, "command not found: no-such-program-here"),
        (folder, "working directory does not exist: /no/such/folder"),
        (not_executable, "cannot start /etc/passwd: "),
    ] {
        let result = outcome(run).await.result;
        let error = result.error.expect("error");
        assert!(error.starts_with(text), "{error}");
        assert_eq!(result.exit_code, None);
        assert!(!result.success && !result.timed_out);
    }
}

#[tokio::test]
async fn a_signal_is_no_exit_code() {
    let result = outcome(shell("kill -9 $$")).await.result;
    assert_eq!((result.exit_code, result.success), (None, false));
    assert!(!result.timed_out);
}

#[tokio::test(start_paused = true)]
async fn u26_the_limit_ends_the_whole_group() {
    let vital = Vital::new();
    let mut run = vital.script();
    run.argv[2].insert_str(0, "echo before; ");
    let limit = Duration::from_secs(2400);
    run.limit = Some(limit);
    let (finished, ()) = tokio::join!(outcome(run), async {
        let pipe = vital.opened().await;
        tokio::time::advance(limit).await;
        until_closed(pipe).await;
    });
    assert!(finished.result.timed_out);
    assert!(!finished.cancelled && !finished.result.success);
    assert_eq!(finished.result.exit_code, None);
    assert_eq!(finished.result.stdout, "before\n");
}

#[tokio::test]
async fn u26_cancelling_ends_the_whole_group() {
    let vital = Vital::new();
    let cancel = CancellationToken::new();
    let (finished, ()) = tokio::join!(super::run(vital.script(), &cancel), async {
        let pipe = vital.opened().await;
        cancel.cancel();
        until_closed(pipe).await;
    });
    assert!(finished.cancelled && !finished.result.timed_out);
}

#[tokio::test]
async fn cancelled_before_the_start_means_never_started() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut run = shell("touch started");
    run.cwd = Some(folder.path().to_owned());
    assert!(super::run(run, &cancel).await.cancelled);
    assert!(!folder.path().join("started").exists());
}

#[tokio::test]
async fn dropping_the_run_leaves_no_orphans() {
    let vital = Vital::new();
    let pipe = {
        let cancel = CancellationToken::new();
        tokio::select! {
            _ = super::run(vital.script(), &cancel) => panic!("never ends"),
            pipe = vital.opened() => pipe,
        }
    };
    until_closed(pipe).await;
}

#[tokio::test]
async fn background_processes_with_the_pipe_open_do_not_hold_the_result() {
    let vital = Vital::new();
    let script = format!(
        "echo $$; exec 9>'{}'; sleep {FOR_EVER} & echo done",
        vital.path.display()
    );
    let (finished, pipe) = tokio::join!(outcome(shell(&script)), vital.opened());
    let (leader, rest) = finished.result.stdout.split_once('\n').expect("lines");
    assert_eq!(rest, "done\n");
    assert!(finished.result.success);
    // The background process was meant to stay; it still carries the group of its parent.
    let group = rustix::process::Pid::from_raw(leader.parse().expect("number")).expect("group");
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).expect("kill");
    until_closed(pipe).await;
}

#[tokio::test]
async fn everything_written_before_the_exit_is_in_the_result() {
    for _ in 0..20 {
        let result = outcome(shell("head -c 60000 /dev/zero | tr '\\0' x; echo end >&2"))
            .await
            .result;
        assert_eq!(result.stdout.len(), 60000);
        assert_eq!(result.stderr, "end\n");
    }
}

#[tokio::test]
async fn endless_output_is_cut_and_does_not_block_the_program() {
    let result = outcome(shell("yes | head -c 1000000; exit 4")).await.result;
    assert_eq!(result.exit_code, Some(4));
    assert_eq!(result.stdout.len(), OUTPUT_LIMIT + TRUNCATED.len());
    assert!(result.stdout.ends_with(TRUNCATED));
}
