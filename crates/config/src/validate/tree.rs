//! The key table as a tree, built once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::schema::{FIELDS, Field};

/// One key with the keys below it.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// The row, when the key has one of its own.
    pub(crate) field: Option<&'static Field>,
    /// Keys below.
    pub(crate) children: BTreeMap<&'static str, Node>,
}

/// Returns the root.
pub(crate) fn tree() -> &'static Node {
    static TREE: LazyLock<Node> = LazyLock::new(|| {
        let mut root = Node::default();
        for field in FIELDS {
            let node = field
                .path
                .split('.')
                .fold(&mut root, |node, key| node.children.entry(key).or_default());
            node.field = Some(field);
        }
        root
    });
    &TREE
}
