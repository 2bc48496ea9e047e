//! The pairing books: asked of the running gateway, or read and written in its store while it is
//! down, so that the owner of this machine can always approve.

mod query;

use openclaw_protocol::methods::device::{DevicePairApproved, DevicePairList, DevicePairRejected};
use openclaw_protocol::methods::node::NodePairList;
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, is_unreachable, needs};
use crate::context::Context;
use crate::error::CommandError;
use crate::offline::Offline;

pub(crate) use query::{Kind, NotFound, Pending, find, latest, same_name};

/// The pairing books of one gateway.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value for the whole of a command"
)]
pub(crate) enum Books<'a> {
    /// A gateway answers.
    Live {
        /// For the second connection, when a decision needs more scopes.
        context: &'a Context,
        args: &'a CallArgs,
        connection: Connection,
    },
    /// The gateway of this machine is down.
    Offline(Offline),
}

impl<'a> Books<'a> {
    /// Opens the books of the gateway that the line names.
    pub(crate) async fn open(
        context: &'a Context,
        args: &'a CallArgs,
    ) -> Result<Books<'a>, CallFailure> {
        match Connection::open(context, args, needs([Scope::Pairing])).await {
            Ok(connection) => Ok(Self::Live {
                context,
                args,
                connection,
            }),
            Err(failure) => {
                let down = failure.connect_error().is_some_and(is_unreachable);
                let here = context
                    .target(args, openclaw_config::resolve::MissingRemote::Refuse)
                    .is_ok_and(|target| target.is_local());
                if down && here {
                    Offline::open(context).map(Self::Offline).ok_or(failure)
                } else {
                    Err(failure)
                }
            }
        }
    }

    /// Whether the gateway is down.
    pub(crate) const fn is_offline(&self) -> bool {
        matches!(self, Self::Offline(_))
    }

    /// All devices, as the gateway reports them.
    pub(crate) async fn devices(&self) -> Result<Value, CallFailure> {
        match self {
            Self::Live { connection, .. } => connection.call("device.pair.list", &json!({})).await,
            Self::Offline(books) => books.devices().map_err(CallFailure::command),
        }
    }

    /// All node requests and nodes, as the gateway reports them.
    pub(crate) async fn nodes(&self) -> Result<Value, CallFailure> {
        match self {
            Self::Live { connection, .. } => connection.call("node.pair.list", &json!({})).await,
            Self::Offline(books) => books.nodes().map_err(CallFailure::command),
        }
    }

    /// Every request that waits for a decision, devices first, newest first.
    pub(crate) async fn pending(&self) -> Result<Vec<Pending>, CallFailure> {
        let mut pending = pending_devices(&self.devices().await?)?;
        pending.extend(pending_nodes(&self.nodes().await?)?);
        Ok(pending)
    }

    /// Approves a request; gives the gateway's answer.
    pub(crate) async fn approve(&self, request: &Pending) -> Result<Value, CallFailure> {
        self.decide(request, true).await
    }

    /// Rejects a request; gives the gateway's answer.
    pub(crate) async fn reject(&self, request: &Pending) -> Result<Value, CallFailure> {
        self.decide(request, false).await
    }

    async fn decide(&self, request: &Pending, approve: bool) -> Result<Value, CallFailure> {
        let method = match (request.kind, approve) {
            (Kind::Device, true) => "device.pair.approve",
            (Kind::Device, false) => "device.pair.reject",
            (Kind::Node, true) => "node.pair.approve",
            (Kind::Node, false) => "node.pair.reject",
        };
        let params = json!({ "requestId": request.request_id });
        let needed = if approve {
            request.approver_scopes()
        } else {
            needs([Scope::Pairing])
        };
        match self {
            Self::Offline(books) => books.call(method, &params).map_err(CallFailure::command),
            Self::Live { connection, .. } if granted(connection).covers(needed) => {
                connection.call(method, &params).await
            }
            Self::Live { context, args, .. } => {
                let connection = Connection::open(context, args, needed).await?;
                connection.call(method, &params).await
            }
        }
    }

    /// Any other change of the device books.
    pub(crate) async fn change(&self, method: &str, params: &Value) -> Result<Value, CallFailure> {
        match self {
            Self::Live { connection, .. } => connection.call(method, params).await,
            Self::Offline(books) => books.call(method, params).map_err(CallFailure::command),
        }
    }

    /// The setup codes that wait to be used, if whoever asks may see them: asking for more than that would file a request.
    pub(crate) async fn setups(&self) -> Vec<Value> {
        let Self::Live {
            context,
            args,
            connection,
        } = self
        else {
            return Vec::new();
        };
        let admin = needs([Scope::Admin]);
        let list = if granted(connection).covers(admin) {
            connection.call("device.pair.setupList", &json!({})).await
        } else if connection.target().url.starts_with("unix:") {
            match Connection::open(context, args, admin).await {
                Ok(owner) => owner.call("device.pair.setupList", &json!({})).await,
                Err(failure) => Err(failure),
            }
        } else {
            return Vec::new();
        };
        // A gateway of another release has none.
        let list: Value = list.unwrap_or_default();
        let all = list["setups"].as_array().cloned().unwrap_or_default();
        all.into_iter()
            .filter(|setup| setup["state"] == "waiting")
            .collect()
    }

    /// Ends the connection in good order.
    pub(crate) async fn close(self) {
        if let Self::Live { connection, .. } = self {
            connection.close().await;
        }
    }
}

/// What the gateway gave this connection; a gateway that does not say (2026.1.30 without a device)
/// gave what was asked.
fn granted(connection: &Connection) -> ScopeSet {
    connection
        .hello()
        .and_then(|hello| hello.auth.clone())
        .map_or(needs([Scope::Pairing]), |auth| ScopeSet::parse(auth.scopes))
}

/// The waiting devices of a `device.pair.list` answer.
pub(crate) fn pending_devices(list: &Value) -> Result<Vec<Pending>, CallFailure> {
    let list: DevicePairList = decode(list, "device.pair.list")?;
    Ok(list.pending.into_iter().map(Pending::from).collect())
}

/// The waiting nodes of a `node.pair.list` answer.
pub(crate) fn pending_nodes(list: &Value) -> Result<Vec<Pending>, CallFailure> {
    let list: NodePairList = decode(list, "node.pair.list")?;
    Ok(list.pending.into_iter().map(Pending::from).collect())
}

/// Decodes an answer that came as JSON.
pub(crate) fn decode<T: serde::de::DeserializeOwned>(
    value: &Value,
    method: &str,
) -> Result<T, CallFailure> {
    T::deserialize(value).map_err(|error| {
        CallFailure::command(CommandError::new(format!(
            "unexpected answer to {method}: {error}"
        )))
    })
}

/// The name or id in an approve or reject answer.
pub(crate) fn decided_id(answer: &Value) -> String {
    if let Ok(approved) = serde_json::from_value::<DevicePairApproved>(answer.clone()) {
        return approved.device.device_id;
    }
    if let Ok(rejected) = serde_json::from_value::<DevicePairRejected>(answer.clone()) {
        return rejected.device_id;
    }
    let id = answer["node"]["nodeId"]
        .as_str()
        .or(answer["nodeId"].as_str());
    id.unwrap_or_default().to_owned()
}
