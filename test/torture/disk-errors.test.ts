import { diskErrors } from "./disk-errors/disk-errors.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(diskErrors, { roundMsMax: 15_000 });
