export { loadZeromq, type Zeromq } from './load-zeromq.ts';
