// What is shown of rollouts, requests and events.

import {count, duration, h, keyed, named, text, time, until, words} from "./parts.js";

const TONES = {
  running: "busy", rolling_back: "busy", approved: "busy", awaiting_approval: "wait", paused: "wait", awaiting_decision: "bad",
  completed: "good", rolled_back: "good", completed_with_failures: "bad", rolled_back_with_failures: "bad",
};
const COMMANDS = {
  pause: {label: "Pause", text: "Nothing further is handed out; what was handed out still counts."},
  resume: {label: "Resume", text: "It goes on in the state that the pause left."},
  abort: {label: "Abort", text: "It stops for good. Instances stay as they are.", danger: true},
  rollback: {label: "Roll back", text: "Every instance that was instructed goes back to its own version before, newest batch first.", danger: true},
};
const OPTIONS = {
  approve: {label: "Approve", main: true}, reject: {label: "Reject", danger: true},
  continue_anyway: {label: "Continue anyway"}, retry_failed: {label: "Retry the failed"},
  rollback_completed_batches: {label: "Roll back", main: true}, abort: {label: "Abort", danger: true},
};

const part = (card, name) => card.querySelector(`.${name}`);

function facts(...all) {
  return all.filter(Boolean).join(" · ");
}

/** One rollout; `act(rollout, command)` is called by its buttons, `why(rollout)` gives the diagnosis. */
export function rolloutCard(act, why) {
  const details = h("details", {}, h("summary", {}, "Why does it stand here?"), h("p", {className: "quiet why"}, "Looking"));
  const card = h("article", {className: "card rollout"},
    h("div", {className: "row"}, h("h3", {}), h("span", {className: "state pill"})),
    h("p", {className: "quiet meta"}),
    h("p", {className: "tripped trouble", hidden: true}),
    h("ol", {className: "bars", "aria-label": "Batches"}),
    h("ul", {className: "chips", "aria-label": "Instances by state"}),
    h("ul", {className: "failures", "aria-label": "How they failed"}),
    h("p", {className: "quiet breaker"}),
    details,
    h("p", {className: "buttons"}));
  details.ontoggle = async () => {
    if (details.open) text(part(card, "why"), await why(card.rollout));
  };
  card.act = act;
  return card;
}

/** What is upgraded where. */
export const subject = thing => `${named(thing.module_id)} on ${named(thing.template_id)}`;

const title = r => `${named(r.module_id)} to ${r.target_version || r.inputs.target_version_id} on ${named(r.template_id)}`;

/**
 * @param asked    whether a request about it is shown, which has the buttons then
 * @param failures how many have failed, and the instances that did; may be undefined
 */
export function showRollout(card, r, asked, failures) {
  card.rollout = r;
  card.querySelector("h3").id = `rollout-${r.id}`;
  const ended = Boolean(r.ended_at);
  text(card.querySelector("h3"), title(r));
  text(part(card, "state"), words(r.state));
  part(card, "state").dataset.tone = TONES[r.state] || "quiet";
  text(part(card, "meta"), facts(count(r.counts.total, "instance"), count(r.batches.length, "batch", "batches"), r.started_at && `started ${time(r.started_at)}`,
    ended ? `ended ${time(r.ended_at)}` : r.estimated_end_at && `done by ${time(r.estimated_end_at)} at the latest`, r.id));
  const tripped = r.circuit_breaker.state === "tripped" && !ended;
  part(card, "tripped").hidden = !tripped || asked; // the question says it then
  text(part(card, "tripped"), tripped ? `The breaker tripped: ${r.circuit_breaker.reason || words(r.circuit_breaker.rule)}` : "");
  const running = r.batches.find(b => ["running", "tripped"].includes(b.phase)); // there is one at most, so what is in flight is its own
  keyed(part(card, "bars"), r.batches, b => String(b.index), bar, (item, b) => showBar(item, b, b === running ? r.counts.in_flight : 0));
  const chips = Object.entries(r.counts).filter(([name, n]) => name !== "total" && n > 0);
  if (r.regressed_count) chips.push(["regressed", r.regressed_count]);
  keyed(part(card, "chips"), chips, ([name]) => name, ([name]) => h("li", {className: `chip ${name}`}), (chip, [name, n]) => text(chip, `${n.toLocaleString("en")} ${words(name)}`));
  keyed(part(card, "failures"), ways(failures), way => way.key, way => h("li", {className: way.look}), (item, way) => text(item, way.text));
  const breaker = r.circuit_breaker;
  text(part(card, "breaker"), ended || tripped ? "" : `${stops(breaker)}. Now ${r.failure_streak} in a row.`);
  card.querySelector("details").hidden = ended;
  part(card, "buttons").hidden = asked;
  const legal = (r.legal_commands || []).filter(name => COMMANDS[name] && !same(r, name));
  keyed(part(card, "buttons"), legal, name => name, name => commandButton(card, name), button => { button.disabled = Boolean(r.busy); });
}

