//! Table: the command lines of the requirements from top to bottom, as they stand there, with what they promise.

use super::How::{Again, Ends, GoesOn, IfInstalled, NotOurs, Opens, Typed, Watched};
use super::Step::{Line, Scene, Section};
use super::Where::{Gateway, Laptop};
use super::{Step, scenes};

/// "Select Gateway, Auth, Token, Generate."
const GENERATE: super::How = Typed(&[
    ("Where will the Gateway run?", "\r"),
    ("What to change?", "\r"),
    ("What to set?", "\r"),
    ("Gateway auth", "\r"),
    ("Gateway token", "\u{1b}[B\r"),
    // With something set, Done is what Enter takes.
    ("What to set?", "\r"),
    ("What to change?", "\r"),
]);

/// Chapter by chapter.
pub(super) const DOCUMENT: &[&[Step]] = &[
    SSH_TUNNELS,
    TAILSCALE,
    LAN,
    TAILNET,
    REMOTE_MODE,
    CONTROL_UI,
    SECURITY,
    NOT_REACHABLE,
    TUNNEL_ISSUES,
    SERVE_ISSUES,
    PAGE_ISSUES,
    INSTANCES,
    MANAGEMENT,
    DISCOVERY,
];

const SSH_TUNNELS: &[Step] = &[
    Section("SSH Tunnels"),
    Line(
        Gateway,
        "openclaw gateway --bind loopback --port 18789",
        GoesOn,
        &["listening on ws://127.0.0.1:18789"],
    ),
    Line(
        Laptop,
        "ssh -N -L 18789:127.0.0.1:18789 user@gateway-host",
        Opens("127.0.0.1:18789"),
        &[],
    ),
    Line(
        Gateway,
        "openclaw config get gateway.auth.token",
        Ends(0),
        &[],
    ),
    Scene(scenes::token_is_carried),
    Line(
        Laptop,
        "openclaw dashboard",
        Typed(&[]),
        &["http://127.0.0.1:18789/", "#token="],
    ),
    Line(
        Laptop,
        "openclaw status",
        Ends(0),
        &["OpenClaw status: up", "RPC probe: ok"],
    ),
    Line(Laptop, "openclaw health", Ends(0), &["OpenClaw health: up"]),
    Section("Persistent tunnel (systemd example)"),
    Scene(scenes::tunnel_unit),
    Line(
        Laptop,
        "systemctl --user enable openclaw-tunnel.service",
        Ends(0),
        &[],
    ),
    Line(
        Laptop,
        "systemctl --user start openclaw-tunnel.service",
        Ends(0),
        &[],
    ),
    Scene(scenes::tunnel_unit_carries),
    Scene(scenes::fresh),
];

const TAILSCALE: &[Step] = &[
    Section("Tailscale Serve and Funnel"),
    Scene(scenes::serve_config),
    Line(
        Gateway,
        "openclaw gateway --bind loopback --tailscale serve",
        GoesOn,
        &["tailscale: serve enabled: https://gateway-host.your-tailnet.ts.net/"],
    ),
    Line(
        Laptop,
        "open https://gateway-host.your-tailnet.ts.net/",
        NotOurs("a browser; the page is fetched instead"),
        &[],
    ),
    Scene(scenes::page_over_https),
    Line(Gateway, "tailscale status", Ends(0), &["100.64.1.42"]),
    Line(
        Laptop,
        "openclaw gateway probe --url wss://gateway-host.your-tailnet.ts.net",
        Ends(1),
        &["URL (explicit) wss://gateway-host.your-tailnet.ts.net"],
    ),
    Scene(scenes::probe_over_https),
    Scene(scenes::route_is_taken_back),
    Section("Tailscale Funnel (Public Internet)"),
    Scene(scenes::funnel_config),
    Line(
        Gateway,
        "openclaw gateway --tailscale funnel",
        GoesOn,
        &["tailscale: funnel enabled: https://gateway-host.your-tailnet.ts.net/"],
    ),
    Scene(scenes::fresh),
];

