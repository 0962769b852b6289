// The answer in words: diagnosis, probabilities with thresholds, warnings, corrections and what to expect.
import { type Child, h, svg } from "./dom";
import { meaning, modelSaid, named, rhythmNamed, translated } from "./meanings";
import { verdict } from "./page";
import { type Answer, CLASSES, type Entry, type Measurements, type Notice } from "./types";
import { current, number, short, t } from "./words";

export function answerOf(entry: Entry, answer: Answer): HTMLElement {
  const others = answer.findings.filter((label) => label !== answer.diagnosis);
  const also = others.map((label) => `${label} (${named(label)})`).join(", ");
  return h(
    "section",
    { class: "answer", "aria-labelledby": "verdict" },
    h("p", { class: "file" }, entry.name),
    h("h2", { id: "verdict", tabindex: -1, class: answer.diagnosis ?? "none" }, verdict(entry)),
    answer.probability !== null && h("p", { class: "lead" }, t("probability", number(answer.probability, 3))),
    answer.diagnosis && also && h("p", {}, t("alsoAbove", also)),
    !answer.conclusive && h("p", { class: "caution" }, reason(answer), " ", t("inconclusiveMeans")),
    h("h3", {}, t("probabilities")),
    h("ul", { class: "bars" }, CLASSES.map((label) => bar(label, answer.probabilities[label], answer.thresholds[label]))),
    h("p", { class: "note" }, t("independent")),
    measurements(answer.measurements),
    statements(answer),
    answer.warnings.length > 0 && [
      h("h3", {}, t("warnings")),
      h("ul", { class: "notices" }, answer.warnings.map(notice)),
    ],
    expected(answer),
    h("details", {}, h("summary", {}, t("recording")), details(answer)),
  );
}

function reason(answer: Answer): string {
  const last = answer.warnings[answer.warnings.length - 1];
  return last ? meaning(last.code, last.message) : "";
}

function notice({ code, message }: Notice): HTMLElement {
  return h(
    "li",
    {},
    h("span", {}, meaning(code, message)),
    translated(code) && h("small", { lang: "en" }, message),
    h("code", {}, code),
  );
}

function bar(label: string, probability: number, threshold: number): HTMLElement {
  const found = probability >= threshold;
  const drawn = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  drawn.append(
    svg("rect", { class: "ground", width: 100, height: 10 }),
    svg("rect", { class: found ? "found" : "below", width: Math.max(probability * 100, 0.5), height: 10 }),
    svg("rect", { class: "mark", x: threshold * 100 - 0.4, width: 0.8, height: 10 }),
  );
  return h(
    "li",
    { class: found ? "finding" : "" },
    h("span", { class: "label" }, h("b", {}, label), " ", named(label)),
    drawn,
    h("span", { class: "value" }, number(probability, 3)),
    h("span", { class: "threshold" }, t("threshold", number(threshold, 2))),
  );
}

function measurements(given: Measurements | undefined): Child {
  if (!given) return null;
  const qtc = given.qtc_formula ? `QTc (${given.qtc_formula})` : "QTc";
  const rows: [string, number | string | null | undefined, string][] = [
    [t("heart_rate_bpm"), given.heart_rate_bpm, "/min"],
    [t("rhythm"), given.rhythm && rhythmNamed(given.rhythm), ""],
    ["PR", given.pr_ms, "ms"],
    ["QRS", given.qrs_ms, "ms"],
    ["QT", given.qt_ms, "ms"],
    [qtc, given.qtc_ms, "ms"],
    [t("axis_deg"), given.axis_deg, "°"],
  ];
  return [
    h("h3", {}, t("measurements")),
    h(
      "dl",
      { class: "measurements" },
      rows.filter(([, value]) => value !== undefined).map(([name, value, unit]) =>
        h("div", {}, h("dt", {}, name), h("dd", {}, value === null ? "–" : typeof value === "number" ? `${short(value, 0)} ${unit}` : String(value))),
      ),
    ),
  ];
}

function statements(answer: Answer): Child {
  const given = answer.statements;
  if (!given?.length) return null;
  const name = (one: (typeof given)[number]): string => (current() === "de" && one.name_de ? one.name_de : one.name);
  return [
    h("h3", {}, t("statements")),
    h(
      "ul",
      { class: "statements" },
      given.map((one) =>
        h(
          "li",
          { class: one.finding === false ? "" : "finding" },
          h("span", {}, name(one), " "),
          h("code", {}, one.code),
          h("span", { class: "value" }, number(one.probability, 2)),
          one.threshold !== undefined && h("span", { class: "threshold" }, t("threshold", number(one.threshold, 2))),
        ),
      ),
    ),
  ];
}

function expected({ expected_performance: given }: Answer): Child {
  const table = given && CLASSES.map((label) => `${label} ${number(given.auc[label], 3)}`).join(", ");
  return h(
    "details",
    { open: true },
    h("summary", {}, t("expected")),
    given
      ? [
          h("p", {}, h("b", {}, table), given.at_least && ` (${t("expectedAtLeast")})`),
          h("p", { class: "note" }, t("auc", given.measured_on)),
        ]
      : h("p", {}, t("nothingMeasured")),
  );
}

function details(answer: Answer): Child {
  const { recording, model, other_abnormality: others } = answer;
  const said = t("recordingSaid", recording.format, recording.leads.length, short(recording.fs_hz, 3), short(recording.duration_s, 1));
  return [
    h("p", {}, said),
    recording.corrections.length > 0 && [
      h("h4", {}, t("corrections")),
      h("ul", { lang: "en" }, recording.corrections.map((one) => h("li", {}, one))),
    ],
    h("h4", {}, t("other")),
    h("p", {}, Object.entries(others).map(([label, value]) => `${label} (${named(label)}) ${number(value, 3)}`).join(", ")),
    h("p", { class: "note" }, `${modelSaid(model)} · SHA-256 ${recording.sha256.slice(0, 12)}`),
  ];
}
