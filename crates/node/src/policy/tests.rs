use std::collections::BTreeSet;

use openclaw_config::exec_approvals::{ExecApprovalsFile, Overrides, parse_strict};
use serde_json::{Value, json};

use super::*;

/// A disk on which exactly these paths exist; those with `bin` in them are programs.
struct FakeDisk(&'static [&'static str]);

impl Files for FakeDisk {
    fn is_executable(&self, path: &Path) -> bool {
        self.exists(path) && path.to_str().is_some_and(|path| path.contains("bin/"))
    }

    fn exists(&self, path: &Path) -> bool {
        self.0.iter().any(|known| Path::new(known) == path)
    }
}

const DISK: FakeDisk = FakeDisk(&[
    "/bin/sh",
    "/usr/bin/git",
    "/usr/bin/grep",
    "/usr/bin/head",
    "/usr/bin/jq",
    "/usr/bin/ls",
    "/usr/bin/printf",
    "/usr/bin/cd",
    "/usr/bin/env",
    "/usr/bin/python3.12",
    "/usr/bin/rm",
    "/usr/bin/sort",
    "/usr/bin/tail",
    "/usr/bin/uniq",
    "/opt/evil/bin/grep",
    "/opt/evil/bin/sh",
    "/work/tools/bin/build",
    "/work/notes.txt",
    "/home/me/bin/mine",
]);

/// A question with its usual answers; tests change what they are about.
struct Scenario {
    file: ExecApprovalsFile,
    argv: Vec<String>,
    raw: Option<&'static str>,
    path: &'static str,
    approval: Approval,
    screen: bool,
    skills: BTreeSet<String>,
    fold_case: bool,
}

fn case(security: &str, ask: &str, patterns: &[&str], argv: &[&str]) -> Scenario {
    let entries: Vec<Value> = patterns
        .iter()
        .map(|pattern| json!({"id": pattern, "pattern": pattern}))
        .collect();
    let file = json!({"version": 1, "agents": {"main": {
        "security": security, "ask": ask, "allowlist": entries
    }}});
    Scenario {
        file: parse_strict(&file).expect("valid file"),
        argv: argv.iter().map(ToString::to_string).collect(),
        raw: None,
        path: "/usr/bin:/bin",
        approval: Approval::None,
        screen: false,
        skills: BTreeSet::new(),
        fold_case: true,
    }
}

fn script(patterns: &[&str], script: &'static str) -> Scenario {
    let mut case = case(
        "allowlist",
        "on-miss",
        patterns,
        &["/bin/sh", "-lc", script],
    );
    case.raw = Some(script);
    case
}

impl Scenario {
    fn decide(&self) -> Decision {
        let command = Command::new(self.argv.clone(), self.raw).expect("matching command");
        let policy = self.file.resolve(None, &Overrides::default());
        let safe_bins: Vec<String> = DEFAULT_SAFE_BINS.iter().map(ToString::to_string).collect();
        let question = Question {
            command: &command,
            cwd: Path::new("/work"),
            path: OsStr::new(self.path),
            host_path: OsStr::new("/usr/bin:/bin"),
            home: Some(Path::new("/home/me")),
            approval: self.approval,
            needs_screen_recording: self.screen,
        };
        let rules = Rules {
            policy: &policy,
            safe_bins: &safe_bins,
            skill_bins: &self.skills,
            fold_case: self.fold_case,
        };
        decide(&question, &rules, &DISK)
    }

    fn runs(&self) -> bool {
        matches!(self.decide(), Decision::Allow(_))
    }
}

const ALLOWED: &str = "runs";

fn word(decision: &Decision) -> String {
    match decision {
        Decision::Allow(_) => ALLOWED.to_owned(),
        Decision::Refuse(refusal) => refusal.reason().to_owned(),
    }
}

