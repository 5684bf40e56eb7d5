// The programs of examples/config-reload, each in its own language against a real server: what they print of a change, and
// that they go on where they were after the server was killed and came back.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { findCommand, type OtherProgram, withProgram } from "../support/other-program.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { withServerProcess } from "../support/with-server-process.ts";

const EXAMPLES = join(import.meta.dir, "../../examples/config-reload");
const RUN_MS = 60_000;

interface Language {
  readonly name: string;
  readonly commands: readonly string[];
  readonly toInstall: string;
  /** What is run, given the command found and a directory for what it makes. */
  readonly prepare: (command: string, directory: string) => Promise<readonly string[]>;
}

const LANGUAGES: readonly Language[] = [
  {
    name: "JavaScript",
    commands: ["node"],
    toInstall: "Node 20 or later",
    prepare: async (node) => [node, join(EXAMPLES, "reload.mjs")],
  },
  {
    name: "Python",
    commands: ["python3"],
    toInstall: "Python 3.10 or later, Debian's python3",
    prepare: async (python) => [python, join(EXAMPLES, "reload.py")],
  },
  {
    name: "Go",
    commands: ["go"],
    toInstall: "Go 1.19 or later, Debian's golang-go",
    prepare: async (go, directory) => {
      await runToEnd([go, "vet", join(EXAMPLES, "reload.go")]);
      await runToEnd([go, "build", "-o", join(directory, "reload"), join(EXAMPLES, "reload.go")]);
      return [join(directory, "reload")];
    },
  },
];

describe("config-reload", () => {
  for (const { name, commands, toInstall, prepare } of LANGUAGES) {
    const command = findCommand(commands, toInstall);

    test.skipIf(command === null)(
      `${name}: a change is seen, and after a restart only what is new`,
      async () => {
        await withExample(
          async (directory) => await prepare(command ?? "", directory),
          async (program, { server, killAndChange }) => {
            await program.waitFor(/^ready, 2 values$/m);
            await put(server, "config/color", "green");
            await program.waitFor(/^config\/color = "green"$/m);
            await killAndChange();
            await program.waitFor(/^config\/limit is gone$/m);
            expect(program.output().match(/^config.*$/gm)).toEqual([
              'config/color = "red"',
              'config/limit = "3"',
              'config/color = "green"',
              'config/color = "blue"',
              "config/limit is gone",
            ]);
          },
        );
      },
      RUN_MS,
    );

    test.skipIf(command === null)(
      `${name}: where another store has come in place of the first, what is not in it is forgotten`,
      async () => {
        await withExample(
          async (directory) => await prepare(command ?? "", directory),
          async (program, { replaceStore }) => {
            await program.waitFor(/^ready, 2 values$/m);
            await replaceStore();
            await program.waitFor(/^config\/mode = "new"\nready, 1 values$/m);
          },
        );
      },
      RUN_MS,
    );
  }

  test(
    "shell: the file is read anew after a change, and after a restart",
    async () => {
      await withExample(
        async () => ["bash", join(EXAMPLES, "reload.sh")],
        async (program, { server, directory, killAndChange }) => {
          await program.waitFor(/^reloaded: .*"red".*"config\/limit": "3"/m);
          await put(server, "config/color", "green");
          await program.waitFor(/^reloaded: .*"green"/m);
          await killAndChange();
          await program.waitFor(/^reloaded: \[\{"config\/color": "blue"\}\]$/m);
          expect(await Bun.file(join(directory, "config.json")).json()).toEqual([{ "config/color": "blue" }]);
        },
      );
    },
    RUN_MS,
  );

  test(
    "shell: where another store has come in place of the first, the file is that of the other",
    async () => {
      await withExample(
        async () => ["bash", join(EXAMPLES, "reload.sh")],
        async (program, { replaceStore }) => {
          await program.waitFor(/^reloaded: .*"red"/m);
          await replaceStore();
          await program.waitFor(/^reloaded: \[\{"config\/mode": "new"\}\]$/m);
        },
      );
    },
    RUN_MS,
  );
});

interface Scene {
  readonly server: ServerProcess;
  readonly directory: string;
  /** Kills the server, starts it again at the same place, and makes two changes at once. */
  readonly killAndChange: () => Promise<void>;
  /** Kills the server, and starts one at its place over another store with one value. */
  readonly replaceStore: () => Promise<void>;
}

/** An example that runs against a server with two values under config/, and one beside them. */
async function withExample(
  prepare: (directory: string) => Promise<readonly string[]>,
  body: (program: OtherProgram, scene: Scene) => Promise<void>,
): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const command = await prepare(directory);
    await withServerProcess(async (other, restartOther) => {
      await put(other, "config/mode", "new");
      await kill(other);
      await withServerProcess(async (server, restart) => {
        await put(server, "config/color", "red");
        await put(server, "config/limit", "3");
        await put(server, "other", "never shown");
        const killAndChange = async () => {
          await kill(server);
          const again = await restart(server);
          await put(again, "config/color", "blue");
          const deleted = await fetch(`${again.url}/keys/config/limit`, { method: "DELETE" });
          expect(deleted.status).toBe(200);
        };
        const replaceStore = async () => {
          await kill(server);
          await restartOther(server);
        };
        await withProgram([...command, server.url], directory, (program) =>
          body(program, { server, directory, killAndChange, replaceStore }),
        );
      });
    });
  });
}

async function kill(server: ServerProcess): Promise<void> {
  server.kill("SIGKILL");
  await server.exited;
}

async function put(server: ServerProcess, key: string, body: string): Promise<void> {
  const answer = await fetch(`${server.url}/keys/${key}`, { method: "PUT", body });
  expect(answer.ok).toBe(true);
}

async function runToEnd(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stdout: "ignore", stderr: "pipe" });
  const complaints = await new Response(child.stderr).text();
  expect({ exitCode: await child.exited, complaints }).toEqual({ exitCode: 0, complaints: "" });
}
