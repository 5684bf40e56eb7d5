// The servers under test: one that many sequences share, and one that each has to itself.
import { startServerProcess } from "../../support/server-process.ts";
import { startStandalone } from "../../support/valkey-standalone.ts";
import type { Run } from "../method.ts";

/** Their URLs. */
export interface ModelServers {
  readonly shared: string;
  /** Null where a fault is planted, which the others find. */
  readonly alone: string | null;
}

/** For the length of `body`. */
export async function withModelServers(
  { variant, directory, plant }: Pick<Run, "variant" | "directory" | "plant">,
  body: (servers: ModelServers) => Promise<void>,
): Promise<void> {
  const ends: (() => Promise<unknown>)[] = [];
  const start = async (name: string) => {
    const server = await startServerProcess([
      "--store",
      await storeOf(name),
      ...(variant === "valkey" ? ["--promise", "applied"] : []),
    ]);
    ends.unshift(() => {
      server.kill("SIGKILL");
      return server.exited;
    });
    return server.url;
  };
  const storeOf = async (name: string) => {
    if (variant !== "valkey") return `sqlite:${directory}/${name}`;
    const valkey = await startStandalone();
    ends.unshift(() => valkey.stop());
    return `valkey://${valkey.node.address.host}:${valkey.node.address.port}`;
  };
  try {
    await body({ shared: await start("shared"), alone: plant === null ? await start("alone") : null });
  } finally {
    for (const end of ends) await end();
  }
}
