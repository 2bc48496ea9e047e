//! The key table.

use super::table::{Applies, Field, Kind, Section};
use super::words::{
    AcmeChallenge, AuthMode, BrowserMode, ConsoleStyle, ExecAsk, ExecSecurity, GatewayMode,
    LogLevel, MdnsMode, PlainHttp, ProxyProtocol, RedactMode, ReloadMode, SshHostKeyPolicy,
    TailscaleMode, TlsMode, Transport,
};

const PORT: Kind = Kind::Int { min: 1, max: 65535 };
/// Durations and sizes: whole, not negative, exact in a JavaScript number.
const COUNT: Kind = Kind::Int {
    min: 0,
    max: 9_007_199_254_740_991,
};
const POSITIVE: Kind = Kind::Int {
    min: 1,
    max: 9_007_199_254_740_991,
};
const ATTEMPTS: Kind = Kind::Int {
    min: 1,
    max: 1_000_000,
};

const fn field(path: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Field {
    Field::new(path, kind, default, help)
}

const fn kept(path: &'static str) -> Field {
    Field::kept(path)
}

/// Headings, in the order of the reference page. A key belongs to the longest prefix that fits.
pub const SECTIONS: &[Section] = &[
    Section {
        prefix: "gateway",
        title: "Gateway",
    },
    Section {
        prefix: "gateway.auth",
        title: "Authentication",
    },
    Section {
        prefix: "gateway.controlUi",
        title: "Control UI",
    },
    Section {
        prefix: "gateway.proxy",
        title: "Listener for reverse proxies",
    },
    Section {
        prefix: "gateway.metrics",
        title: "Monitoring",
    },
    Section {
        prefix: "gateway.tailscale",
        title: "Tailscale",
    },
    Section {
        prefix: "gateway.tls",
        title: "TLS",
    },
    Section {
        prefix: "gateway.remote",
        title: "Remote gateway",
    },
    Section {
        prefix: "gateway.nodes",
        title: "Nodes",
    },
    Section {
        prefix: "discovery",
        title: "Discovery",
    },
    Section {
        prefix: "logging",
        title: "Logging",
    },
    Section {
        prefix: "canvasHost",
        title: "Canvas",
    },
    Section {
        prefix: "nodeHost",
        title: "Node host",
    },
    Section {
        prefix: "tools",
        title: "Command execution",
    },
    Section {
        prefix: "ui",
        title: "Appearance",
    },
    Section {
        prefix: "commands",
        title: "Commands to the gateway",
    },
    Section {
        prefix: "env",
        title: "Environment",
    },
    Section {
        prefix: "meta",
        title: "Bookkeeping",
    },
    Section {
        prefix: "wizard",
        title: "Wizard",
    },
];

/// Every known key. A parent that is not listed is an object that holds only listed keys.
pub const FIELDS: &[Field] = &[
    field("gateway.mode", Kind::Word(GatewayMode::WORDS), "", "`local` runs a gateway on this machine, `remote` uses the one at `gateway.remote.url`. `openclaw gateway` starts only with `local`.").applies(Applies::GatewayRestart),
    field("gateway.bind", Kind::Bind, "loopback", "Which addresses the gateway listens on; an IP address, an interface such as `wg0` or a CIDR range means `custom` with it. 127.0.0.1 is always open too."),
    field("gateway.port", PORT, "18789", "TCP port. The `dev` profile starts from 19001, other named profiles from a port derived from their name."),
    field("gateway.customBindHost", Kind::BindHost, "", "What `gateway.bind: \"custom\"` listens on: an IP address, an interface such as `wg0` (all of its addresses) or a CIDR range (all addresses of this machine in it). What is not there yet is listened on once it is."),
    field("gateway.publicOrigin", Kind::Origin, "", "Origin under which people reach the gateway from outside, for links and origin checks."),
    field("gateway.trustedProxies", Kind::IpRanges, "[]", "Addresses and CIDR ranges of reverse proxies whose forwarding headers count."),
    field("gateway.allowRealIpFallback", Kind::Bool, "false", "Use `X-Real-IP` from a trusted proxy when `X-Forwarded-For` is absent.").advanced(),
    field("gateway.pingIntervalMs", Kind::Int { min: 1_000, max: 600_000 }, "25000", "Milliseconds of silence after which a WebSocket is pinged; shorter than the idle time-out of every proxy on the way.").advanced(),
    field("gateway.reload.mode", Kind::Word(ReloadMode::WORDS), "hybrid", "What a change of this file does to a running gateway."),
    field("gateway.reload.debounceMs", COUNT, "300", "Quiet time in milliseconds before a changed file is read.").advanced(),
    field("gateway.discovery.enabled", Kind::Bool, "true", "Master switch of everything the gateway announces."),
    kept("gateway.discovery.mode"),
    kept("gateway.http"),
    kept("gateway.portals"),
    kept("gateway.cliAgents"),
    kept("gateway.terminal"),
    kept("gateway.roles"),
    kept("gateway.tools"),
    kept("gateway.push"),
    kept("gateway.channelHealthCheckMinutes"),
    kept("gateway.cloudflareAccess"),

    field("gateway.auth.mode", Kind::Word(AuthMode::WORDS), "", "What clients must prove. Unset: `password` when a password is set, else `token`. `none` is accepted on loopback only."),
    field("gateway.auth.token", Kind::Text, "", "Shared token. The first start creates one when none is set.").secret(),
    field("gateway.auth.password", Kind::Text, "", "Shared password.").secret(),
    field("gateway.auth.allowTailscale", Kind::Bool, "", "Accept the identity that Tailscale Serve vouches for. Unset: true with Tailscale Serve unless the mode is `password`."),
    field("gateway.auth.allowDeviceless", Kind::Bool, "false", "Give a client that holds the shared credential but no device identity the scopes it asks for, from anywhere.").advanced(),
    field("gateway.auth.rateLimit.maxAttempts", ATTEMPTS, "10", "Wrong credentials from one address before it is locked out.").advanced(),
    field("gateway.auth.rateLimit.windowMs", POSITIVE, "60000", "Milliseconds in which attempts are counted together.").advanced(),
    field("gateway.auth.rateLimit.lockoutMs", COUNT, "300000", "Length of a lockout in milliseconds.").advanced(),
    field("gateway.auth.rateLimit.exemptLoopback", Kind::Bool, "true", "Slow down loopback instead of locking it out. Requests of web pages are never exempt.").advanced(),
    field("gateway.auth.trustedProxy.userHeader", Kind::HeaderName, "", "Header in which the proxy names the user. Needed for mode `trusted-proxy`.").advanced(),
    field("gateway.auth.trustedProxy.requiredHeaders", Kind::Texts, "[]", "Headers that must be present.").advanced(),
    field("gateway.auth.trustedProxy.allowUsers", Kind::Texts, "[]", "Users that may enter; empty allows every user the proxy names.").advanced(),
    field("gateway.auth.trustedProxy.allowLoopback", Kind::Bool, "false", "Accept a proxy that runs on this machine.").advanced(),
    field("gateway.auth.trustedProxy.secretHeader", Kind::HeaderName, "x-openclaw-proxy-secret", "Header in which a proxy on this machine proves that it is the proxy.").advanced(),
    field("gateway.auth.trustedProxy.secret", Kind::Text, "", "What that header must hold. Needed with `allowLoopback`, unless the proxy uses the listener of `gateway.proxy.listen`.").secret().advanced(),
    field("gateway.auth.trustedProxy.deviceAutoApprove.enabled", Kind::Bool, "false", "Pair the browser of a user that the proxy names without a question.").advanced(),
    field("gateway.auth.trustedProxy.deviceAutoApprove.scopes", Kind::Texts, "[\"operator.read\", \"operator.write\"]", "The most that is paired this way.").advanced(),
    field("gateway.auth.identityScopes", Kind::ListsByName, "", "Scopes of a user that a proxy or Tailscale vouches for, by user, for the session only. Without an entry: those of the paired device.").advanced(),

    field("gateway.controlUi.enabled", Kind::Bool, "true", "Serve the Control UI."),
    field("gateway.controlUi.basePath", Kind::BasePath, "", "Path prefix, such as `/openclaw`."),
    field("gateway.controlUi.root", Kind::Text, "", "Folder with a built Control UI to serve instead of the one in the program: absolute, or relative to the folder of this file. Only files inside it are served.").advanced(),
    field("gateway.controlUi.allowInsecureAuth", Kind::Bool, "false", "Let browsers in with the token alone over plain HTTP.").advanced(),
    field("gateway.controlUi.dangerouslyDisableDeviceAuth", Kind::Bool, "false", "Do not ask browsers for a device identity at all.").advanced(),
    field("gateway.controlUi.allowedOrigins", Kind::Origins, "[]", "Browser origins that may connect besides the gateway's own: `http://host:port` or `https://host`."),
    field("gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback", Kind::Bool, "false", "Accept a page whose origin equals the `Host` of its request, whatever that name is. Any name that is made to point here counts then.").advanced(),
    kept("gateway.controlUi.environment"),
    kept("gateway.controlUi.embedSandbox"),
    kept("gateway.controlUi.allowExternalEmbedUrls"),

    field("gateway.proxy.listen", Kind::ProxyListen, "", "Address (`127.0.0.1:18790`), port, or path of a Unix socket for reverse proxies alone. Whoever connects there is taken for the proxy: its forwarding and identity headers count, and its clients are remote."),
    field("gateway.proxy.group", Kind::Text, "", "Group that owns the Unix socket, by name or number; its members may connect. Unset: the gateway's own group.").advanced(),
    field("gateway.proxy.protocol", Kind::Word(ProxyProtocol::WORDS), "off", "PROXY protocol, version 1 and 2: `accept` reads the header of a trusted proxy when there is one, `require` closes connections without one. From anybody else it is refused."),

    field("gateway.metrics.listen", Kind::ProxyListen, "", "Address (`127.0.0.1:9464`), port, or path of a Unix socket that serves `/metrics` and the probes, and nothing else. Other machines need a bearer there, too."),
    field("gateway.metrics.token", Kind::Text, "", "Bearer that opens `/metrics` and nothing else, on every listener. Unset: the shared secret or the token of an operator.").secret(),

    field("gateway.tailscale.mode", Kind::Word(TailscaleMode::WORDS), "off", "`serve` gives HTTPS inside the tailnet, `funnel` from the internet, which needs a password. Both need `gateway.bind` loopback."),
    field("gateway.tailscale.resetOnExit", Kind::Bool, "false", "Take our own route down when the gateway stops. Without it the route stays and works again after the next start.").advanced(),
    field("gateway.tailscale.port", PORT, "443", "HTTPS port of our route; Funnel knows 443, 8443 and 10000.").advanced(),
    field("gateway.tailscale.socket", Kind::Text, "", "LocalAPI socket of the Tailscale daemon. Unset: where the system keeps it.").advanced(),
    kept("gateway.tailscale.preserveFunnel"),
    kept("gateway.tailscale.serviceName"),

    field("gateway.tls", Kind::OpenObject, "", "HTTPS on the gateway port."),
    field("gateway.tls.mode", Kind::Word(TlsMode::WORDS), "", "Which certificate is served: `self` makes one, `files` reads `certPath` and `keyPath`, `acme` obtains one for `domains`, `auto` picks the first of files, ACME, self-signed that is set up, `off` serves plain HTTP only. Unset: as `enabled` says."),
    field("gateway.tls.enabled", Kind::Bool, "false", "Serve HTTPS and `wss://` when `mode` is unset."),
    field("gateway.tls.autoGenerate", Kind::Bool, "true", "Create a self-signed certificate when there is none."),
    field("gateway.tls.certPath", Kind::Text, "<state>/gateway/tls/gateway-cert.pem", "Certificate chain, PEM."),
    field("gateway.tls.keyPath", Kind::Text, "<state>/gateway/tls/gateway-key.pem", "Private key, PEM."),
    field("gateway.tls.plainHttp", Kind::Word(PlainHttp::WORDS), "redirect", "Plain HTTP on the same port: `allow` serves it, `redirect` sends other machines to HTTPS, `refuse` serves nobody."),
    field("gateway.tls.domains", Kind::Texts, "[]", "Names of the gateway besides those of this machine: in the self-signed certificate, and the ones that ACME obtains certificates for."),
    field("gateway.tls.acme.agreeToTerms", Kind::Bool, "false", "You agree to the terms of service of the certificate authority. Nothing is ordered without it."),
    field("gateway.tls.acme.email", Kind::Text, "", "Address that the authority may write to."),
    field("gateway.tls.acme.challenge", Kind::Word(AcmeChallenge::WORDS), "auto", "How a domain is proven: `http-01` needs port 80 of the domain, `tls-alpn-01` port 443; `auto` tries both."),
    field("gateway.tls.acme.httpPort", PORT, "", "Port that answers http-01 beside the gateway's own, such as 80; open only while a certificate is ordered."),
    field("gateway.tls.acme.tlsPort", PORT, "", "Port that answers tls-alpn-01 beside the gateway's own, such as 443; open only while a certificate is ordered."),
    field("gateway.tls.acme.staging", Kind::Bool, "false", "Use the staging server of Let's Encrypt: certificates for trying out, which no client trusts."),
    field("gateway.tls.acme.directoryUrl", Kind::Url, "https://acme-v02.api.letsencrypt.org/directory", "ACME server."),
    field("gateway.tls.acme.caFile", Kind::Text, "", "Authorities that vouch for a private ACME server, PEM.").advanced(),
    field("gateway.tls.acme.eab.keyId", Kind::Text, "", "Key identifier of the external account that the ACME account is bound to.").advanced(),
    field("gateway.tls.acme.eab.hmacKey", Kind::Text, "", "Its key, base64url.").secret().advanced(),
    field("gateway.tls.caPath", Kind::Text, "", "Authorities that sign client certificates, PEM.").advanced(),
    field("gateway.tls.requireClientCertificate", Kind::Bool, "false", "Refuse clients without a certificate signed by `caPath`.").advanced(),

    field("gateway.remote.url", Kind::Url, "", "Gateway that this machine uses in mode `remote`.").applies(Applies::NextCommand),
    field("gateway.remote.transport", Kind::Word(Transport::WORDS), "direct", "`ssh` goes through a tunnel to `gateway.remote.sshTarget`.").applies(Applies::NextCommand),
    field("gateway.remote.token", Kind::Text, "", "Shared token of the remote gateway.").secret().applies(Applies::NextCommand),
    field("gateway.remote.password", Kind::Text, "", "Shared password of the remote gateway.").secret().applies(Applies::NextCommand),
    field("gateway.remote.tlsFingerprint", Kind::Fingerprint, "", "SHA-256 of its certificate; pins `wss://` connections.").applies(Applies::NextCommand),
    field("gateway.remote.tlsCaFile", Kind::Text, "", "Authorities that vouch for its certificate, PEM, beside the public ones; not asked when a fingerprint is pinned.").applies(Applies::NextCommand),
    field("gateway.remote.tlsClientCert", Kind::Text, "", "Certificate that is shown to a gateway that asks for one, PEM.").advanced().applies(Applies::NextCommand),
    field("gateway.remote.tlsClientKey", Kind::Text, "", "Key file of that certificate, PEM.").advanced().applies(Applies::NextCommand),
    field("gateway.remote.sshTarget", Kind::Text, "", "`[user@]host[:port]` for tunnels. Unset: the host of `gateway.remote.url`.").applies(Applies::NextCommand),
    field("gateway.remote.sshIdentity", Kind::Text, "", "SSH key file.").applies(Applies::NextCommand),
    field("gateway.remote.remotePort", PORT, "", "Gateway port on the SSH host; unset means the port of this profile.").advanced().applies(Applies::NextCommand),
    field("gateway.remote.sshHostKeyPolicy", Kind::Word(SshHostKeyPolicy::WORDS), "strict", "Host keys that tunnels accept: `strict` only known ones, `openssh` what the SSH configuration of the user says.").advanced().applies(Applies::NextCommand),
    field("gateway.remote.edgeAuth", Kind::Headers, "", "Headers for a proxy that authenticates in front of the gateway. Each value is a text or `{ \"source\": \"env\", \"id\": \"NAME\" }`. Sent on `wss://` to the host of `gateway.remote.url` only.").secret().advanced().applies(Applies::NextCommand),

    field("gateway.nodes.allowCommands", Kind::Texts, "[]", "Node commands allowed beyond the default list of the platform."),
    field("gateway.nodes.denyCommands", Kind::Texts, "[]", "Node commands that are never allowed; wins over every allow list."),
    field("gateway.nodes.commands.allow", Kind::Texts, "[]", "Later name of `gateway.nodes.allowCommands`; both lists count."),
    field("gateway.nodes.commands.deny", Kind::Texts, "[]", "Later name of `gateway.nodes.denyCommands`; both lists count."),
    field("gateway.nodes.pairing.autoApproveLocal", Kind::Bool, "true", "Approve nodes that connect directly from this machine."),
    field("gateway.nodes.pairing.autoApproveCidrs", Kind::IpRanges, "[]", "Address ranges whose nodes are approved without asking.").advanced(),
    kept("gateway.nodes.pairing.sshVerify"),
    field("gateway.nodes.browser.mode", Kind::Word(BrowserMode::WORDS), "auto", "How browser work is routed to nodes.").advanced().applies(Applies::Nowhere),
    field("gateway.nodes.browser.node", Kind::Text, "", "Node that does browser work.").advanced().applies(Applies::Nowhere),
    kept("gateway.nodes.pluginTools"),
    kept("gateway.nodes.allowSkills"),

    field("discovery.enabled", Kind::Bool, "true", "Same switch as `gateway.discovery.enabled`."),
    field("discovery.mdns.mode", Kind::Word(MdnsMode::WORDS), "minimal", "What is announced on the local network; `off` sends nothing."),
    field("discovery.displayName", Kind::ShortText(63), "", "Name under which people find the gateway. Without it: the host name, with the profile's name behind it."),
    field("discovery.wideArea.enabled", Kind::Bool, "", "Announce by unicast DNS, with a DNS responder of the gateway's own. Without it: whether `discovery.wideArea.domain` is set."),
    field("discovery.wideArea.domain", Kind::DnsDomain, "", "DNS domain of wide-area discovery, such as `openclaw.internal`."),
    field("discovery.wideArea.port", PORT, "53", "Port of the DNS responder. Split DNS of a tailnet asks port 53 only.").advanced(),
    field("discovery.wideArea.listen", Kind::IpRanges, "[]", "Addresses of this machine, or ranges of them, that the DNS responder listens on. Without them: the tailnet addresses.").advanced(),
    field("discovery.wideArea.allow", Kind::IpRanges, "[]", "Who is answered besides this machine and the tailnet, as addresses and CIDR ranges. Everybody else gets no answer.").advanced(),

    field("logging.level", Kind::Word(LogLevel::WORDS), "info", "Least severe line that reaches the log file."),
    field("logging.file", Kind::Text, "/tmp/openclaw/openclaw-<date>.log", "Log file. The default directory must belong to the user, else `<state>/logs` is used."),
    field("logging.consoleLevel", Kind::Word(LogLevel::WORDS), "info", "Least severe line that reaches the console."),
    field("logging.consoleStyle", Kind::Word(ConsoleStyle::WORDS), "", "Form of console lines. Unset: `pretty` on a terminal, else `compact`."),
    field("logging.redactSensitive", Kind::Word(RedactMode::WORDS), "tools", "Where sensitive text is masked."),
    field("logging.maxFileBytes", POSITIVE, "104857600", "Size in bytes at which the log file is rolled."),
    kept("logging.redactPatterns"),
    kept("logging.audit"),

    field("canvasHost", Kind::OpenObject, "", "Files for the canvases of nodes."),
    field("canvasHost.enabled", Kind::Bool, "true", "Serve the files of `canvasHost.root` at `/__openclaw__/canvas/` on the gateway's own port."),
    field("canvasHost.root", Kind::Text, "<state>/canvas", "Folder with the files: absolute, or relative to the folder of this file. Only files inside it are served, hidden ones never. A folder that holds the config or the state is refused."),
    field("canvasHost.liveReload", Kind::Bool, "true", "Pages load themselves again when a file of the folder changes."),
    kept("canvasHost.port"),

    field("nodeHost", Kind::OpenObject, "", "The node host of this machine.").applies(Applies::NodeRestart),
    field("nodeHost.browserProxy.enabled", Kind::Bool, "true", "Offer the browser of this machine.").applies(Applies::NodeRestart),
    field("nodeHost.browserProxy.allowProfiles", Kind::Texts, "[]", "Browser profiles that may be used; empty allows all.").applies(Applies::NodeRestart),

    field("tools", Kind::OpenObject, "", "Tools.").applies(Applies::Nowhere),
    field("tools.exec", Kind::OpenObject, "", "Command execution.").applies(Applies::Nowhere),
    field("tools.exec.security", Kind::Word(ExecSecurity::WORDS), "", "Which commands run. Unset on a node: `allowlist`.").applies(Applies::NodeRestart),
    field("tools.exec.ask", Kind::Word(ExecAsk::WORDS), "", "When to ask for approval. Unset on a node: `on-miss`.").applies(Applies::NodeRestart),
    field("tools.exec.node", Kind::Text, "", "Node that runs commands when a call names none.").applies(Applies::NextCommand),
    field("tools.exec.safeBins", Kind::Texts, "[\"jq\", \"grep\", \"cut\", \"sort\", \"uniq\", \"head\", \"tail\", \"tr\", \"wc\"]", "Executables that need no allowlist entry while they read only standard input; the list replaces the default.").applies(Applies::NodeRestart),

    field("ui", Kind::OpenObject, "", "Appearance."),
    field("ui.assistant.name", Kind::ShortText(50), "", "Name shown in the Control UI."),
    field("ui.assistant.avatar", Kind::ShortText(200), "", "Emoji, text or image URL shown in the Control UI."),

    field("commands", Kind::OpenObject, "", "Commands of people to the gateway itself."),
    field("commands.restart", Kind::Bool, "true", "SIGUSR1, and operators from elsewhere, may restart the gateway; its owner on its own machine always may."),

    field("env", Kind::EnvBlock, "", "Variables for names that neither the process environment nor `<state>/.env` sets. Any other key with a text value counts as a variable too."),
    field("env.vars", Kind::TextMap, "", "Variables by name.").secret(),
    field("env.shellEnv.enabled", Kind::Bool, "false", "Accepted for compatibility; variables are never imported from a login shell.").advanced().applies(Applies::Nowhere),
    kept("env.shellEnv.timeoutMs"),

    field("meta", Kind::OpenObject, "", "Stamped on every write.").applies(Applies::Nowhere),
    field("meta.lastTouchedVersion", Kind::Text, "", "Version that wrote the file last.").advanced().applies(Applies::Nowhere),
    field("meta.lastTouchedAt", Kind::Text, "", "When the file was written last.").advanced().applies(Applies::Nowhere),
    field("wizard", Kind::OpenObject, "", "Last run of the set-up wizard.").applies(Applies::Nowhere),
    field("wizard.lastRunAt", Kind::Text, "", "When it ran.").advanced().applies(Applies::Nowhere),
    field("wizard.lastRunVersion", Kind::Text, "", "Version that ran.").advanced().applies(Applies::Nowhere),
    field("wizard.lastRunCommit", Kind::Text, "", "Commit that ran.").advanced().applies(Applies::Nowhere),
    field("wizard.lastRunCommand", Kind::Text, "", "Command that ran.").advanced().applies(Applies::Nowhere),
    field("wizard.lastRunMode", Kind::Word(GatewayMode::WORDS), "", "Mode that was chosen.").advanced().applies(Applies::Nowhere),

    kept("$schema"),
    kept("acp"),
    kept("agent"),
    kept("agents"),
    kept("approvals"),
    kept("audio"),
    kept("auth"),
    kept("bindings"),
    kept("broadcast"),
    kept("browser"),
    kept("channels"),
    kept("cli"),
    kept("cron"),
    kept("diagnostics"),
    kept("hooks"),
    kept("identity"),
    kept("mcp"),
    kept("media"),
    kept("memory"),
    kept("messages"),
    kept("models"),
    kept("plugins"),
    kept("routing"),
    kept("secrets"),
    kept("session"),
    kept("skills"),
    kept("talk"),
    kept("update"),
    kept("web"),
];
