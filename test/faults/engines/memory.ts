import type { Engine } from '../engine.ts';

/** The whole pattern in one process. */
export const memory: Engine = {
  name: 'memory',
  says: 'one process is all',
  afterKill: 'nothing',
  afterStop: 'nothing',
  isEmbedded: true,
  hasLiveLine: false,
  hasSnapshots: false,
  readVersion: () => undefined,
  start: async (_, { maxEntries }) => ({
    url: 'memory:',
    brokerOptions: { messages: { maxEntries } },
    openLine: () => Promise.reject(new Error('Cannot open a line: the engine is in the process')),
    end: () => Promise.reject(new Error('Cannot end the engine: it is the web server')),
    start: () => Promise.reject(new Error('Cannot start the engine: it is the web server')),
    copyData: () => Promise.reject(new Error('Cannot copy data: there is none on disk')),
  }),
};
