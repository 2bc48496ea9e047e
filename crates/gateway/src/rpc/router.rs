//! Finds the handler of a method and checks role and scope before it runs.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use openclaw_protocol::error::{WireError, code};
use openclaw_protocol::frame::{encode_error, encode_ok};
use openclaw_protocol::method::{self, Access, MethodSpec};
use openclaw_protocol::scope::{Role, Scope};
use serde_json::json;

use crate::conn::hub::Conn;
use crate::core::Core;
use crate::drain::Ending;
use crate::rpc::context::{Call, Ctx, Responder, RpcResult};

type Future_ = Pin<Box<dyn Future<Output = RpcResult> + Send>>;

/// How a method is handled.
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// At once, from memory.
    Now(fn(&Ctx<'_>, &str) -> RpcResult),
    /// By a task that may wait.
    Later(fn(Call) -> Future_),
    /// The answer is given by somebody else, through [`Ctx::responder`].
    Deferred(fn(&Ctx<'_>, &str) -> Result<(), WireError>),
}

/// All methods with their handlers.
pub struct Methods {
    table: HashMap<&'static str, (&'static MethodSpec, Handler)>,
}

impl std::fmt::Debug for Methods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Methods")
            .field("len", &self.table.len())
            .finish()
    }
}

impl Default for Methods {
    fn default() -> Self {
        Self::new()
    }
}

impl Methods {
    /// Every family registered.
    pub fn new() -> Self {
        let mut methods = Self {
            table: HashMap::new(),
        };
        crate::rpc::register(&mut methods);
        methods
    }

    /// Registers a handler that answers at once.
    pub fn now(&mut self, name: &'static str, handler: fn(&Ctx<'_>, &str) -> RpcResult) {
        self.add(name, Handler::Now(handler));
    }

    /// Registers a handler that may wait. Wrap an async function with `later`.
    pub fn later(&mut self, name: &'static str, handler: fn(Call) -> Future_) {
        self.add(name, Handler::Later(handler));
    }

    /// Registers a handler whose answer somebody else gives.
    pub fn deferred(
        &mut self,
        name: &'static str,
        handler: fn(&Ctx<'_>, &str) -> Result<(), WireError>,
    ) {
        self.add(name, Handler::Deferred(handler));
    }

    /// # Panics
    /// When the name is not in the protocol's list, or is registered twice: both are mistakes of this program.
    fn add(&mut self, name: &'static str, handler: Handler) {
        let spec = method::find(name)
            .unwrap_or_else(|| panic!("{name} is not in the protocol's list of methods"));
        let old = self.table.insert(spec.name, (spec, handler));
        assert!(old.is_none(), "{name} is registered twice");
    }

    /// Names that have a handler.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.table.keys().copied()
    }

    /// Handles one request. Returns the finished answer, or `None` when it comes later.
    pub fn dispatch(
        &self,
        core: &Arc<Core>,
        conn: &Arc<Conn>,
        id: &str,
        name: &str,
        params: &str,
    ) -> Option<String> {
        let handled = self.handle(core, conn, id, name, params);
        match handled {
            Ok(None) => None,
            Ok(Some(payload)) => Some(encode_ok(id, payload.text())),
            Err(error) => Some(encode_error(id, &error)),
        }
    }

    fn handle(
        &self,
        core: &Arc<Core>,
        conn: &Arc<Conn>,
        id: &str,
        name: &str,
        params: &str,
    ) -> Result<Option<crate::rpc::context::Payload>, WireError> {
        let Some((spec, handler)) = self.table.get(name) else {
            return Err(unknown(conn, name));
        };
        authorize(conn, spec)?;
        if begins_work(spec)
            && let Some(refusal) = core.drain.refusal()
        {
            return Err(refusal);
        }
        let context = Ctx { core, conn, id };
        match handler {
            Handler::Now(run) => run(&context, params).map(Some),
            Handler::Deferred(run) => run(&context, params).map(|()| None),
            Handler::Later(run) => {
                let responder = Responder::new(conn, id)?;
                let call = Call {
                    core: Arc::clone(core),
                    conn: Arc::clone(conn),
                    params: params.to_owned(),
                    method: spec.name,
                };
                let work = run(call);
                let core = Arc::clone(core);
                let tasks = core.tasks.clone();
                tasks.spawn("rpc", async move {
                    tokio::select! {
                        biased;
                        result = work => responder.answer(&result),
                        // The gateway ends with this one unanswered: its caller asks again afterwards.
                        () = core.drain.closing().cancelled() => {
                            let ending = core.drain.ending().unwrap_or(Ending::Stop);
                            responder.err(&ending.refusal(serde_json::Value::Null));
                        }
                    }
                });
                Ok(None)
            }
        }
    }
}

/// What a caller of a gateway that ends would have waited for in vain. What nodes report, and what ends or decides a call that
/// is under way, goes on.
fn begins_work(spec: &MethodSpec) -> bool {
    spec.mutates
        && spec.access != Access::Node
        && !matches!(
            spec.name,
            "node.invoke.abort" | "exec.approval.resolve" | "gateway.restart.request"
        )
}

/// Boxes an async handler, to be registered with [`Methods::later`].
#[macro_export]
macro_rules! later {
    ($handler:path) => {
        |call| Box::pin($handler(call))
    };
}

/// Role and scope check of one method.
pub fn authorize(conn: &Conn, spec: &MethodSpec) -> Result<(), WireError> {
    match (conn.role, spec.access) {
        (Role::Node, Access::Node) | (Role::Operator, Access::Any) => Ok(()),
        (Role::Node, _) => Err(WireError::invalid("unauthorized role: node")),
        (Role::Operator, Access::Node) => Err(WireError::invalid("unauthorized role: operator")),
        (Role::Operator, Access::Scope(scope)) if conn.scopes().allows(scope) => Ok(()),
        (Role::Operator, Access::Scope(scope)) => Err(missing_scope(conn.protocol, scope)),
    }
}

/// A scope is missing.
pub fn missing_scope(protocol: u32, scope: Scope) -> WireError {
    let message = format!("missing scope: {}", scope.name());
    if protocol == 3 {
        return WireError::invalid(message);
    }
    let details = json!({ "code": "MISSING_SCOPE", "missingScope": scope.name(), "requiredScopes": [scope.name()] });
    WireError::new(code::FORBIDDEN, message).with_details(details)
}

fn unknown(conn: &Conn, name: &str) -> WireError {
    // Protocol 3 checks role and scope first; 4 says what is wrong.
    if conn.protocol == 3 {
        if conn.role == Role::Node {
            return WireError::invalid("unauthorized role: node");
        }
        if !conn.scopes().allows(Scope::Admin) {
            return missing_scope(3, Scope::Admin);
        }
    }
    let name: String = name.chars().take(128).collect();
    if name == "connect" {
        return WireError::invalid("connect is only valid as the first request");
    }
    WireError::invalid(format!("unknown method: {name}"))
}
