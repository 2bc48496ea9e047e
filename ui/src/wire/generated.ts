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
  | 'CONFIRM_PENDING'
  | 'CONTROL_UI_DEVICE_IDENTITY_REQUIRED'
  | 'CONTROL_UI_ORIGIN_NOT_ALLOWED'
  | 'DEVICE_AUTH_DEVICE_ID_MISMATCH'
  | 'DEVICE_AUTH_NONCE_MISMATCH'
  | 'DEVICE_AUTH_NONCE_REQUIRED'
  | 'DEVICE_AUTH_SIGNATURE_EXPIRED'
  | 'DEVICE_AUTH_SIGNATURE_INVALID'
  | 'DEVICE_IDENTITY_REQUIRED'
  | 'GATEWAY_RESTARTING'
  | 'GATEWAY_STOPPING'
  | 'GATEWAY_UNAVAILABLE'
  | 'INTERRUPTED'
  | 'INVALID_PARAMS'
  | 'INVALID_ROLE'
  | 'MISSING_SCOPE'
  | 'NOT_AVAILABLE_HERE'
  | 'NOT_CONNECT'
  | 'NOT_CONNECTED'
  | 'NO_REACHABLE_ENDPOINT'
  | 'PAIRING_REQUIRED'
  | 'PROTOCOL_MISMATCH'
  | 'RESTART_REFUSED'
  | 'SCOPE_NOT_REQUESTED'
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
export type AgentHealth = {
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
};

/** Heartbeat of one agent in `Status`. */
export type AgentHeartbeat = {
  /** Its id. */
  agentId: string;
  /** Whether it runs. */
  enabled: boolean;
  /** Period as people write it. */
  every: string;
  /** Period in milliseconds; `null` when it does not run. */
  everyMs: number | null;
};

/** Sessions of one agent in `Status`. */
export type AgentSessions = {
  /** Its id. */
  agentId: string;
  /** File they are in. */
  path: string;
  /** How many there are. */
  count: number;
  /** The last used ones, raw. */
  recent: Json[];
};

/** One line of the audit log: an entry of `audit.list`, and the payload of `audit.appended`. */
export type AuditEntry = {
  /** Number of the line, from 1 without gaps. */
  id: number;
  /** When, milliseconds since the epoch. */
  ts: number;
  /** What happened: `connect`, `refuse`, `pair.approve`, `config.write`, … */
  kind: string;
  /** Who: a device id, a user, a client id, `control` for the owner's command line, `gateway` for the gateway itself. */
  actor: string;
  /** What people call the actor, if it is a device that is known. */
  actorName?: string;
  /** On what. */
  object?: string;
  /** What the object is. */
  objectKind: AuditObject;
  /** What people call the object, if it is a device that is known. */
  objectName?: string;
  /** Address it came from, if that is not the gateway's machine. */
  ip?: string;
  /** How it ended. */
  result: AuditResult;
  /** Further facts, by kind; never a credential. */
  detail?: Json;
  /** The same as `id`. */
  seq: number;
  /** The same as `object`. */
  subject?: string;
  /** The same as `ip`. */
  remoteIp?: string;
  /** The same as `detail`. */
  details?: Json;
  /** Hex hash of the line, which covers the hash of the line before it. */
  hash: string;
};

/** `fault` of `AuditVerified`. */
export type AuditFaultAt = {
  /** Number of the line. */
  seq: number;
  /** What is wrong with it, to follow "line 7". */
  reason: string;
};

/** Result of `audit.list`. */
export type AuditList = {
  /** Lines, the oldest first. */
  entries: readonly AuditEntry[];
  /** Where callers of protocol 4 look for what agents did; always empty here. */
  events: Json[];
};

/** Params of `audit.list`. */
export type AuditListParams = {
  /** Most lines in the answer, the newest of those that fit; 200 without it, at most 5000. */
  limit?: number;
  /** Only lines with a lower `id`: the page before. */
  before?: number;
  /** Only lines with a higher `id`, the oldest of them first. */
  afterSeq?: number;
  /** Only these kinds; a word stands for every kind below it, `pair` for `pair.approve`. */
  kinds?: readonly string[];
  /** One of `kinds`. */
  kind?: string;
  /** Only lines of this actor. */
  actor?: string;
  /** Only lines on this object. */
  subject?: string;
  /** Only lines of this moment or later, milliseconds since the epoch. */
  sinceMs?: number;
  /** Only lines before this moment, milliseconds since the epoch. */
  untilMs?: number;
};

/** What the object of a line is. */
export type AuditObject = 'device' | 'node' | 'request' | 'connection' | 'setup' | 'approval' | 'config' | 'address' | 'other';

/** How an audited step ended. */
export type AuditResult = 'ok' | 'denied' | 'expired';

/** Result of `audit.verify`. */
export type AuditVerified = {
  /** Whether no line was changed, removed or added. */
  ok: boolean;
  /** Lines that were read. */
  lines: number;
  /** Number of the last line. */
  headSeq: number;
  /** The first bad line, if there is one. */
  fault: AuditFaultAt | null;
};

/** Payload of the `connect.challenge` event, the first frame on every connection. */
export type Challenge = {
  /** Random, to be signed. */
  nonce: string;
  /** Server clock, milliseconds since the epoch; sign this instead of the own clock. */
  ts: number;
};

/** Params of `clients.disconnect`. */
export type ClientDisconnectParams = {
  /** Id of the connection. */
  connId: string;
};

/** Result of `clients.disconnect`. */
export type ClientDisconnected = {
  /** Id of the connection that was told to go. */
  connId: string;
};

