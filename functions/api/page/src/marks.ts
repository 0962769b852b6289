// Brackets around P, QRS and T of each beat, as the service found them.
import { type Strip, ZERO_MM } from "./layout";
import type { Pen } from "./pen";
import type { Drawing, Inks } from "./sheet";
import type { Marks } from "./types";

// A bracket reaches so far up and down from the baseline, and its feet point into the wave.
const REACH_MM = 4;
const FOOT_MM = 0.8;
const LINE_MM = 0.25;
const NAME_MM = 2.1;
// In rows closer than this, brackets are lower.
const ROOMY_MM = 25;

type Wave = "P" | "QRS" | "T";
const WAVES: [name: Wave, onset: keyof Marks, end: keyof Marks][] = [
  ["P", "p_onset_s", "p_end_s"], ["QRS", "qrs_onset_s", "qrs_end_s"], ["T", "t_onset_s", "t_end_s"],
];

export function drawMarks(pen: Pen, { trace, layout, speed }: Drawing, inks: Inks): void {
  if (!trace.marks) return;
  const last = Math.max(...layout.strips.map((strip) => strip.row));
  const half = REACH_MM * Math.min(1, layout.spacing / ROOMY_MM);
  for (const [name, onset, end] of WAVES) {
    const ink = inks[name];
    const lines: number[] = [];
    for (const strip of layout.strips) {
      const base = layout.baselines[strip.row];
      for (const beat of trace.marks) {
        const edges = [place(strip, beat[onset], speed), place(strip, beat[end], speed)];
        edges.forEach((x, at) => {
          if (x === null) return;
          const foot = x + (at ? -FOOT_MM : FOOT_MM);
          lines.push(foot, base - half, x, base - half, x, base + half, foot, base + half, NaN, NaN);
        });
        const known = edges.filter((x) => x !== null);
        if (strip.row === last && known.length) {
          pen.text(known.reduce((sum, x) => sum + x, 0) / known.length, base + half + NAME_MM, name, NAME_MM, ink, true, "middle");
        }
      }
    }
    pen.line(lines, lines.length, LINE_MM, ink);
  }
}

// Where a time stands in a strip, in mm, or null.
function place(strip: Strip, timeS: number | null, speed: number): number | null {
  if (timeS === null || timeS < strip.fromS || timeS > strip.fromS + strip.lengthS) return null;
  return ZERO_MM + (strip.offsetS + timeS - strip.fromS) * speed;
}
