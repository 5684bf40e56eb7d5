// The servers that the transcripts of the seeds are played against.
import { startHttpServer } from "../../src/http/server.ts";
import type { WithSeedServer } from "../transcripts/seeds.suite.ts";
import { configOf, makeApp } from "./http-harness.ts";
import { makeRecordingLog } from "./recording-log.ts";
import { type MakeStore, ROOMY } from "./store-harness.ts";
import { withServerProcess } from "./with-server-process.ts";

/** As a user starts it, over what the flags name; it is stopped as by Ctrl-C. */
export function seedProcess(flagsOf: (directory: string) => readonly string[]): WithSeedServer {
  return (body) =>
    withServerProcess(async (server, restart) => {
      await body(server, async () => {
        server.kill("SIGINT");
        const code = await server.exited;
        if (code !== 0) throw new Error(`The server ended with ${code}: ${server.output()}`);
        return restart();
      });
    }, flagsOf);
}

/** In this process, over a store that only tests have, which outlives the server. */
export function seedServerOver(make: MakeStore): WithSeedServer {
  return async (body) => {
    const { store, close } = await make({ ...ROOMY, upkeep: "on" });
    const start = () => startHttpServer(makeApp(store, makeRecordingLog()), { ...configOf({ port: "0" }), tls: null });
    let server = await start();
    try {
      await body(server, async () => {
        await server.stop(0);
        server = await start();
        return server;
      });
    } finally {
      await server.stop(0);
      await close();
    }
  };
}
