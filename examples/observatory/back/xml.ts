import { type X2jOptions, XMLParser, XMLValidator } from 'fast-xml-parser';
import { FeedError } from './feed-error.ts';
import { decodeEntities, toLine } from './plain-text.ts';

/** An element: its children and attributes (`@name`) by name. */
export type Node = Record<string, unknown>;

const PARSER_OPTIONS: X2jOptions = {
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  // Entities are decoded by decodeEntities, which knows none that a document defines ("billion laughs").
  processEntities: false,
  // Markup inside an entry is text to us, not structure.
  stopNodes: [
    'feed.entry.title',
    'feed.entry.summary',
    'feed.entry.content',
    'rss.channel.item.title',
    'rss.channel.item.description',
  ],
  isArray: (name) => name === 'entry' || name === 'item' || name === 'link',
};

/** Reads a document into objects. @throws {FeedError} `not-xml` or `has-doctype` */
export function parseXml(xml: string): Node {
  // No feed format of today has one, and all that XML can do to its reader begins with one.
  if (/<!DOCTYPE/i.test(xml)) throw new FeedError('has-doctype', 'it has a DOCTYPE');
  const verdict = XMLValidator.validate(xml);
  if (verdict !== true) {
    throw new FeedError('not-xml', `line ${verdict.err.line} is not XML: ${toLine(verdict.err.msg, 200)}`);
  }
  try {
    return nodeOf(new XMLParser(PARSER_OPTIONS).parse(xml));
  } catch (cause) {
    throw new FeedError('not-xml', 'it is not XML', { cause });
  }
}

/** Reads what stands raw between two tags: CDATA is meant as it is, the rest is escaped once. */
export function unescapeXml(raw: string): string {
  const parts = raw.split(/<!\[CDATA\[([\s\S]*?)\]\]>/);
  return parts.map((part, i) => (i % 2 === 1 ? part : decodeEntities(part))).join('');
}

export function nodeOf(value: unknown): Node {
  return typeof value === 'object' && value !== null ? (value as Node) : {};
}

/** An element with attributes is an object, one without is its text. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const text = nodeOf(value)['#text'];
  return typeof text === 'string' ? text : '';
}

/** All elements of a name that `isArray` above lists. */
export function listOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.map((item) => (typeof item === 'string' ? { '#text': item } : nodeOf(item))) : [];
}
