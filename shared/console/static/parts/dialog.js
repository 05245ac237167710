// Questions that must be answered before something is done.

import { html, useEffect, useRef, useState } from "../preact.js";

let open = () => {};

/** Asks `title`, with `text` below and a button `action`. Resolves to whether the reader confirms. */
export const confirmed = (question) => new Promise((resolve) => open({ ...question, resolve }));

/** Shows the questions of `confirmed`. */
export function Questions() {
  const [question, setQuestion] = useState(null);
  useEffect(() => {
    open = (asked) =>
      setQuestion((before) => {
        before?.resolve(false);
        return asked;
      });
    return () => (open = () => {});
  }, []);
  if (!question) return null;
  const end = (yes) => {
    setQuestion(null);
    question.resolve(yes);
  };
  return html`
    <${Dialog} title=${question.title} onClose=${() => end(false)}>
      ${question.text && html`<p>${question.text}</p>`}
      <p class="row">
        <button type="button" class=${question.harmful ? "harmful" : "primary"} onClick=${() => end(true)}>
          ${question.action}
        </button>
        <button type="button" onClick=${() => end(false)}>Cancel</button>
      </p>
    <//>
  `;
}

/** A modal dialog. Escape closes it, and the focus returns to where it was. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.focus?.();
  }, []);
  const cancelled = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`
    <dialog ref=${dialog} aria-labelledby="dialog-title" onCancel=${cancelled}>
      <h2 id="dialog-title">${title}</h2>
      ${children}
    </dialog>
  `;
}