#[test]
fn security_and_ask_decide_together() {
    // security, ask, listed, approved, outcome
    let table = [
        ("deny", "off", true, false, "security=deny"),
        ("deny", "always", true, true, "security=deny"),
        ("allowlist", "off", true, false, ALLOWED),
        ("allowlist", "off", false, false, "allowlist-miss"),
        ("allowlist", "off", false, true, "allowlist-miss"),
        ("allowlist", "on-miss", true, false, ALLOWED),
        ("allowlist", "on-miss", false, false, "approval-required"),
        ("allowlist", "on-miss", false, true, ALLOWED),
        ("allowlist", "always", true, false, "approval-required"),
        ("allowlist", "always", true, true, ALLOWED),
        ("allowlist", "always", false, true, ALLOWED),
        ("full", "off", false, false, ALLOWED),
        ("full", "on-miss", false, false, ALLOWED),
        ("full", "always", false, false, "approval-required"),
        ("full", "always", false, true, ALLOWED),
    ];
    for (security, ask, listed, approved, expected) in table {
        let patterns: &[&str] = if listed { &["/usr/bin/git"] } else { &[] };
        let mut case = case(security, ask, patterns, &["git", "status"]);
        if approved {
            case.approval = Approval::Once;
        }
        let row = format!("{security} {ask} listed={listed} approved={approved}");
        assert_eq!(word(&case.decide()), expected, "{row}");
    }
}

#[test]
fn u27_an_approval_never_lifts_deny() {
    let mut case = case("deny", "off", &["/usr/bin/git"], &["git"]);
    case.approval = Approval::Always;
    assert_eq!(case.decide(), Decision::Refuse(Refusal::SecurityDeny));
}

#[test]
fn refusals_carry_the_texts_that_clients_know() {
    let table = [
        (Refusal::SecurityDeny, "SYSTEM_RUN_DISABLED: security=deny"),
        (
            Refusal::ApprovalRequired,
            "SYSTEM_RUN_DENIED: approval required",
        ),
        (Refusal::AllowlistMiss, "SYSTEM_RUN_DENIED: allowlist miss"),
        (
            Refusal::ScreenRecording,
            "PERMISSION_MISSING: screenRecording",
        ),
    ];
    for (refusal, text) in table {
        assert_eq!(refusal.to_string(), text);
    }
}

#[test]
fn screen_recording_is_refused_after_the_other_rules() {
    let mut case = case("full", "off", &[], &["git"]);
    case.screen = true;
    assert_eq!(case.decide(), Decision::Refuse(Refusal::ScreenRecording));
    let mut case = self::case("allowlist", "on-miss", &[], &["git"]);
    case.screen = true;
    assert_eq!(case.decide(), Decision::Refuse(Refusal::ApprovalRequired));
}

#[test]
fn patterns_cover_resolved_paths() {
    // pattern, command, covered
    let table = [
        ("/usr/bin/git", "git", true),
        ("/usr/bin/git", "/usr/bin/git", true),
        ("/usr/bin/git", "/usr/bin/./git", true),
        ("/usr/bin/*", "git", true),
        ("/usr/*", "git", false),
        ("/usr/**", "git", true),
        ("**/git", "git", true),
        ("/usr/bin/g?t", "git", true),
        ("/usr/bin/gi", "git", false),
        ("/usr/bin/git*x", "git", false),
        ("/USR/bin/GIT", "git", true),
        ("git", "git", false),
        ("*", "git", false),
        ("~/bin/*", "/home/me/bin/mine", true),
        ("~", "/home/me/bin/mine", false),
        ("/work/tools/bin/build", "tools/bin/build", true),
        ("/work/tools/bin/build", "./tools/bin/build", true),
        ("/work/tools/**", "tools/../tools/bin/build", false),
        ("/usr/bin/**", "/usr/bin/../../opt/evil/bin/sh", false),
        ("/**", "missing", false),
    ];
    for (pattern, command, covered) in table {
        let case = case("allowlist", "off", &[pattern], &[command]);
        assert_eq!(case.runs(), covered, "{pattern} for {command}");
    }
}

#[test]
fn case_folding_is_a_choice() {
    let mut case = case("allowlist", "off", &["/USR/bin/git"], &["git"]);
    case.fold_case = false;
    assert!(!case.runs());
}

#[test]
fn entries_of_other_agents_do_not_count_and_star_does() {
    for (agent, runs) in [("*", true), ("ops", false)] {
        let mut case = case("allowlist", "off", &[], &["git"]);
        case.file.allow(agent, "/usr/bin/git");
        assert_eq!(case.runs(), runs, "{agent}");
    }
}

#[test]
fn entries_with_conditions_this_program_cannot_check_allow_nothing() {
    let mut case = case("allowlist", "off", &["/usr/bin/git"], &["git"]);
    let entry = &mut case.file.agents.get_mut("main").expect("agent").allowlist[0];
    entry
        .extra
        .insert("argPattern".to_owned(), json!("^status$"));
    assert!(!case.runs());
}

