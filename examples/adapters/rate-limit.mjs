// Limits that hold for all processes together: three attempts at a login, and so many requests a minute.
// npm install keyhold rate-limiter-flexible; KEYHOLD_URL=http://127.0.0.1:3000 node rate-limit.mjs
import { Keyhold } from "keyhold/client";
import { flexibleLimiter, WindowLimiter } from "keyhold/rate-limiter";
import * as library from "rate-limiter-flexible";

const client = new Keyhold(process.env.KEYHOLD_URL ?? "http://127.0.0.1:3000");

// With rate-limiter-flexible: beyond three attempts a minute, blocked for five.
const logins = flexibleLimiter(library, { client, keyPrefix: "logins", points: 3, duration: 60, blockDuration: 300 });
for (const attempt of [1, 2, 3, 4]) {
  try {
    const { remainingPoints } = await logins.consume("anna");
    console.log(`attempt ${attempt}: ${remainingPoints} left`);
  } catch (reason) {
    if (!(reason instanceof library.RateLimiterRes)) throw reason; // the server could not be asked
    console.log(`attempt ${attempt}: again in ${Math.ceil(reason.msBeforeNext / 1000)} s`);
  }
}
await logins.delete("anna"); // she has proved who she is

// Without a library.
const requests = new WindowLimiter({ client, limit: 2, windowMs: 60_000 });
for (const request of [1, 2, 3]) {
  const { isAllowed, remaining } = await requests.take("203.0.113.7");
  console.log(`request ${request}: ${isAllowed ? "allowed" : "refused"}, ${remaining} left`);
}
await requests.reset("203.0.113.7");
