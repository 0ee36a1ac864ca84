// Numbers for people: few digits, the unit beside them, and the same width from one second to the next.

export function count(n: number): string {
  if (n < 10_000) return String(Math.round(n));
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} k`;
  return `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} M`;
}

export function rate(n: number): string {
  if (n === 0) return '0';
  return n < 10 ? n.toFixed(1) : count(n);
}

/** Milliseconds; 0 stands for nothing measured. */
export function ms(n: number): string {
  if (n <= 0) return '–';
  if (n < 1) return `${(n * 1000).toFixed(0)} µs`;
  if (n < 10) return `${n.toFixed(2)} ms`;
  if (n < 100) return `${n.toFixed(1)} ms`;
  if (n < 1000) return `${n.toFixed(0)} ms`;
  return `${(n / 1000).toFixed(n < 10_000 ? 2 : 1)} s`;
}

export function percent(share: number): string {
  if (share === 0) return '0 %';
  if (share < 0.001) return '<0.1 %';
  return share < 0.1 ? `${(share * 100).toFixed(1)} %` : `${Math.round(share * 100)} %`;
}

export function span(milliseconds: number): string {
  const s = Math.max(0, Math.round(milliseconds / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const h = Math.floor(s / 3600);
  return h < 48 ? `${h} h ${Math.floor(s / 60) % 60} min` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

export function clock(t: number): string {
  return new Date(t).toLocaleTimeString([], {hour12: false});
}

/** The time of day; with the day when it was not within the last twelve hours. */
export function moment(t: number, now: number): string {
  if (now - t < 12 * 3_600_000) return clock(t);
  return new Date(t).toLocaleString([], {hour12: false, dateStyle: 'short', timeStyle: 'medium'});
}
