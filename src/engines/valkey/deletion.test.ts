// A deletion of which a part fails: what it does until it says so, and that it does nothing afterwards. The servers are played.
import { expect, test } from "bun:test";
import { rejectionCode } from "../../../test/support/rejection-code.ts";
import { KeyholdError } from "../../core/errors.ts";
import { deleteEntries } from "./deletion.ts";
import { Layout } from "./layout.ts";
import type { Argument, Reply } from "./reply.ts";
import type { Acknowledged } from "./servers.ts";

const NAMES = Array.from({ length: 500 }, (_, index) => `k${1000 + index}`);
const EVERYTHING = { low: "", high: null };

test("is told when it is over: a page that is under way elsewhere is waited for, and none is begun", async () => {
  const { partitions } = new Layout("p", 2);
  const underWay = Promise.withResolvers<Acknowledged>();
  let pages = 0;
  const servers = {
    read: async (_slot: number, args: readonly Argument[]): Promise<Reply> => (args[2] === "-" ? NAMES : []),
    write: (slot: number): Promise<Acknowledged> => {
      if (slot === partitions[0]?.slot) return Promise.reject(new KeyholdError("unavailable", "Gone"));
      pages++;
      return underWay.promise;
    },
  };
  let isOver = false;
  const deletion = rejectionCode(() =>
    deleteEntries(partitions, { servers, bounds: EVERYTHING, isWanted: () => true, onPage: () => {} }),
  ).finally(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  expect([isOver, pages]).toEqual([false, 1]);
  underWay.resolve({ reply: new Uint8Array(24), shortfall: null });
  expect(await deletion).toBe("unavailable");
  expect(pages).toBe(1);
});
