// Nobody reads more of a news item, and the replacements below stay cheap.
const MAX_MARKUP_CHARS = 20_000;

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** Resolves the entities that XML predefines, numeric ones, and `&nbsp;`, once: no other exist, so nothing can expand. */
export function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,4});/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name.toLowerCase()] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}

/** Makes one line of readable text, at most `maxChars` long, of what may be HTML. Safe to show only where text is escaped. */
export function toPlainText(markup: string, maxChars: number): string {
  const text = markup
    .slice(0, MAX_MARKUP_CHARS)
    .replace(/<!--[^<>]*-->/g, ' ')
    .replace(/<(script|style)\b[^<>]*>[^<]*<\/\1>/gi, ' ')
    // [^<>], not [^>]: a file of "<<<<" would otherwise take quadratic time.
    .replace(/<[a-z/!?][^<>]*>/gi, ' ');
  return toLine(decodeEntities(text), maxChars);
}

/** Folds white space and control characters into single spaces, and shortens. */
export function toLine(text: string, maxChars: number): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > maxChars ? `${line.slice(0, maxChars - 1).trimEnd()}…` : line;
}
