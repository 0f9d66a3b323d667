export type { CanarySocket, GatewayHealth, PartHealth } from './canary.ts';
export type { Connection } from './connection.ts';
export { createGateway, type Gateway, type HostedGateway, type Role } from './gateway.ts';
export { isLoopbackHost } from './loopback.ts';
export type { GatewayEvent, GatewayOptions } from './options.ts';
export type { GatewayHandler } from './routes.ts';
export type { FrameMaker, Socket } from './socket.ts';
