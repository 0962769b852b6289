// The paper on the screen: a canvas that shows a part of the sheet, larger or smaller, and scrolls through the recording.
import { Calipers, type Point, snapped } from "./calipers";
import { type Filtered, filtered } from "./filter";
import { type Kind, type Layout, layOut, PAPER_MM } from "./layout";
import { CanvasPen } from "./pen";
import { DARK, drawGrid, drawPaper, type Inks, PRINTED } from "./sheet";
import type { Loader, Trace } from "./trace";
import type { Explanation } from "./types";

const [, , WIDTH, HEIGHT] = PAPER_MM;
// Narrow screens start with this scale: the whole sheet would be too small to read.
const LEAST_PX_PER_MM = 2.2;
const MAX_PX_PER_MM = 24;
// Below this scale the lines of each millimetre would run together.
const FINE_PX_PER_MM = 2.6;
const STEP = 1.25;
const MAX_LINE_PX = 2;

export interface Settings {
  kind: Kind;
  speed: number;
  // mm per mV, null for automatic.
  gain: number | null;
  filter: boolean;
  // Where P, QRS and T begin and end.
  marks: boolean;
}

// Draws into the canvas at the next frame. changed: called when what is shown or measured has changed.
export class View {
  readonly calipers = new Calipers();
  settings: Settings = { kind: "auto", speed: 25, gain: null, filter: false, marks: false };
  explanation?: Explanation;
  startS = 0;
  loading = false;
  // From pixels of the canvas to millimetres: x = left + px / scale.
  private scale = 0;
  private left = 0;
  private top = 0;
  private frame = 0;
  private cached?: { key: string; trace: Trace; layout: Layout };
  private grid?: { key: string; canvas: HTMLCanvasElement };
  private clean?: { of: Trace; made: Filtered };

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly loader: Loader,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  get trace(): Trace {
    const { trace } = this.loader;
    if (!this.settings.filter) return trace;
    if (this.clean?.of !== trace) this.clean = { of: trace, made: filtered(trace) };
    return this.clean.made.trace;
  }

  get mainsHz(): number | null {
    return this.settings.filter ? (this.clean?.made.mainsHz ?? null) : null;
  }

  get layout(): Layout {
    const { kind, speed, gain, filter } = this.settings;
    const { trace } = this;
    const key = [kind, speed, gain, filter, this.startS].join(" ");
    if (this.cached?.key !== key || this.cached.trace !== trace) {
      this.cached = { key, trace, layout: layOut(trace, kind, this.startS, speed, gain) };
    }
    return this.cached.layout;
  }

  get lastStartS(): number {
    return Math.max(0, this.trace.durationS - Math.min(this.layout.rowS, this.trace.durationS));
  }

  set(change: Partial<Settings>): void {
    Object.assign(this.settings, change);
    this.scrollTo(this.startS);
  }

  // The paper begins at this time of the recording.
  scrollTo(startS: number): void {
    const bounded = Math.min(Math.max(startS, 0), this.lastStartS);
    this.calipers.shift((bounded - this.startS) * this.settings.speed);
    this.startS = bounded;
    const end = Math.min(bounded + this.layout.shownS, this.trace.durationS);
    const { marks } = this.settings;
    this.loading = !this.loader.has(bounded, end, marks);
    if (this.loading) {
      this.loader.want(bounded, end, marks, (error) => {
        if (!error) return this.scrollTo(this.startS);
        this.loading = false;
        this.failed(error);
        this.redraw();
      });
    }
    this.redraw();
  }

  get fit(): number {
    return this.canvas.clientWidth / WIDTH;
  }

  fitAll(): void {
    this.scale = Math.max(this.fit, LEAST_PX_PER_MM);
    this.left = this.top = 0;
    this.redraw();
  }

  // factor: how much larger. The point of the canvas in pixels stays where it is.
  zoom(factor: number, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2): void {
    const at = this.at(x, y);
    this.scale = Math.min(Math.max(this.scale * factor, this.fit), MAX_PX_PER_MM);
    this.left = at.x - x / this.scale;
    this.top = at.y - y / this.scale;
    this.bound();
    this.redraw();
  }

  zoomIn(): void {
    this.zoom(STEP);
  }

  zoomOut(): void {
    this.zoom(1 / STEP);
  }

