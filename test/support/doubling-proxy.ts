// A TCP proxy that hands on some PATCH requests twice, one after the other, and lets the client see the second answer alone: what
// a sender does that tries again where it must not. It takes a request and an answer to come in one piece each, as those of
// fault-load.ts do.
import type { SeededRandom } from "./seeded-random.ts";
import { addressOf, startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/** One PATCH in so many. */
const ONE_IN = 10;

export function startDoublingProxy(target: string, random: SeededRandom): Promise<TcpProxy> {
  return startTcpProxy(
    () => addressOf(target),
    ({ client, upstream }) => {
      let doubled: Buffer | null = null;
      client.on("data", (request: Buffer) => {
        if (request.subarray(0, 5).toString() === "PATCH" && random.oneIn(ONE_IN)) doubled = request;
        upstream.write(request);
      });
      upstream.on("data", (answer: Buffer) => {
        if (doubled === null) client.write(answer);
        else {
          upstream.write(doubled);
          doubled = null;
        }
      });
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
    },
  );
}
