// The checklist. Grade and route are proposed by the rules of the house, and may be overruled.

import { Photos } from "./photos.js";
import { chips, choice, html, nothing, yesNo, zoneSign } from "./ui.js";
import { Step } from "./unit.js";
import { label, labelled, t } from "./words.js";

const QUESTIONS = ["packaging_intact", "complete", "documents", "signs_of_use"];
const GRAVEST = ["wrong_item", "defective", "damaged_in_transit", "incomplete"];
const asked = () => ({
  packaging_intact: t("Is the packaging intact?"), complete: t("Is everything there?"),
  documents: t("Are the documents there?"), signs_of_use: t("Are there signs of use?"),
});

export class Inspect extends Step {
  prepare() {
    this.photos = new Photos(this.app);
    this.seen = {};
    this.defects = new Set();
    this.finding = null;
    this.overruled = {};
    Object.assign(this, { extent: null, lacking: "", mainPart: null });
    const { checklists } = this.app.setup;
    this.list = checklists[this.unit?.category] ?? checklists.unknown ?? [];
  }

  get type() {
    return "inspected";
  }

  toggle(defect) {
    if (!this.defects.delete(defect.code)) this.defects.add(defect.code);
    // the gravest defect says what was found: what does not work before what is scratched
    const found = this.list.filter((one) => this.defects.has(one.code)).map((one) => one.finding);
    this.finding = GRAVEST.find((finding) => found.includes(finding)) ?? null;
    this.app.draw();
  }

  /** What was found: as chosen, else as the answers say. */
  found_() {
    if (this.finding) return this.finding;
    return this.seen.complete === false ? "incomplete" : "no_fault";
  }

  /** Return the grade, the route and the zone's purpose that the house proposes. */
  proposal() {
    const { proposals, weights } = this.app.setup;
    const bits = QUESTIONS.map((name) => (this.seen[name] ? "1" : "0")).join("");
    const ticked = this.list.filter((one) => this.defects.has(one.code)).map((one) => weights.indexOf(one.weight));
    const [grade, route, purpose] = proposals[this.found_()]?.[bits]?.[Math.max(0, ...ticked)] ?? [];
    return { grade, route, purpose };
  }

  answered() {
    return QUESTIONS.every((name) => this.seen[name] !== undefined);
  }

  decision() {
    const { grade, route, purpose } = this.proposal();
    const chosen = { grade: this.overruled.grade ?? grade, route: this.overruled.route ?? route };
    const place = chosen.route === route ? purpose : this.app.setup.purposes[chosen.route];
    return { ...chosen, zone: this.app.zoneFor(place) };
  }

  body() {
    if (!this.allowed("inspected")) return html`${this.head()}${this.refusal("inspected")}`;
    const texts = asked();
    return html`${this.head()}
      <p class="said">${t("The buyer says: {reason}", { reason: label("reasons", this.unit.stated_reason ?? "unknown") })}</p>
      ${QUESTIONS.map((name) => yesNo(name, texts[name], this.seen[name],
        (value) => { this.seen[name] = value; this.app.draw(); }, name !== "signs_of_use"))}
      ${chips("defect", t("Defects"), this.list.map((one) => [one.code, one.name]), (code) => this.defects.has(code),
        (code) => this.toggle(this.list.find((one) => one.code === code)))}
      ${chips("finding", t("What was found"), labelled("findings").map((code) => [code, label("findings", code)]),
        (code) => this.found_() === code, (code) => { this.finding = code; this.app.draw(); })}
      ${this.forTheClaim()}
      ${this.photos.view()}
      ${this.note(t("Remark"))}
      ${this.answered() ? this.verdict() : html`<p class="hint">${t("Answer the four questions: then grade and route are proposed.")}</p>`}`;
  }

  /** What a claim against the carrier is measured by. */
  forTheClaim() {
    const set = (name) => (value) => { this[name] = value; this.app.draw(); };
    return html`
      ${this.found_() === "damaged_in_transit" ? chips("extent", t("How far does the damage go?"), [
        ["packaging", t("packaging only")], ["one_side", t("one side")], ["all_round", t("all round")]],
      (code) => this.extent === code, set("extent")) : nothing}
      ${this.seen.complete === false ? html`<label class="note">${t("What is missing?")}<input name="lacking" maxlength="200"
          autocomplete="off" .value=${this.lacking} @input=${(event) => { this.lacking = event.target.value.trim(); }}></label>
        ${yesNo("main_part", t("Is it a main part?"), this.mainPart, set("mainPart"), false)}` : nothing}`;
  }

  verdict() {
    const { grade, route, zone } = this.decision();
    const set = (name) => (code) => { this.overruled[name] = code; this.app.draw(); };
    const changed = Object.keys(this.overruled).length > 0;
    return html`<section class="verdict" aria-label=${t("Decision")}>
      ${zoneSign(this.app.setup.zones, zone)}
      ${choice("grade", t("Grade"), ["A", "B", "C", "D"].map((code) => [code, code]), grade, set("grade"))}
      ${chips("route", t("Route"), labelled("routes").map((code) => [code, label("routes", code)]), (code) => code === route, set("route"))}
      ${changed ? html`<p class="hint">${t("Proposed: {grade}, {route}", { grade: this.proposal().grade, route: label("routes", this.proposal().route) })}
        <button type="button" class="plain small" @click=${() => { this.overruled = {}; this.app.draw(); }}>${t("As proposed")}</button></p>` : nothing}
    </section>`;
  }

  actions() {
    if (!this.allowed("inspected")) return [];
    return [{ text: t("Write down the inspection"), primary: true, code: "ok", disabled: !this.answered(), run: () => this.write() }];
  }

  async write() {
    await this.finish(this.type, {
      ...this.seen, defects: [...this.defects], finding: this.found_(), ...this.decision(),
      damage_extent: this.found_() === "damaged_in_transit" ? this.extent : null,
      lost_accessory: this.seen.complete ? null : this.lacking, main_part_missing: this.seen.complete ? null : this.mainPart,
    }, this.photos.all());
  }
}
