// Numbers and times as people read them, in their language.

/** A formatter that is made when it is first used: the first ones cost the browser more than all modules of a view. */
export const lazily = (make) => {
  let made;
  return (value) => (made ??= make()).format(value);
};

const whole = lazily(() => new Intl.NumberFormat());
const moment = lazily(() => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }));
// But what joins and varies emoji: variation selectors, and joiners between two.
const INVISIBLE =
  /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200d\ufe00-\ufe0f])\p{DI}|(?<![\p{ExtPict}\p{EMod}\ufe0f])\u200d|\u200d(?!\p{ExtPict})/gu;
const date = lazily(() => new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }));
const SIZES = [
  [1e6, "MB"],
  [1e3, "KB"],
];
const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

export const count = (number) => whole(number);

/** counted(1, "file") is "1 file"; counted(2, "class", "classes") is "2 classes". */
export const counted = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** A ratio from 0 to 1 in percent: 0.937 is "94 %". */
export const percent = (ratio) => `${Math.round(100 * ratio)} %`;

/** A score from 0 to 1 with two decimals. The sentences of the API round a half to the even digit: 0.625 is "0.62". */
export const score = (ratio) => (ratio === 0.125 || ratio === 0.625 ? ratio - 0.001 : ratio).toFixed(2);

/** Seconds: "0.4 s", "12 s", "3 min", "2 h", "5 d". */
export function duration(seconds) {
  const [unit, name] = UNITS.find(([unit]) => seconds >= 2 * unit) ?? [1, "s"];
  return `${unit === 1 && seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds / unit)} ${name}`;
}

export const bytes = (size) => {
  const [unit, name] = SIZES.find(([unit]) => size >= unit) ?? [1, "bytes"];
  return unit === 1 ? counted(size, "byte") : `${(size / unit).toFixed(1)} ${name}`;
};

/** An ISO time in the reader's language and time zone. */
export const time = (iso) => moment(new Date(iso));

/** The day of an ISO time. */
export const day = (iso) => date(new Date(iso));

/** How long ago an ISO time was, in whole seconds. */
export function ago(iso, now = Date.now()) {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  return seconds < 1 ? "just now" : `${duration(seconds)} ago`;
}

/** A name with its control characters visible: some change the order of what is read, such as "gpj.exe" for "exe.jpg". */
export const visible = (name) =>
  name.replace(INVISIBLE, (character) => `[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);

/** The words of a code: "no_class" is "no class". */
export const words = (code) => code.replaceAll("_", " ");

/** The types of projects and models in words. */
export const TYPES = { MultiClassification: "several classes a text", SingleClassification: "one class a text" };
