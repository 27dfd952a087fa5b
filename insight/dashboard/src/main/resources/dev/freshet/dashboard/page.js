"use strict";
/* The parts of an update's time, as Java lists them: name, label, parent, phase, description. */
const PARTS = [/*parts*/];
/* The phases of an update of a fleet on one server, in their order: name, label, description. */
const PHASES = [/*phases*/];
/* The states of a role, in the order of their rank: name, label, description. */
const STATES = [/*states*/];
const UNIT = "_ms", WHOLE = PARTS.find(part => part.label === "wall"), WORK = PARTS.find(part => part.label === "rpc");
const MAX = { updates: 20000, steps: 20000, live: 7200, rollouts: 6, lags: 32, servers: 4096, roles: 18 };
const WINDOW = 50;
/* Lines of one role may arrive out of order by up to so many seconds; a larger step back means that a clock was set back. */
const REORDER_S = 5;
/* Distinct parts that the bars show; further unknown phases count as the rest of their parent. */
const MAX_SEEN = 24;
/* Figures have one decimal: a smaller rest is rounding. */
const ROUNDING_MS = 0.05;
const COLOURS = 9;

const state = {
  hello: {}, steps: [], train: [], evals: [], updates: [], failures: 0, live: [], replicas: [], rollouts: [], verdict: null, fleet: fleet(),
  times: new Map(), staleness: new Map(), asyncLevel: NaN, chosen: -1, ended: false, malformed: 0, setBack: 0, missing: [], now: "",
};

const $ = id => document.getElementById(id);
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const known = x => typeof x === "number" && Number.isFinite(x);
const figure = x => known(x) ? x : undefined;
const add = (a, b) => a + b;

function number(x, digits) {
  if (!known(x)) return "–";
  const places = digits ?? (Math.abs(x) >= 100 ? 0 : Math.abs(x) >= 10 ? 1 : Math.abs(x) >= 0.095 || x === 0 ? 2 : Math.abs(x) >= 0.001 ? 3 : -1);
  return places < 0 ? x.toExponential(1) : x.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
}

