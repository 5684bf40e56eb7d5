// The short version of partition. What is planted is the same on both kinds of servers, so it is looked for on the one that starts
// sooner; by hand it is on both.
import { partition } from "./partition.ts";
import { tortureSuite } from "./suite.ts";

const ROUND_MS_MAX = 240_000;

tortureSuite({ ...partition, variants: ["cluster"], plants: [] }, { roundMsMax: ROUND_MS_MAX });
tortureSuite({ ...partition, variants: ["sentinel"] }, { roundMsMax: ROUND_MS_MAX });
