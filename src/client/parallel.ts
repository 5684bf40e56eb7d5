// Several things at once, up to a bound. The first that fails ends the whole: none is begun after it; those under way go on to
// their end, unwatched.

export async function inParallel<T>(
  items: readonly T[],
  { max }: { readonly max: number },
  run: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const work = async () => {
    try {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
    } finally {
      left.length = 0;
    }
  };
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, work));
}
