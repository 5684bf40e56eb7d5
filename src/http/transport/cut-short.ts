// What is said of requests that stop before their end, or take too long to reach it.
import { KeyholdError } from "../../core/errors.ts";
import { broken } from "./rules.ts";

export function headTooSlow(limitMs: number): KeyholdError {
  return tooSlow(`its head was not whole after ${limitMs / 1000} s`);
}

export function bodyTooSlow(): KeyholdError {
  return tooSlow("its body came too slowly");
}

export function headEnded(): KeyholdError {
  return broken("truncated", "The head of the request ended before it was whole");
}

/** What a handler is told that reads it. */
export function bodyEnded(): KeyholdError {
  return broken("truncated", "The body ended before its length; nothing was written");
}

function tooSlow(why: string): KeyholdError {
  return new KeyholdError("request-timeout", `The request took too long to arrive: ${why}; nothing was written`);
}
