// Numbers as people read them.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `1536` as `1.5 kB`. */
export function bytes(count) {
  let unit = 0;
  while (count >= 1000 && unit < UNITS.length - 1) {
    count /= 1000;
    unit += 1;
  }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${UNITS[unit]}`;
}

/** Milliseconds, or seconds and more where those are easier to read. */
export function duration(ms) {
  if (ms < 0.1) return ms === 0 ? "0 ms" : "< 0.1 ms";
  if (ms < 1) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** `12345` as the reader's language writes it. */
export function number(value) {
  return value.toLocaleString();
}

/** The sentence of a problem (RFC 9457) or of another wire's error, for an answer that was refused. */
export async function refusal(response) {
  let said = null;
  try {
    said = await response.json();
  } catch {
    // Something in between answered: a proxy, for example.
  }
  const detail = said?.detail ?? said?.error ?? said?.message;
  if (typeof detail === "string" && detail) {
    const sentence = detail[0].toUpperCase() + detail.slice(1);
    return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
  }
  return `The server answered ${response.status} ${response.statusText}.`.replace(" .", ".");
}
