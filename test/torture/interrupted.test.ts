// The short version of interrupted.
import { interrupted } from "./interrupted/interrupted.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(interrupted, { roundMsMax: 20_000 });
