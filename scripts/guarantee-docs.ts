// The table of docs/guarantees.md, between its marks: what each engine promises, made from what the engines declare. The
// rest of the page is written by hand.
import { MEMORY_CAPABILITIES } from "../src/engines/memory/capabilities.ts";
import { sqliteCapabilities } from "../src/engines/sqlite/capabilities.ts";
import { guaranteesOf } from "../src/store/guarantees.ts";
import type { Capabilities } from "../src/store/store.ts";

interface Column {
  readonly head: string;
  readonly capabilities: Capabilities;
}

const BEGIN = "<!-- Generated from the capabilities of the engines by scripts/generate.ts, down to the next mark. -->";
const END = "<!-- End of what is generated. -->";

/** An engine that can be configured to promise more or less has a column for each. A new engine is a table of its own. */
const TABLES: readonly (readonly Column[])[] = [
  [
    { head: "`sqlite`, `--durability full` (default)", capabilities: sqliteCapabilities("full") },
    { head: "`sqlite`, `--durability relaxed`", capabilities: sqliteCapabilities("relaxed") },
    { head: "`memory`", capabilities: MEMORY_CAPABILITIES },
  ],
  // The engine over Valkey and Redis goes here: standalone, Sentinel and Cluster, by their promises.
];

/** docs/guarantees.md, as it stands but for the table. @throws when the page has no marks */
export function renderGuarantees(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error("docs/guarantees.md has no marks for the table of the engines");
  return [page.slice(0, begin) + BEGIN, ...TABLES.map(renderTable), page.slice(end)].join("\n\n");
}

function renderTable(columns: readonly Column[]): string {
  const answers = columns.map(({ capabilities }) => guaranteesOf(capabilities));
  const rows = (answers[0] ?? []).map(({ question, members }, row) => {
    const names = members.map((member) => `\`${member}\``).join(", ");
    return [question, names, ...answers.map((column) => column[row]?.answer ?? "")];
  });
  const heads = ["", "Member", ...columns.map(({ head }) => head)];
  const lines = [heads, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.toSpliced(1, 0, `|${heads.map(() => "---|").join("")}`).join("\n");
}
