// `npm run tutorial`: packs the project, installs the package into a folder of its own, follows the tutorial in an empty one, and
// shows each step with what it prints as it goes. Its last line counts them; exit code 1 where one printed something else than
// stands on the page.
import { join } from "node:path";
import { mustRun, runCommand } from "../support/run-command.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { type FollowedStep, followPage, ROOT } from "./followed-page.ts";

const PAGE = "docs/tutorial.md";
/** What is installed is what is in npm's cache, which the installation of this project has filled; else it is downloaded. */
const INSTALL = ["npm", "install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--silent"];

await withTemporaryDirectory(async (directory) => {
  const command = await installPackage(directory);
  const steps: FollowedStep[] = [];
  await followPage({
    page: PAGE,
    command,
    onStep: (step) => {
      steps.push(step);
      show(step);
    },
  });
  const different = steps.filter(({ printed, shown }) => printed !== shown).length;
  console.log(`\ntutorial: ${steps.length} steps, ${steps.length - different} as written, ${different} otherwise`);
  if (different > 0) process.exitCode = 1;
});

function show({ script, printed, shown }: FollowedStep): void {
  const [first = "", ...more] = script.trimEnd().split("\n");
  console.log(["", `$ ${first}`, ...more.map((line) => `  ${line}`)].join("\n"));
  if (printed !== "") console.log(printed.trimEnd());
  if (printed !== shown) console.log(`(the page shows otherwise:)\n${shown.trimEnd()}`);
}

/** The command of the package; of this checkout where the package cannot be installed, as without a network and a cache. */
async function installPackage(directory: string): Promise<string> {
  const packed = await mustRun(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", directory], {
    directory: ROOT,
  });
  const file = packed.trim();
  const place = join(directory, "installed");
  const { exitCode } = await runCommand([...INSTALL, "--prefix", place, join(directory, file)]);
  if (exitCode === 0) {
    console.log(`The package ${file}, installed in a folder of its own`);
    return join(place, "node_modules/.bin/keyhold");
  }
  console.log(`The package ${file} cannot be installed here; this is the command of the checkout`);
  await mustRun(["ln", "-s", join(ROOT, "bin/keyhold.js"), join(directory, "keyhold")]);
  return join(directory, "keyhold");
}
