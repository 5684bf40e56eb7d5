// Writes the files that follow from the sources, so that they cannot tell another story: run it after changing a source.
// With --check it writes nothing and exits 1 naming the stale ones. A new generated file is a row in GENERATED.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { renderExample, renderReference } from "../src/config/describe.ts";
import { renderCommandReference, renderManPage } from "./command-docs.ts";
import { renderDashboard } from "./dashboard.ts";
import { renderGuarantees } from "./guarantee-docs.ts";
import { renderMetrics } from "./metric-docs.ts";
import { renderOpenApi } from "./openapi-docs.ts";
import { ERROR_CODES, renderProblem, renderProblemIndex } from "./problem-docs.ts";
import { renderReliability } from "./reliability-docs.ts";
import { renderRouteIndex } from "./route-index.ts";

interface GeneratedFile {
  /** From the project's root. */
  readonly path: string;
  /** @param standing - the file as it is, for one that is generated in part; "" where there is none */
  readonly render: (standing: string) => string;
}

const GENERATED: readonly GeneratedFile[] = [
  { path: "docs/configuration.md", render: renderReference },
  { path: "docs/keyhold.example.toml", render: renderExample },
  { path: "deploy/grafana/dashboards/keyhold.json", render: renderDashboard },
  { path: "docs/guarantees.md", render: renderGuarantees },
  { path: "docs/reliability.md", render: renderReliability },
  { path: "docs/metrics.md", render: renderMetrics },
  { path: "docs/routes.md", render: renderRouteIndex },
  { path: "docs/openapi.json", render: renderOpenApi },
  { path: "docs/cli.md", render: renderCommandReference },
  { path: "man/keyhold.1", render: renderManPage },
  { path: "docs/problems/README.md", render: renderProblemIndex },
  ...ERROR_CODES.map((code) => ({ path: `docs/problems/${code}.md`, render: () => renderProblem(code) })),
];

const files = GENERATED.map(({ path, render }) => {
  const standing = readIfThere(path);
  return { path, standing, text: render(standing ?? "") };
});
const stale = files.filter(({ standing, text }) => standing !== text);
if (process.argv.includes("--check")) {
  for (const { path } of stale) console.error(`${path} is stale: run scripts/generate.ts`);
  if (stale.length > 0) process.exitCode = 1;
} else {
  for (const { path, text } of stale) {
    mkdirSync(new URL(".", fromRoot(path)), { recursive: true });
    writeFileSync(fromRoot(path), text);
    console.log(`${path} written`);
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(fromRoot(path), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

function fromRoot(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}
