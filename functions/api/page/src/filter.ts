// A filter for display only: baseline wander and mains. It runs forwards and backwards, so no wave is moved in time.
import type { Trace } from "./trace";

const HIGH_PASS_HZ = 0.5;
const NOTCH_QUALITY = 8;
const MAINS_HZ = [50, 60];
// A line at the mains frequency that is not this much larger than its neighbours is no mains.
const STANDS_OUT = 4;

type Biquad = [b0: number, b1: number, b2: number, a1: number, a2: number];

// Robert Bristow-Johnson, Cookbook formulae for audio EQ biquad filter coefficients.
function highPass(hz: number, fsHz: number): Biquad {
  const w = (2 * Math.PI * hz) / fsHz;
  const alpha = Math.sin(w) / Math.SQRT2;
  const cos = Math.cos(w);
  const a0 = 1 + alpha;
  return [(1 + cos) / 2 / a0, -(1 + cos) / a0, (1 + cos) / 2 / a0, (-2 * cos) / a0, (1 - alpha) / a0];
}

function notch(hz: number, fsHz: number): Biquad {
  const w = (2 * Math.PI * hz) / fsHz;
  const alpha = Math.sin(w) / (2 * NOTCH_QUALITY);
  const cos = Math.cos(w);
  const a0 = 1 + alpha;
  return [1 / a0, (-2 * cos) / a0, 1 / a0, (-2 * cos) / a0, (1 - alpha) / a0];
}

function run([b0, b1, b2, a1, a2]: Biquad, x: Float64Array, backwards: boolean): void {
  // Starts as if the first value had always been there.
  const start = x[backwards ? x.length - 1 : 0] ?? 0;
  const level = ((b0 + b1 + b2) / (1 + a1 + a2)) * start;
  let x1 = start;
  let x2 = start;
  let y1 = level;
  let y2 = level;
  for (let n = 0; n < x.length; n++) {
    const at = backwards ? x.length - 1 - n : n;
    const value = x[at];
    const y = b0 * value + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    x2 = x1;
    x1 = value;
    y2 = y1;
    y1 = y;
    x[at] = y;
  }
}

function power(x: Float32Array, hz: number, fsHz: number): number {
  const w = 2 * Math.cos((2 * Math.PI * hz) / fsHz);
  let s1 = 0;
  let s2 = 0;
  const length = Math.min(x.length, Math.round(10 * fsHz));
  for (let at = 0; at < length; at++) {
    const s0 = (x[at] || 0) + w * s1 - s2;
    s2 = s1;
    s1 = s0;
  }
  return s1 * s1 + s2 * s2 - w * s1 * s2;
}

// The mains frequency that stands out in any lead, or null.
function mainsOf(trace: Trace): number | null {
  const standing = MAINS_HZ.filter((hz) => hz < 0.45 * trace.fsHz).map((hz) => {
    let most = 0;
    for (const { samples } of trace.leads.values()) {
      const around = (power(samples, hz - 3, trace.fsHz) + power(samples, hz + 3, trace.fsHz)) / 2;
      most = Math.max(most, power(samples, hz, trace.fsHz) / Math.max(around, 1e-12));
    }
    return [most, hz] as const;
  });
  const best = standing.sort((one, other) => other[0] - one[0])[0];
  return best && best[0] > STANDS_OUT ? best[1] : null;
}

export interface Filtered {
  trace: Trace;
  mainsHz: number | null;
}

export function filtered(trace: Trace): Filtered {
  const mainsHz = mainsOf(trace);
  const stages = [highPass(HIGH_PASS_HZ, trace.fsHz), ...(mainsHz ? [notch(mainsHz, trace.fsHz)] : [])];
  const leads = new Map(
    [...trace.leads].map(([name, lead]) => {
      const x = new Float64Array(lead.samples.length);
      // A gap is bridged by its last value, and stays a gap.
      let held = lead.samples.find((value) => !Number.isNaN(value)) ?? 0;
      lead.samples.forEach((value, at) => (x[at] = Number.isNaN(value) ? held : (held = value)));
      for (const stage of stages) for (const backwards of [false, true]) run(stage, x, backwards);
      const samples = Float32Array.from(x, (value, at) => (Number.isNaN(lead.samples[at]) ? NaN : value));
      return [name, { ...lead, samples }] as const;
    }),
  );
  return { trace: { ...trace, leads }, mainsHz };
}