const LAN: &[Step] = &[
    Section("LAN Binding"),
    Scene(scenes::lan_config),
    Line(Gateway, "openssl rand -hex 32", IfInstalled, &[]),
    Scene(scenes::is_hex),
    Line(
        Gateway,
        "openclaw configure",
        GENERATE,
        &["Settings written"],
    ),
    Scene(scenes::token_is_generated),
    Line(
        Gateway,
        "openclaw gateway --bind lan --token \"your-token\"",
        GoesOn,
        &["listening on ws://0.0.0.0:18789"],
    ),
    Section("Client Connection"),
    Scene(scenes::page_on_the_lan),
    Line(
        Laptop,
        "openclaw config set gateway.mode remote",
        Ends(0),
        &["Updated gateway.mode."],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.url \"ws://<gateway-ip>:18789\"",
        Ends(0),
        &["Updated gateway.remote.url."],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.token \"your-token\"",
        Ends(0),
        &["Updated gateway.remote.token."],
    ),
    Line(
        Laptop,
        "openclaw status",
        Ends(0),
        &[
            "RPC probe: failed (reachable, access refused)",
            "approve on the gateway host with: openclaw pairing approve ",
        ],
    ),
    Scene(scenes::laptop_is_approved),
    Line(
        Laptop,
        "openclaw status",
        Ends(0),
        &["remote · ws://192.168.1.5:18789", "RPC probe: ok"],
    ),
    Section("Security Requirements"),
    Scene(scenes::fresh),
    Line(
        Gateway,
        "openclaw gateway --bind lan",
        Ends(78),
        &["refusing to bind to lan without auth"],
    ),
];

const TAILNET: &[Step] = &[
    Section("Tailnet Binding"),
    Scene(scenes::tailnet_config),
    Line(
        Gateway,
        "openclaw gateway --bind tailnet --token \"your-token\"",
        GoesOn,
        &["listening on ws://100.64.1.42:18789"],
    ),
    Line(Gateway, "tailscale ip -4", Ends(0), &["100.64.1.42\n"]),
    Line(
        Laptop,
        "openclaw config set gateway.mode remote",
        Ends(0),
        &[],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.url \"ws://100.64.1.42:18789\"",
        Ends(0),
        &[],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.token \"your-token\"",
        Ends(0),
        &[],
    ),
    Scene(scenes::only_the_tailnet_gets_in),
    Section("Configuration Precedence"),
    Scene(scenes::precedence),
];

const REMOTE_MODE: &[Step] = &[
    Section("Remote Mode Configuration"),
    Scene(scenes::gateway_on_the_lan),
    Line(
        Laptop,
        "openclaw onboard --mode remote",
        Typed(&[
            ("Go on?", "y"),
            ("Look for gateways on the network?", "n"),
            (
                "How does this machine get to know the gateway?",
                "\u{1b}[B\r",
            ),
            ("Gateway WebSocket URL", "ws://gateway-host:18789\r"),
            ("Gateway auth", "\u{1b}[B\r"),
            ("Gateway token", "your-token\r"),
        ]),
        &[
            "Remote gateway: ws://gateway-host:18789",
            "openclaw pairing approve ",
        ],
    ),
    Scene(scenes::remote_is_written),
    Line(
        Laptop,
        "openclaw config set gateway.mode remote",
        Ends(0),
        &[],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.url \"ws://gateway-host:18789\"",
        Ends(0),
        &[],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.token \"your-token\"",
        Ends(0),
        &[],
    ),
    Scene(scenes::laptop_is_approved),
    Line(
        Laptop,
        "openclaw gateway status",
        Ends(0),
        &[
            "Runtime: remote\n",
            "Probe target: ws://gateway-host:18789\n",
            "RPC probe: ok",
        ],
    ),
    Line(
        Laptop,
        "openclaw status",
        Ends(0),
        &["remote · ws://gateway-host:18789", "RPC probe: ok"],
    ),
];

