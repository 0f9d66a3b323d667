export { type Answer, encodeAnswer } from './answer-codec.ts';
export { deriveCurveKeys, encodeZ85 } from './curve.ts';
export { encodeLive, findSubscription, type LiveMessage } from './live-codec.ts';
export { loadZeromq, type Zeromq } from './load-zeromq.ts';
export { type Place, readPlace } from './place.ts';
export { readAll } from './read-all.ts';
export { findRequest, type Request } from './request-codec.ts';
export { LIVE_WINDOW, REQUEST_WINDOW, SOCKET_OPTIONS } from './socket-options.ts';
export { KEY_WINDOW_MS } from './zeromq-broker.ts';
