// A bound for what should have come long ago, so that a run that hangs ends with a sentence that says where.

/** @throws Error with `what` where nothing has come after so long; what it waited for is left to itself */
export async function withPatience<T>(
  promise: Promise<T>,
  { ms, what }: { readonly ms: number; readonly what: string },
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} had not come to an end after ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