function element(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function percentile(sorted, p) {
  if (!sorted.length) return NaN;
  const rank = p / 100 * (sorted.length - 1), below = Math.floor(rank);
  return sorted[below] + (rank - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
}

/* ---- lines of the metrics ---- */

/* Fields that a line must have to be shown; another version of Freshet may write other lines. */
const REQUIRED = { step: ["step"], train: ["step"], eval: ["step", "reward"], load: ["time", "streams", "tokens"] };

function take(line) {
  if (REQUIRED[line.kind]?.some(name => !known(line[name])) || line.kind === "update" && line.status === "ok" && !known(line.wall_ms ?? line.rpc_ms)) {
    state.malformed++;
    return;
  }
  switch (line.kind) {
    case "step":
      keep(state.steps, { step: line.step, reward: figure(line.reward), trunc: figure(line.trunc_pct), tokens: figure(line.tokens), dur: figure(line.dur_ms) }, MAX.steps);
      if (line.staleness_max >= 0) lagged(Math.min(Math.trunc(line.staleness_max), MAX.lags));
      state.version = figure(line.policy_version);
      if (line.role_time) spent("orchestrator", line.step, line.role_time);
      Object.entries(line.servers ?? {}).forEach(([server, time]) => spent("server " + server, line.step, time));
      break;
    case "train":
      keep(state.train, { step: line.step, loss: figure(line.loss), kl: figure(line.mismatch_kl) }, MAX.steps);
      if (line.role_time) spent("trainer", line.step, line.role_time);
      break;
    case "eval":
      keep(state.evals, { step: line.step, reward: line.reward }, MAX.steps);
      break;
    case "update":
      if (line.calls && typeof line.server === "string") splitOf(line);
      if (line.status === "ok") update(line);
      else if (line.status !== "kept") state.failures++;
      break;
    case "fleet_update":
      fleetUpdate(line);
      break;
    case "load":
      keep(state.live, { ...line, time: steady(line) }, MAX.live);
      break;
    case "run":
      state.ended = true;
      break;
  }
}

/* What a role did with the time of a step: the shares of its states. */
function spent(role, step, time) {
  if (!(time.wall_ms > 0) || !state.times.has(role) && state.times.size >= MAX.roles) return;
  if (!state.times.has(role)) state.times.set(role, []);
  const steps = state.times.get(role);
  steps.push({ step, shares: STATES.map(s => Math.max(0, figure(time[s.name]) ?? 0) / time.wall_ms) });
  if (steps.length > WINDOW) steps.shift();
}

function lagged(steps) {
  state.staleness.set(steps, (state.staleness.get(steps) ?? 0) + 1);
}

/* When a line was written, in seconds. After its role's clock was set back, the time continues from the latest. */
const clocks = new Map();
function steady(line) {
  if (!known(line.time)) return undefined;
  const of = clocks.get(line.role) ?? { latest: -Infinity, shift: 0 };
  clocks.set(line.role, of);
  const behind = of.latest - line.time - of.shift;
  if (behind > REORDER_S) {
    of.shift += behind;
    state.setBack = Math.max(state.setBack, behind);
  }
  of.latest = Math.max(of.latest, line.time + of.shift);
  return line.time + of.shift;
}

/* The parts that the bars show, in the order in which they were first seen: {label, description}. */
const seen = new Map();
function place(part) {
  if (!seen.has(part.name) && seen.size < MAX_SEEN) seen.set(part.name, { index: seen.size, label: part.label, description: part.description ?? "" });
  return seen.get(part.name)?.index;
}

/* How long each part of an update took, as a map from name to ms. A part that was not reported is the sum of its parts. */
function times(line) {
  const unknown = Object.entries(line.phases ?? {}).filter(([name, ms]) => known(ms) && !PARTS.some(part => part.name === name))
    .map(([name]) => ({ name, label: name.endsWith(UNIT) ? name.slice(0, -UNIT.length) : name, parent: WORK.name }));
  const all = [...PARTS, ...unknown], ms = new Map();
  const time = part => {
    const parts = all.filter(other => other.parent === part.name), sum = parts.map(time).reduce(add, 0);
    const reported = figure(line[part.name]) ?? figure(line.phases?.[part.name]);
    ms.set(part.name, Math.max(0, reported ?? sum));
    return ms.get(part.name);
  };
  time(WHOLE);
  return { all, ms };
}

/*
 * The bar of an update, by place. First the calls that update another program, then the parts of the two halves of the whole, each as far
 * as its half and the whole have room. What a half has left is shown under its own name, unless calls, which both halves contain, are known.
 */
function stack(line) {
  const { all, ms } = times(line), bar = [], halves = all.filter(part => part.parent === WHOLE.name);
  let left = ms.get(WHOLE.name);
  const put = (part, own, limit) => {
    const value = Math.min(own, limit, left), at = value > 0 && (value === own || value > ROUNDING_MS) ? place(part) : undefined;
    if (at === undefined) return 0;
    bar[at] = value;
    left -= value;
    return value;
  };
  const calls = halves.filter(part => part.phase).map(part => put(part, ms.get(part.name), left)).reduce(add, 0);
  halves.filter(part => !part.phase).forEach(half => {
    let rest = ms.get(half.name);
    all.filter(part => part.parent === half.name).forEach(part => { rest -= put(part, ms.get(part.name), rest); });
    if (!calls && rest > ROUNDING_MS) put(half, rest, rest);
  });
  return { wall: ms.get(WHOLE.name), parts: Float32Array.from(bar, value => value ?? 0) };
}

/* An update has a line by its server and one by the orchestrator, which also has its client's figures and replaces the server's. */
function update(line) {
  const before = line.trace ? state.updates.slice(-64).findIndex(u => u.trace === line.trace) : -1, byServer = line.role === "inference";
  if (before >= 0 && byServer) return;
  const item = {
    time: steady(line), step: line.step, server: line.server, trace: line.trace, inflight: figure(line.inflight),
    queue: figure(line.queue_ms), rpc: figure(line.rpc_ms), stall: figure(line.stall_ms),
    ...stack(line),
  };
  if (before >= 0) state.updates[Math.max(0, state.updates.length - 64) + before] = item;
  else keep(state.updates, item, MAX.updates);
}

/* Of the updates of a fleet: the newest, the newest split by server, and how often each server had the slowest phase. */
function fleet() {
  return { splits: new Map(), slowest: new Map(), updates: 0, last: undefined };
}

function splitOf(line) {
  const phases = PHASES.map(phase => figure(line.calls[phase.name]) ?? 0).map(ms => Math.max(0, ms));
  state.fleet.splits.set(line.server, { step: line.step, status: String(line.status), kind: line.dialect, phases, sum: phases.reduce(add, 0) });
  if (state.fleet.splits.size > MAX.servers) state.fleet.splits.delete(state.fleet.splits.keys().next().value);
}

function fleetUpdate(line) {
  const { fleet } = state;
  fleet.updates++;
  fleet.last = line;
  if (typeof line.slowest !== "string" || !fleet.slowest.has(line.slowest) && fleet.slowest.size >= MAX.servers) return;
  fleet.slowest.set(line.slowest, (fleet.slowest.get(line.slowest) ?? 0) + 1);
}

function keep(list, item, max) {
  list.push(item);
  if (list.length > max + max / 10) list.splice(0, list.length - max);
}

function reset() {
  Object.assign(state, { steps: [], train: [], evals: [], updates: [], failures: 0, live: [], replicas: [], rollouts: [], verdict: null, fleet: fleet(),
    times: new Map(), staleness: new Map(), version: undefined, chosen: -1, ended: false, malformed: 0, setBack: 0, missing: [], now: "" });
  clocks.clear();
}

/* ---- drawing ---- */

let drawing = false;
function redraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const begin = performance.now();
    head(); verdict(); tiles(); updates(); queue(); staleness(); curves(); roleTimes(); replicas(); rollouts();
    performance.measure("freshet.redraw", { start: begin, end: performance.now() });
  });
}

