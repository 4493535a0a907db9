// Texts, and numbers, money and moments as the reader writes them. The English text is the key.

let texts = {};
let labels = {};
let language = document.documentElement.lang;

export function speak(setup) {
  ({ texts, labels } = setup);
  language = setup.language;
}

/** Return the text in the language, with {names} filled in. */
export function t(text, values = {}) {
  return (texts[text] ?? text).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Return what a code of a kind is called; an unknown code reads as it is. */
export function label(kind, code) {
  return code == null ? "—" : labels[kind]?.[code] ?? String(code).replaceAll("_", " ");
}

/** Return why something was refused: as the desk says it, else as the server wrote it. */
export const refusalText = ({ code, reason }) => labels.refusals[code] ?? (reason || code);

export const labelled = (kind) => Object.keys(labels[kind] ?? {});

export const number = (value) => new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value);

export const percent = (share) => new Intl.NumberFormat(language, { style: "percent" }).format(share);

export const money = (tenge) => (tenge == null ? "—" : `${number(Math.round(tenge))}\u00a0₸`);

export function moment(iso) {
  if (!iso) return "—";
  const form = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "Asia/Almaty" };
  return new Intl.DateTimeFormat(language, form).format(new Date(iso));
}

export const minutes = (count) => t("{count} min", { count: number(count) });