#[test]
fn scripts_run_when_every_command_is_covered() {
    // script, covered
    let table = [
        ("git status", true),
        ("git status && ls -l", true),
        ("git status; ls;", true),
        ("git log || ls | ls", true),
        ("git commit -m 'a > b; $(c) | d'", true),
        ("git commit -m \"it's; fine\"", true),
        ("git log --format=$FORMAT", true),
        ("git a\\;b", true),
        ("git status && rm -rf /", false),
        ("rm", false),
        ("git status | rm", false),
        ("git > /etc/passwd", false),
        ("git < /etc/passwd", false),
        ("git $(rm)", false),
        ("git \"$(rm)\"", false),
        ("git `rm`", false),
        ("git \"`rm`\"", false),
        ("(git)", false),
        ("git & rm", false),
        ("git |& ls", false),
        ("git\nrm", false),
        ("git \\\nrm", false),
        ("git 'open", false),
        ("git \"open", false),
        ("git \\", false),
        ("git &&", false),
        ("| git", false),
        ("git ;; ls", false),
        ("", false),
        ("GIT_SSH=x git fetch", false),
        ("$SHELL", false),
        ("/usr/bin/gi*", false),
        ("~/bin/mine", false),
        ("cd /opt/evil && ls", false),
        ("eval git", false),
        (". git", false),
        ("exec git", false),
        ("printf -v PATH /opt/evil/bin; ls", false),
        ("printf hello; ls", true),
    ];
    let patterns = [
        "/usr/bin/git",
        "/usr/bin/ls",
        "/usr/bin/cd",
        "/usr/bin/printf",
    ];
    for (text, covered) in table {
        let mut case = script(&patterns, text);
        if text.is_empty() {
            case.raw = None;
        }
        let expected = if covered {
            ALLOWED
        } else {
            "approval-required"
        };
        assert_eq!(word(&case.decide()), expected, "{text}");
    }
}

#[test]
fn a_listed_shell_covers_scripts_only_when_no_script_was_announced() {
    let mut case = script(&["/bin/sh"], "rm x");
    assert!(!case.runs());
    case.raw = None;
    assert!(case.runs());
}

#[test]
fn a_file_that_is_only_called_like_a_shell_is_no_shell() {
    let mut case = case(
        "allowlist",
        "on-miss",
        &["/usr/bin/git"],
        &["/opt/evil/bin/sh", "-lc", "git status"],
    );
    case.raw = Some("git status");
    assert!(!case.runs());
    case.argv[0] = "/bin/sh".to_owned();
    assert!(case.runs());
}

#[test]
fn the_shown_text_must_be_the_command() {
    let argv = |argv: &[&str]| argv.iter().map(ToString::to_string).collect::<Vec<_>>();
    let shell = argv(&["/bin/sh", "-lc", "echo 'a b'"]);
    let plain = argv(&["git", "commit", "-m", "two words"]);
    let table: [(&[String], Option<&str>, bool); 11] = [
        (&shell, None, true),
        (&shell, Some("echo 'a b'"), true),
        (&shell, Some(" echo 'a b' "), true),
        (&shell, Some("/bin/sh -lc \"echo 'a b'\""), true),
        (&shell, Some("ls"), false),
        (&plain, None, true),
        (&plain, Some(" "), true),
        (&plain, Some("git commit -m \"two words\""), true),
        (&plain, Some("git commit -m 'two words'"), true),
        (&plain, Some("git commit -m two words"), false),
        (&plain, Some("git status"), false),
    ];
    for (argv, raw, fits) in table {
        assert_eq!(
            Command::new(argv.to_vec(), raw).is_ok(),
            fits,
            "{argv:?} {raw:?}"
        );
    }
    let cmd = argv(&["cmd.exe", "/d", "/s", "/c", "git status"]);
    let command = Command::new(cmd, Some("git status")).expect("matching");
    assert!(matches!(command, Command::Shell { posix: false, .. }));
    assert_eq!(
        Command::new(plain, None).expect("matching").text(),
        "git commit -m \"two words\""
    );
    assert_eq!(
        Command::new(shell, Some("echo 'a b'"))
            .expect("matching")
            .text(),
        "echo 'a b'"
    );
}

