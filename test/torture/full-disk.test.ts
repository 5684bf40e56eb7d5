// The short version of full-disk.
import { fullDisk } from "./full-disk.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(fullDisk, { roundMsMax: 30_000 });
