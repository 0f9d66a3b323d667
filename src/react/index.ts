export type { ChannelHandlers, ChannelStatus } from './channel.ts';
export { createHooks, type FlowProviderProps, type Hooks } from './create-hooks.ts';
export type { FlowSnapshot, UsedStore } from './store.ts';
