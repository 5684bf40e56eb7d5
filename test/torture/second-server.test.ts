// The short version of the second-server method.
import { secondServer } from "./second-server.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(secondServer, { roundMsMax: 30_000 });
