// A TCP proxy that lets everything through until it is told to swallow: then the next bytes of the server are lost, and with
// them the connection that they came by. What the client asked has been executed, and it cannot know.
import { startTcpProxy } from "./tcp-proxy.ts";
import type { ServerAddress } from "./valkey-wire.ts";

export interface SwallowingProxy {
  readonly address: ServerAddress;
  /** From now on; resolves when the server has answered something that nobody will see. */
  swallow(): Promise<void>;
  /** Lets further connections be as before. */
  relent(): void;
  close(): Promise<void>;
}

export async function startSwallowingProxy(target: ServerAddress): Promise<SwallowingProxy> {
  let onSwallowed: (() => void) | null = null;
  const { address, close } = await startTcpProxy(
    () => target,
    ({ client, upstream }) => {
      client.on("data", (bytes) => upstream.write(bytes));
      upstream.on("data", (bytes) => {
        if (onSwallowed === null) client.write(bytes);
        else {
          client.destroy();
          onSwallowed();
        }
      });
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
    },
  );
  return {
    address,
    close,
    swallow: () =>
      new Promise((resolve) => {
        onSwallowed = resolve;
      }),
    relent() {
      onSwallowed = null;
    },
  };
}
