// What the charts show, computed from the rows of GET statistics. Pure.

const HOUR = 3600; // seconds
const DAY = 24 * HOUR;
const COLOURS = 5; // classes with a separate line

const since = (by, period, periods) => (now) => ({
  by,
  since: new Date((Math.floor(now / 1000 / period) - periods + 1) * period * 1000).toISOString(),
  top: 500,
});

/** The times to choose from: how the API is asked, and the length and number of their periods. */
export const spans = {
  day: { title: "24 hours", unit: "an hour", period: HOUR, periods: 24, query: since("hour", HOUR, 24) },
  week: { title: "7 days", unit: "an hour", period: HOUR, periods: 168, query: since("hour", HOUR, 168) },
  month: { title: "30 days", unit: "a day", period: DAY, periods: 30, query: since("day", DAY, 30) },
};

/** One value for each period, the first one first: rows of several classifiers are added. */
export function merged(rows) {
  const periods = new Map();
  for (const row of rows) {
    const start = Date.parse(row.start) / 1000;
    periods.set(start, [...(periods.get(start) ?? []), row]);
  }
  return [...periods].sort(([one], [other]) => one - other).map(([start, found]) => ({ start, ...numbers(found) }));
}

/** With an empty value for each period until now in which nothing ended. */
export function withGaps(periods, { period, periods: number }, now = Date.now()) {
  const known = new Map(periods.map((one) => [one.start, one]));
  const last = Math.floor(now / 1000 / period) * period;
  return Array.from({ length: number }, (_, at) => last - (number - 1 - at) * period).map(
    (start) => known.get(start) ?? { start, ...numbers([]) },
  );
}

/** The sums of these rows. `confidence` is null, and the times are, where there is nothing to say. */
export function numbers(rows) {
  const sum = (value) => rows.reduce((total, row) => total + (value(row) ?? 0), 0);
  const highest = (values) => (values.length ? Math.max(...values) : null);
  const confidences = Array.from({ length: 10 }, (_, bin) => sum((row) => row.confidences[bin]));
  return {
    documents: sum((row) => row.documents),
    succeeded: sum((row) => row.states.succeeded),
    failed: sum((row) => row.states.failed),
    withoutClass: sum((row) => row.withoutClass),
    requests: sum((row) => row.requests),
    classes: added(rows.map((row) => row.classes)), // a map: a class may have any name, such as "constructor"
    confidences: confidences.map((number, bin) => [named(bin), number]),
    confidence: mean(confidences),
    median: highest(rows.map((row) => row.p50Seconds).filter((seconds) => seconds !== undefined)),
    high: highest(rows.map((row) => row.p95Seconds).filter((seconds) => seconds !== undefined)),
  };
}

/** A line for each of the most frequent classes: its share of the classified files of a period. */
export function classMix(periods, total) {
  return [...total.classes]
    .sort(([, one], [, other]) => other - one)
    .slice(0, COLOURS)
    .map(([name], at) => ({
      label: name,
      colour: at + 1,
      values: periods.map(({ classes, succeeded }) => (succeeded ? (classes.get(name) ?? 0) / succeeded : null)),
    }));
}

/** Of several classifiers in one period, the slowest: percentiles cannot be added. */
export const latencies = (periods) => ({
  median: periods.map((one) => one.median),
  high: periods.map((one) => one.high),
});

const named = (bin) => `${bin / 10} to ${(bin + 1) / 10}`;

function added(counts) {
  const total = new Map();
  for (const one of counts)
    for (const [name, number] of Object.entries(one)) total.set(name, (total.get(name) ?? 0) + number);
  return total;
}

/** The mean of confidences that are known by tenths: each counts as the middle of its bin. */
function mean(bins) {
  const number = bins.reduce((sum, one) => sum + one, 0);
  return number ? bins.reduce((sum, one, bin) => sum + one * (bin + 0.5), 0) / number / bins.length : null;
}
