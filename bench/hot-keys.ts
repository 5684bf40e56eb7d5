// The keys of the workloads get-hot and put-overwrite, and the requests for them: 10,000 keys with values of 100 bytes, asked for
// in an order that no cache foresees.

export const HOT_KEYS = 10_000;
export const HOT_VALUE = "v".repeat(100);
/** A prime, so that every key comes once before one comes again. */
const STRIDE = 7919;

export function hotKey(number: number): string {
  return `key${String(number).padStart(7, "0")}`;
}

/** @param head - further lines of the head, each with its end */
export function getHot(sequence: number, head = ""): string {
  return `GET /${hotKey((sequence * STRIDE) % HOT_KEYS)} HTTP/1.1\r\nHost: localhost\r\n${head}\r\n`;
}

export function putOverwrite(sequence: number): string {
  return putKey((sequence * STRIDE) % HOT_KEYS);
}

export function putKey(number: number): string {
  return `PUT /${hotKey(number)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${HOT_VALUE.length}\r\n\r\n${HOT_VALUE}`;
}

/** Sets all of them. @throws Error where that is refused */
export async function fillHotKeys(url: URL): Promise<void> {
  const pairsARequest = 1000;
  for (let from = 0; from < HOT_KEYS; from += pairsARequest) {
    const pairs = Array.from({ length: pairsARequest }, (_, index) => [hotKey(from + index), HOT_VALUE]);
    const body = JSON.stringify(Object.fromEntries(pairs));
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(new URL("/keys", url), { method: "POST", body, headers });
    if (!answer.ok) throw new Error(`The keys could not be set: ${await answer.text()}`);
  }
}
