// Made from crates/protocol; never edited. To write it again:
// OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw-protocol typescript

/** Any JSON value: what the gateway only passes on. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** No params; an empty object is sent. */
export type NoParams = { readonly [key: string]: never };

/** Operator scopes. */
export type Scope =
  | 'operator.admin'
  | 'operator.approvals'
  | 'operator.pairing'
  | 'operator.questions'
  | 'operator.read'
  | 'operator.talk'
  | 'operator.talk.secrets'
  | 'operator.write';

/** `error.code` of an answer. */
export type ErrorCode =
  | 'NOT_LINKED'
  | 'NOT_PAIRED'
  | 'INVALID_REQUEST'
  | 'FORBIDDEN'
  | 'UNAVAILABLE';

/** `error.details.code` of an answer. */
export type DetailCode =
  | 'APPROVAL_RESOLVED'
  | 'AUTH_BOOTSTRAP_TOKEN_INVALID'
  | 'AUTH_DEVICE_TOKEN_MISMATCH'
  | 'AUTH_IDENTITY_HEADER_REQUIRED'
  | 'AUTH_PASSWORD_MISMATCH'
  | 'AUTH_PASSWORD_MISSING'
  | 'AUTH_PASSWORD_NOT_CONFIGURED'
  | 'AUTH_RATE_LIMITED'
  | 'AUTH_TAILSCALE_IDENTITY_MISMATCH'
  | 'AUTH_TAILSCALE_IDENTITY_MISSING'
  | 'AUTH_TAILSCALE_PROXY_MISSING'
  | 'AUTH_TAILSCALE_WHOIS_FAILED'
  | 'AUTH_TOKEN_MISMATCH'
  | 'AUTH_TOKEN_MISSING'
  | 'AUTH_TOKEN_NOT_CONFIGURED'
  | 'AUTH_UNAUTHORIZED'
  | 'CONTROL_UI_DEVICE_IDENTITY_REQUIRED'
  | 'CONTROL_UI_ORIGIN_NOT_ALLOWED'
  | 'DEVICE_AUTH_DEVICE_ID_MISMATCH'
  | 'DEVICE_AUTH_NONCE_MISMATCH'
  | 'DEVICE_AUTH_NONCE_REQUIRED'
  | 'DEVICE_AUTH_SIGNATURE_EXPIRED'
  | 'DEVICE_AUTH_SIGNATURE_INVALID'
  | 'DEVICE_IDENTITY_REQUIRED'
  | 'INTERRUPTED'
  | 'MISSING_SCOPE'
  | 'NOT_AVAILABLE_HERE'
  | 'NOT_CONNECTED'
  | 'NO_REACHABLE_ENDPOINT'
  | 'PAIRING_REQUIRED'
  | 'PROTOCOL_MISMATCH'
  | 'SUPERSEDED'
  | 'TIMEOUT'
  | 'UNAVAILABLE';

/** Generations of the protocol that the gateway speaks. */
export const PROTOCOL = {
  min: 3,
  max: 4,
} as const;

/** Numbers of the protocol; times in milliseconds, sizes in bytes. */
export const LIMITS = {
  preAuthMaxPayload: 65536,
  v3MaxPayload: 524288,
  v4MaxPayload: 26214400,
  tickIntervalMs: 30000,
  handshakeTimeoutMs: 15000,
  pingIntervalMs: 25000,
  signatureSkewMs: 600000,
  pairingTtlMs: 300000,
  setupTtlMs: 600000,
  setupTtlMinMs: 10000,
  setupTtlMaxMs: 3600000,
  invokeTimeoutMs: 30000,
  approvalTimeoutMs: 120000,
  closeReasonMaxBytes: 123,
  presenceMax: 200,
} as const;

/** Why a connection was closed. */
export const CLOSE = {
  normal: 1000,
  protocol: 1002,
  invalidUtf8: 1007,
  policy: 1008,
  tooBig: 1009,
  serviceRestart: 1012,
  tryAgain: 1013,
  tickTimeout: 4000,
  authChanged: 4001,
} as const;

/** One agent in `Health`. */
export interface AgentHealth {
  /** Its id. */
  agentId: string;
  /** Its name. */
  name?: string;
  /** Whether it is the default one. */
  isDefault: boolean;
  /** Its heartbeat. */
  heartbeat: HeartbeatSettings;
  /** Its sessions. */
  sessions: SessionsSummary;
}

/** Heartbeat of one agent in `Status`. */
export interface AgentHeartbeat {
  /** Its id. */
  agentId: string;
  /** Whether it runs. */
  enabled: boolean;
  /** Period as people write it. */
  every: string;
  /** Period in milliseconds; `null` when it does not run. */
  everyMs: number | null;
}

/** Sessions of one agent in `Status`. */
export interface AgentSessions {
  /** Its id. */
  agentId: string;
  /** File they are in. */
  path: string;
  /** How many there are. */
  count: number;
  /** The last used ones, raw. */
  recent: Json[];
}

/** Payload of the `connect.challenge` event, the first frame on every connection. */
export interface Challenge {
  /** Random, to be signed. */
  nonce: string;
  /** Server clock, milliseconds since the epoch; sign this instead of the own clock. */
  ts: number;
}

/** `client` member of the connect params. */
export interface ClientInfo {
  /** One of `CLIENT_IDS`. */
  id: string;
  /** Name for people. */
  displayName?: string;
  /** Version of the client program. */
  version: string;
  /** `linux`, `darwin`, `win32`, `ios`, … */
  platform: string;
  /** `Linux`, `Mac`, `iPhone`, …; part of the v3 signature. */
  deviceFamily?: string;
  /** Hardware model. */
  modelIdentifier?: string;
  /** One of `CLIENT_MODES`. */
  mode: string;
  /** Id of this client instance. */
  instanceId?: string;
  /** IANA time zone (browser). */
  timeZone?: string;
}

/** Params of `config.set`, `config.patch` and `config.apply`. Set does not read the last three. */
export interface ConfigChangeParams {
  /** The new text, or the merge patch, in JSON5. */
  raw: string;
  /** `hash` of the snapshot it is based on; required once the file exists. */
  baseHash?: string;
  /** Session to tell after the restart. */
  sessionKey?: string;
  /** What to tell it. */
  note?: string;
  /** Time until the restart, in milliseconds. */
  restartDelayMs?: number;
}

