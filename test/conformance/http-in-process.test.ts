// The handlers keep the HTTP contract without a socket.
import { withAppInProcess } from "../support/http-harness.ts";
import { httpSuite } from "./http.suite.ts";

httpSuite("http in process", withAppInProcess);
