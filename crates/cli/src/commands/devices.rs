//! `openclaw devices`: who may connect.

mod approve;
mod clear;
mod join_code;
mod list;
mod reject;
mod remove;
mod rename;
mod revoke_code;
mod token;

use clap::Subcommand;
use openclaw_protocol::methods::device::{DevicePairList, PairedDevice};
use openclaw_protocol::scope::ScopeSet;

use crate::books::{Books, decode, same_name};
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{CommandError, Outcome};

pub(crate) use approve::{approve_flow, choose, show};
pub(crate) use list::setup_table;

/// Commands of `devices`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// List waiting and paired devices; works with the gateway down
    List(list::Args),
    /// Approve a waiting device; works with the gateway down
    Approve(approve::Args),
    /// Reject a waiting device; works with the gateway down
    Reject(reject::Args),
    /// Unpair a device and cut its connections; works with the gateway down
    Remove(remove::Args),
    /// Give a device another name; works with the gateway down
    Rename(rename::Args),
    /// Give a device a new token; the old one stops working at once
    Rotate(token::RotateArgs),
    /// Withdraw a token of a device and cut its connections
    Revoke(token::RevokeArgs),
    /// Make a link with which one machine can join
    JoinCode(join_code::Args),
    /// Withdraw a setup code or join link that nobody used yet
    RevokeCode(revoke_code::Args),
    /// Unpair every device that has not connected for a while
    Clear(clear::Args),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Approve(args) => args.run(context).await,
            Self::Reject(args) => args.run(context).await,
            Self::Remove(args) => args.run(context).await,
            Self::Rename(args) => args.run(context).await,
            Self::Rotate(args) => args.run(context).await,
            Self::Revoke(args) => args.run(context).await,
            Self::JoinCode(args) => args.run(context).await,
            Self::RevokeCode(args) => args.run(context).await,
            Self::Clear(args) => args.run(context).await,
        }
    }
}

/// Name for people.
fn label(device: &PairedDevice) -> &str {
    device
        .operator_label
        .as_deref()
        .or(device.display_name.as_deref())
        .unwrap_or(&device.device_id)
}

/// Finds the paired device that `query` names: id, part of an id, or name.
fn find_paired(list: &DevicePairList, query: &str) -> Result<PairedDevice, CommandError> {
    let query = query.trim();
    let matches = |device: &&PairedDevice| {
        device.device_id == query
            || (query.len() >= 6 && device.device_id.starts_with(&query.to_ascii_lowercase()))
            || same_name(label(device), query)
            || device
                .display_name
                .as_deref()
                .is_some_and(|name| same_name(name, query))
    };
    let found: Vec<&PairedDevice> = list.paired.iter().filter(matches).collect();
    match found.as_slice() {
        [device] => Ok((*device).clone()),
        [] => Err(CommandError::new(format!("unknown device: {query}"))
            .hint("Fix: see the names and ids with: openclaw devices list")),
        several => Err(CommandError::new(format!(
            "ambiguous device: {query} (matches: {})",
            several
                .iter()
                .map(|device| device.device_id.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

/// Reads the books and finds a paired device in them.
async fn paired(books: &Books<'_>, query: &str) -> Result<PairedDevice, CommandError> {
    let list = books.devices().await.map_err(CallFailure::into_error)?;
    let list: DevicePairList =
        decode(&list, "device.pair.list").map_err(CallFailure::into_error)?;
    find_paired(&list, query)
}

/// Scopes without the prefix they all share.
pub(crate) fn short_scopes(scopes: &[String]) -> String {
    let known = ScopeSet::parse(scopes);
    if known == ScopeSet::FULL {
        return "all".to_owned();
    }
    scopes
        .iter()
        .map(|scope| scope.strip_prefix("operator.").unwrap_or(scope))
        .collect::<Vec<_>>()
        .join(", ")
}
