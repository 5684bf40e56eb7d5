// A server as the commands on entries ask it: through the client, within --timeout, until a signal. Every fault becomes a
// sentence with what to do about it.
import type { Keyhold } from "../client/keyhold.ts";
import { KeyholdError } from "../core/errors.ts";
import type { CommandContext } from "./command.ts";
import { durationFlag, readServerUrl, readToken, textFlag } from "./flags.ts";
import { isFault, runCommand, ServerAway } from "./run-command.ts";

export interface Asking {
  readonly client: Keyhold;
  /** Aborts when the time is up, or somebody asks for the end. */
  readonly signal: AbortSignal;
  /** Without a slash at the end. */
  readonly url: string;
}

/** Time for one try, of a request whose command has no bound. */
const TRY_MS = 30_000;

/** Resolves with the exit code of `work`, or of the fault that it ended in. */
export function withServer(context: CommandContext, work: (asking: Asking) => Promise<number>): Promise<number> {
  return runCommand(context.host, async (signal) => {
    const timeoutMs = durationFlag(context.command, "--timeout");
    const url = readServerUrl(context);
    const client = await openClient(context, { url, timeoutMs: timeoutMs ?? TRY_MS });
    const limit = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
    const bounded = limit === null ? signal : AbortSignal.any([signal, limit]);
    try {
      return await work({ client, signal: bounded, url });
    } catch (error) {
      signal.throwIfAborted();
      if (limit?.aborted && !isOurs(error)) {
        throw new ServerAway(`${url} did not answer within ${textFlag(context.command, "timeout")}`, { cause: error });
      }
      throw withCure(error, url);
    }
  });
}

/** A streamed answer, part by part. @throws ServerAway where it breaks off, which is never its end */
export async function* partsOf(answer: Response, { signal, url }: Asking): AsyncGenerator<Uint8Array> {
  try {
    for await (const part of answer.body ?? []) yield part;
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerAway(`The answer of ${url} broke off: ${why}; what was printed is not all`, { cause: error });
  }
}

async function openClient(
  context: CommandContext,
  { url, timeoutMs }: { readonly url: string; readonly timeoutMs: number },
): Promise<Keyhold> {
  const token = readToken(context);
  // Loaded here and not above: help and mistakes are answered without it.
  const { Keyhold: Client } = await import("../client/keyhold.ts");
  return new Client(url, { timeoutMs, idempotencyKeys: true, ...(token !== null && { token }) });
}

/** A sentence of this process's own, which is more to the point than that the time is up. */
function isOurs(error: unknown): boolean {
  return error instanceof KeyholdError;
}

/** The same fault, where it can be said what to do: as a sentence of ours. */
export function withCure(error: unknown, url: string): unknown {
  if (!isFault(error) || isOurs(error)) return error;
  switch (error.code) {
    case "unreachable": {
      const cure = isDistrust(error.cause)
        ? "NODE_EXTRA_CA_CERTS=FILE names what else is to be trusted"
        : "is a server running there? --url or KEYHOLD_URL names another";
      return new ServerAway(`${error.detail}; ${cure}`, { cause: error });
    }
    case "timeout":
      return new ServerAway(error.detail, { cause: error });
    case "unauthenticated":
      return new KeyholdError(
        "unauthenticated",
        `${url} answered 401: ${error.detail}; give a token by --token-file or KEYHOLD_TOKEN`,
        {},
        { cause: error },
      );
    default:
      return error;
  }
}

/** Whether it is the certificate: by the codes of OpenSSL and Node, such as DEPTH_ZERO_SELF_SIGNED_CERT. */
function isDistrust(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    "code" in cause &&
    typeof cause.code === "string" &&
    /CERT|UNABLE_TO_VERIFY/.test(cause.code)
  );
}
