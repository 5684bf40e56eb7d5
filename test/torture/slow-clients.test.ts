// Two hundred slow clients of each kind; thousands by hand.
import { slowClients } from "./slow-clients/slow-clients.ts";
import { tortureSuite } from "./suite.ts";

tortureSuite(slowClients, { roundMsMax: 90_000 });
