import { acknowledgements } from "./acknowledgements/acknowledgements.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(acknowledgements, { roundMsMax: 20 });
