// Short messages about what was done, at the edge of the page; read out by screen readers.

import { html, useEffect, useState } from "../preact.js";

const SECONDS = 8;
let notices = [];
let last = 0;
let changed = () => {};

/** Shows a message for some seconds; an error until it is closed. */
export function notify(text, { bad = false } = {}) {
  const number = (last += 1);
  notices = [...notices.slice(-3), { number, text, bad }];
  changed(notices);
  if (!bad) setTimeout(() => close(number), SECONDS * 1000);
}

function close(number) {
  notices = notices.filter((notice) => notice.number !== number);
  changed(notices);
}

export function Notices() {
  const [shown, setShown] = useState(notices);
  useEffect(() => {
    changed = setShown;
    return () => (changed = () => {});
  }, []);
  return html`
    <div class="notices" role="status" aria-live="polite">
      ${shown.map(
        ({ number, text, bad }) => html`
          <p key=${number} class=${bad ? "notice bad" : "notice"}>
            <span>${text}</span>
            <button type="button" class="plain" aria-label="Close this message" onClick=${() => close(number)}>×</button>
          </p>
        `,
      )}
    </div>
  `;
}
