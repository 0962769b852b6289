// Two points on the paper, and what lies between them: time, rate and voltage.
import { type Layout, ZERO_MM } from "./layout";
import type { Pen } from "./pen";
import type { Inks } from "./sheet";
import type { Trace } from "./trace";

export interface Point {
  x: number;
  y: number;
}

export interface Measured {
  ms: number;
  perMinute: number;
  mV: number;
}

const SNAP_S = 0.04;
const LINE_MM = 0.35;
const INK = "#0b57d0";
// Repeated lines closer than this would cover the trace.
const CLOSEST_MM = 2;

export class Calipers {
  on = false;
  march = false;
  snap = false;
  from: Point | null = null;
  to: Point | null = null;

  measured(speed: number, gain: number): Measured | null {
    if (!this.from || !this.to) return null;
    const seconds = Math.abs(this.to.x - this.from.x) / speed;
    return { ms: seconds * 1000, perMinute: seconds > 0 ? 60 / seconds : Infinity, mV: (this.from.y - this.to.y) / gain };
  }

  // The recording was scrolled by so many millimetres.
  shift(mm: number): void {
    for (const point of [this.from, this.to]) if (point) point.x -= mm;
  }

  draw(pen: Pen, inks: Inks, width: number, height: number): void {
    if (!this.on || !this.from || !this.to) return;
    const ink = inks.paper === "#fff" ? INK : inks.shade;
    const { from, to } = this;
    const lines = [from.x, 0, from.x, height, NaN, NaN, to.x, 0, to.x, height, NaN, NaN];
    pen.line(lines, lines.length, LINE_MM, ink);
    const level = [from.x, from.y, to.x, from.y, to.x, to.y];
    pen.line(level, level.length, LINE_MM, ink);
    const step = Math.abs(to.x - from.x);
    if (!this.march || step < CLOSEST_MM) return;
    const marks: number[] = [];
    for (let x = Math.min(from.x, to.x) % step; x <= width; x += step) marks.push(x, 0, x, height, NaN, NaN);
    pen.line(marks, marks.length, LINE_MM / 2, ink);
  }
}

// The nearest peak or valley of the trace around a point, if there is one.
export function snapped(point: Point, trace: Trace, layout: Layout, speed: number): Point {
  const row = layout.baselines.reduce(
    (best, base, at) => (Math.abs(base - point.y) < Math.abs(layout.baselines[best] - point.y) ? at : best),
    0,
  );
  const time = (point.x - ZERO_MM) / speed;
  const strip = layout.strips.find((one) => one.row === row && time >= one.offsetS && time < one.offsetS + one.lengthS);
  const samples = strip && trace.leads.get(strip.lead)?.samples;
  if (!strip || !samples) return point;
  const middle = Math.round((time - strip.offsetS + strip.fromS - trace.startS) * trace.fsHz);
  const reach = Math.round(SNAP_S * trace.fsHz);
  let best = -1;
  for (let at = Math.max(strip.first, middle - reach); at <= Math.min(strip.last, middle + reach); at++) {
    const height = Math.abs(samples[at] - strip.zero);
    if (best < 0 || height > Math.abs(samples[best] - strip.zero)) best = at;
  }
  if (best < 0 || Number.isNaN(samples[best])) return point;
  const x = ZERO_MM + (strip.offsetS - strip.fromS + trace.startS + best / trace.fsHz) * speed;
  return { x, y: layout.baselines[strip.row] - (samples[best] - strip.zero) * layout.gain };
}
