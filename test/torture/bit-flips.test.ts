// The short version of bit-flips.
import { bitFlips } from "./bit-flips/bit-flips.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(bitFlips, { roundMsMax: 2000 });