  // Moves the sheet by pixels. What goes beyond its edge scrolls through the recording.
  pan(dx: number, dy: number): void {
    const wanted = this.left - dx / this.scale;
    this.left = wanted;
    this.top -= dy / this.scale;
    this.bound();
    const beyond = wanted - this.left;
    if (beyond && this.lastStartS > 0) this.scrollTo(this.startS + beyond / this.settings.speed);
    this.redraw();
  }

  private bound(): void {
    const width = this.canvas.clientWidth / this.scale;
    const height = this.canvas.clientHeight / this.scale;
    this.left = Math.max(0, Math.min(this.left, WIDTH - width));
    this.top = Math.max(0, Math.min(this.top, HEIGHT - height));
  }

  // A point of the canvas in pixels -> on the paper in mm.
  at(x: number, y: number): Point {
    return { x: this.left + x / this.scale, y: this.top + y / this.scale };
  }

  caliperAt(x: number, y: number): Point {
    const point = this.at(x, y);
    return this.calipers.snap ? snapped(point, this.trace, this.layout, this.settings.speed) : point;
  }

  // Moves a point of the calipers by millimetres. Without points, they are put into the middle.
  nudge(which: "from" | "to", dx: number, dy: number): void {
    const { calipers } = this;
    const middle = this.at(this.canvas.clientWidth / 2, this.canvas.clientHeight / 2);
    calipers.from ??= { ...middle };
    calipers.to ??= { x: middle.x + this.settings.speed, y: middle.y };
    const point = calipers[which];
    if (point) {
      point.x = Math.min(Math.max(point.x + dx, 0), WIDTH);
      point.y = Math.min(Math.max(point.y + dy, 0), HEIGHT);
    }
    this.redraw();
  }

  redraw(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
      this.changed();
    });
  }

  // The grid stays where it is while the recording is scrolled, so its picture is kept.
  private gridOf(width: number, height: number, scale: number, inks: Inks): HTMLCanvasElement {
    const key = [width, height, scale, this.left, this.top, inks.paper].join(" ");
    if (this.grid?.key === key) return this.grid.canvas;
    const canvas = this.grid?.canvas ?? document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { alpha: false });
    if (context) {
      context.fillStyle = inks.paper;
      context.fillRect(0, 0, width, height);
      context.setTransform(scale, 0, 0, scale, -this.left * scale, -this.top * scale);
      drawGrid(new CanvasPen(context, scale, 1, MAX_LINE_PX * (window.devicePixelRatio || 1)), inks, this.scale >= FINE_PX_PER_MM);
    }
    this.grid = { key, canvas };
    return canvas;
  }

  private draw(): void {
    const { canvas } = this;
    const context = canvas.getContext("2d", { alpha: false });
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (!context || !width) return;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    if (!this.scale) this.scale = Math.max(this.fit, LEAST_PX_PER_MM);
    this.scale = Math.max(this.scale, this.fit);
    this.bound();
    const inks = inksOf(canvas);
    const scale = this.scale * ratio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.gridOf(width, height, scale, inks), 0, 0);
    context.setTransform(scale, 0, 0, scale, -this.left * scale, -this.top * scale);
    const pen = new CanvasPen(context, scale, Math.min(ratio, 1.25), MAX_LINE_PX * ratio);
    const { trace, layout, explanation } = this;
    drawPaper(pen, { trace, layout, speed: this.settings.speed, explanation, marks: this.settings.marks }, inks, Math.min(scale, 20));
    this.calipers.draw(pen, inks, WIDTH, HEIGHT);
    // For tests: where everything stands, in mm.
    canvas.dataset.sheet = JSON.stringify({
      start_s: this.startS, gain: layout.gain, speed: this.settings.speed, kind: layout.kind,
      strips: layout.strips.map((one) => [one.lead, one.offsetS * this.settings.speed, layout.baselines[one.row]]),
    });
  }
}

// Draws again when the colours of the page change, as long as the element is on the page.
export function onColours(element: Element, redraw: () => void): void {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const changed = (): void => {
    if (element.isConnected) redraw();
    else {
      scheme.removeEventListener("change", changed);
      removeEventListener("colours", changed);
    }
  };
  scheme.addEventListener("change", changed);
  addEventListener("colours", changed);
}

// The colours of the sheet follow those of the page.
export function inksOf(element: Element): Inks {
  return getComputedStyle(element).getPropertyValue("--sheet").trim() === "dark" ? DARK : PRINTED;
}
