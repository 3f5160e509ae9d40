// The page: a snapshot of what is, then the feed of what happens, applied where it is later than the snapshot.

import {Refused, actor, call, get, setActor, takeTokenFromAddress} from "./api.js";
import {Feed} from "./feed.js";
import {ask, count, h, isNamed, keyed, learn, text} from "./parts.js";
import {consequence, eventItem, isSmall, requestCard, rolloutCard, sentence, showRequest, showRollout, subject} from "./view.js";

const SHOWN_ROLLOUTS = 20;
const SHOWN_EVENTS = 200;
const SHOWN_FAILURES = 200;
const FRESHEN = 700;
const SHOWN_REFUSAL = 20_000;
const MISSED = 2_000;
const WAITING = ["awaiting_approval", "awaiting_decision"];
const OPEN = ["awaiting_approval", "approved", "running", "paused", "awaiting_decision", "rolling_back"];
const rollouts = new Map();
const failures = new Map(); // of a rollout: how many had failed when their instances were read, and those
const later = new Map(); // events of a rollout, to be applied again to a snapshot that is older
let requests = [];
let events = [];
let first = true;

const byId = id => document.getElementById(id);

const troubles = new Map();

/** Says what is wrong with each of the things that may be: what a person wished goes before what the page reads by itself, and stays a while. */
function trouble(thing, error) {
  if (error) troubles.set(thing, error);
  else troubles.delete(thing);
  const first = troubles.get("refusal") || troubles.values().next().value;
  byId("trouble").hidden = !first;
  text(byId("trouble"), first ? first instanceof Refused ? first.message : "The server does not answer; what is shown is from before. Trying again." : "");
}

let forgetting = null;
function refused(error) {
  clearTimeout(forgetting);
  trouble("refusal", error);
  if (error) forgetting = setTimeout(() => trouble("refusal", null), SHOWN_REFUSAL);
}

/** Runs work soon, once for all who ask for it meanwhile, and again where it fails. */
function soon(work, pause = FRESHEN) {
  let timer = null;
  const run = async () => {
    timer = null;
    try {
      await work();
      trouble(work, null);
    } catch (error) {
      trouble(work, error);
      timer ??= setTimeout(run, 3_000);
    }
  };
  return () => { timer ??= setTimeout(run, pause); };
}

const DONE = {
  "module.upgrade.batch_started": (r, b) => { b.phase = "running"; },
  "module.upgrade.batch_completed": (r, b, e) => Object.assign(b, {phase: "completed", healthy_count: e.healthy_count, failed_count: e.failed_count, skipped_count: e.skipped_count}),
  "module.upgrade.circuit_breaker_tripped": (r, b, e) => {
    b.phase = "tripped";
    r.state = "awaiting_decision";
    Object.assign(r.circuit_breaker, {state: "tripped", reason: e.reason, rule: e.rule});
  },
  "module.upgrade.instance_started": r => move(r, "pending", "in_flight"),
  "module.upgrade.instance_health_check": (r, b, e) => {
    move(r, "in_flight", e.healthy ? "healthy" : "failed");
    b[e.healthy ? "healthy_count" : "failed_count"]++;
  },
  "module.upgrade.paused": r => { r.state = "paused"; },
  "module.upgrade.completed": (r, b, e) => { r.state = e.with_failures ? "completed_with_failures" : "completed"; },
  "module.upgrade.rollback_started": r => { r.state = "rolling_back"; },
  "module.upgrade.aborted": r => { r.state = "aborted"; },
};

function move(r, from, to) {
  if (r.counts[from] > 0) r.counts[from]--;
  r.counts[to]++;
}

/** Applies an event that the snapshot does not have yet; the next snapshot mends what this leaves out. */
function apply(r, e) {
  if (!(e.stream_seq > r.as_of_seq)) return;
  r.as_of_seq = e.stream_seq;
  DONE[e.kind]?.(r, r.batches.find(b => b.index === e.batch_index) || {}, e);
}

/** The place in its stream of each rollout's newest snapshot: an answer that was on its way for longer is older. */
const whole = new Map();

function take(snapshot) {
  if (snapshot.as_of_seq < (whole.get(snapshot.id) ?? 0)) return;
  whole.set(snapshot.id, snapshot.as_of_seq);
  name(snapshot);
  const kept = (later.get(snapshot.id) || []).filter(e => e.stream_seq > snapshot.as_of_seq);
  later.set(snapshot.id, kept);
  kept.forEach(e => apply(snapshot, e));
  rollouts.set(snapshot.id, snapshot);
  if (isNews(snapshot)) freshenFailures();
}

const isNews = r => r.counts.failed !== (failures.get(r.id)?.count ?? 0);

