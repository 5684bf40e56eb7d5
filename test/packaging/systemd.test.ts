// deploy/systemd/keyhold.service. What systemd-analyze says is asked where there is one; the rest is read.
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OPTIONS } from "../../src/config/options.ts";
import { findCommand } from "../support/other-program.ts";
import { mustRun, runCommand } from "../support/run-command.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const UNIT = fileURLToPath(new URL("../../deploy/systemd/keyhold.service", import.meta.url));
/** From 0.0, the best, to 10.0: what the page on packaging says. */
const EXPOSURE_MAX = 1.3;

const unit = readFileSync(UNIT, "utf8");
const analyze = findCommand(["systemd-analyze"], "systemd");

test("stops later than the server's own time for it", () => {
  const stopSeconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1]);
  const ownSeconds = Number(/^(\d+)s$/.exec(OPTIONS.find(({ name }) => name === "stop-timeout")?.default ?? "")?.[1]);
  expect(stopSeconds).toBeGreaterThanOrEqual(ownSeconds + 10);
});

test("takes no right from it that its compiler needs", () => {
  expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
});

test("names variables that there are", () => {
  const known = OPTIONS.map(({ environment }) => environment);
  const named = [...unit.matchAll(/\bKEYHOLD_[A-Z_]+/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) expect(known).toContain(name);
});

// The examples too: as they would stand once the comment signs are taken away.
test.skipIf(analyze === null).each([unit, unit.replaceAll(/^#(?=[A-Z])/gm, "")])(
  "is a unit, says systemd",
  async (text) => {
    await withTemporaryDirectory(async (directory) => {
      const path = join(directory, "keyhold.service");
      // It looks whether the command is there.
      writeFileSync(path, text.replace("/usr/local/bin/keyhold", process.execPath));
      expect(await runCommand([analyze ?? "", "verify", path])).toEqual({ exitCode: 0, out: "", error: "" });
    });
  },
);

test.skipIf(analyze === null)(`is exposed by ${EXPOSURE_MAX} at most, says systemd`, async () => {
  const report = await mustRun([analyze ?? "", "security", "--offline=true", "--no-pager", UNIT]);
  expect(Number(/Overall exposure level for \S+ (\d+\.\d+)/.exec(report)?.[1])).toBeLessThanOrEqual(EXPOSURE_MAX);
});
