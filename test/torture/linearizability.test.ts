// Some epochs of it; `npm run torture -- linearizability --long` is 5,000,000 operations.
import { linearizability } from "./linearizability/linearizability.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(linearizability, { roundMsMax: 30_000 });