/** Something wrong with the configuration, and where. */
export interface ConfigIssue {
  /** Dotted path. */
  path: string;
  /** What is wrong. */
  message: string;
}

/** `restart` of `ConfigWritten`. */
export interface ConfigRestart {
  /** Whether it will happen. */
  ok: boolean;
  /** Process id of the gateway. */
  pid: number;
  /** How the gateway tells itself. */
  signal: string;
  /** Time until then, in milliseconds. */
  delayMs: number;
  /** The method that asked for it. */
  reason: string;
  /** How it is carried out. */
  mode: string;
}

/** Result of `config.schema`. */
export interface ConfigSchema {
  /** JSON schema. */
  schema: Json;
  /** Hints for forms, by path. */
  uiHints: Json;
  /** Version of the gateway. */
  version: string;
  /** When it was made, RFC 3339. */
  generatedAt: string;
}

/** Result of `config.get`. */
export interface ConfigSnapshot {
  /** The file. */
  path: string;
  /** Whether it is there. */
  exists: boolean;
  /** Its text, `null` when it is not there. */
  raw: string | null;
  /** The text parsed. */
  parsed: Json;
  /** Whether it can be used. */
  valid: boolean;
  /** The configuration with defaults filled in. */
  config: Json;
  /** Hex SHA-256 of the text: the `baseHash` of the next change. */
  hash: string;
  /** Why it cannot be used. */
  issues: ConfigIssue[];
  /** What should be looked at. */
  warnings: ConfigIssue[];
  /** Settings of older releases. */
  legacyIssues: ConfigIssue[];
}

/** Result of `config.set`, `config.patch` and `config.apply`. */
export interface ConfigWritten {
  /** Always true. */
  ok: boolean;
  /** The file. */
  path: string;
  /** The configuration as it is now. */
  config: Json;
  /** The restart that follows; set has none. */
  restart?: ConfigRestart;
  /** What is told after the restart. */
  sentinel?: Json;
}

/** `auth` member of the connect params. Empty strings count as absent. */
export interface ConnectAuth {
  /** Shared token, or a device token. */
  token?: string;
  /** Shared password. */
  password?: string;
  /** Token of this device (protocol 4). */
  deviceToken?: string;
  /** Single-use token of a setup code (protocol 4). */
  bootstrapToken?: string;
}

/** Params of the `connect` request. Members that this release does not know are ignored. */
export interface ConnectParams {
  /** Oldest protocol the client speaks. */
  minProtocol: number;
  /** Newest protocol the client speaks. */
  maxProtocol: number;
  /** Who is calling. */
  client: ClientInfo;
  /** `operator` (default) or `node`. */
  role?: string;
  /** Scopes asked for, in the order in which they are signed. */
  scopes?: string[];
  /** Client capabilities. */
  caps?: string[];
  /** Commands a node declares. */
  commands?: string[];
  /** Permissions a node reports. */
  permissions?: { [key in string]: boolean };
  /** `PATH` of a node. */
  pathEnv?: string;
  /** Device proof. */
  device?: DeviceProof;
  /** Credentials. */
  auth?: ConnectAuth;
  /** Language tag. */
  locale?: string;
  /** Browser identification. */
  userAgent?: string;
}

/** How an exec approval was decided. */
export type Decision = 'allow-once' | 'allow-always' | 'deny';

/** Params and result of `device.pair.remove`. */
export interface DeviceIdParams {
  /** Id of the device. */
  deviceId: string;
}

/** Result of `device.pair.approve`. */
export interface DevicePairApproved {
  /** Id of the request. */
  requestId: string;
  /** The device. */
  device: PairedDevice;
}

/** Result of `device.pair.list`. */
export interface DevicePairList {
  /** Newest first. */
  pending: PendingDevice[];
  /** Last approved first. */
  paired: PairedDevice[];
}

/** Result of `device.pair.reject`. */
export interface DevicePairRejected {
  /** Id of the request. */
  requestId: string;
  /** Id of the device. */
  deviceId: string;
}

/** Payload of `device.pair.resolved`. */
export interface DevicePairResolved {
  /** Id of the request. */
  requestId: string;
  /** Id of the device. */
  deviceId: string;
  /** How it ended. */
  decision: PairingDecision;
  /** When, milliseconds since the epoch. */
  ts: number;
}

/** `device` member of the connect params. */
export interface DeviceProof {
  /** Hex SHA-256 of the raw public key. */
  id: string;
  /** Ed25519 public key, base64url. */
  publicKey: string;
  /** Signature over the payload of `ProofFields`. */
  signature: string;
  /** Time that was signed, milliseconds since the epoch. */
  signedAt: number;
  /** Challenge nonce that was signed. */
  nonce?: string;
}

/** Params and result of `device.pair.rename`. */
export interface DeviceRename {
  /** Id of the device. */
  deviceId: string;
  /** New name, 1 to `DEVICE_LABEL_MAX` characters. `displayName` is accepted as well. */
  label: string;
}

/** Params of `device.token.rotate` and `device.token.revoke`. */
export interface DeviceTokenParams {
  /** Id of the device. */
  deviceId: string;
  /** Role of the token. */
  role: string;
  /** Scopes of the new token; those of the old one without it. Only rotate reads it. */
  scopes?: string[];
}

/** Result of `device.token.revoke`. */
export interface DeviceTokenRevoked {
  /** Id of the device. */
  deviceId: string;
  /** Role of the token. */
  role: string;
  /** When, milliseconds since the epoch. */
  revokedAtMs: number;
}

/** Result of `device.token.rotate`. */
export interface DeviceTokenRotated {
  /** Id of the device. */
  deviceId: string;
  /** Role of the token. */
  role: string;
  /** The new token; protocol 4 gives it to nobody but the device itself. */
  token?: string;
  /** Scopes it grants, sorted. */
  scopes: string[];
  /** When, milliseconds since the epoch. */
  rotatedAtMs: number;
  /** `in-band` or `withheld-cross-device` (protocol 4). */
  tokenDelivery?: string;
}

