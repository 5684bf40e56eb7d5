// The dialogs, of which one is open at most; that about a draft that would be lost, and that about a conflict, come first.
import { useApp } from "../parts/app-context.ts";
import { Modal } from "../parts/modal.tsx";
import { ConflictDialog } from "./conflict-dialog.tsx";
import { CreateDialog } from "./create-dialog.tsx";
import { DeleteListDialog, DeleteMarkedDialog } from "./delete-dialogs.tsx";
import { EndDialog } from "./end-dialog.tsx";
import { RequestsDialog } from "./request-bar.tsx";
import { ShortcutDialog } from "./shortcut-dialog.tsx";
import { TokenDialog } from "./token-dialog.tsx";

export function Dialogs() {
  const app = useApp();
  const leave = app.leave.value;
  const close = () => {
    app.dialog.value = null;
  };
  if (leave !== null) return <LeaveDialog leave={leave} />;
  const conflict = app.opened.conflict.value;
  if (conflict !== null) return <ConflictDialog conflict={conflict} />;
  switch (app.dialog.value) {
    case null:
      return null;
    case "shortcuts":
      return <ShortcutDialog onClose={close} />;
    case "create":
      return <CreateDialog onClose={close} />;
    case "end":
      return <EndDialog onClose={close} />;
    case "delete-marked":
      return <DeleteMarkedDialog onClose={close} />;
    case "delete-list":
      return <DeleteListDialog onClose={close} />;
    case "requests":
      return <RequestsDialog onClose={close} />;
    case "token":
      return <TokenDialog onClose={close} />;
  }
}

function LeaveDialog({ leave }: { readonly leave: () => void }) {
  const app = useApp();
  const stay = () => {
    app.leave.value = null;
  };
  return (
    <Modal title="Discard your changes?" onClose={stay}>
      <p>What you have changed in this entry has not been saved.</p>
      <div class="row end">
        <button type="button" class="button" onClick={stay}>
          Keep editing
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            app.leave.value = null;
            leave();
          }}
        >
          Discard
        </button>
      </div>
    </Modal>
  );
}
