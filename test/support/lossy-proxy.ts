// A TCP proxy between Keyhold and Valkey that loses what a network can lose: at random it cuts a connection before or in what a
// client sends, or once all of it has been handed on; before or in what the server answers, or lets answers vanish and says
// nothing for a while. The client cannot know how far it has come. Unlike swallowing-proxy.ts it does so by itself.
import { connect, createServer, type Socket } from "node:net";
import type { SeededRandom } from "./seeded-random.ts";
import type { ServerAddress } from "./valkey-wire.ts";

export type Loss = (typeof LOSSES)[number];

export interface LossyProxy {
  readonly address: ServerAddress;
  /** How often each has happened. */
  readonly losses: Readonly<Record<Loss, number>>;
  /** Everything goes through until begin(), and again from relent() on. */
  begin(): void;
  relent(): void;
  close(): Promise<void>;
}

const LOSSES = ["before-command", "in-command", "after-command", "before-reply", "in-reply", "silence"] as const;

/** One part in so many is lost. */
const ONE_IN = 12;
/** A connection that has fallen silent is closed after so long at the most. */
const SILENCE_MS_MAX = 250;

export async function startLossyProxy(target: ServerAddress, random: SeededRandom): Promise<LossyProxy> {
  const losses = {
    "before-command": 0,
    "in-command": 0,
    "after-command": 0,
    "before-reply": 0,
    "in-reply": 0,
    silence: 0,
  };
  const open = new Set<Socket>();
  let isLossy = false;
  const draw = (of: readonly Loss[]): Loss | null => {
    if (!isLossy || !random.oneIn(ONE_IN)) return null;
    const loss = random.pick(of);
    losses[loss]++;
    return loss;
  };
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => open.delete(socket));
    }
    forward({ client, upstream, random, draw });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return {
    address: { host: "127.0.0.1", port: address.port },
    losses,
    begin() {
      isLossy = true;
    },
    relent() {
      isLossy = false;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

function forward(parts: {
  readonly client: Socket;
  readonly upstream: Socket;
  readonly random: SeededRandom;
  readonly draw: (of: readonly Loss[]) => Loss | null;
}): void {
  const { client, upstream, random, draw } = parts;
  let isSilent = false;
  const cut = () => (random.oneIn(2) ? client.destroy() : client.resetAndDestroy());
  const fallSilent = () => {
    isSilent = true;
    setTimeout(cut, random.below(SILENCE_MS_MAX)).unref();
  };
  client.on("data", (bytes: Buffer) => {
    const loss = draw(["before-command", "in-command", "after-command"]);
    if (loss === "before-command") upstream.destroy();
    else if (loss === "in-command") upstream.end(bytes.subarray(0, random.below(bytes.length)));
    else upstream.write(bytes);
    if (loss !== null) cut();
  });
  upstream.on("data", (bytes: Buffer) => {
    if (isSilent || client.destroyed) return;
    const loss = draw(["before-reply", "in-reply", "silence"]);
    if (loss === "silence") fallSilent();
    else if (loss === "before-reply") cut();
    else if (loss === "in-reply") client.write(bytes.subarray(0, random.below(bytes.length)), cut);
    else client.write(bytes);
  });
  upstream.on("close", () => {
    if (!isSilent) client.destroy();
  });
  // What has been handed on is executed, whether anybody waits for it or not.
  client.on("close", () => upstream.end());
}