/** One live connection. Members without a value are `null`. */
export type ClientEntry = {
  /** `server.connId` of its hello. */
  connId: string;
  /** Device that proved itself. */
  deviceId: string | null;
  /** Name for people: what an operator called the device, else what the client calls itself, else its client id. */
  name: string;
  /** `client.id`. */
  clientId: string | null;
  /** `client.mode`. */
  clientMode: string | null;
  /** `client.version`. */
  version: string | null;
  /** `client.platform`. */
  platform: string | null;
  /** `client.deviceFamily`. */
  deviceFamily: string | null;
  /** `client.instanceId`. */
  instanceId: string | null;
  /** `operator` or `node`. */
  role: string;
  /** Scopes now. */
  scopes: readonly string[];
  /** Protocol in use. */
  protocol: number;
  /** How it was let in: `token`, `password`, `device-token`, `tailscale`, … */
  auth: string;
  /** The user that somebody vouches for. */
  user: string | null;
  /** Address of the client; `null` on the gateway's machine, and where nobody who is believed names it. */
  ip: string | null;
  /** Whether it is on the gateway's machine, with nothing in between. */
  local: boolean;
  /** Whether it came encrypted; `null` when nobody says. */
  secure: boolean | null;
  /** Which way it came. */
  via: Via;
  /** Since when, milliseconds since the epoch. */
  connectedAtMs: number;
  /** When it last sent anything, an answer to a ping included, milliseconds since the epoch. */
  lastActivityMs: number;
  /** Bytes that wait to be read by it. */
  queuedBytes: number;
  /** Answers that it waits for. */
  inFlight: number;
  /** Whether it is the caller's own connection. */
  you: boolean;
};

/** `client` member of the connect params. */
export type ClientInfo = {
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
};

/** Payload of `clients.changed`: somebody came or went; ask for the list again. */
export type ClientsChanged = {
  /** When, milliseconds since the epoch. */
  ts: number;
  /** How many connections there are now. */
  count: number;
};

/** Result of `clients.list`. */
export type ClientsList = {
  /** Clock of the gateway, milliseconds since the epoch. */
  ts: number;
  /** Every live connection, operators and nodes, the oldest first. */
  clients: readonly ClientEntry[];
};

/** Params of `config.set`, `config.patch` and `config.apply`. Set does not read the last three. */
export type ConfigChangeParams = {
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
  /**
   * Take the change back unless `config.confirm` comes within so many milliseconds, from
   * `CONFIRM_WITHIN_MIN_MS` to `CONFIRM_WITHIN_MAX_MS`.
   */
  confirmWithinMs?: number;
};

/** `changes` of `ConfigWritten`, as dotted paths. Never values. */
export type ConfigChanges = {
  /** Everything that changed. */
  keys: readonly string[];
  /** What of it is in force now. */
  live: readonly string[];
  /** What of it takes a restart of the gateway, or of a node host. */
  restart: readonly string[];
  /** What of it has no effect because a flag or a variable says otherwise. */
  overridden: readonly OverriddenKey[];
};

/** Params of `config.confirm`. */
export type ConfigConfirmParams = {
  /** `id` of `PendingConfirm`. */
  id: string;
  /** `false` takes the change back at once instead of keeping it. */
  keep?: boolean;
};

/** Something wrong with the configuration, and where. */
export type ConfigIssue = {
  /** Dotted path. */
  path: string;
  /** What is wrong. */
  message: string;
};

/** `restart` of `ConfigWritten`. */
export type ConfigRestart = {
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
};

/** Result of `config.schema`. */
export type ConfigSchema = {
  /** JSON schema. */
  schema: Json;
  /** Hints for forms, by path. */
  uiHints: Json;
  /** Version of the gateway. */
  version: string;
  /** When it was made, RFC 3339. */
  generatedAt: string;
};

/** Result of `config.get`. */
export type ConfigSnapshot = {
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
  issues: readonly ConfigIssue[];
  /** What should be looked at. */
  warnings: readonly ConfigIssue[];
  /** Settings of older releases. */
  legacyIssues: readonly ConfigIssue[];
  /** Whether secrets were replaced by placeholders; this gateway always does. */
  redacted?: boolean;
};

/** Result of `config.set`, `config.patch` and `config.apply`. */
export type ConfigWritten = {
  /** Always true. */
  ok: boolean;
  /** The file. */
  path: string;
  /** The configuration as it is now. */
  config: Json;
  /** Hash of the file as it is now. */
  hash?: string;
  /** False when the file already said so. */
  changed?: boolean;
  /** Things to look at: unknown keys, unset variables, lost comments. */
  warnings?: readonly ConfigIssue[];
  /** What changed, and what of it is in force. */
  changes?: ConfigChanges;
  /** Set when the change is taken back unless it is confirmed. */
  confirm?: PendingConfirm;
  /** The restart that follows; set has none. */
  restart?: ConfigRestart;
  /** What is told after the restart. */
  sentinel?: Json;
};

/** Result of `config.confirm`, payload of `config.confirmed` and `config.reverted`. */
export type ConfirmEnded = {
  /** `id` of `PendingConfirm`. */
  id: string;
  /** How it ended. */
  outcome: ConfirmOutcome;
  /** What happened, for people. */
  message: string;
  /** Dotted paths of what had changed. */
  keys: readonly string[];
  /** Hash of the file as it is now. */
  hash: string;
  /** When, milliseconds since the epoch. */
  ts: number;
};

/** How a change that waited for confirmation ended. */
export type ConfirmOutcome = 'confirmed' | 'reverted' | 'kept';

/** `auth` member of the connect params. Empty strings count as absent. */
export type ConnectAuth = {
  /** Shared token, or a device token. */
  token?: string;
  /** Shared password. */
  password?: string;
  /** Token of this device (protocol 4). */
  deviceToken?: string;
  /** Single-use token of a setup code (protocol 4). */
  bootstrapToken?: string;
};

/** Params of the `connect` request. Members that this release does not know are ignored. */
export type ConnectParams = {
  /** Oldest protocol the client speaks. */
  minProtocol: number;
  /** Newest protocol the client speaks. */
  maxProtocol: number;
  /** Who is calling. */
  client: ClientInfo;
  /** `operator` (default) or `node`. */
  role?: string;
  /** Scopes asked for, in the order in which they are signed. */
  scopes?: readonly string[];
  /** Client capabilities. */
  caps?: readonly string[];
  /** Commands a node declares. */
  commands?: readonly string[];
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
};

