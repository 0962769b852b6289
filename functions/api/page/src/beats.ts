// Beats and their mean in each lead, to lay two ECGs over each other. For display only.
import type { Trace } from "./trace";

export const BEFORE_S = 0.3;
export const AFTER_S = 0.5;
// No two beats are closer than this: 240 a minute.
const CLOSEST_S = 0.25;
// A beat's slope, compared with the steepest ones.
const SHARE = 0.4;
const SMOOTH_S = 0.08;

export interface Beats {
  count: number;
  perMinute: number;
  // mV, from BEFORE_S before the beat to AFTER_S after it.
  means: Map<string, Float32Array>;
}

// Energy of all slopes together, smoothed over a QRS complex.
function energy(trace: Trace): Float64Array {
  const slopes = new Float64Array(trace.samples);
  const lag = Math.max(1, Math.round(0.01 * trace.fsHz));
  for (const { samples } of trace.leads.values()) {
    for (let at = lag; at < samples.length; at++) {
      const slope = samples[at] - samples[at - lag];
      if (!Number.isNaN(slope)) slopes[at] += slope * slope;
    }
  }
  const half = Math.round((SMOOTH_S * trace.fsHz) / 2);
  const made = new Float64Array(slopes.length);
  let sum = 0;
  for (let at = 0; at < slopes.length + half; at++) {
    sum += slopes[at] ?? 0;
    if (at > 2 * half) sum -= slopes[at - 2 * half - 1];
    if (at >= half) made[at - half] = sum;
  }
  return made;
}

export function beatsOf(trace: Trace): Beats | null {
  const strength = energy(trace);
  // The highest second of ten is no artefact of one beat.
  const peaks: number[] = [];
  const second = Math.round(trace.fsHz);
  for (let at = 0; at < strength.length; at += second) {
    let most = 0;
    for (let inner = at; inner < Math.min(at + second, strength.length); inner++) most = Math.max(most, strength[inner]);
    peaks.push(most);
  }
  peaks.sort((one, other) => one - other);
  const least = SHARE * (peaks[peaks.length >> 1] ?? 0);
  const closest = Math.round(CLOSEST_S * trace.fsHz);
  const found: number[] = [];
  for (let at = 1; at + 1 < strength.length; at++) {
    if (strength[at] < least || strength[at] < strength[at - 1] || strength[at] < strength[at + 1] || !least) continue;
    const last = found[found.length - 1];
    if (last === undefined || at - last > closest) found.push(at);
    else if (strength[at] > strength[last]) found[found.length - 1] = at;
  }
  const before = Math.round(BEFORE_S * trace.fsHz);
  const after = Math.round(AFTER_S * trace.fsHz);
  const whole = found.filter((at) => at >= before && at + after < trace.samples);
  if (whole.length < 2) return null;
  const means = new Map([...trace.leads].map(([name, { samples }]) => [name, mean(samples, whole, before, after)] as const));
  const span = (found[found.length - 1] - found[0]) / trace.fsHz;
  return { count: whole.length, perMinute: (60 * (found.length - 1)) / span, means };
}

function mean(samples: Float32Array, beats: number[], before: number, after: number): Float32Array {
  const made = new Float32Array(before + after + 1);
  for (let at = -before; at <= after; at++) {
    let sum = 0;
    let known = 0;
    for (const beat of beats) {
      const value = samples[beat + at];
      if (!Number.isNaN(value)) {
        sum += value;
        known++;
      }
    }
    made[at + before] = known ? sum / known : NaN;
  }
  // The baseline is the median of the part before the P wave's end.
  const first = [...made.slice(0, before)].filter((value) => !Number.isNaN(value)).sort((one, other) => one - other);
  const zero = first[first.length >> 1] ?? 0;
  return made.map((value) => value - zero);
}
