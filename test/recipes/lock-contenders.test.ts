// What docs/recipes/lock.md promises, under 32 contenders for one lock with a short time limit: some end without releasing it,
// some stall beyond their limit and go on as if they still held it, and the server is killed once in between. Nobody who is
// late gets a write accepted, and of those who keep to their limit no two hold the lock at a time.
import { expect, test } from "bun:test";
import { pollUntil } from "../support/poll-until.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const CONTENDERS = 32;
const TTL_MS = 250;
const STALL_MS = 2 * TTL_MS;
/** Acquisitions before the server is killed, and after it has come back, at the least. */
const GRANTS_A_PHASE = 15;
const PATIENCE_MS = 25_000;
const ANSWER_MS = 5000;
const TEST_MS = 60_000;
/** What the server calls now is a whole millisecond, up to one before the true instant; and two clocks are compared. */
const CLOCK_SLACK_MS = 3;

const FATES = ["works", "works", "works", "is killed", "stalls"] as const;

test.each(seedsToTry(1, 1))(
  "a lock keeps its holders apart, and its tokens keep out who is late (SEED=%i)",
  async (seed) => {
    await withSeed(seed, (random) =>
      withServerProcess(async (server, restart) => {
        const arena = new Arena(server.url);
        const contenders = Array.from({ length: CONTENDERS }, (_, index) => contend(arena, `worker-${index}`, random));
        await untilSome(arena, () => arena.grants.length > GRANTS_A_PHASE);
        server.kill("SIGKILL");
        await server.exited;
        const grantsBefore = arena.grants.length;
        await restart(server);
        await untilSome(arena, () => arena.grants.length > grantsBefore + GRANTS_A_PHASE && wasFoughtFor(arena));
        arena.isOver = true;
        await Promise.all(contenders);
        expectOneHolderAtATime(arena);
        expectTokensInOrder(arena);
        expectTransactionsUnderTheLock(arena);
      }),
    );
  },
  TEST_MS,
);

/** One acquisition, as its holder knows of it. */
interface Grant {
  readonly holder: string;
  readonly token: number;
  readonly tag: string;
  /** When it was asked for, and when the answer was there. */
  readonly sentAt: number;
  readonly from: number;
  /** From when on the holder must not take itself for one: its limit since before the request, or when it let go. */
  until: number;
}

interface Write {
  readonly holder: string;
  readonly token: number;
  readonly isAccepted: boolean;
}

/** What all contenders share, and what has happened there. */
class Arena {
  isOver = false;
  readonly url: string;
  readonly grants: Grant[] = [];
  /** What the resource was sent, in its order. */
  readonly writes: Write[] = [];
  readonly transactions: { readonly token: number; readonly revision: number | null }[] = [];
  #highest = 0;

  constructor(url: string) {
    this.url = url;
  }

  /** The resource that is guarded, as the recipe has it: it refuses a token lower than one that it has seen. */
  write({ holder, token }: Pick<Grant, "holder" | "token">): void {
    const isAccepted = token >= this.#highest;
    if (isAccepted) this.#highest = token;
    this.writes.push({ holder, token, isAccepted });
  }

