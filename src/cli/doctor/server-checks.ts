// Checks of a running server, by asking it as any client does: once, without trying again, so that what is slow or fails is
// seen. They leave nothing behind.
import packageJson from "../../../package.json" with { type: "json" };
import { ask, askForJson, type Remote } from "../remote.ts";
import { isFault } from "../run-command.ts";
import { checkCertificate } from "./certificate.ts";
import { type Finding, fail, looked, ok, skip, toMs, warn } from "./finding.ts";
import { checkInfo, type InfoJson } from "./info-checks.ts";
import { checkMetrics } from "./metrics-checks.ts";
import { checkEntry, checkWatch } from "./probe-checks.ts";
import type { Clock } from "./store-checks.ts";

export const ANSWER_MS = 5000;
const SKEW_WARN_MS = 1000;
const SKEW_FAIL_MS = 60_000;
const LOOPBACK = /^(?:127\.|\[::1\]|localhost$|.*\.localhost$)/;

export async function checkServer(remote: Remote, clock: Clock): Promise<readonly Finding[]> {
  const reached = await checkReach(remote, clock);
  if (reached.some(({ verdict }) => verdict === "fail")) return [...reached, ...(await whyNotReached(remote, clock))];
  const { info, findings } = await readInfo(remote, clock);
  return [
    ...reached,
    ...(await looked("ready", "Look into the server's log; it says why", () => checkReady(remote))),
    ...(await looked("tls", "Look at --tls-cert and --tls-key of the server", () => checkTransport(remote, clock))),
    ...findings,
    ...(info === null ? [] : checkInfo(info, { isLocal: isLocal(remote), nowMs: clock.nowMs() })),
    ...(await checkEntry(remote, clock)),
    ...(await checkWatch(remote, clock)),
    // Behind what has been written: commits among it.
    ...(await checkMetrics(remote)),
  ];
}

export function isLocal({ url }: Pick<Remote, "url">): boolean {
  return LOOPBACK.test(new URL(url).hostname);
}

async function checkReach(remote: Remote, { tickMs }: Clock): Promise<readonly Finding[]> {
  const cure = "Start it by keyhold serve, or name another by --url or KEYHOLD_URL";
  return looked("reach", cure, async () => {
    const startedAtMs = tickMs();
    const answer = await ask(remote, { method: "GET", target: "/-/healthy", signal: AbortSignal.timeout(ANSWER_MS) });
    await textOf(answer.parts);
    return ok("reach", `${remote.url} answers, in ${toMs(tickMs() - startedAtMs)}`);
  });
}

/** A certificate that is not trusted keeps everybody out, and has a cure of its own. */
async function whyNotReached({ url }: Remote, { nowMs }: Clock): Promise<readonly Finding[]> {
  if (!url.startsWith("https:")) return [];
  try {
    const finding = await checkCertificate(url, nowMs());
    return finding.verdict === "fail" ? [finding] : [];
  } catch {
    // Nobody is there to show one.
    return [];
  }
}

async function checkReady(remote: Remote): Promise<Finding> {
  await textOf(
    (await ask(remote, { method: "GET", target: "/-/ready", signal: AbortSignal.timeout(ANSWER_MS) })).parts,
  );
  return ok("ready", "the server takes requests");
}

async function checkTransport(remote: Remote, clock: Clock): Promise<Finding> {
  if (remote.url.startsWith("https:")) return checkCertificate(remote.url, clock.nowMs());
  if (isLocal(remote)) return ok("tls", "no TLS, and none is needed within this machine");
  return warn(
    "tls",
    "values and tokens go over the network as they are",
    "Serve with --tls-cert and --tls-key, or put a proxy with TLS before it",
  );
}

/** What the server says of itself, where the token has leave to ask; and what the asking has shown. */
async function readInfo(
  remote: Remote,
  { nowMs }: Clock,
): Promise<{ readonly info: InfoJson | null; readonly findings: readonly Finding[] }> {
  const sentAtMs = nowMs();
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const info = await askForJson<InfoJson>(remote, { method: "GET", target: "/-/info", signal });
    const middleMs = (sentAtMs + nowMs()) / 2;
    const token =
      remote.token === null
        ? ok("token", "the server asks for no token")
        : ok("token", "the token is valid, and has the scope admin");
    return { info, findings: [token, checkVersion(info.version), checkClock(Date.parse(info.now) - middleMs)] };
  } catch (error) {
    return { info: null, findings: [describeRefusal(error, remote)] };
  }
}

function describeRefusal(error: unknown, { token }: Remote): Finding {
  const code = isFault(error) ? error.code : "";
  const detail = error instanceof Error && isFault(error) ? error.detail : String(error);
  if (code === "forbidden") {
    return skip(
      "token",
      "the token is valid, without the scope admin: version, clock, durability and backups are not looked at",
      "To have them looked at, give one with --scope admin",
    );
  }
  if (code === "unauthenticated") {
    const cure =
      token === null
        ? "Give a token by --token-file or KEYHOLD_TOKEN"
        : "Make another by keyhold token create; keyhold token list shows what has become of this one";
    return fail("token", detail, cure);
  }
  return fail("info", detail, "Is it a Keyhold? --url names another");
}

function checkVersion(version: string): Finding {
  const own = packageJson.version;
  return version === own
    ? ok("version", `server and command are of version ${own}`)
    : warn("version", `the server is of version ${version}, this command of ${own}`, "Bring both to the same version");
}

function checkClock(skewMs: number): Finding {
  const apart = Math.abs(skewMs);
  const detail = `the server's clock is ${apart < 1 ? 0 : Math.round(apart)} ms ${skewMs < 0 ? "behind" : "ahead of"} this machine's`;
  const cure = "Have both clocks set by NTP (timedatectl, chrony): instants of expiry are those of the server's";
  if (apart >= SKEW_FAIL_MS) return fail("clock", detail, cure);
  return apart >= SKEW_WARN_MS ? warn("clock", detail, cure) : ok("clock", detail);
}

export async function textOf(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all).toString();
}
