// What a view has loaded, and when it is loaded again.

import { useCallback, useEffect, useRef, useState } from "./preact.js";

/**
 * Loads with `load(signal)`, again whenever one of `dependencies` changes, and every `seconds` (a number, or a function
 * of the value) while the page is seen.
 * Returns {value, error, reload}. `value` is undefined until it is loaded, and stays while a later load fails.
 */
export function useLoaded(load, dependencies, seconds = 0) {
  const [state, setState] = useState({});
  const latest = useRef(load);
  latest.current = load;
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((number) => number + 1), []);
  const under = useRef(false); // a load is under way: one that takes longer than `seconds` must be able to end
  const again = useCallback(() => under.current || reload(), []);
  useEffect(() => setState({}), dependencies);
  useEffect(() => {
    const aborter = new AbortController();
    under.current = true;
    const step = (next) => {
      if (aborter.signal.aborted) return;
      under.current = false;
      setState(next);
    };
    latest.current(aborter.signal).then(
      (value) => step({ value }),
      (error) => step((before) => ({ value: before.value, error })),
    );
    return () => aborter.abort();
  }, [...dependencies, turn]);
  useEvery(typeof seconds === "function" ? seconds(state.value) : seconds, again);
  return { ...state, reload };
}

/** Calls `action` every `seconds` (0: never) while the page is seen, and when it is seen again. */
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

/**
 * A listing that is read page by page with `load(after, signal)`, which returns {value, continue}.
 * Returns {items, error, more, busy, empty, next, refresh}. `refresh` reads the first page and keeps what follows it.
 * `empty`: how many pages in a row had nothing, as pages of a filter may.
 */
export function usePages(load, dependencies) {
  const [state, setState] = useState({ items: undefined, after: "" });
  const [busy, setBusy] = useState(false);
  const latest = useRef(load);
  latest.current = load;
  const turn = useRef(0);

  const read = useCallback(async (after, merge) => {
    const mine = turn.current;
    setBusy(true);
    try {
      const page = await latest.current(after);
      const empty = (before) => (page.value.length ? 0 : (before.empty ?? 0) + 1);
      if (mine === turn.current) setState((before) => ({ ...merge(before, page), empty: empty(before) }));
    } catch (error) {
      if (mine === turn.current) setState((before) => ({ ...before, error }));
    } finally {
      if (mine === turn.current) setBusy(false);
    }
  }, []);

  useEffect(() => {
    turn.current += 1;
    setState({ items: undefined, after: "" });
    read("", (_, page) => ({ items: page.value, after: page.continue ?? "" }));
  }, dependencies);

  const next = useCallback(() => {
    if (state.after && !busy) {
      read(state.after, (before, page) => ({ items: joined(before.items, page.value), after: page.continue ?? "" }));
    }
  }, [state.after, busy]);
  const refresh = useCallback(
    () =>
      read("", (before, page) => {
        const further = before.items?.length > page.value.length;
        return further
          ? { ...before, items: joined(page.value, before.items) }
          : { items: page.value, after: page.continue ?? "" };
      }),
    [],
  );
  const { items, error, after, empty } = state;
  return { items, error, more: Boolean(after), busy, empty, next, refresh };
}

/** Both lists without repetitions by key: an item may move while pages are read. */
function joined(first, second = []) {
  const known = new Set(first.map((item) => item.key));
  return [...first, ...second.filter((item) => !known.has(item.key))];
}
