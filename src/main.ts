// Where the command starts: hands the arguments to cli/run.ts and ends with its exit code.
import { makeProcessHost } from "./cli/host.ts";
import { run } from "./cli/run.ts";

// Files that this process makes are its user's alone: the store, its logs, its copies.
process.umask(0o077);

// Exits even where something is still open: a command that has returned has closed what matters.
process.exit(await run(process.argv.slice(2), makeProcessHost()));
