// `npm run --silent sbom`: the bill of materials of what we hand out, CycloneDX 1.5 in JSON, to standard output.
import { fileURLToPath } from "node:url";
import { readBill } from "./bill-of-materials.ts";
import { readLock } from "./lock-file.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

console.log(JSON.stringify(readBill(ROOT, readLock(`${ROOT}/package-lock.json`)), null, 2));
