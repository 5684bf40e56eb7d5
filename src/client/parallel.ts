// Several things at once, up to a bound. None is begun after one that fails; those under way are waited for, so that nothing goes on
// behind the caller's back, and the first failure is thrown then.

export async function inParallel<T>(
  items: readonly T[],
  { max }: { readonly max: number },
  run: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const failures: unknown[] = [];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      try {
        await run(item);
      } catch (error) {
        failures.push(error);
        left.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(max, items.length) }, work));
  if (failures.length > 0) throw failures[0];
}