/** One token of a paired device, without its value. */
export interface DeviceTokenSummary {
  /** Role it is for. */
  role: string;
  /** Scopes it grants, sorted. */
  scopes: string[];
  /** When it was made, milliseconds since the epoch. */
  createdAtMs: number;
  /** When it was last replaced. */
  rotatedAtMs?: number;
  /** When it was revoked. */
  revokedAtMs?: number;
  /** When it was last used. */
  lastUsedAtMs?: number;
}

/** Result that says nothing but that it worked. */
export interface Done {
  /** Always true. */
  ok: boolean;
}

/** Payload of `exec.approval.requested`, and an entry of `exec.approval.list`. */
export interface ExecApproval {
  /** Id to decide under. */
  id: string;
  /** What is asked. */
  request: ExecApprovalSubject;
  /** When, milliseconds since the epoch. */
  createdAtMs: number;
  /** Until when it can be decided, milliseconds since the epoch. */
  expiresAtMs: number;
}

/** Result of `exec.approval.request`. */
export interface ExecApprovalDecided {
  /** Its id. */
  id: string;
  /** The decision; `null` when nobody decided in time. */
  decision: Decision | null;
  /** When it was asked, milliseconds since the epoch. */
  createdAtMs: number;
  /** Until when it could be decided, milliseconds since the epoch. */
  expiresAtMs: number;
}

/** Params of `exec.approval.request`. Texts may be `null` for absent. */
export interface ExecApprovalRequestParams {
  /** Id to use; the gateway makes one without it. */
  id?: string;
  /** Command line to decide about. */
  command: string;
  /** Directory it would run in. */
  cwd?: string;
  /** Where it would run. */
  host?: string;
  /** Security mode in force. */
  security?: string;
  /** Ask mode in force. */
  ask?: string;
  /** Agent that wants it. */
  agentId?: string;
  /** Program it resolves to. */
  resolvedPath?: string;
  /** Session that wants it. */
  sessionKey?: string;
  /** Lifetime, in milliseconds; `APPROVAL_TIMEOUT_MS` without it. */
  timeoutMs?: number;
}

/** Params of `exec.approval.resolve`. */
export interface ExecApprovalResolveParams {
  /** Id of the approval. */
  id: string;
  /** Wire name of a `Decision`; anything else is answered with `invalid decision`. */
  decision: string;
}

/** Payload of `exec.approval.resolved`. */
export interface ExecApprovalResolved {
  /** Id of the approval. */
  id: string;
  /** The decision. */
  decision: Decision;
  /** Who decided: display name or client id. */
  resolvedBy?: string;
  /** When, milliseconds since the epoch. */
  ts: number;
}

/** What is asked, as the event shows it: `null` for absent. */
export interface ExecApprovalSubject {
  /** Command line to decide about. */
  command: string;
  /** Directory it would run in. */
  cwd: string | null;
  /** Where it would run. */
  host: string | null;
  /** Security mode in force. */
  security: string | null;
  /** Ask mode in force. */
  ask: string | null;
  /** Agent that wants it. */
  agentId: string | null;
  /** Program it resolves to. */
  resolvedPath: string | null;
  /** Session that wants it. */
  sessionKey: string | null;
}

/** Params of `exec.approvals.set`; of `exec.approvals.node.set` with the node. */
export interface ExecApprovalsSetParams {
  /** Id of the node. */
  nodeId?: string;
  /** The new file. */
  file: Json;
  /** `hash` of the snapshot it is based on; required once the file exists. */
  baseHash?: string;
}

/** Result of `exec.approvals.get` and `exec.approvals.set`, here and on nodes. */
export interface ExecApprovalsSnapshot {
  /** The file. */
  path: string;
  /** Whether it is there. */
  exists: boolean;
  /** Hash of its text: the `baseHash` of the next change. */
  hash: string;
  /** What is in it, without the socket token. */
  file: Json;
}

/** Result of `health` and payload of its event. */
export interface Health {
  /** Always true. */
  ok: boolean;
  /** When it was taken, milliseconds since the epoch. */
  ts: number;
  /** How long that took, in milliseconds. */
  durationMs: number;
  /** State of each channel. */
  channels: Record<string, Json>;
  /** Channels in the order to show. */
  channelOrder: string[];
  /** Names of channels for people. */
  channelLabels: { [key in string]: string };
  /** Period of heartbeats, in seconds. */
  heartbeatSeconds: number;
  /** The agent that is asked without a name. */
  defaultAgentId: string;
  /** All agents. */
  agents: AgentHealth[];
  /** Sessions of the default agent. */
  sessions: SessionsSummary;
}

/** Params of `health`; nothing in them is refused. */
export interface HealthParams {
  /** Whether channels are asked as well. */
  probe?: boolean;
}

/** Heartbeat of one agent. */
export interface HeartbeatSettings {
  /** Whether it runs. */
  enabled: boolean;
  /** Period as people write it, such as `30m`. */
  every: string;
  /** Period in milliseconds; `null` when it does not run. */
  everyMs: number | null;
  /** What the agent is told. */
  prompt?: string;
  /** Where its answer goes. */
  target?: string;
  /** Longest answer that still counts as "nothing to say", in characters. */
  ackMaxChars?: number;
}

/** `heartbeat` of `Status`. */
export interface HeartbeatStatus {
  /** The agent that is asked without a name. */
  defaultAgentId: string;
  /** All agents. */
  agents: AgentHeartbeat[];
}

/** `auth` member of the hello. */
export interface HelloAuth {
  /** How the client was authenticated (protocol 4). */
  method?: string;
  /** Role granted. */
  role: string;
  /** Scopes granted, sorted. */
  scopes: string[];
  /** Token of this device, to be stored by the client. */
  deviceToken?: string;
  /** When the token was issued, milliseconds since the epoch. */
  issuedAtMs?: number;
  /** Tokens of further roles that came with a setup code (phones). */
  deviceTokens?: RoleToken[];
  /** True when fewer scopes were granted than asked for. */
  scopeLimited?: boolean;
  /** The pending pairing request that would grant the rest. */
  pendingRequestId?: string;
}

/** `features` member of the hello. */
export interface HelloFeatures {
  /** Callable methods. */
  methods: string[];
  /** Events that may come. */
  events: string[];
}

