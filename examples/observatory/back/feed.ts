import type { NewsItem } from '../shared/news-item.ts';
import { FeedError } from './feed-error.ts';
import { decodeEntities, toLine, toPlainText } from './plain-text.ts';
import { listOf, type Node, nodeOf, parseXml, textOf, unescapeXml } from './xml.ts';

export const MAX_FEED_BYTES = 1024 * 1024;
export const MAX_ITEMS = 100;

const MAX_ID_CHARS = 500;
const MAX_TITLE_CHARS = 200;
const MAX_LINK_CHARS = 1_000;
const MAX_SUMMARY_CHARS = 500;

/**
 * Reads an Atom (RFC 4287) or RSS 2.0 feed: the first 100 entries that have an id and a title, as bounded text.
 * @throws {FeedError} and nothing else, whatever the text.
 */
export function parseFeed(xml: string): NewsItem[] {
  if (Buffer.byteLength(xml) > MAX_FEED_BYTES) {
    throw new FeedError('too-large', `it has more than ${MAX_FEED_BYTES} bytes`);
  }
  const document = parseXml(xml);
  const channel = nodeOf(nodeOf(document.rss).channel);
  const feed = nodeOf(document.feed);
  if (!('feed' in document || 'rss' in document)) {
    throw new FeedError('not-a-feed', 'it is neither Atom nor RSS 2.0');
  }
  const items = 'feed' in document ? listOf(feed.entry).map(readAtom) : listOf(channel.item).map(readRss);
  return items.filter((item) => item.id !== '' && item.title !== '').slice(0, MAX_ITEMS);
}

function readAtom(entry: Node): NewsItem {
  const links = listOf(entry.link);
  // RFC 4287, 4.2.7.2: a link without rel is the entry itself, "alternate".
  const link = links.find((candidate) => (candidate['@rel'] ?? 'alternate') === 'alternate');
  return {
    id: toLine(textOf(entry.id), MAX_ID_CHARS),
    title: readText(entry.title, MAX_TITLE_CHARS),
    link: safeLink(textOf(link?.['@href'])),
    published: isoDate(textOf(entry.published) || textOf(entry.updated)),
    summary: readText(entry.summary ?? entry.content, MAX_SUMMARY_CHARS),
  };
}

/** RFC 4287, 3.1: a text construct is plain text, escaped HTML, or XHTML as it is; plain is the default. */
function readText(construct: unknown, maxChars: number): string {
  const type = nodeOf(construct)['@type'];
  if (type === 'xhtml') return toPlainText(textOf(construct), maxChars);
  const text = unescapeXml(textOf(construct));
  return type === 'html' ? toPlainText(text, maxChars) : toLine(text, maxChars);
}

function readRss(item: Node): NewsItem {
  const link = decodeEntities(textOf(listOf(item.link)[0]));
  const title = toPlainText(unescapeXml(textOf(item.title)), MAX_TITLE_CHARS);
  return {
    id: toLine(decodeEntities(textOf(item.guid)) || link || title, MAX_ID_CHARS),
    title,
    link: safeLink(link),
    published: isoDate(textOf(item.pubDate)),
    summary: toPlainText(unescapeXml(textOf(item.description)), MAX_SUMMARY_CHARS),
  };
}

function safeLink(text: string): string {
  const link = decodeEntities(text).trim();
  if (link.length > MAX_LINK_CHARS || !URL.canParse(link)) return '';
  const { protocol, href } = new URL(link);
  return protocol === 'http:' || protocol === 'https:' ? href : '';
}

function isoDate(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