function head() {
  $("run").textContent = state.hello.run ?? "";
  document.title = (state.verdict && state.verdict.severity !== "good" ? "● " : "") + "Freshet " + (state.hello.run ?? "");
  const step = state.steps.at(-1)?.step ?? state.train.at(-1)?.step;
  const parts = [];
  if (step !== undefined) parts.push("step " + step + (state.hello.steps ? " of " + state.hello.steps : ""));
  const version = state.updates.at(-1)?.step ?? state.version ?? state.live.at(-1)?.version;
  if (version !== undefined) parts.push("policy version " + version);
  if (state.ended) parts.push("finished");
  $("progress").textContent = parts.join(" · ");
  const notes = state.missing.map(why => "Part of this page is missing: " + why + ".");
  if (state.malformed) notes.push(`${number(state.malformed, 0)} lines of the metrics lack required fields and are not shown.`);
  if (state.setBack) notes.push(`A clock was set back by ${number(state.setBack, 0)} s; later times are shown as if it had not.`);
  $("now").textContent = state.now;
  $("now").hidden = !state.now;
  $("notes").textContent = notes.join(" ");
  $("notes").hidden = !notes.length;
}

function verdict() {
  const box = $("verdict"), v = state.verdict;
  const text = v ? v.text : "No diagnosis yet: waiting for the run's logs.";
  const key = JSON.stringify(v) + text;
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.className = "verdict " + (v ? v.severity : "unknown");
  box.replaceChildren(element("p", text));
  if (v?.findings?.length) {
    const list = element("ul");
    v.findings.forEach(f => list.append(element("li", f.signature + ", " + f.severity + ": " + f.advice)));
    box.append(list);
  }
}

function tiles() {
  const queued = state.updates.slice(-200).map(u => u.queue).filter(known).sort((a, b) => a - b);
  const last = state.live.at(-1), before = state.live.at(-6) ?? state.live[0];
  const seconds = last && before ? last.time - before.time : 0;
  const tokens = seconds > 0 ? (last.tokens - before.tokens) / seconds : state.steps.at(-1) ? state.steps.at(-1).tokens / state.steps.at(-1).dur * 1000 : NaN;
  const queue99 = percentile(queued, 99), step = state.steps.at(-1), kl = state.train.at(-1)?.kl;
  const streams = last?.streams ?? state.updates.at(-1)?.inflight;
  fill("tiles", [
    ["queue_ms p50 / p99", number(percentile(queued, 50)) + " / " + number(queue99), queue99 > 1000 ? "critical" : queue99 > 100 ? "warning" : ""],
    ["stall_ms, latest", number(state.updates.at(-1)?.stall)],
    ["streams open", number(streams, 0)],
    ["tokens/s", number(tokens, 0)],
    ["reward, latest batch", number(step?.reward, 3)],
    ["mismatch KL", known(kl) ? kl.toExponential(1) : "–"],
    ["truncated", known(step?.trunc) ? number(step.trunc, 1) + " %" : "–", step?.trunc > 30 ? "critical" : step?.trunc >= 10 ? "warning" : ""],
    ["updates / failed", number(state.updates.length, 0) + " / " + state.failures, state.failures ? "warning" : ""],
  ]);
}

