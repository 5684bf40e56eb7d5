// How far a long command is, on standard error: on a terminal one line that is drawn anew, elsewhere a plain line now and
// then, so that logs stay readable. Nothing here waits or keeps the process alive.
import type { Host } from "./host.ts";

export interface Progress {
  /** @param total - null where the end is not known */
  update(state: { readonly done: number; readonly total: number | null; readonly bytes: number }): void;
  /** Takes the line away; what comes next begins on a line of its own. */
  end(): void;
}

/** On a terminal no more often than this. */
const DRAW_INTERVAL_MS = 100;
/** Elsewhere a line when this share or this time has gone by. */
const LINE_SHARE = 0.1;
const LINE_INTERVAL_MS = 10_000;
const BAR_CELLS = 24;

export function makeProgress(host: Pick<Host, "isErrorTerminal" | "nowMs" | "writeError">, title: string): Progress {
  const startedAtMs = host.nowMs();
  let saidAtMs = startedAtMs;
  let saidShare = 0;
  let isDrawn = false;
  if (!host.isErrorTerminal) host.writeError(`keyhold: ${title}: begun\n`);
  return {
    update({ done, total, bytes }) {
      const now = host.nowMs();
      const share = total === null || total === 0 ? null : Math.min(1, done / total);
      const text = describe({ share, bytes, elapsedMs: now - startedAtMs });
      if (host.isErrorTerminal) {
        if (isDrawn && now - saidAtMs < DRAW_INTERVAL_MS) return;
        host.writeError(`\r\u001b[K${title} ${share === null ? "" : `${bar(share)} `}${text}`);
        isDrawn = true;
      } else {
        if ((share ?? 0) - saidShare < LINE_SHARE && now - saidAtMs < LINE_INTERVAL_MS) return;
        host.writeError(`keyhold: ${title}: ${text}\n`);
      }
      saidAtMs = now;
      saidShare = share ?? 0;
    },
    end() {
      if (isDrawn) host.writeError("\r\u001b[K");
      isDrawn = false;
    },
  };
}

/** Shows on a terminal that something of unknown length is at work, and since when. Settles as the work does. */
export async function showWork<T>(
  host: Pick<Host, "isErrorTerminal" | "nowMs" | "writeError" | "rest">,
  title: string,
  work: Promise<T>,
): Promise<T> {
  if (!host.isErrorTerminal) return work;
  const startedAtMs = host.nowMs();
  const ended = new AbortController();
  const draw = async () => {
    while (!ended.signal.aborted) {
      await host.rest(DRAW_INTERVAL_MS, ended.signal);
      if (ended.signal.aborted) break;
      host.writeError(`\r\u001b[K${title}, ${Math.floor((host.nowMs() - startedAtMs) / 1000)} s`);
    }
    host.writeError("\r\u001b[K");
  };
  const drawn = draw();
  try {
    return await work;
  } finally {
    ended.abort();
    await drawn;
  }
}

/** 1536000 as "1.5 MB". */
export function toBytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}

function bar(share: number): string {
  const full = Math.round(share * BAR_CELLS);
  return `[${"#".repeat(full)}${"-".repeat(BAR_CELLS - full)}]`;
}

function describe(state: { readonly share: number | null; readonly bytes: number; readonly elapsedMs: number }) {
  const { share, bytes, elapsedMs } = state;
  const rate = elapsedMs === 0 ? null : (bytes / elapsedMs) * 1000;
  return [
    share === null ? null : `${Math.floor(share * 100)} %`,
    toBytesText(bytes),
    rate === null ? null : `${toBytesText(Math.round(rate))}/s`,
    share === null || share === 0 ? null : `${Math.ceil((elapsedMs * (1 - share)) / share / 1000)} s left`,
  ]
    .filter((part) => part !== null)
    .join(", ");
}
