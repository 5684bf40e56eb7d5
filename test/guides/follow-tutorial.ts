// `npm run tutorial`: packs the project, installs the package into a folder of its own, follows the tutorial in an empty one, and
// shows each step with what it printed. Exit code 1 where something else is printed than stands on the page.
import { join } from "node:path";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { playPage, ROOT } from "./played-page.ts";

const PAGE = "docs/tutorial.md";

await withTemporaryDirectory(async (directory) => {
  const command = await installPackage(directory);
  const { written, shown } = await playPage({
    page: PAGE,
    command,
    onStep: ({ script, output }, printed) => {
      console.log(`\n${script.replaceAll(/^/gm, "$ ").replace(/\$ $/, "")}${printed.trimEnd()}`);
      console.log(output === "" && printed.trim() === "" ? "   (prints nothing)" : "");
    },
  });
  if (shown === written) {
    console.log(`\n${PAGE}: every step printed what it shows`);
    return;
  }
  const lines = shown.split("\n");
  const [line = 0] = written.split("\n").flatMap((text, index) => (text === lines[index] ? [] : [index]));
  console.log(`\n${PAGE}: printed otherwise from line ${line + 1} on: ${lines[line]}`);
  process.exitCode = 1;
});

async function installPackage(directory: string): Promise<string> {
  const pack = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", directory];
  const file = (await mustRun(pack, ROOT)).trim();
  console.log(`Packed ${file}`);
  const place = join(directory, "installed");
  await mustRun(
    ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", place, join(directory, file)],
    ROOT,
  );
  return join(place, "node_modules/.bin/keyhold");
}

async function mustRun(command: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) === 0) return text;
  throw new Error(`${command.join(" ")} failed`);
}
