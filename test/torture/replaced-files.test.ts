// The short version of the replaced-files method.
import { replacedFiles } from "./replaced-files.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(replacedFiles, { roundMsMax: 30_000 });
