// Rows of the table in commands.ts: what serves, what looks after a server, and what is about the command itself.
import type { CommandRow } from "./command.ts";

export const SERVER_COMMANDS: readonly CommandRow[] = [
  {
    name: "serve",
    aliases: [],
    group: "Server",
    summary: "Serve a store over HTTP until a signal ends it",
    examples: [
      ["keyhold serve", "port 3000 of this machine alone, the store in ./keyhold-data"],
      ["keyhold serve --port 5000 --store ./data", ""],
      ["keyhold serve --store memory: --wide", "nothing is kept; keys of any form at the short path"],
    ],
    load: async () => (await import("./serve-command.ts")).SERVE,
  },
  {
    name: "config",
    aliases: [],
    group: "Server",
    summary: "Print the value of every option of serve, and where it comes from",
    examples: [
      ["keyhold config", ""],
      ["keyhold config --config keyhold.toml --json", ""],
    ],
    load: async () => (await import("./serve-command.ts")).CONFIG,
  },
  {
    name: "health",
    aliases: [],
    group: "Server",
    summary: "Ask a running server whether it is ready: exits 0 if it is, else 1",
    examples: [
      ["keyhold health", "for probes"],
      ["keyhold health --url http://127.0.0.1:5000 --timeout 500ms", ""],
    ],
    load: async () => (await import("./health.ts")).HEALTH,
  },
  {
    name: "info",
    aliases: [],
    group: "Server",
    summary: "Show a running server's version, store, promises and limits",
    examples: [
      ["keyhold info", ""],
      ["keyhold info --json", "as the server says it"],
    ],
    load: async () => (await import("./info.ts")).INFO,
  },
  {
    name: "doctor",
    aliases: [],
    group: "Server",
    summary: "Check a server or a store, and say what to do about what is not well",
    examples: [
      ["keyhold doctor", "the server of KEYHOLD_URL, else of port 3000"],
      ["keyhold doctor --store ./keyhold-data", "a store of this machine, and its disk"],
      ["keyhold doctor --json", "for programs; exit code 1 where a check failed"],
    ],
    load: async () => (await import("./doctor.ts")).DOCTOR,
  },
  {
    name: "token create",
    aliases: [],
    group: "Server",
    summary: "Make an access token, and print its secret, this once",
    examples: [
      ["keyhold token create --name admin --scope all", "in the store of the configuration"],
      ["keyhold token create --name ci --scope read,write --prefix ci/ --expires-in 90d", "for some keys, for a while"],
      [
        "TOKEN=$(keyhold token create --name backup --scope admin --url http://127.0.0.1:3000 --token-file admin.token)",
        "at a running server",
      ],
    ],
    load: async () => (await import("./token.ts")).TOKEN_CREATE,
  },
  {
    name: "token list",
    aliases: [],
    group: "Server",
    summary: "List access tokens, without their secrets",
    examples: [
      ["keyhold token list", ""],
      ["keyhold token list --json --url http://127.0.0.1:3000 --token-file admin.token", ""],
    ],
    load: async () => (await import("./token.ts")).TOKEN_LIST,
  },
  {
    name: "token revoke",
    aliases: [],
    group: "Server",
    summary: "Revoke an access token for good",
    examples: [["keyhold token revoke tk_3f9k2m1x8q0a", ""]],
    load: async () => (await import("./token.ts")).TOKEN_REVOKE,
  },
  {
    name: "bench",
    aliases: [],
    group: "Server",
    summary: "Measure a running server: requests a second and latencies of named workloads",
    examples: [
      ["keyhold bench", ""],
      ["keyhold bench https://keyhold.example:3000 --token-file bench.token", ""],
      ["keyhold bench --workload get-hot,put-new --connections 64 --duration 10s --keys 1000000", ""],
      ["keyhold bench --value-size 64KiB --json", ""],
    ],
    load: async () => (await import("./bench.ts")).BENCH,
  },
  {
    name: "explain",
    aliases: [],
    group: "This command",
    summary: "Explain the code of a problem, as the server answers it",
    examples: [
      ["keyhold explain precondition-failed", "what it means, and what to do"],
      ["keyhold explain", "all codes"],
    ],
    load: async () => (await import("./explain.ts")).EXPLAIN,
  },
  {
    name: "completion",
    aliases: [],
    group: "This command",
    summary: "Print what makes a shell complete commands, flags and keys",
    examples: [
      ["source <(keyhold completion bash)", "in ~/.bashrc"],
      ["source <(keyhold completion zsh)", "in ~/.zshrc, behind compinit"],
      ["keyhold completion fish > ~/.config/fish/completions/keyhold.fish", ""],
      ["keyhold completion powershell | Out-String | Invoke-Expression", "in $PROFILE"],
    ],
    load: async () => (await import("./completion.ts")).COMPLETION,
  },
];
