// Some epochs of it; `npm run torture -- transactions --long` is 300,000 transactions.
import { tortureSuite } from "./suite.ts";
import { transactions } from "./transactions/transactions.ts";

tortureSuite(transactions, { roundMsMax: 30_000 });
