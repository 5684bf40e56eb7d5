// A plant: a proxy that tells clients of success where the server said that it does not know.
import { addressOf, startTcpProxy } from "../../support/tcp-proxy.ts";

export interface FalseSuccess {
  /** Where it listens for what goes on to this server. */
  before(url: string): string;
  close(): Promise<void>;
}

export async function turningFailuresIntoSuccess(): Promise<FalseSuccess> {
  let target = "http://127.0.0.1:1";
  const proxy = await startTcpProxy(
    () => addressOf(target),
    ({ client, upstream }) => {
      client.on("data", (bytes: Buffer) => upstream.write(bytes));
      upstream.on("data", (bytes: Buffer) => {
        client.write(bytes.toString("latin1").replace("HTTP/1.1 504", "HTTP/1.1 200"), "latin1");
      });
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.end());
    },
  );
  return {
    before(url) {
      target = url;
      return proxy.url;
    },
    close: () => proxy.close(),
  };
}
