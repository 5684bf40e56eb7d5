// A full disk, for real: a small tmpfs. Writes that add are answered 507, reads and deletes go on, and room brings the
// writes back; nothing acknowledged is lost on the way.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeWhole, openReader } from "../../src/engines/sqlite/database.ts";
import { storeFiles } from "../../src/engines/sqlite/layout.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";

const DISK_MIB = 48;
const VALUE = "x".repeat(512 * 1024);
const WRITES_MAX = (DISK_MIB * 1024 * 1024) / VALUE.length;

const directory = makeTemporaryDirectory();
const isMounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", directory]).exitCode === 0;
if (!isMounted) {
  removeTemporaryDirectory(directory);
  console.log("Skipped: the full-disk tests mount a tmpfs, which needs root; run them as root");
}

describe.skipIf(!isMounted)("a full disk", () => {
  let server: ServerProcess;
  const acknowledged: string[] = [];

  beforeAll(async () => {
    server = await startServerProcess(["--store", `${directory}/store`, "--disk-reserve", "12MiB"]);
  });
  afterAll(async () => {
    server.kill("SIGTERM");
    await server.exited;
    Bun.spawnSync(["umount", directory]);
    removeTemporaryDirectory(directory);
  });

  const url = (key: string) => `${server.url}/keys/${key}`;
  const put = (key: string) =>
    fetch(url(key), { method: "PUT", body: VALUE, headers: { "Content-Type": "text/plain" } });

  test("answers 507 no-room to a write that would reach into the reserve, also of a log that a backup holds", async () => {
    const reading = openReader(storeFiles(`${directory}/store`));
    reading.run("begin");
    reading.prepare("select count(*) from state").get();
    let refused: Response | null = null;
    for (let index = 0; index < WRITES_MAX && refused === null; index++) {
      const response = await put(`fill${index}`);
      if (response.ok) acknowledged.push(`fill${index}`);
      else refused = response;
    }
    closeWhole(reading);
    expect(refused?.status).toBe(507);
    expect(await refused?.json()).toMatchObject({ code: "no-room" });
    expect(acknowledged.length).toBeGreaterThan(10);
  });

  test("still reads every acknowledged entry", async () => {
    for (const key of acknowledged) {
      expect(await (await fetch(url(key), { headers: { Accept: "text/plain" } })).text()).toBe(VALUE);
    }
  });

  test("still deletes, and takes writes again when there is room", async () => {
    for (const key of acknowledged.splice(0)) expect((await fetch(url(key), { method: "DELETE" })).status).toBe(200);
    let response = await put("again");
    // Freed pages are the database's own; the log gives its room back with the next checkpoint.
    for (let tries = 0; response.status === 507 && tries < 200; tries++) response = await put("again");
    expect(response.status).toBe(201);
  });

  test("serves its entries after a kill -9 on the full disk", async () => {
    const kept: string[] = [];
    for (let index = 0; index < WRITES_MAX; index++) {
      const response = await put(`more${index}`);
      if (!response.ok) break;
      kept.push(`more${index}`);
    }
    server.kill("SIGKILL");
    await server.exited;
    server = await startServerProcess(["--store", `${directory}/store`, "--disk-reserve", "12MiB"]);
    const names: unknown = await (await fetch(`${server.url}/keys?keys`)).json();
    expect(names).toEqual(["again", ...kept].sort());
  });
});