/** How an exec approval was decided. */
export type Decision = 'allow-once' | 'allow-always' | 'deny';

/** Params and result of `device.pair.remove`. */
export type DeviceIdParams = {
  /** Id of the device. */
  deviceId: string;
};

/** Params of `device.pair.approve`. */
export type DevicePairApproveParams = {
  /** Id of the request. `pairingId` is accepted as well. */
  requestId: string;
  /** Grant these scopes instead of those asked for; only less can be granted. */
  scopes?: readonly string[];
};

/** Result of `device.pair.approve`. */
export type DevicePairApproved = {
  /** Id of the request. */
  requestId: string;
  /** The device. */
  device: PairedDevice;
};

/** Result of `device.pair.list`. */
export type DevicePairList = {
  /** Newest first. */
  pending: readonly PendingDevice[];
  /** Last approved first. */
  paired: readonly PairedDevice[];
};

/** Result of `device.pair.reject`. */
export type DevicePairRejected = {
  /** Id of the request. */
  requestId: string;
  /** Id of the device. */
  deviceId: string;
};

/** Payload of `device.pair.resolved`. */
export type DevicePairResolved = {
  /** Id of the request. */
  requestId: string;
  /** Id of the device. */
  deviceId: string;
  /** How it ended. */
  decision: PairingDecision;
  /** When, milliseconds since the epoch. */
  ts: number;
};

/** `device` member of the connect params. */
export type DeviceProof = {
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
};

/** Params and result of `device.pair.rename`. */
export type DeviceRename = {
  /** Id of the device. */
  deviceId: string;
  /** New name, 1 to `DEVICE_LABEL_MAX` characters. `displayName` is accepted as well. */
  label: string;
};

/** Params of `device.token.rotate` and `device.token.revoke`. */
export type DeviceTokenParams = {
  /** Id of the device. */
  deviceId: string;
  /** Role of the token. */
  role: string;
  /** Scopes of the new token; those of the old one without it. Only rotate reads it. */
  scopes?: readonly string[];
};

/** Result of `device.token.revoke`. */
export type DeviceTokenRevoked = {
  /** Id of the device. */
  deviceId: string;
  /** Role of the token. */
  role: string;
  /** When, milliseconds since the epoch. */
  revokedAtMs: number;
};

/** Result of `device.token.rotate`. */
export type DeviceTokenRotated = {
  /** Id of the device. */
  deviceId: string;
  /** Role of the token. */
  role: string;
  /** The new token; protocol 4 gives it to nobody but the device itself. */
  token?: string;
  /** Scopes it grants, sorted. */
  scopes: readonly string[];
  /** When, milliseconds since the epoch. */
  rotatedAtMs: number;
  /** `in-band` or `withheld-cross-device` (protocol 4). */
  tokenDelivery?: string;
};

/** One token of a paired device, without its value. */
export type DeviceTokenSummary = {
  /** Role it is for. */
  role: string;
  /** Scopes it grants, sorted. */
  scopes: readonly string[];
  /** When it was made, milliseconds since the epoch. */
  createdAtMs: number;
  /** When it was last replaced. */
  rotatedAtMs?: number;
  /** When it was revoked. */
  revokedAtMs?: number;
  /** When it was last used. */
  lastUsedAtMs?: number;
};

/** Result that says nothing but that it worked. */
export type Done = {
  /** Always true. */
  ok: boolean;
};

/** Payload of `exec.approval.requested`, and an entry of `exec.approval.list`. */
export type ExecApproval = {
  /** Id to decide under. */
  id: string;
  /** What is asked. */
  request: ExecApprovalSubject;
  /** When, milliseconds since the epoch. */
  createdAtMs: number;
  /** Until when it can be decided, milliseconds since the epoch. */
  expiresAtMs: number;
  /** Who asked: display name or client id. */
  requestedBy?: string;
};

/** Result of `exec.approval.request`. */
export type ExecApprovalDecided = {
  /** Its id. */
  id: string;
  /** The decision; `null` when nobody decided in time. */
  decision: Decision | null;
  /** When it was asked, milliseconds since the epoch. */
  createdAtMs: number;
  /** Until when it could be decided, milliseconds since the epoch. */
  expiresAtMs: number;
};

/** Params of `exec.approval.request`. Texts may be `null` for absent. */
export type ExecApprovalRequestParams = {
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
  /** Node that would run it. */
  nodeId?: string;
  /** Lifetime, in milliseconds; `APPROVAL_TIMEOUT_MS` without it. */
  timeoutMs?: number;
};

/** Params of `exec.approval.resolve`. */
export type ExecApprovalResolveParams = {
  /** Id of the approval. */
  id: string;
  /** Wire name of a `Decision`; anything else is answered with `invalid decision`. */
  decision: string;
};

/** Payload of `exec.approval.resolved`. */
export type ExecApprovalResolved = {
  /** Id of the approval. */
  id: string;
  /** The decision. */
  decision: Decision;
  /** Who decided: display name or client id. */
  resolvedBy?: string;
  /** When, milliseconds since the epoch. */
  ts: number;
};

/** What is asked, as the event shows it: `null` for absent. */
export type ExecApprovalSubject = {
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
  /** Node that would run it, if the request names one. */
  nodeId: string | null;
  /** What people call that node. */
  nodeName: string | null;
};

/** Params of `exec.approvals.set`; of `exec.approvals.node.set` with the node. */
export type ExecApprovalsSetParams = {
  /** Id of the node. */
  nodeId?: string;
  /** The new file. */
  file: unknown;
  /** `hash` of the snapshot it is based on; required once the file exists. */
  baseHash?: string;
};

