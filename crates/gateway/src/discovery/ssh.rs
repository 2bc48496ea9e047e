//! Whether an SSH server of this machine can be reached by others: read from the system, without knocking.

use std::fs;

/// State of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// Whether something listens on this port on an address that is not loopback. Unknown counts as yes.
pub(super) fn is_listening(port: u16) -> bool {
    let tables: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    tables.is_empty() || tables.iter().any(|table| listens(table, port))
}

fn listens(table: &str, port: u16) -> bool {
    table.lines().skip(1).any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (Some(local), Some(_), Some(state)) = (words.next(), words.next(), words.next()) else {
            return false;
        };
        let Some((address, local_port)) = local.rsplit_once(':') else {
            return false;
        };
        state == LISTENING
            && u16::from_str_radix(local_port, 16) == Ok(port)
            && !is_loopback(address)
    })
}

/// Whether an address of the table, hex words in the order of the machine, is loopback.
fn is_loopback(address: &str) -> bool {
    match address.len() {
        8 => address.ends_with("7F"),
        _ => {
            address == "00000000000000000000000001000000"
                || (address.starts_with("0000000000000000FFFF0000") && address.ends_with("7F"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listeners_that_others_reach_count() {
        let table = |local: &str, state: &str| {
            format!(
                "  sl  local_address rem_address   st\n   0: {local} 00000000:0000 {state} 00000000\n"
            )
        };
        for (local, state, found) in [
            ("00000000:0016", "0A", true),
            ("0100007F:0016", "0A", false),
            ("0501A8C0:0016", "0A", true),
            ("00000000:0017", "0A", false),
            ("00000000:0016", "01", false),
            ("00000000000000000000000000000000:0016", "0A", true),
            ("00000000000000000000000001000000:0016", "0A", false),
            ("0000000000000000FFFF00000100007F:0016", "0A", false),
        ] {
            assert_eq!(listens(&table(local, state), 22), found, "{local} {state}");
        }
        assert!(!listens("", 22));
    }
}
