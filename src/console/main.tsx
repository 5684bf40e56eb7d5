// The console: a page that asks this server, as any client does.
import { render } from "preact";

function Console() {
  return <h1>Keyhold</h1>;
}

const place = document.getElementById("console");
if (place !== null) render(<Console />, place);