/** The hello as a client needs it; unknown members are ignored, missing ones of older gateways are defaults. */
export interface HelloOk {
  'type': 'HelloOk';
  /** Protocol in use. */
  protocol: number;
  /** The gateway. */
  server: HelloServer;
  /** What the gateway offers. */
  features: HelloFeatures;
  /** State at connect, raw. */
  snapshot?: HelloSnapshot;
  /** What was granted. */
  auth?: HelloAuth;
  /** Limits. */
  policy: HelloPolicy;
}

/** `policy` member of the hello. */
export interface HelloPolicy {
  /** Largest frame the gateway accepts, in bytes. */
  maxPayload: number;
  /** Bytes the gateway keeps for a client that reads slowly. */
  maxBufferedBytes: number;
  /** Period of the `tick` event, in milliseconds. */
  tickIntervalMs: number;
}

/** `server` member of the hello. */
export interface HelloServer {
  /** Gateway version. */
  version: string;
  /** Host name (protocol 3). */
  host?: string;
  /** Id of this connection. */
  connId: string;
}

/** What `node.host.stats` reports, and what a node entry shows of it. */
export interface HostStats {
  /** Processors. */
  cpuCount: number;
  /** Over 1, 5 and 15 minutes. */
  loadAverage: number[];
  /** In bytes. */
  memoryTotalBytes: number;
  /** In bytes. */
  memoryFreeBytes: number;
  /** In bytes. */
  diskTotalBytes?: number;
  /** In bytes. */
  diskAvailableBytes?: number;
  /** When the gateway got it, milliseconds since the epoch. */
  updatedAtMs?: number;
}

/** Result of `logs.tail`. */
export interface LogsTail {
  /** The log file. */
  file: string;
  /** Where to go on, in bytes. */
  cursor: number;
  /** Size of the file, in bytes. */
  size: number;
  /** Lines as they are in the file. */
  lines: string[];
  /** Whether older lines were left out. */
  truncated: boolean;
  /** Whether the cursor no longer fits the file. */
  reset: boolean;
}

/** Params of `logs.tail`. */
export interface LogsTailParams {
  /** Where the last answer ended, in bytes; without it the end of the file is shown. */
  cursor?: number;
  /** Most lines, 1 to 5000; `LOGS_LIMIT` without it. */
  limit?: number;
  /** Most bytes, 1 to 1 000 000; `LOGS_MAX_BYTES` without it. */
  maxBytes?: number;
}

/** Result of `node.describe`. */
export interface NodeDescription {
  /** Clock of the gateway, milliseconds since the epoch. */
  ts: number;
  /** Device id, or client id of a node without device. */
  nodeId: string;
  /** Name for people. */
  displayName?: string;
  /** `linux`, `darwin`, … */
  platform?: string;
  /** Version of the node program. */
  version?: string;
  /** Version of its core. */
  coreVersion?: string;
  /** Version of its user interface. */
  uiVersion?: string;
  /** `client.id` (protocol 4). */
  clientId?: string;
  /** `client.mode` (protocol 4). */
  clientMode?: string;
  /** `Linux`, `Mac`, … */
  deviceFamily?: string;
  /** Hardware model. */
  modelIdentifier?: string;
  /** Address, for nodes that are not local. */
  remoteIp?: string;
  /** What it can do, sorted. */
  caps: string[];
  /** Commands it takes and may be sent, sorted. */
  commands: string[];
  /** Its `PATH`. */
  pathEnv?: string;
  /** Permissions it reports. */
  permissions?: { [key in string]: boolean };
  /** Whether it hosts sessions (protocol 4). */
  sessionHost?: boolean;
  /** Its last report (protocol 4). */
  hostStats?: HostStats;
  /** Tools of its plugins (protocol 4). */
  nodePluginTools?: Json[];
  /** `approved` or `pending-approval`: whether its commands may be used (protocol 4). */
  approvalState?: string;
  /** Since when it is connected, milliseconds since the epoch. */
  connectedAtMs?: number;
  /** When it last connected (protocol 4). */
  lastConnectedAtMs?: number;
  /** When it was last heard of (protocol 4). */
  lastSeenAtMs?: number;
  /** What was heard of it then (protocol 4). */
  lastSeenReason?: string;
  /** When its commands were approved (protocol 4). */
  approvedAtMs?: number;
  /** Whether it is paired. */
  paired: boolean;
  /** Whether it is connected now. */
  connected: boolean;
}

/** One node, connected or not. */
export interface NodeEntry {
  /** Device id, or client id of a node without device. */
  nodeId: string;
  /** Name for people. */
  displayName?: string;
  /** `linux`, `darwin`, … */
  platform?: string;
  /** Version of the node program. */
  version?: string;
  /** Version of its core. */
  coreVersion?: string;
  /** Version of its user interface. */
  uiVersion?: string;
  /** `client.id` (protocol 4). */
  clientId?: string;
  /** `client.mode` (protocol 4). */
  clientMode?: string;
  /** `Linux`, `Mac`, … */
  deviceFamily?: string;
  /** Hardware model. */
  modelIdentifier?: string;
  /** Address, for nodes that are not local. */
  remoteIp?: string;
  /** What it can do, sorted. */
  caps: string[];
  /** Commands it takes and may be sent, sorted. */
  commands: string[];
  /** Its `PATH`. */
  pathEnv?: string;
  /** Permissions it reports. */
  permissions?: { [key in string]: boolean };
  /** Whether it hosts sessions (protocol 4). */
  sessionHost?: boolean;
  /** Its last report (protocol 4). */
  hostStats?: HostStats;
  /** Tools of its plugins (protocol 4). */
  nodePluginTools?: Json[];
  /** `approved` or `pending-approval`: whether its commands may be used (protocol 4). */
  approvalState?: string;
  /** Since when it is connected, milliseconds since the epoch. */
  connectedAtMs?: number;
  /** When it last connected (protocol 4). */
  lastConnectedAtMs?: number;
  /** When it was last heard of (protocol 4). */
  lastSeenAtMs?: number;
  /** What was heard of it then (protocol 4). */
  lastSeenReason?: string;
  /** When its commands were approved (protocol 4). */
  approvedAtMs?: number;
  /** Whether it is paired. */
  paired: boolean;
  /** Whether it is connected now. */
  connected: boolean;
}