/** How the failed ones of a rollout failed: read again when there are more or fewer. */
const freshenFailures = soon(async () => {
  for (const r of [...rollouts.values()].filter(isNews)) {
    const count = r.counts.failed;
    const {instances} = await get(`/v1/rollouts/${encodeURIComponent(r.id)}/instances?state=failed&limit=${SHOWN_FAILURES}`);
    failures.set(r.id, {count, instances});
  }
  draw();
}, 100);

// a list leaves out batches where there are very many
const listed = r => r.batches.length || !r.counts.total ? take(r) : stale.add(r.id);

async function loadRollouts() {
  const page = await get(`/v1/rollouts?limit=${SHOWN_ROLLOUTS}`);
  page.rollouts.forEach(listed);
  // one that is open is shown however many were made after it
  if (page.next_cursor) for (const state of OPEN) (await get(`/v1/rollouts?limit=${SHOWN_ROLLOUTS}&state=${state}`)).rollouts.forEach(listed);
  if (stale.size) freshen();
  first = false;
  document.body.dataset.loaded = "";
  draw();
}

const unknown = new Set();
const learnNames = soon(async () => {
  for (const kind of ["modules", "templates"]) learn((await get(`/v1/${kind}?limit=1000`))[kind]);
  byId("event-list").replaceChildren(); // sentences are made once
  draw();
}, 0);

/** Asks for names once for each id that has none yet. */
function name(...things) {
  const ids = things.flatMap(thing => [thing.module_id, thing.template_id]).filter(id => id && !isNamed(id) && !unknown.has(id));
  ids.forEach(id => unknown.add(id));
  if (ids.length) learnNames();
}

const stale = new Set();
const freshen = soon(async () => {
  const ids = [...stale];
  stale.clear();
  const answers = await Promise.allSettled(ids.map(id => get(`/v1/rollouts/${encodeURIComponent(id)}`)));
  answers.forEach((answer, i) => {
    if (answer.status === "fulfilled") take(answer.value);
    else if (answer.reason.problem?.status !== 404) stale.add(ids[i]);
  });
  draw();
  const failed = answers.find((answer, i) => stale.has(ids[i]) && answer.status === "rejected");
  if (failed) throw failed.reason;
});

const freshenRequests = soon(async () => {
  requests = (await get("/v1/approval-requests?status=pending&limit=100")).approval_requests.reverse();
  name(...requests);
  draw();
  // a question may come a moment after the rollout asks for it
  const asked = new Set(requests.map(q => q.rollout_id));
  if ([...rollouts.values()].some(r => WAITING.includes(r.state) && !asked.has(r.id))) setTimeout(freshenRequests, 1_000);
}, 250);

const freshenFleet = soon(async () => {
  const fleet = await get("/v1/fleet-summary");
  byId("fleet").dataset.total = fleet.total;
  text(byId("fleet"), fleet.total === 0 ? "no instances yet" : `${count(fleet.total, "instance")}, ${fleet.reporting.toLocaleString("en")} reporting`
    + (fleet.silent ? `, ${fleet.silent} silent` : "") + (fleet.stopped ? `, ${fleet.stopped} stopped` : "") + (fleet.never_reported ? `, ${fleet.never_reported} never heard` : ""));
  draw();
});

function happened(news) {
  for (const e of news) {
    if (e.rollout_id && e.stream_seq) {
      if (!later.has(e.rollout_id)) later.set(e.rollout_id, []);
      later.get(e.rollout_id).push(e);
      if (rollouts.has(e.rollout_id)) apply(rollouts.get(e.rollout_id), e);
      stale.add(e.rollout_id);
      freshen();
    }
    if (e.kind.startsWith("fleet.")) freshenFleet();
    else if (!e.kind.includes(".instance_")) freshenRequests();
    if (e.severity !== "info" && !e.instance_id || /\.(planned|started|completed|rolled_back)$/.test(e.kind)) text(byId("told"), sentence(e));
  }
  name(...news);
  events = [...news.toReversed(), ...events].slice(0, 2_000);
  draw();
}

let drawing = false;
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    paint();
  });
}

function paint() {
  const all = [...rollouts.values()].sort((a, b) => Boolean(a.ended_at) - Boolean(b.ended_at) || b.created_at.localeCompare(a.created_at)).slice(0, SHOWN_ROLLOUTS);
  [...all, ...requests].forEach(thing => { thing.busy = busy.has(thing.id); });
  const asked = new Set(requests.map(q => q.rollout_id));
  byId("requests").hidden = requests.length === 0;
  document.title = requests.length ? `(${requests.length}) Sluice` : "Sluice";
  keyed(byId("request-list"), requests, q => q.id, () => requestCard(decide), (card, q) => showRequest(card, q, rollouts.get(q.rollout_id)));
  if (!first) keyed(byId("rollout-list"), all, r => r.id, () => rolloutCard(command, diagnosis), (card, r) => showRollout(card, r, asked.has(r.id), failures.get(r.id)));
  byId("empty").hidden = first || all.length > 0 || stale.size > 0;
  const shown = byId("every-instance").checked ? events : events.filter(e => !isSmall(e));
  keyed(byId("event-list"), shown.slice(0, SHOWN_EVENTS), e => e.id, eventItem, () => {});
  if (!byId("empty").hidden) empty();
}

