// `keyhold copy FROM TO`: moves a store, between engines or machines, and says by reading both sides whether they hold the
// same. The parts stand in copy/; this file says what comes after what.
import { type Command, Option } from "commander";
import { duration } from "../config/formats.ts";
import { KeyholdError } from "../core/errors.ts";
import { CONFLICT_POLICIES, type ConflictPolicy } from "../service/transfer.ts";
import type { Cursor } from "../store/store.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { declareConfigFlag, declareOption, declareStoreAccessFlags } from "./config-flags.ts";
import { carryTokens } from "./copy/carry-tokens.ts";
import { type CompareTerms, compare } from "./copy/compare.ts";
import { type CopyCounts, copyEntries, NOTHING_COPIED } from "./copy/copier.ts";
import { type CopyPlace, forgetCopyPlace, keepCopyPlace, readCopyPlace, requireSameCopy } from "./copy/copy-place.ts";
import { catchUp, requireLog } from "./copy/follower.ts";
import {
  openReadSide,
  openWriteSide,
  readSidePlace,
  requireUsed,
  type SideName,
  type SidePlace,
} from "./copy/open-sides.ts";
import { type CopyReport, tellReport } from "./copy/report.ts";
import type { ReadSide, WriteSide } from "./copy/side.ts";
import { addOutputFlags, isGiven, textFlag, toldTo } from "./flags.ts";
import type { Host } from "./host.ts";
import { makeProgress } from "./progress.ts";
import { runCommand, withHint } from "./run-command.ts";

/** How often the change log is looked at once everything has been applied. */
const LOOK_INTERVAL_MS = 200;
const IDLE = duration({ least: "1s", most: "1d" });

interface CopyFlags {
  readonly policy: ConflictPolicy;
  readonly isIntoExisting: boolean;
  readonly carriesTokens: boolean;
  readonly follows: boolean;
  /** Null to follow until a signal. */
  readonly idleMs: number | null;
  /** The file that says how far the copy has come; null for none. */
  readonly placeFile: string | null;
}

/** What a copy works with. */
interface Work {
  readonly host: Host;
  readonly source: ReadSide;
  readonly target: WriteSide;
  readonly flags: CopyFlags;
  readonly signal: AbortSignal;
}

const COPY_NOTE = `
FROM may be served meanwhile. What is written to it while it is copied may be missed, and the comparison at the end
says so, by exit code 65; stop the writes, or give --follow. TO must be empty, or --into-existing be given.
The options of the store hold for the sides on Valkey; a side whose URL names user or password has those.`;

export const COPY: CommandBody = { notes: COPY_NOTE, declareFlags: declareCopy, run: runCopy };

function declareCopy(command: Command): void {
  command.argument("<FROM>", "A store as for --store, or the URL of a running server");
  command.argument("<TO>", "Likewise; a directory that is missing is made");
  const add = (flags: string, text: string) => command.addOption(new Option(flags, text).helpGroup("Copy:"));
  add("--verify-only", "Copy nothing: read both sides, and say whether they hold the same");
  add("--into-existing", "TO may hold entries already");
  command.addOption(
    new Option("--on-conflict <POLICY>", "An entry that is there is replaced, stays, or ends the copy")
      .choices(CONFLICT_POLICIES)
      .helpGroup("Copy:"),
  );
  add("--resume <FILE>", "Keep in FILE how far the copy has come, and go on from there if FILE is there");
  add("--follow", "Then apply what is written to FROM meanwhile, until SIGINT or SIGTERM");
  add("--until-idle <DURATION>", "With --follow: until nothing has been written to FROM for so long");
  add("--no-tokens", "Leave access tokens");
  add("--from-token-file <FILE>", "Holds the token for FROM, where that is a server; else KEYHOLD_TOKEN does");
  add("--to-token-file <FILE>", "Holds the token for TO, likewise");
  add("--from-password-file <FILE>", "As --store-password-file, for FROM alone");
  add("--to-password-file <FILE>", "As --store-password-file, for TO alone");
  add("--from-prefix <PREFIX>", "As --store-prefix, for FROM alone");
  add("--to-prefix <PREFIX>", "As --store-prefix, for TO alone");
  addOutputFlags(command);
  declareStoreAccessFlags(command);
  declareOption(command, "partitions");
  declareOption(command, "promise");
  declareConfigFlag(command);
}