/** Result of `exec.approvals.get` and `exec.approvals.set`, here and on nodes. */
export type ExecApprovalsSnapshot = {
  /** The file. */
  path: string;
  /** Whether it is there. */
  exists: boolean;
  /** Hash of its text: the `baseHash` of the next change. */
  hash: string;
  /** What is in it, without the socket token. */
  file: Json;
};

/** Result of `health` and payload of its event. */
export type Health = {
  /** Always true. */
  ok: boolean;
  /** When it was taken, milliseconds since the epoch. */
  ts: number;
  /** How long that took, in milliseconds. */
  durationMs: number;
  /** State of each channel. */
  channels: Record<string, Json>;
  /** Channels in the order to show. */
  channelOrder: readonly string[];
  /** Names of channels for people. */
  channelLabels: { [key in string]: string };
  /** Period of heartbeats, in seconds. */
  heartbeatSeconds: number;
  /** The agent that is asked without a name. */
  defaultAgentId: string;
  /** All agents. */
  agents: readonly AgentHealth[];
  /** Sessions of the default agent. */
  sessions: SessionsSummary;
};

/** Params of `health`; nothing in them is refused. */
export type HealthParams = {
  /** Whether channels are asked as well. */
  probe?: boolean;
};

/** Heartbeat of one agent. */
export type HeartbeatSettings = {
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
};

/** `heartbeat` of `Status`. */
export type HeartbeatStatus = {
  /** The agent that is asked without a name. */
  defaultAgentId: string;
  /** All agents. */
  agents: readonly AgentHeartbeat[];
};

/** `auth` member of the hello. */
export type HelloAuth = {
  /** How the client was authenticated (protocol 4). */
  method?: string;
  /** Role granted. */
  role: string;
  /** Scopes granted, sorted. */
  scopes: readonly string[];
  /** Token of this device, to be stored by the client. */
  deviceToken?: string;
  /** When the token was issued, milliseconds since the epoch. */
  issuedAtMs?: number;
  /** Tokens of further roles that came with a setup code (phones). */
  deviceTokens?: readonly RoleToken[];
  /** True when fewer scopes were granted than asked for. */
  scopeLimited?: boolean;
  /** The pending pairing request that would grant the rest. */
  pendingRequestId?: string;
};

/** `features` member of the hello. */
export type HelloFeatures = {
  /** Callable methods. */
  methods: readonly string[];
  /** Events that may come. */
  events: readonly string[];
};

/** The hello as a client needs it; unknown members are ignored, missing ones of older gateways are defaults. */
export type HelloOk = {
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
};

/** `policy` member of the hello. */
export type HelloPolicy = {
  /** Largest frame the gateway accepts, in bytes. */
  maxPayload: number;
  /** Bytes the gateway keeps for a client that reads slowly. */
  maxBufferedBytes: number;
  /** Period of the `tick` event, in milliseconds. */
  tickIntervalMs: number;
};

/** `server` member of the hello. */
export type HelloServer = {
  /** Gateway version. */
  version: string;
  /** Host name (protocol 3). */
  host?: string;
  /** Id of this connection. */
  connId: string;
};

/** What `node.host.stats` reports, and what a node entry shows of it. */
export type HostStats = {
  /** Processors. */
  cpuCount: number;
  /** Over 1, 5 and 15 minutes. */
  loadAverage: readonly number[];
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
};

/** Result of `logs.tail`. */
export type LogsTail = {
  /** The log file. */
  file: string;
  /** Where to go on, in bytes. */
  cursor: number;
  /** Size of the file, in bytes. */
  size: number;
  /** Lines as they are in the file. */
  lines: readonly string[];
  /** Whether older lines were left out. */
  truncated: boolean;
  /** Whether the cursor no longer fits the file. */
  reset: boolean;
};

/** Params of `logs.tail`. */
export type LogsTailParams = {
  /** Where the last answer ended, in bytes; without it the end of the file is shown. */
  cursor?: number;
  /** Most lines, 1 to 5000; `LOGS_LIMIT` without it. */
  limit?: number;
  /** Most bytes, 1 to 1 000 000; `LOGS_MAX_BYTES` without it. */
  maxBytes?: number;
};

/** Result of `node.describe`. */
export type NodeDescription = {
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
  caps: readonly string[];
  /** Commands it takes and may be sent, sorted. */
  commands: readonly string[];
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
  /** Protocol of its connection. */
  protocol?: number;
  /** Whether `node.invoke` with `stream: true` shows the output of its programs as it comes; absent means no. */
  streams?: boolean;
  /** The commands that wait for approval. */
  pendingSurface?: PendingNode;
  /** Commands that it offers and that may not be used yet. Only in `node.describe`. */
  pendingCommands?: readonly string[];
};

/** One node, connected or not. */
export type NodeEntry = {
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
  caps: readonly string[];
  /** Commands it takes and may be sent, sorted. */
  commands: readonly string[];
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
  /** Protocol of its connection. */
  protocol?: number;
  /** Whether `node.invoke` with `stream: true` shows the output of its programs as it comes; absent means no. */
  streams?: boolean;
  /** The commands that wait for approval. */
  pendingSurface?: PendingNode;
  /** Commands that it offers and that may not be used yet. Only in `node.describe`. */
  pendingCommands?: readonly string[];
};

/** Params that name a node. */
export type NodeIdParams = {
  /** Device id of the node, or its client id when it has no device. */
  nodeId: string;
};

/** Params of `node.invoke.abort`: one of the two. */
export type NodeInvokeAbortParams = {
  /** `invokeId` of `node.invoke.started`. */
  invokeId?: string;
  /** `idempotencyKey` of the call, which was made over this connection. */
  idempotencyKey?: string;
};

/** Result of `node.invoke.abort`. */
export type NodeInvokeAborted = {
  /** False when the call had ended already. */
  aborted: boolean;
};

/** Payload of the `node.invoke.cancel` event: the caller no longer waits. */
export type NodeInvokeCancel = {
  /** Id of the request. */
  id: string;
  /** Id of the node. */
  nodeId: string;
};

