// What a view has loaded, and when it is loaded again.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "./preact.js";

const NOT_LOADED = {};

/**
 * Loads with `load(signal)`, again whenever one of `dependencies` changes, and `seconds` after each load (a number, or
 * a function of the last state; 0: never) while the page is seen.
 * Returns {value, error, reload}. `value` is undefined until it is loaded, and stays while a later load fails.
 */
export function useLoaded(load, dependencies, seconds = 0) {
  const [state, setState] = useState(NOT_LOADED);
  const latest = useRef(load);
  latest.current = load;
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((number) => number + 1), []);
  useLayoutEffect(() => setState((before) => (before === NOT_LOADED ? before : {})), dependencies);
  // Before the browser paints, so that the request is under way meanwhile.
  useLayoutEffect(() => {
    const aborter = new AbortController();
    const step = (next) => aborter.signal.aborted || setState((before) => ({ ...next(before), turn }));
    latest.current(aborter.signal).then(
      (value) => step(() => ({ value })),
      (error) => step((before) => ({ value: before.value, error })),
    );
    return () => aborter.abort();
  }, [...dependencies, turn]);
  const { value, error } = state;
  const wanted = typeof seconds === "function" ? seconds(state) : seconds;
  useEvery(state.turn === turn ? wanted : 0, reload);
  return { value, error, reload };
}

/** As `useLoaded`, every `seconds` until `hasEnded(value)`, or until the app says that there is no such thing. */
export function useFollowed(load, dependencies, seconds, hasEnded) {
  const isOver = ({ value, error }) => (value && hasEnded(value)) || isMissing(error);
  return useLoaded(load, dependencies, (state) => (isOver(state) ? 0 : seconds));
}

/** With a code: without one, it is the answer of a host that has no app at the moment. */
const isMissing = (error) => error?.status === 404 && error.code !== "";

/**
 * Calls `action` every `seconds` (0: never) while the page is seen, and when it is seen again. Whoever loads gives 0
 * while a load is under way: one that takes longer than `seconds` must be able to end.
 */
export function useEvery(seconds, action) {
  useEffect(() => {
    if (!seconds) return undefined;
    const seen = () => document.hidden || action();
    const timer = setInterval(seen, seconds * 1000);
    document.addEventListener("visibilitychange", seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [seconds, action]);
}

const MAX_NEW = 10; // pages that are read at once
const NOTHING_READ = { items: undefined, after: "", empty: 0 };

/**
 * A listing that is read page by page with `load(after)`, which returns {value, continue}; what is new, also `seconds`
 * after each read (a number, or a function of the items).
 * Returns {items, error, more, busy, empty, next, refresh}. `refresh` reads what is new, and keeps what follows it.
 * `empty`: how many pages in a row had nothing, as pages of a filter may.
 */
export function usePages(load, dependencies, seconds = 0) {
  const [state, setState] = useState(NOTHING_READ);
  const [busy, setBusy] = useState(false);
  const latest = useRef(load);
  latest.current = load;
  const list = useRef(); // {state, last}: of these dependencies. A read begins when the last one has ended.

  const read = useCallback((change) => {
    const mine = list.current;
    mine.last = mine.last.then(async () => {
      if (mine !== list.current) return;
      setBusy(true);
      mine.state = await change(latest.current, mine.state).catch((error) => ({ ...mine.state, error }));
      if (mine !== list.current) return;
      setState(mine.state);
      setBusy(false);
    });
    return mine.last;
  }, []);

  useEffect(() => {
    list.current = { state: NOTHING_READ, last: Promise.resolve() };
    setState(NOTHING_READ);
    read(newest);
    return () => (list.current = undefined);
  }, dependencies);

  const next = useCallback(() => {
    if (state.after && !busy) read(following);
  }, [state.after, busy]);
  const refresh = useCallback(() => list.current && read(newest), []);
  const { items, error, after, empty } = state;
  const wanted = typeof seconds === "function" ? seconds(items) : seconds;
  useEvery(busy ? 0 : wanted, refresh);
  return { items, error, more: Boolean(after), busy, empty, next, refresh };
}

async function following(load, { items, after, empty, fresh }) {
  const page = await load(after);
  return {
    fresh,
    items: joined(items, page.value),
    after: page.continue ?? "",
    empty: page.value.length ? 0 : empty + 1,
  };
}

/**
 * Reads from the first page on, until one ends with items that are known: more may be new than fill a page. It reads
 * past the `fresh` items that were new a moment ago: some appear late, behind newer ones.
 */
async function newest(load, { items = [], after, empty, fresh = 0 }) {
  const places = new Map(items.map(({ key }, place) => [key, place]));
  const isKnown = ({ key }) => places.has(key);
  let found = [];
  let page = {};
  let last; // the place of the last one that is known
  let more = true;
  for (let pages = 0; more && pages < MAX_NEW; pages += 1) {
    page = await load(page.continue ?? "");
    found = joined(found, page.value);
    last = places.get(page.value.findLast(isKnown)?.key) ?? last;
    const first = page.value.findIndex(isKnown);
    const settled = first >= 0 && page.value.slice(first).every(isKnown) && found.length >= fresh;
    more = page.continue && items.length && !settled;
  }
  const news = items.length && found.filter((item) => !isKnown(item)).length;
  const late = news && fresh + news; // none, once a read finds none
  const kept = page.continue && (last !== undefined || !found.length);
  if (kept) return { items: joined(found, items.slice((last ?? -1) + 1)), after, empty, fresh: late };
  return { items: found, after: page.continue ?? "", empty: found.length ? 0 : empty + 1, fresh: late };
}

/** Both lists without repetitions by key: an item may move while pages are read. */
function joined(first, second) {
  const known = new Set(first.map((item) => item.key));
  return [...first, ...second.filter((item) => !known.has(item.key))];
}
