// Waiting for what no event tells of, such as the state of another program. Where there is an event, wait for that.

/** Milliseconds between two looks. */
const LOOK_INTERVAL_MS = 50;

/** Resolves when `holds` does. @throws Error with `what` after so long */
export async function pollUntil(
  holds: () => Promise<boolean>,
  {
    ms,
    what,
    intervalMs = LOOK_INTERVAL_MS,
  }: { readonly ms: number; readonly what: () => string; readonly intervalMs?: number },
): Promise<void> {
  const givenUpAt = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > givenUpAt) throw new Error(`${what()}, after ${ms} ms`);
    await Bun.sleep(intervalMs);
  }
}
