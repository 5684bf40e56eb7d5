// Some thousand mutated requests of each kind; a million are sent by hand.
import { fuzz } from "./fuzz/fuzz.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(fuzz, { roundMsMax: 20 });
