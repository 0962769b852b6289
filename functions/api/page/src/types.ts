// What the service answers. Fields with ? come with newer services only.

export const CLASSES = ["NORM", "CD", "STTC"] as const;
export type Label = (typeof CLASSES)[number];
export const LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"];

export interface Notice {
  code: string;
  message: string;
}

export interface Statement {
  code: string;
  name: string;
  name_de?: string;
  kind?: string;
  probability: number;
  threshold?: number;
  finding?: boolean;
}

export interface Measurements {
  heart_rate_bpm?: number | null;
  rhythm?: string | null;
  pr_ms?: number | null;
  qrs_ms?: number | null;
  qt_ms?: number | null;
  qtc_ms?: number | null;
  qtc_formula?: string | null;
  axis_deg?: number | null;
}

export interface Explanation {
  method: string;
  about: Label;
  window_s: [number, number];
  segments: string[];
  spans_s: Record<string, [number, number][]>;
  evidence: Record<string, Record<string, number[]>>;
}

export interface Model {
  name: string;
  version: string;
  sha256: string;
  // Of one hospital; absent if that of the model is used.
  calibration?: { name: string; sha256: string; estimate: boolean; classes: string[] };
}

export interface Answer {
  diagnosis: Label | null;
  probability: number | null;
  findings: Label[];
  probabilities: Record<Label, number>;
  thresholds: Record<Label, number>;
  conclusive: boolean;
  other_abnormality: Record<string, number>;
  recording: {
    format: string;
    leads: string[];
    fs_hz: number;
    duration_s: number;
    windows: number;
    sha256: string;
    corrections: string[];
  };
  warnings: Notice[];
  expected_performance: {
    lead_set: string;
    auc: Record<Label, number>;
    measured_on: string;
    at_least?: boolean;
  } | null;
  explanation?: Explanation;
  statements?: Statement[];
  measurements?: Measurements;
  model: Model;
  disclaimer: string;
}

export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  hint: string;
}

// Where the waves of a beat begin and end, in seconds of the recording. null: not found.
export interface Marks {
  beat_s: number;
  p_onset_s: number | null;
  p_end_s: number | null;
  qrs_onset_s: number | null;
  qrs_end_s: number | null;
  t_onset_s: number | null;
  t_end_s: number | null;
}

export interface SignalAnswer {
  format: string;
  fs_hz: number;
  duration_s: number;
  start_s: number;
  samples: number;
  uv_per_step: number;
  missing: number;
  leads: { name: string; derived: boolean; offset_uv: number; data: string }[];
  marks?: Marks[];
  sha256: string;
}

// What a file leaves open. All as text, as they stand in the query.
export type Option = "fs_hz" | "units" | "leads" | "gain";
export type Options = Partial<Record<Option, string>>;

// A file with the path that it had in a dropped folder.
export interface Named {
  path: string;
  blob: Blob;
}

export type Status = "waiting" | "running" | "done" | "refused";

// One record of the list. answer or problem is there when status is done or refused.
export interface Entry {
  id: number;
  name: string;
  files: Named[];
  options: Options;
  status: Status;
  progress: number;
  answer?: Answer;
  text?: string;
  problem?: Problem;
  // Where its result is, if the files took the upload road.
  uploaded?: string;
}
