// Draws the paper: grid, and on it the shading, calibration pulses, traces. The inks and sizes are those of ecg_core/reports.
import { type Layout, MAJOR_MM, PAPER_MM, type Strip, ZERO_MM } from "./layout";
import { drawMarks } from "./marks";
import type { Pen } from "./pen";
import type { Trace } from "./trace";
import type { Explanation } from "./types";
import { short, t } from "./words";

export interface Inks {
  paper: string;
  minor: string;
  major: string;
  trace: string;
  faint: string;
  shade: string;
  P: string;
  QRS: string;
  T: string;
}

export const PRINTED: Inks = {
  paper: "#fff", minor: "#f7d0d0", major: "#e99a9a", trace: "#000", faint: "#666", shade: "#2a6fdb",
  P: "#0b57d0", QRS: "#8a1a8f", T: "#0a6b35",
};
export const DARK: Inks = {
  paper: "#14171b", minor: "#2b2226", major: "#4d3138", trace: "#e8eaed", faint: "#a7adb5", shade: "#6ea8fe",
  P: "#7eb0ff", QRS: "#e79bea", T: "#6fd08c",
};

const MINOR_LINE_MM = 0.1;
const MAJOR_LINE_MM = 0.18;
const TRACE_MM = 0.25;
const SEPARATOR_MM = 0.3;
const LABEL_MM = 3.6;
const NOTE_MM = 2.4;
const LABEL_HEIGHT_MM = 14;
const DEEPEST = 0.45;
const FAINTEST = 0.1;
const BAND_SHARE = 0.8;
const MAX_BAND_MM = 36;
const [, , WIDTH, HEIGHT] = PAPER_MM;

export interface Drawing {
  trace: Trace;
  layout: Layout;
  speed: number;
  explanation?: Explanation;
  // Whether the marks of the trace are drawn.
  marks: boolean;
}

// piecesPerMm: of more samples than that, only the lowest and the highest of each piece are drawn.
export function drawPaper(pen: Pen, drawing: Drawing, inks: Inks, piecesPerMm: number): void {
  const { layout, explanation } = drawing;
  if (explanation) for (const strip of layout.strips) bands(pen, strip, drawing, explanation, inks);
  for (const base of layout.baselines) pulse(pen, base, drawing, inks);
  const line = new Float64Array(PAPER_MM[2] * Math.ceil(piecesPerMm) * 8 + 64);
  for (const strip of layout.strips) {
    label(pen, strip, drawing, inks);
    trace(pen, strip, drawing, inks, piecesPerMm, line);
  }
  if (drawing.marks) drawMarks(pen, drawing, inks);
}

// fine: whether the lines of each millimetre are drawn.
export function drawGrid(pen: Pen, inks: Inks, fine = true): void {
  pen.box(0, 0, WIDTH, HEIGHT, inks.paper);
  const minor: number[] = [];
  const major: number[] = [];
  for (let x = 0; x <= WIDTH; x++) (x % MAJOR_MM ? minor : major).push(x, 0, x, HEIGHT, NaN, NaN);
  for (let y = 0; y <= HEIGHT; y++) (y % MAJOR_MM ? minor : major).push(0, y, WIDTH, y, NaN, NaN);
  if (fine) pen.line(minor, minor.length, MINOR_LINE_MM, inks.minor);
  pen.line(major, major.length, MAJOR_LINE_MM, inks.major);
}

function pulse(pen: Pen, base: number, { layout, speed }: Drawing, inks: Inks): void {
  const width = 0.2 * speed;
  const lead = 2.5;
  const left = lead;
  const top = base - layout.gain;
  const end = Math.min(left + 2 * lead + width, ZERO_MM);
  const points = [left, base, left + lead, base, left + lead, top, left + lead + width, top, left + lead + width, base, end, base];
  pen.line(points, points.length, TRACE_MM, inks.trace);
}

function labelHeight(strip: Strip, { trace, layout }: Drawing): number {
  const samples = trace.leads.get(strip.lead)?.samples;
  let beat = 0;
  if (samples) {
    const end = Math.min(strip.first + Math.round(0.35 * trace.fsHz), strip.last + 1);
    for (let at = strip.first; at < end; at++) beat = Math.max(beat, (samples[at] - strip.zero) * layout.gain || 0);
  }
  const half = layout.spacing / 2;
  return Math.min(Math.max(Math.min(LABEL_HEIGHT_MM, 0.9 * half), beat + 1.5), half);
}