const CONTROL_UI: &[Step] = &[
    Section("Control UI Remote Access"),
    Scene(scenes::fresh),
    Line(
        Gateway,
        "openclaw gateway --bind loopback --tailscale serve",
        GoesOn,
        &["tailscale: serve enabled: https://gateway-host.your-tailnet.ts.net/"],
    ),
    Scene(scenes::page_over_https),
    Line(
        Laptop,
        "ssh -N -L 18789:127.0.0.1:18789 user@gateway-host",
        Opens("127.0.0.1:18789"),
        &[],
    ),
    Scene(scenes::page_through_the_tunnel),
    Scene(scenes::insecure_config),
    Section("Mobile App Remote Access: Pairing Flow"),
    Scene(scenes::laptop_asks),
    Line(
        Gateway,
        "openclaw pairing approve <code>",
        Ends(0),
        &["Approved "],
    ),
    Scene(scenes::laptop_is_in),
];

const SECURITY: &[Step] = &[
    Section("Security Best Practices"),
    Scene(scenes::fresh),
    Line(Gateway, "openssl rand -hex 32", IfInstalled, &[]),
    Scene(scenes::is_hex),
    Scene(scenes::lan_config),
    Line(
        Gateway,
        "openclaw configure",
        GENERATE,
        &["Settings written"],
    ),
    Scene(scenes::token_is_generated),
    Scene(scenes::password_config),
    Line(
        Gateway,
        "iptables -A INPUT -p tcp --dport 18789 -s 192.168.1.0/24 -j ACCEPT",
        NotOurs("the system's firewall"),
        &[],
    ),
    Line(
        Gateway,
        "iptables -A INPUT -p tcp --dport 18789 -j DROP",
        NotOurs("the system's firewall"),
        &[],
    ),
];

const NOT_REACHABLE: &[Step] = &[
    Section("Troubleshooting: Gateway Not Reachable"),
    Line(Gateway, "openclaw status", Ends(0), &["RPC probe: failed"]),
    Scene(scenes::service_on_the_lan),
    Line(
        Gateway,
        "openclaw gateway status",
        Ends(0),
        &[
            "Probe target: ws://127.0.0.1:18789",
            "Config (service): ~/.openclaw/openclaw.json",
            "Runtime: running (pid ",
            "RPC probe: ok",
        ],
    ),
    Line(
        Gateway,
        "ss -ltnp | grep 18789",
        Ends(0),
        &["0.0.0.0:18789", "\"openclaw\""],
    ),
    Line(
        Gateway,
        "lsof -i :18789",
        IfInstalled,
        &["openclaw", "(LISTEN)"],
    ),
    Line(Laptop, "nc -zv gateway-host 18789", IfInstalled, &[]),
    Line(
        Laptop,
        "curl http://gateway-host:18789/",
        Ends(0),
        &["<!doctype html>"],
    ),
    Line(
        Gateway,
        "openclaw logs --follow",
        Watched,
        &["listening on ws://0.0.0.0:18789"],
    ),
    Line(
        Gateway,
        "openclaw config set gateway.bind loopback",
        Ends(0),
        &["Updated gateway.bind."],
    ),
    Line(
        Gateway,
        "openclaw gateway restart",
        Ends(0),
        &["Restarted "],
    ),
    Scene(scenes::only_loopback_is_open),
    Line(
        Gateway,
        "sudo iptables -L -n | grep 18789",
        NotOurs("the system's firewall"),
        &[],
    ),
    Line(
        Gateway,
        "sudo ufw status",
        NotOurs("the system's firewall"),
        &[],
    ),
    Line(
        Gateway,
        "sudo /usr/libexec/ApplicationFirewall/socketfilterfw --getglobalstate",
        NotOurs("the firewall of macOS"),
        &[],
    ),
    Line(
        Gateway,
        "openclaw config get gateway.auth.mode",
        Ends(0),
        &["token\n"],
    ),
    Line(
        Gateway,
        "openclaw config get gateway.auth.token",
        Ends(0),
        &["your-secure-token-here\n"],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.token \"correct-token\"",
        Ends(0),
        &["Updated gateway.remote.token."],
    ),
    Line(
        Laptop,
        "openclaw gateway status",
        Ends(0),
        &["Probe target: ws://127.0.0.1:18789"],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.url \"ws://correct-host:18789\"",
        Ends(0),
        &["Updated gateway.remote.url."],
    ),
];

