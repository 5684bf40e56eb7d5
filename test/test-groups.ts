// Which test files run together in one process, and in which order the processes are begun: the longest first, so that no lane of
// run.ts is left with a long one at the end. Every test file is in exactly one group. Files that share servers (valkey-harness.ts)
// are best in one, as each process starts its own.

export interface TestGroup {
  readonly title: string;
  /** Of files, as "./test/docs.test.ts": without the dot Bun would take them for parts of names. */
  readonly files: readonly string[];
}

/** By how the paths of its files begin. A file is in the group that has the longest of its beginnings. */
interface Grouping {
  readonly title: string;
  readonly begins: readonly string[];
}

const TEST_FILES = new Bun.Glob("{bench,deploy,scripts,src,test}/**/*.test.{ts,tsx}");

/** Those that take processes and files away from a store on disk; the others ask servers over HTTP. */
const STORE_METHODS = [
  "acknowledgements",
  "bit-flips",
  "clock",
  "crash-states",
  "disk-errors",
  "full-disk",
  "interrupted",
  "kill",
  "power-cut",
  "replaced-files",
  "second-server",
  "sync-audit",
];

/** What waits the most comes between what works the most, so that both run beside each other. */
const GROUPINGS: readonly Grouping[] = [
  { title: "torture", begins: ["test/torture/"] },
  { title: "torture of stores", begins: STORE_METHODS.map((name) => `test/torture/${name}`) },
  { title: "others", begins: [""] },
  { title: "recipes", begins: ["test/recipes/", "test/adapters/", "test/transcripts/"] },
  {
    title: "faults of Valkey",
    begins: ["test/faults/valkey-", "test/faults/copy-valkey", "test/torture/failover", "test/torture/partition"],
  },
  { title: "HTTP", begins: ["test/conformance/http-"] },
  { title: "faults", begins: ["test/faults/"] },
  { title: "stores", begins: ["test/conformance/", "test/histories/"] },
  { title: "engines", begins: ["test/engines/", "src/engines/", "test/support/"] },
  { title: "wire", begins: ["test/wire/"] },
  { title: "sources", begins: ["src/"] },
  { title: "HTTP on a cluster", begins: ["test/conformance/http-valkey-cluster-"] },
  { title: "HTTP on Valkey", begins: ["test/conformance/http-valkey-"] },
];

/** @throws Error where a group has no file, as its files have been moved */
export function testGroups(project: string): readonly TestGroup[] {
  const files = [...TEST_FILES.scanSync(project)].toSorted();
  const byGroup = Map.groupBy(files, groupOf);
  return GROUPINGS.map((grouping) => {
    const own = byGroup.get(grouping);
    if (own === undefined) throw new Error(`No test file begins with ${grouping.begins.join(" or ")}`);
    return { title: grouping.title, files: own.map((file) => `./${file}`) };
  });
}

function groupOf(file: string): Grouping | undefined {
  const fitOf = ({ begins }: Grouping) =>
    Math.max(...begins.map((begin) => (file.startsWith(begin) ? begin.length : -1)));
  return GROUPINGS.toSorted((a, b) => fitOf(b) - fitOf(a))[0];
}
