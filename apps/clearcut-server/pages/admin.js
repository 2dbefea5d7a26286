// The operator's page: signing in and out, the overview, clearing and cleaning up.

import { everyDay, ratioChart } from "./chart.js?v=0";
import { fill } from "./entries.js?v=0";
import { bytes, duration, number, refusal } from "./words.js?v=0";

const element = (id) => document.getElementById(id);

const SESSION = "admin/session";
/** Tells the server that this page calls, and not a form of somebody else's. */
const OURS = { "X-Requested-With": "clearcut" };
const RENEW_MS = 10_000;

let overview = null;
let timer = 0;

async function call(address, options = {}) {
  const response = await fetch(address, { ...options, headers: { ...OURS, ...options.headers } });
  if (!response.ok) {
    const error = new Error(await refusal(response));
    error.status = response.status;
    throw error;
  }
  return response.status === 204 ? null : response.json();
}

function say(id, text) {
  const place = element(id);
  place.textContent = text;
  place.hidden = !text;
}

/** Asks who is signed in, and shows what they may see. */
async function begin() {
  let session;
  try {
    session = await call(SESSION);
  } catch (error) {
    session = { signed_in: false, message: error.message };
  }
  element("sign-in").hidden = session.signed_in;
  element("board").hidden = !session.signed_in;
  say("sign-in-problem", session.message ?? "");
  clearTimeout(timer);
  if (session.signed_in) {
    element("who").textContent = `Signed in as ${session.name}`;
    await renew();
  } else {
    element("key").focus();
  }
}

async function signIn(event) {
  event.preventDefault();
  const key = element("key");
  try {
    await call(SESSION, { method: "POST", headers: { "X-Api-Key": key.value.trim() } });
  } catch (error) {
    say("sign-in-problem", error instanceof TypeError ? "A key has plain letters and digits only." : error.message);
    key.select();
    return;
  }
  key.value = "";
  await begin();
}

async function signOut() {
  try {
    await call(SESSION, { method: "DELETE" });
  } catch (error) {
    say("problem", error.message);
    return;
  }
  await begin();
}

/** Fetches the overview and shows it, now and then again. */
async function renew() {
  clearTimeout(timer);
  try {
    overview = await call("admin/overview");
    say("problem", "");
    show();
  } catch (error) {
    if (error.status === 401 || error.status === 403) return begin();
    say("problem", error instanceof TypeError ? "The server does not answer." : error.message);
  }
  if (!document.hidden) timer = setTimeout(renew, RENEW_MS);
}

function show() {
  const { server, books } = overview;
  element("about").textContent = `clearcut-server ${server.version} · model ${server.model} · up ${duration(server.uptime_s * 1000)}`;
  figures(overview);
  ratio();
  stages(overview.stages);
  tiers(overview.tiers);
  for (const name of ["recent", "top"]) {
    const entries = books?.[name] ?? [];
    fill(element(name), entries);
    element(`${name}-none`).hidden = entries.length > 0;
  }
}

function figures({ server, books, savings }) {
  const rows = [["In the works", number(server.in_flight), `${number(server.places_taken)} of ${number(server.places)} places taken`]];
  if (books) {
    const { statistics } = books;
    rows.unshift(
      ["Hit ratio", `${statistics.cache_hit_ratio} %`, `${statistics.cache_efficiency}, 30 days`],
      ["Requests", number(statistics.total_requests), `${number(statistics.cache_hits)} from the cache`],
      ["Time saved", duration(statistics.time_saved_ms), `${duration(statistics.avg_processing_time_ms)} each to compute`],
      ["Money saved", savings.money.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 }), savings.cost_per_image > 0 ? `a month, at ${savings.cost_per_image} each` : "set cache.cost_per_image to see it"],
      ["Kept", number(statistics.entries), bytes(statistics.bytes)],
    );
  }
  element("figures").replaceChildren(...rows.map(([name, value, note]) => {
    const card = document.createElement("div");
    card.className = "card";
    card.append(...[["dt", name], ["dd", value], ["dd", note]].map(([tag, text]) => {
      const part = document.createElement(tag);
      part.textContent = text;
      return part;
    }));
    return card;
  }));
}