  /** An answer, or null where there was none: the server may be away. */
  async ask(path: string, init: RequestInit = {}): Promise<Response | null> {
    try {
      const answer = await fetch(`${this.url}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
      await answer.clone().arrayBuffer();
      return answer;
    } catch {
      await Bun.sleep(20);
      return null;
    }
  }
}

async function contend(arena: Arena, holder: string, random: SeededRandom): Promise<void> {
  while (!arena.isOver) {
    const grant = await acquire(arena, holder);
    if (grant === null) {
      await waitForChange(arena);
      continue;
    }
    const fate = random.pick(FATES);
    for (let writes = 1 + random.below(3); writes > 0; writes--) {
      arena.write(grant);
      await writeUnderTheLock(arena, grant);
    }
    if (fate === "works") await workOn(arena, grant, random);
    if (fate === "stalls") await goOnTooLate(arena, grant);
    // A killed one is another from here on, and the lock ends by itself.
  }
}

async function acquire(arena: Arena, holder: string): Promise<Grant | null> {
  const sentAt = performance.now();
  const answer = await arena.ask(`/lock?expire_in=${TTL_MS / 1000}`, {
    method: "PUT",
    headers: { "If-None-Match": "*" },
    body: holder,
  });
  if (answer?.status !== 201) return null;
  const grant = {
    holder,
    token: Number(answer.headers.get("Revision")),
    tag: answer.headers.get("ETag") ?? "",
    sentAt,
    from: performance.now(),
    until: sentAt + TTL_MS,
  };
  arena.grants.push(grant);
  return grant;
}

async function waitForChange(arena: Arena): Promise<void> {
  const standing = await arena.ask("/lock", { method: "HEAD" });
  const tag = standing?.headers.get("ETag");
  if (typeof tag === "string") await arena.ask("/lock?wait=0.5", { headers: { "If-None-Match": tag } });
}

/** Renews, writes while it may, and releases. */
async function workOn(arena: Arena, grant: Grant, random: SeededRandom): Promise<void> {
  const headers = { "If-Match": grant.tag };
  for (let renewals = random.below(3); renewals > 0; renewals--) {
    await Bun.sleep(random.below(TTL_MS / 2));
    const sentAt = performance.now();
    const body = new URLSearchParams({ expire_in: String(TTL_MS / 1000) });
    const answer = await arena.ask("/lock", { method: "PATCH", headers, body });
    if (answer?.status !== 204) return;
    grant.until = sentAt + TTL_MS;
    arena.write(grant);
  }
  grant.until = Math.min(grant.until, performance.now());
  await arena.ask("/lock", { method: "DELETE", headers });
}

async function goOnTooLate(arena: Arena, grant: Grant): Promise<void> {
  await Bun.sleep(STALL_MS);
  arena.write(grant);
  await writeUnderTheLock(arena, grant);
  // It would renew or release, and must not do so to what is somebody else's now.
  const headers = { "If-Match": grant.tag };
  await arena.ask("/lock", { method: "PATCH", headers, body: new URLSearchParams({ expire_in: "60" }) });
  await arena.ask("/lock", { method: "DELETE", headers });
}

/** The variant for what stands in Keyhold itself: the write checks the lock in its own commit. */
async function writeUnderTheLock(arena: Arena, { holder, token }: Grant): Promise<void> {
  const answer = await arena.ask("/-/txn", {
    method: "POST",
    body: JSON.stringify({
      checks: [{ key: "lock", revision: token }],
      ops: [{ put: { key: "report", value: holder } }],
    }),
  });
  if (answer === null) return;
  expect([200, 409]).toContain(answer.status);
  const revision = answer.status === 200 ? Number(answer.headers.get("Revision")) : null;
  arena.transactions.push({ token, revision });
}

async function untilSome({ grants, writes, transactions }: Arena, holds: () => boolean): Promise<void> {
  await pollUntil(async () => holds(), {
    ms: PATIENCE_MS,
    what: () =>
      `Too little happened: ${grants.length} grants, ${writes.length} writes, ${transactions.length} transactions`,
  });
}

/** Of a lock that nobody fought for all the rest would hold, too. */
function wasFoughtFor({ grants, writes, transactions }: Arena): boolean {
  return (
    new Set(grants.map(({ holder }) => holder)).size > CONTENDERS / 4 &&
    writes.some(({ isAccepted }) => !isAccepted) &&
    transactions.some(({ revision }) => revision === null) &&
    transactions.some(({ revision }) => revision !== null)
  );
}

function expectOneHolderAtATime({ grants }: Arena): void {
  const inOrder = grants.toSorted((a, b) => a.token - b.token);
  const overlaps = inOrder.filter(({ from }, index) => {
    const before = inOrder[index - 1];
    return before !== undefined && from + CLOCK_SLACK_MS < before.until;
  });
  expect(overlaps).toEqual([]);
}

/** No token has two holders, a later acquisition has a greater one, and what is accepted never goes back. */
function expectTokensInOrder({ grants, writes }: Arena): void {
  const tokens = grants.map(({ token }) => token);
  expect(new Set(tokens).size).toBe(tokens.length);
  const backward = grants.filter((later) =>
    grants.some((earlier) => earlier.from < later.sentAt && earlier.token > later.token),
  );
  expect(backward).toEqual([]);
  const accepted = writes.filter(({ isAccepted }) => isAccepted);
  expect(accepted.map(({ token }) => token)).toEqual(accepted.map(({ token }) => token).toSorted((a, b) => a - b));
  const holders = Map.groupBy(accepted, ({ token }) => token);
  expect([...holders.values()].filter((group) => new Set(group.map(({ holder }) => holder)).size > 1)).toEqual([]);
}

/** Between an acquisition and a write that was committed under it, nobody else has acquired the lock. */
function expectTransactionsUnderTheLock({ grants, transactions }: Arena): void {
  const committed = transactions.flatMap(({ token, revision }) => (revision === null ? [] : [{ token, revision }]));
  const wrong = committed.filter((write) => grants.some(({ token }) => token > write.token && token < write.revision));
  expect(wrong).toEqual([]);
}