function runCopy(context: CommandContext): Promise<number> {
  const { command } = context;
  const host = toldTo(context);
  return runCommand(context.host, async (signal) => {
    const isVerifyOnly = isGiven(command, "verifyOnly");
    const flags = readFlags(command, isVerifyOnly);
    const places = { FROM: readSidePlace(context, "FROM"), TO: readSidePlace(context, "TO") };
    requireUsed(context, places);
    const isJson = isGiven(command, "json");
    return withSides(places, { context, signal, isVerifyOnly, follows: flags.follows }, async (sides) => {
      const startedAtMs = host.nowMs();
      const done =
        "writable" in sides
          ? await copy({ host, source: sides.source, target: sides.writable, flags, signal })
          : { comparison: await verify(sides, { host, signal, passesOverExtra: false }), copied: null, tokens: null };
      const report: CopyReport = {
        ...done,
        from: sides.source.name,
        to: sides.target.name,
        seconds: (host.nowMs() - startedAtMs) / 1000,
        keepsStanding: flags.policy === "skip",
      };
      return tellReport(report, { host, isJson });
    });
  });
}

type Done = Pick<CopyReport, "comparison" | "copied" | "tokens">;

async function copy(work: Work): Promise<Done> {
  const { host, source, target, flags, signal } = work;
  const begun = await begin(work);
  const tokens = flags.carriesTokens ? await carryTokens(source, target) : null;
  if (flags.carriesTokens && tokens === null) {
    host.writeError("keyhold: Access tokens are left: a server gives none out, and takes none\n");
  }
  if (source.mayBeWritten && !flags.follows) {
    host.writeError(
      "keyhold: copy: what is written to FROM from now on may be missed; --follow of a store applies it\n",
    );
  }
  const keep = (place: CopyPlace) => {
    if (flags.placeFile !== null) keepCopyPlace(flags.placeFile, place);
  };
  let place = begun;
  keep(place);
  try {
    if (!place.isWhole) {
      const counts = await copyAll(work, place, (next) => {
        place = { ...place, ...next };
        keep(place);
      });
      place = { ...place, counts, isWhole: true };
      keep(place);
    }
    if (place.cursor !== null) {
      place = { ...place, cursor: await follow(work, place.cursor, (cursor) => keep({ ...place, cursor })) };
    }
    const carriedAgain = flags.carriesTokens ? await carryTokens(source, target) : null;
    const stop = flags.follows ? new AbortController().signal : signal;
    const comparison = await verify({ source, target }, { host, signal: stop, passesOverExtra: flags.isIntoExisting });
    if (flags.placeFile !== null) forgetCopyPlace(flags.placeFile);
    return { comparison, copied: place.counts, tokens: carriedAgain };
  } catch (error) {
    throw withHint(error, hintOf(flags, place.counts));
  }
}

/** Where it goes on, or begins. @throws "unavailable" where TO is not empty, or is FROM */
async function begin({ source, target, flags }: Work): Promise<CopyPlace> {
  if (source.incarnation === target.incarnation) {
    throw new KeyholdError("unavailable", `Cannot copy: ${source.name} and ${target.name} are the same store`);
  }
  const cursor = flags.follows ? await requireLog(source).latestCursor() : null;
  const begun: CopyPlace = {
    source: source.incarnation,
    target: target.incarnation,
    policy: flags.policy,
    after: null,
    isWhole: false,
    cursor,
    counts: NOTHING_COPIED,
  };
  const kept = flags.placeFile === null ? null : readCopyPlace(flags.placeFile);
  if (kept !== null) {
    requireSameCopy(kept, begun);
    return flags.follows ? kept : { ...kept, cursor: null };
  }
  if (!flags.isIntoExisting) await requireEmpty(target);
  return begun;
}

async function requireEmpty(target: ReadSide): Promise<void> {
  for await (const page of target.pages(null)) {
    if (page.length === 0) continue;
    throw new KeyholdError(
      "unavailable",
      `Cannot copy: ${target.name} holds entries already; give --into-existing to copy into it all the same`,
    );
  }
}

async function copyAll(
  { host, source, target, flags, signal }: Work,
  { after, counts }: CopyPlace,
  onPlace: (place: Pick<CopyPlace, "after" | "counts">) => void,
): Promise<CopyCounts> {
  const total = await source.entriesAbout();
  const progress = makeProgress(host, "copy");
  try {
    return await copyEntries(source, target, {
      policy: flags.policy,
      after,
      counts,
      pause: pauseOf(signal),
      onPlace(place) {
        onPlace(place);
        const { imported, skipped, expired, bytes } = place.counts;
        progress.update({ done: imported + skipped + expired, total, bytes });
      },
    });
  } finally {
    progress.end();
  }
}

