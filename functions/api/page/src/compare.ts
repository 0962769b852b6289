// Two ECGs: the differences of probabilities and measurements, both sheets, and their mean beats over each other.
import { type Beats, BEFORE_S, beatsOf } from "./beats";
import { inksOf, onColours } from "./colours";
import { h } from "./dom";
import { named } from "./meanings";
import { CanvasPen } from "./pen";
import { verdict } from "./page";
import type { Trace } from "./trace";
import { CLASSES, type Entry, LEADS, type Measurements } from "./types";
import { number, short, t } from "./words";

const MEASURED: [keyof Measurements, string][] = [
  ["heart_rate_bpm", "/min"], ["pr_ms", "ms"], ["qrs_ms", "ms"], ["qt_ms", "ms"], ["qtc_ms", "ms"], ["axis_deg", "°"],
];
const CELL_MM = [40, 36] as const;
const COLUMNS = 4;
const MM_PER_S = 40;
// mm per mV: the largest that fits.
const GAINS = [10, 5, 2.5, 1.25];
// Where the baseline is, from the top of a cell.
const BASE = 0.55;
const OTHER_INK = "#d9480f";
const OTHER_DARK = "#ffa94d";

function measuredName(name: keyof Measurements): string {
  if (name === "heart_rate_bpm" || name === "axis_deg") return t(name);
  return { pr_ms: "PR", qrs_ms: "QRS", qt_ms: "QT", qtc_ms: "QTc" }[name as string] ?? name;
}

export function differences(one: Entry, other: Entry): HTMLElement {
  const rows: [string, number | null | undefined, number | null | undefined, number, string][] = [
    ...CLASSES.map((label): [string, number | undefined, number | undefined, number, string] => [
      `${label} (${named(label)})`, one.answer?.probabilities[label], other.answer?.probabilities[label], 3, "",
    ]),
    ...MEASURED.map(([name, unit]): [string, number | null | undefined, number | null | undefined, number, string] => [
      measuredName(name), one.answer?.measurements?.[name] as number | null | undefined,
      other.answer?.measurements?.[name] as number | null | undefined, 0, unit,
    ]),
  ];
  const shown = (value: number | null | undefined, decimals: number, unit: string): string =>
    typeof value === "number" ? `${number(value, decimals)} ${unit}`.trim() : "–";
  const change = (a: number | null | undefined, b: number | null | undefined, decimals: number, unit: string): string =>
    typeof a === "number" && typeof b === "number" ? `${b >= a ? "+" : "−"}${number(Math.abs(b - a), decimals)} ${unit}`.trim() : "–";
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": t("comparison") },
    h(
      "table",
      { class: "differences" },
      h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, one.name), h("th", { scope: "col" }, other.name), h("th", { scope: "col" }, t("difference")))),
      h(
        "tbody",
        {},
        h("tr", {}, h("th", { scope: "row" }, t("diagnosis")), h("td", {}, verdict(one)), h("td", {}, verdict(other)), h("td")),
        rows.filter(([, a, b]) => a !== undefined || b !== undefined).map(([name, a, b, decimals, unit]) =>
          h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: "number" }, shown(a, decimals, unit)), h("td", { class: "number" }, shown(b, decimals, unit)), h("td", { class: "number" }, change(a, b, decimals, unit))),
        ),
      ),
    ),
  );
}

// The mean beats of both, lead by lead, aligned at the QRS complex.
export function overlay(one: [Entry, Trace], other: [Entry, Trace]): HTMLElement {
  const both = [one, other].map(([, trace]) => ({ trace, beats: beatsOf(trace) }));
  const [first, second] = both;
  if (!first.beats || !second.beats) return h("p", { class: "note" }, t("noBeats"));
  const said = [one, other].map(([entry], at) => {
    const beats = both[at].beats as Beats;
    return h("li", { class: at ? "other" : "one" }, t("beatsSaid", entry.name, beats.count, short(beats.perMinute, 0)));
  });
  const leads = LEADS.filter((lead) => first.beats?.means.has(lead) || second.beats?.means.has(lead));
  const highest = Math.max(...both.flatMap(({ beats }) => [...(beats as Beats).means.values()].flatMap((mean) => mean.reduce((most, value) => Math.max(most, value / BASE, -value / (1 - BASE)), 0))));
  const gain = GAINS.find((one) => one * highest <= CELL_MM[1]) ?? GAINS[GAINS.length - 1];
  const rows = Math.ceil(leads.length / COLUMNS);
  const columns = Math.min(COLUMNS, leads.length);
  const canvas = h("canvas", { class: "beats", role: "img", "aria-label": said.map((item) => item.textContent).join("; ") });
  const draw = (): void => {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const scale = width / (columns * CELL_MM[0]);
    const height = rows * CELL_MM[1] * scale;
    const context = canvas.getContext("2d", { alpha: false });
    if (!context || !width) return;
    canvas.style.height = `${height}px`;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    context.setTransform(scale * ratio, 0, 0, scale * ratio, 0, 0);
    const inks = inksOf(canvas);
    const pen = new CanvasPen(context, scale * ratio, ratio);
    pen.box(0, 0, columns * CELL_MM[0], rows * CELL_MM[1], inks.paper);
    const dark = inks.paper !== "#fff";
    leads.forEach((lead, at) => {
      const [x, y] = [(at % COLUMNS) * CELL_MM[0], Math.floor(at / COLUMNS) * CELL_MM[1]];
      const edge = [x, y, x + CELL_MM[0], y, x + CELL_MM[0], y + CELL_MM[1]];
      pen.line(edge, edge.length, 0.2, inks.major);
      pen.text(x + 1.5, y + 5, lead, 3.6, inks.trace, true);
      both.forEach(({ trace, beats }, number) => {
        const mean = beats?.means.get(lead);
        if (!mean) return;
        const points = new Float64Array(2 * mean.length);
        mean.forEach((value, index) => {
          points[2 * index] = x + 4 + (index / trace.fsHz) * MM_PER_S;
          points[2 * index + 1] = y + Math.min(Math.max(CELL_MM[1] * BASE - value * gain, 0), CELL_MM[1]);
        });
        pen.line(points, points.length, 0.35, number ? (dark ? OTHER_DARK : OTHER_INK) : inks.trace);
      });
      const start = [x + 4 + BEFORE_S * MM_PER_S, y + CELL_MM[1] - 2, x + 4 + BEFORE_S * MM_PER_S, y + CELL_MM[1]];
      pen.line(start, start.length, 0.3, inks.faint);
    });
  };
  new ResizeObserver(draw).observe(canvas);
  onColours(canvas, draw);
  return h("figure", {}, h("ul", { class: "legend" }, said), canvas, h("figcaption", { class: "note" }, `${MM_PER_S} mm/s, ${short(gain)} mm/mV`));
}
