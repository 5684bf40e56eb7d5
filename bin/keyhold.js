#!/usr/bin/env node
// The `keyhold` command for machines that have Node and npm only: runs src/main.ts under the Bun that npm installed.
import { fileURLToPath } from "node:url";
import { runBun } from "./run-bun.js";

runBun([fileURLToPath(new URL("../src/main.ts", import.meta.url)), ...process.argv.slice(2)]);