#[test]
fn safe_filters_run_unlisted_on_their_input_only() {
    let table: [(&[&str], bool); 32] = [
        (&["grep", "-i", "foo"], true),
        (&["grep", "-e", "foo", "-"], true),
        (&["grep", "--", "foo"], true),
        (&["head", "-n", "5"], true),
        (&["jq", ".a.b"], true),
        (&["/usr/bin/grep", "foo"], true),
        (&["grep", "foo", "/etc/passwd"], false),
        (&["grep", "foo", "./x"], false),
        (&["grep", "foo", "../x"], false),
        (&["grep", "foo", "~/x"], false),
        (&["grep", "foo", ".."], false),
        (&["grep", "foo", "C:\\x"], false),
        (&["grep", "foo", "notes.txt"], false),
        (&["grep", "--", "foo", "notes.txt"], false),
        (&["grep", "--file=notes.txt", "x"], false),
        (&["grep", "--regexp=/etc", "x"], false),
        (&["grep", "-fpatterns", "x"], false),
        (&["grep", "-ir", "x"], false),
        (&["grep", "--rec", "x"], false),
        (&["sort", "-n"], true),
        (&["sort", "-ofile"], false),
        (&["sort", "--output", "file"], false),
        (&["sort", "--comp=sh"], false),
        (&["uniq", "-c"], true),
        (&["uniq", "-"], true),
        (&["uniq", "-", "new-file"], false),
        (&["jq", "-n", "env"], false),
        (&["jq", "-n", "$ENV.TOKEN"], false),
        (&["jq", "--rawfile", "a", "b"], false),
        (&["tail", "-n", "5", "other/notes"], true),
        (&["/opt/evil/bin/grep", "foo"], false),
        (&["ls"], false),
    ];
    for (argv, safe) in table {
        let case = case("allowlist", "off", &[], argv);
        assert_eq!(case.runs(), safe, "{argv:?}");
    }
}

#[test]
fn a_caller_cannot_bring_its_own_safe_filter() {
    let mut case = case("allowlist", "off", &[], &["grep", "foo"]);
    case.path = "/opt/evil/bin:/usr/bin:/bin";
    assert!(!case.runs());
    let case = script(&[], "grep *");
    assert!(!case.runs(), "the shell would put file names there");
    assert!(script(&[], "grep foo | sort | uniq -c | head -n 3").runs());
}

#[test]
fn programs_of_skills_count_when_the_agent_says_so() {
    let mut case = case("allowlist", "off", &[], &["git"]);
    case.skills.insert("git".to_owned());
    assert!(!case.runs());
    let main = case.file.agents.get_mut("main").expect("agent");
    main.fields.auto_allow_skills = Some(true);
    assert!(case.runs());
    case.argv[0] = "ls".to_owned();
    assert!(!case.runs());
}

#[test]
fn always_is_remembered_for_programs_that_do_one_thing() {
    let mut case = script(&["/usr/bin/git"], "git status; ls | rm; ls | python3.12 -");
    case.approval = Approval::Always;
    let Decision::Allow(allowed) = case.decide() else {
        panic!("approved");
    };
    assert_eq!(
        allowed.remember,
        [Path::new("/usr/bin/ls"), Path::new("/usr/bin/rm")]
    );
    assert_eq!(allowed.too_wide, [Path::new("/usr/bin/python3.12")]);
    assert_eq!(allowed.used.len(), 1);
    assert_eq!(allowed.used[0].pattern, "/usr/bin/git");
    assert_eq!(allowed.program.as_deref(), Some(Path::new("/bin/sh")));

    case.approval = Approval::Once;
    let Decision::Allow(once) = case.decide() else {
        panic!("approved");
    };
    assert!(once.remember.is_empty());

    let mut unknown = script(&[], "ls > file");
    unknown.approval = Approval::Always;
    let Decision::Allow(allowed) = unknown.decide() else {
        panic!("approved");
    };
    assert!(
        allowed.remember.is_empty(),
        "an unknown script teaches nothing"
    );
}

#[test]
fn the_program_that_was_judged_is_the_one_to_start() {
    let mut case = case("full", "off", &[], &["ls"]);
    let Decision::Allow(allowed) = case.decide() else {
        panic!("full");
    };
    assert_eq!(allowed.program.as_deref(), Some(Path::new("/usr/bin/ls")));
    case.argv[0] = "missing".to_owned();
    let Decision::Allow(allowed) = case.decide() else {
        panic!("full");
    };
    assert_eq!(allowed.program, None);
}
