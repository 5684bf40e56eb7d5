// The short version of power-cut.
import { powerCut } from "./power-cut/power-cut.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(powerCut, { roundMsMax: 20_000 });
