// Configurations of reverse proxies: the same text as `openclaw gateway proxy-check --print` gives.

export const PROXIES = ['nginx', 'caddy', 'haproxy', 'traefik'] as const;
export type ProxyProgram = (typeof PROXIES)[number];

export interface ProxySetup {
  readonly domain: string;
  /** `address:port` at which the gateway takes the proxy's connections. */
  readonly upstream: string;
}

/** Headers that a client may have forged and that the proxy does not write itself. */
const FORGED = ['Forwarded', 'X-Real-IP', 'X-Forwarded-Host', 'X-OpenClaw-Scopes'];

const lines = (before: string, names: readonly string[], after = '') => names.map((name) => `${before}${name}${after}\n`).join('');

const FILES: Readonly<Record<ProxyProgram, readonly [string, (setup: ProxySetup) => string]>> = {
  nginx: [
    '/etc/nginx/conf.d/openclaw.conf',
    ({ domain, upstream }) => `map $http_upgrade $openclaw_connection {
    default upgrade;
    ''      close;
}
upstream openclaw {
    server ${upstream};
}
server {
    listen 443 ssl;
    server_name ${domain};
    ssl_certificate /etc/ssl/openclaw/${domain}.certificate.pem;
    ssl_certificate_key /etc/ssl/openclaw/${domain}.key.pem;
    location / {
        proxy_pass http://openclaw;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $openclaw_connection;
        # Overwritten, not appended to: what a client sends here is not to be believed.
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
${lines('        proxy_set_header ', FORGED, ' "";')}        # The gateway sends a ping every 25 seconds; anything longer than that does.
        proxy_read_timeout 75s;
        proxy_send_timeout 75s;
        proxy_buffering off;
    }
}
`,
  ],
  caddy: [
    '/etc/caddy/Caddyfile',
    ({ domain, upstream }) => `${domain} {
    reverse_proxy ${upstream} {
        # Caddy overwrites X-Forwarded-For and X-Forwarded-Proto by itself.
${lines('        header_up -', FORGED.filter((name) => name !== 'X-Forwarded-Host'))}        flush_interval -1
    }
}
`,
  ],
  haproxy: [
    '/etc/haproxy/haproxy.cfg',
    ({ domain, upstream }) => `frontend openclaw
    mode http
    # One file with the certificate and its key.
    bind :443 ssl crt /etc/haproxy/certs/${domain}.certificate.pem
    timeout client 75s
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto https
${lines('    http-request del-header ', FORGED)}    default_backend openclaw

backend openclaw
    mode http
    timeout connect 5s
    timeout server 75s
    # WebSockets live in a tunnel; the gateway sends a ping every 25 seconds.
    timeout tunnel 75s
    server gateway ${upstream}
`,
  ],
  traefik: [
    '/etc/traefik/dynamic/openclaw.yaml',
    ({ domain, upstream }) => `http:
  routers:
    openclaw:
      rule: "Host(\`${domain}\`)"
      entryPoints: [websecure]
      tls: {}
      middlewares: [openclaw]
      service: openclaw
  middlewares:
    openclaw:
      headers:
        # An empty value removes a header. Traefik overwrites X-Forwarded-* of clients that its entry point does not trust.
        customRequestHeaders:
          Forwarded: ""
          X-OpenClaw-Scopes: ""
  services:
    openclaw:
      loadBalancer:
        passHostHeader: true
        servers:
          - url: "http://${upstream}"
`,
  ],
};

/** The file of a proxy and what goes into it. */
export function proxyFile(program: ProxyProgram, setup: ProxySetup): { readonly path: string; readonly text: string } {
  const [path, text] = FILES[program];
  return { path, text: text(setup) };
}
