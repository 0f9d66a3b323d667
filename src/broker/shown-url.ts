/** A broker's URL as it may be shown: neither credentials, which may hold any character, nor a query. */
export function showUrl(url: string): string {
  return url
    .replace(/^([a-z+]+:\/\/)?[\s\S]*[?#][\s\S]*@[\s\S]*/i, '$1…') // which of the two holds the "@" nobody can tell
    .replace(/^([a-z+]+:\/\/)?[\s\S]*@/i, '$1…@')
    .replace(/[?#][\s\S]*/, '')
    .slice(0, 80);
}

/** The name of a parameter as it may be shown: of a password that was not percent-encoded it may be a part. */
export function showParameter({ search }: URL, name: string): string {
  return search.includes('@') ? '…' : name.slice(0, 40);
}
