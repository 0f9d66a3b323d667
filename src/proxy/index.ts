export { type MessageProxy, openMessageProxy } from './message-proxy.ts';
