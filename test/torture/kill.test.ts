// The short version of the kill method.
import { kill } from "./kill.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(kill, { roundMsMax: 10_000 });
