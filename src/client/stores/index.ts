export {
  type ClientStore,
  createSnapshotView,
  type Dispatched,
  type RolledBack,
  type RolledBackCode,
  type StoreFault,
  type StoreSync,
  type StoreView,
} from './client-store.ts';
export { stores } from './stores.ts';
