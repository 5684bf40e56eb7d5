// Every method by its subcommand. A new one is a file that exports a Method, a row here, and a test that hands it to suite.ts.
import type { Method } from "./method.ts";

export const METHODS: readonly Method[] = [];
