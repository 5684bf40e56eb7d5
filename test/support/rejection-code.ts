// What a call fails with, so that tests can compare codes and never texts.
import { type ErrorCode, KeyholdError } from "../../src/core/errors.ts";

/** The code of the KeyholdError that the call ends in; null when it succeeds. Any other error is thrown on. */
export async function rejectionCode(call: () => unknown): Promise<ErrorCode | null> {
  return (await rejectionOf(call))?.code ?? null;
}

/** As rejectionCode(), the whole error. */
export async function rejectionOf(call: () => unknown): Promise<KeyholdError | null> {
  try {
    await call();
    return null;
  } catch (error) {
    if (error instanceof KeyholdError) return error;
    throw error;
  }
}
