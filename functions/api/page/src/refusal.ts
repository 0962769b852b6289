// A refusal: message, hint and code, and fields for what the hint asks for.
import { choice, h } from "./dom";
import { hint, meaning, translated } from "./meanings";
import type { Entry, Option, Options, Problem } from "./types";
import { t } from "./words";

const OPTIONS: Option[] = ["fs_hz", "units", "leads", "gain"];
const UNITS = ["", "uV", "mV", "V", "nV"];
const STANDARD = "I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6";

// The options that a hint names, as ?fs_hz= or fs_hz=.
export function wanted(problem: Problem): Option[] {
  return OPTIONS.filter((name) => new RegExp(`\\b${name}=`).test(problem.hint));
}

export function refusalOf(entry: Entry, problem: Problem, again: (options: Options) => void): HTMLElement {
  const asked = wanted(problem);
  const given = OPTIONS.filter((name) => entry.options[name]);
  const shown = OPTIONS.filter((name) => asked.includes(name) || given.includes(name));
  const said = translated(problem.code) ? h("p", { class: "note", lang: "en" }, t("original", problem.detail)) : null;
  return h(
    "section",
    { class: "answer refusal", "aria-labelledby": "verdict" },
    h("p", { class: "file" }, entry.name),
    h("h2", { id: "verdict", tabindex: -1, class: "refused" }, t("notClassified")),
    h("p", { class: "lead" }, meaning(problem.code, problem.detail)),
    said,
    problem.hint && [h("h3", {}, t("hint")), h("p", {}, hint(problem.code, problem.hint))],
    shown.length > 0 ? fields(entry, shown, again) : h("button", { type: "button", class: "primary", onclick: () => again(entry.options) }, t("sendAgain")),
    h("p", { class: "note" }, h("code", {}, problem.code)),
  );
}

function fields(entry: Entry, shown: Option[], again: (options: Options) => void): HTMLElement {
  const values: Options = { ...entry.options };
  const field = (name: Option): HTMLElement => {
    if (name === "units") {
      return choice(t(name), UNITS.map((unit) => [unit, unit || "–"]), values.units ?? "", (value) => (values.units = value), { name });
    }
    const box = h("input", {
      name,
      value: values[name] ?? "",
      inputmode: name === "leads" ? "text" : "decimal",
      list: `${name}-values`,
      autocomplete: "off",
    });
    box.addEventListener("input", () => (values[name] = name === "leads" ? box.value : box.value.replace(",", ".")));
    const known = name === "fs_hz" ? ["100", "250", "500", "1000"] : name === "gain" ? ["200", "1000"] : [STANDARD, "I", "I,II", "II,V1"];
    return h("label", { class: "choice" }, h("span", {}, t(name)), box, h("datalist", { id: `${name}-values` }, known.map((value) => h("option", { value }))));
  };
  const form = h(
    "form",
    { class: "options" },
    h("p", {}, t("fillIn")),
    h("div", { class: "fields" }, shown.map(field)),
    shown.includes("units") && shown.includes("gain") && h("p", { class: "note" }, t("unitOrGain")),
    h("button", { type: "submit", class: "primary" }, t("sendAgain")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    again(values);
  });
  return form;
}
