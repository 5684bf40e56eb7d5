// The short version of the clock method.
import { clock } from "./clock.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(clock, { roundMsMax: 30_000 });
