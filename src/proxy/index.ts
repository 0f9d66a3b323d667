export { createInlet, type Inlet, type InletEvent, type InletOptions } from './inlet.ts';