/** Params that name a node. */
export interface NodeIdParams {
  /** Device id of the node, or its client id when it has no device. */
  nodeId: string;
}

/** Payload of the `node.invoke.cancel` event: the caller no longer waits. */
export interface NodeInvokeCancel {
  /** Id of the request. */
  id: string;
  /** Id of the node. */
  nodeId: string;
}

/** Params of `node.invoke`. */
export interface NodeInvokeParams {
  /** Id of the node. */
  nodeId: string;
  /** Command to run there. */
  command: string;
  /** What the command gets; an explicit `null` is passed on as such. */
  params?: Json;
  /** Deadline, in milliseconds; `INVOKE_TIMEOUT_MS` without it. */
  timeoutMs?: number;
  /** Names this call, so that a repeated one can be told from a new one. */
  idempotencyKey: string;
}

/** Payload of the `node.invoke.request` event. */
export interface NodeInvokeRequest {
  /** Id to answer under. */
  id: string;
  /** Id of the node, as it connected. */
  nodeId: string;
  /** Command to run. */
  command: string;
  /** JSON text of the params; protocol 3 shows `null` for none, protocol 4 leaves it out. */
  paramsJSON?: string;
  /** Deadline, in milliseconds. */
  timeoutMs?: number;
  /** As the caller gave it. */
  idempotencyKey?: string;
}

/** Result of `node.invoke`. */
export interface NodeInvoked {
  /** Always true. */
  ok: boolean;
  /** Id of the node. */
  nodeId: string;
  /** The command that ran. */
  command: string;
  /** What the node answered; absent when it said nothing. */
  payload?: Json;
  /** The same as text, if the node sent text. */
  payloadJSON: string | null;
}

/** Result of `node.list`. */
export interface NodeList {
  /** Clock of the gateway, milliseconds since the epoch. */
  ts: number;
  /** Connected ones first, then by name. */
  nodes: NodeEntry[];
}

/** Result of `node.pair.approve`. */
export interface NodePairApproved {
  /** Id of the request. */
  requestId: string;
  /** The node. */
  node: PairedNode;
}

/** Result of `node.pair.list`. */
export interface NodePairList {
  /** Newest first. */
  pending: PendingNode[];
  /** Last approved first. */
  paired: PairedNode[];
}

/** Result of `node.pair.reject`. */
export interface NodePairRejected {
  /** Id of the request. */
  requestId: string;
  /** Id of the node. */
  nodeId: string;
}

/** Payload of `node.pair.resolved`. */
export interface NodePairResolved {
  /** Id of the request. */
  requestId: string;
  /** Id of the node. */
  nodeId: string;
  /** How it ended. */
  decision: PairingDecision;
  /** When, milliseconds since the epoch. */
  ts: number;
}

/** Params and result of `node.rename`. */
export interface NodeRename {
  /** Id of the node. */
  nodeId: string;
  /** New name. */
  displayName: string;
}

/** A paired device, as `device.pair.*` shows it. */
export interface PairedDevice {
  /** Hex SHA-256 of the raw public key. */
  deviceId: string;
  /** Ed25519 public key, base64url. */
  publicKey: string;
  /** Name the device gives itself. */
  displayName?: string;
  /** Name the operator gave it (protocol 4). */
  operatorLabel?: string;
  /** `linux`, `darwin`, … */
  platform?: string;
  /** `Linux`, `Mac`, … (protocol 4). */
  deviceFamily?: string;
  /** `client.id`. */
  clientId?: string;
  /** `client.mode`. */
  clientMode?: string;
  /** Role it last used. */
  role: string;
  /** Roles it may use. */
  roles: string[];
  /** Scopes it may use. */
  scopes: string[];
  /** Address it last came from, if that was not local. */
  remoteIp?: string;
  /** `owner`, `silent`, … (protocol 4). */
  approvedVia?: string;
  /** When it was first paired, milliseconds since the epoch. */
  createdAtMs: number;
  /** When it was last approved, milliseconds since the epoch. */
  approvedAtMs: number;
  /** When it was last heard of (protocol 4). */
  lastSeenAtMs?: number;
  /** What was heard of it then (protocol 4). */
  lastSeenReason?: string;
  /** Whether it is connected now (protocol 4). */
  connected?: boolean;
  /** Its tokens, sorted by role. */
  tokens: DeviceTokenSummary[];
}

/** A paired node, as `node.pair.*` shows it. */
export interface PairedNode {
  /** Its token (protocol 3). */
  token?: string;
  /** When it was first paired, milliseconds since the epoch. */
  createdAtMs: number;
  /** When it was last approved, milliseconds since the epoch. */
  approvedAtMs: number;
  /** When it last connected (protocol 3). */
  lastConnectedAtMs?: number;
  /** When it was last heard of (protocol 4). */
  lastSeenAtMs?: number;
  /** What was heard of it then (protocol 4). */
  lastSeenReason?: string;
  /** Programs found on it (protocol 3). */
  bins?: string[];
  /** Id of the node. */
  nodeId: string;
  /** `client.id` (protocol 4). */
  clientId?: string;
  /** `client.mode` (protocol 4). */
  clientMode?: string;
  /** Name for people. */
  displayName?: string;
  /** `linux`, `darwin`, … */
  platform?: string;
  /** Version of the node program. */
  version?: string;
  /** Version of its core. */
  coreVersion?: string;
  /** Version of its user interface. */
  uiVersion?: string;
  /** `Linux`, `Mac`, … */
  deviceFamily?: string;
  /** Hardware model. */
  modelIdentifier?: string;
  /** What it can do. */
  caps?: string[];
  /** Commands it takes. */
  commands?: string[];
  /** Permissions it reports (protocol 4). */
  permissions?: { [key in string]: boolean };
  /** Address, for nodes that are not local. */
  remoteIp?: string;
  /** Whether it asks without telling anybody; without effect. */
  silent?: boolean;
}

/** How a pairing request ended. */
export type PairingDecision = 'approved' | 'rejected';

