/** Measures what docs/scaling.md counts with, and writes it there. Runs alone on a machine, or says little. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { measureConnections } from './connections.ts';
import { measureEngines } from './engines.ts';
import { measureFanOut } from './fan-out.ts';
import { formatRows } from './table.ts';

const DOCUMENT = 'docs/scaling.md';
const PLACE = /(<!-- bench -->\n).*?(<!-- end of bench -->)/s;

console.log('== bench: connections, about half a minute');
const connections = formatRows('a connection', await measureConnections());
console.log(`${connections}\n== bench: deliveries, about a minute`);
const fanOut = formatRows('processor a delivery', await measureFanOut());
console.log(`${fanOut}\n== bench: engines, about a minute`);
const engines = await measureEngines();
console.log(engines);

const machine = `Node ${process.versions.node}, ${cpus().length} processors (${cpus()[0]?.model ?? 'unknown'}), 500 followers, 100 bytes a message.`;
const said = readFileSync(DOCUMENT, 'utf8');
writeFileSync(DOCUMENT, said.replace(PLACE, `$1${[connections, fanOut, engines, machine].join('\n\n')}\n$2`));
