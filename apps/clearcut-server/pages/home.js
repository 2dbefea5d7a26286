// The page where photos are dropped: photos come in, each is cut out as the controls say, one is looked at.

import { command, cutOut, Refused, resultName } from "./cutout.js?v=0";
import { Controls } from "./plan.js?v=0";
import { bytes, duration } from "./words.js?v=0";
import { pack } from "./zip.js?v=0";

const element = (id) => document.getElementById(id);

/** Calls under way at the same time; the server has other visitors. */
const CALLS = 2;
/** How long the controls must rest before a call. */
const REST_MS = 250;
/** Photos in the list. */
const MOST_PHOTOS = 200;

/** Photos in the order in which they came. */
const items = [];
/** The one that is looked at. */
let selected = null;
/** Counts changes of the controls: a result of an earlier one is out of date. */
let revision = 0;
let rest = 0;

const controls = new Controls(element("plan"), () => {
  clearTimeout(rest);
  rest = setTimeout(changed, REST_MS);
  showCommand();
});

function changed() {
  revision += 1;
  for (const item of items) item.abort?.abort();
  work();
}

/** Begins as many calls as may be under way, that of the looked-at photo first. */
function work() {
  const free = CALLS - items.filter((item) => item.abort).length;
  const waiting = items.filter((item) => !item.abort && item.revision !== revision);
  waiting.sort((a, b) => (b === selected) - (a === selected));
  for (const item of waiting.slice(0, Math.max(free, 0))) run(item);
}

async function run(item) {
  const abort = new AbortController();
  const mine = revision;
  item.abort = abort;
  show(item);
  try {
    const answer = await cutOut(item.photo, controls.fields(), controls.key(), abort.signal);
    if (abort.signal.aborted) return;
    if (item.after) URL.revokeObjectURL(item.after);
    item.answer = answer;
    item.after = URL.createObjectURL(answer.picture);
    item.error = null;
  } catch (error) {
    if (abort.signal.aborted) return;
    item.error = error instanceof Refused ? error.message : `Something went wrong in this page: ${error.message}.`;
    if (error.status === 401) controls.askForKey();
  } finally {
    // A call that was taken back has made room for the next one of the same photo already.
    if (item.abort === abort) item.abort = null;
    if (!abort.signal.aborted) item.revision = mine;
    if (items.includes(item)) show(item);
    work();
  }
}

function add(files) {
  const fresh = [...files].slice(0, MOST_PHOTOS - items.length).map((photo) => {
    const item = { photo, before: URL.createObjectURL(photo), after: null, answer: null, error: null, abort: null, revision: -1 };
    item.tile = tile(item);
    return item;
  });
  if (fresh.length === 0) return;
  items.push(...fresh);
  element("list").append(...fresh.map((item) => item.tile.row));
  select(fresh[0]);
  layout();
  work();
}

function remove(item) {
  items.splice(items.indexOf(item), 1);
  item.abort?.abort();
  URL.revokeObjectURL(item.before);
  if (item.after) URL.revokeObjectURL(item.after);
  item.tile.row.remove();
  if (selected === item) select(items[0] ?? null);
  layout();
  work();
}

function select(item) {
  selected = item;
  for (const each of items) each.tile.button.setAttribute("aria-pressed", String(each === item));
  if (!item) return;
  element("before").src = item.before;
  show(item);
  showCommand();
}

function layout() {
  element("welcome").hidden = items.length > 0;
  element("viewer").hidden = items.length === 0;
  element("batch").hidden = items.length < 2;
}

/** A photo's entry in the list. */
function tile(item) {
  const row = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tile";
  const image = document.createElement("img");
  image.alt = "";
  image.src = item.before;
  image.className = "checkered";
  markUnreadable(image);
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = item.photo.name;
  const state = document.createElement("span");
  state.className = "badge";
  button.append(image, name, state);
  button.addEventListener("click", () => select(item));
  const cross = document.createElement("button");
  cross.type = "button";
  cross.className = "remove";
  cross.textContent = "×";
  cross.setAttribute("aria-label", `Remove ${item.photo.name}`);
  cross.addEventListener("click", () => remove(item));
  row.append(button, cross);
  return { row, button, image, state };
}

/** No broken picture is drawn for what the browser cannot read; the server may well. */
function markUnreadable(image) {
  image.addEventListener("error", () => image.classList.add("unreadable"));
  image.addEventListener("load", () => image.classList.remove("unreadable"));
}

/** Shows what became of a photo, in the list and, if it is looked at, in the large. */
function show(item) {
  const { image, state } = item.tile;
  if (item.after && image.src !== item.after) image.src = item.after;
  const [word, kind] = item.abort ? ["working", "accent"]
    : item.error ? ["failed", "bad"]
    : item.answer ? [item.answer.cache === "hit" ? "from cache" : "done", "good"]
    : ["waiting", ""];
  state.textContent = word;
  state.className = `badge ${kind}`;
  const done = items.filter((each) => each.revision === revision && !each.error).length;
  element("batch-title").textContent = `${items.length} photos, ${done} done`;
  element("download-all").disabled = !items.some((each) => each.answer);
  if (item === selected) showLarge(item);
}

