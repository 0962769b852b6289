// All answers of the list as one CSV table.
import { CLASSES, type Entry } from "./types";

const COLUMNS = [
  "file", "status", "diagnosis", "probability",
  ...CLASSES.flatMap((label) => [`p_${label}`, `threshold_${label}`]),
  "p_MI", "p_HYP", "conclusive", "findings", "statements", "heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "axis_deg",
  "warnings", "code", "detail", "format", "leads", "fs_hz", "duration_s", "sha256", "model",
];

// A table program would take a cell that begins like this as a formula.
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function row(entry: Entry): unknown[] {
  const { answer, problem } = entry;
  const measured = answer?.measurements;
  return [
    entry.name, entry.status, answer?.diagnosis, answer?.probability,
    ...CLASSES.flatMap((label) => [answer?.probabilities[label], answer?.thresholds[label]]),
    answer?.other_abnormality.MI, answer?.other_abnormality.HYP, answer?.conclusive, answer?.findings.join(" "),
    answer?.statements?.filter((one) => one.finding !== false).map((one) => one.code).join(" "),
    measured?.heart_rate_bpm, measured?.pr_ms, measured?.qrs_ms, measured?.qt_ms, measured?.qtc_ms, measured?.axis_deg,
    answer?.warnings.map((one) => one.code).join(" "), problem?.code, problem?.detail, answer?.recording.format,
    answer?.recording.leads.join(" "), answer?.recording.fs_hz, answer?.recording.duration_s, answer?.recording.sha256,
    answer && [answer.model.name, answer.model.version, answer.model.calibration?.name ?? []].flat().join(" "),
  ];
}

export function csvOf(entries: Entry[]): string {
  return [COLUMNS, ...entries.map(row)].map((cells) => cells.map(cell).join(",")).join("\r\n") + "\r\n";
}