/** A pairing request of a device: an entry of `device.pair.list` and the payload of `device.pair.requested`. */
export interface PendingDevice {
  /** Id of the request. */
  requestId: string;
  /** Hex SHA-256 of the raw public key. */
  deviceId: string;
  /** Ed25519 public key, base64url. */
  publicKey: string;
  /** Name for people. */
  displayName?: string;
  /** `linux`, `darwin`, … */
  platform?: string;
  /** `Linux`, `Mac`, … (protocol 4). */
  deviceFamily?: string;
  /** `client.id`. */
  clientId?: string;
  /** `client.mode`. */
  clientMode?: string;
  /** Role asked for. */
  role: string;
  /** The same, as a list. */
  roles: string[];
  /** Scopes asked for. */
  scopes: string[];
  /** Address, for clients that are not local. */
  remoteIp?: string;
  /** Origin of the page, for browsers (protocol 4). */
  browserOrigin?: string;
  /** Whether it is approved without being asked. */
  silent: boolean;
  /** Whether the device was paired before. */
  isRepair: boolean;
  /** When it was asked, milliseconds since the epoch. */
  ts: number;
}

/** A pairing request of a node: an entry of `node.pair.list` and the payload of `node.pair.requested`. */
export interface PendingNode {
  /** Id of the request. */
  requestId: string;
  /** Whether the node was paired before (protocol 3). */
  isRepair?: boolean;
  /** Scopes that one needs to approve it (protocol 4). */
  requiredApproveScopes?: string[];
  /** When it was asked, milliseconds since the epoch. */
  ts: number;
  /** Id of the node. */
  nodeId: string;
  /** `client.id` (protocol 4). */
  clientId?: string;
  /** `client.mode` (protocol 4). */
  clientMode?: string;
  /** Name for people. */
  displayName?: string;
  /** `linux`, `darwin`, … */
  platform?: string;
  /** Version of the node program. */
  version?: string;
  /** Version of its core. */
  coreVersion?: string;
  /** Version of its user interface. */
  uiVersion?: string;
  /** `Linux`, `Mac`, … */
  deviceFamily?: string;
  /** Hardware model. */
  modelIdentifier?: string;
  /** What it can do. */
  caps?: string[];
  /** Commands it takes. */
  commands?: string[];
  /** Permissions it reports (protocol 4). */
  permissions?: { [key in string]: boolean };
  /** Address, for nodes that are not local. */
  remoteIp?: string;
  /** Whether it asks without telling anybody; without effect. */
  silent?: boolean;
}

/** Payload of the `presence` event. */
export interface Presence {
  /** All entries, newest first. */
  presence: PresenceEntry[];
}

/** One line of `system-presence`: a connection, the gateway itself, or what a system event told. */
export interface PresenceEntry {
  /** Host or display name. */
  host?: string;
  /** Address, for clients that are not local. */
  ip?: string;
  /** Version of the program. */
  version?: string;
  /** Operating system. */
  platform?: string;
  /** `Linux`, `Mac`, … */
  deviceFamily?: string;
  /** Hardware model. */
  modelIdentifier?: string;
  /** `gateway`, `cli`, `node`, … */
  mode?: string;
  /** Seconds since a person last touched the host. */
  lastInputSeconds?: number;
  /** `self`, `connect`, `disconnect`, … */
  reason?: string;
  /** Labels. */
  tags?: string[];
  /** One line for people. */
  text?: string;
  /** Last change, milliseconds since the epoch. */
  ts: number;
  /** Id of the device. */
  deviceId?: string;
  /** Roles of its connections. */
  roles?: string[];
  /** Scopes of its connections. */
  scopes?: string[];
  /** Id of the client instance. */
  instanceId?: string;
  /** `client.id` (protocol 4). */
  clientId?: string;
  /** Since when it is connected, milliseconds since the epoch (protocol 4). */
  onlineSince?: number;
  /** IANA time zone (protocol 4). */
  timeZone?: string;
}

/** One session in a summary. */
export interface RecentSession {
  /** Its key. */
  key: string;
  /** Last change, milliseconds since the epoch. */
  updatedAt: number | null;
  /** Time since then, in milliseconds. */
  age: number | null;
}

/** Params of the methods that approve or reject a pairing request. */
export interface RequestIdParams {
  /** Id of the request. `pairingId` is accepted as well. */
  requestId: string;
}

/** Payload of `RESYNC`. */
export interface Resync {
  /** How many events were left out since the last one. */
  dropped: number;
  /** Their names, each once. */
  events: string[];
}

/** What a connection is. */
export type Role = 'operator' | 'node';

/** A token of this device for another role than the one it connected in. */
export interface RoleToken {
  /** The token. */
  deviceToken: string;
  /** Role it admits to. */
  role: string;
  /** Scopes it carries, sorted. */
  scopes: string[];
  /** When it was issued, milliseconds since the epoch. */
  issuedAtMs?: number;
}

/** What new sessions start with. */
export interface SessionDefaults {
  /** Model, `null` when none is configured. */
  model: string | null;
  /** Its context, in tokens. */
  contextTokens: number | null;
}

/** `sessions` of `Status`. */
export interface SessionsStatus {
  /** Files they are in. */
  paths: string[];
  /** How many there are. */
  count: number;
  /** What new ones start with. */
  defaults: SessionDefaults;
  /** The last used ones, raw. */
  recent: Json[];
  /** The same per agent. */
  byAgent: AgentSessions[];
}

/** Sessions of one agent. */
export interface SessionsSummary {
  /** File they are in. */
  path: string;
  /** How many there are. */
  count: number;
  /** The last used ones. */
  recent: RecentSession[];
}

/** Payload of the `shutdown` event. */
export interface Shutdown {
  /** `STOPPING` or `RESTARTING`. */
  reason: string;
  /** When it should be back, in milliseconds; `null` when it stops. */
  restartExpectedMs: number | null;
}

/** Versions of the two state documents, sent with `presence` and `health`. */
export interface StateVersion {
  /** Bumped by every presence change. */
  presence: number;
  /** Bumped by every health refresh. */
  health: number;
}

