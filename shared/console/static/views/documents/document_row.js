// A document in a list.

import { to } from "../../address.js";
import { ago, score, time, visible, words } from "../../formats.js";
import { State } from "../../parts/status.js";
import { html } from "../../preact.js";

const SHOWN = 4; // classes

/** The file's name, its state, its classes or the reason why there are none, and when that was. */
export function DocumentRow({ document }) {
  const { key, name, state, ended, landed } = document;
  const at = ended ?? landed;
  return html`
    <li>
      <a class="name" dir="auto" href=${to("documents", [key])}>${visible(name)}</a>
      <${Outcome} document=${document} />
      ${state !== "succeeded" && html`<${State} state=${state} />`}
      <time class="when" datetime=${at} title=${time(at)}>${ago(at)}</time>
    </li>
  `;
}

function Outcome({ document: { state, classes = [], reason, waitingFor } }) {
  if (state === "failed") return html`<span class="quiet">${words(reason ?? "")}</span>`;
  if (state !== "succeeded") return waitingFor ? html`<span class="quiet" dir="auto">${waitingFor}</span>` : null;
  if (!classes.length) return html`<span class="quiet">no class</span>`;
  return html`
    <span class="row tags">
      ${classes
        .slice(0, SHOWN)
        .map(
          ({ category, confidence }) =>
            html`<span class="tag" key=${category}><span dir="auto">${visible(category)}</span> ${score(confidence)}</span>`,
        )}
      ${classes.length > SHOWN && html`<span class="quiet">and ${classes.length - SHOWN} more</span>`}
    </span>
  `;
}
