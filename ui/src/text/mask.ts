// Secrets out of what is shown, copied and downloaded. What is masked keeps enough to say what it was.

export const MASK = '••••••';

/** Shapes of secrets: what stays in front, then what goes. */
const SHAPES: readonly RegExp[] = [
  // What a name announces: `token=…`, `"password": "…"`, `--token …`, `OPENCLAW_GATEWAY_TOKEN=…`, escaped JSON inside JSON.
  /((?:token|passwd|password|secret|api[_-]?key|private[_-]?key|credential|signature|authorization|cookie)\\?["']?\s*[=:]\s*\\?["']?(?:bearer\s+|basic\s+)?)([^\s"'\\,;&)}\]]{4,})/gi,
  /(--(?:token|password|secret|api-key)[ =]["']?)([^\s"']{4,})/gi,
  /(\b(?:bearer|basic)\s+)([\w.~+/=-]{8,})/gi,
  // What a prefix announces.
  /\b(sk-(?:[a-z]+-)?|ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|xox[abeprs]-|tskey-[a-z]+-|npm_|hf_|AIza|AKIA|ASIA|ocs_)([\w-]{8,})/g,
  /\b(eyJ)([\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)/g,
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----)([\s\S]*?)(?=-----END|$)/g,
  // Credentials in addresses.
  /(\/\/[^\s/:@]*:)([^\s/@]+)(?=@)/g,
];

/** Masks what looks like a secret. */
export function maskSecrets(text: string): string {
  return SHAPES.reduce((masked, shape) => masked.replace(shape, (_, kept: string) => kept + MASK), text);
}

/** Members that hold a secret whatever it looks like. */
const SECRET_NAME = /(token|password|passwd|secret|api-?key|private-?key|credential|signature|authorization|cookie|setup-?code)$/i;

/** A copy of a value with its secrets masked, as deep as it goes. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value);
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_NAME.test(name) && typeof member === 'string' && member !== '' ? MASK : redact(member),
    ]),
  );
}