/** Result of `status`. */
export interface Status {
  /** Version of the gateway (protocol 4). */
  runtimeVersion?: string;
  /** State of the channel that links an account. */
  linkChannel?: Json;
  /** Heartbeats. */
  heartbeat: HeartbeatStatus;
  /** One line per channel. */
  channelSummary: string[];
  /** System events that no run has seen yet. */
  queuedSystemEvents: string[];
  /** Sessions. */
  sessions: SessionsStatus;
}

/** Params of `system-event`. Members of a wrong type count as absent. */
export interface SystemEventParams {
  /** What happened; must not be blank. */
  text?: string;
  /** Id of the device. */
  deviceId?: string;
  /** Id of the client instance. */
  instanceId?: string;
  /** Host or display name. */
  host?: string;
  /** Address. */
  ip?: string;
  /** `gateway`, `cli`, `node`, … */
  mode?: string;
  /** Version of the program. */
  version?: string;
  /** Operating system. */
  platform?: string;
  /** `Linux`, `Mac`, … */
  deviceFamily?: string;
  /** Hardware model. */
  modelIdentifier?: string;
  /** Seconds since a person last touched the host. */
  lastInputSeconds?: number;
  /** Why it was sent. */
  reason?: string;
  /** Roles. */
  roles?: string[];
  /** Scopes. */
  scopes?: string[];
  /** Labels. */
  tags?: string[];
}

/** Result of `system.info`. */
export interface SystemInfo {
  /** Name of the machine for people. */
  machineName?: string;
  /** Host name. */
  hostname: string;
  /** `linux`, `darwin`, … */
  platform: string;
  /** Release of the operating system. */
  release?: string;
  /** `x64`, `arm64`, … */
  arch: string;
  /** Operating system for people. */
  osLabel?: string;
  /** Port of the gateway. */
  port: number;
  /** Process id of the gateway. */
  pid: number;
  /** Id of this run of the gateway. */
  processInstanceId?: string;
  /** Time since its start, in milliseconds. */
  uptimeMs: number;
  /** Processors. */
  cpuCount: number;
  /** Model of the processors. */
  cpuModel?: string;
  /** Over 1, 5 and 15 minutes. */
  loadAverage: [number, number, number];
  /** In bytes. */
  memoryTotalBytes: number;
  /** In bytes. */
  memoryFreeBytes: number;
}

/** Payload of the `tick` event. */
export interface Tick {
  /** Clock of the gateway, milliseconds since the epoch. */
  ts: number;
}

/** Result of `voicewake.get` and `voicewake.set`, payload of `voicewake.changed`. */
export interface VoicewakeTriggers {
  /** Words that wake a listening device. */
  triggers: string[];
}

/** `error` member of a response. */
export interface WireError {
  /** One of `code`; unknown codes of other releases are kept. */
  code: string;
  /** Text for people; clients match on it. */
  message: string;
  /** Structured reason, `details.code` first of all. Boxed: errors travel in results. */
  details?: unknown;
  /** Whether the same request may succeed later. */
  retryable?: boolean;
  /** How long to wait before a retry, in milliseconds. */
  retryAfterMs?: number;
}

/** State at connect. Which members there are depends on the scopes and on the generation. */
export interface HelloSnapshot {
  presence: PresenceEntry[];
  health: Health;
  stateVersion: StateVersion;
  uptimeMs: number;
  configPath?: string;
  stateDir?: string;
  /** `token`, `password` or `none` (protocol 4). */
  authMode?: string;
}

