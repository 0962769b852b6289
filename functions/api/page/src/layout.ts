// Where each lead is drawn, by the rules of ecg_core/reports/layout.py. Units are mm; the paper's upper left corner is 0, 0.
import { spreadOf } from "./median";
import type { Trace } from "./trace";
import { LEADS } from "./types";

export const SHEET_MM = [297, 210] as const;
// The part with the grid, in whole major squares: left, top, width, height on the sheet.
export const PAPER_MM = [11, 34, 275, 160] as const;
export const MAJOR_MM = 5;
// Where time starts on the paper. The calibration pulse is to the left of it.
export const ZERO_MM = 15;
export const ROW_MM = 250;
const TABLE = [
  ["I", "aVR", "V1", "V4"],
  ["II", "aVL", "V2", "V5"],
  ["III", "aVF", "V3", "V6"],
];
const COLUMNS = ["I", "II", "III", "aVR", "aVL", "aVF"].map((limb, row) => [limb, `V${row + 1}`]);
const RHYTHM_LEADS = ["II", "V1", "I", ...LEADS];
const MAX_ROWS = 6;
const MAX_ROWS_OF_ONE_LEAD = 4;
const ROUNDING_S = 0.05;
const FLAT_MV = 0.01;
const GAINS = [10, 5, 2.5];
const OVERLAP = 1.125;
const TINY_MV = 1e-9;

// auto: 3x4 for more than six leads, otherwise a row for each lead. A lead's name: that lead alone.
export type Kind = "auto" | "3x4" | "6x2" | "12x1" | string;

export interface Strip {
  lead: string;
  row: number;
  offsetS: number;
  lengthS: number;
  fromS: number;
  note: "" | "notRecorded" | "derived" | "noSignal";
  // Indices of the samples in the trace: from first, up to last.
  first: number;
  last: number;
  // What is taken off the samples, mV.
  zero: number;
  reach: [below: number, above: number];
}

export interface Layout {
  kind: Kind;
  strips: Strip[];
  baselines: number[];
  reach: [above: number, below: number][];
  spacing: number;
  gain: number;
  rowS: number;
  // The time that a sheet shows, all rows together.
  shownS: number;
}

export function kindOf(kind: Kind, trace: Trace): Kind {
  if (kind !== "auto") return kind;
  const count = trace.leads.size;
  return count > MAX_ROWS ? "3x4" : count === 1 ? [...trace.leads.keys()][0] : "12x1";
}

interface Place {
  lead: string;
  row: number;
  offsetS: number;
  lengthS: number;
  fromS: number;
}

function places(kind: Kind, trace: Trace, rowS: number, startS: number): Place[] {
  const there = LEADS.filter((lead) => trace.leads.has(lead));
  if (kind === "3x4" || kind === "6x2") {
    const table = kind === "3x4" ? TABLE : COLUMNS;
    const columnS = rowS / table[0].length;
    // In a short recording the last columns would stay empty: let the columns overlap in time.
    const lack = trace.durationS < rowS - ROUNDING_S ? Math.max(0, trace.durationS - columnS) : Infinity;
    const placed = table.flatMap((names, row) =>
      names.map((lead, column) => ({
        lead, row, offsetS: column * columnS, lengthS: columnS, fromS: startS + Math.min(column * columnS, lack),
      })),
    );
    if (kind === "6x2") return placed;
    const rhythm = RHYTHM_LEADS.find((lead) => there.includes(lead) && height(trace, lead) >= FLAT_MV) ?? there[0];
    return [...placed, { lead: rhythm, row: TABLE.length, offsetS: 0, lengthS: rowS, fromS: startS }];
  }
  if (kind === "12x1") return there.map((lead, row) => ({ lead, row, offsetS: 0, lengthS: rowS, fromS: startS }));
  const left = trace.durationS - startS;
  const rows = Math.min(MAX_ROWS_OF_ONE_LEAD, Math.max(1, Math.ceil((left - ROUNDING_S) / rowS)));
  return Array.from({ length: rows }, (_, row) => ({
    lead: kind, row, offsetS: 0, lengthS: rowS, fromS: startS + row * rowS,
  }));
}

const heights = new WeakMap<Float32Array, number>();

function height(trace: Trace, lead: string): number {
  const samples = trace.leads.get(lead)?.samples;
  if (!samples) return 0;
  let known = heights.get(samples);
  if (known === undefined) {
    let low = Infinity;
    let high = -Infinity;
    for (const value of samples) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    known = high > low ? high - low : 0;
    heights.set(samples, known);
  }
  return known;
}

function strip(place: Place, trace: Trace): Strip {
  const lead = trace.leads.get(place.lead);
  const first = Math.max(0, Math.ceil((place.fromS - trace.startS) * trace.fsHz - 1e-6));
  const end = Math.floor((place.fromS + place.lengthS - trace.startS) * trace.fsHz + 1e-6);
  const last = Math.min(end, trace.samples - 1);
  const spread = lead ? spreadOf(lead.samples, first, last) : null;
  const zero = spread?.middle ?? 0;
  const reach: [number, number] = spread ? [zero - spread.low, spread.high - zero] : [0, 0];
  const note = !lead ? "notRecorded" : lead.derived ? "derived" : spread ? "" : "noSignal";
  return { ...place, note, first, last, zero, reach };
}

function meets(upper: Strip, lower: Strip): boolean {
  const apart = upper.offsetS >= lower.offsetS + lower.lengthS || lower.offsetS >= upper.offsetS + upper.lengthS;
  return lower.row === upper.row + 1 && !apart;
}

function highestGain(strips: Strip[], baselines: number[], spacing: number, heightMm: number): number {
  let highest = Infinity;
  for (const [at, upper] of strips.entries()) {
    for (const lower of strips.slice(at + 1)) {
      if (meets(upper, lower)) {
        highest = Math.min(highest, (OVERLAP * spacing) / Math.max(upper.reach[0] + lower.reach[1], TINY_MV));
      }
    }
    const base = baselines[upper.row];
    const [below, above] = upper.reach;
    highest = Math.min(highest, base / Math.max(above, TINY_MV), (heightMm - base) / Math.max(below, TINY_MV));
  }
  return highest;
}

// gain: mm per mV; null takes the highest standard gain that fits. speed: mm per second.
export function layOut(trace: Trace, kind: Kind, startS: number, speed: number, gain: number | null): Layout {
  const heightMm = PAPER_MM[3];
  const rowS = ROW_MM / speed;
  const chosen = kindOf(kind, trace);
  const strips = places(chosen, trace, rowS, startS).map((place) => strip(place, trace));
  const rows = Math.max(0, ...strips.map((one) => one.row)) + 1;
  const spacing = Math.floor(Math.floor(heightMm / rows) / MAJOR_MM) * MAJOR_MM;
  // One major line down: R waves need more room above the first row than S waves below the last.
  const top = Math.floor(Math.floor((heightMm - spacing * (rows - 1)) / 2) / MAJOR_MM) * MAJOR_MM + MAJOR_MM;
  const baselines = Array.from({ length: rows }, (_, row) => top + row * spacing);
  const highest = highestGain(strips, baselines, spacing, heightMm);
  const drawn = gain ?? GAINS.find((one) => one <= highest) ?? GAINS[GAINS.length - 1];
  const half = drawn <= highest ? heightMm : spacing / 2;
  const reach = baselines.map((base): [number, number] => [Math.min(base, half), Math.min(heightMm - base, half)]);
  const end = Math.max(0, ...strips.map((one) => one.fromS + one.lengthS)) - startS;
  return { kind: chosen, strips, baselines, reach, spacing, gain: drawn, rowS, shownS: end };
}
