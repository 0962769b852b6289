// The table of many records: progress, sorting, filtering. A row is made once and then only changed.
import { csvOf } from "./csv";
import { fill, h } from "./dom";
import { download } from "./download";
import { meaning } from "./meanings";
import { verdict } from "./page";
import { CLASSES, type Entry } from "./types";
import { number, t, type Word } from "./words";

type Column = "file" | "diagnosis" | (typeof CLASSES)[number] | "remarks";
const COLUMNS: [Column, Word | null][] = [
  ["file", "file"], ["diagnosis", "diagnosis"], ["NORM", null], ["CD", null], ["STTC", null], ["remarks", "remarks"],
];

// So long changes are collected: longer in long tables, because they take longer to lay out.
const TOGETHER_MS = { least: 40, aRow: 0.7, most: 400 };

function shownState(entry: Entry): string {
  if (entry.status === "waiting") return t("waiting");
  if (entry.status === "running") return entry.progress ? t("uploading", Math.round(entry.progress * 100)) : t("running");
  return verdict(entry);
}

function remarks(entry: Entry): string {
  if (entry.problem) return meaning(entry.problem.code, entry.problem.detail);
  return entry.answer?.warnings.map((one) => one.code).join(", ") ?? "";
}

function key(entry: Entry, column: Column): string | number {
  if (column === "file") return entry.name;
  if (column === "diagnosis") return shownState(entry);
  if (column === "remarks") return remarks(entry);
  return entry.answer?.probabilities[column] ?? -1;
}

export class Records {
  readonly element = h("section", { class: "records", "aria-labelledby": "records-title", hidden: true });
  private readonly rows = new Map<number, HTMLTableRowElement>();
  private readonly body = h("tbody");
  private readonly said = h("span", { role: "status" });
  private readonly meter = h("progress", { "aria-labelledby": "records-title" });
  private sorted: { column: Column; down: boolean } | null = null;
  private shown = "";
  private opened = -1;
  private readonly changed = new Set<Entry>();
  private pending = 0;

  constructor(
    private readonly entries: Entry[],
    private readonly open: (entry: Entry) => void,
    private readonly clear: () => void,
  ) {}

  // Builds the table anew, as after a change of the language.
  build(): void {
    this.rows.clear();
    this.body.replaceChildren();
    const search = h("input", { type: "search", value: this.shown, "aria-label": t("filterRecords"), placeholder: t("filterRecords") });
    search.addEventListener("input", () => {
      this.shown = search.value;
      this.filter();
    });
    const heads = COLUMNS.map(([column, word]) => {
      const head = h("th", { scope: "col", "aria-sort": "none", class: word ? "" : "number" }, h("button", { type: "button", onclick: () => this.sort(column) }, word ? t(word) : column));
      head.dataset.column = column;
      return head;
    });
    fill(
      this.element,
      h("h2", { id: "records-title" }, t("records")),
      h(
        "div",
        { class: "tools" },
        this.meter,
        this.said,
        search,
        h("button", { type: "button", onclick: () => download("ecg-answers.csv", csvOf(this.entries), "text/csv") }, t("csv")),
        h("button", { type: "button", onclick: () => this.clear() }, t("clear")),
      ),
      h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": t("records") }, h("table", {}, h("thead", {}, h("tr", {}, heads)), this.body)),
    );
    this.add(this.entries);
  }

  add(entries: Entry[]): void {
    for (const entry of entries) {
      const row = h("tr");
      this.rows.set(entry.id, row);
      this.draw(entry, row);
      this.body.append(row);
    }
    this.element.hidden = this.entries.length < 2;
    this.count();
    this.filter();
  }

  update(entry: Entry): void {
    this.changed.add(entry);
    this.count();
  }

  mark(entry: Entry): void {
    for (const id of [this.opened, entry.id]) {
      const button = this.rows.get(id)?.querySelector("button");
      if (id === entry.id) button?.setAttribute("aria-current", "true");
      else button?.removeAttribute("aria-current");
    }
    this.opened = entry.id;
  }

  private draw(entry: Entry, row: HTMLTableRowElement): void {
    const values = CLASSES.map((label) => {
      const value = entry.answer?.probabilities[label];
      const found = entry.answer?.findings.includes(label);
      return h("td", { class: found ? "number finding" : "number" }, value === undefined ? "" : number(value, 3));
    });
    const opened = entry.id === this.opened ? "true" : null;
    fill(
      row,
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", "aria-current": opened, onclick: () => this.open(entry) }, entry.name)),
      h("td", { class: entry.status }, shownState(entry)),
      values,
      h("td", { class: "remarks" }, remarks(entry)),
    );
    row.hidden = !this.fits(entry);
  }

  // Many records end at the same time. Each change lets the browser lay out the table anew, so they come together.
  private count(): void {
    if (this.pending) return;
    this.pending = setTimeout(() => {
      this.pending = 0;
      for (const entry of this.changed) {
        const row = this.rows.get(entry.id);
        if (row) this.draw(entry, row);
      }
      this.changed.clear();
      const done = this.entries.filter((entry) => entry.status === "done" || entry.status === "refused").length;
      this.said.textContent = t("progress", done, this.entries.length);
      this.meter.max = Math.max(1, this.entries.length);
      this.meter.value = done;
    }, Math.min(TOGETHER_MS.least + TOGETHER_MS.aRow * this.entries.length, TOGETHER_MS.most));
  }

  private fits(entry: Entry): boolean {
    const text = `${entry.name} ${shownState(entry)} ${remarks(entry)} ${entry.problem?.code ?? ""}`.toLowerCase();
    return this.shown.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }

  private filter(): void {
    for (const entry of this.entries) {
      const row = this.rows.get(entry.id);
      if (row) row.hidden = !this.fits(entry);
    }
  }

  private sort(column: Column): void {
    const down = this.sorted?.column === column ? !this.sorted.down : CLASSES.includes(column as never);
    this.sorted = { column, down };
    for (const head of this.element.querySelectorAll<HTMLElement>("thead th")) {
      head.setAttribute("aria-sort", head.dataset.column !== column ? "none" : down ? "descending" : "ascending");
    }
    const ordered = [...this.entries].sort((one, other) => {
      const [a, b] = [key(one, column), key(other, column)];
      const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
      return down ? -order : order;
    });
    this.body.append(...ordered.map((entry) => this.rows.get(entry.id)).filter((row) => row !== undefined));
  }
}
