// Ten seconds of the soak; hours are run by hand.
import { soak } from "./soak/soak.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(soak, { roundMsMax: 30_000 });
