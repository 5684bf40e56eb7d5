// One of two processes that take points from the same limits: argv is how often it tries, and how many points there are. Prints how
// many it got of each kind of limiter.
import { Keyhold } from "keyhold/client";
import { flexibleLimiter, WindowLimiter } from "keyhold/rate-limiter";
import * as library from "rate-limiter-flexible";

const [tries, points] = process.argv.slice(2).map(Number);
const client = new Keyhold(process.env.KEYHOLD_URL);
const flexible = flexibleLimiter(library, { client, points, duration: 60, keyPrefix: "exact" });
const window = new WindowLimiter({ client, limit: points, windowMs: 60_000, prefix: "exact-window/" });

console.log(JSON.stringify({ flexible: await countTaken(takeFlexible), window: await countTaken(takeWindow) }));

async function takeFlexible() {
  try {
    await flexible.consume("a");
    return true;
  } catch (reason) {
    if (!(reason instanceof library.RateLimiterRes)) throw reason;
    return false;
  }
}

async function takeWindow() {
  return (await window.take("a")).isAllowed;
}

async function countTaken(take) {
  const outcomes = await Promise.all(Array.from({ length: tries }, take));
  return outcomes.filter(Boolean).length;
}
