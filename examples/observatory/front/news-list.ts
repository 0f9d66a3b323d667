import type { NewsItem } from '../shared/news-item.ts';

/** Adds an item, newest first; one that is there already, by HTTP or said again, stays as it is. */
export function mergeNews(items: readonly NewsItem[], item: NewsItem): readonly NewsItem[] {
  if (items.some(({ id }) => id === item.id)) return items;
  return [item, ...items].sort((a, b) => (a.published < b.published ? 1 : a.published > b.published ? -1 : 0));
}