/** Params of `node.invoke`. */
export type NodeInvokeParams = {
  /** Id of the node. */
  nodeId: string;
  /** Command to run there. */
  command: string;
  /** What the command gets; an explicit `null` is passed on as such. */
  params?: unknown;
  /** Deadline, in milliseconds; `INVOKE_TIMEOUT_MS` without it. */
  timeoutMs?: number;
  /** Names this call, so that a repeated one can be told from a new one. */
  idempotencyKey: string;
  /** Show the output as it comes: events `node.invoke.started` and `node.invoke.progress`, to this connection only. */
  stream?: boolean;
};

/** Payload of `node.invoke.progress`, to the caller. */
export type NodeInvokeProgress = {
  /** Id of the call. */
  invokeId: string;
  /** Id of the node. */
  nodeId: string;
  /** As the caller gave it. */
  idempotencyKey: string;
  /** Number of the piece, from 0 without gaps. */
  seq: number;
  /** `stdout` or `stderr`. */
  stream: string;
  /** What the program printed, whole characters. */
  chunk: string;
  /** Bytes that were left out before this piece, because somebody was too slow. The result still holds the output. */
  dropped?: number;
};

/** Payload of the `node.invoke.request` event. */
export type NodeInvokeRequest = {
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
  /** Whether the caller watches the output; only to nodes that said they show it. */
  stream?: boolean;
};

/** Payload of `node.invoke.started`, to a caller that asked for `stream`. */
export type NodeInvokeStarted = {
  /** Id of the call, for `node.invoke.abort`. */
  invokeId: string;
  /** Id of the node. */
  nodeId: string;
  /** As the caller gave it. */
  idempotencyKey: string;
  /** Whether the node shows output as it comes; if not, all of it comes with the result. */
  streams: boolean;
};

/** Result of `node.invoke`. */
export type NodeInvoked = {
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
};

/** Result of `node.list`. */
export type NodeList = {
  /** Clock of the gateway, milliseconds since the epoch. */
  ts: number;
  /** Connected ones first, then by name. */
  nodes: readonly NodeEntry[];
};

/** Result of `node.pair.approve`. */
export type NodePairApproved = {
  /** Id of the request. */
  requestId: string;
  /** The node. */
  node: PairedNode;
};

/** Result of `node.pair.list`. */
export type NodePairList = {
  /** Newest first. */
  pending: readonly PendingNode[];
  /** Last approved first. */
  paired: readonly PairedNode[];
};

/** Result of `node.pair.reject`. */
export type NodePairRejected = {
  /** Id of the request. */
  requestId: string;
  /** Id of the node. */
  nodeId: string;
};

/** Payload of `node.pair.resolved`. */
export type NodePairResolved = {
  /** Id of the request. */
  requestId: string;
  /** Id of the node. */
  nodeId: string;
  /** How it ended. */
  decision: PairingDecision;
  /** When, milliseconds since the epoch. */
  ts: number;
};

/** Params and result of `node.rename`. */
export type NodeRename = {
  /** Id of the node. */
  nodeId: string;
  /** New name. */
  displayName: string;
};

/** A setting of the file that something else overrides. */
export type OverriddenKey = {
  /** Dotted path. */
  key: string;
  /** The flag or variable. */
  by: string;
};

/** A paired device, as `device.pair.*` shows it. */
export type PairedDevice = {
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
  /** Hardware model. */
  modelIdentifier?: string;
  /** Version of its program. */
  version?: string;
  /** Role it last used. */
  role: string;
  /** Roles it may use. */
  roles: readonly string[];
  /** Scopes it may use. */
  scopes: readonly string[];
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
  tokens: readonly DeviceTokenSummary[];
  /** The commands of its node that wait for approval (protocol 4). */
  pendingNodeSurface?: WaitingSurface;
};

/** A paired node, as `node.pair.*` shows it. */
export type PairedNode = {
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
  bins?: readonly string[];
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
  caps?: readonly string[];
  /** Commands it takes. */
  commands?: readonly string[];
  /** Permissions it reports (protocol 4). */
  permissions?: { [key in string]: boolean };
  /** Address, for nodes that are not local. */
  remoteIp?: string;
  /** Whether it asks without telling anybody; without effect. */
  silent?: boolean;
};

/** How a pairing request ended. */
export type PairingDecision = 'approved' | 'rejected' | 'expired';

/** How a part of the gateway that may fail alone is doing. */
export type PartState = { 'state': 'off' } | { 'state': 'starting' } | { 'state': 'up', 
/**
 * What it offers, in a few words.
 */
detail: string, } | { 'state': 'degraded', 
/**
 * What is wrong.
 */
reason: string, 
/**
 * What to do about it.
 */
fix: string, 
/**
 * When it is tried again, milliseconds since the epoch.
 */
nextTryAtMs?: number | null, } | { 'state': 'stopping' };

/**
 * A config change that is taken back unless somebody confirms it: `confirm` of the answer to the write, payload of
 * `config.confirmPending`, and `pendingConfirm` of `remote.status`.
 */
export type PendingConfirm = {
  /** Names it in `config.confirm`. */
  id: string;
  /** Until when it can be confirmed, milliseconds since the epoch. */
  deadlineMs: number;
  /** Dotted paths of what changed. */
  keys: readonly string[];
  /** Who made the change. */
  by: string;
};

/** A pairing request of a device: an entry of `device.pair.list` and the payload of `device.pair.requested`. */
export type PendingDevice = {
  /** Id of the request. */
  requestId: string;
  /** Short form of the id, for people who type it. */
  code?: string;
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
  roles: readonly string[];
  /** Scopes asked for. */
  scopes: readonly string[];
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
  /** Until when it can be decided, milliseconds since the epoch. */
  expiresAtMs?: number;
  /** The commands that a node wants to serve: approving the device approves them, too. Only in the list. */
  nodeSurface?: PendingNode;
};

