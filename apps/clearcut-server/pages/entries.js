// Cache entries with a small picture of each.

import { bytes, duration, number } from "./words.js?v=0";

function make(name, className, ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

/** Fills a list with entries; its old ones stay where nothing changed, so that pictures do not flicker. */
export function fill(list, entries) {
  const old = new Map([...list.children].map((row) => [row.dataset.is, row]));
  list.replaceChildren(...entries.map((entry) => {
    const is = `${entry.id} ${entry.status} ${entry.cache_hits}`;
    const row = old.get(is) ?? entryRow(entry);
    row.dataset.is = is;
    return row;
  }));
}

function entryRow(entry) {
  const words = [
    make("span", "key", entry.cache_key),
    make("span", "soft", facts(entry)),
    make("span", "soft", `${ago(entry.submitted_at)} · ${number(entry.cache_hits)} ${entry.cache_hits === 1 ? "hit" : "hits"}`),
  ];
  words[0].title = entry.cache_key;
  if (entry.status !== "SUCCESS") words.push(make("span", `badge ${entry.status === "FAILURE" ? "bad" : "accent"}`, entry.status.toLowerCase()));
  return make("li", "", picture(entry), make("div", "text", ...words));
}

function facts({ status, media_type, body_bytes, processing_time_ms }) {
  if (status === "PENDING") return "being computed";
  const took = duration(processing_time_ms);
  return status === "SUCCESS" ? `${media_type.replace(/^image\//, "")} · ${bytes(body_bytes)} · ${took}` : took;
}

/** Renditions are to be seen; what else is kept has a name. */
function picture({ cache_key, status }) {
  const kind = cache_key.split(":")[0];
  if (kind !== "remove_bg" || status !== "SUCCESS") return make("div", "picture plain", kind.replaceAll("_", " "));
  const link = make("a", "picture checkered");
  link.href = `v1/cutouts/${encodeURIComponent(cache_key)}`;
  link.setAttribute("aria-label", `Open ${cache_key}`);
  const image = make("img", "");
  image.loading = "lazy";
  image.alt = "";
  image.addEventListener("error", () => {
    link.className = "picture plain";
    image.replaceWith("no longer kept");
  });
  image.src = link.href;
  link.append(image);
  return link;
}

function ago(time) {
  const ms = Date.now() - Date.parse(time);
  return ms < 60_000 ? "just now" : `${duration(ms)} ago`;
}
