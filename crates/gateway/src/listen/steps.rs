//! From the listeners that are open to those of a plan: what to open, what to keep and what to close, without touching a socket.

use std::net::SocketAddr;

use super::plan::BindPlan;

/// How a listener of the plan before goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is part of the plan.
    Stays,
    /// It is part of a wider listener of the plan; closing it would only reset those who are connecting.
    Covered,
    /// Its address goes on under another port: it serves a while longer for those who have not heard.
    Lingers,
    /// It is not wanted any more.
    Closes,
}

/// The addresses of a plan that are not open, the required ones first.
pub(crate) fn missing(open: &[SocketAddr], plan: &BindPlan) -> Vec<(SocketAddr, bool)> {
    let required = plan.required.iter().map(|address| (*address, true));
    let optional = plan.optional.iter().map(|address| (*address, false));
    required
        .chain(optional)
        .filter(|(address, _)| !open.contains(address))
        .collect()
}

/// What becomes of the listener at `open` once the plan is in force.
pub(crate) fn fate(open: SocketAddr, plan: &BindPlan) -> Fate {
    let covers = |wanted: SocketAddr| {
        wanted.is_ipv4() == open.is_ipv4()
            && (wanted.ip() == open.ip() || wanted.ip().is_unspecified())
    };
    let mut fate = Fate::Closes;
    for wanted in plan.addresses().filter(|wanted| covers(*wanted)) {
        if wanted == open {
            return Fate::Stays;
        }
        if wanted.port() == open.port() {
            fate = Fate::Covered;
        } else if fate == Fate::Closes {
            fate = Fate::Lingers;
        }
    }
    fate
}

#[cfg(test)]
mod tests {
    use openclaw_config::schema::BindMode;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn plan(addresses: &[&str]) -> BindPlan {
        BindPlan {
            mode: BindMode::Loopback,
            required: addresses.iter().copied().map(address).collect(),
            optional: Vec::new(),
            waiting: None,
            refused: Vec::new(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn u22_what_was_open_goes_on_as_long_as_somebody_may_need_it() {
        let loopback = ["127.0.0.1:7", "[::1]:7"];
        let lan = ["0.0.0.0:7", "[::]:7"];
        let cases: &[(&str, &[&str], Fate)] = &[
            ("127.0.0.1:7", &loopback, Fate::Stays),
            // Wider: the narrow listener is part of the wide one.
            ("127.0.0.1:7", &lan, Fate::Covered),
            ("[::1]:7", &lan, Fate::Covered),
            ("[::1]:7", &["0.0.0.0:7"], Fate::Closes),
            // Narrower: at once, for the sake of whoever asked for it.
            ("0.0.0.0:7", &loopback, Fate::Closes),
            ("10.0.0.1:7", &loopback, Fate::Closes),
            // Another port.
            ("127.0.0.1:8", &loopback, Fate::Lingers),
            ("10.0.0.1:8", &lan, Fate::Lingers),
            ("0.0.0.0:8", &loopback, Fate::Closes),
        ];
        for (open, wanted, expected) in cases {
            assert_eq!(
                fate(address(open), &plan(wanted)),
                *expected,
                "{open} {wanted:?}"
            );
        }
    }

    #[test]
    fn only_what_is_not_open_is_opened() {
        let plan = plan(&["127.0.0.1:7", "10.0.0.1:7"]);
        assert_eq!(
            missing(&[address("127.0.0.1:7"), address("[::1]:7")], &plan),
            [(address("10.0.0.1:7"), true)]
        );
    }
}
