// `keyhold lock KEY -- COMMAND`: runs a command while holding a lock, on however many machines. The lock is an entry that this
// creates, renews while the command runs, and deletes; should this process die, it ends by itself.
//
// 1. The command is started only once the lock is held, and is told its fencing token: the entry's revision.
// 2. It is renewed on the condition that it is still ours, long before its end. Where it is not ours any more, or could not
//    be renewed until its end, the command is ended: somebody else may run by then.
// 3. It is released by its tag, so that another holder's is never deleted; where it was lost, not at all.
// The time of a lease is counted from before its request was sent: the server's may end later, never sooner.
import { hostname } from "node:os";
import { Option } from "commander";
import type { Keyhold } from "../client/keyhold.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { escapeControls, quoteKey } from "./entry-output.ts";
import { EXIT } from "./exit-codes.ts";
import { addQuietFlag, addServerPlaceFlags, durationFlag, isGiven, parseInteger, textFlag } from "./flags.ts";
import type { RunningProgram } from "./host.ts";
import { keepRenewed, type Lease } from "./lease.ts";
import { isFault, Stopped } from "./run-command.ts";
import { withServer } from "./server.ts";

export const LOCK: CommandBody = {
  notes: `
Ends with the exit code of COMMAND. COMMAND finds the key in KEYHOLD_LOCK_KEY and its fencing token, a number that only
grows, in KEYHOLD_LOCK_REVISION: whatever it writes to can refuse lower ones. Where the lock is lost (it was deleted, or
the server could not be reached until its end), COMMAND is sent SIGTERM, ten seconds later SIGKILL, and the exit code is
--conflict-exit-code. SIGINT and SIGTERM are passed on to COMMAND.`,
  declareFlags(command) {
    command.argument("<KEY>", "Of the lock").argument("<COMMAND...>", "What to run, behind --");
    const add = (flags: string, text: string) => new Option(flags, text).helpGroup("Lock:");
    command
      .addOption(add("--ttl <DURATION>", "It ends so long after its last renewal").default("30s"))
      .addOption(add("--wait <DURATION>", "For so long at most; 0s not at all (default: until it is free)"))
      .addOption(add("--value <TEXT>", "What the entry says (default: this machine and process)"))
      .addOption(add("--conflict-exit-code <NUMBER>", "Where it is held, or was lost").default(String(EXIT.conflict)));
    addQuietFlag(command);
    addServerPlaceFlags(command);
  },
  run,
};

const TTL_LEAST_MS = 1000;
const KILL_AFTER_MS = 10_000;
const RELEASE_MS = 10_000;

function run(context: CommandContext): Promise<number> {
  const { command, host } = context;
  return withServer(context, async ({ client, signal }) => {
    const [key = ""] = command.args;
    const ttlMs = durationFlag(command, "--ttl", TTL_LEAST_MS) ?? 0;
    const conflictCode = parseInteger(textFlag(command, "conflictExitCode") ?? "", "--conflict-exit-code");
    const waitMs = durationFlag(command, "--wait", 0);
    const tell = (sentence: string) => {
      if (!isGiven(command, "quiet")) host.writeError(`keyhold: ${sentence}\n`);
    };
    const untilMs = waitMs === null ? null : host.nowMs() + waitMs;
    const lease = await acquire({ client, key, ttlMs, untilMs, signal, tell }, context);
    if (lease === null) {
      tell(`The lock ${quoteKey(key)} is held by somebody else`);
      return conflictCode;
    }
    let isLost = false;
    try {
      const code = await hold({ client, lease, signal }, context);
      if (code !== null) return code;
      isLost = true;
    } finally {
      // A server that is away would be waited for, and has nothing left to release.
      if (!isLost) await release(client, lease, tell);
    }
    tell(`The lock ${quoteKey(key)} was lost, and the command ended`);
    return conflictCode;
  });
}

interface Wanted {
  readonly client: Keyhold;
  readonly key: string;
  readonly ttlMs: number;
  /** Null to wait for as long as it takes. */
  readonly untilMs: number | null;
  readonly signal: AbortSignal;
  readonly tell: (sentence: string) => void;
}

/** Null where it is not free in time. */
async function acquire(wanted: Wanted, { command, host }: CommandContext): Promise<Lease | null> {
  const { client, key, ttlMs, untilMs, signal, tell } = wanted;
  const value = textFlag(command, "value") ?? `${hostname()}, process ${process.pid}`;
  let isTold = false;
  for (;;) {
    const sentAtMs = host.nowMs();
    const written = await client.create(key, value, { ttlMs, signal });
    if (written !== null) {
      const { etag, revision } = written;
      return { key, etag, revision, ttlMs, endsAtMs: sentAtMs + ttlMs };
    }
    const leftMs = untilMs === null ? null : untilMs - host.nowMs();
    if (leftMs !== null && leftMs <= 0) return null;
    const standing = await client.get(key, { signal });
    if (standing === null) continue;
    const holder = escapeControls(JSON.stringify(standing.text().slice(0, 100)));
    if (!isTold) tell(`Waiting for the lock ${quoteKey(key)}, held by ${holder}`);
    isTold = true;
    try {
      await client.waitFor(key, { etag: standing.etag, ...(leftMs !== null && { timeoutMs: leftMs }), signal });
    } catch (error) {
      if (!isFault(error) || error.code !== "timeout") throw error;
    }
  }
}

/** Runs the command and keeps the lease meanwhile. The command's exit code; null where the lease was lost. */
async function hold(
  { client, lease, signal }: { readonly client: Keyhold; readonly lease: Lease; readonly signal: AbortSignal },
  { command, environment, host }: CommandContext,
): Promise<number | null> {
  const ended = new AbortController();
  const program = host.start({
    command: command.args.slice(1),
    environment: { ...environment, KEYHOLD_LOCK_KEY: lease.key, KEYHOLD_LOCK_REVISION: String(lease.revision) },
    input: null,
  });
  const pass = () => passOn(signal.reason, program, host.isInputTerminal);
  signal.addEventListener("abort", pass);
  if (signal.aborted) pass();
  const lost = keepRenewed(client, lease, { host, signal: ended.signal });
  const code = await Promise.race([program.exited, lost.then((end) => (end === "lost" ? null : program.exited))]);
  if (code !== null) {
    ended.abort();
    await lost;
    return code;
  }
  program.kill("SIGTERM");
  const killing = host.rest(KILL_AFTER_MS, ended.signal).then(() => {
    if (!ended.signal.aborted) program.kill("SIGKILL");
  });
  await program.exited;
  ended.abort();
  await killing;
  return null;
}

/** A terminal signals the command at Ctrl-C by itself. */
function passOn(reason: unknown, program: RunningProgram, isInputTerminal: boolean): void {
  if (!(reason instanceof Stopped)) return;
  if (reason.exitCode === EXIT.terminated) program.kill("SIGTERM");
  else if (!isInputTerminal) program.kill("SIGINT");
}

/** A lock that cannot be released ends by itself, and is told of. */
async function release(client: Keyhold, { key, etag, ttlMs }: Lease, tell: Wanted["tell"]): Promise<void> {
  try {
    await client.delete(key, { ifMatch: etag, signal: AbortSignal.timeout(RELEASE_MS) });
  } catch (error) {
    if (isFault(error) && error.code === "precondition-failed") return;
    const why = isFault(error) ? error.detail : String(error);
    tell(`The lock ${quoteKey(key)} was not released, and ends within ${Math.ceil(ttlMs / 1000)} s: ${why}`);
  }
}
