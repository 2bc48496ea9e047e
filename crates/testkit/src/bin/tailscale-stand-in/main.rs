//! `tailscale` and `sudo` for tests: hands its arguments to the stand-in daemon and prints what that says.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for tests"
)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().collect();
    let mut program = PathBuf::from(arguments.remove(0));
    let root = program.file_name().is_some_and(|name| name == "sudo");
    if root {
        // `sudo -n <program> …`: without -n it would ask for a password, which nobody types.
        if arguments.first().map(String::as_str) != Some("-n") || arguments.len() < 2 {
            eprintln!("sudo: a terminal is required to read the password");
            return ExitCode::FAILURE;
        }
        arguments.remove(0);
        program = PathBuf::from(arguments.remove(0));
    }
    if arguments.first().is_some_and(|first| first.starts_with("--socket=")) {
        arguments.remove(0);
    }
    if arguments.first().map(String::as_str) == Some("version") {
        println!("1.90.6\n  tailscale commit: stand-in");
        return ExitCode::SUCCESS;
    }
    let folder = program.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let Some(said) = ask(&folder.join("cli.sock"), &json!({ "arguments": arguments, "root": root })) else {
        eprintln!("failed to connect to local tailscaled; it doesn't appear to be running (sudo systemctl start tailscaled ?)");
        return ExitCode::FAILURE;
    };
    print!("{}", said["out"].as_str().unwrap_or_default());
    eprint!("{}", said["err"].as_str().unwrap_or_default());
    let _nobody_reads = std::io::stdout().flush();
    if said["hangs"] == true {
        loop {
            std::thread::park();
        }
    }
    match said["code"].as_u64().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => ExitCode::from(code),
        None => ExitCode::FAILURE,
    }
}

fn ask(socket: &Path, question: &Value) -> Option<Value> {
    let mut stream = UnixStream::connect(socket).ok()?;
    let body = question.to_string();
    let request = format!("POST /stand-in/cli HTTP/1.1\r\nHost: local-tailscaled.sock\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).ok()?;
    stream.shutdown(std::net::Shutdown::Write).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}
