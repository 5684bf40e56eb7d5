// One wave of more connections than the server may open files.
import { descriptors } from "./descriptors/descriptors.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(descriptors, { roundMsMax: 60_000 });
