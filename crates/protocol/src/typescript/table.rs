//! The types of methods and events. A method that is not here takes and gives anything in the page's eyes.

use super::Types;
use crate::error::WireError;
use crate::event::{RESYNC, Resync};
use crate::frame::StateVersion;
use crate::handshake::{Challenge, ConnectParams, HelloOk};
use crate::methods::approvals::{
    Decision, ExecApproval, ExecApprovalDecided, ExecApprovalRequestParams,
    ExecApprovalResolveParams, ExecApprovalResolved, ExecApprovalsSetParams, ExecApprovalsSnapshot,
};
use crate::methods::audit::{AuditEntry, AuditList, AuditListParams, AuditVerified};
use crate::methods::clients::{
    ClientDisconnectParams, ClientDisconnected, ClientsChanged, ClientsList,
};
use crate::methods::config::{
    ConfigChangeParams, ConfigConfirmParams, ConfigSchema, ConfigSnapshot, ConfigWritten,
    ConfirmEnded, PendingConfirm,
};
use crate::methods::device::{
    DeviceIdParams, DevicePairApproveParams, DevicePairApproved, DevicePairList,
    DevicePairRejected, DevicePairResolved, DeviceRename, DeviceTokenParams, DeviceTokenRevoked,
    DeviceTokenRotated, PendingDevice,
};
use crate::methods::health::{Health, HealthParams, Status};
use crate::methods::logs::{LogsTail, LogsTailParams};
use crate::methods::node::{
    NodeDescription, NodeIdParams, NodeInvokeAbortParams, NodeInvokeAborted, NodeInvokeCancel,
    NodeInvokeParams, NodeInvokeProgress, NodeInvokeRequest, NodeInvokeStarted, NodeInvoked,
    NodeList, NodePairApproved, NodePairList, NodePairRejected, NodePairResolved, NodeRename,
    PendingNode,
};
use crate::methods::remote::{RemoteStatus, RemoteStatusParams};
use crate::methods::restart::{RestartPreflight, RestartRequestParams, RestartRequested};
use crate::methods::system::{
    Presence, PresenceEntry, Shutdown, SystemEventParams, SystemInfo, Tick, VoicewakeTriggers,
};
use crate::methods::{Done, RequestIdParams};
use crate::scope::Role;

pub(super) fn fill(types: &mut Types) {
    parts(types);
    methods(types);
    events(types);
}

fn parts(types: &mut Types) {
    types.part::<Role>();
    types.part::<Decision>();
    types.part::<WireError>();
    types.part::<StateVersion>();
    types.part::<ConnectParams>();
    types.part::<HelloOk>();
}

fn methods(types: &mut Types) {
    types.method::<HealthParams, Health>("health");
    types.look::<Status>("status");
    types.method::<LogsTailParams, LogsTail>("logs.tail");
    types.look::<SystemInfo>("system.info");
    types.look::<Vec<PresenceEntry>>("system-presence");
    types.method::<SystemEventParams, Done>("system-event");
    types.look::<VoicewakeTriggers>("voicewake.get");
    types.method::<VoicewakeTriggers, VoicewakeTriggers>("voicewake.set");

    types.method::<RemoteStatusParams, RemoteStatus>("remote.status");
    types.look::<RestartPreflight>("gateway.restart.preflight");
    types.method::<RestartRequestParams, RestartRequested>("gateway.restart.request");
    types.look::<ClientsList>("clients.list");
    types.method::<ClientDisconnectParams, ClientDisconnected>("clients.disconnect");
    types.method::<AuditListParams, AuditList>("audit.list");
    types.look::<AuditVerified>("audit.verify");

    types.look::<ConfigSnapshot>("config.get");
    types.look::<ConfigSchema>("config.schema");
    types.method::<ConfigChangeParams, ConfigWritten>("config.set");
    types.method::<ConfigChangeParams, ConfigWritten>("config.patch");
    types.method::<ConfigChangeParams, ConfigWritten>("config.apply");
    types.method::<ConfigConfirmParams, ConfirmEnded>("config.confirm");

    types.look::<DevicePairList>("device.pair.list");
    types.method::<DevicePairApproveParams, DevicePairApproved>("device.pair.approve");
    types.method::<RequestIdParams, DevicePairRejected>("device.pair.reject");
    types.method::<DeviceIdParams, DeviceIdParams>("device.pair.remove");
    types.method::<DeviceRename, DeviceRename>("device.pair.rename");
    types.method::<DeviceTokenParams, DeviceTokenRotated>("device.token.rotate");
    types.method::<DeviceTokenParams, DeviceTokenRevoked>("device.token.revoke");

    types.look::<NodeList>("node.list");
    types.method::<NodeIdParams, NodeDescription>("node.describe");
    types.method::<NodeRename, NodeRename>("node.rename");
    types.method::<NodeInvokeParams<'static>, NodeInvoked>("node.invoke");
    types.method::<NodeInvokeAbortParams, NodeInvokeAborted>("node.invoke.abort");
    types.look::<NodePairList>("node.pair.list");
    types.method::<RequestIdParams, NodePairApproved>("node.pair.approve");
    types.method::<RequestIdParams, NodePairRejected>("node.pair.reject");

    types.method::<ExecApprovalRequestParams, ExecApprovalDecided>("exec.approval.request");
    types.method::<ExecApprovalResolveParams, Done>("exec.approval.resolve");
    types.look::<Vec<ExecApproval>>("exec.approval.list");
    types.look::<ExecApprovalsSnapshot>("exec.approvals.get");
    types.method::<ExecApprovalsSetParams<'static>, ExecApprovalsSnapshot>("exec.approvals.set");
    types.method::<NodeIdParams, ExecApprovalsSnapshot>("exec.approvals.node.get");
    types.method::<ExecApprovalsSetParams<'static>, ExecApprovalsSnapshot>(
        "exec.approvals.node.set",
    );
}

fn events(types: &mut Types) {
    types.event::<Challenge>("connect.challenge");
    types.event::<Presence>("presence");
    types.event::<ClientsChanged>("clients.changed");
    types.event::<Tick>("tick");
    types.event::<Shutdown>("shutdown");
    types.event::<Health>("health");
    types.event::<VoicewakeTriggers>("voicewake.changed");
    types.event::<PendingDevice>("device.pair.requested");
    types.event::<DevicePairResolved>("device.pair.resolved");
    types.event::<PendingNode>("node.pair.requested");
    types.event::<NodePairResolved>("node.pair.resolved");
    types.event::<NodeInvokeRequest<'static>>("node.invoke.request");
    types.event::<NodeInvokeCancel>("node.invoke.cancel");
    types.event::<NodeInvokeStarted>("node.invoke.started");
    types.event::<NodeInvokeProgress>("node.invoke.progress");
    types.event::<ExecApproval>("exec.approval.requested");
    types.event::<ExecApprovalResolved>("exec.approval.resolved");
    types.event::<Resync>(RESYNC);
    types.event::<AuditEntry>("audit.appended");
    types.event::<PendingConfirm>("config.confirmPending");
    types.event::<ConfirmEnded>("config.confirmed");
    types.event::<ConfirmEnded>("config.reverted");
}
