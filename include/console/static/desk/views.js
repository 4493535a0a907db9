// Which address shows what.

import { Home } from "./home.js";
import { Inspect } from "./inspect.js";
import { Life, Queue, Zones } from "./lists.js";
import { Code } from "./receive.js";
import { More, Sent } from "./sent.js";
import { Agreement, Second, Staff } from "./people.js";
import { Check, Do, Move } from "./steps.js";
import { Repack, Repair } from "./work.js";

export const views = {
  "": Home, code: Code, inspect: Inspect, repack: Repack, repair: Repair, qc: Check, do: Do, move: Move, queue: Queue, zones: Zones,
  unit: Life, sent: Sent, more: More, second: Second, agreement: Agreement, staff: Staff,
};
