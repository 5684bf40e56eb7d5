// Checks of a store on Valkey or Redis: that its servers are reached with what was given, hold a store of ours, and answer soon.
import type { CommandContext } from "../command.ts";
import { loadStoreConfig, makeCommandLog } from "../command-store.ts";
import { readConfigFlags } from "../config-flags.ts";
import { type Finding, fail, looked, ok, timesText, warn } from "./finding.ts";
import type { Clock } from "./store-checks.ts";

const ROUNDS = 5;
const SLOW_MS = 20;
const CURE = "Look at the URL, the password (KEYHOLD_STORE_PASSWORD_FILE) and the servers' own log";

export function checkValkey(store: string, context: CommandContext, { tickMs }: Clock): Promise<readonly Finding[]> {
  return looked("store", CURE, async () => {
    const config = loadStoreConfig(context, { ...readConfigFlags(context.command), store });
    const { openTransfer } = await import("../../compose.ts");
    const warnings: string[] = [];
    const log = makeCommandLog({ ...context.host, writeError: (line) => warnings.push(line) });
    const open = await openTransfer(config, log, "refused");
    try {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const startedAtMs = tickMs();
        await open.store.latestCursor();
        times.push(tickMs() - startedAtMs);
      }
      const { entries } = open.store.stats();
      const detail = `answers in ${timesText(times)}`;
      return [
        ...warnings.map(toFinding),
        ok("store", `the servers are reached; life ${open.store.incarnation}, about ${entries} entries`),
        Math.max(...times) >= SLOW_MS
          ? warn("latency", detail, "Bring server and Valkey closer together; each request waits for it")
          : ok("latency", detail),
      ];
    } catch (error) {
      return [fail("latency", error instanceof Error ? error.message : String(error), CURE)];
    } finally {
      await open.close();
    }
  });
}

/** What the engine has logged while it was opened: its time, level and name are of no use here. */
function toFinding(line: string): Finding {
  const detail = line.trim().replace(/^\S+ +[A-Z]+ +\S+ +/, "");
  return warn("promise", detail, "docs/scale.md says what each promise needs of the servers");
}