const TUNNEL_ISSUES: &[Step] = &[
    Section("Troubleshooting: SSH Tunnel Connection Issues"),
    Line(
        Laptop,
        "ssh -N -L 18789:127.0.0.1:18789 \\
    -o ServerAliveInterval=60 \\
    -o ServerAliveCountMax=3 \\
    user@gateway-host",
        Opens("127.0.0.1:18789"),
        &[],
    ),
    Scene(scenes::laptop_ends),
    Line(
        Laptop,
        "sudo apt-get install autossh",
        NotOurs("installs a program of the system"),
        &[],
    ),
    Line(
        Laptop,
        "autossh -M 0 -N -L 18789:127.0.0.1:18789 \\
    -o ServerAliveInterval=60 \\
    -o ServerAliveCountMax=3 \\
    user@gateway-host",
        NotOurs("starts ssh as above"),
        &[],
    ),
    // Both lines that follow are typed on the gateway host, in this session.
    Line(
        Laptop,
        "ssh user@gateway-host",
        Typed(&[
            ("", "openclaw gateway status\r"),
            ("Runtime: running", "openclaw logs --tail 50\r"),
            ("listening on ws://127.0.0.1:18789", "exit\r"),
        ]),
        &["Log file: "],
    ),
    Line(
        Gateway,
        "openclaw gateway status",
        Ends(0),
        &["Runtime: running"],
    ),
    Line(
        Gateway,
        "openclaw logs --tail 50",
        Ends(0),
        &[
            "Log file: /tmp/openclaw/openclaw-",
            "listening on ws://127.0.0.1:18789",
        ],
    ),
    Scene(scenes::service_ends),
];

const SERVE_ISSUES: &[Step] = &[
    Section("Troubleshooting: Tailscale Serve Not Working"),
    Scene(scenes::serve_runs),
    Line(
        Gateway,
        "tailscale status",
        Ends(0),
        &["gateway-host.your-tailnet.ts.net"],
    ),
    Line(
        Gateway,
        "tailscale serve status",
        Ends(0),
        &["https://gateway-host.your-tailnet.ts.net (tailnet only)"],
    ),
    Line(
        Gateway,
        "openclaw config get gateway.tailscale.mode",
        Ends(0),
        &["serve\n"],
    ),
    Line(
        Gateway,
        "openclaw logs --follow | grep -i tailscale",
        Watched,
        &["tailscale: serve enabled: "],
    ),
    Line(
        Gateway,
        "openclaw gateway --bind loopback --tailscale serve --force",
        GoesOn,
        &["tailscale: serve enabled: https://gateway-host.your-tailnet.ts.net/"],
    ),
    Line(
        Gateway,
        "tailscale serve status",
        Ends(0),
        &["https://gateway-host.your-tailnet.ts.net (tailnet only)"],
    ),
    Line(Gateway, "which tailscale", IfInstalled, &["/tailscale\n"]),
    Scene(scenes::fresh),
];

const PAGE_ISSUES: &[Step] = &[
    Section("Troubleshooting: Control UI authentication errors"),
    Line(
        Gateway,
        "openclaw gateway --bind loopback --tailscale serve",
        GoesOn,
        &["tailscale: serve enabled: https://gateway-host.your-tailnet.ts.net/"],
    ),
    Line(
        Gateway,
        "openclaw config get gateway.auth.token",
        Ends(0),
        &[],
    ),
    Scene(scenes::is_hex),
    Scene(scenes::page_over_https),
    Line(
        Laptop,
        "ssh -N -L 18789:127.0.0.1:18789 user@gateway-host",
        Opens("127.0.0.1:18789"),
        &[],
    ),
    Scene(scenes::page_through_the_tunnel),
    Scene(scenes::insecure_config),
    Section("Docker Deployment Networking"),
    Scene(scenes::container),
];

