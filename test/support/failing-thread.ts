// A serving thread that takes its order, and then does as the secret in it says: it ends, throws, or never stops.
import type { FromServing, ToServing } from "../../src/workers/messages.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<ToServing>) => {
  if (data.kind !== "start") return;
  const message: FromServing = { kind: "ready" };
  self.postMessage(message);
  setImmediate(() => fail(data.order.adminSecret ?? ""));
};

function fail(manner: string): void {
  if (manner === "ends") process.exit(0);
  if (manner === "throws") throw new Error("thrown on purpose");
}
