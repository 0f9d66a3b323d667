// @vitest-environment happy-dom
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRing } from 'message-flow/testing';
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { expect, onTestFinished, test } from 'vitest';
import { app } from './contract.ts';
import { followNews } from './news.ts';
import { setRules } from './rules.ts';
import { Screen } from './screen.tsx';

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

test('my screen is right after a lost minute', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'boards-'));
  const ring = createRing(app);
  setRules(ring.flow, folder);
  const news: string[] = [];
  const ada = ring.page('ada', (client) => followNews(client, (text) => news.push(text)));
  const element = document.createElement('main');
  const root = createRoot(element);
  onTestFinished(async () => {
    await act(async () => root.unmount());
    await ring.close();
    rmSync(folder, { recursive: true });
  });
  await act(async () => root.render(<Screen client={ada.client} />));
  await act(() => ring.settle());

  await act(() => ada.drop(60_000));
  await ring.flow.store('board/:team').dispatch({ team: 'tea' }, 'add', { id: '1', title: 'Buy tea' });
  await ring.flow.user('ada').send('report/done', { text: 'Your report is ready' });
  expect([element.querySelector('li'), news]).toEqual([null, []]);

  await act(() => ring.advance(60_000));
  expect([element.querySelector('li')?.textContent?.trim(), news]).toEqual(['Buy tea', ['Your report is ready']]);
});
