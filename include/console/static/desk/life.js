// How a step changes a piece, for the time until the server has said it. The steps come from the server's own law.

const QC = new Set(["qc_passed", "qc_failed"]);

/** Return the piece as it will be after the event. */
export function after(desk, unit, event) {
  const step = event.type === "qc" ? (event.passed ? "qc_passed" : "qc_failed") : event.type;
  const rule = desk.setup.steps[step];
  const wrong = event.type === "inspected" && event.finding === "wrong_item";
  const told = Object.fromEntries(["grade", "route", "zone", "finding", "signs_of_use", "return_order_no", "unit_label", "stated_reason"]
    .filter((name) => event[name] != null).map((name) => [name, event[name]]));
  const mine = event.type === "inspected" ? [event.actor]
    : ["repacked", "in_repair", "repaired"].includes(event.type) ? [...new Set([...(unit.worked_by ?? []), event.actor])]
      : unit.worked_by;
  const to = rule && !rule.to.startsWith("(") ? rule.to : unit.state; // "(stays)" where it is
  return { ...unit, ...told, worked_by: mine, state: wrong ? "wrong_item" : to };
}

/** Return { next, why_not }: the steps that the law allows now to this person, as far as it is known here. */
export function stepsOf(desk, unit) {
  const next = [];
  const whyNot = {};
  for (const [step, rule] of Object.entries(desk.setup.steps)) {
    if (!rule.from.includes(unit.state)) continue;
    const name = QC.has(step) ? "qc" : step;
    if (next.includes(name)) continue;
    if (!desk.may(rule.role, unit.merchant_id)) whyNot[name] = "role";
    else if (name === "qc" && unit.worked_by?.includes(desk.setup.login)) whyNot[name] = "same_person";
    else next.push(name);
  }
  return { next, why_not: whyNot };
}