/** Until the first signal, or until nothing has come for long enough; what has been written until then is applied. */
async function follow(
  { host, source, target, flags, signal }: Work,
  from: Cursor,
  onPlace: (cursor: Cursor) => void,
): Promise<Cursor> {
  let cursor = from;
  let quietSinceMs = host.nowMs();
  let isTold = false;
  for (;;) {
    const isLast = signal.aborted || (flags.idleMs !== null && host.nowMs() - quietSinceMs >= flags.idleMs);
    const caught = await catchUp(source, target, { from: cursor, onPlace, pause: () => {} });
    cursor = caught.cursor;
    if (caught.changes > 0) quietSinceMs = host.nowMs();
    if (isLast && (signal.aborted || caught.changes === 0)) return cursor;
    if (!isTold && caught.changes === 0) {
      isTold = true;
      host.writeError(
        "keyhold: copy: TO has all that FROM has; stop the writes there, then end this by SIGINT (Ctrl-C)\n",
      );
    }
    await host.rest(LOOK_INTERVAL_MS, signal);
  }
}

async function verify(
  { source, target }: { readonly source: ReadSide; readonly target: ReadSide },
  terms: Pick<CompareTerms, "passesOverExtra"> & { readonly host: Host; readonly signal: AbortSignal },
): Promise<CopyReport["comparison"]> {
  const { host, signal, passesOverExtra } = terms;
  const total = await source.entriesAbout();
  const progress = makeProgress(host, "verify");
  try {
    return await compare(source, target, {
      passesOverExtra,
      pause: pauseOf(signal),
      onProgress: ({ entries, bytes }) => progress.update({ done: entries, total, bytes }),
    });
  } finally {
    progress.end();
  }
}

/** @throws "invalid-parameter" on flags that do not go together */
function readFlags(command: Command, isVerifyOnly: boolean): CopyFlags {
  const refuse = (why: string) => new KeyholdError("invalid-parameter", why);
  const isIntoExisting = isGiven(command, "intoExisting");
  const follows = isGiven(command, "follow");
  const placeFile = textFlag(command, "resume");
  const idle = textFlag(command, "untilIdle");
  const asked = textFlag(command, "onConflict");
  const policy = CONFLICT_POLICIES.find((each) => each === asked) ?? "replace";
  if (isVerifyOnly && (isIntoExisting || follows || placeFile !== null)) {
    throw refuse("Cannot use --verify-only with --into-existing, --follow or --resume: it copies nothing");
  }
  if (asked !== null && !isIntoExisting) throw refuse("Cannot use --on-conflict without --into-existing");
  if (policy === "fail" && placeFile !== null) {
    throw refuse("Cannot use --resume with --on-conflict fail: what has been copied would be in the way of itself");
  }
  if (policy !== "replace" && follows) {
    throw refuse("Cannot use --follow with --on-conflict other than replace: what is written again is to replace");
  }
  if (idle !== null && !follows) throw refuse("Cannot use --until-idle without --follow");
  const idleMs = idle === null ? null : IDLE.schema.safeParse(idle);
  if (idleMs !== null && !idleMs.success) {
    throw refuse(`Cannot use --until-idle ${JSON.stringify(idle)}: expected ${IDLE.allowed}`);
  }
  return {
    policy,
    isIntoExisting,
    carriesTokens: command.getOptionValue("tokens") !== false,
    follows,
    idleMs: idleMs === null ? null : idleMs.data,
    placeFile,
  };
}

type Sides =
  | { readonly source: ReadSide; readonly target: WriteSide; readonly writable: WriteSide }
  | { readonly source: ReadSide; readonly target: ReadSide };

/** Both sides open for the length of `work`. FROM first: where it cannot be read, TO is not touched. */
async function withSides<T>(
  places: Readonly<Record<SideName, SidePlace>>,
  terms: {
    readonly context: CommandContext;
    readonly signal: AbortSignal;
    readonly isVerifyOnly: boolean;
    readonly follows: boolean;
  },
  work: (sides: Sides) => Promise<T>,
): Promise<T> {
  const { context, isVerifyOnly, follows } = terms;
  // A copy that follows is brought to its end by the signal, which must not cut its reading off.
  const signal = follows ? new AbortController().signal : terms.signal;
  const source = await openReadSide(places.FROM, context, signal);
  try {
    if (isVerifyOnly) {
      const target = await openReadSide(places.TO, context, signal);
      return await work({ source, target }).finally(() => target.close());
    }
    const target = await openWriteSide(places.TO, context, signal);
    return await work({ source, target, writable: target }).finally(() => target.close());
  } finally {
    await source.close();
  }
}

function pauseOf(signal: AbortSignal): () => void {
  return () => {
    if (signal.aborted) throw new KeyholdError("unavailable", "Stopped before the end");
  };
}

function hintOf({ placeFile }: CopyFlags, { imported }: CopyCounts): string {
  const how =
    placeFile === null
      ? "the same command with --into-existing copies all of them again"
      : `the same command goes on from the place in ${placeFile}`;
  return `${imported} entries are copied, and ${how}`;
}
