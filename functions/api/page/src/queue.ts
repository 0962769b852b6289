// Sends the records, a few at a time, and tells when one has changed.
import { diagnose, isLarge, Refusal, upload } from "./service";
import type { Answer, Entry, Problem } from "./types";
import { t } from "./words";

// A browser opens six connections to one host. Some are left for the record that is looked at.
const AT_ONCE = 3;

export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  return { title: "", status: 0, code: "page_error", detail: t("broken", 0), hint: "" };
}

export class Queue {
  private readonly waiting: Entry[] = [];
  private running = 0;

  constructor(private readonly changed: (entry: Entry) => void) {}

  add(entries: Entry[]): void {
    for (const entry of entries) {
      entry.status = "waiting";
      entry.progress = 0;
      entry.answer = entry.problem = entry.text = entry.uploaded = undefined;
    }
    this.waiting.push(...entries);
    this.next();
  }

  clear(): void {
    this.waiting.length = 0;
  }

  private next(): void {
    while (this.running < AT_ONCE) {
      const entry = this.waiting.shift();
      if (!entry) return;
      this.running++;
      void this.run(entry).finally(() => {
        this.running--;
        this.next();
      });
    }
  }

  private async run(entry: Entry): Promise<void> {
    entry.status = "running";
    this.changed(entry);
    try {
      const large = await isLarge(entry.files);
      const progress = (share: number): void => {
        entry.progress = share;
        this.changed(entry);
      };
      entry.text = large ? await upload(entry, progress) : await diagnose(entry.files, entry.options);
      entry.answer = JSON.parse(entry.text) as Answer;
      entry.status = "done";
    } catch (error) {
      entry.problem = problemOf(error);
      entry.status = "refused";
    }
    this.changed(entry);
  }
}
