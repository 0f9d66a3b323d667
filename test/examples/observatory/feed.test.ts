import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FEED_BYTES, MAX_ITEMS, parseFeed } from '../../../examples/observatory/back/feed.ts';
import { FeedError } from '../../../examples/observatory/back/feed-error.ts';
import { toLine, toPlainText } from '../../../examples/observatory/back/plain-text.ts';
import type { NewsItem } from '../../../examples/observatory/shared/news-item.ts';

const SAMPLE = new URL('../../../examples/observatory/feed/sample.atom', import.meta.url);

const atom = (entries: string) => `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">${entries}</feed>`;
const rss = (items: string) => `<rss version="2.0"><channel><title>News</title>${items}</channel></rss>`;

function readOne(xml: string): NewsItem {
  const [item, ...others] = parseFeed(xml);
  expect(others).toEqual([]);
  if (!item) throw new Error('Cannot read item: feed has none');
  return item;
}

function refusalOf(xml: string): FeedError {
  try {
    parseFeed(xml);
  } catch (error) {
    if (error instanceof FeedError) return error;
    throw error;
  }
  throw new Error('Cannot refuse feed: it was read');
}

describe('Atom', () => {
  test('the sample that ships is six notices that say they are samples', async () => {
    const items = parseFeed(await readFile(SAMPLE, 'utf8'));
    expect(items).toHaveLength(6);
    expect(items.every(({ title, link }) => title.startsWith('Sample: ') && link.startsWith('https://'))).toBe(true);
    expect(new Set(items.map(({ id }) => id)).size).toBe(6);
  });

  test('an entry becomes an item', () => {
    const entry = `<entry><id>urn:1</id><title>A &amp; B</title><link rel="self" href="http://a/self"/>
      <link rel="alternate" href="https://a/?x=1&amp;y=2"/><published>2025-11-20T08:00:00+02:00</published>
      <updated>2025-12-01T00:00:00Z</updated><summary>Short</summary><content>Long</content></entry>`;
    expect(readOne(atom(entry))).toEqual({
      id: 'urn:1',
      title: 'A & B',
      link: 'https://a/?x=1&y=2',
      published: '2025-11-20T06:00:00.000Z',
      summary: 'Short',
    });
  });

  test('what is missing is empty; the date of the update and the content stand in', () => {
    const entry =
      '<entry><id>1</id><title>T</title><updated>2025-12-01T00:00:00Z</updated><content>C</content></entry>';
    expect(readOne(atom(entry))).toEqual({
      id: '1',
      title: 'T',
      link: '',
      published: '2025-12-01T00:00:00.000Z',
      summary: 'C',
    });
  });

  test.each([
    ['text', 'a &lt;b&gt; &amp;amp; c', 'a <b> &amp; c'],
    ['html', '&lt;p&gt;a &lt;em&gt;b&lt;/em&gt; &amp;amp; c&lt;/p&gt;', 'a b & c'],
    ['html', '<![CDATA[<p>a</p><script>alert(1)</script> &lt;b&gt;]]>', 'a <b>'],
    ['xhtml', '<div xmlns="http://www.w3.org/1999/xhtml">a <b>b</b> &amp; <i>c</i></div>', 'a b & c'],
  ])('a summary of type %s is read as text: %j', (type, content, text) => {
    const entry = `<entry><id>1</id><title>T</title><summary type="${type}">${content}</summary></entry>`;
    expect(readOne(atom(entry)).summary).toBe(text);
  });
});

describe('RSS 2.0', () => {
  test('an item becomes an item', () => {
    const item = `<item><guid isPermaLink="false">g1</guid><title><![CDATA[A & B]]></title><link>https://a/?x=1&amp;y=2</link>
      <pubDate>Thu, 20 Nov 2025 06:00:00 GMT</pubDate><description>&lt;p&gt;Text &amp;amp; more&lt;/p&gt;</description></item>`;
    expect(readOne(rss(item))).toEqual({
      id: 'g1',
      title: 'A & B',
      link: 'https://a/?x=1&y=2',
      published: '2025-11-20T06:00:00.000Z',
      summary: 'Text & more',
    });
  });

  test('without a guid the link is the id, and without a link the title', () => {
    expect(readOne(rss('<item><title>T</title><link>https://a/</link></item>')).id).toBe('https://a/');
    expect(readOne(rss('<item><title>T</title></item>')).id).toBe('T');
  });

  test('a channel without items is no error', () => {
    expect(parseFeed(rss(''))).toEqual([]);
  });
});

