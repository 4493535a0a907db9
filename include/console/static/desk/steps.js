// Quality control by another person, the last steps of a life, and taking a mistake back.

import { banner, html, nothing, yesNo } from "./ui.js";
import { Step, doneName, stepName } from "./unit.js";
import { label, moment, t } from "./words.js";

export class Check extends Step {
  prepare() {
    this.seen = {};
  }

  questions() {
    return {
      goods: t("Is it the product of the label?"), condition: t("Does the grade {grade} fit?", { grade: this.unit.grade ?? "—" }),
      packed: t("Is it packed for sale?"),
    };
  }

  body() {
    if (!this.allowed("qc")) return html`${this.head()}${this.refusal("qc")}`;
    return html`${this.head()}
      <p class="said">${t("Grade {grade}, {route}", { grade: this.unit.grade ?? "—", route: label("routes", this.unit.route) })}</p>
      ${Object.entries(this.questions()).map(([name, text]) => yesNo(name, text, this.seen[name],
        (value) => { this.seen[name] = value; this.app.draw(); }))}
      ${this.note(t("Remark"))}`;
  }

  actions() {
    if (!this.allowed("qc")) return [];
    const answers = Object.keys(this.questions()).map((name) => this.seen[name]);
    const write = (passed) => () => this.finish("qc", { passed, checked_by: this.app.setup.login }, [],
      passed ? t("Passed: hand it to the stock.") : t("Not passed: back to inspection."));
    return [
      { text: t("Not passed"), danger: true, code: "failed", disabled: answers.every((one) => one !== false), run: write(false) },
      { text: t("Passed"), primary: true, code: "ok", disabled: !answers.every((one) => one === true), run: write(true) },
    ];
  }
}

/** One step with nothing to fill in but a remark: asked once, so that no thumb does it by mistake. */
export class Do extends Step {
  constructor(app, step, unitLabel) {
    super(app, unitLabel);
    this.step = step;
  }

  body() {
    if (!this.allowed(this.step)) return html`${this.head()}${this.refusal(this.step)}`;
    const last = this.found.last_event;
    return html`${this.head()}
      ${this.step === "voided" && last ? banner("warn", t("The last step is taken back: {step}, {moment}, {actor}",
        { step: doneName(last), moment: moment(last.recorded_at), actor: last.actor })) : html`<p class="question">${label("questions", this.step)}</p>`}
      ${this.note(this.step === "voided" ? t("Why") : t("Remark"))}
      ${this.found.offline && this.step === "voided" ? banner("bad", t("A step is taken back with a connection only.")) : nothing}`;
  }

  actions() {
    if (!this.allowed(this.step) || (this.found.offline && this.step === "voided")) return [];
    const back = { text: t("Back"), run: () => this.app.go(`code/${encodeURIComponent(this.unitLabel)}`) };
    const unsaid = this.step === "voided" && !this.remark.trim();
    return [back, { text: stepName(this.step), primary: true, code: "ok", disabled: unsaid, run: () => this.write() }];
  }

  write() {
    return this.finish(this.step, this.app.fieldsOf(this.step, this.found));
  }
}

/** Carry a piece to another zone. */
export class Move extends Step {
  body() {
    if (!this.allowed("moved")) return html`${this.head()}${this.refusal("moved")}`;
    return html`${this.head()}<section class="list" aria-label=${t("Zones")}>${this.app.setup.zones.map((one) => html`
      <button type="button" class="row zone ${one.purpose}" data-code=${`zone=${one.zone}`} aria-pressed=${one.zone === this.zone}
        @click=${() => { this.zone = one.zone; this.app.draw(); }}><b>${label("zones", one.zone)}</b>
        ${one.zone === this.unit.zone ? html`<span>${t("lies here")}</span>` : nothing}</button>`)}</section>`;
  }

  /** The code of a shelf chooses it. */
  scan(code) {
    const found = this.app.setup.zones.find((one) => one.zone.toLowerCase() === code.toLowerCase());
    if (!found) return false;
    this.zone = found.zone;
    this.app.draw();
    return true;
  }

  actions() {
    if (!this.allowed("moved")) return [];
    return [{ text: t("Moved"), primary: true, code: "ok", disabled: !this.zone, run: () => this.finish("moved", { zone: this.zone }) }];
  }
}
