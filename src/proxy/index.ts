export { createInlet, type Inlet, type InletEvent, type InletOptions } from './inlet.ts';
export { type MessageProxy, openMessageProxy } from './message-proxy.ts';
