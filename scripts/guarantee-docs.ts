// The table of docs/guarantees.md, between its marks: what each engine promises, made from what the engines declare. The
// rest of the page is written by hand.
import { MEMORY_CAPABILITIES } from "../src/engines/memory/capabilities.ts";
import { sqliteCapabilities } from "../src/engines/sqlite/capabilities.ts";
import { valkeyCapabilities } from "../src/engines/valkey/capabilities.ts";
import { guaranteesOf } from "../src/store/guarantees.ts";
import type { Capabilities } from "../src/store/store.ts";
import { replacePart } from "./marked-part.ts";

interface Column {
  readonly head: string;
  readonly capabilities: Capabilities;
}

const BEGIN = "<!-- Generated from the capabilities of the engines by scripts/generate.ts, down to the next mark. -->";

interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** Which of the guarantees, by the members that they follow from. */
  readonly isAbout: (members: readonly (keyof Capabilities)[]) => boolean;
}

const PROMISES = ["applied", "fsync", "replicated:1", "replicated:1+fsync"];
/** Any number above one says the same. */
const SOME_PARTITIONS = 64;

/** A new engine is a table here, or a column of one; so is what it can be configured to promise. */
const TABLES: readonly Table[] = [
  {
    caption: "In one process, on one machine:",
    columns: [
      { head: "`sqlite`, `--durability full` (default)", capabilities: sqliteCapabilities("full") },
      { head: "`sqlite`, `--durability relaxed`", capabilities: sqliteCapabilities("relaxed") },
      { head: "`memory`", capabilities: MEMORY_CAPABILITIES },
    ],
    isAbout: () => true,
  },
  {
    caption: "On Valkey or Redis, by the number of partitions:",
    columns: [
      { head: "one partition: standalone, Sentinel", capabilities: valkeyCapabilities(1, "replicated:1") },
      { head: "several: Cluster", capabilities: valkeyCapabilities(SOME_PARTITIONS, "replicated:1") },
    ],
    isAbout: (members) => !members.includes("promise"),
  },
  {
    caption: "And there by the promise of a write, `--promise`:",
    columns: PROMISES.map((promise) => ({
      head: `\`${promise}\``,
      capabilities: valkeyCapabilities(1, promise),
    })),
    isAbout: (members) => members.includes("promise"),
  },
];

/** docs/guarantees.md, as it stands but for the table. @throws when the page has no marks */
export function renderGuarantees(page: string): string {
  return replacePart(page, BEGIN, TABLES.map(renderTable).join("\n\n"));
}

function renderTable({ caption, columns, isAbout }: Table): string {
  const answers = columns.map(({ capabilities }) => guaranteesOf(capabilities));
  const rows = (answers[0] ?? []).flatMap(({ question, members }, row) => {
    if (!isAbout(members)) return [];
    const names = members.map((member) => `\`${member}\``).join(", ");
    return [[question, names, ...answers.map((column) => column[row]?.answer ?? "")]];
  });
  const heads = ["", "Member", ...columns.map(({ head }) => head)];
  const lines = [heads, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${caption}\n\n${lines.toSpliced(1, 0, `|${heads.map(() => "---|").join("")}`).join("\n")}`;
}
