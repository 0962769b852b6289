// The panel around the paper: its controls, what it shows in words, and the texts for screen readers.
import { onColours } from "./colours";
import { choice, fill, h, toggle } from "./dom";
import { listen } from "./gestures";
import { named, rhythmNamed } from "./meanings";
import { marksSaid, scaleSaid, verdict } from "./page";
import { strongest } from "./sheet";
import type { Loader } from "./trace";
import { type Entry, LEADS } from "./types";
import { type Settings, View } from "./view";
import { number, short, t } from "./words";

export interface Viewer {
  element: HTMLElement;
  view: View;
}

// explain: asks the service where the network looks, and puts it into the entry. kept: the settings of the record before.
// actions: makes what stands below the paper.
export function viewer(
  entry: Entry,
  loader: Loader,
  explain: (() => Promise<void>) | null,
  failed: (error: unknown) => void,
  kept?: Settings,
  actions?: (view: View) => HTMLElement,
): Viewer {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const said = h("p", { class: "scale" });
  const measured = h("p", { class: "measured", role: "status" });
  const shading = h("p", { class: "note" });
  const marked = h("p", { class: "note" });
  const position = h("input", { type: "range", min: 0, step: 0.1, "aria-label": t("time") });
  const slider = h("div", { class: "time" }, position);
  const help = h("p", { class: "note keys", id: `keys-${entry.id}` }, t("keys"));
  const frame = h(
    "div",
    { class: "sheet", tabindex: 0, role: "application", "aria-label": spoken(entry, loader), "aria-describedby": help.id },
    canvas,
  );
  const view = new View(canvas, loader, () => describe(), failed);
  if (kept) Object.assign(view.settings, kept);

  const describe = (): void => {
    fill(said, view.loading ? t("loading") : scaleSaid(view));
    const values = view.calipers.on ? view.calipers.measured(view.settings.speed, view.layout.gain) : null;
    const text = values
      ? t("calipersSaid", short(values.ms, 0), Number.isFinite(values.perMinute) ? short(values.perMinute, 0) : "–", number(values.mV, 2))
      : view.calipers.on ? t("calipersHelp") : "";
    if (measured.textContent !== text) measured.textContent = text;
    fill(marked, view.settings.marks ? marksSaid(view) : null);
    slider.hidden = view.lastStartS <= 0;
    position.max = String(view.lastStartS);
    position.value = String(view.startS);
    position.setAttribute("aria-valuetext", `${short(view.startS, 1)} s`);
    const auto = gain.querySelector("option[value='']");
    if (auto) auto.textContent = t("auto", short(view.layout.gain));
  };

  const there = LEADS.filter((lead) => loader.trace.leads.has(lead));
  const layouts: [string, string][] = [
    ...(there.length > 1 ? ([["auto", t(there.length > 6 ? "rhythmStrip" : "rows")]] as [string, string][]) : []),
    ...(there.length > 6 ? ([["6x2", t("twoColumns")], ["12x1", t("rows")]] as [string, string][]) : []),
    ...there.map((lead): [string, string] => [lead, t("oneLead", lead)]),
  ];
  if (!layouts.some(([value]) => value === view.settings.kind)) view.settings.kind = layouts[0][0];
  const gain = choice(
    t("gainShown"),
    [["", t("auto", short(view.layout.gain))], ...["5", "10", "20"].map((mm): [string, string] => [mm, `${mm} mm/mV`])],
    view.settings.gain === null ? "" : String(view.settings.gain),
    (value) => view.set({ gain: value ? Number(value) : null }),
    { name: "gain" },
  );
  const extra = h(
    "span",
    { class: "extra", hidden: true },
    toggle(t("marchOut"), false, (on) => {
      view.calipers.march = on;
      view.redraw();
    }),
    toggle(t("snap"), false, (on) => (view.calipers.snap = on)),
  );
  const calipers = toggle(t("calipers"), false, (on) => {
    view.calipers.on = on;
    toggled();
    view.redraw();
  }, { name: "calipers" });
  const toggled = (): void => {
    extra.hidden = !view.calipers.on;
    (calipers.firstChild as HTMLInputElement).checked = view.calipers.on;
    frame.classList.toggle("measuring", view.calipers.on);
  };
  const explanation = explain
    ? toggle(t("explain"), false, async (on) => {
        const box = explanation?.firstChild as HTMLInputElement;
        if (on && !entry.answer?.explanation) {
          box.disabled = true;
          await explain();
          box.disabled = false;
        }
        view.explanation = box.checked ? entry.answer?.explanation : undefined;
        fill(shading, view.explanation ? shadingSaid(view.explanation) : null);
        view.redraw();
      }, { name: "explain" })
    : null;
  const marks = toggle(t("marks"), view.settings.marks, (on) => view.set({ marks: on }), { name: "marks" });
  const bar = h(
    "div",
    { class: "tools" },
    choice(t("layout"), layouts, view.settings.kind, (kind) => view.set({ kind }), { name: "layout" }),
    choice(t("speed"), [["25", "25 mm/s"], ["50", "50 mm/s"]], String(view.settings.speed), (speed) => view.set({ speed: Number(speed) }), { name: "speed" }),
    gain,
    h(
      "span",
      { class: "zoom" },
      h("button", { type: "button", "aria-label": t("zoomOut"), title: t("zoomOut"), onclick: () => view.zoomOut() }, "−"),
      h("button", { type: "button", "aria-label": t("zoomReset"), title: t("zoomReset"), onclick: () => view.fitAll() }, "⤢"),
      h("button", { type: "button", "aria-label": t("zoomIn"), title: t("zoomIn"), onclick: () => view.zoomIn() }, "+"),
    ),
    calipers,
    extra,
    toggle(t("filter"), view.settings.filter, (filter) => view.set({ filter }), { name: "filter" }),
    marks,
    explanation,
  );
  position.addEventListener("input", () => view.scrollTo(Number(position.value)));
  listen(frame, view, toggled);
  new ResizeObserver(() => view.resized()).observe(canvas);
  onColours(canvas, () => view.redraw());
  const element = h("div", { class: "viewer" }, bar, frame, slider, h("div", { class: "said" }, said, measured), marked, shading, actions?.(view), help);
  // Marks may be switched on from the record before.
  if (view.settings.marks) view.scrollTo(0);
  return { element, view };
}

function shadingSaid(explanation: NonNullable<View["explanation"]>): string {
  const { about, window_s: [from, to] } = explanation;
  if (strongest(explanation) <= 0) return t("explainedNothing", named(about));
  return t("explained", `${about} (${named(about)})`, short(from), short(to));
}

// What a person who does not see the trace should know: the answer, the rate, the leads.
function spoken(entry: Entry, loader: Loader): string {
  const { answer } = entry;
  const rate = answer?.measurements?.heart_rate_bpm;
  const parts = [
    verdict(entry),
    rate ? `${t("heart_rate_bpm")}: ${short(rate, 0)}/min` : "",
    answer?.measurements?.rhythm ? `${t("rhythm")}: ${rhythmNamed(answer.measurements.rhythm)}` : "",
    t("recordingSaid", "ECG", loader.trace.leads.size, short(loader.trace.fsHz, 1), short(loader.trace.durationS, 1)),
  ];
  return t("sheetLabel", parts.filter(Boolean).join(". "));
}
