/** An entry of the feed, as text: no markup, only `http:` and `https:` links. */
export interface NewsItem {
  /** The feed's own id of the entry: what tells a new one from one already told. */
  id: string;
  title: string;
  /** Empty if the entry has none, or one that is not safe to follow. */
  link: string;
  /** ISO 8601 in UTC, or empty if the entry does not say. */
  published: string;
  summary: string;
}
