// Requests to the service. Addresses are relative, so they work behind a prefix.
import { recall } from "./session";
import type { Entry, Named, Options, Problem, SignalAnswer } from "./types";
import { t } from "./words";
import { zipped } from "./zip";

const JSON_FORM = "application/json";
// A busy service is asked again so often, after the seconds that it names.
const TRIES = 4;
const RETRY_S = 1;
// The body of a form is a little larger than its files.
const ENVELOPE_BYTES = 4_000;
const RESULT_WAIT_S = 180;
const OPTION_NAMES = ["fs_hz", "units", "leads", "gain"] as const;

export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

function own(code: string, detail: string, hint = "", status = 0): Refusal {
  return new Refusal({ title: code, status, detail, code, hint });
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const key = recall("key");
  if (key) headers.set("x-api-key", key);
  if (!headers.has("accept")) headers.set("accept", JSON_FORM);
  for (let attempt = 1; ; attempt++) {
    let answer: Response;
    try {
      answer = await fetch(path, { ...init, headers, cache: "no-store", credentials: "same-origin" });
    } catch {
      throw navigator.onLine ? own("unreachable", t("unreachable"), t("unreachableHint")) : own("offline", t("offline"));
    }
    if (answer.ok) return answer;
    const problem = await problemOf(answer);
    const busy = ["service_busy", "too_many_requests"].includes(problem.code);
    if (!busy || attempt === TRIES) throw new Refusal(problem);
    await wait(Number(answer.headers.get("retry-after")) || RETRY_S * attempt);
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const said = (await answer.json()) as Problem;
    if (typeof said.code === "string" && typeof said.detail === "string") return said;
  } catch {
    // No JSON: some host in between has answered.
  }
  return own(`status_${answer.status}`, t("broken", answer.status), "", answer.status).problem;
}

function query(given: Record<string, string | number | boolean | undefined>): string {
  const pairs = Object.entries(given).filter(([, value]) => value !== undefined && value !== "" && value !== false);
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text ? `?${text}` : "";
}

function read(options: Options): Record<string, string | undefined> {
  return Object.fromEntries(OPTION_NAMES.map((name) => [name, options[name]?.trim()]));
}

function form(files: Named[]): FormData {
  const made = new FormData();
  for (const { path, blob } of files) made.append("file", blob, path.split("/").pop());
  return made;
}

export function sizeOf(files: Named[]): number {
  return files.reduce((sum, file) => sum + file.blob.size, 0);
}

let limit: Promise<number> | undefined;

// The largest body of a request in bytes.
export function limitOf(): Promise<number> {
  limit ??= call("model")
    .then((answer) => answer.json() as Promise<{ limits: { max_body_bytes: number } }>)
    .then((card) => card.limits.max_body_bytes)
    .catch((error: unknown) => {
      limit = undefined;
      throw error;
    });
  return limit;
}

// Below this size, no service needs the upload road.
const SURELY_SMALL = 4_000_000;

export async function isLarge(files: Named[]): Promise<boolean> {
  const size = sizeOf(files) + ENVELOPE_BYTES * files.length;
  return size > SURELY_SMALL && size > (await limitOf());
}

export interface Wish {
  explain?: boolean;
  accept?: string;
  speed?: string;
  gain_mm?: string;
  layout?: string;
  start_s?: string;
}

// The answer of POST /diagnosis as text.
export async function diagnose(files: Named[], options: Options, wish: Wish = {}): Promise<string> {
  const { accept = JSON_FORM, ...others } = wish;
  const answer = await call(`diagnosis${query({ ...read(options), ...others })}`, {
    method: "POST",
    body: form(files),
    headers: { accept },
  });
  return answer.text();
}

// The samples of a record from startS on, with marks if they are wanted. Those of an upload come from the storage.
export async function signal({ files, options, uploaded }: Entry, startS: number, marks: boolean): Promise<SignalAnswer> {
  const stretch = { start_s: startS || undefined, marks };
  const answer = uploaded
    ? await call(`${uploaded}/signal${query(stretch)}`)
    : await call(`signal${query({ ...read(options), ...stretch })}`, { method: "POST", body: form(files) });
  return (await answer.json()) as SignalAnswer;
}

// The upload road: an address, the file, then the result. progress: from 0 to 1. Returns the answer as text.
export async function upload(entry: Entry, progress: (share: number) => void): Promise<string> {
  const { files, options } = entry;
  const body = files.length === 1 ? files[0].blob : await zipped(files);
  const asked = await call(`uploads${query({ size: body.size, ...read(options) })}`, { method: "POST" });
  const { upload: address, result } = (await asked.json()) as {
    upload: { url: string; headers: Record<string, string> };
    result: string;
  };
  await put(address.url, address.headers, body, progress);
  entry.uploaded = result;
  const until = Date.now() + RESULT_WAIT_S * 1000;
  while (Date.now() < until) {
    const answer = await call(result);
    if (answer.status !== 202) {
      if (answer.headers.get("content-type")?.startsWith("application/problem")) throw new Refusal(await problemOf(answer));
      return answer.text();
    }
    await wait(Number(answer.headers.get("retry-after")) || RETRY_S);
  }
  throw own("late", t("late"));
}

// fetch tells no progress of what it sends.
function put(url: string, headers: Record<string, string>, body: Blob, progress: (share: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) {
      // The browser sets the length itself.
      if (name.toLowerCase() !== "content-length") request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => progress(event.loaded / Math.max(event.total, 1));
    request.onload = () =>
      request.status < 300 ? resolve() : reject(own("upload_failed", t("uploadFailed", request.status)));
    request.onerror = () => reject(own("unreachable", t("unreachable"), t("unreachableHint")));
    request.send(body);
  });
}
