// An app whose users stay logged in when it is restarted, and on every server of it: their sessions are in Keyhold.
// npm install keyhold express express-session; KEYHOLD_URL=http://127.0.0.1:3000 PORT=8080 node express.mjs
import express from "express";
import session from "express-session";
import { Keyhold } from "keyhold/client";
import { sessionStore } from "keyhold/express-session";

const client = new Keyhold(process.env.KEYHOLD_URL ?? "http://127.0.0.1:3000");
const app = express();
app.use(
  session({
    store: sessionStore(session.Store, { client, prefix: "sess/" }),
    secret: process.env.SESSION_SECRET ?? "only for trying it out",
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: 7 * 24 * 3600 * 1000, sameSite: "lax" },
  }),
);

app.post("/login/:user", (request, response, next) => {
  // A new session, so that nobody can have known its id before.
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = request.params.user;
    response.send(`Welcome, ${request.params.user}\n`);
  });
});
app.post("/logout", (request, response, next) => {
  request.session.destroy((error) => (error ? next(error) : response.send("Bye\n")));
});
app.get("/", (request, response) => response.send(`Hello, ${request.session.user ?? "whoever you are"}\n`));

const server = app.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
