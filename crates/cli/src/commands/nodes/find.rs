//! Finds the node that a person means.

use openclaw_protocol::methods::node::{NodeEntry, NodeList};
use serde_json::json;

use super::{fail, wrong};
use crate::books::same_name;
use crate::connect::Connection;
use crate::error::CommandError;

/// Shortest part of a node id that counts as one.
const MIN_PREFIX: usize = 6;

/// Every node the gateway knows.
pub(super) async fn all(
    connection: &Connection,
    command: &str,
) -> Result<Vec<NodeEntry>, CommandError> {
    let list: NodeList = connection
        .call("node.list", &json!({}))
        .await
        .map_err(fail(command))?;
    Ok(list.nodes)
}

/// Asks the gateway for its nodes and finds the one that `query` names.
pub(super) async fn find(
    connection: &Connection,
    query: &str,
    command: &str,
) -> Result<NodeEntry, CommandError> {
    let nodes = all(connection, command).await?;
    pick(&nodes, query)
        .cloned()
        .map_err(|error| wrong(command, error))
}

/// Why no single node was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotFound {
    /// Nothing was asked for.
    Empty,
    /// None fits; holds the name asked for and the known nodes.
    Unknown(String, Vec<String>),
    /// Several fit.
    Ambiguous(String, Vec<String>),
}

impl std::fmt::Display for NotFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("node required"),
            Self::Unknown(query, known) if known.is_empty() => {
                write!(f, "unknown node: {query} (no node is known)")
            }
            Self::Unknown(query, known) => {
                write!(f, "unknown node: {query} (known: {})", known.join(", "))
            }
            Self::Ambiguous(query, matches) => {
                write!(
                    f,
                    "ambiguous node: {query} (matches: {})",
                    matches.join(", ")
                )
            }
        }
    }
}

/// Finds the node by id, address, name or the start of its id, in this order of weight. Of several
/// that fit equally well, the only connected one is meant.
pub(super) fn pick<'a>(nodes: &'a [NodeEntry], query: &str) -> Result<&'a NodeEntry, NotFound> {
    let query = query.trim();
    if query.is_empty() {
        return Err(NotFound::Empty);
    }
    if let Some(node) = nodes.iter().find(|node| node.node_id == query) {
        return Ok(node);
    }
    let starts = |node: &NodeEntry| {
        query.len() >= MIN_PREFIX && node.node_id.starts_with(&query.to_ascii_lowercase())
    };
    let mut fitting: Vec<&NodeEntry> = nodes
        .iter()
        .filter(|node| {
            node.remote_ip.as_deref() == Some(query)
                || node
                    .display_name
                    .as_deref()
                    .is_some_and(|name| same_name(name, query))
                || starts(node)
        })
        .collect();
    if fitting.len() > 1 {
        let connected: Vec<&NodeEntry> = fitting
            .iter()
            .copied()
            .filter(|node| node.connected)
            .collect();
        if let [only] = connected.as_slice() {
            fitting = vec![only];
        }
    }
    match fitting.as_slice() {
        [node] => Ok(node),
        [] => Err(NotFound::Unknown(query.to_owned(), names(nodes.iter()))),
        several => Err(NotFound::Ambiguous(
            query.to_owned(),
            names(several.iter().copied()),
        )),
    }
}

fn names<'a>(nodes: impl Iterator<Item = &'a NodeEntry>) -> Vec<String> {
    nodes
        .map(|node| {
            node.display_name
                .clone()
                .unwrap_or_else(|| node.node_id.clone())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, name: Option<&str>, ip: Option<&str>, connected: bool) -> NodeEntry {
        NodeEntry {
            node_id: id.to_owned(),
            display_name: name.map(str::to_owned),
            remote_ip: ip.map(str::to_owned),
            connected,
            ..NodeEntry::default()
        }
    }

    #[test]
    fn a_node_is_found_by_id_address_name_or_prefix() {
        let nodes = [
            node("aabbccdd11", Some("Build Box"), Some("10.0.0.5"), false),
            node("aabbccdd22", Some("Mac"), Some("10.0.0.6"), true),
            node("ffeedd", Some("mac"), None, false),
        ];
        for (query, id) in [
            ("aabbccdd11", "aabbccdd11"),
            ("10.0.0.6", "aabbccdd22"),
            ("build-box", "aabbccdd11"),
            (" BUILD box ", "aabbccdd11"),
            ("ffeedd", "ffeedd"),
            // Of the two named alike, one is connected.
            ("mac", "aabbccdd22"),
            ("AABBCCDD2", "aabbccdd22"),
        ] {
            assert_eq!(
                pick(&nodes, query).map(|node| node.node_id.as_str()),
                Ok(id),
                "{query}"
            );
        }
        for (query, text) in [
            ("", "node required"),
            ("nope", "unknown node: nope (known: Build Box, Mac, mac)"),
            ("aabbc", "unknown node: aabbc (known: Build Box, Mac, mac)"),
        ] {
            assert_eq!(pick(&nodes, query).unwrap_err().to_string(), text);
        }
        let both = [
            node("aabbccdd11", None, None, true),
            node("aabbccdd22", None, None, true),
        ];
        assert_eq!(
            pick(&both, "aabbcc").unwrap_err().to_string(),
            "ambiguous node: aabbcc (matches: aabbccdd11, aabbccdd22)"
        );
    }
}
