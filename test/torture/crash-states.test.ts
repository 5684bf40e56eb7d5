// The short version of crash-states.
import { crashStates } from "./crash-states/crash-states.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(crashStates, { roundMsMax: 200 });
