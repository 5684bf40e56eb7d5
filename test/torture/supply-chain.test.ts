// What Keyhold is made of keeps its rules, and each rule is seen to be one.
import { tortureSuite } from "./suite.ts";
import { supplyChain } from "./supply-chain/supply-chain.ts";

tortureSuite(supplyChain, { roundMsMax: 20_000 });
