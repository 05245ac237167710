// The open reviews one after the other, in the order of the queue: which one is shown, and what a reviewer did.

import { go, to } from "../../address.js";
import { change, get, path } from "../../api.js";
import { count, visible } from "../../formats.js";
import { useEvery, useLoaded } from "../../loading.js";
import { Action, attempt } from "../../parts/action.js";
import { notify } from "../../parts/notices.js";
import { Empty, Loaded, Loading, Problem } from "../../parts/status.js";
import { html, useCallback, useEffect, useRef, useState } from "../../preact.js";
import { ReviewCard, classNames, decide } from "./review.js";

const KNOWN = 100; // open reviews that the page knows; the queue may have more
const FEW = 20; // left, when the next ones are loaded
const PAGES = 20; // requests for them: with a filter, a page may be short and have a next one
const EVERY = 20; // seconds
const NOT_FOUND = 404;
const NOT_OPEN = [NOT_FOUND, 409, 410]; // why a decision is refused
const mine = []; // decisions since the page was opened, the last one last: [{review, at}]

/**
 * `query`: the address without `at`; its `reason` and `project` filter. `at`: the key of the review that is shown ("":
 * the first). `onDecision` is called after each decision. `children`: what is shown if there is nothing to decide.
 */
export function ReviewQueue({ query, at, onDecision, children }) {
  const queue = useQueue(query, at);
  const { error, left, current, reload } = queue;
  if (left === undefined) return error ? html`<${Problem} error=${error} retry=${reload} />` : html`<${Loading} />`;
  return html`
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${
      current
        ? html`<${Current} queue=${queue} onDecision=${onDecision} />`
        : html`<${Done} queue=${queue} onDecision=${onDecision}>${children}<//>`
    }
  `;
}

/** The reviews of the queue, and steps through it. `left`: undefined until they are loaded. */
function useQueue(query, at) {
  const filter = { reason: query.reason, project: query.project };
  const [{ reviews, more, error }, setListing] = useState({});
  const [busy, setBusy] = useState(false);
  const [skipped, setSkipped] = useState([]); // keys: their reviews are shown after all others
  const ended = useRef(new Set()); // keys: a listing that was requested earlier may still have them
  const show = (key) => go(to("reviews", [], { ...query, at: key }), { replace: true });

  const order = inOrder(reviews ?? [], skipped);
  const current = order.find(({ key }) => key === at) ?? order[0];
  const shown = useRef();
  shown.current = current;
  useEffect(() => {
    if (current && current.key !== at) show(current.key); // it stays when others get in before it
  }, [current?.key, at]);

  const reload = useCallback(async () => {
    setBusy(true);
    try {
      const found = await openReviews(filter);
      const open = found.reviews.filter(({ key }) => !ended.current.has(key));
      const keep = shown.current && !ended.current.has(shown.current.key) && shown.current;
      setListing({ ...found, reviews: keep ? withShown(open, keep) : open });
    } catch (problem) {
      setListing((before) => ({ ...before, error: problem }));
    }
    setBusy(false);
  }, [filter.reason, filter.project]);
  useEffect(() => {
    reload();
  }, [reload]);
  useEvery(busy ? 0 : EVERY, reload);
  useEffect(() => {
    if (more && reviews.length < FEW) reload();
  }, [more, reviews?.length]);

  const away = (by, from = current) => order.at((order.indexOf(from) + by) % order.length);
  const remove = ({ key }) => {
    const next = away(1);
    ended.current.add(key);
    setListing((before) => ({ ...before, reviews: before.reviews.filter((one) => one.key !== key) }));
    show(next?.key === key ? "" : next?.key);
  };
  const putBack = (review) => {
    ended.current.delete(review.key);
    setSkipped((before) => before.filter((key) => key !== review.key));
    setListing((before) => ({ ...before, reviews: withShown(before.reviews, review) }));
    show(review.key);
  };
  const skip = () => {
    setSkipped((before) => [...before.filter((key) => key !== current.key), current.key]);
    show(away(1).key);
  };
  const move = (by) => show(away(by).key);
  const shownNow = { current, next: current && away(1), left: reviews?.length, more, skipped };
  return { ...shownNow, error, reload, remove, putBack, skip, move };
}

/** Up to KNOWN reviews, and whether there are more. */
async function openReviews(filter) {
  const reviews = [];
  let after = "";
  for (let page = 0; page < PAGES && reviews.length < KNOWN && (page === 0 || after); page += 1) {
    const found = await get("reviews", { ...filter, top: KNOWN - reviews.length, continue: after });
    reviews.push(...found.value);
    after = found.continue ?? "";
  }
  return { reviews, more: Boolean(after) };
}

function inOrder(reviews, skipped) {
  const later = skipped.map((skippedKey) => reviews.find(({ key }) => key === skippedKey)).filter(Boolean);
  return [...reviews.filter((one) => !later.includes(one)), ...later];
}

/** A review stays while it is shown, even if somebody else has decided it: the app says so when it is decided. */
const withShown = (reviews, shown) => (reviews.some(({ key }) => key === shown.key) ? reviews : [shown, ...reviews]);

const leftWords = ({ left, more }) => `${count(left)}${more ? " or more" : ""} left`;

function Done({ queue, onDecision, children }) {
  const undo = async () => {
    await undoLast(queue);
    onDecision();
  };
  return html`
    <section class="card" aria-label="The queue">
      <div role="status">
        ${mine.length ? html`<${Empty}>All are decided. New ones appear here by themselves.<//>` : children}
      </div>
      ${mine.length > 0 && html`<p><${Action} onClick=${undo}>Undo the last decision<//></p>`}
    </section>
  `;
}

/** The review that is shown, with its text. The next one is loaded meanwhile. */
function Current({ queue, onDecision }) {
  const { current, next, skipped } = queue;
  const [turn, setTurn] = useState(0); // after an undone decision it is loaded again
  const moved = useRef(false);
  const state = useReview(current.key, next.key, turn);
  const review = state.value?.key === current.key ? state.value : undefined;
  useEffect(() => {
    if (review && review.state !== "open") leave(queue, review);
    else if (state.error?.status === NOT_FOUND) queue.remove(current);
  }, [review, state.error]);
  const step =
    (action) =>
    (...given) => {
      moved.current = true;
      return attempt(() => action(...given));
    };
  const decided = async (classes, comment, reviewer) => {
    await decideCurrent(queue, review, { classes, comment, reviewer });
    onDecision();
  };
  const undone = async () => {
    await undoLast(queue);
    setTurn((number) => number + 1);
    onDecision();
  };
  const actions = {
    decide: step(decided),
    undo: mine.length ? step(undone) : undefined,
    skip: queue.left > 1 ? step(async () => queue.skip()) : undefined,
    next: queue.left > 1 ? step(async () => queue.move(1)) : undefined,
    previous: queue.left > 1 ? step(async () => queue.move(-1)) : undefined,
  };
  return html`
    <p class="unseen" aria-live="polite">${review && `${visible(review.name)}, ${leftWords(queue)}`}</p>
    <${Loaded} state=${{ ...state, value: review?.state === "open" ? review : undefined }} what="Loading the review …">
      ${(value) => html`
        <${ReviewCard} key=${`${value.key} ${turn}`} review=${value} actions=${actions} focus=${moved.current}>
          <span class="quiet">
            ${leftWords(queue)}${skipped.includes(value.key) ? ", you skipped this one before" : ""}
          </span>
        <//>
      `}
    <//>
  `;
}

/** The whole review of a key. That of `nextKey` is loaded after it, so that it can be shown at once. */
function useReview(key, nextKey, turn) {
  const ahead = useRef({});
  const load = (wanted) => get(path`reviews/${wanted}`);
  const state = useLoaded(() => {
    const known = ahead.current;
    ahead.current = {};
    return known.key === key ? known.review : load(key);
  }, [key, turn]);
  useEffect(() => {
    if (state.value?.key !== key || nextKey === key || ahead.current.key === nextKey) return;
    const review = load(nextKey);
    review.catch(() => (ahead.current = {})); // it is loaded again when it is shown
    ahead.current = { key: nextKey, review };
  }, [state.value, key, nextKey]);
  return state;
}

async function decideCurrent(queue, review, decision) {
  let decided;
  try {
    decided = await decide(review.key, decision);
  } catch (error) {
    if (!NOT_OPEN.includes(error.status)) throw error;
    await leaveRefused(queue, review, error);
    return;
  }
  if (decided.decision.reviewer === (decision.reviewer || undefined)) mine.push({ review, at: decided.decision.at });
  else notify(`${by(decided.decision)} decided ${visible(review.name)} in the same way before.`);
  queue.remove(review);
}

/** A decision that the app has refused: somebody else decided, or the text is gone. */
async function leaveRefused(queue, review, error) {
  const gone = { ...review, state: "withdrawn", textGone: error.message };
  const now = error.status === 409 ? await get(path`reviews/${review.key}`) : gone;
  if (now.state === "open") throw error;
  leave(queue, now);
}

/** Says why this review is not open any more, and goes to the next. */
function leave(queue, review) {
  const name = visible(review.name);
  if (review.decision) {
    const classes = classNames(review.decision.classes);
    notify(`${by(review.decision)} decided ${name} meanwhile: ${classes}. That decision stays.`);
  } else if (review.textGone) notify(`${name} was changed or deleted meanwhile: nobody can decide on it.`);
  else notify(`The classifier is sure of ${name} now: nobody needs to decide.`);
  queue.remove(review);
}

const by = ({ reviewer }) => (reviewer ? visible(reviewer) : "Somebody else");

/** Undoes the last decision that was made on this page, and shows its review again. */
async function undoLast(queue) {
  const last = mine.at(-1);
  if (!last) return;
  const name = visible(last.review.name);
  const now = await get(path`reviews/${last.review.key}`);
  if (now.decision?.at === last.at) {
    try {
      await change("DELETE", path`reviews/${last.review.key}/decision`);
    } catch (error) {
      if (error.status === 409) mine.pop(); // it never can be: it has become labels
      throw error;
    }
    notify(`The decision on ${name} is undone.`);
    mine.pop();
    queue.putBack({ ...last.review, state: "open" });
    return;
  }
  mine.pop();
  notify(`The decision on ${name} was changed by somebody else meanwhile, so it stays.`);
}
