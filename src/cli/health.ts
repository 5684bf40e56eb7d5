// `keyhold health`: asks a running server whether it is ready, for images without curl and for probes of service managers.
// Sends no secret, so it does not verify certificates, which hardly ever name the loopback address. Goes to the server
// itself: proxies that the environment names are not used.
import { get as getByHttp } from "node:http";
import { get as getByHttps } from "node:https";
import { type Command, Option } from "commander";
import { duration } from "../config/formats.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/options.ts";
import { KeyholdError } from "../core/errors.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { addJsonFlag, isGiven, readUrlVariable, textFlag } from "./flags.ts";
import type { Host } from "./host.ts";
import { tellFault } from "./run-command.ts";
import { parseServerUrl } from "./server-url.ts";

const READY_PATH = "/-/ready";
/** Of the server's reason, which is a sentence. */
const REASON_CHARACTERS_MAX = 1000;
/** What stands for every address of the machine, and the one of these that is surely its own. */
const LOOPBACK_OF: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

const TIMEOUT = duration({ least: "1ms", most: "5m" });

export interface HealthQuestion {
  /** Scheme, host and port. */
  readonly serverUrl: string;
  /** For the whole answer. */
  readonly timeoutMs: number;
  /** Whether the answer is printed as a document, and not only told by the exit code. */
  readonly isJson: boolean;
}

interface HealthFlags {
  /** Null where none was given. */
  readonly serverUrl: string | null;
  readonly timeoutMs: number;
}

interface Answer {
  readonly status: number;
  readonly reason: string;
}

export const HEALTH: CommandBody = {
  notes: "",
  declareFlags(command) {
    const url =
      "The server (KEYHOLD_URL); without it, where one with the KEYHOLD_ variables of this environment listens";
    command.addOption(new Option("--url <URL>", url).helpGroup("Server:"));
    command.addOption(
      new Option("--timeout <DURATION>", "Time for the whole answer").default("2s").helpGroup("Server:"),
    );
    addJsonFlag(command);
  },
  run: runHealth,
};

async function runHealth({ command, environment, host }: CommandContext): Promise<number> {
  const loaded = loadConfig({ flags: {}, environment, readFile: host.readFile });
  if (loaded.is === "refused") {
    host.writeError(loaded.problems.map((problem) => `keyhold: ${problem}\n`).join(""));
    return EXIT.config;
  }
  try {
    const { serverUrl, timeoutMs } = readHealthFlags(command);
    const url = serverUrl ?? readUrlVariable(environment) ?? loopbackUrl(loaded.config);
    return await health({ serverUrl: url, timeoutMs, isJson: isGiven(command, "json") }, host);
  } catch (error) {
    return tellFault(error, host);
  }
}

/** @throws "invalid-parameter" on a value that is not allowed */
function readHealthFlags(command: Command): HealthFlags {
  const url = textFlag(command, "url");
  const timeout = textFlag(command, "timeout") ?? "";
  const { success, data } = TIMEOUT.schema.safeParse(timeout);
  if (success) return { serverUrl: url === null ? null : parseServerUrl(url), timeoutMs: data };
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use --timeout ${JSON.stringify(timeout)}: expected ${TIMEOUT.allowed}`,
  );
}

/** Resolves with the exit code: says nothing where the server is ready, and else a sentence. */
export async function health({ serverUrl, timeoutMs, isJson }: HealthQuestion, host: Host): Promise<number> {
  const url = new URL(READY_PATH, serverUrl);
  const sentence = await ask(url, timeoutMs).then(
    ({ status, reason }) => (status === 200 ? null : `${url} answered ${status}: ${reason}`),
    (error: unknown) => `Cannot ask ${url}: ${describe(error, timeoutMs)}`,
  );
  const detail = sentence?.replaceAll(/[\s\p{Cc}]+/gu, " ").trimEnd() ?? null;
  if (isJson) host.writeOut(`${JSON.stringify({ url: serverUrl, ready: detail === null, detail })}\n`);
  else if (detail !== null) host.writeError(`keyhold: ${detail}\n`);
  return detail === null ? EXIT.ok : EXIT.failure;
}

/** Where a server of this configuration listens, as seen from its own machine. */
export function loopbackUrl({ host, port, tlsCert }: Pick<Config, "host" | "port" | "tlsCert">): string {
  const address = LOOPBACK_OF[host] ?? host;
  return `${tlsCert === null ? "http" : "https"}://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function ask(url: URL, timeoutMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const get = url.protocol === "https:" ? getByHttps : getByHttp;
  return new Promise((resolve, reject) => {
    const request = get(url, { signal, agent: false, rejectUnauthorized: false }, (response) => {
      let reason = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        reason = (reason + text).slice(0, REASON_CHARACTERS_MAX);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, reason }));
      response.on("error", reject);
    });
    request.on("error", reject);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

function describe(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no whole answer within ${timeoutMs} ms`;
  return error instanceof Error ? error.message : String(error);
}
