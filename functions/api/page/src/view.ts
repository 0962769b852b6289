// The paper on the screen: a canvas that shows a part of the sheet, larger or smaller, and scrolls through the recording.
import { Calipers, type Point, snapped } from "./calipers";
import { inksOf } from "./colours";
import { type Filtered, filtered } from "./filter";
import { Grid, MAX_LINE_PX } from "./grid";
import { type Kind, type Layout, layOut, PAPER_MM } from "./layout";
import { CanvasPen } from "./pen";
import { drawPaper } from "./sheet";
import type { Loader, Trace } from "./trace";
import type { Explanation } from "./types";

const [, , WIDTH, HEIGHT] = PAPER_MM;
// Narrow screens start with this scale: the whole sheet would be too small to read.
const LEAST_PX_PER_MM = 2.2;
const MAX_PX_PER_MM = 24;
// Below this scale the lines of each millimetre would run together.
const FINE_PX_PER_MM = 2.6;
const STEP = 1.25;
const TELL_MS = 60;

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
  // Of the canvas. Asking the browser for it in each frame would let it lay out the page anew.
  private width = 0;
  private height = 0;
  private left = 0;
  private top = 0;
  private frame = 0;
  private telling = 0;
  private told = -Infinity;
  private cached?: { key: string; trace: Trace; layout: Layout };
  private readonly grid = new Grid();
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

  // The canvas has another size now.
  resized(): void {
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.redraw();
  }

  get fit(): number {
    return this.width / WIDTH;
  }

  fitAll(): void {
    this.scale = Math.max(this.fit, LEAST_PX_PER_MM);
    this.left = this.top = 0;
    this.redraw();
  }

  // factor: how much larger. The point of the canvas in pixels stays where it is.
  zoom(factor: number, x = this.width / 2, y = this.height / 2): void {
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
    const width = this.width / this.scale;
    const height = this.height / this.scale;
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
    const middle = this.at(this.width / 2, this.height / 2);
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
      this.tell();
    });
  }

  // Words change at most every TELL_MS: each change lets the browser lay out and paint parts of the page.
  private tell(): void {
    if (this.telling) return;
    const since = performance.now() - this.told;
    this.telling = setTimeout(() => {
      this.telling = 0;
      this.told = performance.now();
      if (this.width) this.state();
      this.changed();
    }, Math.max(0, TELL_MS - since));
  }

  private draw(): void {
    const { canvas } = this;
    const context = canvas.getContext("2d", { alpha: false });
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.width * ratio);
    const height = Math.round(this.height * ratio);
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
    context.drawImage(this.grid.picture(width, height, { scale, left: this.left, top: this.top, fine: this.scale >= FINE_PX_PER_MM }, inks), 0, 0);
    context.setTransform(scale, 0, 0, scale, -this.left * scale, -this.top * scale);
    const pen = new CanvasPen(context, scale, Math.min(ratio, 1.25), MAX_LINE_PX * ratio);
    const { trace, layout, explanation } = this;
    drawPaper(pen, { trace, layout, speed: this.settings.speed, explanation, marks: this.settings.marks }, inks, Math.min(scale, 20));
    this.calipers.draw(pen, inks, WIDTH, HEIGHT);
  }

  // For tests: where everything stands, in mm.
  private state(): void {
    const { layout } = this;
    this.canvas.dataset.sheet = JSON.stringify({
      start_s: this.startS, gain: layout.gain, speed: this.settings.speed, kind: layout.kind,
      strips: layout.strips.map((one) => [one.lead, one.offsetS * this.settings.speed, layout.baselines[one.row]]),
    });
  }
}