describe('what a feed cannot do', () => {
  test.each([
    'javascript:alert(1)',
    'JavaScript&#58;alert(1)',
    'data:text/html,x',
    '//a/',
    '/a',
    'file:///etc/passwd',
    `https://a/${'x'.repeat(2000)}`,
  ])('link to %s', (link) => {
    expect(readOne(rss(`<item><guid>1</guid><title>T</title><link>${link}</link></item>`)).link).toBe('');
  });

  test('define entities', () => {
    const bomb = '<!DOCTYPE feed [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>';
    expect(refusalOf(bomb + atom('<entry><id>1</id><title>&b;</title></entry>'))).toMatchObject({
      code: 'has-doctype',
      message: 'Cannot read feed: it has a DOCTYPE',
    });
    expect(readOne(atom('<entry><id>1</id><title>&b; &#x41;&#0;</title></entry>')).title).toBe('&b; A');
  });

  test('be long', () => {
    const entry = (i: number) =>
      `<entry><id>${i}</id><title>${'x'.repeat(999)}</title><summary>${'y'.repeat(9999)}</summary></entry>`;
    const items = parseFeed(atom(Array.from({ length: 50 }, (_, i) => entry(i)).join('')));
    expect(items[0]?.title).toHaveLength(200);
    expect(items[0]?.summary).toHaveLength(500);
    const many = Array.from({ length: MAX_ITEMS + 5 }, (_, i) => `<entry><id>${i}</id><title>T</title></entry>`);
    expect(parseFeed(atom(many.join('')))).toHaveLength(MAX_ITEMS);
    expect(refusalOf(' '.repeat(MAX_FEED_BYTES + 1)).code).toBe('too-large');
  });

  test('take prototypes', () => {
    const entry = '<entry><id>1</id><title>T</title><__proto__><polluted>1</polluted></__proto__></entry>';
    try {
      parseFeed(atom(entry));
    } catch (error) {
      expect(error).toBeInstanceOf(FeedError);
    }
    expect('polluted' in {}).toBe(false);
  });

  test('be something else', () => {
    expect(refusalOf('<html><body/></html>').message).toBe('Cannot read feed: it is neither Atom nor RSS 2.0');
    expect(refusalOf('<feed><entry></feed>').message).toMatch(/^Cannot read feed: line 1 is not XML: /);
    expect(refusalOf('').code).toBe('not-xml');
  });

  test('throw anything but a refusal', () => {
    const piece = fc.constantFrom(
      '<feed>',
      '</feed>',
      '<entry>',
      '</entry>',
      '<id>',
      '</id>',
      '<title>',
      '</title>',
      'x',
      '&amp;',
      '<![CDATA[',
      ']]>',
      '<!--',
      '<link href="',
      '"/>',
      '<rss><channel><item>',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 30 }), (pieces) => {
        try {
          parseFeed(pieces.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(FeedError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('plain text', () => {
  test('keeps what only looks like markup', () => {
    expect(toPlainText('1 < 2 <b>and</b> 3 > 2', 100)).toBe('1 < 2 and 3 > 2');
  });

  test('takes little of what never ends', () => {
    expect(toPlainText('<'.repeat(1_000_000), 10)).toBe('<<<<<<<<<…');
    expect(toPlainText('<a '.repeat(1_000_000), 10)).toMatch(/^[<a …]+$/);
  });

  test('is one line, and says where it was cut', () => {
    expect(toLine(' a\n\tb\u0000c  d ', 100)).toBe('a b c d');
    expect(toLine('abcdef', 4)).toBe('abc…');
  });
});
