// Latency over time: a column per second, a row per half doubling, darker for more requests. Averages hide what this
// shows: two kinds of requests, a stall, a tail. The picture is made at one pixel per cell and stretched.

import {roundMs, tickAt} from './charts';
import {gridLine, markLabels, TimeCanvas, type Plot} from './canvas';
import {ms} from './format';
import {changed, store, view} from './store';
import {isDark, theme} from './theme';
import type {Tick} from './wire';

const letters = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const levelOf = new Map([...letters].map((letter, level) => [letter, level]));

function focused(tick: Tick): {p50: number; p99: number; heat: string} | null {
  const cluster = tick.clusters[store.focus?.cluster ?? ''];
  if (!cluster) return null;
  const endpoint = store.focus?.endpoint;
  if (!endpoint) return {p50: cluster.sum[4], p99: cluster.sum[5], heat: cluster.sum[6]};
  const found = cluster.endpoints[endpoint];
  return found ? {p50: found[3], p99: found[4], heat: found[5]} : null;
}

export function Heatmap() {
  const {ticks} = view();
  const clusters = store.now?.clusters ?? [];
  const shown = tickAt(ticks);
  const values = shown ? focused(shown) : null;
  const choose = (event: Event) => {
    const [cluster, endpoint] = JSON.parse((event.target as HTMLSelectElement).value) as [string, string | null];
    store.focus = {cluster, endpoint};
    changed();
  };
  return (
    <figure class="chartbox wide">
      <figcaption>
        <h3>Latency to the first byte</h3>
        <select
          aria-label="Whose latency"
          onChange={choose}
          value={JSON.stringify([store.focus?.cluster, store.focus?.endpoint ?? null])}
        >
          {clusters.map((cluster) => (
            <optgroup key={cluster.name} label={cluster.name}>
              <option value={JSON.stringify([cluster.name, null])}>{cluster.name}, all endpoints</option>
              {cluster.endpoints.map((endpoint) => (
                <option key={endpoint.name} value={JSON.stringify([cluster.name, endpoint.name])}>
                  {endpoint.name}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
        <ul class="legend">
          <li>
            <i class="key k-text" />
            p50 <b>{ms(values?.p50 ?? 0)}</b>
          </li>
          <li>
            <i class="key k-text dashed" />
            p99 <b>{ms(values?.p99 ?? 0)}</b>
          </li>
        </ul>
      </figcaption>
      <TimeCanvas
        label="Latency to the first byte"
        height={224}
        draw={(plot) => paint(plot, ticks)}
        describe={values ? `p50 ${ms(values.p50)}, p99 ${ms(values.p99)}` : 'no data yet'}
      />
    </figure>
  );
}

/** First and last row that anything in view falls into, with some room. */
function extent(columns: ReturnType<typeof focused>[], rows: number): [number, number] {
  let low = rows;
  let high = 0;
  for (const column of columns) {
    if (!column || !column.heat) continue;
    low = Math.min(low, column.heat.search(/[^0]/));
    high = Math.max(high, column.heat.length - 1);
  }
  if (low > high) return [6, 22];
  return [Math.max(0, low - 1), Math.min(rows - 1, Math.max(high + 1, low + 10))];
}

const sheet = document.createElement('canvas');

function paint(plot: Plot, ticks: Tick[]): void {
  const {heat} = store.hello ?? {heat: {lowest_us: 64, rows: 40}};
  const columns = ticks.map(focused);
  const [low, high] = extent(columns, heat.rows);
  const rows = high - low + 1;
  const seconds = store.window;
  sheet.width = seconds + 1;
  sheet.height = rows;
  const pen = sheet.getContext('2d')!;
  const image = pen.createImageData(sheet.width, rows);
  columns.forEach((column, i) => {
    if (!column) return;
    const at = Math.round((ticks[i]!.t - plot.from) / 1000);
    for (let row = low; row < Math.min(column.heat.length, high + 1); ++row) {
      const level = levelOf.get(column.heat[row]!) ?? 0;
      if (level > 0) image.data.set(colourOf(level), 4 * ((rows - 1 - (row - low)) * sheet.width + at));
    }
  });
  pen.putImageData(image, 0, 0);
  // Row r covers lowest * 2^(r/2) to lowest * 2^((r+1)/2).
  const y = (value: number) =>
    plot.top + plot.height * (1 - (2 * Math.log2((value * 1000) / heat.lowest_us) - low) / rows);
  for (const value of [0.1, 1, 10, 100, 1000, 10_000]) {
    const at = y(value);
    if (at > plot.top + 4 && at < plot.top + plot.height) gridLine(plot, at, roundMs(value));
  }
  plot.g.imageSmoothingEnabled = false;
  const column = plot.width / seconds;
  plot.g.save();
  plot.g.beginPath();
  plot.g.rect(plot.left, plot.top, plot.width, plot.height);
  plot.g.clip();
  plot.g.drawImage(sheet, plot.left - column / 2, plot.top, column * sheet.width, plot.height);
  quantile(plot, ticks, columns, 'p50', y);
  quantile(plot, ticks, columns, 'p99', y);
  plot.g.restore();
  markLabels(plot);
}

function quantile(
  {g, x}: Plot,
  ticks: Tick[],
  columns: ReturnType<typeof focused>[],
  which: 'p50' | 'p99',
  y: (value: number) => number,
): void {
  g.strokeStyle = theme().text;
  g.lineWidth = 1;
  g.setLineDash(which === 'p99' ? [3, 2] : []);
  g.beginPath();
  let down = false;
  columns.forEach((column, i) => {
    const value = column?.[which] ?? 0;
    if (value <= 0) {
      down = false;
      return;
    }
    if (down) g.lineTo(x(ticks[i]!.t), y(value));
    else g.moveTo(x(ticks[i]!.t), y(value));
    down = true;
  });
  g.stroke();
  g.setLineDash([]);
}

/** One hue; the level is the logarithm of the count, so that a single slow request still shows beside thousands. */
function colourOf(level: number): [number, number, number, number] {
  const share = Math.min(1, level / 30);
  const [r0, g0, b0, r1, g1, b1] = isDark() ? [24, 62, 94, 126, 214, 255] : [190, 220, 242, 4, 66, 122];
  const mix = (a: number, b: number) => Math.round(a + (b - a) * share);
  return [mix(r0!, r1!), mix(g0!, g1!), mix(b0!, b1!), 255];
}
