import { expect, test } from "bun:test";
import { bestView, type ClusterView, parseClusterView } from "./cluster-answers.ts";
import { ReplyError } from "./reply.ts";

const bulk = (text: string) => Buffer.from(text);
const ASKED = { host: "10.0.0.9", port: 7000 };

const member = (host: string | null, port: number) => [host === null ? null : bulk(host), port, bulk("id"), []];

test("ranges are read with their primary and replicas; the node asked is meant where there is no host", () => {
  const slots = [
    [0, 5460, member("10.0.0.1", 7001), member("10.0.0.4", 7004), member("10.0.0.5", 7005)],
    [5461, 10922, member("", 7002), member(null, 7003)],
    [10923, 16383, member("?", 7006)],
  ];
  const info = bulk("cluster_state:ok\r\ncluster_current_epoch:6\r\n");
  expect(parseClusterView(slots, info, ASKED)).toEqual({
    isOk: true,
    epoch: 6,
    ranges: [
      {
        first: 0,
        last: 5460,
        primary: { host: "10.0.0.1", port: 7001 },
        replicas: [
          { host: "10.0.0.4", port: 7004 },
          { host: "10.0.0.5", port: 7005 },
        ],
      },
      {
        first: 5461,
        last: 10922,
        primary: { host: "10.0.0.9", port: 7002 },
        replicas: [{ host: "10.0.0.9", port: 7003 }],
      },
      { first: 10923, last: 16383, primary: { host: "10.0.0.9", port: 7006 }, replicas: [] },
    ],
  });
});

test("what is no range is left out, and what is no answer is none", () => {
  const slots = [[0, 16384, member("a", 1)], [-1, 5, member("a", 1)], [0, 5], [0, 5, member("a", 0)], 7, null];
  expect(parseClusterView(slots, null, ASKED)).toEqual({ isOk: true, epoch: 0, ranges: [] });
  expect(parseClusterView(new ReplyError("ERR no"), null, ASKED)).toBeNull();
  expect(parseClusterView([], new ReplyError("NOPERM no"), ASKED)).toEqual({ isOk: true, epoch: 0, ranges: [] });
});

test("the view of a node that serves is taken before that of one that is cut off, then that of who knows most", () => {
  const range = { first: 0, last: 16383, primary: ASKED, replicas: [] };
  const view = (isOk: boolean, epoch: number): ClusterView => ({ isOk, epoch, ranges: [range] });
  expect(bestView([view(false, 9), view(true, 3), view(true, 4)])).toEqual(view(true, 4));
  expect(bestView([view(false, 9), { isOk: true, epoch: 20, ranges: [] }])).toEqual(view(false, 9));
  expect(bestView([])).toBeNull();
});