/** Params and result of every method. */
export interface Methods {
  'agent': { params: object; result: unknown };
  'agent.identity.get': { params: object; result: unknown };
  'agent.wait': { params: object; result: unknown };
  'agents.list': { params: object; result: unknown };
  'approval.history': { params: object; result: unknown };
  'audit.list': { params: object; result: unknown };
  'audit.verify': { params: object; result: unknown };
  'board.get': { params: object; result: unknown };
  'browser.request': { params: object; result: unknown };
  'channels.logout': { params: object; result: unknown };
  'channels.status': { params: object; result: unknown };
  'chat.abort': { params: object; result: unknown };
  'chat.history': { params: object; result: unknown };
  'chat.inject': { params: object; result: unknown };
  'chat.metadata': { params: object; result: unknown };
  'chat.send': { params: object; result: unknown };
  'chat.startup': { params: object; result: unknown };
  'config.apply': { params: ConfigChangeParams; result: ConfigWritten };
  'config.get': { params: NoParams; result: ConfigSnapshot };
  'config.patch': { params: ConfigChangeParams; result: ConfigWritten };
  'config.schema': { params: NoParams; result: ConfigSchema };
  'config.set': { params: ConfigChangeParams; result: ConfigWritten };
  'connect': { params: object; result: unknown };
  'controlUi.sessionPullRequests.subscribe': { params: object; result: unknown };
  'cron.add': { params: object; result: unknown };
  'cron.list': { params: object; result: unknown };
  'cron.remove': { params: object; result: unknown };
  'cron.run': { params: object; result: unknown };
  'cron.runs': { params: object; result: unknown };
  'cron.status': { params: object; result: unknown };
  'cron.update': { params: object; result: unknown };
  'device.pair.approve': { params: RequestIdParams; result: DevicePairApproved };
  'device.pair.list': { params: NoParams; result: DevicePairList };
  'device.pair.reject': { params: RequestIdParams; result: DevicePairRejected };
  'device.pair.remove': { params: DeviceIdParams; result: DeviceIdParams };
  'device.pair.rename': { params: DeviceRename; result: DeviceRename };
  'device.pair.setupCode': { params: object; result: unknown };
  'device.pair.setupList': { params: object; result: unknown };
  'device.pair.setupRevoke': { params: object; result: unknown };
  'device.pair.setupStatus': { params: object; result: unknown };
  'device.token.revoke': { params: DeviceTokenParams; result: DeviceTokenRevoked };
  'device.token.rotate': { params: DeviceTokenParams; result: DeviceTokenRotated };
  'diagnostics.stability': { params: object; result: unknown };
  'environments.list': { params: object; result: unknown };
  'exec.approval.get': { params: object; result: unknown };
  'exec.approval.grants.list': { params: object; result: unknown };
  'exec.approval.list': { params: object; result: unknown };
  'exec.approval.request': { params: ExecApprovalRequestParams; result: ExecApprovalDecided };
  'exec.approval.resolve': { params: ExecApprovalResolveParams; result: Done };
  'exec.approval.waitDecision': { params: object; result: unknown };
  'exec.approvals.get': { params: NoParams; result: ExecApprovalsSnapshot };
  'exec.approvals.node.get': { params: NodeIdParams; result: ExecApprovalsSnapshot };
  'exec.approvals.node.set': { params: ExecApprovalsSetParams; result: ExecApprovalsSnapshot };
  'exec.approvals.set': { params: ExecApprovalsSetParams; result: ExecApprovalsSnapshot };
  'gateway.auth.unlock': { params: object; result: unknown };
  'gateway.proxyCheck': { params: object; result: unknown };
  'health': { params: HealthParams; result: Health };
  'last-heartbeat': { params: object; result: unknown };
  'logs.tail': { params: LogsTailParams; result: LogsTail };
  'mentions.list': { params: object; result: unknown };
  'models.authStatus': { params: object; result: unknown };
  'models.list': { params: object; result: unknown };
  'node.describe': { params: NodeIdParams; result: NodeDescription };
  'node.event': { params: object; result: unknown };
  'node.invoke': { params: NodeInvokeParams; result: NodeInvoked };
  'node.invoke.result': { params: object; result: unknown };
  'node.list': { params: NoParams; result: NodeList };
  'node.pair.approve': { params: RequestIdParams; result: NodePairApproved };
  'node.pair.list': { params: NoParams; result: NodePairList };
  'node.pair.reject': { params: RequestIdParams; result: NodePairRejected };
  'node.pair.remove': { params: object; result: unknown };
  'node.pair.request': { params: object; result: unknown };
  'node.pair.verify': { params: object; result: unknown };
  'node.pluginTools.update': { params: object; result: unknown };
  'node.rename': { params: NodeRename; result: NodeRename };
  'node.runnerInventory.update': { params: object; result: unknown };
  'node.skills.update': { params: object; result: unknown };
  'openclaw.approval.list': { params: object; result: unknown };
  'plugin.approval.list': { params: object; result: unknown };
  'plugin.surface.refresh': { params: object; result: unknown };
  'plugins.controlUi.list': { params: object; result: unknown };
  'progressCard.get': { params: object; result: unknown };
  'projects.list': { params: object; result: unknown };
  'question.list': { params: object; result: unknown };
  'remote.status': { params: object; result: unknown };
  'send': { params: object; result: unknown };
  'sessions.branches.list': { params: object; result: unknown };
  'sessions.catalog.list': { params: object; result: unknown };
  'sessions.compact': { params: object; result: unknown };
  'sessions.companion.state': { params: object; result: unknown };
  'sessions.delete': { params: object; result: unknown };
  'sessions.describe': { params: object; result: unknown };
  'sessions.groups.defaults': { params: object; result: unknown };
  'sessions.groups.list': { params: object; result: unknown };
  'sessions.list': { params: object; result: unknown };
  'sessions.messages.subscribe': { params: object; result: unknown };
  'sessions.messages.unsubscribe': { params: object; result: unknown };
  'sessions.observer.visibility': { params: object; result: unknown };
  'sessions.patch': { params: object; result: unknown };
  'sessions.preview': { params: object; result: unknown };
  'sessions.reset': { params: object; result: unknown };
  'sessions.resolve': { params: object; result: unknown };
  'sessions.subscribe': { params: object; result: unknown };
  'sessions.viewers.set': { params: object; result: unknown };
  'set-heartbeats': { params: object; result: unknown };
  'skills.bins': { params: object; result: unknown };
  'skills.install': { params: object; result: unknown };
  'skills.status': { params: object; result: unknown };
  'skills.update': { params: object; result: unknown };
  'status': { params: NoParams; result: Status };
  'system-event': { params: SystemEventParams; result: Done };
  'system-presence': { params: NoParams; result: PresenceEntry[] };
  'system.info': { params: NoParams; result: SystemInfo };
  'talk.catalog': { params: object; result: unknown };
  'talk.mode': { params: object; result: unknown };
  'tasks.list': { params: object; result: unknown };
  'tts.convert': { params: object; result: unknown };
  'tts.disable': { params: object; result: unknown };
  'tts.enable': { params: object; result: unknown };
  'tts.providers': { params: object; result: unknown };
  'tts.setProvider': { params: object; result: unknown };
  'tts.status': { params: object; result: unknown };
  'update.run': { params: object; result: unknown };
  'update.status': { params: object; result: unknown };
  'usage.cost': { params: object; result: unknown };
  'usage.status': { params: object; result: unknown };
  'users.prefs.get': { params: object; result: unknown };
  'voicewake.get': { params: NoParams; result: VoicewakeTriggers };
  'voicewake.set': { params: VoicewakeTriggers; result: VoicewakeTriggers };
  'wake': { params: object; result: unknown };
  'web.login.start': { params: object; result: unknown };
  'web.login.wait': { params: object; result: unknown };
  'wizard.cancel': { params: object; result: unknown };
  'wizard.next': { params: object; result: unknown };
  'wizard.start': { params: object; result: unknown };
  'wizard.status': { params: object; result: unknown };
}

export type MethodName = keyof Methods;

/** Payload of every event. */
export interface Events {
  'agent': unknown;
  'chat': unknown;
  'config.changed': unknown;
  'connect.challenge': Challenge;
  'cron': unknown;
  'device.pair.changed': unknown;
  'device.pair.requested': PendingDevice;
  'device.pair.resolved': DevicePairResolved;
  'device.pair.setup.completed': unknown;
  'device.pair.setup.deliveryUncertain': unknown;
  'exec.approval.requested': ExecApproval;
  'exec.approval.resolved': ExecApprovalResolved;
  'health': Health;
  'heartbeat': unknown;
  'node.invoke.cancel': NodeInvokeCancel;
  'node.invoke.request': NodeInvokeRequest;
  'node.pair.requested': PendingNode;
  'node.pair.resolved': NodePairResolved;
  'node.presence': unknown;
  'presence': Presence;
  'resync': Resync;
  'shutdown': Shutdown;
  'talk.mode': unknown;
  'tick': Tick;
  'voicewake.changed': VoicewakeTriggers;
}

export type EventName = keyof Events;
