// One call of POST /v1/cutouts, and the same call as a curl command.

import { refusal } from "./words.js?v=0";

const CALL = "v1/cutouts";

/** Why there is no cut-out: a sentence for people. */
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Sends a photo and the fields of a plan; `signal` takes the call back. */
export async function cutOut(photo, fields, key, signal) {
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  body.append("image", photo, photo.name);
  const began = performance.now();
  let response;
  try {
    response = await fetch(CALL, { method: "POST", body, signal, headers: key ? { "X-Api-Key": key } : {} });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is it still running?", 0);
  }
  if (!response.ok) throw new Refused(await refusal(response), response.status);
  const picture = await response.blob();
  const headers = response.headers;
  return {
    picture,
    took_ms: performance.now() - began,
    stages: stages(headers.get("Server-Timing") ?? ""),
    cache: headers.get("X-Cache") ?? "miss",
    tier: headers.get("X-Cache-Tier") ?? "none",
    width: headers.get("X-Width"),
    height: headers.get("X-Height"),
  };
}

/** `decode;dur=1.5, segment;dur=80` as `[{name, ms}]`, without what took no time. */
function stages(timing) {
  return timing
    .split(",")
    .map((part) => ({ name: part.split(";")[0].trim(), ms: Number(/dur=([\d.]+)/.exec(part)?.[1] ?? 0) }))
    .filter((stage) => stage.ms > 0);
}

/** The name under which a result is saved. */
export function resultName(photo, type) {
  const stem = photo.name.replace(/\.[^.]*$/, "") || "photo";
  const ending = { "image/jpeg": "jpg", "image/webp": "webp", "image/avif": "avif" }[type] ?? "png";
  return `${stem}-cutout.${ending}`;
}

/** The call as a command for a shell. The key is named, not shown. */
export function command(photo, fields, key) {
  const format = fields.find(([name]) => name === "format")?.[1];
  const lines = [`curl --fail-with-body -o ${quoted(resultName(photo, `image/${format}`))}`];
  if (key) lines.push('-H "X-Api-Key: $CLEARCUT_API_KEY"');
  for (const [name, value] of fields) {
    lines.push(`-F ${quoted(value instanceof File ? `${name}=@${path(value)}` : `${name}=${value}`)}`);
  }
  lines.push(`-F ${quoted(`image=@${path(photo)}`)}`);
  lines.push(quoted(new URL(CALL, document.baseURI).href));
  return lines.join(" \\\n  ");
}

/** A file's name as curl wants it: in double quotes where it would read more than a name. */
function path(file) {
  return /[;,"\\]/.test(file.name) ? `"${file.name.replace(/["\\]/g, "\\$&")}"` : file.name;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