function ratio() {
  const statistics = overview?.books?.statistics;
  const days = everyDay(statistics?.days ?? [], Number(element("days").value));
  const place = element("ratio");
  place.replaceChildren(ratioChart(days, Math.max(240, place.clientWidth)));
  element("ratio-note").hidden = !statistics || statistics.total_requests < 20 || statistics.cache_hit_ratio >= 50;
  const asked = days.filter((day) => day.total_requests > 0).reverse();
  rows("ratio-table", asked.map((day) => [
    day.date, number(day.total_requests), number(day.cache_hits), `${day.hit_ratio_percent} %`, number(day.computed), duration(day.time_saved_ms),
  ]));
}

function stages(times) {
  const longest = Math.max(...times.map((stage) => stage.median_ms), 0.001);
  element("stages-none").hidden = times.length > 0;
  element("stages").replaceChildren(...times.map(({ stage, median_ms }) => {
    const row = document.createElement("div");
    const [name, bar, value] = ["dt", "dd", "dd"].map((tag) => document.createElement(tag));
    name.textContent = stage;
    value.textContent = duration(median_ms);
    bar.setAttribute("aria-hidden", "true");
    const length = document.createElement("span");
    length.className = "bar";
    length.style.width = `${(100 * median_ms) / longest}%`;
    bar.append(length);
    row.append(name, bar, value);
    return row;
  }));
}

function tiers(all) {
  element("tiers-none").hidden = all.length > 0;
  element("tiers").hidden = all.length === 0;
  rows("tiers", all.map((tier) => {
    const [word, kind] = !tier.healthy ? ["down", "bad"] : tier.breaker === "closed" ? ["up", "good"] : ["resting", "warn"];
    const state = document.createElement("span");
    state.className = `badge ${kind}`;
    state.textContent = word;
    if (tier.error) state.title = tier.error;
    return [
      tier.name, state, tier.healthy ? duration(tier.answer_ms) : "–", number(tier.hits), number(tier.misses),
      `${tier.hit_ratio_percent} %`, number(tier.errors), bytes(tier.bytes_read),
    ];
  }));
}

/** Fills a table's body; the first cell of a row names it. */
function rows(id, cells) {
  element(id).tBodies[0].replaceChildren(...cells.map((texts) => {
    const row = document.createElement("tr");
    row.append(...texts.map((text, index) => {
      const cell = document.createElement(index === 0 ? "th" : "td");
      if (index === 0) cell.scope = "row";
      cell.append(text);
      return cell;
    }));
    return row;
  }));
}

/** Calls something that changes the cache, and says what came of it. */
async function care(button, address, body, words) {
  const place = element("done");
  button.disabled = true;
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await call(address, { method: "POST", headers, body: JSON.stringify(body) });
    place.className = "done";
    place.textContent = words(answer);
  } catch (error) {
    place.className = "done failed";
    place.textContent = error.message;
  } finally {
    button.disabled = false;
  }
  await renew();
}

function clear(event) {
  event.preventDefault();
  element("sure-pattern").textContent = element("pattern").value;
  element("sure").returnValue = "no";
  element("sure").showModal();
}

function cleared() {
  if (element("sure").returnValue !== "yes") return;
  const pattern = element("pattern").value;
  const words = (answer) => `Cleared ${counted(answer, ["removed", "cleared", "deleted"])} that matched ${pattern}.`;
  care(element("clear").querySelector("button"), "api/admin/cache/clear", { pattern }, words);
}

/** How many entries an answer speaks of, wherever it does. */
function counted(answer, names) {
  const count = names.map((name) => answer?.[name] ?? answer?.cache?.[name]).find(Number.isFinite);
  return count === undefined ? "what there was" : `${number(count)} ${count === 1 ? "entry" : "entries"}`;
}

element("sign-in").addEventListener("submit", signIn);
element("sign-out").addEventListener("click", signOut);
element("days").addEventListener("change", ratio);
element("clear").addEventListener("submit", clear);
element("sure").addEventListener("close", cleared);
element("cleanup").addEventListener("click", ({ currentTarget }) => {
  care(currentTarget, "api/v1/cache/cleanup", {}, () => "Cleaned up.");
});
addEventListener("resize", () => {
  if (overview) ratio();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !element("board").hidden) renew();
});
begin();
