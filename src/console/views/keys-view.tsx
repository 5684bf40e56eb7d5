// Keys: folders, the list, and the entry that is open. On a narrow screen one of them at a time.
import { useSignal } from "@preact/signals";
import { useApp } from "../parts/app-context.ts";
import { EntryPane } from "./entry-pane.tsx";
import { FolderTree } from "./folder-tree.tsx";
import { KeyRows } from "./key-rows.tsx";
import { ListHead } from "./list-head.tsx";
import { MarkedBar } from "./marked-bar.tsx";

export function KeysView() {
  const app = useApp();
  const isTreeShown = useSignal(false);
  const { key } = app.places.place.value;
  return (
    <main class="keys" data-open={key !== null} data-tree={isTreeShown.value}>
      <h1 class="offscreen">Keys</h1>
      <FolderTree
        onChosen={() => {
          isTreeShown.value = false;
        }}
      />
      <section class="list" aria-label="Keys">
        <ListHead
          isTreeShown={isTreeShown.value}
          onTree={() => {
            isTreeShown.value = !isTreeShown.value;
          }}
        />
        <KeyRows />
        <MarkedBar />
      </section>
      <EntryPane />
    </main>
  );
}