/** A pairing request of a node: an entry of `node.pair.list` and the payload of `node.pair.requested`. */
export type PendingNode = {
  /** Id of the request. */
  requestId: string;
  /** Short form of the id, for people who type it. */
  code?: string;
  /** Whether the node was paired before (protocol 3). */
  isRepair?: boolean;
  /** Scopes that one needs to approve it (protocol 4). */
  requiredApproveScopes?: readonly string[];
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
  caps?: readonly string[];
  /** Commands it takes. */
  commands?: readonly string[];
  /** Permissions it reports (protocol 4). */
  permissions?: { [key in string]: boolean };
  /** Address, for nodes that are not local. */
  remoteIp?: string;
  /** Whether it asks without telling anybody; without effect. */
  silent?: boolean;
};

/** Payload of the `presence` event. */
export type Presence = {
  /** All entries, newest first. */
  presence: readonly PresenceEntry[];
};

/** One line of `system-presence`: a connection, the gateway itself, or what a system event told. */
export type PresenceEntry = {
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
  tags?: readonly string[];
  /** One line for people. */
  text?: string;
  /** Last change, milliseconds since the epoch. */
  ts: number;
  /** Id of the device. */
  deviceId?: string;
  /** Roles of its connections. */
  roles?: readonly string[];
  /** Scopes of its connections. */
  scopes?: readonly string[];
  /** Id of the client instance. */
  instanceId?: string;
  /** `client.id` (protocol 4). */
  clientId?: string;
  /** Since when it is connected, milliseconds since the epoch (protocol 4). */
  onlineSince?: number;
  /** IANA time zone (protocol 4). */
  timeZone?: string;
};

/** One session in a summary. */
export type RecentSession = {
  /** Its key. */
  key: string;
  /** Last change, milliseconds since the epoch. */
  updatedAt: number | null;
  /** Time since then, in milliseconds. */
  age: number | null;
};

/** Addresses of a gateway, each tried by the gateway itself. */
export type RemoteAddresses = {
  /** Where it answered, best first: for links and QR codes. */
  endpoints: readonly RemoteEndpoint[];
  /** Where it did not, and why. */
  unreachable: readonly RemoteUnreachable[];
};

/** `auth` of `RemoteStatus`. */
export type RemoteAuth = {
  /** `none`, `token`, `password` or `trusted-proxy`. */
  mode: string;
  /** Whether users that Tailscale names need no secret. */
  allowTailscale: boolean;
  /** Where the secret comes from. */
  source: string | null;
  /** Strength of a random hex token of this length; an upper bound for anything that a person made up. Only with a token. */
  tokenBits: number | null;
};

/** An address at which the gateway answers. */
export type RemoteEndpoint = {
  /** `ws(s)://host[:port][/path]`. */
  url: string;
  /** Where it comes from: `in-use`, `public-origin`, `tailscale`, `tailnet`, `lan`, `mdns`, `domain`, `loopback`, … */
  source: string;
  /** SHA-256 of the gateway's own certificate, when that is what it shows; absent for plain and for publicly trusted ones. */
  tlsFingerprint?: string;
  /** False when it was only taken on trust. */
  proven: boolean;
};

/** One thing that was found. */
export type RemoteFinding = {
  /** Name of the rule; never changes once it is out. */
  id: string;
  /** How bad it is. */
  severity: Severity;
  /** What it is, in a few words. */
  title: string;
  /** What belongs to it. */
  params: RemoteFindingParams;
};

/** `params` of `RemoteFinding`. */
export type RemoteFindingParams = {
  /** What was seen. */
  detail: string;
  /** The command that mends it, or what to do. */
  fix: string | null;
};

/** `restart` of `RemoteStatus`. */
export type RemoteRestart = {
  /** Whether a method of this gateway restarts it. */
  possible: boolean;
  /** What to do instead. */
  hint: string | null;
};

/** Result of `remote.status`. Members without a value are `null`. */
export type RemoteStatus = {
  /** Clock of the gateway, milliseconds since the epoch. */
  ts: number;
  /** Version of the gateway. */
  version: string;
  /** Time since its start, in milliseconds. */
  uptimeMs: number;
  /** Host name of its machine. */
  host: string;
  /** Whether it is stopping. */
  draining: boolean;
  /** `gateway.mode`, if it is set: `local` or `remote`. */
  mode: string | null;
  /** Bind mode in force: `loopback`, `lan`, `tailnet`, `custom` or `auto`. */
  bind: string;
  /** Where that comes from: a flag, a variable, the config, or the default. */
  bindSource: string;
  /** Addresses with ports that listen, loopback first. */
  listen: readonly string[];
  /** Port in use. */
  port: number;
  /** Path under which the Control UI is served, without a final slash; empty for the root. */
  basePath: string;
  /** Encryption. */
  tls: RemoteTls;
  /** Tailscale. */
  tailscale: RemoteTailscale;
  /** Who is let in. */
  auth: RemoteAuth;
  /** `gateway.publicOrigin`. */
  publicOrigin: string | null;
  /** Origins of pages that may connect beside the gateway's own. */
  allowedOrigins: readonly string[];
  /** Proxies whose word about clients counts. */
  trustedProxies: readonly string[];
  /** Where others can reach it; `null` unless asked for with `addresses: true`. */
  addresses: RemoteAddresses | null;
  /** The config file. */
  configPath: string;
  /** The state directory. */
  stateDir: string;
  /** The log file of today. */
  logFile: string;
  /** Whether the gateway can be restarted from here. */
  restart: RemoteRestart;
  /** The config change that is taken back unless somebody confirms it. */
  pendingConfirm: PendingConfirm | null;
  /** How the last such change ended since the gateway started. */
  lastConfirm: ConfirmEnded | null;
  /** Parts that may fail alone, by name. */
  subsystems: { [key in string]: PartState };
  /** What was wanted at the start and is not there, one sentence each. */
  degraded: readonly string[];
  /** What is dangerous, the worst first. */
  findings: readonly RemoteFinding[];
  /** How the caller came. */
  you: RemoteYou;
};