/** What to do where there is no rollout yet. */
function empty() {
  const total = Number(byId("fleet").dataset.total || 0);
  const server = location.origin === "http://127.0.0.1:8080" ? "" : ` --server ${location.origin}`;
  const steps = [
    ["Publish a build, and the template that new instances get:", [`./sluice modules publish nginx 1.24.0 ./nginx-1.24.0 --promote live${server}`,
      `./sluice templates create web --module nginx=1.24.0${server}`], total > 0],
    ["Bring instances in, real ones by the agent or simulated ones:", [`./sluice fleet --instances 20${server}`], total > 0],
    ["Publish the next build and plan the rollout; it then waits here for your approval:", [`./sluice modules publish nginx 1.26.0 ./nginx-1.26.0 --promote blessed${server}`,
      `./sluice plan --module nginx --target 1.26.0${server}`], false],
  ];
  const next = steps.find(([, , done]) => !done)[0];
  keyed(byId("empty"), ["lead", "steps"], k => k, k => k === "lead" ? h("p", {}) : h("ol", {className: "steps"}), (element, k) => {
    if (k === "lead") text(element, total > 0 ? `No rollout yet. ${count(total, "instance")} wait for one.` : "No rollout yet. Three steps lead to the first one.");
    else keyed(element, steps, ([say]) => say, ([say, runs]) => h("li", {}, say, ...runs.map(run => h("code", {}, run))), (item, [say, , done]) => {
      item.className = done ? "done" : say === next ? "next" : "";
    });
  });
}

/** What a wish is under way for, by id: snapshots come and go meanwhile. */
const busy = new Set();

/** Sends a wish, with its thing marked as busy meanwhile. */
async function send(thing, path, body) {
  busy.add(thing.id);
  draw();
  try {
    await call("POST", path, body);
    refused(null);
  } catch (error) {
    refused(error);
  } finally {
    busy.delete(thing.id);
    stale.add(thing.rollout_id || thing.id);
    freshen();
    freshenRequests();
    draw();
  }
}

async function decide(request, option, known) {
  const comment = option === "approve" ? "" : await ask({title: `${known.label}: ${subject(request)}?`, text: consequence(request, option), yes: known.label, danger: known.danger});
  if (comment === null) return;
  await send(request, `/v1/approval-requests/${encodeURIComponent(request.id)}/decision`, {decision: option, revision: request.revision, ...(comment && {comment})});
}

async function command(rollout, name, known) {
  const comment = name === "resume" ? "" : await ask({title: `${known.label} ${subject(rollout)}?`, text: known.text, yes: known.label, danger: known.danger});
  if (comment === null) return;
  await send(rollout, `/v1/rollouts/${encodeURIComponent(rollout.id)}/${name}`, comment ? {comment} : {});
}

async function diagnosis(rollout) {
  try {
    return (await get(`/v1/rollouts/${encodeURIComponent(rollout.id)}/diagnosis`)).detail;
  } catch (error) {
    return error.message;
  }
}

const STATES = {live: "Live", lost: "Connection lost, trying again"};

let missed = null;
function connection(state) {
  byId("connection").dataset.tone = state === "live" ? "good" : "bad";
  text(byId("connection"), STATES[state]);
  clearTimeout(missed);
  if (state === "live") {
    trouble("connection", null);
    refresh();
  } else missed = setTimeout(() => trouble("connection", new TypeError(state)), MISSED);
}

const reload = soon(loadRollouts, 0);

function refresh() {
  reload();
  freshenRequests();
  freshenFleet();
}

async function open() {
  takeTokenFromAddress();
  byId("actor").value = actor();
  byId("actor").onchange = event => setActor(event.target.value.trim() || "operator");
  byId("every-instance").onchange = draw;
  const page = await get("/v1/events?limit=100");
  events = page.events;
  name(...events);
  draw();
  new Feed(page.next_cursor, happened, connection);
  setInterval(refresh, 30_000);
  const place = {"/app/approvals": "requests", "/app/events": "events"}[location.pathname];
  if (place) byId(place).scrollIntoView();
}

soon(open, 0)();
