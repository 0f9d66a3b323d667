/** A broker's URL as it may be shown: neither credentials, which may hold any character, nor a query. */
export function showUrl(url: string): string {
  return url
    .replace(/^([a-z+]+:\/\/)?[\s\S]*@/i, '$1…@')
    .replace(/[?#][\s\S]*/, '')
    .slice(0, 80);
}
