// Colours for canvases, from the same custom properties that the style sheet uses, and again when the scheme changes.

const names = ['text', 'muted', 'line', 'surface', 'flow', 'flow2', 'good', 'warn', 'bad', 'quiet'] as const;
export type Colours = Record<(typeof names)[number], string>;

let colours: Colours | null = null;
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  colours = null;
});

export function theme(): Colours {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours;
  }
  return colours;
}

export function isDark(): boolean {
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
