// The page: its views, where one is, the key, and the messages.

import { go, to, useAddress } from "./address.js";
import { health } from "./api.js";
import { keepKey, onKey, readKey, takeKeyFromAddress } from "./key.js";
import { useLoaded } from "./loading.js";
import { Dialog, Questions } from "./parts/dialog.js";
import { Text } from "./parts/fields.js";
import { Notices } from "./parts/notices.js";
import { Loading, Problem, State } from "./parts/status.js";
import { html, render, useEffect, useErrorBoundary, useRef, useState } from "./preact.js";

// Each view is a component that has its title as its name, in a module that is loaded when it is needed.
const VIEWS = {
  overview: { title: "Overview", load: () => import("./views/overview/overview.js") },
  documents: { title: "Documents", load: () => import("./views/documents/documents.js") },
  reviews: { title: "Reviews", load: () => import("./views/reviews/reviews.js") },
  projects: { title: "Projects", load: () => import("./views/projects/projects.js") },
  activity: { title: "Activity", load: () => import("./views/activity/activity.js") },
};
// After these milliseconds all are loaded: a deployment may replace them later, while the page is open.
const LOAD_ALL_AFTER = 10_000;
const WORDS = { ok: "healthy", waiting: "waiting", red: "needs attention" };
const HEALTH_EVERY = 15; // seconds

function Console() {
  const address = useAddress();
  const [asking, setAsking] = useState(false);
  const [turn, setTurn] = useState(0); // with another key, everything is loaded again
  const again = () => {
    setAsking(false);
    setTurn((number) => number + 1);
  };
  useEffect(() => onKey(() => setAsking(true), again), []);
  const name = Object.hasOwn(VIEWS, address.view) ? address.view : "overview";
  useFocusOnChange(name);
  const keep = (key) => {
    keepKey(key);
    again();
  };
  return html`
    <${Header} key=${`header ${turn}`} current=${name} onKey=${() => setAsking(true)} />
    <${View} key=${`${name} ${turn}`} name=${name} address=${address} />
    ${asking && html`<${KeyDialog} onKeep=${keep} onClose=${() => setAsking(false)} />`}
    <${Questions} />
    <${Notices} />
  `;
}

/** A view that a link has led to has the focus, so that its keys work: Enter on the link would only lead there again. */
function useFocusOnChange(name) {
  const shown = useRef(name);
  useEffect(() => {
    if (shown.current !== name) focusContent();
    shown.current = name;
  }, [name]);
}

const focusContent = () => document.getElementById("content").focus({ preventScroll: true });

function Header({ current, onKey }) {
  return html`
    <a class="skip" href="#content" onClick=${skip}>Skip to the content</a>
    <header>
      <a class="home" href=${to("overview")}>textdrop</a>
      <nav aria-label="Views">
        ${Object.entries(VIEWS).map(
          ([name, { title }]) => html`
            <a key=${name} href=${to(name)} aria-current=${name === current ? "page" : undefined}>${title}</a>
          `,
        )}
      </nav>
      <${Health} />
      <button type="button" class="plain" onClick=${onKey}>${readKey() ? "Change key" : "Key"}</button>
    </header>
  `;
}

function skip(event) {
  event.preventDefault(); // the address is the view's
  focusContent();
}

function Health() {
  const { value, error } = useLoaded(() => health(), [], HEALTH_EVERY);
  if (!value && !error) return null;
  const state = error ? "red" : value.status;
  const words = error ? (error.status === 401 ? "needs a key" : "no answer") : WORDS[state];
  return html`<a class="health" href=${to("overview")}><${State} state=${state}>${words}<//></a>`;
}

function View({ name, address }) {
  const { title, load } = VIEWS[name];
  const module = useLoaded(load, [name]);
  const [error, reset] = useErrorBoundary((thrown) => console.error(thrown));
  useEffect(() => {
    document.title = [...address.rest.slice(0, 1), title, "textdrop"].join(" · ");
  }, [title, address.rest[0]]);
  const broken = error && { message: `This view could not be shown: ${error.message}.` };
  const unreachable = module.error && { status: 0, message: "The app cannot be reached." };
  return html`
    <main id="content" tabindex="-1">
      <h1 class=${address.rest.length ? "small" : ""}>
        ${address.rest.length ? html`<a href=${to(name)}>${title}</a>` : title}
      </h1>
      ${broken && html`<${Problem} error=${broken} retry=${reset} />`}
      ${unreachable && html`<${Problem} error=${unreachable} retry=${() => location.reload()} />`}
      ${!module.value && !module.error && html`<${Loading} />`}
      ${!broken && module.value && html`<${module.value[title]} rest=${address.rest} query=${address.query} />`}
    </main>
  `;
}

function KeyDialog({ onKeep, onClose }) {
  const [key, setKey] = useState("");
  const submit = (event) => {
    event.preventDefault();
    onKeep(key.trim());
  };
  return html`
    <${Dialog} title="Function key" onClose=${onClose}>
      <form onSubmit=${submit}>
        <p>
          The app answers only with a function key: in Azure, one of its page “App keys”; on this machine, one of the
          file that <code>make run AUTH=1</code> names. It is kept until this tab is closed, and only sent to this app.
        </p>
        <${Text} label="Key" type="password" value=${key} onInput=${setKey} required autofocus />
        <p class="row">
          <button class="primary">Use this key</button>
          ${readKey() && html`<button type="button" onClick=${() => onKeep("")}>Forget the key</button>`}
          <button type="button" onClick=${onClose}>Cancel</button>
        </p>
      </form>
    <//>
  `;
}

function start() {
  takeKeyFromAddress();
  if (!location.hash) go(to("overview"), { replace: true });
}

start();
addEventListener("hashchange", start); // of a link that is opened while the page is
render(html`<${Console} />`, document.getElementById("console"));
setTimeout(loadAll, LOAD_ALL_AFTER);

/** One after the other: the view that is shown needs the browser more. */
async function loadAll() {
  for (const { load } of Object.values(VIEWS)) await load().catch(() => {});
}