function fill(id, rows) {
  const list = $(id);
  rows.forEach(([name, value, className], i) => {
    let row = list.children[i];
    if (!row) {
      row = element("div");
      row.append(element("dt"), element("dd"));
      list.append(row);
    }
    if (row.firstChild.textContent !== name) row.firstChild.textContent = name;
    if (row.lastChild.textContent !== value) row.lastChild.textContent = value;
    row.lastChild.className = className ?? "";
  });
}

function canvas(id) {
  const box = $(id);
  let c = box.querySelector("canvas");
  if (!c) box.append(c = document.createElement("canvas"));
  const ratio = devicePixelRatio || 1, width = box.clientWidth, height = box.clientHeight;
  if (c.width !== Math.round(width * ratio) || c.height !== Math.round(height * ratio)) {
    c.width = Math.round(width * ratio);
    c.height = Math.round(height * ratio);
    c.style.width = width + "px";
    c.style.height = height + "px";
  }
  const g = c.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = "11px system-ui, sans-serif";
  return { g, width, height };
}

const EDGE = { left: 46, right: 46, top: 8, bottom: 22 };


/* Updates are placed by time if every one has it, else in order of arrival. Each column of pixels shows the longest of its updates. */
function columns(width) {
  const all = state.updates, plot = width - EDGE.left - EDGE.right;
  const timed = all.every(u => u.time !== undefined), places = all.map(timed ? u => u.time : (_, i) => i);
  const first = places.reduce((a, b) => Math.min(a, b)), span = Math.max(places.reduce((a, b) => Math.max(a, b)) - first, 1e-9);
  const bar = Math.max(1, Math.min(12, Math.floor(plot / all.length) - 1)), of = new Map();
  all.forEach((u, i) => {
    const column = Math.round((places[i] - first) / span * (plot - bar) / bar);
    if (!of.has(column) || all[of.get(column)].wall < u.wall) of.set(column, i);
  });
  return { first, span, bar, of, places, timed, x: column => EDGE.left + column * bar };
}

