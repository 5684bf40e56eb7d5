// The short version of the method `model`.
import { model } from "./model.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(model, { roundMsMax: 5000 });
