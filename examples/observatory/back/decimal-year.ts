const ISO_DATE = /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?(Z|[+-]\d\d:\d\d)?)?)?$/;

/**
 * Converts an ISO 8601 date, with or without time of day, to years: `2000-07-02` is 2000.5. A month alone is its first day;
 * a time without a zone is UTC. Answers `undefined` if the text is no such date, or a day that no calendar has.
 */
export function findDecimalYear(text: string): number | undefined {
  const parts = ISO_DATE.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day = '01', hour = '00', minute = '00', second = '00', zone = 'Z'] = parts;
  const date = utc(Number(year), Number(month) - 1, Number(day));
  // Date rolls 31 April over to 1 May, and nobody who wrote that meant May.
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) >= 60) return undefined;
  const timeOfDayMs = (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000;
  const startMs = utc(Number(year), 0, 1).getTime();
  const endMs = utc(Number(year) + 1, 0, 1).getTime();
  return Number(year) + (date.getTime() + timeOfDayMs - offsetMs(zone) - startMs) / (endMs - startMs);
}

function utc(year: number, month: number, day: number): Date {
  const date = new Date(0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month, day);
  return date;
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
