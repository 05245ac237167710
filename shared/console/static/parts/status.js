// What a view shows while it loads, when it has nothing, and when something failed.

import { html } from "../preact.js";

const WHAT_TO_DO = {
  0: "Check that the app is running and the network works.",
  401: "Enter a key with the button at the top of the page.",
  404: "Its address is wrong, or it has been deleted.",
  409: "Something else changed it, or is under way. Look at it again, then try once more.",
  429: "The service allows no more requests now. Try again in a minute.",
  500: "The app's log has the cause.",
  502: "The Language service did not answer as it should. Try again in a minute.",
  503: "Storage or the service does not answer now. Try again in a minute.",
};

const NOT_IN_PROTOCOL = 501; // no failure: the message says what to do instead

/** An error in words, and what to do. `retry` offers to try again. */
export function Problem({ error, retry }) {
  if (error.status === NOT_IN_PROTOCOL) return html`<p class="quiet">${error.message}</p>`;
  const details = error.details?.length > 1 ? error.details : [];
  return html`
    <div class="problem" role="alert">
      <p><strong>${error.message}</strong> ${WHAT_TO_DO[error.status] ?? ""}</p>
      ${details.length > 0 && html`<ul>${details.map((one) => html`<li>${one.message}</li>`)}</ul>`}
      ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
    </div>
  `;
}

export const Loading = ({ what = "Loading …" }) => html`<p class="quiet loading" role="status">${what}</p>`;

export const Empty = ({ children }) => html`<p class="quiet empty">${children}</p>`;

/** Shows `children(value)` of what `useLoaded` returns; before, that it loads; and its error beside an older value. */
export function Loaded({ state, what, children }) {
  return html`
    ${state.error && html`<${Problem} error=${state.error} retry=${state.reload} />`}
    ${state.value === undefined ? !state.error && html`<${Loading} what=${what} />` : children(state.value)}
  `;
}

const STATES = {
  waiting: "open",
  submitted: "open",
  submitting: "open",
  starting: "open",
  running: "open",
  open: "open",
  succeeded: "good",
  done: "good",
  decided: "good",
  ok: "good",
  failed: "bad",
  red: "bad",
  lost: "bad",
};

/** A state as a small label. */
export const State = ({ state, children }) =>
  html`<span class="state ${STATES[state] ?? "neutral"}">${children ?? state}</span>`;
