// Copies that another thread makes: what goes wrong there is told as it would be here.
import { expect, test } from "bun:test";
import { KeyholdError } from "../core/errors.ts";
import type { Backup } from "../store/store.ts";
import { RemoteBackup, serveCopy } from "./remote-backup.ts";

function openFailing(error: Error): Promise<unknown> {
  const fail = () => Promise.reject(error);
  const made: Backup = { writeTo: fail, open: fail };
  const remote = new RemoteBackup((message) => {
    if (message.kind === "backup") serveCopy(made, message.port);
  });
  const terms = { signal: new AbortController().signal, onProgress: () => {} };
  return remote.open(terms).then(
    () => null,
    (error: unknown) => error,
  );
}

test("a fault with a code keeps it", async () => {
  const fault = new KeyholdError("busy", "Another copy is being made", { limit: 1 });
  expect(await openFailing(fault)).toMatchObject({ code: "busy", detail: fault.detail, data: { limit: 1 } });
});

test("any other is told to the log and not to clients, who would be shown the detail of one with a code", async () => {
  const error = await openFailing(new Error("no such file: /srv/keyhold/secret"));
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(KeyholdError);
  expect(String(error)).toContain("/srv/keyhold/secret");
});
