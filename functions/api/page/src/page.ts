// The whole A4 sheet, for printing and PNG: the answer above the paper, the scale and the disclaimer below it.
import { modelSaid, named, rhythmNamed } from "./meanings";
import { PAPER_MM, SHEET_MM } from "./layout";
import { CanvasPen, moved, type Pen, SvgPen } from "./pen";
import { drawGrid, drawPaper, PRINTED } from "./sheet";
import { CLASSES, type Entry, type Measurements } from "./types";
import type { View } from "./view";
import { number, short, t } from "./words";

const [LEFT, TOP, WIDTH, HEIGHT] = PAPER_MM;
const INK = "#000";
const FAINT = "#666";
const BAR_MM = [126, 46, 3.6, 6.5] as const;
// Printers have 12 dots a millimetre.
const DOTS_PER_MM = 12;
// A sheet of the full height would spill onto a second page.
const HEIGHT_LEFT_MM = 0.5;

// The words below the paper: scale, rate, filter and the stretch that is shown.
export function scaleSaid(view: View): string {
  const { trace, layout, settings } = view;
  const end = Math.min(view.startS + layout.shownS, trace.durationS);
  const filter = settings.filter
    ? t("filterSaid", [t("wander"), view.mainsHz ? t("mains", view.mainsHz) : ""].filter(Boolean).join(", "))
    : t("noFilter");
  return [
    `${settings.speed} mm/s, ${short(layout.gain)} mm/mV`,
    `${short(trace.fsHz, 3)} Hz`,
    filter,
    t("shown", short(view.startS), short(end), short(trace.durationS)),
  ].join(" · ");
}

// What the marks are, or why there are none.
export function marksSaid({ trace: { marks } }: View): string {
  if (!marks) return "";
  return t(marks.some((beat) => beat.qrs_onset_s !== null) ? "marksAre" : "noMarks");
}

export function verdict(entry: Entry): string {
  const { answer } = entry;
  if (!answer) return t("notClassified");
  return answer.diagnosis ? `${answer.diagnosis} · ${named(answer.diagnosis)}` : t("noDiagnosis");
}

function drawSheet(pen: Pen, entry: Entry, view: View): void {
  const { answer } = entry;
  pen.box(0, 0, ...SHEET_MM, "#fff");
  // A soft hyphen would be drawn.
  pen.text(LEFT, 14, verdict(entry).replaceAll("\u00ad", ""), 5, INK, true);
  if (answer?.probability) pen.text(LEFT, 19.5, t("probability", number(answer.probability, 3)), 3, INK);
  if (answer) CLASSES.forEach((label, row) => drawBar(pen, answer.probabilities[label], answer.thresholds[label], label, row));
  measuredSaid(answer?.measurements).forEach((text, row) => {
    pen.text(LEFT + WIDTH, 14 + row * BAR_MM[3] - 0.7, text, 3, INK, false, "end");
  });
  (answer?.warnings ?? []).slice(0, 4).forEach((warning, row) => {
    const text = warning.message.length > 68 ? `${warning.message.slice(0, 66)}…` : warning.message;
    pen.text(LEFT, 24 + row * 3, text, 2.3, FAINT);
  });
  const paper = moved(pen, LEFT, TOP);
  const { trace, layout, explanation } = view;
  drawGrid(paper, PRINTED);
  drawPaper(paper, { trace, layout, speed: view.settings.speed, explanation, marks: view.settings.marks }, PRINTED, DOTS_PER_MM);
  view.calipers.draw(paper, PRINTED, WIDTH, HEIGHT);
  pen.text(LEFT, TOP + HEIGHT + 4.5, scaleSaid(view), 2.8, INK, true);
  pen.text(LEFT + WIDTH, TOP + HEIGHT + 4.5, trace.sha256.slice(0, 12), 2.5, FAINT, false, "end");
  pen.text(LEFT, TOP + HEIGHT + 8.5, t("disclaimer"), 2.5, INK);
  if (answer) {
    pen.text(LEFT + WIDTH, TOP + HEIGHT + 8.5, modelSaid(answer.model), 2.5, FAINT, false, "end");
  }
  const overlays = [];
  if (explanation) {
    const [from, to] = explanation.window_s;
    overlays.push(t("explained", explanation.about, short(from), short(to)));
  }
  if (view.settings.marks) overlays.push(marksSaid(view));
  pen.text(LEFT, TOP + HEIGHT + 12, overlays.join(" "), 2.5, FAINT);
}

function drawBar(pen: Pen, probability: number, threshold: number, label: string, row: number): void {
  const [left, width, height, step] = BAR_MM;
  const top = 14 - height + row * step;
  const found = probability >= threshold;
  pen.text(left - 13, top + 2.9, label, 3, INK, found);
  pen.box(left, top, width, height, "#fff");
  pen.box(left, top, probability * width, height, found ? "#333" : "#aaa");
  const edge = [left, top, left + width, top, left + width, top + height, left, top + height, left, top];
  pen.line(edge, edge.length, 0.15, INK);
  const tick = left + threshold * width;
  pen.line([tick, top - 0.8, tick, top + height + 0.8], 4, 0.5, INK);
  pen.text(left + width + 2, top + 2.9, number(probability, 3), 3, INK, found);
  pen.text(left + width + 14, top + 2.9, t("threshold", number(threshold, 3)), 2.5, FAINT);
}

// The measurements in three lines, without what could not be measured.
function measuredSaid(given: Measurements | undefined): string[] {
  if (!given) return [];
  const value = (name: string, measured: number | null | undefined, unit: string): string =>
    typeof measured === "number" ? `${name} ${short(measured, 0)}${unit}`.trim() : "";
  return [
    [value("", given.heart_rate_bpm, "/min"), given.rhythm ? rhythmNamed(given.rhythm) : ""],
    [value("PR", given.pr_ms, " ms"), value("QRS", given.qrs_ms, " ms")],
    [value("QT", given.qt_ms, " ms"), value("QTc", given.qtc_ms, " ms"), value(t("axis_deg"), given.axis_deg, "°")],
  ].map((line) => line.filter(Boolean).join(" · "));
}

export function printable(entry: Entry, view: View): SVGElement {
  const pen = new SvgPen(SHEET_MM[0], SHEET_MM[1] - HEIGHT_LEFT_MM);
  drawSheet(pen, entry, view);
  return pen.root;
}

export function picture(entry: Entry, view: View): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  canvas.width = SHEET_MM[0] * DOTS_PER_MM;
  canvas.height = SHEET_MM[1] * DOTS_PER_MM;
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) return Promise.resolve(null);
  context.setTransform(DOTS_PER_MM, 0, 0, DOTS_PER_MM, 0, 0);
  drawSheet(new CanvasPen(context, DOTS_PER_MM), entry, view);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

