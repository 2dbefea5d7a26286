// The hit ratio over time: a line for the ratio, bars for how many asked.

const HEIGHT = 240;
const LEFT = 44;
const TOP = 12;
const RIGHT = 8;
const BOTTOM = 26;

function shape(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Every one of the last `count` days (UTC), the oldest first; days without requests are filled in. */
export function everyDay(rows, count) {
  const known = new Map(rows.map((row) => [row.date, row]));
  const today = Date.parse(new Date().toISOString().slice(0, 10));
  return Array.from({ length: count }, (_, index) => {
    const date = new Date(today - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10);
    return known.get(date) ?? { date, total_requests: 0, cache_hits: 0, hit_ratio_percent: 0, computed: 0, time_saved_ms: 0 };
  });
}

/** Draws `days` as an SVG of this width, which keeps its words readable on a phone. Days on which nobody asked have no ratio. */
export function ratioChart(days, width) {
  const most = Math.max(1, ...days.map((day) => day.total_requests));
  const step = (width - LEFT - RIGHT) / days.length;
  const x = (index) => LEFT + step * (index + 0.5);
  const y = (share) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share);
  const asked = days.map((day, index) => ({ ...day, index })).filter((day) => day.total_requests > 0);
  const label = asked.length === 0
    ? "No requests in this time"
    : `Hit ratio by day, ${asked[0].date} to ${asked.at(-1).date}, last ${asked.at(-1).hit_ratio_percent} percent`;
  const chart = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label });
  for (const percent of [0, 50, 100]) {
    const at = y(percent / 100);
    chart.append(
      shape("line", { class: percent === 50 ? "half" : "rule", x1: LEFT, x2: width - RIGHT, y1: at, y2: at }),
      shape("text", { x: LEFT - 8, y: at + 4, "text-anchor": "end" }, `${percent} %`),
    );
  }
  for (const day of asked) {
    const height = Math.max(2, (day.total_requests / most) * (HEIGHT - TOP - BOTTOM));
    const thickness = Math.min(step * 0.7, 48);
    const bar = { class: "requests", x: x(day.index) - thickness / 2, y: y(0) - height, width: thickness, height, rx: Math.min(3, thickness / 2) };
    const title = `${day.date}: ${day.hit_ratio_percent} % of ${day.total_requests} requests`;
    chart.append(shape("rect", bar, shape("title", {}, title)));
  }
  const points = asked.map((day) => `${x(day.index)},${y(day.hit_ratio_percent / 100)}`);
  chart.append(shape("polyline", { class: "ratio", points: points.join(" ") }));
  for (const day of asked) {
    chart.append(shape("circle", { class: "dot", cx: x(day.index), cy: y(day.hit_ratio_percent / 100), r: 4 }));
  }
  const every = Math.ceil(days.length / Math.max(2, Math.floor(width / 90)));
  for (let index = days.length - 1; index >= 0; index -= every) {
    const at = { x: x(index), y: HEIGHT - 6, "text-anchor": index === days.length - 1 ? "end" : "middle" };
    if (index === days.length - 1) at.x = width - RIGHT;
    chart.append(shape("text", at, days[index].date.slice(5)));
  }
  return chart;
}