function showLarge(item) {
  const { answer, error, abort } = item;
  element("working").hidden = !abort;
  element("compare").classList.toggle("waiting", !answer);
  element("compare").setAttribute("aria-busy", String(Boolean(abort)));
  const after = element("after");
  after.hidden = !answer;
  arrange();
  if (answer && after.src !== item.after) after.src = item.after;
  const problem = element("problem");
  problem.hidden = !error || Boolean(abort);
  if (!problem.hidden && problem.textContent !== error) problem.textContent = error;
  const download = element("download");
  if (answer && !error) {
    download.href = item.after;
    download.download = resultName(item.photo, answer.picture.type);
    download.removeAttribute("aria-disabled");
  } else {
    download.removeAttribute("href");
    download.setAttribute("aria-disabled", "true");
  }
  showFacts(item);
}

/** Lays the two over each other, or side by side where a crop gave them different shapes. */
function arrange() {
  const [before, after] = [element("before"), element("after")];
  const shape = (image) => image.naturalWidth / image.naturalHeight;
  const differ = Math.abs(shape(before) / shape(after) - 1) > 0.02;
  element("compare").classList.toggle("apart", !after.hidden && differ);
}

function showFacts({ answer, error, abort }) {
  const badges = element("badges");
  const stages = element("stages");
  badges.replaceChildren();
  stages.hidden = true;
  if (!answer || error || abort) {
    if (!abort) element("status").textContent = "";
    return;
  }
  const { cache, tier, took_ms, picture, width, height } = answer;
  const computed_ms = answer.stages.reduce((sum, stage) => sum + stage.ms, 0);
  element("status").textContent =
    cache === "hit" ? `From the cache in ${duration(took_ms)}` : `Cut out in ${duration(computed_ms || took_ms)}`;
  const facts = [
    [cache === "hit" ? `hit: ${tier}` : cache, cache === "hit" ? "good" : "accent", "cache"],
    [`${duration(took_ms)} there and back`, "", "round-trip"],
    [`${width} × ${height}`, "", "size"],
    [bytes(picture.size), "", "bytes"],
  ];
  for (const [text, kind, name] of facts) {
    const badge = document.createElement("span");
    badge.className = `badge ${kind}`;
    badge.dataset.fact = name;
    badge.textContent = text;
    badges.append(badge);
  }
  if (cache === "hit" || computed_ms === 0) return;
  stages.hidden = false;
  stages.replaceChildren(...answer.stages.map(({ name, ms }) => {
    const part = document.createElement("span");
    part.style.flexGrow = String(ms);
    part.title = `${name} ${duration(ms)}`;
    // A name that does not fit says nothing.
    part.textContent = ms / computed_ms > 0.13 ? part.title : "";
    return part;
  }));
}

function showCommand() {
  if (selected) element("command").textContent = command(selected.photo, controls.fields(), controls.key());
}

async function copyCommand() {
  const copy = element("copy");
  try {
    await navigator.clipboard.writeText(element("command").textContent);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy as curl"; }, 1500);
  } catch {
    // Browsers keep the clipboard from pages that came without TLS: the text is shown, ready to be copied by hand.
    element("command-box").open = true;
    getSelection().selectAllChildren(element("command"));
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function downloadAll() {
  const done = items.filter((item) => item.answer && !item.error);
  const files = done.map(({ photo, answer }) => ({ name: resultName(photo, answer.picture.type), blob: answer.picture }));
  save(await pack(files), "cutouts.zip");
}

async function trySample() {
  const response = await fetch("assets/sample.jpg?v=0");
  add([new File([await response.blob()], "sample.jpg", { type: "image/jpeg" })]);
}

function split() {
  const { value } = element("split");
  element("compare").style.setProperty("--at", `${value}%`);
  element("split").setAttribute("aria-valuetext", `${value} % of the original`);
}

const photos = element("photos");
photos.addEventListener("change", () => {
  add(photos.files);
  // The same photo may be chosen again.
  photos.value = "";
});
for (const id of ["choose", "another"]) element(id).addEventListener("click", () => photos.click());
element("sample").addEventListener("click", trySample);
element("split").addEventListener("input", split);
element("copy").addEventListener("click", copyCommand);
element("download-all").addEventListener("click", downloadAll);
element("clear").addEventListener("click", () => [...items].forEach(remove));
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length > 0) {
    event.preventDefault();
    add(event.clipboardData.files);
  }
});

/** Elements that a dragged file is over: entering a child comes before leaving its parent. */
let over = 0;
/** Whether files are dragged, and not to a control that takes them itself. */
const carriesFiles = (event) =>
  event.dataTransfer?.types.includes("Files") && !event.target.closest?.("#background-image");
document.addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  over += 1;
  element("veil").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!carriesFiles(event)) return;
  over -= 1;
  element("veil").hidden = over <= 0;
});
document.addEventListener("dragover", (event) => {
  if (carriesFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  over = 0;
  element("veil").hidden = true;
  add(event.dataTransfer.files);
});
markUnreadable(element("before"));
for (const id of ["before", "after"]) element(id).addEventListener("load", arrange);
split();