/** The ways to fail, and how each looks: a machine that is not there is another matter than a version that is broken. */
const WAYS = {
  never_handed_out: {look: "absent", say: "absent: never came for the instruction"},
  silent: {look: "silent", say: "silent: took the instruction, then was heard no more"},
  health_timeout: {look: "broken", say: "not healthy in time"},
  unhealthy: {look: "broken", say: "unhealthy: the health command failed"},
  apply_failed: {look: "broken", say: "could not be applied"},
};
const NAMED = 5;

/** The failed instances by the way they failed, the broken ones first. */
function ways(failures) {
  if (!failures?.count) return [];
  const found = new Map();
  for (const i of failures.instances) found.set(i.reason, [...found.get(i.reason) || [], i.instance_id]);
  const known = Object.keys(WAYS).reverse();
  const all = [...found].sort(([a], [b]) => known.indexOf(a) - known.indexOf(b)).map(([reason, ids]) => {
    const {look, say} = WAYS[reason] || {look: "broken", say: words(reason)};
    return {key: reason, look, text: `${ids.length.toLocaleString("en")} ${say} (${ids.slice(0, NAMED).join(", ")}${ids.length > NAMED ? `, and ${ids.length - NAMED} more` : ""})`};
  });
  const rest = failures.count - failures.instances.length;
  return rest > 0 ? [...all, {key: "rest", look: "rest", text: `and ${rest.toLocaleString("en")} more failed ones`}] : all;
}

/** Commands that are legal but would change nothing. */
const same = (r, name) => name === "pause" && r.state === "paused" || name === "resume" && r.state !== "paused"
  || name === "abort" && r.state === "aborted" || name === "rollback" && r.state === "rolling_back";

function commandButton(card, name) {
  const command = COMMANDS[name];
  return h("button", {type: "button", className: command.danger ? "danger" : "", "aria-describedby": `rollout-${card.rollout.id}`, onclick: () => card.act(card.rollout, name, command)}, command.label);
}

function bar() {
  return h("li", {className: "bar"}, h("span", {className: "name"}), h("span", {className: "track", "aria-hidden": "true"},
    ...["healthy", "failed", "skipped", "in-flight"].map(kind => h("span", {className: `fill ${kind}`}))), h("span", {className: "numbers"}));
}

const UNTOUCHED = ["not_started", "rolled_back"];

function showBar(item, b, inFlight) {
  item.dataset.phase = b.phase;
  text(part(item, "name"), b.canary ? "canary" : `batch ${b.index + 1}`);
  for (const kind of ["healthy", "failed", "skipped"])
    part(item, kind).style.setProperty("--part", b.instance_count ? Math.min(1, (b[`${kind}_count`] || 0) / b.instance_count) : 0);
  part(item, "in-flight").style.setProperty("--part", b.instance_count ? Math.min(1, inFlight / b.instance_count) : 0);
  text(part(item, "numbers"), facts(UNTOUCHED.includes(b.phase) ? b.instance_count : `${b.healthy_count} of ${b.instance_count}`, b.failed_count > 0 && `${b.failed_count} failed`,
    b.phase !== "completed" && words(b.phase)));
}