/** Params of `remote.status`. */
export type RemoteStatusParams = {
  /** Also try every address at which others might reach the gateway; takes up to a few seconds. */
  addresses?: boolean;
};

/** `tailscale` of `RemoteStatus`. */
export type RemoteTailscale = {
  /** `off`, `serve` or `funnel`. */
  mode: string;
  /** HTTPS port of the route. */
  port: number;
  /** Where it leads, such as `https://gw.tail1.ts.net`; only while it works. */
  url: string | null;
  /** Name of the gateway's machine in its tailnet. */
  name: string | null;
  /** How the route is doing. */
  state: PartState | null;
};

/** `tls` of `RemoteStatus`. */
export type RemoteTls = {
  /** Whether the gateway itself serves TLS. */
  on: boolean;
  /** `gateway.tls.mode` in force. */
  mode: string;
  /** Hex SHA-256 of the certificate. */
  fingerprintSha256: string | null;
  /** End of its validity, milliseconds since the epoch. */
  notAfter: number | null;
  /** Whether the gateway made it: browsers warn about those. */
  selfMade: boolean;
};

/** An address that is of no use. */
export type RemoteUnreachable = {
  /** The address. */
  url: string;
  /** Where it comes from. */
  source: string;
  /** What is wrong with it. */
  reason: string;
};

/** How the caller came. */
export type RemoteYou = {
  /** Id of the connection. */
  connId: string;
  /** Address of the caller; `null` on the gateway's machine, and where nobody who is believed names it. */
  ip: string | null;
  /** Whether it is on the gateway's machine, with nothing in between. */
  local: boolean;
  /** Whether it came encrypted; `null` when nobody says. */
  secure: boolean | null;
  /** Which way. */
  via: Via;
  /** Device of the caller. */
  deviceId: string | null;
  /** Scopes of this connection. */
  scopes: readonly string[];
};

/** Params of the methods that approve or reject a pairing request. */
export type RequestIdParams = {
  /** Id of the request. `pairingId` is accepted as well. */
  requestId: string;
};

/** Result of `gateway.restart.preflight`. */
export type RestartPreflight = {
  /** Whether `gateway.restart.request` would restart it now. */
  possible: boolean;
  /** What is in the way. */
  reason: string | null;
  /** What to do about it. */
  fix: string | null;
  /** Calls of nodes that are under way; those that take longer than the drain are answered `GATEWAY_RESTARTING`. */
  activeCalls: number;
  /** Connections that will be closed with 1012 and may come back at once. */
  connections: number;
  /** When it answers again after the drain, in milliseconds. */
  restartExpectedMs: number;
};

/** Params of `gateway.restart.request`. */
export type RestartRequestParams = {
  /** Why, for the audit log. */
  reason?: string;
};

/** Result of `gateway.restart.request`: the drain has begun. */
export type RestartRequested = {
  /** Always true. */
  ok: boolean;
  /** `RESTARTING`. */
  status: string;
  /** Process id, the same afterwards. */
  pid: number;
  /** When it answers again after the drain, in milliseconds. */
  restartExpectedMs: number;
};

/** Payload of `RESYNC`. */
export type Resync = {
  /** How many events were left out since the last one. */
  dropped: number;
  /** Their names, each once. */
  events: readonly string[];
};

/** What a connection is. */
export type Role = 'operator' | 'node';

/** A token of this device for another role than the one it connected in. */
export type RoleToken = {
  /** The token. */
  deviceToken: string;
  /** Role it admits to. */
  role: string;
  /** Scopes it carries, sorted. */
  scopes: readonly string[];
  /** When it was issued, milliseconds since the epoch. */
  issuedAtMs?: number;
};

/** What new sessions start with. */
export type SessionDefaults = {
  /** Model, `null` when none is configured. */
  model: string | null;
  /** Its context, in tokens. */
  contextTokens: number | null;
};

/** `sessions` of `Status`. */
export type SessionsStatus = {
  /** Files they are in. */
  paths: readonly string[];
  /** How many there are. */
  count: number;
  /** What new ones start with. */
  defaults: SessionDefaults;
  /** The last used ones, raw. */
  recent: Json[];
  /** The same per agent. */
  byAgent: readonly AgentSessions[];
};

/** Sessions of one agent. */
export type SessionsSummary = {
  /** File they are in. */
  path: string;
  /** How many there are. */
  count: number;
  /** The last used ones. */
  recent: readonly RecentSession[];
};

/** How bad a finding is. */
export type Severity = 'critical' | 'warn' | 'info';

/** Payload of the `shutdown` event. */
export type Shutdown = {
  /** `STOPPING` or `RESTARTING`. */
  reason: string;
  /** When it should be back, in milliseconds; `null` when it stops. */
  restartExpectedMs: number | null;
};

/** Versions of the two state documents, sent with `presence` and `health`. */
export type StateVersion = {
  /** Bumped by every presence change. */
  presence: number;
  /** Bumped by every health refresh. */
  health: number;
};

/** Result of `status`. */
export type Status = {
  /** Version of the gateway (protocol 4). */
  runtimeVersion?: string;
  /** State of the channel that links an account. */
  linkChannel?: Json;
  /** Heartbeats. */
  heartbeat: HeartbeatStatus;
  /** One line per channel. */
  channelSummary: readonly string[];
  /** System events that no run has seen yet. */
  queuedSystemEvents: readonly string[];
  /** Sessions. */
  sessions: SessionsStatus;
};

/** Params of `system-event`. Members of a wrong type count as absent. */
export type SystemEventParams = {
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
  roles?: readonly string[];
  /** Scopes. */
  scopes?: readonly string[];
  /** Labels. */
  tags?: readonly string[];
};

/** Result of `system.info`. */
export type SystemInfo = {
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
};

/** Payload of the `tick` event. */
export type Tick = {
  /** Clock of the gateway, milliseconds since the epoch. */
  ts: number;
};

