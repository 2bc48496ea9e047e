//! `tailscale` and `sudo` for tests: hands its arguments to the stand-in daemon and prints what that says. Standard library only:
//! the tests compile it themselves.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

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
    let Some((code, out, err)) = ask(&folder.join("cli.sock"), root, &arguments) else {
        eprintln!("failed to connect to local tailscaled; it doesn't appear to be running (sudo systemctl start tailscaled ?)");
        return ExitCode::FAILURE;
    };
    print!("{out}");
    eprint!("{err}");
    let _nobody_reads = std::io::stdout().flush();
    match code.parse::<u8>() {
        Ok(code) => ExitCode::from(code),
        Err(_) => loop {
            std::thread::park();
        },
    }
}

/// Exit code (or `hangs`), output and error output.
fn ask(socket: &Path, root: bool, arguments: &[String]) -> Option<(String, String, String)> {
    let mut stream = UnixStream::connect(socket).ok()?;
    let body = format!("{}\n{}", if root { "root" } else { "user" }, arguments.join("\n"));
    let request = format!(
        "POST /stand-in/cli HTTP/1.1\r\nHost: local-tailscaled.sock\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    stream.shutdown(std::net::Shutdown::Write).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let mut parts = body.splitn(3, '\0').map(str::to_owned);
    Some((parts.next()?, parts.next()?, parts.next()?))
}
