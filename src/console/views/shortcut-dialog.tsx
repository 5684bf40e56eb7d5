// The sheet of shortcuts.
import { Modal } from "../parts/modal.tsx";
import { SHORTCUTS } from "./keyboard.ts";

export function ShortcutDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Modal title="Keyboard shortcuts" onClose={onClose} isWide>
      <div class="shortcuts">
        {Object.entries(SHORTCUTS).map(([where, shortcuts]) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>
              {shortcuts.map(({ keys, does }) => (
                <div key={does}>
                  <dt>
                    {keys.map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
