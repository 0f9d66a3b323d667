const MAX_TEXT_LENGTH = 300;

/**
 * Makes a text fit to be shown: no credentials of URLs and no query strings, one line, nothing that a terminal would obey,
 * at most `maxLength` characters.
 */
export function formatSafe(text: string, maxLength: number = MAX_TEXT_LENGTH): string {
  const bare = withoutUrlSecrets(text.slice(0, 4 * maxLength));
  const shown = bare.length > maxLength ? `${bare.slice(0, maxLength)}…` : bare;
  return escapeControls(shown);
}

/** Writes what a terminal or a line-wise reader would obey as escapes: C0, DEL, C1, separators, marks of direction. */
export function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** What went wrong, in words: the message of an error, or of the one below it that says more. */
export function formatReason(error: unknown): string {
  if (!(error instanceof Error)) return formatSafe(String(error));
  // fetch says only "fetch failed", and puts what happened below; a host with several addresses has a cause for each.
  const [first] = error instanceof AggregateError ? error.errors : [];
  const below = error.cause ?? first;
  if (below instanceof Error && (error.message === '' || error.message === 'fetch failed')) return formatReason(below);
  return formatSafe(error.message || error.name);
}

/** Finds the code of a system error, in it or below it: `ECONNREFUSED`. */
export function findErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : findErrorCode(error.cause);
}

/**
 * A password may hold any character, so all from the scheme to the last "@" before a space goes; and what follows that too, if it
 * may lie in a query.
 */
function withoutUrlSecrets(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)(\S*)/gi, (_, scheme: string, rest: string) => {
    const [at, query] = [rest.lastIndexOf('@'), rest.search(/[?#]/)];
    if (query >= 0 && query < at) return `${scheme}…`;
    const place = query < 0 ? rest : rest.slice(0, query);
    return at < 0 ? `${scheme}${place}` : `${scheme}…${place.slice(at)}`;
  });
}