/** One request; `decide(request, option)` is called by its buttons. */
export function requestCard(decide) {
  const card = h("article", {className: "card request"},
    h("h3", {}), h("p", {className: "meta"}), h("p", {className: "quiet terms"}), h("ul", {className: "warnings"}), h("ul", {className: "options"}), h("p", {className: "quiet votes"}));
  card.decide = decide;
  return card;
}

export function showRequest(card, q, rollout) {
  card.request = q;
  card.querySelector("h3").id = `asked-${q.id}`;
  const plan = q.plan;
  const trip = q.trip;
  card.dataset.tone = trip ? "bad" : "wait";
  part(card, "options").classList.toggle("side-by-side", Boolean(plan));
  text(card.querySelector("h3"), plan ? `Approve ${title(plan)}?`
    : `How shall ${rollout ? title(rollout) : subject(q)} go on? It tripped in batch ${trip.batch_index + 1}.`);
  text(part(card, "meta"), plan
    ? facts(count(plan.total_instances, "instance"), `${count(plan.batch_count, "batch", "batches")} of ${plan.batch_size}`, plan.from_versions?.length && `from ${plan.from_versions.join(", ")}`,
      `at most ${duration(plan.estimated_total_seconds)}`, `planned by ${q.requested_by}`, `revision ${q.revision}`, `open for ${until(q.expires_at)}`)
    : facts(trip.reason, `failed: ${failed(trip)}`, `open for ${until(q.expires_at)}`));
  const now = trip ? rollout?.batches.find(b => b.index === trip.batch_index)?.failed_count || 0 : 0;
  text(part(card, "terms"), plan ? terms(plan) : now > trip.failed_count ? `By now ${now} of the batch have failed: whoever had the version before the trip still gets a verdict.` : "");
  keyed(part(card, "warnings"), plan?.warnings || [], w => w, w => h("li", {}, w), () => {});
  const options = (q.options?.length ? q.options : plan ? ["approve", "reject"] : []).map(o => typeof o === "string" ? o : o.option);
  keyed(part(card, "options"), options, o => o, option => optionItem(card, option), (item, option) => showOption(item, q, option));
  const votes = (q.votes || []).filter(v => v.counts);
  text(part(card, "votes"), votes.length || q.required_approvals > 1 ? `${votes.map(v => `${v.actor}: ${words(v.decision)}`).join(", ") || "no vote yet"}; needs ${q.required_approvals}` : "");
}

/** How each batch proves itself, and what stops it. */
function terms(plan) {
  const {circuit_breaker: breaker, health} = plan;
  return `Each instance has ${duration(health.timeout_sec)} to prove itself healthy${health.min_healthy_sec ? ` and must stay so for ${duration(health.min_healthy_sec)}` : ""}. ${stops(breaker)}.`;
}

const stops = breaker => `Stops for a decision at ${count(breaker.max_consecutive_failures, "failure")} in a row`
  + (breaker.max_failed_pct < 100 ? ` or when more than ${breaker.max_failed_pct} % of a batch (rounded up, at least ${breaker.max_consecutive_failures}) fail` : "");

function failed(trip) {
  const ids = trip.failed_instance_ids || [];
  return ids.slice(0, 5).join(", ") + (trip.failed_count > 5 ? ` and ${trip.failed_count - 5} more` : "");
}

function optionItem(card, option) {
  const known = OPTIONS[option] || {label: words(option)};
  return h("li", {}, h("button", {type: "button", className: known.danger ? "danger" : known.main ? "main" : "", "aria-describedby": `asked-${card.request.id} meant-${card.request.id}-${option}`,
    onclick: () => card.decide(card.request, option, known)}, known.label),
    h("span", {className: "quiet consequence", id: `meant-${card.request.id}-${option}`}));
}

