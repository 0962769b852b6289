// The page: where files come in, the list of records, and the record that is open.
import { type Child, choice, fill, h } from "./dom";
import { chosen, dropped, grouped } from "./files";
import { Queue } from "./queue";
import { Records } from "./records";
import { Result } from "./result";
import { recall, remember } from "./session";
import type { Entry, Named, Options } from "./types";
import { current, speak, t, type Word } from "./words";

const TRY_OUT = [
  "normal.zip", "left_bundle_branch_block.zip", "st_depression.csv", "watch_lead_i.csv", "inconclusive.csv", "without_rate.csv",
];

const entries: Entry[] = [];
let made = 0;
const live = h("p", { class: "live", role: "status" });
const busy = h("p", { class: "busy", hidden: true });
const queue = new Queue(changed);
const result = new Result(entries, again, say);
const records = new Records(entries, open, clear);

function say(text: string): void {
  live.textContent = text;
}

function changed(entry: Entry): void {
  // The list was cleared while the record was on its way.
  if (!entries.includes(entry)) return;
  records.update(entry);
  const ended = entry.status === "done" || entry.status === "refused";
  const first = !result.current || result.current === entry;
  if (ended && first) open(entry);
  const alone = entries.length === 1 && !ended;
  busy.hidden = !alone;
  busy.textContent = entry.progress ? t("uploading", Math.round(entry.progress * 100)) : t("working", entry.name);
}

function open(entry: Entry, focus = true): void {
  if (entry.status !== "done" && entry.status !== "refused") return;
  result.open(entry);
  records.mark(entry);
  document.body.classList.add("answered");
  if (focus) document.getElementById("verdict")?.focus({ preventScroll: entries.length === 1 });
}

function again(entry: Entry, options: Options): void {
  say("");
  entry.options = options;
  result.forget(entry);
  queue.add([entry]);
}

function clear(): void {
  queue.clear();
  entries.length = 0;
  result.close();
  records.build();
  busy.hidden = true;
  document.body.classList.remove("answered");
}

async function take(files: Named[]): Promise<void> {
  const { records: found, beside } = await grouped(files);
  say(!found.length ? t("nothing") : beside ? t("beside", beside) : "");
  if (!found.length) return;
  const added = found.map(({ name, files: parts }): Entry => ({
    id: made++, name, files: parts, options: {}, status: "waiting", progress: 0,
  }));
  const alone = entries.length === 0 && added.length === 1;
  if (!alone && added.length === 1) result.close();
  entries.push(...added);
  records.add(added);
  queue.add(added);
}

async function tryOut(name: string): Promise<void> {
  try {
    const answer = await fetch(`ui/${name}`);
    if (!answer.ok) throw new Error(String(answer.status));
    await take([{ path: name, blob: await answer.blob() }]);
  } catch {
    say(navigator.onLine ? t("unreachable") : t("offline"));
  }
}

function picker(word: Word, folder: boolean): HTMLElement {
  const input = h("input", { type: "file", multiple: true, hidden: true, webkitdirectory: folder });
  input.addEventListener("change", () => {
    if (input.files) void take(chosen(input.files));
    input.value = "";
  });
  return h("span", {}, input, h("button", { type: "button", class: folder ? "" : "primary", onclick: () => input.click() }, t(word)));
}

function intake(): HTMLElement {
  return h(
    "section",
    { class: "intake", "aria-label": t("chooseFiles") },
    h("p", { class: "lead" }, t("intro")),
    h("p", { class: "note" }, t("formats"), " ", t("local")),
    h("div", { class: "tools" }, picker("chooseFiles", false), picker("chooseFolder", true)),
    h(
      "div",
      { class: "tools tryout", role: "group", "aria-label": t("tryOut") },
      h("span", {}, t("tryOut")),
      TRY_OUT.map((name) => h("button", { type: "button", onclick: () => tryOut(name) }, t(name.split(".")[0] as Word))),
    ),
    h("p", { class: "note" }, t("synthetic")),
  );
}

function keyField(): Child {
  const input = h("input", { class: "secret", name: "key", spellcheck: "false", value: recall("key"), autocomplete: "off" });
  input.addEventListener("input", () => remember("key", input.value.trim()));
  return h("details", { class: "key" }, h("summary", {}, t("key")), h("label", { class: "choice" }, h("span", {}, t("key")), input), h("p", { class: "note" }, t("keyHint")));
}

function colours(value: string): void {
  remember("colours", value);
  if (value) document.documentElement.dataset.colours = value;
  else delete document.documentElement.dataset.colours;
  dispatchEvent(new Event("colours"));
}

// Builds the page in the chosen language. The records and the open record stay.
function build(): void {
  document.documentElement.lang = current();
  document.title = t("title");
  const root = document.getElementById("app");
  const language = h("button", { type: "button", lang: current() === "de" ? "en" : "de", onclick: () => {
    speak(current() === "de" ? "en" : "de");
    build();
    root?.querySelector<HTMLElement>("header button[lang]")?.focus();
  } }, t("language"));
  if (!root) return;
  fill(
    root,
    h("a", { class: "skip", href: "#answer" }, t("skip")),
    h(
      "header",
      {},
      h("h1", {}, t("title")),
      h(
        "div",
        { class: "tools" },
        keyField(),
        choice(t("colours"), [["", t("system")], ["light", t("light")], ["dark", t("dark")]], recall("colours"), colours, { name: "colours" }),
        language,
      ),
    ),
    h("main", {}, intake(), busy, live, records.element, h("div", { id: "answer", tabindex: -1 }, result.element)),
    h("footer", {}, h("p", {}, t("disclaimer")), h("p", {}, h("a", { href: "docs" }, t("documentation")))),
  );
  records.build();
  if (result.current) open(result.current, false);
}

function listen(): void {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    if (event.dataTransfer) void dropped(event.dataTransfer).then(take);
  });
  addEventListener("offline", () => say(t("offline")));
  addEventListener("online", () => say(""));
}

colours(recall("colours"));
listen();
build();
