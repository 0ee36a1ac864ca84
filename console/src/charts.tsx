// Lines over time: what clients ask, what they are answered, and how long it takes.

import {count, ms, rate} from './format';
import {gridLine, TimeCanvas, type Plot} from './canvas';
import {store, view} from './store';
import {theme, type Colours} from './theme';
import type {Tick} from './wire';

interface Line {
  name: string;
  colour: keyof Colours;
  value: (tick: Tick) => number;
  fill?: boolean;
  dash?: number[];
}

interface ChartOptions {
  title: string;
  lines: Line[];
  format: (value: number) => string;
  /** Decades instead of a scale from 0; 0 stands for nothing measured. */
  log?: boolean;
}

export function Chart({title, lines, format, log}: ChartOptions) {
  const {ticks} = view();
  const shown = tickAt(ticks);
  const describe = shown ? lines.map((line) => `${line.name} ${format(line.value(shown))}`).join(', ') : 'no data yet';
  return (
    <figure class="chartbox">
      <figcaption>
        <h3>{title}</h3>
        <ul class="legend">
          {lines.map((line) => (
            <li key={line.name}>
              <i class={`key k-${line.colour}${line.dash ? ' dashed' : ''}`} />
              {line.name}
              <b>{shown ? format(line.value(shown)) : '–'}</b>
            </li>
          ))}
        </ul>
      </figcaption>
      <TimeCanvas
        label={title}
        height={132}
        describe={describe}
        draw={(plot) => {
          const y = log ? logScale(plot, ticks, lines) : linearScale(plot, ticks, lines);
          for (const line of lines) drawLine(plot, ticks, line, y);
        }}
      />
    </figure>
  );
}

/** The second under the pointer, or the newest. */
export function tickAt(ticks: Tick[]): Tick | undefined {
  const hover = store.hover;
  if (hover === null) return ticks[ticks.length - 1];
  return ticks.find((tick) => tick.t >= hover - 500);
}

type Scale = (value: number) => number;

function linearScale(plot: Plot, ticks: Tick[], lines: Line[]): Scale {
  let most = 0;
  for (const tick of ticks) for (const line of lines) most = Math.max(most, line.value(tick));
  const step = niceStep(Math.max(most, 1) / 3);
  const top = Math.ceil((Math.max(most, 1) * 1.05) / step) * step;
  const y: Scale = (value) => plot.top + plot.height * (1 - value / top);
  for (let value = step; value <= top + step / 1000; value += step) gridLine(plot, y(value), count(value));
  return y;
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return Math.max(1, power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1));
}

function logScale(plot: Plot, ticks: Tick[], lines: Line[]): Scale {
  let least = Infinity;
  let most = 0;
  for (const tick of ticks) {
    for (const line of lines) {
      const value = line.value(tick);
      if (value <= 0) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  if (most === 0) [least, most] = [1, 100];
  const low = Math.floor(Math.log10(least));
  const high = Math.max(low + 1, Math.ceil(Math.log10(most)));
  const y: Scale = (value) => plot.top + plot.height * (1 - (Math.log10(value) - low) / (high - low));
  for (let power = low; power <= high; ++power) gridLine(plot, y(10 ** power), roundMs(10 ** power));
  return y;
}

export function roundMs(value: number): string {
  if (value < 0.9) return `${Math.round(value * 1000)} µs`;
  return value < 900 ? `${Math.round(value)} ms` : `${Math.round(value / 1000)} s`;
}

function drawLine({g, x, top, height}: Plot, ticks: Tick[], line: Line, y: Scale): void {
  const colour = theme()[line.colour];
  g.strokeStyle = colour;
  g.lineWidth = 1.5;
  g.lineJoin = 'round';
  g.setLineDash(line.dash ?? []);
  g.beginPath();
  let begun: number | null = null;
  let last = 0;
  ticks.forEach((tick, i) => {
    const value = line.value(tick);
    // A gap in time, or a second without a measurement, is a gap in the line.
    const gap = i > 0 && tick.t - ticks[i - 1]!.t > 2500;
    if (value < 0 || (gap && begun !== null)) begun = null;
    if (value < 0) return;
    const at = x(tick.t);
    if (begun === null) {
      g.moveTo(at, y(value));
      begun = at;
    } else {
      g.lineTo(at, y(value));
    }
    last = at;
  });
  g.stroke();
  g.setLineDash([]);
  if (line.fill && begun !== null) {
    g.lineTo(last, top + height);
    g.lineTo(begun, top + height);
    g.globalAlpha = 0.12;
    g.fillStyle = colour;
    g.fill();
    g.globalAlpha = 1;
  }
}

const measured = (value: number) => (value > 0 ? value : -1);

export function Charts() {
  return (
    <div class="charts">
      <Chart
        title="Requests per second"
        format={rate}
        lines={[{name: 'answered', colour: 'flow', value: (tick) => tick.sum[0], fill: true}]}
      />
      <Chart
        title="Latency, whole requests"
        log
        format={ms}
        lines={[
          {name: 'p50', colour: 'flow', value: (tick) => measured(tick.sum[4])},
          {name: 'p99', colour: 'warn', value: (tick) => measured(tick.sum[5])},
        ]}
      />
      <Chart
        title="Failures per second"
        format={rate}
        lines={[
          {name: 'failing', colour: 'bad', value: (tick) => tick.sum[1], fill: true},
          {name: 'refused', colour: 'warn', value: (tick) => tick.sum[2], dash: [4, 3]},
        ]}
      />
      <Chart
        title="At the clusters"
        format={count}
        lines={[
          {name: 'in flight', colour: 'flow', value: (tick) => total(tick, 2)},
          {name: 'waiting', colour: 'warn', value: (tick) => total(tick, 3), dash: [4, 3]},
        ]}
      />
    </div>
  );
}

function total(tick: Tick, index: 2 | 3): number {
  let sum = 0;
  for (const name in tick.clusters) sum += tick.clusters[name]!.sum[index];
  return sum;
}
