// The record that is open: its answer, its ECG, downloads, and a second record to compare it with.
import { answerOf } from "./answer";
import { differences, overlay } from "./compare";
import { choice, fill, h } from "./dom";
import { download, stem } from "./download";
import { meaning } from "./meanings";
import { picture, printable } from "./page";
import { problemOf } from "./queue";
import { refusalOf } from "./refusal";
import { diagnose, signal } from "./service";
import { Loader } from "./trace";
import type { Answer, Entry, Options } from "./types";
import type { Settings, View } from "./view";
import { viewer } from "./viewer";
import { t } from "./words";

const FHIR = "application/fhir+json";
const SVG = "image/svg+xml";

export class Result {
  readonly element = h("div", { class: "result" });
  private loaders = new WeakMap<Entry, Loader>();
  private settings?: Settings;
  private entry?: Entry;
  private view?: View;
  private other?: Entry;

  constructor(
    private readonly entries: Entry[],
    private readonly again: (entry: Entry, options: Options) => void,
    private readonly say: (text: string) => void,
  ) {
    addEventListener("beforeprint", () => this.lay());
  }

  get current(): Entry | undefined {
    return this.entry;
  }

  close(): void {
    this.entry = this.view = this.other = undefined;
    this.element.replaceChildren();
  }

  open(entry: Entry): void {
    if (entry !== this.entry) this.other = undefined;
    this.entry = entry;
    this.view = undefined;
    const panel = h("section", { class: "paper", "aria-label": t("paper") });
    const said = entry.answer
      ? answerOf(entry, entry.answer)
      : entry.problem && refusalOf(entry, entry.problem, (options) => this.again(entry, options));
    fill(this.element, said, panel);
    void this.draw(entry, panel);
  }

  private async load(entry: Entry): Promise<Loader> {
    const known = this.loaders.get(entry);
    if (known) return known;
    const made = await Loader.of((startS, marks) => signal(entry, startS, marks), this.settings?.marks ?? false);
    this.loaders.set(entry, made);
    return made;
  }

  // What was stated about the file has changed, so its samples have too.
  forget(entry: Entry): void {
    this.loaders.delete(entry);
  }

  private async draw(entry: Entry, panel: HTMLElement): Promise<void> {
    fill(panel, h("p", { class: "note" }, t("loading")));
    try {
      const loader = await this.load(entry);
      if (entry !== this.entry || !panel.isConnected) return;
      const made = viewer(entry, loader, entry.answer && !entry.uploaded ? () => this.explain(entry) : null, (error) => this.fail(error), this.settings, (view) => this.downloads(entry, view));
      this.view = made.view;
      this.settings = made.view.settings;
      fill(panel, made.element, this.comparing(entry));
    } catch (error) {
      if (entry !== this.entry) return;
      const { code, detail } = problemOf(error);
      // A refusal of the file stands above already.
      fill(panel, entry.problem?.code === code ? null : h("p", { class: "note" }, t("noTrace", meaning(code, detail))));
    }
  }

  private async explain(entry: Entry): Promise<void> {
    try {
      const explained = JSON.parse(await diagnose(entry.files, entry.options, { explain: true })) as Answer;
      if (entry.answer) entry.answer.explanation = explained.explanation;
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    const { code, detail } = problemOf(error);
    this.say(meaning(code, detail));
  }

  private downloads(entry: Entry, view: View): HTMLElement {
    const name = stem(entry.name);
    const fetched = (accept: string, extension: string) => async () => {
      try {
        const { kind, speed, gain } = view.settings;
        const sheet = accept === SVG
          ? { explain: Boolean(view.explanation), speed: String(speed), gain_mm: gain ? String(gain) : "", layout: kind === "auto" ? "" : kind, start_s: view.startS ? String(view.startS) : "" }
          : {};
        download(`${name}.${extension}`, await diagnose(entry.files, entry.options, { accept, ...sheet }), accept);
      } catch (error) {
        this.fail(error);
      }
    };
    // The service draws no marks, no filter, no calipers and no upload: then the sheet is saved as it is shown.
    const vector = async (): Promise<void> => {
      const { settings, calipers } = view;
      if (entry.answer && !entry.uploaded && !settings.marks && !settings.filter && !calipers.on) await fetched(SVG, "svg")();
      else download(`${name}.svg`, new XMLSerializer().serializeToString(printable(entry, view)), SVG);
    };
    const drawn = async (): Promise<void> => {
      const made = await picture(entry, view);
      if (made) download(`${name}.png`, made, "image/png");
    };
    const button = (text: string, click: () => void): HTMLElement => h("button", { type: "button", onclick: click }, text);
    return h(
      "div",
      { class: "downloads", role: "group", "aria-label": t("download") },
      h("button", { type: "button", class: "primary", onclick: () => print() }, t("print")),
      h("span", {}, t("download")),
      entry.text && button("JSON", () => download(`${name}.json`, entry.text ?? "", "application/json")),
      entry.answer && !entry.uploaded && button("FHIR", fetched(FHIR, "fhir.json")),
      button("SVG", vector),
      button("PNG", drawn),
    );
  }

  private lay(): void {
    const sheet = document.getElementById("print");
    if (!sheet) return;
    if (this.entry && this.view) fill(sheet, printable(this.entry, this.view));
    else sheet.replaceChildren();
  }

  private comparing(entry: Entry): HTMLElement | null {
    const others = this.entries.filter((one) => one !== entry && one.status === "done");
    if (!others.length || !entry.answer) return null;
    const place = h("div", { class: "comparison" });
    const values: [string, string][] = [["", t("noComparison")], ...others.map((one): [string, string] => [String(one.id), one.name])];
    const list = choice(t("compare"), values, this.other ? String(this.other.id) : "", (value) => {
      this.other = others.find((one) => String(one.id) === value);
      void this.compare(entry, place);
    }, { name: "compare" });
    if (this.other) void this.compare(entry, place);
    return h("section", { class: "compare" }, list, place);
  }

  private async compare(entry: Entry, place: HTMLElement): Promise<void> {
    const { other } = this;
    if (!other) {
      place.replaceChildren();
      return;
    }
    try {
      const [mine, theirs] = await Promise.all([this.load(entry), this.load(other)]);
      if (this.other !== other || !place.isConnected) return;
      const second = viewer(other, theirs, null, (error) => this.fail(error), this.settings && { ...this.settings });
      fill(
        place,
        h("h3", {}, t("comparison")),
        differences(entry, other),
        h("h4", {}, t("byBeat")),
        overlay([entry, mine.trace], [other, theirs.trace]),
        h("h4", {}, `${t("sideBySide")}: ${other.name}`),
        second.element,
      );
    } catch (error) {
      this.fail(error);
    }
  }
}