function label(pen: Pen, strip: Strip, drawing: Drawing, inks: Inks): void {
  const { layout, speed } = drawing;
  const base = layout.baselines[strip.row];
  const left = ZERO_MM + strip.offsetS * speed;
  const y = base - labelHeight(strip, drawing);
  const alone = new Set(layout.strips.map((one) => one.lead)).size === 1;
  const name = alone ? t("oneLead", strip.lead) : strip.lead;
  pen.text(left + 1, y, name, LABEL_MM, strip.note === "notRecorded" ? inks.faint : inks.trace, true);
  if (strip.note) pen.text(left + 3 + 2.6 * name.length, y, t(strip.note), NOTE_MM, inks.faint);
  if (alone) pen.text(ZERO_MM - 2.5, y, `${short(strip.fromS)} s`, NOTE_MM, inks.trace, false, "end");
  if (strip.offsetS) {
    const marks = [left, base - 7, left, base - 4, NaN, NaN, left, base + 4, left, base + 7];
    pen.line(marks, marks.length, SEPARATOR_MM, inks.trace);
  }
}

function trace(pen: Pen, strip: Strip, drawing: Drawing, inks: Inks, piecesPerMm: number, line: Float64Array): void {
  const { layout, speed } = drawing;
  const samples = drawing.trace.leads.get(strip.lead)?.samples;
  if (!samples || strip.last < strip.first) return;
  const base = layout.baselines[strip.row];
  const [above, below] = layout.reach[strip.row];
  const { gain } = layout;
  const { zero } = strip;
  const mmPerSample = speed / drawing.trace.fsHz;
  const x0 = ZERO_MM + (strip.offsetS + drawing.trace.startS - strip.fromS) * speed;
  const size = Math.max(1, Math.floor(1 / (mmPerSample * piecesPerMm)));
  let count = 0;
  const add = (at: number): void => {
    const height = Math.min(Math.max((samples[at] - zero) * gain, -below), above);
    line[count++] = x0 + at * mmPerSample;
    line[count++] = base - height;
  };
  for (let start = strip.first; start <= strip.last; start += size) {
    if (size <= 2) {
      for (let at = start; at < start + size && at <= strip.last; at++) add(at);
      continue;
    }
    let low = start;
    let high = start;
    let gap = false;
    for (let at = start; at < start + size && at <= strip.last; at++) {
      if (samples[at] !== samples[at]) gap = true;
      if (!(samples[at] >= samples[low])) low = at;
      if (!(samples[at] <= samples[high])) high = at;
    }
    if (gap) {
      line[count++] = NaN;
      line[count++] = NaN;
      continue;
    }
    add(Math.min(low, high));
    if (low !== high) add(Math.max(low, high));
  }
  for (let at = 1; at < count; at += 2) if (line[at] !== line[at]) line[at - 1] = NaN;
  pen.line(line, count, TRACE_MM, inks.trace);
}

function bands(pen: Pen, strip: Strip, { layout, speed }: Drawing, explanation: Explanation, inks: Inks): void {
  const largest = strongest(explanation);
  const row = explanation.evidence[explanation.about]?.[strip.lead] ?? [];
  const half = Math.min(BAND_SHARE * layout.spacing, MAX_BAND_MM) / 2;
  const base = layout.baselines[strip.row];
  const top = Math.max(base - half, 0);
  const bottom = Math.min(base + half, HEIGHT);
  row.forEach((evidence, at) => {
    if (evidence <= 0 || evidence < FAINTEST * largest) return;
    for (const [start, end] of explanation.spans_s[explanation.segments[at]] ?? []) {
      const from = Math.max(start - strip.fromS, 0);
      const to = Math.min(end - strip.fromS, strip.lengthS);
      if (from < to) {
        pen.box(ZERO_MM + (strip.offsetS + from) * speed, top, (to - from) * speed, bottom - top, inks.shade, (DEEPEST * evidence) / largest);
      }
    }
  });
}

export function strongest(explanation: Explanation): number {
  return Math.max(...Object.values(explanation.evidence[explanation.about] ?? {}).flat());
}
