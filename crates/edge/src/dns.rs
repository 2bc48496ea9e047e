//! Wide-area DNS-SD: a small DNS responder, authoritative for one domain and for nothing else, on the tailnet addresses of this
//! machine. The gateway is found across networks by devices whose split DNS asks it.

pub mod answer;
mod limit;
mod plan;
mod responder;
mod serve;
pub mod zone;
pub mod zone_file;

use std::path::{Path, PathBuf};

use openclaw_protocol::dns::Name;

pub use plan::{NoPlan, Plan, domain};
pub use responder::WideArea;

/// Where the zone file of a domain is.
pub fn zone_file_path(state_dir: &Path, domain: &Name) -> PathBuf {
    let text = domain.to_string();
    let bare = text.trim_end_matches('.').to_ascii_lowercase();
    state_dir.join("dns").join(format!("{bare}.db"))
}
