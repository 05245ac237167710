import { time } from "../formats.js";
import { html } from "../preact.js";

/** What happened and when: [{at, what}], the first thing first. */
export function Timeline({ events }) {
  return html`
    <ol class="timeline">
      ${events.map(
        ({ at, what }) => html`
          <li><time datetime=${at}>${time(at)}</time> <span>${what}</span></li>
        `,
      )}
    </ol>
  `;
}

/** Names and values, those that are known: [[name, value]]. */
export function Facts({ facts }) {
  return html`
    <dl class="facts">
      ${facts
        .filter(([, value]) => ![undefined, null, false, ""].includes(value))
        .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
  `;
}
