// Several things at once, up to a bound. The first that fails ends the whole; those under way go on to their end.

export async function inParallel<T>(
  items: readonly T[],
  { max }: { readonly max: number },
  run: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, work));
}
