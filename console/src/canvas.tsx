// What every chart over time shares: a canvas at the screen's resolution, the time axis, marks, and the instant under
// the pointer, which is the same on all of them.

import {useEffect, useRef} from 'preact/hooks';
import {clock} from './format';
import {changed, store, view} from './store';
import {theme} from './theme';

export interface Plot {
  g: CanvasRenderingContext2D;
  /** Of the plotting area. */
  left: number;
  top: number;
  width: number;
  height: number;
  from: number;
  to: number;
  x(t: number): number;
}

const kLeft = 46;
const kRight = 6;
const kTop = 8;
const kBottom = 18;
const kFont = '11px system-ui, sans-serif';

export function TimeCanvas({
  label,
  height,
  draw,
  describe,
}: {
  label: string;
  height: number;
  draw: (plot: Plot) => void;
  /** The newest values in words, for those who do not see the chart. */
  describe: string;
}) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    if (canvas) paint(canvas, height, draw);
  });
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const {from, to} = view();
    const share = (event.clientX - box.left - kLeft) / (box.width - kLeft - kRight);
    store.hover = share < 0 || share > 1 ? null : from + share * (to - from);
    changed();
  };
  const leave = () => {
    store.hover = null;
    changed();
  };
  return (
    <canvas
      ref={ref}
      class="chart"
      style={{height: `${height}px`}}
      role="img"
      aria-label={`${label}: ${describe}`}
      onPointerMove={point}
      onPointerLeave={leave}
    />
  );
}

function paint(canvas: HTMLCanvasElement, height: number, draw: (plot: Plot) => void): void {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const g = canvas.getContext('2d')!;
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = kFont;
  const {from, to} = view();
  const plot: Plot = {
    g,
    from,
    to,
    left: kLeft,
    top: kTop,
    width: width - kLeft - kRight,
    height: height - kTop - kBottom,
    x: (t) => kLeft + ((t - from) / (to - from)) * (width - kLeft - kRight),
  };
  draw(plot);
  axis(plot);
  marks(plot);
  if (store.hover !== null) {
    g.fillStyle = theme().muted;
    g.fillRect(Math.round(plot.x(store.hover)), plot.top, 1, plot.height);
  }
}

function axis({g, left, top, width, height, from, to, x}: Plot): void {
  const colours = theme();
  const step = [15, 30, 60, 120, 300].map((s) => s * 1000).find((s) => (to - from) / s <= width / 62) ?? 300_000;
  g.fillStyle = colours.muted;
  g.textAlign = 'center';
  g.textBaseline = 'top';
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) {
    const at = x(t);
    if (at < left + 16 || at > left + width - 16) continue;
    g.fillText(step % 60_000 === 0 ? clock(t).slice(0, 5) : clock(t), at, top + height + 5);
  }
  g.fillStyle = colours.line;
  g.fillRect(left, top + height, width, 1);
}

/** A line through the chart with a sign of its own for each kind, so that colour alone says nothing. */
function marks({g, left, top, width, height, from, to, x}: Plot): void {
  const colours = theme();
  for (const mark of store.marks) {
    if (mark.at < from || mark.at > to) continue;
    const at = Math.round(x(mark.at));
    const colour = mark.kind === 'fault' ? colours.bad : mark.kind === 'recover' ? colours.good : colours.text;
    g.fillStyle = g.strokeStyle = colour;
    g.lineWidth = 1;
    g.setLineDash(mark.kind === 'drill' ? [2, 3] : []);
    g.beginPath();
    g.moveTo(at + 0.5, top);
    g.lineTo(at + 0.5, top + height);
    g.stroke();
    g.setLineDash([]);
    markSign(g, mark.kind, Math.min(at + 0.5, left + width - 4), top);
  }
}

/** The marks' labels, where there is room for them beside their lines. */
export function markLabels({g, left, top, width, from, to, x}: Plot): void {
  const shown = store.marks.filter((mark) => mark.at >= from && mark.at <= to);
  let free = left;
  shown.forEach((mark, i) => {
    const at = x(mark.at);
    const length = g.measureText(mark.label).width;
    const next = i + 1 < shown.length ? x(shown[i + 1]!.at) - 6 : left + width;
    const right = at + 8 + length <= next;
    const start = right ? at + 8 : at - 8 - length;
    if (start >= free) {
      g.textAlign = 'left';
      g.textBaseline = 'middle';
      g.fillStyle = theme().surface;
      g.globalAlpha = 0.8;
      g.fillRect(start - 3, top + 1, length + 6, 15);
      g.globalAlpha = 1;
      g.fillStyle = theme().text;
      g.fillText(mark.label, start, top + 9);
      free = start + length + 6;
    }
    free = Math.max(free, at + 6);
  });
}

function markSign(g: CanvasRenderingContext2D, kind: string, x: number, y: number): void {
  g.beginPath();
  if (kind === 'fault') {
    g.moveTo(x - 4, y - 4);
    g.lineTo(x + 4, y - 4);
    g.lineTo(x, y + 3);
  } else if (kind === 'recover') {
    g.arc(x, y - 1, 3.5, 0, 7);
  } else {
    g.rect(x - 3, y - 4, 6, 6);
  }
  g.fill();
}

/** Horizontal lines at round values, with their names. */
export function gridLine(plot: Plot, y: number, name: string): void {
  const {g, left, width} = plot;
  g.fillStyle = theme().line;
  g.fillRect(left, Math.round(y), width, 1);
  g.fillStyle = theme().muted;
  g.textAlign = 'right';
  g.textBaseline = 'middle';
  g.fillText(name, left - 6, Math.round(y) + 0.5);
}