const INSTANCES: &[Step] = &[
    Section("Multiple Gateway Instances"),
    Line(
        Gateway,
        "openclaw --dev gateway",
        GoesOn,
        &["listening on ws://127.0.0.1:19001"],
    ),
    Scene(scenes::dev_is_apart),
    Line(
        Gateway,
        "openclaw --profile main gateway --port 18789",
        GoesOn,
        &["listening on ws://127.0.0.1:18789"],
    ),
    Line(
        Gateway,
        "openclaw --profile rescue gateway --port 18790",
        GoesOn,
        &["listening on ws://127.0.0.1:18790"],
    ),
    Scene(scenes::instances_are_apart),
];

const MANAGEMENT: &[Step] = &[
    Section("Gateway Management"),
    Line(
        Gateway,
        "openclaw gateway install",
        Ends(0),
        &["Installed systemd service: ", "/openclaw-gateway.service"],
    ),
    Line(
        Gateway,
        "openclaw gateway start",
        Ends(0),
        &["openclaw-gateway.service"],
    ),
    Line(
        Gateway,
        "openclaw gateway status",
        Ends(0),
        &["Service: systemd (enabled", "Runtime: running (pid "],
    ),
    Line(
        Gateway,
        "openclaw gateway probe",
        Ends(0),
        &["Reachable: yes", "RPC: ok"],
    ),
    Line(
        Gateway,
        "openclaw health",
        Ends(0),
        &["OpenClaw health: up"],
    ),
    Line(
        Gateway,
        "openclaw gateway stop",
        Ends(0),
        &["Stopped systemd service: openclaw-gateway.service"],
    ),
    Line(
        Gateway,
        "openclaw gateway restart",
        Ends(0),
        &["Restarted "],
    ),
    Scene(scenes::service_ends),
    Line(
        Gateway,
        "openclaw gateway --bind loopback --port 18789",
        GoesOn,
        &["listening on ws://127.0.0.1:18789"],
    ),
    Scene(scenes::gateway_ends),
    Line(
        Gateway,
        "openclaw gateway --bind lan --token \"abc123\"",
        GoesOn,
        &["listening on ws://0.0.0.0:18789"],
    ),
    Scene(scenes::gateway_ends),
    Line(
        Gateway,
        "openclaw gateway --tailscale serve",
        GoesOn,
        &["tailscale: serve enabled: https://gateway-host.your-tailnet.ts.net/"],
    ),
    Scene(scenes::gateway_of_the_summary),
    Section("Remote Mode Configuration"),
    Line(
        Laptop,
        "openclaw config set gateway.mode remote",
        Ends(0),
        &[],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.url \"ws://host:18789\"",
        Ends(0),
        &[],
    ),
    Line(
        Laptop,
        "openclaw config set gateway.remote.token \"token\"",
        Ends(0),
        &[],
    ),
    Scene(scenes::laptop_is_approved),
    Line(
        Laptop,
        "openclaw status",
        Ends(0),
        &["remote · ws://host:18789", "RPC probe: ok"],
    ),
    Line(Laptop, "openclaw health", Ends(0), &["OpenClaw health: up"]),
];

const DISCOVERY: &[Step] = &[
    Section("Discovery and Troubleshooting"),
    Scene(scenes::announced),
    Line(
        Laptop,
        "openclaw gateway discover",
        Again,
        &["Found 1 gateway(s)", "ws://192.168.1.5:18789"],
    ),
    Line(Gateway, "ss -ltnp | grep 18789", Ends(0), &["\"openclaw\""]),
    Line(Gateway, "lsof -i :18789", IfInstalled, &["openclaw"]),
    Line(
        Gateway,
        "openclaw logs --follow",
        Watched,
        &["listening on ws://0.0.0.0:18789"],
    ),
    Line(
        Gateway,
        "tail -f /tmp/openclaw/openclaw-*.log",
        Watched,
        &["listening on ws://0.0.0.0:18789"],
    ),
    Scene(scenes::logs_are_private),
];
