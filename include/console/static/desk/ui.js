// The parts that views are made of: large enough for a thumb, each with its name.

import { html, nothing } from "../vendor/lit-html.js";
import { label, t } from "./words.js";

export { html, nothing };

/** A question with two or more answers side by side; the chosen one is pressed. */
export function choice(name, text, options, value, chosen) {
  const id = `choice-${name}`;
  return html`<div class="ask" role="group" aria-labelledby=${id}>
    <span class="ask-text" id=${id}>${text}</span>
    <span class="answers">${options.map(([code, said, tone]) => html`
      <button type="button" class="answer ${tone ?? ""}" name=${name} value=${String(code)} data-code=${`${name}=${code}`}
        aria-pressed=${value === code} @click=${() => chosen(code)}>${said}</button>`)}
    </span></div>`;
}

export const yesNo = (name, text, value, chosen, goodIsYes = true) =>
  choice(name, text, [[true, t("Yes"), goodIsYes ? "good" : "bad"], [false, t("No"), goodIsYes ? "bad" : "good"]], value, chosen);

/** Several of a list, or one of it; `chosen` gets the code that was pressed. */
export function chips(name, text, options, isOn, chosen) {
  const id = `chips-${name}`;
  return html`<div class="chips" role="group" aria-labelledby=${id}>
    <span class="ask-text" id=${id}>${text}</span>
    ${options.map(([code, said]) => html`<button type="button" class="chip" name=${name} value=${code}
      data-code=${`${name}=${code}`} aria-pressed=${isOn(code)} @click=${() => chosen(code)}>${said}</button>`)}
  </div>`;
}

/** A number with a button on each side. */
export function stepper(name, text, value, step, changed, said = String(value)) {
  return html`<div class="stepper" role="group" aria-label=${text}>
    <span class="ask-text">${text}</span>
    <button type="button" class="plain" aria-label=${t("less: {what}", { what: text })} ?disabled=${value <= 0}
      @click=${() => changed(Math.max(0, value - step))}>−</button>
    <output name=${name}>${said}</output>
    <button type="button" class="plain" aria-label=${t("more: {what}", { what: text })} data-code=${`${name}+`}
      @click=${() => changed(value + step)}>+</button>
  </div>`;
}

export const note = (text, value, changed) => html`<label class="note">${text}
  <textarea rows="2" maxlength="500" .value=${value} @input=${(event) => changed(event.target.value)}></textarea></label>`;

/** Facts as name and value; those without a value are left out. */
export const facts = (pairs) => html`<dl class="facts">${pairs.filter(([, value]) => value != null && value !== "" && value !== "—")
  .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

/** Where the piece goes, to be read at arm's length. */
export function zoneSign(zones, zone, text = t("Put it here")) {
  if (!zone) return nothing;
  const found = zones.find((one) => one.zone === zone);
  const purpose = found?.purpose ?? zone;
  const full = found?.capacity && found.occupied >= found.capacity;
  return html`<div class="zone-sign ${purpose}" role="status"><span>${text}</span>
    <b>${zone === purpose ? label("zones", purpose) : zone}</b>
    ${zone === purpose ? nothing : html`<span>${label("zones", purpose)}</span>`}
    ${full ? html`<span class="full">${t("The zone is full: {occupied} of {capacity}", found)}</span>` : nothing}</div>`;
}

export const banner = (tone, text, more = nothing) =>
  html`<div class="banner ${tone}" role=${tone === "bad" ? "alert" : "status"}><p>${text}</p>${more}</div>`;

export const empty = (text) => html`<p class="empty">${text}</p>`;
