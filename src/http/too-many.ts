// What is answered beyond the bounds on what is open at once.
import { KeyholdError } from "../core/errors.ts";

export function tooManyRequests(limit: number): KeyholdError {
  return new KeyholdError(
    "busy",
    `Cannot take another request: ${limit} are under way, which is the limit; try again soon; --requests-in-flight raises it`,
    { limit, option: "--requests-in-flight" },
  );
}

export function tooManyConnections(limit: number): KeyholdError {
  return new KeyholdError(
    "busy",
    `Cannot take another connection: ${limit} are open, which is the limit; keep fewer open, or try again soon; --connections raises it`,
    { limit, option: "--connections" },
  );
}