/** How a connection reached the gateway. */
export type Via = 'control' | 'loopback' | 'tailscale' | 'proxy' | 'tailnet' | 'lan' | 'internet';

/** Result of `voicewake.get` and `voicewake.set`, payload of `voicewake.changed`. */
export type VoicewakeTriggers = {
  /** Words that wake a listening device. */
  triggers: readonly string[];
};

/**
 * What waits for approval of a node that is paired: part of its entry in `device.pair.list` (protocol 4).
 * Gateways differ in what they repeat of the entry around it, down to the id of the node, so nothing here is required.
 */
export type WaitingSurface = {
  /** Id of the request. */
  requestId?: string;
  /** Short form of the id, for people who type it. */
  code?: string;
  /** Id of the node, where it is not that of the device around it. */
  nodeId?: string;
  /** `client.id`. */
  clientId?: string;
  /** `client.mode`. */
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
  caps?: readonly string[];
  /** Commands it takes. */
  commands?: readonly string[];
  /** Permissions it reports. */
  permissions?: { [key in string]: boolean };
  /** Address, for nodes that are not local. */
  remoteIp?: string;
  /** Whether it asks without telling anybody; without effect. */
  silent?: boolean;
  /** Whether the node was paired before. */
  isRepair?: boolean;
  /** Scopes that one needs to approve it. */
  requiredApproveScopes?: readonly string[];
  /** When it was asked, milliseconds since the epoch. */
  ts?: number;
};

/** `error` member of a response. */
export type WireError = {
  /** One of `code`; unknown codes of other releases are kept. */
  code: string;
  /** Text for people; clients match on it. */
  message: string;
  /** Structured reason, `details.code` first of all. */
  details?: unknown;
  /** Whether the same request may succeed later. */
  retryable?: boolean;
  /** How long to wait before a retry, in milliseconds. */
  retryAfterMs?: number;
};

/** State at connect. Which members there are depends on the scopes and on the generation. */
export type HelloSnapshot = {
  presence: PresenceEntry[];
  health: Health;
  stateVersion: StateVersion;
  uptimeMs: number;
  configPath?: string;
  stateDir?: string;
  /** `token`, `password` or `none` (protocol 4). */
  authMode?: string;
};

/** Params and result of every method. */
export interface Methods {
  'agent': { params: object; result: unknown };
  'agent.identity.get': { params: object; result: unknown };
  'agent.wait': { params: object; result: unknown };
  'agents.list': { params: object; result: unknown };
  'approval.history': { params: object; result: unknown };
  'audit.list': { params: AuditListParams; result: AuditList };
  'audit.verify': { params: NoParams; result: AuditVerified };
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
  'clients.disconnect': { params: ClientDisconnectParams; result: ClientDisconnected };
  'clients.list': { params: NoParams; result: ClientsList };
  'config.apply': { params: ConfigChangeParams; result: ConfigWritten };
  'config.confirm': { params: ConfigConfirmParams; result: ConfirmEnded };
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
  'device.pair.approve': { params: DevicePairApproveParams; result: DevicePairApproved };
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
  'diagnostics.lanes': { params: object; result: unknown };
  'diagnostics.stability': { params: object; result: unknown };
  'environments.list': { params: object; result: unknown };
  'environments.status': { params: object; result: unknown };
  'exec.approval.get': { params: object; result: unknown };
  'exec.approval.grants.list': { params: object; result: unknown };
  'exec.approval.list': { params: NoParams; result: readonly ExecApproval[] };
  'exec.approval.request': { params: ExecApprovalRequestParams; result: ExecApprovalDecided };
  'exec.approval.resolve': { params: ExecApprovalResolveParams; result: Done };
  'exec.approval.waitDecision': { params: object; result: unknown };
  'exec.approvals.get': { params: NoParams; result: ExecApprovalsSnapshot };
  'exec.approvals.node.get': { params: NodeIdParams; result: ExecApprovalsSnapshot };
  'exec.approvals.node.set': { params: ExecApprovalsSetParams; result: ExecApprovalsSnapshot };
  'exec.approvals.set': { params: ExecApprovalsSetParams; result: ExecApprovalsSnapshot };
  'gateway.auth.unlock': { params: object; result: unknown };
  'gateway.proxyCheck': { params: object; result: unknown };
  'gateway.restart.preflight': { params: NoParams; result: RestartPreflight };
  'gateway.restart.request': { params: RestartRequestParams; result: RestartRequested };
  'health': { params: HealthParams; result: Health };
  'last-heartbeat': { params: object; result: unknown };
  'logs.tail': { params: LogsTailParams; result: LogsTail };
  'mentions.list': { params: object; result: unknown };
  'models.authStatus': { params: object; result: unknown };
  'models.list': { params: object; result: unknown };
  'node.describe': { params: NodeIdParams; result: NodeDescription };
  'node.event': { params: object; result: unknown };
  'node.invoke': { params: NodeInvokeParams; result: NodeInvoked };
  'node.invoke.abort': { params: NodeInvokeAbortParams; result: NodeInvokeAborted };
  'node.invoke.progress': { params: object; result: unknown };
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
  'remote.status': { params: RemoteStatusParams; result: RemoteStatus };
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
  'system-presence': { params: NoParams; result: readonly PresenceEntry[] };
  'system.info': { params: NoParams; result: SystemInfo };
  'talk.catalog': { params: object; result: unknown };
  'talk.mode': { params: object; result: unknown };
  'tasks.list': { params: object; result: unknown };
  'themes.list': { params: object; result: unknown };
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
  'audit.appended': AuditEntry;
  'chat': unknown;
  'clients.changed': ClientsChanged;
  'config.changed': unknown;
  'config.confirmPending': PendingConfirm;
  'config.confirmed': ConfirmEnded;
  'config.reverted': ConfirmEnded;
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
  'node.invoke.progress': NodeInvokeProgress;
  'node.invoke.request': NodeInvokeRequest;
  'node.invoke.started': NodeInvokeStarted;
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
