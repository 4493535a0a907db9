// Asking the server. An answer, a refusal with its reason, or no connection: three different things.

const PATIENCE_MS = 15_000;

/** The server does not answer: later it may. */
export class Away extends Error {}

/** The server answered no, and says why; `login` where the one who entered it is not logged in any more. */
export class Refusal extends Error {
  constructor(status, code, text) {
    super(text || code);
    this.status = status;
    this.code = code;
    this.login = status === 401 || code === "no_login" || code === "another_person";
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS), credentials: "same-origin", ...options });
  } catch (error) {
    throw new Away(error.message);
  }
  if (answer.status >= 500 || answer.status === 429) throw new Away(`HTTP ${answer.status}`);
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw new Refusal(answer.status, told.code ?? (/invalid jwt/i.test(told.detail) ? "no_login" : `http_${answer.status}`), told.text);
}

const lang = document.documentElement.lang;
const query = (values) => new URLSearchParams(Object.entries({ ...values, lang }).filter(([, value]) => value != null && value !== ""));
const OURS = { "X-Qaitarym-Request": "1" };

export const get = (path, values = {}) => ask(`api/${path}?${query(values)}`);

export const post = (path, message) =>
  ask(`api/${path}?${query({})}`, { method: "POST", headers: { ...OURS, "Content-Type": "application/json" }, body: JSON.stringify(message) });

export const postPhoto = (values, jpeg) =>
  ask(`api/photos?${query(values)}`, { method: "POST", headers: { ...OURS, "Content-Type": "image/jpeg" }, body: jpeg });
