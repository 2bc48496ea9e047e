//! What is remembered about our route over restarts: the port it leads to, and where it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::trouble::Trouble;

/// Most ports of earlier starts that are still known as ours.
const MAX_EARLIER: usize = 8;

/// The record, `tailscale.json` in the state directory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Record {
    /// Port of the ingress listener; the same at every start.
    pub(super) ingress_port: Option<u16>,
    /// Ports it had before, while a route may still lead there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) earlier_ports: Vec<u16>,
    /// Our route, from before it is made until after it is gone.
    pub(super) route: Option<Recorded>,
}

/// Where our route is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recorded {
    /// Name of this machine in the tailnet.
    pub(super) host: String,
    /// HTTPS port.
    pub(super) port: u16,
    /// Funnel was switched on by us.
    #[serde(default)]
    pub(super) funnel: bool,
}

impl Record {
    /// Ports that mark a route as ours.
    pub(super) fn our_ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = self.ingress_port.into_iter().collect();
        // What an earlier port is used for by now is known only where our route was.
        if self.route.is_some() {
            ports.extend(&self.earlier_ports);
        }
        ports
    }

    /// The listener has another port from now on.
    pub(super) fn move_to(&mut self, port: u16) {
        if let Some(old) = self.ingress_port.replace(port).filter(|old| *old != port) {
            self.earlier_ports.retain(|earlier| *earlier != port);
            self.earlier_ports.insert(0, old);
            self.earlier_ports.truncate(MAX_EARLIER);
        }
    }
}

/// The file of the record.
#[derive(Debug)]
pub(super) struct RecordFile {
    path: PathBuf,
    stored: Option<Record>,
}

impl RecordFile {
    /// Reads it; one that cannot be read counts as empty, and says so.
    pub(super) fn open(state_dir: &Path) -> (Self, Record) {
        let path = state_dir.join("tailscale.json");
        let stored = match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(record) => Some(record),
                Err(error) => {
                    tracing::warn!(target: "gateway", %error, path = %path.display(), "the record of the Tailscale route cannot be read; a route of an earlier start may have to be removed by hand");
                    None
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(target: "gateway", %error, path = %path.display(), "the record of the Tailscale route cannot be read");
                None
            }
        };
        let record = stored.clone().unwrap_or_default();
        (Self { path, stored }, record)
    }

    /// Writes the record, unless it says so already.
    pub(super) fn keep(&mut self, record: &Record) -> Result<(), Trouble> {
        if self.stored.as_ref() == Some(record) {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(record).expect("a record always encodes");
        openclaw_config::store::write_private(&self.path, format!("{text}\n").as_bytes())
            .map_err(|error| Trouble::Record(error.to_string()))?;
        self.stored = Some(record.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u06_c_the_port_of_the_route_is_known_after_a_restart_and_so_are_the_ones_before() {
        let home = tempfile::tempdir().unwrap();
        let (mut file, mut record) = RecordFile::open(home.path());
        assert_eq!(record, Record::default());
        record.move_to(20_001);
        record.route = Some(Recorded {
            host: "gw.tail1.ts.net".to_owned(),
            port: 443,
            funnel: false,
        });
        file.keep(&record).unwrap();
        let (mut file, mut again) = RecordFile::open(home.path());
        assert_eq!(again, record);
        for port in 20_002..20_020 {
            again.move_to(port);
        }
        assert_eq!(again.our_ports().len(), 1 + MAX_EARLIER);
        assert_eq!(again.our_ports()[..2], [20_019, 20_018]);
        file.keep(&again).unwrap();
        again.route = None;
        assert_eq!(again.our_ports(), [20_019]);
        fs::write(home.path().join("tailscale.json"), "{").unwrap();
        assert_eq!(RecordFile::open(home.path()).1, Record::default());
    }
}
