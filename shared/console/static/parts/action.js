// A button that does something at the app, and says if it fails.

import { html, useState } from "../preact.js";
import { notify } from "./notices.js";

/** Runs an action of a reader; an error becomes a message. Returns whether it succeeded. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    notify([error.message, ...(error.details ?? []).slice(1).map((one) => one.message)].join(" "), { bad: true });
    return false;
  }
}

/** A button that is busy until the promise of `onClick` ends. */
export function Action({ onClick, children, disabled, busy: busyText = "…", ...others }) {
  const [busy, setBusy] = useState(false);
  const clicked = async () => {
    if (busy) return;
    setBusy(true);
    await attempt(onClick);
    setBusy(false);
  };
  return html`
    <button type="button" ...${others} disabled=${disabled} aria-busy=${busy} onClick=${clicked}>
      ${children}${busy && html` <span aria-hidden="true">${busyText}</span>`}
    </button>
  `;
}

/** A form that is busy until the promise of `onSubmit` ends. Its fields are valid then. */
export function Form({ onSubmit, children, ...others }) {
  const [busy, setBusy] = useState(false);
  const submitted = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    await attempt(onSubmit);
    setBusy(false);
  };
  return html`<form ...${others} aria-busy=${busy} onSubmit=${submitted}>${children}</form>`;
}