function showOption(item, q, option) {
  item.querySelector("button").disabled = Boolean(q.busy);
  text(part(item, "consequence"), q.trip ? consequence(q, option) : "");
}

/** What an option would mean, in numbers, as the server says it. */
export function consequence(q, option) {
  return q.trip?.consequences?.find(c => c.option === option)?.detail || (option === "reject" ? "Nothing moves; the plan is closed." : "");
}

const SAID = {
  "planned": e => `planned: ${count(e.total_instances, "instance")} in ${count(e.batch_count, "batch", "batches")}`,
  "plan_edited": e => `edited: revision ${e.revision}, ${count(e.batch_count, "batch", "batches")}`,
  "started": e => `started: ${count(e.total_instances, "instance")} to ${e.target_version}`,
  "batch_started": e => `batch ${e.batch_index + 1} started: ${count(e.instance_count, "instance")}`,
  "batch_completed": e => `batch ${e.batch_index + 1} ended: ${e.healthy_count} healthy, ${e.failed_count} failed, ${e.skipped_count} skipped`,
  "instance_started": e => `${e.instance_id} is told to run ${e.target_version}`,
  "instance_health_check": e => e.healthy ? `${e.instance_id} is healthy after ${duration(e.seconds)}` : `${e.instance_id} failed: ${WAYS[e.reason]?.say || words(e.reason)}${e.detail ? ` (${e.detail})` : ""}`,
  "instance_rolled_back": e => `${e.instance_id} is back on ${e.to_version}`,
  "instance_skipped": e => `${e.instance_id} is skipped: ${words(e.reason)}`,
  "instance_regressed": e => `${e.instance_id} is healthy no more: ${words(e.reason)}`,
  "circuit_breaker_tripped": e => `the breaker tripped in batch ${e.batch_index + 1}: ${e.reason}`,
  "continuation_decided": e => `decided: ${words(e.decision)}`,
  "rollback_started": () => "goes back",
  "rolled_back": e => `rolled back: ${e.healthy_count} are back, ${e.failed_count} failed`,
  "fleet.instance_enrolled": e => `${e.instance_id} joined`,
  "fleet.instance_decommissioned": e => `${e.instance_id} left for good`,
  "fleet.instance_silent": e => `${e.instance_id} is silent`,
  "fleet.instance_recovered": e => `${e.instance_id} is heard again`,
  "fleet.duplicate_identity": e => `two machines report as ${e.instance_id}`,
  "module.version.promoted": e => `${named(e.module_id)} ${e.version}: ${e.from} to ${e.to}`,
  "policy.changed": e => `policy of ${e.action}: ${e.policy ? words(e.policy) : "removed"}`,
  "completed": e => `completed in ${duration(e.duration_seconds)}: ${e.healthy_count} healthy, ${e.failed_count} failed, ${e.skipped_count} skipped`,
};

const BY_PEOPLE = /\.(planned|plan_edited|approved|rejected|cancelled|continuation_decided|paused|resumed|aborted|rollback_started|promoted|changed)$/;

/** An event as a sentence. */
export function sentence(e) {
  const short = e.kind.replace("module.upgrade.", "");
  const said = SAID[short]?.(e) || words(short.replaceAll(".", " ")) + (e.instance_id ? `: ${e.instance_id}` : "");
  const about = e.module_id && e.kind.startsWith("module.upgrade.") ? `${subject(e)}: ` : "";
  const by = e.actor && BY_PEOPLE.test(e.kind) ? ` (${e.actor})` : "";
  return about + said + by + (e.comment ? `: "${e.comment}"` : "");
}

/** Events of single instances that go as they should: shown only on demand. */
export const isSmall = e => e.kind.includes(".instance_") && e.severity === "info";

export function eventItem(e) {
  return h("li", {className: e.severity}, h("time", {dateTime: e.occurred_at}, time(e.occurred_at)), h("span", {},
    e.severity === "info" ? null : h("span", {className: "hidden"}, `${e.severity}: `), sentence(e)));
}
