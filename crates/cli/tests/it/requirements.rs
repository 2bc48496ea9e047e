//! Every command of the requirements, pasted in order on two machines that are like those of the document: a gateway host and a
//! laptop, on one network, in one tailnet, one reached from the other with `ssh`. Lines run as they stand there, on the port that
//! stands there; what the document promises is looked for in what they write.
//!
//! Needs Linux, root and the programs of `machine::NEEDED`; elsewhere it says that it was not run, and fails when `CI` is set.

mod document;
mod machine;
mod scenes;
mod tailnet;

use crate::sshd::until;
use crate::terminal::Terminal;
use machine::{Going, HOME, Machine};
use tailnet::Tailnet;

/// Address of the gateway host, where the document leaves it open.
const GATEWAY_IP: &str = "192.168.1.5";

/// A step through the document.
#[derive(Clone, Copy)]
enum Step {
    /// A heading.
    Section(&'static str),
    /// A line of the document on one of the machines, and what it promises.
    Line(Where, &'static str, How, &'static [&'static str]),
    /// What the document has between lines: files to write, what to look at, an end.
    Scene(fn(&mut World)),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Gateway,
    Laptop,
}

/// How a line is run.
#[derive(Clone, Copy)]
enum How {
    /// To its end, with this exit code.
    Ends(i32),
    /// To its end, again until it tells what is promised: it looks for something that takes its time.
    Again,
    /// It goes on once it has written what is promised.
    GoesOn,
    /// It goes on once something listens there.
    Opens(&'static str),
    /// It goes on; Ctrl-C ends it once it has written what is promised.
    Watched,
    /// At a terminal, with these answers.
    Typed(&'static [(&'static str, &'static str)]),
    /// Of other programs: to its end, where they are installed.
    IfInstalled,
    /// Of other programs, and not run: why.
    NotOurs(&'static str),
}

/// Both machines.
struct World {
    gateway: Machine,
    laptop: Machine,
    _tailnet: Tailnet,
    /// SHA-256 of the certificate of the gateway host in the tailnet.
    fingerprint: String,
    going: Vec<(Where, Going)>,
    /// What the last line wrote.
    last: String,
    /// The code of the last pairing request.
    code: String,
    section: &'static str,
    failures: Vec<String>,
    not_run: Vec<String>,
}

impl World {
    fn new() -> Self {
        let hosts = format!("{GATEWAY_IP} gateway-host correct-host host\n");
        let tailnet = Tailnet::start();
        let gateway = Machine::new("gateway-host", &hosts, Some(&tailnet.folder));
        let names = format!("{hosts}{} {}\n", tailnet::ADDRESS, tailnet::NAME);
        let laptop = Machine::new("laptop", &names, None);
        gateway.cable("eth0", "192.168.1.5/24", &laptop, "192.168.1.20/24");
        let there = format!("{}/10", tailnet::LAPTOP);
        gateway.cable(
            "tailscale0",
            &format!("{}/10", tailnet::ADDRESS),
            &laptop,
            &there,
        );
        let fingerprint = tailnet.serve(gateway.network());
        let mut world = Self {
            gateway,
            laptop,
            _tailnet: tailnet,
            fingerprint,
            going: Vec::new(),
            last: String::new(),
            code: String::new(),
            section: "",
            failures: Vec::new(),
            not_run: Vec::new(),
        };
        scenes::ssh_server(&mut world);
        world
    }

    fn machine(&mut self, place: Where) -> &mut Machine {
        match place {
            Where::Gateway => &mut self.gateway,
            Where::Laptop => &mut self.laptop,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Section(section) => self.section = section,
            Step::Scene(scene) => scene(self),
            Step::Line(place, line, how, told) => {
                let filled = line
                    .replace("<gateway-ip>", GATEWAY_IP)
                    .replace("<code>", &self.code);
                self.line(place, line, &filled, how, told);
            }
        }
    }

    /// Runs a line whose blanks are filled.
    fn line(&mut self, place: Where, line: &str, filled: &str, how: How, told: &[&str]) {
        let program = filled.split_whitespace().next().unwrap_or_default();
        match how {
            How::NotOurs(why) => self.not_run.push(format!("{line}: {why}")),
            How::IfInstalled if !machine::exists(program) => self
                .not_run
                .push(format!("{line}: {program} is not installed here")),
            How::Ends(_) | How::IfInstalled => {
                let wanted = if let How::Ends(code) = how { code } else { 0 };
                let ran = self.machine(place).run(filled);
                self.last = format!("{}{}", ran.out, ran.err);
                self.check(line, ran.code, wanted, told);
            }
            How::Again => until(line, || {
                let ran = self.machine(place).run(filled);
                told.iter().all(|text| ran.out.contains(text))
            }),
            How::Typed(answers) => {
                let mut terminal = Terminal::start(self.machine(place).shell(filled));
                for (question, keys) in answers {
                    terminal.answer(question, keys);
                }
                let (code, seen) = terminal.end();
                self.last = seen;
                self.check(line, code, 0, told);
            }
            How::GoesOn | How::Opens(_) | How::Watched => {
                let mut going = self.machine(place).start(filled);
                for text in told {
                    going.running.find(text);
                }
                match how {
                    How::Watched => {
                        self.machine(place).interrupt(going);
                        return;
                    }
                    How::Opens(address) => self.machine(place).listens(address),
                    _ => {}
                }
                self.going.push((place, going));
            }
        }
    }

    fn check(&mut self, line: &str, code: Option<i32>, wanted: i32, told: &[&str]) {
        let missing: Vec<_> = told
            .iter()
            .filter(|text| !self.last.contains(**text))
            .collect();
        if code != Some(wanted) || !missing.is_empty() {
            self.failures.push(format!(
                "{}: {line}\nended with {code:?}, wanted {wanted}; not told: {missing:?}\n{}",
                self.section, self.last
            ));
        }
    }

    /// Ends what goes on there.
    fn stop(&mut self, place: Where) {
        for (at, going) in std::mem::take(&mut self.going) {
            if at == place {
                self.machine(at).interrupt(going);
            } else {
                self.going.push((at, going));
            }
        }
    }

    /// What the line that was started last says, sooner or later.
    fn says(&mut self, text: &str) {
        let (_, going) = self.going.last_mut().unwrap();
        going.running.find(text);
    }
}

#[test]
fn every_command_of_the_requirements_does_what_is_promised() {
    if let Some(why) = machine::missing() {
        assert!(std::env::var_os("CI").is_none(), "not run: {why}");
        eprintln!("not run: {why}");
        return;
    }
    let mut world = World::new();
    for step in document::DOCUMENT.iter().copied().flatten() {
        world.step(*step);
    }
    for line in &world.not_run {
        eprintln!("not run: {line}");
    }
    assert!(world.failures.is_empty(), "{}", world.failures.join("\n\n"));
}
