// The console: a page that asks this server, as any client does.
import { render } from "preact";
import { ConsoleApp } from "./model/console-app.ts";
import { AppContext } from "./parts/app-context.ts";
import { Shell } from "./views/shell.tsx";

const place = document.getElementById("console");
if (place !== null) {
  const app = new ConsoleApp(location.origin);
  app.start();
  render(
    <AppContext.Provider value={app}>
      <Shell />
    </AppContext.Provider>,
    place,
  );
}
