// Two thousand clients that stall, once.
import { memory } from "./memory/memory.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(memory, { roundMsMax: 120_000 });
