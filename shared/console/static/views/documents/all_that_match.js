// What can be done with all documents that match a filter: classify them again, or export their results.

import { change } from "../../api.js";
import { count, counted } from "../../formats.js";
import { Action } from "../../parts/action.js";
import { confirmed } from "../../parts/dialog.js";
import { endedExport, saveExport } from "../../parts/export.js";
import { notify } from "../../parts/notices.js";
import { html, useState } from "../../preact.js";

/** `clear` clears the filter; false if there is none. */
export function AllThatMatch({ filter, clear, onDone }) {
  const [progress, setProgress] = useState("");
  const act = async (action) => {
    try {
      await action(filter, setProgress);
    } finally {
      setProgress("");
      onDone();
    }
  };
  return html`
    <div class="row spread">
      <h2>${clear ? "All that match" : "All documents"}</h2>
      <span class="row">
        <span role="status" class="quiet">${progress}</span>
        ${clear && html`<button type="button" onClick=${clear}>Clear the filter</button>`}
        <${Action} onClick=${() => act(replayAll)}>Classify all again<//>
        <${Action} onClick=${() => act(exportAll("csv"))}>Export as CSV<//>
        <${Action} onClick=${() => act(exportAll("jsonl"))}>Export as JSON lines<//>
      </span>
    </div>
  `;
}

async function replayAll(filter, say) {
  const body = selection(filter);
  say("Counting …");
  const number = await eachPage({ ...body, dryRun: true }, () => {});
  if (!number) {
    notify("No ended document matches this filter, so there is nothing to classify again.");
    return;
  }
  const question = {
    title: `Classify ${counted(number, "document")} again?`,
    text: "Each is sent to the classifier of its folder once more, which is billed. The results replace those of now.",
    action: "Classify again",
  };
  if (!(await confirmed(question))) return;
  const done = await eachPage(body, (sofar) => say(`${count(sofar)} of ${count(number)}`));
  notify(`${counted(done, "document")} will be classified again.`);
}

/** Replays what `body` selects, a page at a time; returns how many there are. */
async function eachPage(body, say) {
  let number = 0;
  for (let page = {}; page;) {
    const answer = await change("POST", "documents/replay", { ...body, ...page });
    number += answer.count;
    say(number);
    page = answer.continue ? { continue: answer.continue } : null;
  }
  return number;
}

/** The body of a replay for a filter. Open documents are on their way already. */
function selection({ state, class: category, prefix, since, until, name }) {
  const given = { class: category, prefix, since, until, name };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value)),
    state: ["all", "open"].includes(state) ? (category ? "succeeded" : "ended") : state,
  };
}

const exportAll = (format) => async (filter, say) => {
  const { class: category, prefix, since, until } = filter;
  const given = Object.entries({ class: category, prefix, since, until }).filter(([, value]) => value);
  say("Exporting …");
  const { key } = await change("POST", "documents/export", { format, ...Object.fromEntries(given) });
  await saveExport(await endedExport(key));
  notify("The export is in your downloads: one line for each version of a file that got classes.");
};
