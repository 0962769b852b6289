// Draws in millimetres: on a canvas for the screen and PNG, or into SVG elements for printing.
import { svg } from "./dom";

export type Anchor = "start" | "middle" | "end";

export interface Pen {
  // Lines through points [x, y, x, y, ...] up to count numbers. NaN ends a line.
  line(points: ArrayLike<number>, count: number, widthMm: number, ink: string): void;
  box(x: number, y: number, width: number, height: number, fill: string, opacity?: number): void;
  text(x: number, y: number, text: string, sizeMm: number, ink: string, bold?: boolean, anchor?: Anchor): void;
}

export const FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif";

// Lines of this width and more get at least minPx on the screen; finer lines, as of the grid, less.
const THINNEST_MM = 0.25;

export class CanvasPen implements Pen {
  // minPx, maxPx: bounds of a line's width on the screen, however far one zooms in.
  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly pxPerMm: number,
    private readonly minPx = 1,
    private readonly maxPx = Infinity,
  ) {
    context.lineJoin = "round";
    context.lineCap = "round";
  }

  line(points: ArrayLike<number>, count: number, widthMm: number, ink: string): void {
    const { context } = this;
    context.beginPath();
    let down = false;
    for (let at = 0; at < count; at += 2) {
      const x = points[at];
      if (x !== x) down = false;
      else if (down) context.lineTo(x, points[at + 1]);
      else {
        context.moveTo(x, points[at + 1]);
        down = true;
      }
    }
    const share = Math.min(widthMm / THINNEST_MM, 1) / this.pxPerMm;
    context.lineWidth = Math.min(Math.max(widthMm, this.minPx * share), this.maxPx * share);
    context.strokeStyle = ink;
    context.stroke();
  }

  box(x: number, y: number, width: number, height: number, fill: string, opacity = 1): void {
    this.context.globalAlpha = opacity;
    this.context.fillStyle = fill;
    this.context.fillRect(x, y, width, height);
    this.context.globalAlpha = 1;
  }

  text(x: number, y: number, text: string, sizeMm: number, ink: string, bold = false, anchor: Anchor = "start"): void {
    this.context.font = `${bold ? "bold " : ""}${sizeMm}px ${FONT}`;
    this.context.textAlign = anchor === "middle" ? "center" : anchor;
    this.context.fillStyle = ink;
    this.context.fillText(text, x, y);
  }
}

function mm(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export class SvgPen implements Pen {
  readonly root: SVGElement;

  constructor(width: number, height: number) {
    this.root = svg("svg", { width: `${width}mm`, height: `${height}mm`, viewBox: `0 0 ${width} ${height}`, "font-family": FONT });
  }

  line(points: ArrayLike<number>, count: number, widthMm: number, ink: string): void {
    const parts: string[] = [];
    let down = false;
    for (let at = 0; at < count; at += 2) {
      const x = points[at];
      if (x !== x) down = false;
      else {
        parts.push(`${down ? "L" : "M"}${mm(x)} ${mm(points[at + 1])}`);
        down = true;
      }
    }
    if (!parts.length) return;
    this.root.append(
      svg("path", { d: parts.join(""), fill: "none", stroke: ink, "stroke-width": widthMm, "stroke-linejoin": "round", "stroke-linecap": "round" }),
    );
  }

  box(x: number, y: number, width: number, height: number, fill: string, opacity = 1): void {
    this.root.append(svg("rect", { x: mm(x), y: mm(y), width: mm(width), height: mm(height), fill, "fill-opacity": opacity }));
  }

  text(x: number, y: number, text: string, sizeMm: number, ink: string, bold = false, anchor: Anchor = "start"): void {
    this.root.append(
      svg("text", { x: mm(x), y: mm(y), "font-size": sizeMm, fill: ink, "font-weight": bold ? "bold" : "normal", "text-anchor": anchor }, text),
    );
  }
}

// Moves everything that is drawn.
export function moved(pen: Pen, dx: number, dy: number): Pen {
  return {
    line(points, count, widthMm, ink) {
      const shifted = new Float64Array(count);
      for (let at = 0; at < count; at += 2) {
        shifted[at] = points[at] + dx;
        shifted[at + 1] = points[at + 1] + dy;
      }
      pen.line(shifted, count, widthMm, ink);
    },
    box: (x, y, width, height, fill, opacity) => pen.box(x + dx, y + dy, width, height, fill, opacity),
    text: (x, y, text, size, ink, bold, anchor) => pen.text(x + dx, y + dy, text, size, ink, bold, anchor),
  };
}
