// A piece that is here: what it is, where it belongs, and what may be done with it next.

import { banner, facts, html, note, nothing, zoneSign } from "./ui.js";
import { label, moment, t } from "./words.js";

const PLACES = { inspected: "inspect", repacked: "repack", repaired: "repair", qc: "qc", moved: "move", second_look: "second" };
const ENDINGS = new Set(["unrecoverable", "written_off", "to_supplier", "disposed", "returned_to_buyer"]);

export const stepName = (step) => label("steps", step);

/** What a step is called that was done. */
export const doneName = ({ type, passed }) =>
  label("done", type === "qc" && passed !== undefined ? (passed ? "qc_passed" : "qc_failed") : type);

/** Return the steps in the order in which a person should think of them: first what the route asks for. */
export function inOrder(app, unit, next) {
  const first = unit.state === "inspected" ? app.setup.first_of_route[unit.route] : null;
  const weight = (step) => (step === first ? 0 : step === "inspected" && unit.state === "inspected" ? 3 : ENDINGS.has(step) || step === "moved" ? 2 : 1);
  return [...next].sort((one, other) => weight(one) - weight(other));
}

export const placeOf = (step, unit) =>
  `${PLACES[step] ?? `do/${step}`}/${encodeURIComponent(unit.unit_label)}`;

export class UnitCard {
  constructor(app, found) {
    this.app = app;
    this.found = found;
    this.unit = found.unit;
  }

  title() {
    return this.unit.unit_label ?? t("Piece");
  }

  body() {
    const { unit, found } = this;
    const why = Object.entries(found.why_not ?? {}).filter(([, reason]) => reason === "same_person");
    return html`
      ${found.offline && !this.app.said ? banner("warn", t("No connection: this is what was known last.")) : nothing}
      ${zoneSign(this.app.setup.zones, unit.zone)}
      <h2>${unit.product_name ?? unit.sku ?? t("Unknown goods")}</h2>
      ${facts([
        [t("State"), label("states", unit.state)], [t("Label"), unit.unit_label], [t("Grade"), unit.grade],
        [t("Route"), unit.route && label("routes", unit.route)], [t("The buyer says"), unit.stated_reason && label("reasons", unit.stated_reason)],
        [t("Found"), unit.finding && label("reasons", unit.finding)],
        [t("Return order"), unit.return_order_no], [t("Order"), unit.order_code], [t("SKU"), unit.sku],
        [t("Shop"), this.app.merchant(unit.merchant_id)], [t("Received"), moment(unit.received_at)],
      ])}
      ${why.map(([step, reason]) => html`<p class="hint">${stepName(step)}: ${label("refusals", reason)}</p>`)}
      ${found.compared?.length ? html`<p class="hint">${t("The warehouse's own system counts for: {steps}. What is entered here is compared with it.",
        { steps: found.compared.map(stepName).join(", ") })}</p>` : nothing}
      ${unit.unit_id ? html`<p class="links"><a href=${`#/unit/${unit.unit_id}`}>${t("Whole life, photos, money")}</a></p>` : nothing}
      ${found.next.includes("voided") ? html`<p class="links"><a href=${`#/do/voided/${encodeURIComponent(unit.unit_label)}`}>${t("Take back the last step")}</a></p>` : nothing}`;
  }

  actions() {
    const steps = inOrder(this.app, this.unit, this.found.next.filter((step) => step !== "voided" && step !== "received"));
    // without a connection it stays where it is, switched off: a button that moves is pressed by mistake
    const ready = this.app.outbox.online && this.unit.unit_id;
    const print = this.unit.unit_label
      ? [{ text: t("Print the label"), href: ready ? `labels/${this.unit.unit_id}.pdf` : null, disabled: !ready, code: "label" }] : [];
    if (this.forStock()) {
      const others = steps.filter((step) => step !== "moved");
      return [...print, ...others.map((step) => this.button(step)), {
        text: t("Hand to the stock"), primary: true, code: "ok", run: () => this.toStock(),
      }];
    }
    return [...print, ...steps.slice(1).map((step) => this.button(step)),
      ...steps.slice(0, 1).map((step) => ({ ...this.button(step), primary: true }))];
  }

  button(step) {
    const run = step === "in_repair" ? () => this.startRepair() : () => this.app.go(placeOf(step, this.unit));
    return { text: stepName(step), danger: ENDINGS.has(step), code: step, run };
  }

  /** A checked piece that does not lie in the stock yet. */
  forStock() {
    return this.unit.state === "qc" && this.found.next.includes("moved") && this.app.purposeOf(this.unit.zone) !== "active_stock";
  }

  toStock() {
    return this.write("moved", "active_stock", t("Handed to the stock."));
  }

  startRepair() {
    return this.write("in_repair", "repair", t("The repair has begun."));
  }

  /** Record a step that has nothing to fill in. */
  async write(step, purpose, said) {
    const { answer } = await this.app.record(step, this.unit, { zone: this.app.zoneFor(purpose) });
    this.app.tell(answer, said);
    this.app.go(`code/${encodeURIComponent(this.unit.unit_label)}`);
  }
}

/** What all pages have in common that do one step with one piece. */
export class Step {
  constructor(app, unitLabel) {
    Object.assign(this, { app, unitLabel, remark: "", tab: "" });
  }

  async load() {
    this.found = await this.app.look(this.unitLabel);
    this.unit = this.found.unit;
    await this.prepare?.();
  }

  allowed(step) {
    return Boolean(this.unit) && this.found.next.includes(step);
  }

  title() {
    return this.unit?.unit_label ?? this.unitLabel;
  }

  head() {
    if (!this.unit) return banner("bad", t("No piece bears this label."));
    return html`<h2>${this.unit.product_name ?? this.unit.sku ?? t("Unknown goods")}</h2>`;
  }

  /** Say why the step cannot be done, where it cannot. */
  refusal(step) {
    if (!this.unit || this.allowed(step)) return nothing;
    const why = this.found.why_not?.[step];
    return banner("bad", why ? label("refusals", why)
      : t("A piece that is “{state}” does not have this step.", { state: label("states", this.unit.state) }));
  }

  note(text) {
    return note(text, this.remark, (said) => { this.remark = said; this.app.draw(); });
  }

  async finish(type, fields, photos = [], said = t("Written down.")) {
    const { answer } = await this.app.record(type, this.unit, { note: this.remark, ...fields }, photos);
    this.app.tell(answer, said);
    this.app.go(`code/${encodeURIComponent(this.unit.unit_label)}`);
  }
}
