import { memo, type ReactNode } from 'react';
import type { NewsItem } from '../shared/news-item.ts';

/** Shows what the server found in its feed and told everyone, newest first. */
export const NewsPanel = memo(function NewsPanel({ items }: { items: readonly NewsItem[] }): ReactNode {
  return (
    <section className="card" aria-labelledby="news">
      <h2 id="news">News</h2>
      <p className="note">The server reads a feed on a schedule and tells everyone each new item, once.</p>
      {items.length === 0 && <p className="empty">Nothing yet.</p>}
      <ul className="news" aria-live="polite">
        {items.map(({ id, title, link, published, summary }) => (
          <li key={id}>
            <h3>
              {link ? (
                <a href={link} target="_blank" rel="noopener noreferrer">
                  {title}
                </a>
              ) : (
                title
              )}
            </h3>
            {published && <time dateTime={published}>{new Date(published).toLocaleDateString()}</time>}
            {summary && <p>{summary}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
});
