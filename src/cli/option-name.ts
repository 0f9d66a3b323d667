/** An option as a flag: `drainWindow` is `--drain-window`. */
export function formatFlag(name: string): string {
  return `--${withSeparator(name, '-')}`;
}

/** An option in the environment: `drainWindow` is `FLOW_DRAIN_WINDOW`. */
export function formatVariable(name: string): string {
  return `FLOW_${withSeparator(name, '_').toUpperCase()}`;
}

function withSeparator(name: string, separator: string): string {
  return name.replace(/[A-Z]/g, (letter) => separator + letter.toLowerCase());
}
