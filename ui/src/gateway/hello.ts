import type { Scope } from '../wire/generated';

/** What the gateway said when it admitted this page. */
export interface Hello {
  readonly protocol: number;
  readonly server: { readonly version: string; readonly connId: string; readonly host?: string };
  readonly features: { readonly methods: readonly string[]; readonly events: readonly string[] };
  readonly snapshot: Readonly<Record<string, unknown>>;
  readonly auth?: { readonly role: string; readonly scopes: readonly Scope[]; readonly deviceToken?: string; readonly method?: string };
  readonly policy: { readonly tickIntervalMs: number; readonly maxPayload: number };
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : [];
}

/** Reads what came, with the defaults of older gateways; `null`: it is no hello. */
export function readHello(payload: unknown): Hello | null {
  const hello = fields(payload);
  const server = fields(hello['server']);
  if (typeof hello['protocol'] !== 'number' || typeof server['version'] !== 'string') return null;
  const features = fields(hello['features']);
  const policy = fields(hello['policy']);
  const auth = hello['auth'] === undefined ? undefined : fields(hello['auth']);
  return {
    ...hello,
    protocol: hello['protocol'],
    server: {
      ...server,
      version: server['version'],
      connId: String(server['connId'] ?? ''),
      ...(typeof server['host'] === 'string' ? { host: server['host'] } : {}),
    },
    features: { methods: texts(features['methods']), events: texts(features['events']) },
    snapshot: fields(hello['snapshot']),
    ...(auth && {
      auth: {
        ...auth,
        role: String(auth['role'] ?? 'operator'),
        scopes: texts(auth['scopes']) as readonly Scope[],
        ...(typeof auth['deviceToken'] === 'string' ? { deviceToken: auth['deviceToken'] } : {}),
      },
    }),
    policy: {
      tickIntervalMs: typeof policy['tickIntervalMs'] === 'number' ? policy['tickIntervalMs'] : 30_000,
      maxPayload: typeof policy['maxPayload'] === 'number' ? policy['maxPayload'] : 512 * 1024,
    },
  };
}
