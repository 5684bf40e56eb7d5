// Hands the console's one app to whatever draws it.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ConsoleApp } from "../model/console-app.ts";

export const AppContext = createContext<ConsoleApp | null>(null);

export function useApp(): ConsoleApp {
  const app = useContext(AppContext);
  if (app === null) throw new Error("Cannot draw outside of the console");
  return app;
}