function ceiling(max) {
  if (!(max > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(max));
  return [1, 2, 5, 10].find(n => n * unit >= max) * unit;
}

let shown = null;
/* A row for each role: a column for each of its last steps, a colour for each state. */
function roleTimes() {
  const box = $("times"), used = STATES.map((_, i) => [...state.times.values()].some(steps => steps.some(s => s.shares[i] > 0)));
  const content = JSON.stringify([...state.times].map(([role, steps]) => [role, steps.length, steps.at(-1).step]));
  if (box.dataset.key === content) return;
  box.dataset.key = content;
  if (!state.times.size) return box.replaceChildren(element("p", "No step yet.", "empty"));
  const rows = element("div", undefined, "roles");
  state.times.forEach((steps, role) => {
    const columns = element("div", undefined, "columns");
    steps.forEach(({ step, shares }) => {
      const column = element("div"), words = [];
      shares.forEach((share, i) => {
        if (!(share > 0)) return;
        const part = element("b");
        part.style.height = 100 * share + "%";
        part.style.background = `var(${colourOf(i)})`;
        column.append(part);
        words.push(STATES[i].label + " " + number(100 * share, 0) + " %");
      });
      column.title = "step " + step + ": " + words.join(", ");
      columns.append(column);
    });
    const last = columns.lastChild.title;
    columns.setAttribute("role", "img");
    columns.setAttribute("aria-label", role + ", " + last);
    rows.append(element("span", role), columns);
  });
  box.replaceChildren(rows);
  $("states").replaceChildren(...STATES.flatMap((s, i) => used[i] ? [key(s.label, s.description, colourOf(i))] : []));
}

/* The rest has no colour of its own. */
const colourOf = i => STATES[i].label === "other" ? "--soft" : STATES[i].label === "idle" ? "--area" : "--c" + i % COLOURS;

function updates() {
  const { g, width, height } = canvas("updates");
  shown = null;
  if (!state.updates.length) return empty(g, width, height, state.hello.role === "trainer" ? "The trainer's page has no updates; see the orchestrator's." : "No update yet.");
  const base = height - EDGE.bottom, tall = base - EDGE.top, cols = shown = columns(width);
  const walls = [...cols.of.values()].map(i => state.updates[i].wall);
  const top = ceiling(Math.max(...walls)), y = ms => base - ms / top * tall;
  streams(g, width, base, tall, cols);
  g.textBaseline = "middle";
  for (let i = 0; i <= 4; i++) {
    const at = y(top * i / 4);
    g.strokeStyle = css("--line"); g.beginPath(); g.moveTo(EDGE.left, at); g.lineTo(width - EDGE.right, at); g.stroke();
    g.fillStyle = css("--soft"); g.textAlign = "right"; g.fillText(number(top * i / 4), EDGE.left - 6, at);
  }
  const fills = Array.from({ length: COLOURS }, (_, i) => css("--c" + i));
  cols.of.forEach((i, column) => {
    const u = state.updates[i], sum = u.parts.reduce(add, 0), scale = sum > u.wall ? u.wall / sum : 1;
    let from = 0;
    for (let part = 0; part < u.parts.length; part++) {
      const to = from + u.parts[part] * scale;
      g.fillStyle = fills[part % COLOURS];
      g.fillRect(cols.x(column), y(to), Math.max(1, cols.bar - (cols.bar > 3 ? 1 : 0)), Math.max(0, y(from) - y(to)));
      from = to;
    }
    if (u.wall > from) {
      g.fillStyle = css("--soft");
      g.fillRect(cols.x(column), y(u.wall), Math.max(1, cols.bar - (cols.bar > 3 ? 1 : 0)), y(from) - y(u.wall));
    }
    if (i === state.chosen) {
      g.strokeStyle = css("--fg"); g.lineWidth = 1.5;
      g.strokeRect(cols.x(column) - 1.5, y(u.wall) - 1.5, cols.bar + 2, base - y(u.wall) + 3);
      g.lineWidth = 1;
    }
  });
  axis(g, width, height, cols);
  legend();
  describe();
}

/* Open streams, as an area behind the updates over an axis at the right. */
function streams(g, width, base, tall, cols) {
  const points = cols.timed && state.live.length > 1 ? state.live.filter(l => l.time >= cols.first && l.time <= cols.first + cols.span).map(l => [l.time, l.streams])
    : state.updates.map((u, i) => [cols.places[i], u.inflight ?? 0]).sort((a, b) => a[0] - b[0]);
  if (!points.length) return;
  const top = ceiling(points.reduce((a, p) => Math.max(a, p[1]), 0)), plot = width - EDGE.left - EDGE.right;
  g.fillStyle = css("--area");
  g.beginPath();
  g.moveTo(EDGE.left, base);
  let at = base;
  points.forEach(([t, n]) => {
    const x = EDGE.left + (t - cols.first) / cols.span * plot;
    g.lineTo(x, at);
    at = base - n / top * tall;
    g.lineTo(x, at);
  });
  g.lineTo(width - EDGE.right, at);
  g.lineTo(width - EDGE.right, base);
  g.fill();
  g.fillStyle = css("--soft"); g.textAlign = "left"; g.textBaseline = "middle";
  g.fillText(number(top, 0), width - EDGE.right + 6, base - tall + 4);
  g.fillText("0", width - EDGE.right + 6, base);
}

function axis(g, width, height, cols) {
  g.fillStyle = css("--soft"); g.textBaseline = "alphabetic";
  g.textAlign = "left"; g.fillText(cols.timed ? clock(cols.first) : "first update", EDGE.left, height - 6);
  g.textAlign = "right"; g.fillText(cols.timed ? clock(cols.first + cols.span) : "latest", width - EDGE.right, height - 6);
}

const clock = seconds => new Date(seconds * 1000).toLocaleTimeString("en-GB");

function empty(g, width, height, text) {
  g.fillStyle = css("--soft"); g.textAlign = "center"; g.textBaseline = "middle";
  g.fillText(text, width / 2, height / 2);
}

function describe() {
  const i = state.chosen >= 0 ? state.chosen : state.updates.length - 1, u = state.updates[i];
  const parts = [...seen.values()].filter(part => u.parts[part.index] > 0).map(part => part.label + " " + number(u.parts[part.index])).join(", ");
  const text = `${state.chosen >= 0 ? "Chosen" : "Latest"}: version ${u.step}, ${u.server ?? ""} trace ${u.trace ?? "–"}: ${number(u.wall)} ms = ${parts}; `
    + `queue_ms ${number(u.queue)}, rpc_ms ${number(u.rpc)}, stall_ms ${number(u.stall)}, ${number(u.inflight, 0)} streams open`;
  if ($("update").textContent !== text) $("update").textContent = text;
}

function legend() {
  const list = $("parts");
  if (list.children.length === seen.size + 1) return;
  list.replaceChildren(...[...seen.values()].map(part => key(part.label, part.description, "--c" + part.index % COLOURS)), key("streams open (right axis)", "", "--area"));
}

function key(label, description, colour) {
  const item = element("li"), mark = element("i");
  mark.style.background = `var(${colour})`;
  item.title = description;
  item.append(mark, label);
  return item;
}

function choose(i) {
  state.chosen = Math.max(0, Math.min(state.updates.length - 1, i));
  redraw();
}

const plots = {};
/* A plot by uPlot, created with its first data. */
function plot(id, make, data, none) {
  const box = $(id);
  if (!data[0].length) {
    if (!plots[id] && box.textContent !== none) box.replaceChildren(element("p", none, "empty"));
    return;
  }
  if (!plots[id]) {
    box.replaceChildren();
    plots[id] = new uPlot({ width: box.clientWidth, height: box.clientHeight - 28, cursor: { y: false }, ...make() }, data, box);
  } else {
    plots[id].setData(data);
  }
  if (plots[id].width !== box.clientWidth) plots[id].setSize({ width: box.clientWidth, height: box.clientHeight - 28 });
}

const axes = (...others) => [{ stroke: css("--soft"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, size: 26 }, ...others];
const left = (size = 46) => ({ stroke: css("--soft"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, size, values: (_, v) => v.map(x => x === null ? "" : number(x, x === 0 ? 0 : undefined)) });
const series = (label, colour, more) => ({ label, stroke: css(colour), width: 1.5, points: { show: false }, value: (_, v) => number(v), ...more });

let queueDrawn = -1;
function queue() {
  const all = state.updates;
  if (queueDrawn === all.length && (plots.queue || all.length)) return;
  queueDrawn = all.length;
  const sorted = all.map(u => u.queue).filter(known).sort((a, b) => a - b), table = $("percentiles");
  if (all.length && !sorted.length) return plot("queue", null, [[]], "No queue_ms: these servers do not report rpc_ms. The phases below are measured by the client.");
  const stride = Math.max(1, Math.floor(all.length / 400)), x = [], p50 = [], p99 = [];
  for (let end = stride; end <= all.length; end += stride) {
    const window = all.slice(Math.max(0, end - WINDOW), end).map(u => u.queue).filter(known).sort((a, b) => a - b);
    x.push(end); p50.push(window.length ? percentile(window, 50) : null); p99.push(window.length ? percentile(window, 99) : null);
  }
  plot("queue", () => ({
    scales: { x: { time: false }, y: { range: (_, min, max) => [0, max * 1.1 || 1] } }, axes: axes(left()),
    series: [{ label: "update" }, series("p50", "--c0"), series("p99", "--c4")],
  }), [x, p50, p99], "No queue_ms yet: waiting for the first update.");
  table.replaceChildren();
  if (sorted.length) {
    const heads = element("tr"), cells = element("tr");
    [["all " + sorted.length, NaN], ["p50", 50], ["p90", 90], ["p95", 95], ["p99", 99], ["max", 100]].forEach(([name, p]) => {
      heads.append(element("th", name)); cells.append(element("td", known(p) ? number(percentile(sorted, p)) : "ms"));
    });
    table.append(heads, cells);
  }
}

function curves() {
  const byStep = new Map();
  state.steps.forEach(s => byStep.set(s.step, [s.reward ?? null, null]));
  state.evals.forEach(e => byStep.set(e.step, [byStep.get(e.step)?.[0] ?? null, e.reward]));
  const steps = [...byStep.keys()].sort((a, b) => a - b), trained = new Map(state.train.map(t => [t.step, t]));
  const train = [...trained.values()].sort((a, b) => a.step - b.step);
  plot("reward", () => ({
    scales: { x: { time: false } }, axes: axes(left()),
    series: [{ label: "step" }, series("training batches", "--c0"),
      series("held out", "--c3", { spanGaps: true, width: 2, points: { show: true, size: 7, fill: css("--c3") } })],
  }), [steps, steps.map(s => byStep.get(s)[0]), steps.map(s => byStep.get(s)[1])], "No reward yet: waiting for the orchestrator's first batch.");
  plot("loss", () => ({
    scales: { x: { time: false }, kl: { range: (_, min, max) => [0, max * 1.2 || 1] } },
    axes: axes(left(52), { ...left(52), scale: "kl", side: 1, grid: { show: false } }),
    series: [{ label: "step" }, series("loss", "--c0"), series("mismatch KL", "--c4", { scale: "kl" })],
  }), [train.map(t => t.step), train.map(t => t.loss ?? null), train.map(t => t.kl ?? null)], "No loss yet: waiting for the trainer's first step.");
}

function staleness() {
  const box = $("staleness"), max = Math.max(0, ...state.staleness.values());
  if (!max) {
    if (!box.firstChild) box.append(element("p", "No batch yet.", "empty"));
    return;
  }
  const key = JSON.stringify([...state.staleness]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren();
  const level = state.hello.async_level;
  for (let lag = 0; lag <= Math.min(Math.max(...state.staleness.keys(), level ?? 0), MAX.lags); lag++) {
    const count = state.staleness.get(lag) ?? 0, bar = element("div", undefined, known(level) && lag > level + 2 ? "critical" : known(level) && lag > level ? "warning" : "");
    const fill = element("b");
    fill.style.height = (count / max * 75).toFixed(1) + "%";
    bar.append(element("span", number(count, 0)), fill, element("span", lag === level ? lag + " (bound)" : lag === MAX.lags ? lag + " or more" : String(lag)));
    box.append(bar);
  }
  box.setAttribute("aria-label", [...state.staleness].map(([lag, n]) => `${n} batches with ${lag}`).join(", "));
}

function replicas() {
  const rows = new Map(), table = $("replicas"), { splits, slowest, updates, last } = state.fleet;
  state.replicas.forEach(r => rows.set(r.server, r));
  const others = new Map();
  splits.forEach((split, server) => others.set(server, split.step));
  state.updates.slice(-64).forEach(u => { if (u.server) others.set(u.server, u.step); });
  others.forEach((version, server) => { if (!rows.has(server)) rows.set(server, { server, state: "updated", version }); });
  const key = JSON.stringify([...rows.values(), updates, last, [...splits]]);
  if (table.dataset.key === key) return;
  table.dataset.key = key;
  table.replaceChildren();
  phaseLegend();
  $("fleet-update").textContent = newestUpdate();
  if (!rows.size) return table.append(row("td", ["No server yet."]));
  table.append(row("th", ["server", "kind", "state", "version", "streams", "slowest", "its phases in the newest update", "ms"]));
  const longest = Math.max(...[...splits.values()].map(split => split.sum), ROUNDING_MS);
  rows.forEach(r => {
    const split = splits.get(r.server), blamed = slowest.get(r.server) ?? 0;
    const tr = row("td", [r.server, r.kind ?? split?.kind ?? "–", r.state + (r.paused ? ", paused" : ""), r.version ?? "–", r.streams ?? "–",
      updates ? `${blamed} of ${updates}` : "–", "", number(split?.sum)]);
    tr.children[2].className = r.state === "serving" || r.state === "updated" ? "ok" : "bad";
    if (last?.slowest === r.server) tr.children[5].className = "blamed";
    tr.children[6].className = "split";
    if (split) tr.children[6].append(bar(split, longest), phasesInWords(split, last?.slowest === r.server ? last.slowest_phase : undefined));
    table.append(tr);
    if (r.why) {
      const why = row("td", [r.why]);
      why.className = "why";
      why.firstChild.colSpan = 8;
      table.append(why);
    }
  });
}

function newestUpdate() {
  const { last } = state.fleet;
  if (!last) return "";
  const slowest = typeof last.slowest === "string" ? `; slowest: ${last.slowest_phase} of ${last.slowest}, ${number(last.slowest_ms)} ms` : "";
  return `Newest update: version ${last.step} ${String(last.outcome).replace("_", " ")} in ${number(last.wall_ms)} ms${slowest}${last.error ? "; " + last.error : ""}`;
}

function bar(split, longest) {
  const box = element("div", undefined, "phases");
  split.phases.forEach((ms, i) => {
    if (!ms) return;
    const part = element("b");
    part.style.width = (100 * ms / longest).toFixed(2) + "%";
    part.style.background = `var(--c${i % COLOURS})`;
    part.title = `${PHASES[i].label} ${number(ms)} ms: ${PHASES[i].description}`;
    box.append(part);
  });
  return box;
}

/* The slowest phase of all servers stands out. */
function phasesInWords(split, slowest) {
  const words = element("small");
  if (split.status !== "ok") words.append(element("span", split.status, split.status === "kept" ? "" : "bad"), " ");
  split.phases.forEach((ms, i) => {
    if (ms) words.append(element(PHASES[i].label === slowest ? "strong" : "span", PHASES[i].label + " " + number(ms)), " ");
  });
  return words;
}

function phaseLegend() {
  const list = $("phases");
  if (!list.children.length) list.append(...PHASES.map((phase, i) => key(phase.label, phase.description, "--c" + i % COLOURS)));
}

function row(cell, texts) {
  const tr = element("tr");
  texts.forEach(text => tr.append(element(cell, String(text))));
  return tr;
}

function rollouts() {
  const list = $("rollouts"), key = JSON.stringify(state.rollouts.map(r => r.id));
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren();
  if (!state.rollouts.length) return list.append(element("li", "No rollout yet.", "empty"));
  state.rollouts.forEach(r => {
    const li = element("li"), text = element("div", undefined, "text"), versions = [...new Set(r.tokens.map(t => t.version).filter(v => v >= 0))];
    r.tokens.forEach(t => {
      const token = element("span", t.text, t.version < 0 ? "prompt" : "token v" + t.version % 6);
      if (t.version >= 0) token.title = "policy version " + t.version;
      text.append(token);
    });
    if (r.left_out) text.append(element("span", ` … and ${r.left_out} more tokens`, "prompt"));
    li.append(element("div", `step ${r.step} · reward ${number(r.reward, 3)} · ${r.finish} · policy version${versions.length > 1 ? "s" : ""} ${versions.join(", ")}`, "meta"), text);
    list.append(li);
  });
}

/* ---- keys, size, scheme ---- */

$("updates").addEventListener("keydown", event => {
  const at = state.chosen >= 0 ? state.chosen : state.updates.length - 1;
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 20, PageDown: at + 20, Home: 0, End: state.updates.length - 1 }[event.key];
  if (to !== undefined && state.updates.length) { event.preventDefault(); choose(to); }
  if (event.key === "Escape") { state.chosen = -1; redraw(); }
});
$("updates").addEventListener("click", event => {
  if (!shown) return;
  const column = (event.clientX - $("updates").getBoundingClientRect().left - EDGE.left) / shown.bar;
  const nearest = [...shown.of.keys()].reduce((a, b) => Math.abs(b + 0.5 - column) < Math.abs(a + 0.5 - column) ? b : a);
  choose(shown.of.get(nearest));
});
new ResizeObserver(redraw).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  Object.keys(plots).forEach(id => { plots[id].destroy(); delete plots[id]; });
  queueDrawn = -1;
  redraw();
});

/* ---- the connection: the browser reconnects by itself and continues after the last event ---- */

const source = new EventSource("events");
const status = (text, className) => { $("state").textContent = text; $("state").className = "pill " + className; };
const on = (name, act) => source.addEventListener(name, event => { act(JSON.parse(event.data)); redraw(); });
source.onopen = () => status("live", "live");
source.onerror = () => status(source.readyState === EventSource.CLOSED ? "refused; reload to retry" : "reconnecting", "lost");
on("hello", hello => { if (state.hello.epoch !== hello.epoch) reset(); state.hello = hello; });
on("lines", lines => lines.forEach(take));
on("now", text => { state.now = text; });
on("missing", list => { state.missing = list; });
on("replicas", list => { state.replicas = list; });
on("verdict", v => { state.verdict = v; });
on("rollouts", list => { state.rollouts = list.slice(-MAX.rollouts); });
redraw();
